//! One receipt in full.

use crate::examine::State;
use crate::index::{Index, Row};
use crate::path::Path;
use ai_audit_core::UnverifiedReceipt;
use ai_audit_export::{PackageError, PackageReceipt, json_value};
use ai_audit_merkle::{InclusionProof, LeafIndex, TreeSize, inclusion_proof};
use ai_audit_note::Checkpoint;
use serde_json::{Value, json};

/// What is said where the file was changed under our hands.
pub(crate) const CHANGED: &str = "the file is not the one that was verified: it changed since";

/// What the window shows of a receipt: `header`, its fields in the order of the format; `body`, its JSON
/// view for reading; the `path`, or `no_path` with the reason.
pub(crate) fn shown(
    place: usize,
    row: &Row,
    index: &mut Index,
    receipt: &PackageReceipt<'_>,
    checkpoint: Result<Checkpoint, PackageError>,
) -> Value {
    let mut value = json!({
        "row": place,
        "seq": row.seq.to_string(),
        "state": row.state,
        "hash": row.hash,
    });
    let Some(fields) = value.as_object_mut() else {
        return value;
    };
    match receipt.sealed.map(UnverifiedReceipt::parse) {
        Ok(Ok(receipt)) => {
            let mut view = json_value(&receipt);
            let body = view.get_mut("body").map(Value::take);
            if let Some(body) = body {
                // Text, so that no number is rounded on its way.
                let text = serde_json::to_string_pretty(&body).unwrap_or_default();
                fields.insert("body".into(), text.into());
            }
            fields.insert("header".into(), header(&receipt));
            fields.insert("signature".into(), view["signature"].take());
            fields.insert("body_hex".into(), view["body_hex"].take());
            fields.insert("bytes".into(), receipt.payload().len().into());
        }
        Ok(Err(error)) => {
            fields.insert("unreadable".into(), error.to_string().into());
        }
        Err(_) => {}
    }
    if !row.is_of(receipt) {
        fields.insert("state".into(), json!(State::Unverified));
        fields.insert("unreadable".into(), CHANGED.into());
        return value;
    }
    let path = path(row, index, receipt, checkpoint);
    match path {
        Ok(path) => fields.insert("path".into(), json!(path)),
        Err(reason) => fields.insert("no_path".into(), reason.into()),
    };
    value
}

fn header(receipt: &UnverifiedReceipt<'_>) -> Value {
    let header = receipt.header();
    let kind = header.kind;
    json!([
        ["number", header.seq.to_string()],
        ["kind", format!("{kind} ({})", kind.number())],
        ["sealed at", header.sealed_at.to_string()],
        ["trace", header.trace_id],
        ["session", header.session_id],
        ["actor", header.actor_id],
        ["receipt id", header.id],
        ["log", header.log_id],
        ["before it", header.prev],
        ["signed by", header.key_id],
        ["sealed", header.mode],
        ["format version", header.version.to_string()],
    ])
}

fn path(
    row: &Row,
    index: &mut Index,
    receipt: &PackageReceipt<'_>,
    checkpoint: Result<Checkpoint, PackageError>,
) -> Result<Path, String> {
    let checkpoint = checkpoint.map_err(|error| error.to_string())?;
    let leaf = row
        .hash
        .ok_or("the receipt cannot be read, so it has no hash")?;
    let place = LeafIndex::new(row.seq);
    let size = checkpoint.size;
    if !size.contains(place) {
        return Err(format!(
            "the package's checkpoint is over {} receipts, and this one comes after them",
            size.as_u64()
        ));
    }
    let proof = match &receipt.path {
        Some(path) => InclusionProof {
            index: place,
            size,
            path: path.clone(),
        },
        None => {
            let tree = index
                .tree_mut()
                .ok_or("a receipt cannot be read, so there is no tree over all of them")?;
            if tree.size() < size {
                return Err(too_short(tree.size(), size));
            }
            inclusion_proof(tree, place, size).map_err(|error| error.to_string())?
        }
    };
    Path::new(leaf, &proof, checkpoint.root)
}

fn too_short(found: TreeSize, size: TreeSize) -> String {
    format!(
        "the package's checkpoint is over {} receipts, and only {} are here",
        size.as_u64(),
        found.as_u64()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examine::Seen;
    use ai_audit_core::LeafHash;
    use ai_audit_export::PackageContents;
    use ai_audit_testkit::TestLog;

    fn read(sealed: Result<&[u8], LeafHash>) -> PackageReceipt<'_> {
        PackageReceipt { sealed, path: None }
    }

    /// What is shown of a receipt that was verified, when `second` is read in its place.
    fn shown_after(first: &[u8], second: &PackageReceipt<'_>) -> Value {
        let receipt = UnverifiedReceipt::parse(first).expect("it was sealed");
        let seen = Seen::of(State::Verified, &receipt);
        let mut index = Index::new(false);
        index.push(&read(Ok(first)), &seen);
        let row = *index.rows().first().expect("it was pushed");
        assert_eq!(row.state, State::Verified);
        // No checkpoint: what has none is not what is asked here.
        let none = PackageContents::open(Vec::<u8>::new()).err();
        let none = none.expect("nothing is no package");
        shown(0, &row, &mut index, second, Err(none))
    }

    #[test]
    fn whatever_is_read_in_place_of_a_verified_receipt_is_not_verified() {
        let sealed = TestLog::new(1).seal(2);
        let [first, other] = sealed.as_slice() else {
            panic!("two receipts were asked for");
        };
        let first = first.as_bytes();
        assert_eq!(shown_after(first, &read(Ok(first)))["state"], "verified");
        let hash = UnverifiedReceipt::parse(first)
            .expect("it was sealed")
            .hash();
        let mut signed_otherwise = first.to_vec();
        *signed_otherwise.last_mut().expect("it is longer") ^= 1;
        let cut = first.get(..first.len() / 2).expect("it is longer");
        for (what, second) in [
            ("another receipt", read(Ok(other.as_bytes()))),
            ("another signature", read(Ok(&signed_otherwise))),
            ("bytes that are none", read(Ok(cut))),
            ("no bytes", read(Ok(&[]))),
            ("a deleted one", read(Err(LeafHash::of(b"other")))),
            ("the same one deleted", read(Err(hash))),
        ] {
            let shown = shown_after(first, &second);
            assert_eq!(shown["state"], "unverified", "{what}");
            assert_eq!(shown["unreadable"], CHANGED, "{what}");
            assert!(shown["path"].is_null(), "{what} has no way to the root");
        }
    }

    #[test]
    fn a_hash_without_bytes_is_not_listed_as_verified() {
        let sealed = TestLog::new(1).seal(1);
        let sealed = sealed.first().expect("one was asked for").as_bytes();
        let receipt = UnverifiedReceipt::parse(sealed).expect("it was sealed");
        let (hash, seen) = (receipt.hash(), Seen::of(State::Verified, &receipt));
        let mut index = Index::new(false);
        index.push(&read(Err(hash)), &seen);
        assert_eq!(
            index.rows().first().map(|row| row.state),
            Some(State::Deleted)
        );
    }
}
