//! Records of the Python library: read, rebuilt, verified.

use ai_audit_core::{Digest, LeafHash, SigningKey};
use ai_audit_import::{Json, JsonValue, Keys, Problem, Record, RecordKind};

use crate::made::{decision, files, key, keys, lines, receipt};
use crate::packages::genuine;

#[test]
fn genuine_receipts_verify() {
    let Some((mut keys, lines)) = genuine() else {
        return;
    };
    assert_eq!(lines.len(), 25 + 1 + 300 + 3);
    for line in &lines {
        let mut record = Record::parse(line).unwrap();
        assert_eq!(record.kind(), RecordKind::Decision);
        let before = record.signed_bytes().to_vec();
        let examined = record.examine(&mut keys);
        assert_eq!(examined.problem, None, "{line}");
        assert_eq!(examined.hash, Some(record.hash()));
        assert_eq!(Some(&*record.hash().to_string()), record.named_hash());
        assert_eq!(examined.key.as_ref(), keys.iter().next());
        assert_eq!(record.signed_bytes(), before, "no number had to be tried");
        assert!(record.time().is_some());
        assert!(record.content().is_some());
    }
}

#[test]
fn what_several_versions_and_a_database_wrote_verifies() {
    let mut kinds = Vec::new();
    for (name, lines) in files() {
        let mut rewritten = 0;
        for line in &lines {
            let mut record = Record::parse(line).unwrap();
            let before = record.signed_bytes().to_vec();
            assert_eq!(record.examine(&mut keys()).problem, None, "{name}: {line}");
            assert!(record.time().is_some(), "{line}");
            rewritten += usize::from(record.signed_bytes() != before);
            if !kinds.contains(&record.kind()) {
                kinds.push(record.kind());
            }
        }
        assert!(lines.len() > 20);
        // Those of 3.13 are as they were signed; the others have other exponents, or none.
        assert_eq!(rewritten > 5, name != "orjson-3.13", "{name}: {rewritten}");
    }
    assert_eq!(kinds.len(), 4, "{kinds:?}");
}

/// Writes a value in another way: much white space, every character escaped, members backwards.
fn write_otherwise(value: &JsonValue<'_, '_>, out: &mut String) {
    let text = |text: &str, out: &mut String| {
        out.push('"');
        for unit in text.encode_utf16() {
            out.push_str(&format!("\\u{unit:04X}"));
        }
        out.push('"');
    };
    let comma = |out: &mut String| {
        if !out.ends_with(['{', '[']) {
            out.push_str("\r\n,\t");
        }
    };
    if let Some(string) = value.string() {
        text(&string, out);
    } else if value.is_object() {
        out.push('{');
        for (name, value) in value.members().collect::<Vec<_>>().iter().rev() {
            comma(out);
            text(name, out);
            out.push_str(" : ");
            write_otherwise(value, out);
        }
        out.push_str("\n}");
    } else if value.is_array() {
        out.push('[');
        for item in value.items() {
            comma(out);
            write_otherwise(&item, out);
        }
        out.push_str("  ]");
    } else if let Some(number) = value.number() {
        out.push_str(number);
    } else {
        out.push_str(
            value
                .boolean()
                .map_or("null", |is| if is { "true" } else { "false" }),
        );
    }
}

#[test]
fn the_same_json_written_otherwise_verifies() {
    for line in lines() {
        let json = Json::parse(line).unwrap();
        let mut other = String::from(" \n");
        write_otherwise(&json.root(), &mut other);
        other.push('\t');
        let spaced = String::from_utf8(json.to_spaced(&[])).unwrap();
        assert!(spaced.is_ascii() && other.is_ascii());
        let mut first = Record::parse(line).unwrap();
        assert_eq!(first.examine(&mut keys()).problem, None);
        for text in [&other, &spaced] {
            let mut record = Record::parse(text).unwrap();
            assert_eq!(record.examine(&mut keys()).problem, None, "{text}");
            assert_eq!(record.signed_bytes(), first.signed_bytes());
            assert_eq!(record.content(), first.content());
            assert_eq!(record.original(), text);
            assert_eq!(record.id(), first.id());
            assert_eq!(record.time(), first.time());
        }
    }
}

#[test]
fn numbers_are_tried_both_ways_up_to_six_times() {
    // As a database that knows no sign of zero and no exponents has them.
    let signed = |zeros: usize, last: &str| {
        let zeros = "-0.0,".repeat(zeros);
        decision(
            "r",
            &format!(r#"{{"score":0.5,"threshold":1.0,"detail":{{"a":[{zeros}{last}]}}}}"#),
        )
    };
    for (zeros, last, found, fits) in [
        (0, "1e+16", "10000000000000000", true),
        (5, "1e16", "10000000000000000", true),
        (5, "10000000000000000", "10000000000000000", true),
        // The seventh is taken as it most often is: an integer, a zero without a sign.
        (6, "10000000000000000", "10000000000000000", true),
        (6, "1e+16", "10000000000000000", false),
        (6, "2.5e-7", "0.00000025", true),
        (7, "2.5e-7", "0.00000025", false),
    ] {
        let line = signed(zeros, last)
            .replace("-0.0", "0.0")
            .replace(&format!("{last}]"), &format!("{found}]"));
        let mut record = Record::parse(&line).unwrap();
        let problem = record.examine(&mut keys()).problem;
        assert_eq!(
            problem.is_none(),
            fits,
            "{zeros} zeros, {last}: {problem:?}"
        );
    }
}

#[test]
fn floats_that_lost_their_point_are_known_by_their_place() {
    let line = decision(
        "r",
        r#"{"score":3.0,"threshold":-0.0,"detail":{"score":3,"n":0}}"#,
    );
    let changed = line.replace("3.0", "3").replace("-0.0", "0");
    assert_ne!(line, changed);
    let mut record = Record::parse(&changed).unwrap();
    assert_eq!(record.examine(&mut keys()).problem, None);
    let tool = receipt(r#""receipt_id":"t","tool_name":"x","duration_ms":12.0,"success":true"#);
    let changed = tool.replace("12.0", "12");
    assert_eq!(
        Record::parse(&changed)
            .unwrap()
            .examine(&mut keys())
            .problem,
        None
    );
    // Elsewhere an integer is an integer.
    let other = decision("r", r#"{"score":0.5,"detail":{"n":3.0}}"#).replace("3.0", "3");
    let problem = Record::parse(&other).unwrap().examine(&mut keys()).problem;
    assert!(matches!(problem, Some(Problem::Hash { .. })), "{problem:?}");
}

#[test]
fn what_does_not_hold_is_named() {
    let line = decision("r1", "");
    let other = SigningKey::from_bytes(&[6; 32]).verifying_key();
    let hash = Record::parse(&line).unwrap().hash();
    let signature = Record::parse(&line).unwrap().signature().unwrap();
    let problem = |text: &str, mut keys: Keys| {
        let mut record = Record::parse(text).unwrap();
        let examined = record.examine(&mut keys);
        assert_eq!(examined.key.is_none(), examined.problem.is_some());
        (examined.hash, examined.problem)
    };
    assert_eq!(problem(&line, keys()), (Some(hash), None));
    assert_eq!(
        problem(&line, Keys::new([])),
        (Some(hash), Some(Problem::NoKeys))
    );
    let two = Keys::new([other, key().verifying_key(), other]);
    assert_eq!(two.iter().len(), 2);
    assert_eq!(problem(&line, two), (Some(hash), None));
    let none = Problem::Signature { keys: 1 };
    assert_eq!(problem(&line, Keys::new([other])), (Some(hash), Some(none)));

    let text = signature.to_string();
    for (with, expected) in [
        (String::new(), Problem::NoSignature),
        (text.to_uppercase(), Problem::SignatureForm),
        (format!("{text}00"), Problem::SignatureForm),
        (text.replace(&text[..2], "zz"), Problem::SignatureForm),
        ("0".repeat(128), none),
    ] {
        let line = line.replace(&text, &with);
        assert_eq!(
            problem(&line, keys()),
            (Some(hash), Some(expected)),
            "{line}"
        );
    }

    let named = hash.to_string();
    let zero = Digest::from_bytes([0; 32]);
    for (with, expected) in [
        (String::new(), None),
        (named.to_uppercase(), None),
        (zero.to_string(), Some(zero)),
    ] {
        let expected = Problem::Hash {
            named: expected,
            found: hash,
        };
        let line = line.replace(&named, &with);
        assert_eq!(problem(&line, keys()), (None, Some(expected)), "{line}");
    }
    let line = line.replace("receipt_hash\":\"", "hash_of_receipt\":\"");
    assert_eq!(
        problem(&line.replace("prev_hash_of", "prev_receipt"), keys()).1,
        Some(Problem::NoHash)
    );
    assert_eq!(
        Problem::Hash {
            named: Some(zero),
            found: hash
        }
        .to_string(),
        format!("receipt_hash: expected {hash}, that of the signed bytes, found {zero}")
    );
}

#[test]
fn fields_of_the_four_records() {
    let lines = files();
    let [(_, lines), ..] = &lines;
    let of = |kind| {
        let records = lines.iter().map(|line| Record::parse(line).unwrap());
        records
            .into_iter()
            .find(|record| record.kind() == kind)
            .unwrap()
    };
    let decision = of(RecordKind::Decision);
    let value: serde_json::Value = serde_json::from_str(decision.original()).unwrap();
    assert_eq!(decision.id(), value["receipt_id"]);
    assert_eq!(decision.tenant(), value["tenant_id"]);
    assert_eq!(decision.trace_id(), value["trace_id"]);
    assert_eq!(decision.session_id(), value["session_id"]);
    assert_eq!(decision.timestamp(), value["timestamp"]);
    assert_eq!(decision.link(), value["prev_receipt_hash"]);
    assert_eq!(decision.named_hash(), value["receipt_hash"].as_str());
    let signature = decision.signature().unwrap().to_string();
    assert_eq!(signature, value["signature"]);
    assert_eq!(decision.leaf_hash(), LeafHash::of(decision.signed_bytes()));
    assert_eq!(decision.batch_seal(), Ok(None));
    assert_eq!(decision.epoch_seal(), Ok(None));

    let call = of(RecordKind::ToolCall);
    let value: serde_json::Value = serde_json::from_str(call.original()).unwrap();
    assert_eq!(call.agent_id(), value["agent_id"]);
    assert_eq!(call.link(), value["prev_receipt_hash"]);
    assert_eq!(call.trace_id(), "");

    let batch = of(RecordKind::BatchSeal);
    let value: serde_json::Value = serde_json::from_str(batch.original()).unwrap();
    assert_eq!(batch.id(), value["batch_id"]);
    assert_eq!(batch.link(), value["prev_batch_root"]);
    assert_eq!(batch.named_hash(), None);
    let seal = batch.batch_seal().unwrap().unwrap();
    assert_eq!(*seal.root, value["merkle_root"]);
    assert_eq!(
        seal.node_hash().unwrap().to_string(),
        value["merkle_root"].as_str().unwrap()
    );
    assert_eq!(Some(seal.leaf_count), value["leaf_count"].as_u64());
    let ids = value["receipt_ids"].as_array().unwrap().iter();
    assert!(
        seal.receipt_ids
            .iter()
            .eq(ids.map(|id| id.as_str().unwrap()))
    );
    assert_eq!(seal.receipt_ids.len() as u64, seal.leaf_count);

    let epoch = of(RecordKind::EpochSeal);
    let value: serde_json::Value = serde_json::from_str(epoch.original()).unwrap();
    assert_eq!(epoch.id(), value["epoch_id"]);
    assert_eq!(epoch.timestamp(), value["sealed_at"]);
    assert_eq!(epoch.link(), value["prev_epoch_seal_hash"]);
    let seal = epoch.epoch_seal().unwrap().unwrap();
    assert_eq!(*seal.first, value["first_receipt_hash"]);
    assert_eq!(*seal.last, value["last_receipt_hash"]);
    assert_eq!(Some(seal.receipt_count), value["receipt_count"].as_u64());
    assert_eq!(seal.node_hash().unwrap().to_string(), *seal.root);
}

#[test]
fn members_that_belong_to_another_record() {
    // Nobody vouches for a hash that is put into a seal, and the library puts none there.
    let seal = receipt(r#""batch_id":"b","merkle_root":"00","receipt_ids":[],"leaf_count":0"#);
    let record = |text: &str| Record::parse(text).unwrap().examine(&mut keys()).problem;
    let hash = Record::parse(&seal).unwrap().hash();
    assert_eq!(record(&seal), Some(Problem::SealHash));
    let none = seal.replace(&format!(r#","receipt_hash":"{hash}""#), "");
    assert_eq!(record(&none), None);

    let decision = receipt(r#""receipt_id":"r","checks":[],"action":"allow","agent_id":"a""#);
    assert_eq!(Record::parse(&decision).unwrap().agent_id(), "");
    let call = receipt(r#""receipt_id":"r","tool_name":"","trace_id":"t","session_id":"s""#);
    let call = Record::parse(&call).unwrap();
    assert_eq!((call.trace_id(), call.session_id()), ("", ""));
}
