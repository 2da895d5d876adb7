"""Random records of every sort, made by the Python library itself.

    records.py SEED NUMBER           so many receipts, and a share of the other sorts
    records.py SEED NUMBER PACKAGE   as above; and the receipts as a package, with nothing but
                                     times that the library can sort

The first line has the public key. Each other line is an object: `sort`, `payload` with the bytes that
the library signed, in hexadecimal, `hash` where the record names one, `forms` with the record's text, as
the library writes it and as other programs write it again, and `unsure`, the number of places at which
PostgreSQL's form leaves open what the number was.
"""

import json
import random
import sys
from dataclasses import asdict
from datetime import datetime, timedelta, timezone

import orjson
from ai_audit.batch import MerkleBatcher
from ai_audit.epochs import EpochManager
from ai_audit.export import export_evidence_package
from ai_audit.models import CheckRecord, DecisionReceipt, ReceiptAction
from ai_audit.receipt_store import ReceiptStore
from ai_audit.toolcall import seal_tool_call
from nacl.signing import SigningKey
from rewrite import forms, unsure

# Ends of ranges, in which characters are drawn: of what JSON escapes, of what writers differ about,
# and of each length in UTF-8 and UTF-16.
RANGES = [
    (0x00, 0x1F), (0x20, 0x7E), (0x20, 0x7E), (0x22, 0x22), (0x5C, 0x5C), (0x7F, 0x9F),
    (0xA0, 0x17F), (0x300, 0x36F), (0x370, 0x5FF), (0x2000, 0x206F), (0x3040, 0x9FFF),
    (0xAC00, 0xD7FF), (0xE000, 0xE010), (0xFDD0, 0xFDEF), (0xFE00, 0xFFFF), (0x10000, 0x10FFF),
    (0x1F300, 0x1FAFF), (0xE0000, 0xE01EF), (0x10FFF0, 0x10FFFF),
]
FLOATS = [
    0.0, -0.0, 1.0, 0.1, 0.5, 1 / 3, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308,
    -1.7976931348623157e308, 1e15, 123456789012345680.0, 9999999999999998.0, 1e16, 1.5e16, 1e17,
    1e21, 1e22, 1e23, 123456789.125, 1e-4, 1e-5, 9.999e-6, 1e-6, 1e-7, 1.5e-10, -1e-5, 2.0**53,
    float("nan"), float("inf"), float("-inf"),
]
INTEGERS = [
    0, 1, -1, 2**31, 2**53, 2**53 + 1, 10**15, 10**16 - 1, 10**16, 10**16 + 1, 2**63 - 1, -(2**63),
    2**64 - 1, -(10**16), -(10**17),
]
BEGIN = datetime(2026, 1, 1, 12, 0, 0)


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.key = SigningKey(self.random.randbytes(32))
        self.now = BEGIN

    def text(self, longest=12):
        length = self.random.choice([0, 1, 1, 3, longest])
        return "".join(
            chr(self.random.randint(*self.random.choice(RANGES))) for _ in range(length)
        )

    def name(self):
        """Sometimes one that sorts otherwise by UTF-16 than by UTF-8."""
        return self.random.choice(["", "a", "b", "A", "é", "\uff5a", "\U0001f642", self.text()])

    def float(self):
        drawn = self.random.random()
        if drawn < 0.4:
            return self.random.choice(FLOATS)
        if drawn < 0.6:
            return self.random.random()
        if drawn < 0.7:
            # Halfway between two texts of equal length.
            return self.random.randint(2**49, 2**50) + self.random.choice([0.25, 0.75])
        return self.random.uniform(-1, 1) * 10.0 ** self.random.randint(-310, 307)

    def integer(self):
        if self.random.random() < 0.6:
            return self.random.choice(INTEGERS)
        return self.random.randint(-(2**63), 2**64 - 1) >> self.random.randint(0, 63)

    def value(self, depth):
        kind = self.random.randrange(9 if depth else 6)
        if kind == 0:
            return self.text(40)
        if kind == 1:
            return self.float()
        if kind == 2:
            return self.integer()
        if kind == 3:
            return self.random.choice([None, True, False])
        if kind == 4:
            return self.time()
        if kind == 5:
            return "x" * self.random.choice([0, 255, 3000])
        if kind == 6:
            return [self.value(depth - 1) for _ in range(self.random.choice([0, 1, 2, 30]))]
        found = self.object(depth - 1)
        if self.random.random() < 0.1:
            # Names that are no texts, which only the outermost object refuses.
            found[self.random.choice([7, -1, True, None])] = self.value(0)
        return found

    def object(self, depth):
        return {self.name(): self.value(depth) for _ in range(self.random.choice([0, 1, 4]))}

    def zone(self):
        return self.random.choice([
            timezone.utc, timezone.utc, timezone(timedelta(hours=2)),
            timezone(timedelta(hours=-3, minutes=-30)),
        ])

    def time(self):
        """A little later than the one before; whole seconds, thousandths or millionths."""
        self.now += timedelta(microseconds=self.random.choice([10**6, 37 * 10**3, 1]))
        if self.random.random() < 0.3:
            self.now = self.now.replace(microsecond=0) + timedelta(seconds=1)
        return self.now.replace(tzinfo=timezone.utc).astimezone(self.zone())

    def texts(self):
        return [self.text() for _ in range(self.random.choice([0, 0, 1, 3, 50]))]

    def digest(self):
        return self.random.choice(["", self.random.randbytes(32).hex()])

    def check(self):
        optional = {}
        if self.random.random() < 0.5:
            optional["detail"] = self.object(3)
        if self.random.random() < 0.7:
            optional["score"] = self.float()
            optional["threshold"] = self.float()
        return CheckRecord(name=self.text(), fired=self.random.random() < 0.2, **optional)

    def receipt(self, comparable):
        time = self.time()
        if not comparable and self.random.random() < 0.1:
            time = time.replace(tzinfo=None)
        return DecisionReceipt(
            receipt_id=self.random.randbytes(16).hex(),
            timestamp=time,
            trace_id=self.text(),
            session_id=self.text(),
            tenant_id="example",
            input_c14n=self.digest(),
            state_digest=self.digest(),
            output_hash=self.digest(),
            checks=[self.check() for _ in range(self.random.choice([0, 1, 2, 2, 9]))],
            action=self.random.choice(list(ReceiptAction)),
            reason_codes=self.texts(),
            nist_tags=self.texts(),
            model_id=self.text(),
            config_digest=self.digest(),
        )

    def receipts(self, number, comparable):
        """A chain of them, by the library's own store."""
        store = ReceiptStore(max_size=number + 1)
        made = [self.receipt(comparable) for _ in range(number)]
        for receipt in made:
            store.atomic_seal_and_append(receipt, self.key)
        return made

    def tool_calls(self, number):
        before = ""
        for _ in range(number):
            # Whoever measures in whole milliseconds hands an integer in, and it stays one.
            duration = self.random.choice([self.float(), self.random.randint(0, 10**6)])
            made = seal_tool_call(
                agent_id=self.text(),
                tool_name=self.text(),
                tool_args={"text": self.text()},
                tool_result=self.text(),
                private_key=self.key,
                tenant_id="example",
                parent_receipt_id=self.text(),
                prev_receipt_hash=before,
                duration_ms=duration,
                success=self.random.random() < 0.8,
                error=self.text(),
            )
            before = made.receipt_hash
            yield made


def show(sort, record, text):
    line = {
        "sort": sort,
        "payload": record.seal_payload().hex(),
        "forms": forms(text),
        "unsure": unsure(text),
    }
    if hasattr(record, "receipt_hash"):
        line["hash"] = record.receipt_hash
    print(json.dumps(line))


def main(seed, number, package=None):
    maker = Maker(int(seed))
    key = maker.key.verify_key.encode().hex()
    print(json.dumps({"key": key, "orjson": orjson.__version__}))
    receipts = maker.receipts(int(number), package is not None)
    batches = MerkleBatcher("example", maker.key, max_batch_size=37)
    epochs = EpochManager("example", maker.key, max_epoch_size=100)
    for receipt in receipts:
        show("receipt", receipt, orjson.dumps(receipt.model_dump(mode="json")).decode())
        batches.add(receipt.receipt_id, receipt.seal_payload())
        if receipt.timestamp.tzinfo:
            epochs.add_receipt(receipt)
    batches.flush()
    epochs.seal_epoch()
    for sort, made in [
        ("tool call", maker.tool_calls(int(number) // 4)),
        ("batch seal", batches.seals),
        ("epoch seal", epochs.seals),
    ]:
        for record in made:
            show(sort, record, orjson.dumps(asdict(record)).decode())
    if package is not None:
        export_evidence_package(receipts, key, maker.key, package, tenant_id="example")


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(*sys.argv[1:])
