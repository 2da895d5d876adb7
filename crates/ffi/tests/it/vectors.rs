//! The specification's vectors through the interface.

use crate::caller::*;
use ai_audit_core::{DecodeBody, Genesis, UnverifiedReceipt};
use ai_audit_ffi::*;
use serde_json::Value;
use std::path::Path;

fn spec(name: &str) -> Option<Vec<u8>> {
    let path = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/spec/vectors"
    ))
    .join(name);
    let bytes = std::fs::read(path).ok();
    if bytes.is_none() {
        println!("SKIPPED: docs/spec/vectors/{name} is absent");
    }
    bytes
}

fn unhex(value: &Value) -> Vec<u8> {
    let digits = value.as_str().unwrap().as_bytes();
    let nibble = |c: u8| char::from(c).to_digit(16).unwrap();
    let byte = |pair: &[u8]| u8::try_from(nibble(pair[0]) * 16 + nibble(pair[1])).unwrap();
    digits.chunks(2).map(byte).collect()
}

#[test]
#[cfg_attr(miri, ignore = "reads files, and verifies hundreds of signatures")]
fn the_vectors_verify_and_the_negative_ones_do_not() {
    let (Some(json), Some(line)) = (spec("vectors.json"), spec("log.pub")) else {
        return;
    };
    let vectors: Value = serde_json::from_slice(&json).unwrap();
    let line = String::from_utf8(line).unwrap();
    let sealed: Vec<Vec<u8>> = vectors["receipts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|receipt| [unhex(&receipt["payload"]), unhex(&receipt["signature"])].concat())
        .collect();
    let mut whole = verifier(&line);
    for (receipt, expected) in sealed.iter().zip(vectors["receipts"].as_array().unwrap()) {
        must(take(&mut whole, receipt));
        assert_eq!(head(&mut whole).hash.to_vec(), unhex(&expected["hash"]));
    }
    let mut tried = 0;
    for case in vectors["negative"].as_array().unwrap() {
        // Bodies of other kinds than the genesis and those of keys are bytes to this verifier.
        let place = usize::try_from(case["place"].as_u64().unwrap()).unwrap();
        let receipts: Vec<Vec<u8>> = case["receipts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| match item.as_u64() {
                Some(n) => sealed[usize::try_from(n).unwrap()].clone(),
                None => unhex(item),
            })
            .collect();
        let Some(last) = receipts.get(place) else {
            continue;
        };
        if case["stage"] == "body" && UnverifiedReceipt::parse(last).unwrap().header().seq > 0 {
            continue;
        }
        let mut verifier = verifier(&line);
        for receipt in &receipts[..place] {
            must(take(&mut verifier, receipt));
        }
        assert_ne!(
            take(&mut verifier, last),
            AiAuditStatus::Ok,
            "{}",
            case["name"]
        );
        tried += 1;
    }
    assert!(tried > 40, "only {tried} cases");
}

/// The genesis is read here without an allocator: it must take and refuse what the core does.
#[test]
#[cfg_attr(miri, ignore = "reads files, and verifies hundreds of signatures")]
fn a_genesis_is_read_as_the_core_reads_it() {
    let (Some(json), Some(line)) = (spec("vectors.json"), spec("log.pub")) else {
        return;
    };
    let vectors: Value = serde_json::from_slice(&json).unwrap();
    let line = String::from_utf8(line).unwrap();
    let first = &vectors["receipts"][0];
    let sealed = [unhex(&first["payload"]), unhex(&first["signature"])].concat();
    // Each byte of the genesis in turn: where the core cannot decode it, neither can this.
    let start = UnverifiedReceipt::parse(&sealed).unwrap().body_offset();
    let mut refused = 0;
    for at in start..sealed.len() - 64 {
        for flip in [0x01, 0x80, 0xff] {
            let mut changed = sealed.clone();
            changed[at] ^= flip;
            let receipt = UnverifiedReceipt::parse(&changed).unwrap();
            let core = Genesis::decode(&receipt).is_ok();
            let status = take(&mut verifier(&line), &changed);
            // What can be read is another genesis than the pinned one, or the same with another policy.
            let read = matches!(status, AiAuditStatus::Pin | AiAuditStatus::Signature);
            assert!(
                read || status == AiAuditStatus::Decode,
                "byte {at}: {}",
                words(status)
            );
            assert_eq!(read, core, "byte {at} by {flip:#x}: {}", words(status));
            refused += usize::from(!core);
        }
    }
    assert!(refused > 50, "only {refused} were no genesis");
}
