//! Records and packages in the form of the Python library `ai-audit-trail`, signed with keys of tests.
//!
//! Written from `docs/spec/python-library.md` and not with the crate that reads them.

mod package;

use ai_audit_core::{Digest, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub use package::{PythonFiles, python_zip};

/// A decision receipt without link, hash and signature. `n` makes its id and time.
#[must_use]
pub fn decision(n: u64, tenant: &str) -> Value {
    json!({
        "receipt_id": id("decision", n, tenant),
        "receipt_version": "1.0",
        "timestamp": time(n),
        "trace_id": format!("trace-{n}"),
        "session_id": "",
        "tenant_id": tenant,
        "input_c14n": Digest::of(&n.to_be_bytes()).to_string(),
        "state_digest": "",
        "output_hash": "",
        "checks": [{"name": "naïve \"check\"", "version": "1.0", "score": 0.5, "threshold": 0.25,
            "fired": true, "detail": {"b": [1, null, "\u{1f600}\n"], "a": {}}}],
        "action": "allow",
        "reason_codes": ["ok"],
        "nist_tags": [],
        "model_id": "gpt-4o",
        "config_digest": "",
        "prev_receipt_hash": "",
    })
}

/// A tool-call receipt without link, hash and signature.
#[must_use]
pub fn tool_call(n: u64, tenant: &str) -> Value {
    json!({
        "receipt_id": id("tool", n, tenant),
        "timestamp": time(n),
        "tenant_id": tenant,
        "trace_id": "",
        "tool_name": "search",
        "tool_args_hash": Digest::of(b"{}").to_string(),
        "tool_result_hash": Digest::of(b"found").to_string(),
        "duration_ms": 1.5,
        "success": true,
        "error": "",
        "agent_id": "agent",
        "prev_receipt_hash": "",
    })
}

fn id(what: &str, n: u64, tenant: &str) -> String {
    let mut digits = Digest::of(format!("{what} {n} of {tenant}").as_bytes()).to_string();
    digits.truncate(32);
    digits
}

fn time(n: u64) -> String {
    let (minutes, seconds) = (n / 60 % 60, n % 60);
    let (days, hours) = (n / 86_400 % 28 + 1, n / 3600 % 24);
    format!(
        "2026-05-{days:02}T{hours:02}:{minutes:02}:{seconds:02}.000{:03}Z",
        n % 1000
    )
}

/// A chain of decision receipts of one tenant, sealed with `key`.
#[must_use]
pub fn decisions(count: u64, tenant: &str, key: &SigningKey) -> Vec<Value> {
    let mut records: Vec<Value> = (0..count).map(|n| decision(n, tenant)).collect();
    chain(&mut records, key);
    records
}

/// A chain of tool-call receipts of one tenant, sealed with `key`.
#[must_use]
pub fn tool_calls(count: u64, tenant: &str, key: &SigningKey) -> Vec<Value> {
    let mut records: Vec<Value> = (0..count).map(|n| tool_call(n, tenant)).collect();
    chain(&mut records, key);
    records
}

/// Links receipts to each other, the first one to nothing, and seals them.
pub fn chain(records: &mut [Value], key: &SigningKey) {
    let mut before = String::new();
    for record in records {
        record["prev_receipt_hash"] = before.into();
        seal(record, key);
        before = text_of(record, "receipt_hash");
    }
}

/// Gives a receipt the hash and signature of what it says now.
pub fn seal(record: &mut Value, key: &SigningKey) {
    let signed = signed_bytes(record);
    record["receipt_hash"] = Digest::of(&signed).to_string().into();
    record["signature"] = key.sign(&signed).to_string().into();
}

/// The bytes that a record signs: members sorted, without white space.
#[must_use]
pub fn signed_bytes(record: &Value) -> Vec<u8> {
    let mut signed = record.clone();
    for unsigned in ["receipt_hash", "signature"] {
        signed.as_object_mut().unwrap().remove(unsigned);
    }
    written(&signed, ",", ":", &|text| Value::from(text).to_string()).into_bytes()
}

/// A value with its names sorted at every level.
fn written(value: &Value, comma: &str, colon: &str, string: &dyn Fn(&str) -> String) -> String {
    let again = |value| written(value, comma, colon, string);
    match value {
        Value::Object(members) => {
            let mut members: Vec<(&String, &Value)> = members.iter().collect();
            members.sort_by_key(|(name, _)| name.as_bytes());
            let members = members
                .iter()
                .map(|(name, value)| [&string(name), colon, &again(value)].concat());
            format!("{{{}}}", members.collect::<Vec<String>>().join(comma))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(again).collect();
            format!("[{}]", items.join(comma))
        }
        Value::String(text) => string(text),
        other => other.to_string(),
    }
}

/// A seal over a batch of receipts.
#[must_use]
pub fn batch_seal(n: u64, receipts: &[Value], before: &str, key: &SigningKey) -> Value {
    let ids: Vec<&Value> = receipts
        .iter()
        .map(|receipt| &receipt["receipt_id"])
        .collect();
    let mut seal = json!({
        "batch_id": id("batch", n, ""),
        "tenant_id": receipts[0]["tenant_id"],
        "merkle_root": merkle_root(receipts),
        "leaf_count": receipts.len(),
        "prev_batch_root": before,
        "timestamp": time(n),
        "receipt_ids": ids,
    });
    sign_seal(&mut seal, key);
    seal
}

/// A seal over an epoch. As the library does, it puts the receipts in the order of their times.
#[must_use]
pub fn epoch_seal(n: u64, receipts: &[Value], before: &str, key: &SigningKey) -> Value {
    let mut receipts = receipts.to_vec();
    receipts.sort_by_key(|receipt| text_of(receipt, "timestamp"));
    let tenant = text_of(&receipts[0], "tenant_id");
    let mut seal = json!({
        "epoch_id": format!("{tenant}-epoch-{n}"),
        "tenant_id": tenant,
        "first_receipt_hash": receipts[0]["receipt_hash"],
        "last_receipt_hash": receipts[receipts.len() - 1]["receipt_hash"],
        "receipt_count": receipts.len(),
        "merkle_root": merkle_root(&receipts),
        "sealed_at": time(n),
        "prev_epoch_seal_hash": before,
    });
    sign_seal(&mut seal, key);
    seal
}

/// Signs what a seal says now; seals name no hash.
pub fn sign_seal(seal: &mut Value, key: &SigningKey) {
    seal["signature"] = key.sign(&signed_bytes(seal)).to_string().into();
}

/// The root of RFC 6962 over the signed bytes, by its definition.
fn merkle_root(receipts: &[Value]) -> String {
    fn root(leaves: &[[u8; 32]]) -> [u8; 32] {
        match leaves {
            [] => [0; 32],
            [leaf] => *leaf,
            _ => {
                let left = leaves.len().next_power_of_two() / 2;
                let (left, right) = leaves.split_at(left);
                hash(1, &[root(left), root(right)].concat())
            }
        }
    }
    fn hash(prefix: u8, bytes: &[u8]) -> [u8; 32] {
        Sha256::new()
            .chain_update([prefix])
            .chain_update(bytes)
            .finalize()
            .into()
    }
    let leaves: Vec<[u8; 32]> = receipts
        .iter()
        .map(|receipt| hash(0, &signed_bytes(receipt)))
        .collect();
    Digest::from_bytes(root(&leaves)).to_string()
}

/// A member that is a text.
#[must_use]
pub fn text_of(record: &Value, name: &str) -> String {
    record[name].as_str().unwrap().to_owned()
}

/// Records as JSON Lines.
#[must_use]
pub fn lines(records: &[Value]) -> String {
    records.iter().map(|record| format!("{record}\n")).collect()
}
