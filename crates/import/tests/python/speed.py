"""How fast the Python library verifies its own receipts.

    speed.py make FILE NUMBER    writes a package of so many receipts, and prints the public key
    speed.py time FILE KEY       loads its receipts and prints the seconds that verify_chain takes
"""

import sys
import time
import zipfile
from datetime import datetime, timedelta, timezone

from ai_audit.export import export_evidence_package
from ai_audit.hashing import canonicalize_input, hash_output
from ai_audit.models import CheckRecord, DecisionReceipt, ReceiptAction
from ai_audit.verifier import verify_chain
from nacl.signing import SigningKey

KEY = SigningKey(bytes(range(32)))
# verify_chain sorts by time, so times ascend: what is measured is the verification.
BEGIN = datetime(2026, 1, 1, tzinfo=timezone.utc)


def receipt(number, before):
    """What a filtered chat leaves behind: two checks, one of them with details."""
    made = DecisionReceipt(
        receipt_id=f"{number:032x}",
        timestamp=BEGIN + timedelta(milliseconds=37 * number),
        trace_id=f"trace-{number // 3}",
        session_id=f"session-{number // 12}",
        tenant_id="example",
        input_c14n=canonicalize_input(f"question {number}"),
        output_hash=hash_output(f"answer {number}"),
        checks=[
            CheckRecord(name="toxicity", score=number % 97 / 97, threshold=0.9),
            CheckRecord(name="topic", score=1.0, threshold=0.5, detail={"label": "billing"}),
        ],
        action=ReceiptAction.REJECT if number % 50 == 0 else ReceiptAction.ALLOW,
        reason_codes=["policy"] if number % 50 == 0 else [],
        model_id="model-1",
        prev_receipt_hash=before,
    )
    made.seal(KEY)
    return made


def make(path, number):
    receipts, before = [], ""
    for n in range(number):
        receipts.append(receipt(n, before))
        before = receipts[-1].receipt_hash
    key = KEY.verify_key.encode().hex()
    export_evidence_package(receipts, key, KEY, path, tenant_id="example")
    print(key)


def measure(path, key):
    with zipfile.ZipFile(path) as package:
        lines = package.read("receipts.jsonl").splitlines()
    receipts = [DecisionReceipt.model_validate_json(line) for line in lines]
    start = time.perf_counter()
    result = verify_chain(receipts, key)
    seconds = time.perf_counter() - start
    if not result.valid or result.verified_receipts != len(lines):
        sys.exit(f"verify_chain refuses its own package: {result.error}")
    print(seconds)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["make", path, number]:
            make(path, int(number))
        case ["time", path, key]:
            measure(path, key)
        case _:
            sys.exit(__doc__)
