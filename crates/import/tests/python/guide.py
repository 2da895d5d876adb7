"""Runs the Python of the guide as it stands there, on a store that the library has filled.

    guide.py FILE    runs the code in FILE, saves a tenant's receipts with the `save` that it defines,
                     and prints the public key, then what was saved
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from ai_audit import (
    AuditConfig,
    ReceiptCollector,
    ReceiptStore,
    get_verify_key_hex,
    init_audit_config,
)


def main(code):
    guide = {}
    exec(compile(Path(code).read_text(encoding="utf-8"), code, "exec"), guide)
    init_audit_config(AuditConfig())
    store = ReceiptStore()
    # More than a query gives where it is not told how many.
    for number in range(150):
        for tenant in ("example", "other"):
            collector = ReceiptCollector(tenant_id=tenant)
            collector.set_input(f"Größe {number}?")
            collector.add_check("length", score=number / 150, threshold=1.0)
            collector.set_output("\N{SLIGHTLY SMILING FACE}")
            collector.emit(store)
            collector.cleanup()
    with TemporaryDirectory() as folder:
        saved = Path(folder) / "saved.jsonl"
        guide["save"](store, "example", saved)
        print(get_verify_key_hex(), flush=True)
        sys.stdout.buffer.write(saved.read_bytes())


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
