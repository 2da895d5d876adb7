/* Opens a log, seals decisions and a tool call, hands over to a new key, and writes what an auditor reads:
 *
 *     seal log.pub receipts.bin
 *
 * On a device the time comes from its clock, seeds, salt and ids from its random number generator, and the
 * receipts go to flash. Here the time is counted up and the "random" bytes are fixed, so that every run
 * writes the same files. */
#include "common.h"

static uint64_t now_us = 1790000000000000u;
static uint8_t sealed[AI_AUDIT_MAX_SEALED_LEN];

/* Ten bytes that no other id has. Yours come from a random number generator. */
static void not_random(uint8_t bytes[10]) {
    static uint8_t count;
    memset(bytes, 0x5a, 10);
    bytes[9] = count++;
}

/* The header of the next receipt. */
static AiAuditDraft next_draft(void) {
    AiAuditDraft draft;
    uint8_t random[10];
    memset(&draft, 0, sizeof draft);
    not_random(random);
    now_us += 1000000;
    draft.time_us = now_us;
    must("id", ai_audit_receipt_id(now_us, random, draft.id));
    draft.trace_id = text("mission-7");
    draft.actor_id = text("arm-controller");
    return draft;
}

/* Puts a sealed receipt into the file. Only then is it there; a device writes to flash and reads back. */
static void store(FILE *file, size_t len) {
    static uint8_t frame[AI_AUDIT_MAX_SEALED_LEN + 3];
    size_t framed;
    must("frame", ai_audit_frame(sealed, len, frame, sizeof frame, &framed));
    if (fwrite(frame, 1, framed, file) != framed) {
        perror("receipts");
        exit(2);
    }
}

int main(int argc, char **argv) {
    static AiAuditLog log;
    AiAuditGenesis genesis;
    AiAuditSigner signer, next_signer;
    AiAuditDraft draft;
    AiAuditHead head;
    AiAuditOptionalU64 lost;
    uint8_t seed[32], next_seed[32], secret[32], other_seed[32];
    char line[AI_AUDIT_MAX_KEY_LINE_LEN];
    size_t len;
    FILE *file;

    if (argc != 3) {
        fprintf(stderr, "usage: seal KEY-LINE RECEIPTS\n");
        return 2;
    }
    memset(seed, 1, sizeof seed);
    memset(next_seed, 4, sizeof next_seed);
    memset(secret, 9, sizeof secret);
    memset(&signer, 0, sizeof signer);
    signer.seed = seed;
    memset(&next_signer, 0, sizeof next_signer);
    next_signer.seed = next_seed;

    /* The other two keys were made elsewhere; the device knows their public halves. */
    memset(&genesis, 0, sizeof genesis);
    genesis.name = text("example.org/robots/7");
    genesis.tenant = text("acme");
    memset(other_seed, 2, sizeof other_seed);
    must("checkpoint key", ai_audit_public_key(other_seed, genesis.checkpoint_key));
    memset(other_seed, 3, sizeof other_seed);
    must("recovery key", ai_audit_public_key(other_seed, genesis.recovery_key));
    memset(genesis.salt, 7, sizeof genesis.salt);

    must("key line", ai_audit_key_line(&genesis, &signer, line, sizeof line, &len));
    file = fopen(argv[1], "wb");
    if (file == NULL || fwrite(line, 1, len, file) != len || fputc('\n', file) == EOF ||
        fclose(file) != 0) {
        perror(argv[1]);
        return 2;
    }

    file = fopen(argv[2], "wb");
    if (file == NULL || fputs(AI_AUDIT_RECEIPTS_LINE, file) == EOF) {
        perror(argv[2]);
        return 2;
    }
    draft = next_draft();
    must("open", ai_audit_log_open(&log, &genesis, &signer, &draft, sealed, sizeof sealed, &len));
    store(file, len);

    draft = next_draft();
    must("start", ai_audit_seal_start(&log, &draft, text("arm-firmware 2.1"), 1, sealed, sizeof sealed,
                                      &len));
    store(file, len);

    {
        AiAuditDecision decision;
        AiAuditCheck check;
        AiAuditText reason = text("speed-limit");
        AiAuditBytes parts[2];
        uint8_t joints[4] = {10, 20, 30, 40}, load = 3;
        draft = next_draft();
        memset(&decision, 0, sizeof decision);
        must("input", ai_audit_digest_exact(text("move to bin 4, full speed"), secret, draft.id,
                                            text("input"), &decision.input));
        must("output", ai_audit_digest_exact(text("move to bin 4, half speed"), secret, draft.id,
                                             text("output"), &decision.output));
        parts[0].data = joints;
        parts[0].len = sizeof joints;
        parts[1].data = &load;
        parts[1].len = 1;
        must("state", ai_audit_digest_parts(parts, 2, decision.state.bytes));
        decision.state.present = 1;
        memset(&check, 0, sizeof check);
        check.name = text("near-person");
        check.version = text("3");
        check.score.value = 0.93;
        check.score.present = 1;
        check.threshold.value = 0.5;
        check.threshold.present = 1;
        check.fired = 1;
        decision.checks = &check;
        decision.checks_len = 1;
        decision.action = AI_AUDIT_ACTION_REJECT;
        decision.reason_codes = &reason;
        decision.reason_codes_len = 1;
        decision.model = text("planner-s");
        decision.duration_us.value = 1800;
        decision.duration_us.present = 1;
        must("decision",
             ai_audit_seal_decision(&log, &draft, &decision, sealed, sizeof sealed, &len));
        store(file, len);
    }

    must("head", ai_audit_log_head(&log, &head));
    {
        AiAuditToolIntent intent;
        AiAuditToolOutcome outcome;
        draft = next_draft();
        memset(&intent, 0, sizeof intent);
        intent.tool = text("gripper.close");
        intent.call_id = text("c-1");
        must("arguments", ai_audit_digest_exact(text("{\"force\":20}"), secret, draft.id,
                                                text("arguments"), &intent.arguments.digest));
        intent.arguments.form = AI_AUDIT_JSON_CANONICAL;
        intent.parents = head.hash;
        intent.parents_len = 1;
        must("intent", ai_audit_seal_tool_intent(&log, &draft, &intent, sealed, sizeof sealed, &len));
        store(file, len);
        must("head", ai_audit_log_head(&log, &head));

        draft = next_draft();
        memset(&outcome, 0, sizeof outcome);
        outcome.tool = text("gripper.close");
        outcome.call_id = text("c-1");
        memcpy(outcome.intent.bytes, head.hash, sizeof head.hash);
        outcome.intent.present = 1;
        outcome.status = AI_AUDIT_TOOL_TIMED_OUT;
        outcome.error = text("timeout");
        must("outcome",
             ai_audit_seal_tool_outcome(&log, &draft, &outcome, sealed, sizeof sealed, &len));
        store(file, len);
    }

    draft = next_draft();
    must("rotation", ai_audit_seal_rotation(&log, &draft, &next_signer, text("yearly"), sealed,
                                            sizeof sealed, &len));
    store(file, len);

    /* Power goes away here. What goes on has the head, from flash, and the new key. */
    must("head", ai_audit_log_head(&log, &head));
    must("close", ai_audit_log_close(&log));
    must("resume", ai_audit_log_resume(&log, &next_signer, &head));

    draft = next_draft();
    lost.value = 2;
    lost.present = 1;
    must("gap", ai_audit_seal_gap(&log, &draft, now_us - 500000, now_us, lost,
                                  text("power"), sealed, sizeof sealed, &len));
    store(file, len);

    /* A kind of one's own; its bytes are for whoever defined it. */
    draft = next_draft();
    must("body", ai_audit_seal_body(&log, &draft, 0x8001, (const uint8_t *)"\x01\x02", 2, sealed,
                                    sizeof sealed, &len));
    store(file, len);

    draft = next_draft();
    must("stop", ai_audit_seal_stop(&log, &draft, text("end of shift"), sealed, sizeof sealed, &len));
    store(file, len);
    must("head", ai_audit_log_head(&log, &head));
    must("close", ai_audit_log_close(&log));
    if (fclose(file) != 0) {
        perror(argv[2]);
        return 2;
    }
    printf("%lu receipts sealed\n", (unsigned long)head.size);
    return 0;
}
