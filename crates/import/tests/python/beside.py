"""The work that ours is held against, done by the Python library; prints nanoseconds as JSON.

    beside.py TEXT    the figures are for a receipt, of "redaction" for a byte of the text in this file, and
                      of "memory" bytes for a receipt

Receipts are as in speed.py. What is timed gets its input ready-made, and of several times the least
counts: what others take away of the machine only ever adds.
"""

import gc
import json
import sys
import tempfile
import time
from pathlib import Path

from ai_audit.batch import MerkleBatcher
from ai_audit.export import export_evidence_package
from ai_audit.pii import PiiConfig, obfuscate_text
from ai_audit.receipt_store import ReceiptStore
from ai_audit.verifier import verify_chain
from speed import KEY, receipt

RECEIPTS = 2_000
# In the store whose memory is taken.
STORED = 50_000
# Decisions that are made and sealed in a turn.
SEALED = 50
# What is short is done more often.
REPEATS = 9
SHORT_REPEATS = 200


def resident():
    """Bytes of memory that this process has now, or None where there is no /proc."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))


def chain(number):
    receipts, before = [], ""
    for n in range(number):
        receipts.append(receipt(n, before))
        before = receipts[-1].receipt_hash
    return receipts


def least(work, items, repeats=REPEATS):
    """Nanoseconds an item."""
    taken = []
    for _ in range(repeats):
        start = time.perf_counter_ns()
        work()
        taken.append((time.perf_counter_ns() - start) / items)
    return min(taken)


def stored(number):
    """Bytes of memory a receipt, of a store in memory."""
    gc.collect()
    before = resident()
    if before is None:
        return None
    store, last = ReceiptStore(max_size=number), ""
    for n in range(number):
        made = receipt(n, last)
        last = made.receipt_hash
        store.append(made)
    del made
    gc.collect()
    taken = (resident() - before) / number
    if store.count != number:
        sys.exit(f"the store kept {store.count} of {number} receipts")
    return taken


def figures(text):
    memory = stored(STORED)
    receipts = chain(RECEIPTS)
    key = KEY.verify_key.encode().hex()
    if not verify_chain(receipts, key).valid:
        sys.exit("verify_chain refuses its own receipts")

    def batch():
        batcher = MerkleBatcher("example", KEY, max_batch_size=RECEIPTS + 1)
        for made in receipts:
            batcher.add(made.receipt_id, made.seal_payload())
        batcher.flush()

    def seal():
        for n in range(SEALED):
            receipt(n, receipts[0].receipt_hash)

    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / "package.zip"
        export = least(
            lambda: export_evidence_package(receipts, key, KEY, package, tenant_id="example"), RECEIPTS
        )
    config = PiiConfig()
    return {
        "seal": least(seal, SEALED, SHORT_REPEATS),
        "verify": least(lambda: verify_chain(receipts, key), RECEIPTS),
        "batch": least(batch, RECEIPTS),
        "redaction": least(lambda: obfuscate_text(text, config), len(text.encode()), SHORT_REPEATS),
        "export": export,
        "memory": memory,
    }


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print(json.dumps(figures(Path(sys.argv[1]).read_text(encoding="utf-8"))))
