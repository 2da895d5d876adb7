"""What a small application that uses the Python library leaves behind, for the guide and its test.

    sample.py FOLDER    writes old.zip, an evidence package of 12 receipts; tools.jsonl, two tool-call
                        receipts; objects, two receipts of another tenant, laid out as the library
                        does in object storage; and old.hex, the public key

The key is fixed and no secret: nothing but these samples is signed with it. The verifier that the
library puts into packages is left out: it is nobody's data.
"""

import gzip
import sys
from dataclasses import asdict
from pathlib import Path

import ai_audit.export
import orjson
from ai_audit import (
    AuditConfig,
    ReceiptAction,
    ReceiptCollector,
    ReceiptStore,
    export_evidence_package,
    get_verify_key_hex,
    init_audit_config,
    seal_tool_call,
)
from ai_audit.keys import get_signing_key

SEED = bytes(range(32)).hex()

ASKED = [
    ("When does my order arrive?", "On Monday.", 0.01),
    ("Can I pay later?", "Yes, within 14 days.", 0.02),
    ("Write me a threat to my neighbour.", "I will not.", 0.97),
    ("Wo ist meine Bestellung?", "In Köln.", 0.01),
    ("Cancel it.", "It is cancelled.", 0.03),
    ("I want to talk to a person.", "One moment.", 0.05),
]


def decide(store, number, tenant):
    question, answer, score = ASKED[number % len(ASKED)]
    collector = ReceiptCollector(
        trace_id=f"{tenant}-trace-{number}",
        session_id=f"{tenant}-session-{number // 3}",
        tenant_id=tenant,
        model_id="model-1",
    )
    collector.set_input(question)
    collector.add_check(
        "toxicity", score=score, threshold=0.8, fired=score > 0.8, detail={"layer": "pre"}
    )
    collector.set_output(answer)
    collector.set_state([f"session-{number // 3}", tenant])
    if score > 0.8:
        collector.set_action(ReceiptAction.REJECT)
        collector.add_reason("toxicity")
    elif "person" in question:
        collector.set_action(ReceiptAction.ESCALATE)
        collector.add_reason("asked for a person")
    collector.emit(store)
    collector.cleanup()


def main(folder):
    init_audit_config(AuditConfig(is_production=True, signing_key_hex=SEED))
    ai_audit.export._VERIFY_SCRIPT = "# A verifier stands here.\n"
    store = ReceiptStore()
    for number in range(12):
        decide(store, number, "example")
    key = get_verify_key_hex()
    receipts = store.get_by_tenant("example")
    export_evidence_package(
        receipts, key, get_signing_key(), folder / "old.zip", tenant_id="example"
    )
    before, lines = "", []
    for amount in (12, 30):
        made = seal_tool_call(
            agent_id="refunds",
            tool_name="pay_back",
            tool_args={"amount": amount},
            tool_result="paid",
            private_key=get_signing_key(),
            tenant_id="example",
            prev_receipt_hash=before,
            duration_ms=41.5,
        )
        before = made.receipt_hash
        lines.append(orjson.dumps(asdict(made)) + b"\n")
    (folder / "tools.jsonl").write_bytes(b"".join(lines))
    for number in range(2):
        decide(store, number, "shop")
    for receipt in store.get_by_tenant("shop"):
        month = folder / "objects/receipts/shop" / receipt.timestamp.strftime("%Y-%m")
        month.mkdir(parents=True, exist_ok=True)
        packed = gzip.compress(orjson.dumps(receipt.model_dump(mode="json")))
        (month / f"{receipt.receipt_id}.json.gz").write_bytes(packed)
    (folder / "old.hex").write_text(key + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
