//! The README that every package carries for its auditor.

use crate::{Manifest, PackageOptions};
use std::fmt::Write;

/// The text; it depends on nothing but the manifest's claims and on which files there are.
/// `encrypted` is whether there are ciphertexts.
pub(crate) fn readme(claims: &Manifest, options: &PackageOptions, encrypted: bool) -> String {
    let Manifest {
        origin,
        log_id,
        receipts,
        checkpoint,
        ..
    } = claims;
    let selection = claims.selection.describe();
    let whole = claims.selection.is_all();
    let mut text = format!(
        "# Evidence package

An excerpt of the audit log of an AI system, made with ai-audit.

| | |
|---|---|
| log | `{origin}` |
| log id | `{log_id}` |
| contents | {selection} |
| receipts | {receipts} |
| checkpoint | {checkpoint} receipts |

All of this was written by the keeper of the log. Nothing in this package, this text and
`verify.py` included, is a reason to trust it: that comes from the key line (`log.pub`) that you
were given before, by another way, and from a checkpoint that you kept.

## Verify it

With the command line, which you should get from its publisher and not from the sender of this
package:

    ai-audit verify package.zip --key log.pub --checkpoint kept.note

`--key` is the key line that you had before. `--checkpoint` is a checkpoint that you kept; without
one, receipts missing at the end cannot be noticed, and completeness stays \"unverified\". Exit code 0
means that everything you asked for is verified, 1 that something failed, 3 that something could not
be verified.

A second opinion, which needs only Python 3 (unpack the package first):

    python3 verify.py . --key log.pub

A verifier that came with the evidence proves nothing by itself: compare `verify.py` with the
published one, or read it.

## Files

- `receipts.bin`: the receipts' exact bytes, as they were hashed, chained and signed
"
    );
    if options.json_view {
        text.push_str("- `receipts.jsonl`: the same receipts for people, one a line, derived from the bytes\n");
    }
    if !whole {
        text.push_str("- `proofs.bin`: for each receipt the proof that it is in the checkpoint\n");
    }
    text.push_str(
        "- `checkpoint.note`: size and Merkle root of the log, signed (C2SP checkpoint)\n",
    );
    if options.timestamp.is_some() {
        text.push_str(
            "- `checkpoint.tsr`: a timestamp over the text of `checkpoint.note` (RFC 3161); it counts where\n  \
               you trust its authority\n",
        );
    }
    text.push_str("- `checkpoints.bin`: earlier checkpoints, where the log has any\n");
    if encrypted {
        text.push_str(
            "- `ciphertexts.bin`: texts that are kept encrypted, those that were still there; they can be\n  \
               read with the keys of the persons concerned, which are not in this package\n",
        );
    }
    if let Some(reports) = &options.reports {
        for (name, _) in reports.files() {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "- `{name}`: a report on the log");
        }
        text.push_str(
            "- `report.note`: SHA-256 and length of each report, and the log's size and root that they are of,\n  \
               signed: these are the bytes that the keeper issued; whether they are right shows only making\n  \
               them again\n",
        );
    }
    text.push_str(
        "- `key-history.json`: the log's keys
- `manifest.note`: SHA-256 and size of every file, signed
",
    );
    let limits = if whole {
        "The log is here from its first receipt to the checkpoint."
    } else {
        "This is a selection, with all receipts about the log itself. Each receipt is proved to be in\n\
         the log; that no other receipt belongs to the selection is not."
    };
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "
## What it does not show

{limits} Times are the keeper's own clock; a witness or
timestamp authority that you trust bounds them, where one signed a checkpoint. That a receipt was
signed does not make true what it says. Texts are recorded as digests: who holds a text can show
that it is the one recorded, and nobody can read it from here{}.
",
        if encrypted { " without its key" } else { "" }
    );
    text
}
