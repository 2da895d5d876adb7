/* What must be refused, and with which status: changed bytes, other orders, wrong keys, wrong arguments.
 *
 *     refuse log.pub receipts.bin
 *
 * Reads what `seal` wrote. The exit code is 0 if every single thing was refused as it should be. */
#include "common.h"

#define MAX_RECEIPTS 16

static uint8_t file[MAX_FILE];
static uint8_t receipts[MAX_RECEIPTS][2048];
static size_t lens[MAX_RECEIPTS];
static size_t count;
static AiAuditText key_line;
static char key_line_bytes[AI_AUDIT_MAX_KEY_LINE_LEN + 1];
static unsigned long asked;

static void expect(const char *what, AiAuditStatus expected, AiAuditStatus found) {
    asked++;
    if (expected != found) {
        fprintf(stderr, "%s: expected status %d (%s), found %d (%s)\n", what, (int)expected,
                ai_audit_status_text(expected), (int)found, ai_audit_status_text(found));
        exit(1);
    }
}

static AiAuditStatus take(AiAuditVerifier *verifier, size_t place) {
    return ai_audit_verifier_take(verifier, receipts[place], lens[place], NULL, NULL);
}

/* A verifier that has taken so many receipts. */
static AiAuditVerifier verifier_at(size_t place) {
    AiAuditVerifier verifier;
    size_t i;
    must("init", ai_audit_verifier_init(&verifier, key_line));
    for (i = 0; i < place; i++) {
        must("take", take(&verifier, i));
    }
    return verifier;
}

/* Every byte of a receipt, changed by itself, makes it another one, which nobody signed. */
static void changed_bytes(size_t place) {
    AiAuditVerifier verifier = verifier_at(place);
    AiAuditHead before, after;
    AiAuditStatus status;
    size_t i;
    if (place > 0) {
        must("head", ai_audit_verifier_head(&verifier, &before));
    }
    for (i = 0; i < lens[place]; i++) {
        receipts[place][i] ^= 1;
        status = take(&verifier, place);
        receipts[place][i] ^= 1;
        asked++;
        if (status == AI_AUDIT_STATUS_OK) {
            fprintf(stderr, "receipt %lu with byte %lu changed was taken\n", (unsigned long)place,
                    (unsigned long)i);
            exit(1);
        }
    }
    if (place > 0) {
        /* The last bytes are the signature, and nothing else is wrong then. */
        receipts[place][lens[place] - 1] ^= 1;
        expect("changed signature", AI_AUDIT_STATUS_SIGNATURE, take(&verifier, place));
        receipts[place][lens[place] - 1] ^= 1;
        must("head", ai_audit_verifier_head(&verifier, &after));
        if (before.size != after.size || memcmp(before.hash, after.hash, sizeof after.hash) != 0) {
            fprintf(stderr, "a refused receipt moved the verifier\n");
            exit(1);
        }
    }
    expect("the receipt as it was", AI_AUDIT_STATUS_OK, take(&verifier, place));
}

static void orders(void) {
    AiAuditVerifier verifier = verifier_at(2);
    AiAuditVerifier fresh = verifier_at(0);
    AiAuditFault fault;
    expect("one left out", AI_AUDIT_STATUS_MISSING, take(&verifier, 3));
    expect("one again", AI_AUDIT_STATUS_REPEATED, take(&verifier, 1));
    expect("genesis left out", AI_AUDIT_STATUS_MISSING, take(&fresh, 1));
    expect("cut", AI_AUDIT_STATUS_DECODE,
           ai_audit_verifier_take(&verifier, receipts[2], 40, NULL, &fault));
    if (fault.field.len == 0 || fault.expected.len == 0) {
        fprintf(stderr, "no fault is told\n");
        exit(1);
    }
    expect("nothing", AI_AUDIT_STATUS_DECODE, ai_audit_verifier_take(&verifier, NULL, 0, NULL, NULL));
}

static void keys(void) {
    AiAuditVerifier verifier;
    AiAuditHead head;
    AiAuditKeys valid;
    uint8_t other[32], seed[32];
    char line[sizeof key_line_bytes];
    AiAuditText changed = key_line;

    memset(seed, 77, sizeof seed);
    must("key", ai_audit_public_key(seed, other));
    expect("another key", AI_AUDIT_STATUS_OTHER_KEY,
           ai_audit_verify_signature(receipts[1], lens[1], other, NULL));
    memset(seed, 1, sizeof seed);
    must("key", ai_audit_public_key(seed, other));
    expect("its own key", AI_AUDIT_STATUS_OK,
           ai_audit_verify_signature(receipts[1], lens[1], other, NULL));
    memset(other, 0, sizeof other);
    expect("a key of small order", AI_AUDIT_STATUS_PUBLIC_KEY,
           ai_audit_verify_signature(receipts[1], lens[1], other, NULL));

    /* The log's own head, but the key of before the rotation. */
    verifier = verifier_at(count);
    must("head", ai_audit_verifier_head(&verifier, &head));
    verifier = verifier_at(2);
    must("keys", ai_audit_verifier_keys(&verifier, &valid));
    verifier = verifier_at(6);
    must("head", ai_audit_verifier_head(&verifier, &head));
    must("resume", ai_audit_verifier_resume(&verifier, &head, &valid));
    expect("the key before the rotation", AI_AUDIT_STATUS_OTHER_KEY, take(&verifier, 6));

    memcpy(line, key_line_bytes, sizeof line);
    changed.data = line;
    line[0] ^= 1;
    expect("another name in the line", AI_AUDIT_STATUS_KEY_LINE,
           ai_audit_verifier_init(&verifier, changed));
    changed.len = 0;
    expect("no line", AI_AUDIT_STATUS_KEY_LINE, ai_audit_verifier_init(&verifier, changed));
}

/* A log of somebody else's who took the same name: its line is well-formed, the receipts are not its. */
static void pin(void) {
    AiAuditVerifier verifier;
    AiAuditGenesis genesis;
    AiAuditSigner signer;
    AiAuditText other;
    char line[AI_AUDIT_MAX_KEY_LINE_LEN];
    uint8_t seed[32];
    memset(&genesis, 0, sizeof genesis);
    memset(&signer, 0, sizeof signer);
    genesis.name = text("example.org/robots/7");
    memset(seed, 2, sizeof seed);
    must("key", ai_audit_public_key(seed, genesis.checkpoint_key));
    memset(seed, 3, sizeof seed);
    must("key", ai_audit_public_key(seed, genesis.recovery_key));
    memset(seed, 66, sizeof seed);
    signer.seed = seed;
    other.data = line;
    must("line", ai_audit_key_line(&genesis, &signer, line, sizeof line, &other.len));
    must("init", ai_audit_verifier_init(&verifier, other));
    expect("another log's genesis", AI_AUDIT_STATUS_PIN, take(&verifier, 0));
}

static void arguments(void) {
    AiAuditLog log;
    AiAuditDraft draft;
    AiAuditDecision decision;
    AiAuditVerifier verifier = verifier_at(1);
    AiAuditHead head;
    AiAuditSigner signer;
    uint8_t seed[32], out[64];
    size_t len;
    uint64_t words[8];
    memset(&log, 0, sizeof log);
    memset(&draft, 0, sizeof draft);
    memset(&decision, 0, sizeof decision);
    expect("a block that was never opened", AI_AUDIT_STATUS_NOT_OPEN,
           ai_audit_seal_decision(&log, &draft, &decision, out, sizeof out, &len));
    must("head", ai_audit_verifier_head(&verifier, &head));
    memset(&signer, 0, sizeof signer);
    expect("no key at all", AI_AUDIT_STATUS_NULL, ai_audit_log_resume(&log, &signer, &head));
    memset(seed, 1, sizeof seed);
    signer.seed = seed;
    must("resume", ai_audit_log_resume(&log, &signer, &head));
    expect("an id that is none", AI_AUDIT_STATUS_ARGUMENT,
           ai_audit_seal_decision(&log, &draft, &decision, out, sizeof out, &len));
    must("id", ai_audit_receipt_id(1, seed, draft.id));
    expect("a time before the genesis", AI_AUDIT_STATUS_BACKWARDS,
           ai_audit_seal_decision(&log, &draft, &decision, out, sizeof out, &len));
    draft.time_us = head.sealed_at_us;
    expect("a buffer that is too small", AI_AUDIT_STATUS_BUFFER_TOO_SMALL,
           ai_audit_seal_decision(&log, &draft, &decision, out, sizeof out, &len));
    expect("no buffer", AI_AUDIT_STATUS_NULL,
           ai_audit_seal_decision(&log, &draft, &decision, NULL, 64, &len));
    decision.action = 6;
    expect("an unknown action", AI_AUDIT_STATUS_ARGUMENT,
           ai_audit_seal_decision(&log, &draft, &decision, out, sizeof out, &len));
    decision.action = 0;
    decision.model.data = "\xff";
    decision.model.len = 1;
    expect("no UTF-8", AI_AUDIT_STATUS_UTF8,
           ai_audit_seal_decision(&log, &draft, &decision, out, sizeof out, &len));
    expect("a rotation as bytes", AI_AUDIT_STATUS_ARGUMENT,
           ai_audit_seal_body(&log, &draft, 13, out, 1, out + 1, 63, &len));
    expect("a misaligned block", AI_AUDIT_STATUS_MISALIGNED,
           ai_audit_log_close((AiAuditLog *)(void *)((uint8_t *)words + 1)));
    expect("null", AI_AUDIT_STATUS_NULL, ai_audit_log_close(NULL));
    expect("close", AI_AUDIT_STATUS_OK, ai_audit_log_close(&log));
    expect("closed", AI_AUDIT_STATUS_NOT_OPEN, ai_audit_log_close(&log));
}

int main(int argc, char **argv) {
    size_t len, at, consumed, i;
    if (argc != 3) {
        fprintf(stderr, "usage: refuse KEY-LINE RECEIPTS\n");
        return 2;
    }
    len = read_file(argv[1], file);
    if (len > sizeof key_line_bytes) {
        return 2;
    }
    memcpy(key_line_bytes, file, len);
    key_line.data = key_line_bytes;
    key_line.len = len;

    len = read_file(argv[2], file);
    for (at = sizeof AI_AUDIT_RECEIPTS_LINE - 1; at < len && count < MAX_RECEIPTS; at += consumed) {
        must("unframe", ai_audit_unframe(file + at, len - at, receipts[count], sizeof receipts[count],
                                         &lens[count], &consumed));
        count++;
    }
    expect("a file that ends inside a frame", AI_AUDIT_STATUS_FRAME,
           ai_audit_unframe(file + at - consumed, consumed - 1, receipts[count], sizeof receipts[count],
                            &lens[count], &consumed));
    for (i = 0; i < count; i++) {
        changed_bytes(i);
    }
    orders();
    keys();
    pin();
    arguments();
    printf("%lu receipts: %lu things refused as they should be\n", (unsigned long)count, asked);
    return 0;
}
