"""Packages of fresh random receipts, two as they should be and the others spoilt, each in one way, by one
who has the library and what keys the way needs.

    forge.py SEED FOLDER    writes CLASS.WAY.zip each, and prints the public key
"""

import json
import sys
import zipfile
from pathlib import Path

from ai_audit.export import export_evidence_package
from ai_audit.models import ReceiptAction
from nacl.signing import SigningKey
from records import Maker


class Forger:
    def __init__(self, seed, folder):
        self.maker = Maker(seed)
        self.key = self.maker.key
        self.other = SigningKey(self.maker.random.randbytes(32))
        self.folder = Path(folder)

    def receipts(self, number=20):
        return self.maker.receipts(number, comparable=True)

    def relink(self, receipts, key):
        """Seals a chain anew, each receipt behind the one before."""
        before = ""
        for receipt in receipts:
            receipt.prev_receipt_hash = before
            receipt.seal(key)
            before = receipt.receipt_hash

    def write(self, name, receipts, key=None, signer=None, **metadata):
        key = key or self.key
        public = key.verify_key.encode().hex()
        path = self.folder / f"{name}.zip"
        return export_evidence_package(receipts, public, signer or key, path, metadata=metadata)

    def again(self, path, change):
        """Writes the archive again, after `change` of its files."""
        with zipfile.ZipFile(path) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        change(files)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, contents in files.items():
                archive.writestr(name, contents)

    def covers_nothing(self, files):
        manifest = json.loads(files["manifest.json"])
        manifest["checksums"] = {}
        del manifest["signature"]
        signed = self.key.sign(json.dumps(manifest, sort_keys=True).encode())
        manifest["signature"] = signed.signature.hex()
        files["manifest.json"] = json.dumps(manifest, indent=2, sort_keys=True).encode()

    def all(self):
        self.write("valid.plain", self.receipts())
        self.write("valid.one", self.receipts(1))

        made = self.receipts()
        actions = [action for action in ReceiptAction if action != made[7].action]
        made[7].action = self.maker.random.choice(actions)
        self.write("tampered.action", made)

        made = self.receipts()
        made[-1].model_id += "!"
        made[-1].receipt_hash = made[-1].compute_hash()
        self.write("tampered.rehashed", made)

        made = self.receipts()
        made[3].signature = made[4].signature
        self.write("tampered.signature-of-another", made)

        made = self.receipts()
        made[-1].seal(self.other)
        self.write("tampered.by-a-third-key", made)

        made = self.receipts()
        self.relink(made, self.other)
        self.write("wrong-key.all-of-it", made, self.other)

        made = self.receipts()
        # With a count that fits, nobody could tell it from another order.
        self.write("missing.middle", made[:9] + made[10:], total_receipts=len(made))
        self.write("missing.head", made[1:])
        self.write("missing.tail", made[:-2], total_receipts=len(made))

        made = self.receipts()
        one, two = made[5], made[6]
        one.prev_receipt_hash, two.prev_receipt_hash = two.prev_receipt_hash, one.prev_receipt_hash
        one.seal(self.key)
        two.seal(self.key)
        self.write("reordered.links-exchanged", made)

        made = self.receipts()
        heir = self.receipts(1)[0]
        heir.prev_receipt_hash = made[9].receipt_hash
        heir.seal(self.key)
        self.write("forked.two-heirs", [*made, heir])

        made = self.receipts()
        self.write("replayed.twice", [*made, made[12]])

        made = self.receipts()
        self.write("forged-manifest.another-signer", made, signer=self.other)
        path = self.write("forged-manifest.covers-nothing", made)
        self.again(path, self.covers_nothing)
        path = self.write("malformed.one-file-more", made)
        self.again(path, lambda files: files.update({"notes.txt": b"nothing to see"}))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    forger = Forger(int(sys.argv[1]), sys.argv[2])
    forger.all()
    print(forger.key.verify_key.encode().hex())
