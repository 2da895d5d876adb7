//! The specification's vectors: what was committed is what this code reads, writes and refuses.

use crate::logs::{Why, check, check_one, decode};
use crate::unhex;
use ai_audit_core::{
    Chain, Decision, DecodeBody, DigestSecret, Draft, Genesis, Head, Kind, NodeHash, Origin,
    PartsHasher, SigningKey, TextDigest, UnverifiedReceipt, VerifyingKey, canonical_text,
};
use serde_json::Value;
use std::path::Path;

/// A file of the specification; `None`, said aloud, where only the crate is there.
fn spec(name: &str) -> Option<Vec<u8>> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/spec")).join(name);
    let bytes = std::fs::read(path).ok();
    if bytes.is_none() {
        println!("SKIPPED: docs/spec/{name} is absent");
    }
    bytes
}

fn vectors() -> Option<Value> {
    spec("vectors/vectors.json").map(|bytes| serde_json::from_slice(&bytes).unwrap())
}

fn hex(value: &Value) -> Vec<u8> {
    unhex(value.as_str().unwrap())
}

fn sealed(vectors: &Value) -> Vec<Vec<u8>> {
    let receipts = vectors["receipts"].as_array().unwrap();
    receipts
        .iter()
        .map(|r| [hex(&r["payload"]), hex(&r["signature"])].concat())
        .collect()
}

fn receipt_key(vectors: &Value) -> VerifyingKey {
    let seed = hex(&vectors["keys"]["receipt"]["seed"]).try_into().unwrap();
    SigningKey::from_bytes(&seed).verifying_key()
}

#[test]
fn receipts_decode_to_what_is_written() {
    let Some(vectors) = vectors() else { return };
    let sealed = sealed(&vectors);
    let key = receipt_key(&vectors);
    assert_eq!(key.id().to_string(), vectors["keys"]["receipt"]["key_id"]);
    let mut chain = Chain::new();
    for (sealed, expected) in sealed.iter().zip(vectors["receipts"].as_array().unwrap()) {
        let head = check_one(&mut chain, sealed, &key).unwrap();
        let receipt = UnverifiedReceipt::parse(sealed).unwrap();
        assert_eq!(head.hash().to_string(), expected["hash"]);
        assert_eq!(
            serde_json::to_value(receipt.header()).unwrap(),
            expected["header"]
        );
        if let Ok(decision) = Decision::decode(&receipt) {
            assert_eq!(serde_json::to_value(decision).unwrap(), expected["body"]);
        }
    }
    assert_eq!(chain.head().log_id().to_string(), vectors["log_id"]);
    let first = UnverifiedReceipt::parse(&sealed[0]).unwrap();
    let genesis = Genesis::decode(&first).unwrap();
    assert_eq!(
        serde_json::to_value(&genesis).unwrap(),
        vectors["receipts"][0]["body"]
    );
    let origin = genesis.origin().unwrap().to_string();
    assert_eq!(origin, vectors["origin"]);
    assert!(Origin::parse(&origin).is_ok());
}

/// Sealing is deterministic: whoever has the keys makes the same bytes again, on any machine. It reads
/// no JSON, since Miri, which runs it as a big-endian machine, is slow at that.
#[test]
fn receipts_seal_to_the_same_bytes() {
    let Some(file) = spec("vectors/receipts.bin") else {
        return;
    };
    // The specification says so of its vectors.
    let key = SigningKey::from_bytes(&[1; 32]);
    let (mut head, mut buf) = (Head::EMPTY, [0; 4096]);
    let mut rest = file.strip_prefix(b"ai-audit/receipts/v1\n").unwrap();
    while let Some((len, after)) = rest.split_first_chunk() {
        let (payload, after) = after.split_at(usize::from(u16::from_be_bytes(*len)));
        let (seal, after) = after[1..].split_at(64);
        let expected = [payload, seal].concat();
        rest = after;
        let receipt = UnverifiedReceipt::parse(&expected).unwrap();
        let header = receipt.header();
        let draft = Draft::new(header.id, header.sealed_at)
            .trace(header.trace_id)
            .session(header.session_id)
            .actor(header.actor_id);
        let sealed = match header.kind {
            Kind::GENESIS => {
                let genesis = Genesis::decode(&receipt).unwrap();
                draft.seal(&genesis, &head, &key, &mut buf)
            }
            Kind::DECISION => {
                let decision = Decision::decode(&receipt).unwrap();
                draft.seal(&decision, &head, &key, &mut buf)
            }
            kind => draft.seal_encoded(kind, receipt.body(), &head, &key, &mut buf),
        };
        let sealed = sealed.unwrap();
        assert_eq!(sealed.as_bytes(), expected, "receipt {}", header.seq);
        head = sealed.head();
    }
    assert_eq!(head.size(), 9);
}

#[test]
fn receipts_file_frames_the_same_receipts() {
    let (Some(vectors), Some(file)) = (vectors(), spec("vectors/receipts.bin")) else {
        return;
    };
    let mut rest = file.strip_prefix(b"ai-audit/receipts/v1\n").unwrap();
    for expected in sealed(&vectors) {
        let (len, after) = rest.split_first_chunk().unwrap();
        let (payload, after) = after.split_at(usize::from(u16::from_be_bytes(*len)));
        assert_eq!(after[0], 64);
        let (seal, after) = after[1..].split_at(64);
        assert_eq!([payload, seal].concat(), expected);
        rest = after;
    }
    assert!(rest.is_empty());
}

#[test]
fn negative_cases_are_refused_where_they_say() {
    let Some(vectors) = vectors() else { return };
    let (sealed, key) = (sealed(&vectors), receipt_key(&vectors));
    let cases = vectors["negative"].as_array().unwrap();
    assert!(cases.len() > 70, "only {} cases", cases.len());
    for case in cases {
        let receipts: Vec<_> = case["receipts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| match item.as_u64() {
                Some(n) => sealed[usize::try_from(n).unwrap()].clone(),
                None => hex(item),
            })
            .collect();
        let (place, why) = check(&receipts, &key).unwrap_err();
        let stage = match why {
            Why::Chain(_) => "chain",
            Why::Signature(_) => "signature",
            Why::Decode(error) => match UnverifiedReceipt::parse(&receipts[place]) {
                Err(_) => "header",
                Ok(receipt) => {
                    assert_eq!(decode(&receipt), Err(error));
                    "body"
                }
            },
        };
        assert_eq!(
            Some(u64::try_from(place).unwrap()),
            case["place"].as_u64(),
            "{}",
            case["name"]
        );
        assert_eq!(stage, case["stage"], "{}", case["name"]);
    }
}

#[test]
fn digests_are_those_of_the_specification() {
    let Some(vectors) = vectors() else { return };
    let digests = &vectors["digests"];
    let secret = DigestSecret::from_bytes(hex(&digests["secret"]).try_into().unwrap());
    let id = digests["receipt_id"].as_str().unwrap().parse().unwrap();
    let exact = secret.exact_key(&id, digests["field"].as_str().unwrap());
    let text = digests["text"].as_str().unwrap();
    let digest = |name: &str| digests[name].as_str().unwrap().parse().unwrap();
    assert_eq!(exact.as_bytes()[..], hex(&digests["exact_key"]));
    assert_eq!(TextDigest::plain(text), TextDigest::Plain(digest("plain")));
    assert_eq!(
        TextDigest::keyed(text, &exact),
        TextDigest::Keyed(digest("exact"))
    );
    let canonical = TextDigest::keyed(&canonical_text(text), &secret.canonical_key());
    assert_eq!(canonical, TextDigest::Keyed(digest("canonical")));
    for pair in digests["canonical_text"].as_array().unwrap() {
        assert_eq!(
            canonical_text(pair[0].as_str().unwrap()),
            pair[1].as_str().unwrap()
        );
    }
    for case in digests["parts"].as_array().unwrap() {
        let mut hasher = PartsHasher::new();
        for part in case["parts"].as_array().unwrap() {
            hasher.part(part.as_str().unwrap());
        }
        assert_eq!(hasher.finish().to_string(), case["digest"]);
    }
}

/// Root of the RFC 6962 tree, by its definition.
fn root(leaves: &[NodeHash]) -> NodeHash {
    match leaves {
        [] => NodeHash::EMPTY,
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            NodeHash::parent(&root(left), &root(right))
        }
    }
}

#[test]
fn roots_are_those_of_the_specification() {
    let Some(vectors) = vectors() else { return };
    let leaf = |bytes: &Vec<u8>| UnverifiedReceipt::parse(bytes).unwrap().hash();
    let sealed = sealed(&vectors);
    let leaves: Vec<_> = sealed
        .iter()
        .map(|bytes| NodeHash::from_leaf(leaf(bytes)))
        .collect();
    for tree in vectors["tree"].as_array().unwrap() {
        let size = usize::try_from(tree["size"].as_u64().unwrap()).unwrap();
        assert_eq!(root(&leaves[..size]).to_string(), tree["root"], "{size}");
    }
}

/// The annotated dumps of the specification are the bytes of the vectors.
#[test]
fn worked_examples_are_the_vectors() {
    let (Some(vectors), Some(text)) = (vectors(), spec("receipt.md")) else {
        return;
    };
    let text = String::from_utf8(text).unwrap();
    let dumps: Vec<_> = text.split("```hex\n").skip(1).collect();
    assert_eq!(dumps.len(), 2);
    for (dump, place) in dumps.iter().zip([0, 2]) {
        let expected = &vectors["receipts"][place];
        let (lines, after) = dump.split_once("```").unwrap();
        let mut found = String::new();
        for line in lines.lines() {
            let mut words = line.split_whitespace();
            match (words.next(), words.next()) {
                (Some(offset), Some(bytes)) => {
                    assert_eq!(offset.parse(), Ok(found.len() / 2), "{line}");
                    found.push_str(bytes);
                }
                _ => assert_eq!(line.trim(), "--"),
            }
        }
        assert_eq!(found, expected["payload"]);
        assert!(after.contains(&format!("hash      {}", expected["hash"].as_str().unwrap())));
    }
}
