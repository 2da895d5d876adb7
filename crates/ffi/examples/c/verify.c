/* Verifies a receipts file from a pinned key line, receipt by receipt:
 *
 *     verify log.pub receipts.bin [RECEIPTS]
 *
 * The exit code is 0 if all is verified, 1 if something is wrong; RECEIPTS is how many the log is known to
 * have at least. In the middle of the log it goes on from what a device would keep over a restart. */
#include "common.h"

static uint8_t file[MAX_FILE];
static uint8_t sealed[AI_AUDIT_MAX_SEALED_LEN];

/* Says why a receipt was not taken. */
static int refused(uint64_t place, AiAuditStatus status, const AiAuditFault *fault) {
    printf("receipt %lu: status %d: %s", (unsigned long)place, (int)status,
           ai_audit_status_text(status));
    if (fault->field.len > 0) {
        printf(" (%.*s at byte %lu: expected %.*s)", (int)fault->field.len, fault->field.data,
               (unsigned long)fault->offset, (int)fault->expected.len, fault->expected.data);
    }
    printf("\n");
    return 1;
}

int main(int argc, char **argv) {
    static AiAuditVerifier verifier;
    const size_t line = sizeof AI_AUDIT_RECEIPTS_LINE - 1;
    AiAuditText key_line;
    AiAuditReceipt receipt;
    AiAuditFault fault;
    AiAuditHead head;
    AiAuditKeys keys;
    AiAuditStatus status;
    size_t len, at, written, consumed;
    uint64_t place = 0;

    if (argc != 3 && argc != 4) {
        fprintf(stderr, "usage: verify KEY-LINE RECEIPTS [NUMBER]\n");
        return 2;
    }
    key_line.data = (const char *)file;
    key_line.len = read_file(argv[1], file);
    must(argv[1], ai_audit_verifier_init(&verifier, key_line));

    len = read_file(argv[2], file);
    if (len < line || memcmp(file, AI_AUDIT_RECEIPTS_LINE, line) != 0) {
        fprintf(stderr, "%s: not a receipts file\n", argv[2]);
        return 1;
    }
    memset(&fault, 0, sizeof fault);
    for (at = line; at < len; at += consumed, place++) {
        status = ai_audit_unframe(file + at, len - at, sealed, sizeof sealed, &written, &consumed);
        if (status != AI_AUDIT_STATUS_OK) {
            return refused(place, status, &fault);
        }
        status = ai_audit_verifier_take(&verifier, sealed, written, &receipt, &fault);
        if (status != AI_AUDIT_STATUS_OK) {
            return refused(place, status, &fault);
        }
        printf("receipt %lu: kind %u, %lu bytes of body, actor %.*s\n", (unsigned long)receipt.seq,
               (unsigned)receipt.kind, (unsigned long)receipt.body.len, (int)receipt.actor_id.len,
               receipt.actor_id.data);
        if (place == 2) {
            /* As after a restart: head and keys were kept where nobody else writes. */
            must("head", ai_audit_verifier_head(&verifier, &head));
            must("keys", ai_audit_verifier_keys(&verifier, &keys));
            memset(&verifier, 0, sizeof verifier);
            must("resume", ai_audit_verifier_resume(&verifier, &head, &keys));
        }
    }
    if (place == 0) {
        printf("no receipts: nothing is verified\n");
        return 1;
    }
    must("head", ai_audit_verifier_head(&verifier, &head));
    printf("%lu receipts verified\n", (unsigned long)head.size);
    if (argc == 4 && head.size < strtoul(argv[3], NULL, 10)) {
        printf("incomplete: expected %s receipts\n", argv[3]);
        return 1;
    }
    return 0;
}
