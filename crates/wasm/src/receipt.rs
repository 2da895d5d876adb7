//! One receipt in full.

use crate::examine::State;
use crate::index::{Index, Row};
use crate::path::Path;
use ai_audit_core::UnverifiedReceipt;
use ai_audit_export::{PackageError, PackageReceipt, json_value};
use ai_audit_merkle::{InclusionProof, LeafIndex, TreeSize, inclusion_proof};
use ai_audit_note::Checkpoint;
use serde_json::{Value, json};

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
            if row.hash != Some(receipt.hash()) {
                // The file was changed under our hands.
                fields.insert("state".into(), json!(State::Unverified));
                let said = "the file is not the one that was verified: it changed since";
                fields.insert("unreadable".into(), said.into());
                return value;
            }
        }
        Ok(Err(error)) => {
            fields.insert("unreadable".into(), error.to_string().into());
        }
        Err(_) => {}
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
