/* C interface of ai-audit: receipts sealed and verified in the caller's memory.
 *
 * Made by cbindgen from crates/ffi/src; change it there. Guide: docs/guides/c-interface.md.
 *
 * Every pointer that is not null points to as much memory as the function says, which nobody else uses
 * during the call. What is read of it is initialised; what is written overlaps nothing that is read. Null,
 * alignment, lengths, UTF-8, ranges and flags are checked. After an error nothing has changed, but for an
 * output buffer.
 */

#ifndef AI_AUDIT_H
#define AI_AUDIT_H

#include <stddef.h>
#include <stdint.h>

/* The first line of a receipts file, with its line feed and, as in every C string, a zero that is not part
 * of it. */
#define AI_AUDIT_RECEIPTS_LINE "ai-audit/receipts/v1\n"


/*
 Most checks that a decision from C can have.
 */
#define AI_AUDIT_MAX_CHECKS 8

/*
 Most reason codes, and most tags, that a decision from C can have.
 */
#define AI_AUDIT_MAX_TEXTS 16

/*
 Most parents that a receipt from C can have.
 */
#define AI_AUDIT_MAX_PARENTS 16

/*
 The answer went out.
 */
#define AI_AUDIT_ACTION_ALLOW 0

/*
 The answer was withheld.
 */
#define AI_AUDIT_ACTION_REJECT 1

/*
 It failed and is tried again.
 */
#define AI_AUDIT_ACTION_FAIL_RETRY 2

/*
 The answer came from a cache.
 */
#define AI_AUDIT_ACTION_CACHE_HIT 3

/*
 A person decides.
 */
#define AI_AUDIT_ACTION_ESCALATE 4

/*
 The checks were passed by.
 */
#define AI_AUDIT_ACTION_BYPASS 5

/*
 Size of a log's block, in units of 8 bytes.
 */
#define AI_AUDIT_LOG_WORDS 64

/*
 There is no digest.
 */
#define AI_AUDIT_JSON_NONE 0

/*
 Of the RFC 8785 canonical form of a JSON value.
 */
#define AI_AUDIT_JSON_CANONICAL 1

/*
 Of the bytes as they were.
 */
#define AI_AUDIT_JSON_RAW 2

/*
 Nobody said how the call ended.
 */
#define AI_AUDIT_TOOL_UNKNOWN 0

/*
 It gave a result.
 */
#define AI_AUDIT_TOOL_OK 1

/*
 It gave an error.
 */
#define AI_AUDIT_TOOL_ERROR 2

/*
 It was not allowed to run.
 */
#define AI_AUDIT_TOOL_DENIED 3

/*
 It did not end in time.
 */
#define AI_AUDIT_TOOL_TIMED_OUT 4

/*
 The longest sealed receipt, in bytes. A buffer of this size is always long enough.
 */
#define AI_AUDIT_MAX_SEALED_LEN 65599

/*
 The longest key line, in bytes, without a line feed.
 */
#define AI_AUDIT_MAX_KEY_LINE_LEN 277

/*
 There is no digest.
 */
#define AI_AUDIT_DIGEST_NONE 0

/*
 SHA-256 of a text. A short or guessable text can be found from it.
 */
#define AI_AUDIT_DIGEST_PLAIN 1

/*
 HMAC-SHA-256 of a text. Without the key it says nothing of the text.
 */
#define AI_AUDIT_DIGEST_KEYED 2

/*
 Size of a verifier's block, in units of 8 bytes.
 */
#define AI_AUDIT_VERIFIER_WORDS 160

/*
 What came of a call. 0 is success; everything else changed no log and no verifier.

 New values may be added; treat one that you do not know as a failure.
 */
enum AiAuditStatus
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /*
     Done.
     */
    AI_AUDIT_STATUS_OK = 0,
    /*
     A pointer that must point to something is null.
     */
    AI_AUDIT_STATUS_NULL = 1,
    /*
     A pointer is not aligned for what it should point to.
     */
    AI_AUDIT_STATUS_MISALIGNED = 2,
    /*
     A length is larger than any object can be.
     */
    AI_AUDIT_STATUS_LENGTH = 3,
    /*
     A text is not UTF-8.
     */
    AI_AUDIT_STATUS_UTF8 = 4,
    /*
     An argument is out of its range: a flag other than 0 and 1, an unknown number, a time after the
     year 9999, an id that is no UUIDv7.
     */
    AI_AUDIT_STATUS_ARGUMENT = 5,
    /*
     More items in a list than fit; the header has the limits.
     */
    AI_AUDIT_STATUS_TOO_MANY = 6,
    /*
     The block was not initialised, or was closed.
     */
    AI_AUDIT_STATUS_NOT_OPEN = 7,
    /*
     The output buffer is too small for what would be written.
     */
    AI_AUDIT_STATUS_BUFFER_TOO_SMALL = 16,
    /*
     A field of the body breaks a rule of its kind.
     */
    AI_AUDIT_STATUS_BODY = 17,
    /*
     The first receipt of a log must be its genesis, and no other may be one.
     */
    AI_AUDIT_STATUS_GENESIS_PLACE = 18,
    /*
     The time lies before that of the receipt before.
     */
    AI_AUDIT_STATUS_BACKWARDS = 19,
    /*
     The log has 2^64 - 1 receipts.
     */
    AI_AUDIT_STATUS_FULL = 20,
    /*
     The caller's signer failed.
     */
    AI_AUDIT_STATUS_SIGNER = 21,
    /*
     Bytes that are no Ed25519 public key, or one that nobody may trust.
     */
    AI_AUDIT_STATUS_PUBLIC_KEY = 22,
    /*
     The bytes are no receipt in canonical form. The fault says where.
     */
    AI_AUDIT_STATUS_DECODE = 32,
    /*
     Receipts are missing before this one.
     */
    AI_AUDIT_STATUS_MISSING = 33,
    /*
     A receipt of a place that was passed already: a replay or another order.
     */
    AI_AUDIT_STATUS_REPEATED = 34,
    /*
     The receipt belongs to another log.
     */
    AI_AUDIT_STATUS_OTHER_LOG = 35,
    /*
     It does not name the hash of the receipt before.
     */
    AI_AUDIT_STATUS_PREV = 36,
    /*
     Its time lies before that of the receipt before.
     */
    AI_AUDIT_STATUS_TIME_BACKWARDS = 37,
    /*
     It is signed by, or names, another key than the valid one.
     */
    AI_AUDIT_STATUS_OTHER_KEY = 38,
    /*
     Its signature does not verify: these are not the bytes that were signed.
     */
    AI_AUDIT_STATUS_SIGNATURE = 39,
    /*
     It has no signature of its own, or is a batch seal: logs of such receipts are not verified here.
     */
    AI_AUDIT_STATUS_BATCHED = 40,
    /*
     It hands the log over to a key in a way that is not allowed.
     */
    AI_AUDIT_STATUS_KEY_CHANGE = 41,
    /*
     The genesis does not fit the pinned key line.
     */
    AI_AUDIT_STATUS_PIN = 42,
    /*
     The text is no key line.
     */
    AI_AUDIT_STATUS_KEY_LINE = 43,
    /*
     The receipts file is not well-formed here, or ends inside a receipt.
     */
    AI_AUDIT_STATUS_FRAME = 44,
    /*
     The bytes of this receipt were deleted: only its hash is there.
     */
    AI_AUDIT_STATUS_DELETED = 45,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum AiAuditStatus AiAuditStatus;
#else
typedef int32_t AiAuditStatus;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/*
 A log that is sealed to. 512 bytes, aligned like `uint64_t`, without meaning outside of the library.
 It may be moved while no call works on it. It holds the key: close it, and do not store it.
 */
typedef struct {
    /*
     Not for you.
     */
    uint64_t opaque[AI_AUDIT_LOG_WORDS];
} AiAuditLog;

/*
 A UTF-8 text: so many bytes from a place on, without a terminating zero. Null with length 0 is the
 empty text.
 */
typedef struct {
    /*
     First byte.
     */
    const char *data;
    /*
     Number of bytes.
     */
    size_t len;
} AiAuditText;

/*
 What stands in a receipt's header beside what the log knows.
 */
typedef struct {
    /*
     The device's clock: microseconds since 1970-01-01T00:00:00Z, at most up to the year 9999; not
     before the receipt before.
     */
    uint64_t time_us;
    /*
     The receipt's id, from `ai_audit_receipt_id`.
     */
    uint8_t id[16];
    /*
     Trace it belongs to; may be empty.
     */
    AiAuditText trace_id;
    /*
     Session it belongs to; may be empty.
     */
    AiAuditText session_id;
    /*
     Who acts: a pseudonym or a system's name; may be empty.
     */
    AiAuditText actor_id;
} AiAuditDraft;

/*
 A number that may be absent.
 */
typedef struct {
    /*
     The number.
     */
    uint64_t value;
    /*
     1 if there is one, else 0.
     */
    uint8_t present;
} AiAuditOptionalU64;

/*
 The digest of a text, and whether a key went into it.
 */
typedef struct {
    /*
     The digest.
     */
    uint8_t bytes[32];
    /*
     One of the `AI_AUDIT_DIGEST_` numbers.
     */
    uint8_t form;
} AiAuditTextDigest;

/*
 A SHA-256 digest that may be absent.
 */
typedef struct {
    /*
     The digest.
     */
    uint8_t bytes[32];
    /*
     1 if there is one, else 0.
     */
    uint8_t present;
} AiAuditOptionalDigest;

/*
 A finite number that may be absent.
 */
typedef struct {
    /*
     The number.
     */
    double value;
    /*
     1 if there is one, else 0.
     */
    uint8_t present;
} AiAuditOptionalF64;

/*
 One check that ran before the decision: a filter, a classifier, a rule.
 */
typedef struct {
    /*
     Its name.
     */
    AiAuditText name;
    /*
     Its version; may be empty.
     */
    AiAuditText version;
    /*
     More about it, as RFC 8785 canonical JSON; may be empty.
     */
    AiAuditText detail;
    /*
     What it measured; finite and not -0.0.
     */
    AiAuditOptionalF64 score;
    /*
     From where on it fires; finite and not -0.0.
     */
    AiAuditOptionalF64 threshold;
    /*
     1 if it fired, else 0.
     */
    uint8_t fired;
} AiAuditCheck;

/*
 What an AI system was asked, what it answered, what was checked, what was done. All zero is a decision
 that says nothing but that the answer went out. Texts enter as digests; what is to be kept in clear or
 encrypted goes by `ai_audit_seal_body`.
 */
typedef struct {
    /*
     When it was made, if that is not when it is sealed; microseconds.
     */
    AiAuditOptionalU64 occurred_at_us;
    /*
     Pseudonym of the person concerned; empty if none is.
     */
    AiAuditText subject;
    /*
     Digest of the exact input.
     */
    AiAuditTextDigest input;
    /*
     Digest of the canonical input, if the caller has one.
     */
    AiAuditTextDigest input_canonical;
    /*
     Digest of the exact output.
     */
    AiAuditTextDigest output;
    /*
     Digest of the system's state, as `ai_audit_digest_parts` makes it.
     */
    AiAuditOptionalDigest state;
    /*
     The checks, in the order in which they ran.
     */
    const AiAuditCheck *checks;
    /*
     How many; at most `AI_AUDIT_MAX_CHECKS`.
     */
    size_t checks_len;
    /*
     Why, as codes of the caller's.
     */
    const AiAuditText *reason_codes;
    /*
     How many; at most `AI_AUDIT_MAX_TEXTS`.
     */
    size_t reason_codes_len;
    /*
     Labels of the caller's.
     */
    const AiAuditText *tags;
    /*
     How many; at most `AI_AUDIT_MAX_TEXTS`.
     */
    size_t tags_len;
    /*
     Hashes of the receipts that this one follows from, 32 bytes each, one behind the other.
     */
    const uint8_t *parents;
    /*
     How many hashes; at most `AI_AUDIT_MAX_PARENTS`.
     */
    size_t parents_len;
    /*
     Who runs the model.
     */
    AiAuditText provider;
    /*
     Which model.
     */
    AiAuditText model;
    /*
     What it was asked to do, in the words of OpenTelemetry: `chat`, `embeddings`, ...
     */
    AiAuditText operation;
    /*
     Tokens read.
     */
    AiAuditOptionalU64 input_tokens;
    /*
     Tokens written.
     */
    AiAuditOptionalU64 output_tokens;
    /*
     How long it took, in microseconds.
     */
    AiAuditOptionalU64 duration_us;
    /*
     Digest of the configuration.
     */
    AiAuditOptionalDigest config;
    /*
     Digest of the policy or contract in force.
     */
    AiAuditOptionalDigest policy;
    /*
     What was done: one of the `AI_AUDIT_ACTION_` numbers.
     */
    uint8_t action;
} AiAuditDecision;

/*
 So many bytes from a place on.
 */
typedef struct {
    /*
     First byte.
     */
    const uint8_t *data;
    /*
     Number of bytes.
     */
    size_t len;
} AiAuditBytes;

/*
 What opens a log: receipt 0 binds these for good.
 */
typedef struct {
    /*
     The log's name: 1 to 190 bytes without white space, control character or `+`. A domain and a path
     of yours make it unique.
     */
    AiAuditText name;
    /*
     Whose log it is; may be empty.
     */
    AiAuditText tenant;
    /*
     Public key that signs checkpoints and packages. Its secret is not for the device.
     */
    uint8_t checkpoint_key[32];
    /*
     Public key that may revoke receipt keys. Its secret is kept offline.
     */
    uint8_t recovery_key[32];
    /*
     Random.
     */
    uint8_t salt[16];
} AiAuditGenesis;

/*
 Signs a message by Ed25519 (RFC 8032) somewhere else, and writes the 64 bytes of the signature.
 Returns 0 if it did. It may not call into a log or verifier that is being worked on.
 */
typedef int32_t (*AiAuditSign)(void *context,
                               const uint8_t *message,
                               size_t message_len,
                               uint8_t *signature);

/*
 A receipt key: its seed, or the function that signs with it.
 */
typedef struct {
    /*
     32 bytes from a cryptographic random source, the RFC 8032 seed; or null if the key is elsewhere.
     They are copied; wipe yours.
     */
    const uint8_t *seed;
    /*
     Where `seed` is null: signs, for as long as the log is open. What it returns is not verified.
     */
    AiAuditSign sign;
    /*
     Handed to `sign` as it is.
     */
    void *context;
    /*
     Where `seed` is null: the public key.
     */
    uint8_t public_key[32];
} AiAuditSigner;

/*
 Where a log ends: what sealing or verifying the next receipt needs to know. Plain bytes, to be stored.
 */
typedef struct {
    /*
     How many receipts the log has: the `seq` of the next one.
     */
    uint64_t size;
    /*
     When the last one was sealed, in microseconds since 1970-01-01T00:00:00Z.
     */
    uint64_t sealed_at_us;
    /*
     The log: the hash of its genesis.
     */
    uint8_t log_id[32];
    /*
     The hash of the last receipt.
     */
    uint8_t hash[32];
} AiAuditHead;

/*
 What a sealed receipt says of itself. Texts and body point into the sealed bytes, and are good for as
 long as those are.
 */
typedef struct {
    /*
     Place in the log, from 0.
     */
    uint64_t seq;
    /*
     When it was sealed, in microseconds since 1970-01-01T00:00:00Z.
     */
    uint64_t sealed_at_us;
    /*
     The log: hash of its genesis; all zero in the genesis.
     */
    uint8_t log_id[32];
    /*
     Hash of the receipt before; all zero in the genesis.
     */
    uint8_t prev[32];
    /*
     SHA-256(0x00, payload): its own hash.
     */
    uint8_t hash[32];
    /*
     Its id.
     */
    uint8_t id[16];
    /*
     Which key signed, by its short name.
     */
    uint8_t key_id[8];
    /*
     Trace it belongs to; may be empty.
     */
    AiAuditText trace_id;
    /*
     Session it belongs to; may be empty.
     */
    AiAuditText session_id;
    /*
     Who acted; may be empty.
     */
    AiAuditText actor_id;
    /*
     The payload, which was hashed and signed.
     */
    AiAuditBytes payload;
    /*
     The body, which ends the payload.
     */
    AiAuditBytes body;
    /*
     What the body is: a number of `docs/spec/receipt.md`.
     */
    uint16_t kind;
    /*
     1 if it is signed by itself; 0 if batched, which is not verified here.
     */
    uint8_t is_signed;
} AiAuditReceipt;

/*
 Why bytes were not taken: where, which field, what was expected. The texts are constants.
 */
typedef struct {
    /*
     Byte offset in the sealed receipt.
     */
    size_t offset;
    /*
     The field, as the specification names it; empty where it is none in particular.
     */
    AiAuditText field;
    /*
     What should have been there; empty where the status says all.
     */
    AiAuditText expected;
} AiAuditFault;

/*
 The digest of arguments or of a result, and of which form of them.
 */
typedef struct {
    /*
     The digest; of form `AI_AUDIT_DIGEST_NONE` exactly where `form` is `AI_AUDIT_JSON_NONE`.
     */
    AiAuditTextDigest digest;
    /*
     One of the `AI_AUDIT_JSON_` numbers.
     */
    uint8_t form;
} AiAuditJsonDigest;

/*
 What an agent is about to do with a tool. Seal it before the call.
 */
typedef struct {
    /*
     When the agent asked for it, if that is not when it is sealed; microseconds.
     */
    AiAuditOptionalU64 occurred_at_us;
    /*
     The tool's name; not empty.
     */
    AiAuditText tool;
    /*
     The call's id, as the agent's framework gave it; may be empty.
     */
    AiAuditText call_id;
    /*
     Digest of the arguments.
     */
    AiAuditJsonDigest arguments;
    /*
     Hashes of the receipts that this one follows from, 32 bytes each, one behind the other.
     */
    const uint8_t *parents;
    /*
     How many hashes; at most `AI_AUDIT_MAX_PARENTS`.
     */
    size_t parents_len;
} AiAuditToolIntent;

/*
 What came of a tool intent. Seal it after the call.
 */
typedef struct {
    /*
     When the result came, if that is not when it is sealed; microseconds.
     */
    AiAuditOptionalU64 occurred_at_us;
    /*
     The tool's name.
     */
    AiAuditText tool;
    /*
     The call's id; may be empty.
     */
    AiAuditText call_id;
    /*
     Hash of the intent's receipt; absent where the call had no intent.
     */
    AiAuditOptionalDigest intent;
    /*
     Digest of the result.
     */
    AiAuditJsonDigest result;
    /*
     How long it took, in microseconds.
     */
    AiAuditOptionalU64 duration_us;
    /*
     The class of the error, such as `timeout`; empty where there was none. It should name nobody.
     */
    AiAuditText error;
    /*
     Hashes of further receipts that this one follows from, 32 bytes each, one behind the other.
     */
    const uint8_t *parents;
    /*
     How many hashes; at most `AI_AUDIT_MAX_PARENTS`.
     */
    size_t parents_len;
    /*
     How it ended: one of the `AI_AUDIT_TOOL_` numbers.
     */
    uint8_t status;
} AiAuditToolOutcome;

/*
 A walk along a log. 1280 bytes, aligned like `uint64_t`, without meaning outside of the library, and
 without secrets. It may be copied while no call works on it, and both copies go on.
 */
typedef struct {
    /*
     Not for you.
     */
    uint64_t opaque[AI_AUDIT_VERIFIER_WORDS];
} AiAuditVerifier;

/*
 A log's three public keys, as they are valid at some place.
 */
typedef struct {
    /*
     Signs the receipts.
     */
    uint8_t receipt[32];
    /*
     Signs checkpoints and packages.
     */
    uint8_t checkpoint[32];
    /*
     May revoke receipt keys.
     */
    uint8_t recovery[32];
} AiAuditKeys;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/*
 Seals a decision as the next receipt.

 # Safety
 `log` points to an initialised block, `draft` and `decision` to such structs whose pointers hold what
 they say, `out` to `out_len` bytes, `written` to a size. None of them overlap.
 */
AiAuditStatus ai_audit_seal_decision(AiAuditLog *log,
                                     const AiAuditDraft *draft,
                                     const AiAuditDecision *decision,
                                     uint8_t *out,
                                     size_t out_len,
                                     size_t *written);

/*
 The hash of a payload: SHA-256(0x00, payload), its RFC 6962 leaf hash.

 # Safety
 `payload` points to `payload_len` bytes, `hash` to room for 32.
 */
AiAuditStatus ai_audit_leaf_hash(const uint8_t *payload, size_t payload_len, uint8_t *hash);

/*
 The plain digest of a text. A short or guessable text can be found from it; prefer a keyed one.

 # Safety
 `text` points to what it says, `digest` to room for one.
 */
AiAuditStatus ai_audit_digest_plain(AiAuditText text, AiAuditTextDigest *digest);

/*
 The keyed digest of one field's text in one receipt: under a key derived from the log's digest secret,
 the receipt's id and the field's name, such as `input`.

 # Safety
 `text` and `field` point to what they say, `secret` to 32 bytes, `receipt_id` to 16, `digest` to room
 for one.
 */
AiAuditStatus ai_audit_digest_exact(AiAuditText text,
                                    const uint8_t *secret,
                                    const uint8_t *receipt_id,
                                    AiAuditText field,
                                    AiAuditTextDigest *digest);

/*
 The digest of parts whose borders count, for the state of a system.

 # Safety
 `parts` points to `parts_len` parts that point to what they say, `digest` to room for 32 bytes.
 */
AiAuditStatus ai_audit_digest_parts(const AiAuditBytes *parts, size_t parts_len, uint8_t *digest);

/*
 The id of a receipt: the UUIDv7 of a time and 10 random bytes. Two receipts of a log must not have the
 same.

 # Safety
 `random` points to 10 bytes, `id` to room for 16.
 */
AiAuditStatus ai_audit_receipt_id(uint64_t time_us,
                                  const uint8_t *random,
                                  uint8_t *id);

/*
 Puts a sealed receipt into the frame that it has in a receipts file: two bytes of length, payload, one
 byte of length, signature. That is 3 bytes more than the receipt.

 # Safety
 `sealed` points to `sealed_len` bytes, `out` to `out_len`, `written` to a size. They do not overlap.
 */
AiAuditStatus ai_audit_frame(const uint8_t *sealed,
                             size_t sealed_len,
                             uint8_t *out,
                             size_t out_len,
                             size_t *written);

/*
 Takes the receipt at the start of `frames` out of its frame. `consumed` gets the length of the frame,
 `written` that of the receipt. `frames` is what follows a receipts file's first line, or what is left
 of it; `AI_AUDIT_STATUS_FRAME` where it ends inside a frame. After `AI_AUDIT_STATUS_DELETED` the hash
 stands in `out`, and `consumed` and `written` are set.

 # Safety
 `frames` points to `frames_len` bytes, `out` to `out_len`, `written` and `consumed` to sizes. They do not
 overlap.
 */
AiAuditStatus ai_audit_unframe(const uint8_t *frames,
                               size_t frames_len,
                               uint8_t *out,
                               size_t out_len,
                               size_t *written,
                               size_t *consumed);

/*
 Writes the log's key line, without a line feed: what auditors pin, to be given to them once and by a
 way that the device's keeper cannot change later. `log.pub` is this line with a line feed.
 `AI_AUDIT_MAX_KEY_LINE_LEN` bytes are always enough.

 # Safety
 `genesis` and `signer` are as for `ai_audit_log_open`; `line` points to `line_len` bytes, `written` to
 a size.
 */
AiAuditStatus ai_audit_key_line(const AiAuditGenesis *genesis,
                                const AiAuditSigner *signer,
                                char *line,
                                size_t line_len,
                                size_t *written);

/*
 Opens a new log: seals its genesis into `out`, and leaves the log ready for the next receipt. Store
 the genesis like every receipt.

 # Safety
 `log` points to a block, `genesis`, `signer` and `draft` to such structs whose pointers hold what they
 say, `out` to `out_len` bytes, `written` to a size. None of them overlap.
 */
AiAuditStatus ai_audit_log_open(AiAuditLog *log,
                                const AiAuditGenesis *genesis,
                                const AiAuditSigner *signer,
                                const AiAuditDraft *draft,
                                uint8_t *out,
                                size_t out_len,
                                size_t *written);

/*
 Goes on with a log after its head, as a store or a verifier has it. Whether the key is the valid one
 is not asked here; a verifier does.

 # Safety
 `log` points to a block, `signer` and `head` to such structs whose pointers hold what they say.
 */
AiAuditStatus ai_audit_log_resume(AiAuditLog *log,
                                  const AiAuditSigner *signer,
                                  const AiAuditHead *head);

/*
 Where the log ends. Take it before sealing, to go back to it if the receipt could not be stored.

 # Safety
 `log` points to an initialised block, `head` to room for a head.
 */
AiAuditStatus ai_audit_log_head(AiAuditLog *log, AiAuditHead *head);

/*
 Wipes the key and ends the use of the block. The log can be resumed.

 # Safety
 `log` points to an initialised block.
 */
AiAuditStatus ai_audit_log_close(AiAuditLog *log);

/*
 Reads a sealed receipt: payload, then signature. It verifies nothing.

 # Safety
 `sealed` points to `sealed_len` bytes, `receipt` to room for one, `fault` is null or points to room for
 one.
 */
AiAuditStatus ai_audit_parse(const uint8_t *sealed,
                             size_t sealed_len,
                             AiAuditReceipt *receipt,
                             AiAuditFault *fault);

/*
 Verifies the signature of one receipt under a key that the caller trusts. It says nothing of the
 receipt's place in a log.

 # Safety
 `sealed` points to `sealed_len` bytes, `public_key` to 32, `fault` is null or points to room for one.
 */
AiAuditStatus ai_audit_verify_signature(const uint8_t *sealed,
                                        size_t sealed_len,
                                        const uint8_t *public_key,
                                        AiAuditFault *fault);

/*
 Seals a body of any kind that is encoded already, as the next receipt. Kinds and their encodings are in
 `docs/spec/receipt.md`; numbers from 0x8000 up are yours. The bytes are sealed as they are: whether they
 are a canonical body of that kind shows to whoever decodes them. A genesis, a rotation or a revocation
 cannot be sealed in this way: what they do to the log's keys would pass unseen.

 # Safety
 `log` points to an initialised block, `draft` to a draft whose pointers hold what they say, `body` to
 `body_len` bytes, `out` to `out_len` bytes, `written` to a size. None of them overlap.
 */
AiAuditStatus ai_audit_seal_body(AiAuditLog *log,
                                 const AiAuditDraft *draft,
                                 uint16_t kind,
                                 const uint8_t *body,
                                 size_t body_len,
                                 uint8_t *out,
                                 size_t out_len,
                                 size_t *written);

/*
 Seals that the writer started. `clean` is 1 if the writer before stopped in order, 0 after a crash or a
 loss of power.

 # Safety
 As `ai_audit_seal_body`; `software` points to what it says.
 */
AiAuditStatus ai_audit_seal_start(AiAuditLog *log,
                                  const AiAuditDraft *draft,
                                  AiAuditText software,
                                  uint8_t clean,
                                  uint8_t *out,
                                  size_t out_len,
                                  size_t *written);

/*
 Seals that the writer stops in order.

 # Safety
 As `ai_audit_seal_body`; `reason` points to what it says.
 */
AiAuditStatus ai_audit_seal_stop(AiAuditLog *log,
                                 const AiAuditDraft *draft,
                                 AiAuditText reason,
                                 uint8_t *out,
                                 size_t out_len,
                                 size_t *written);

/*
 Seals that receipts are missing from one time to another, as many as `lost` says where that is known.
 `to_us` is not before `from_us`.

 # Safety
 As `ai_audit_seal_body`; `reason` points to what it says.
 */
AiAuditStatus ai_audit_seal_gap(AiAuditLog *log,
                                const AiAuditDraft *draft,
                                uint64_t from_us,
                                uint64_t to_us,
                                AiAuditOptionalU64 lost,
                                AiAuditText reason,
                                uint8_t *out,
                                size_t out_len,
                                size_t *written);

/*
 Seals with the key until now that another one is valid from the next receipt on, and goes on with that
 one. The old key is wiped here; destroy the caller's copy when the receipt is stored.

 # Safety
 As `ai_audit_seal_body`; `new_key` points to a signer as for `ai_audit_log_open`, `reason` to what it says.
 */
AiAuditStatus ai_audit_seal_rotation(AiAuditLog *log,
                                     const AiAuditDraft *draft,
                                     const AiAuditSigner *new_key,
                                     AiAuditText reason,
                                     uint8_t *out,
                                     size_t out_len,
                                     size_t *written);

/*
 The public key of a seed.

 # Safety
 `seed` points to 32 bytes, `public_key` to room for 32.
 */
AiAuditStatus ai_audit_public_key(const uint8_t *seed, uint8_t *public_key);

/*
 A status in words: a constant text in English, lower case, without a full stop, ending in a zero.
 Never null, also for numbers that are no status.
 */
const char *ai_audit_status_text(int32_t status);

/*
 Seals a tool intent as the next receipt.

 # Safety
 As `ai_audit_seal_decision`.
 */
AiAuditStatus ai_audit_seal_tool_intent(AiAuditLog *log,
                                        const AiAuditDraft *draft,
                                        const AiAuditToolIntent *intent,
                                        uint8_t *out,
                                        size_t out_len,
                                        size_t *written);

/*
 Seals a tool outcome as the next receipt.

 # Safety
 As `ai_audit_seal_decision`.
 */
AiAuditStatus ai_audit_seal_tool_outcome(AiAuditLog *log,
                                         const AiAuditDraft *draft,
                                         const AiAuditToolOutcome *outcome,
                                         uint8_t *out,
                                         size_t out_len,
                                         size_t *written);

/*
 Begins with a key line that the caller trusts, `log.pub`, with or without its line feed. The next
 receipt must be the log's genesis.

 # Safety
 `verifier` points to a block, `key_line` to what it says.
 */
AiAuditStatus ai_audit_verifier_init(AiAuditVerifier *verifier, AiAuditText key_line);

/*
 Goes on after a head, with the keys that were valid there. Both have to come from where nobody else
 writes: they are trusted as the key line is.

 # Safety
 `verifier` points to a block, `head` and `keys` to such structs.
 */
AiAuditStatus ai_audit_verifier_resume(AiAuditVerifier *verifier,
                                       const AiAuditHead *head,
                                       const AiAuditKeys *keys);

/*
 Verifies the next receipt: its form, its place in the chain, its signature under the key that is valid
 there, and changes of that key. `receipt` gets what it says, also where chain or key are wrong; it may
 be null.

 # Safety
 `verifier` points to an initialised block, `sealed` to `sealed_len` bytes; `receipt` and `fault` are
 null or point to room for one. None of them overlap.
 */
AiAuditStatus ai_audit_verifier_take(AiAuditVerifier *verifier,
                                     const uint8_t *sealed,
                                     size_t sealed_len,
                                     AiAuditReceipt *receipt,
                                     AiAuditFault *fault);

/*
 Where the verified part of the log ends. `AI_AUDIT_STATUS_NOT_OPEN` before its genesis.

 # Safety
 `verifier` points to an initialised block, `head` to room for one.
 */
AiAuditStatus ai_audit_verifier_head(AiAuditVerifier *verifier, AiAuditHead *head);

/*
 The keys that are valid for the next receipt. `AI_AUDIT_STATUS_NOT_OPEN` before the genesis.

 # Safety
 `verifier` points to an initialised block, `keys` to room for such a struct.
 */
AiAuditStatus ai_audit_verifier_keys(AiAuditVerifier *verifier, AiAuditKeys *keys);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* AI_AUDIT_H */
