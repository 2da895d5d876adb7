//! A55: an importer puts something else beside an old proof: another decision, another time, another
//! key, a record twice or none at all. What stands beside a proof is what the proof proves.

use crate::logs::Log;
use ai_audit_core::{
    Bytes, Decision, DecodeBody as _, Digest, Imported, ImportedAnswer, ImportedBody, ImportedItem,
    ImportedRecord, ImportedSource, Kind, LeafHash, List, SigningKey, Status, Text, Timestamp,
    UnverifiedReceipt, VerifyingKey, encode_body,
};
use ai_audit_import::{Item, Keys, Record};
use ai_audit_note::Checkpoint;
use ai_audit_verify::{LogVerifier, Pin, Report, SelectionVerifier, TrustPolicy};

fn old_key() -> SigningKey {
    SigningKey::from_bytes(&[77; 32])
}

/// A receipt as the Python library writes it, by this key. Members are in the order of their names.
fn python(number: usize, action: &str, key: &SigningKey) -> String {
    let signed = format!(
        r#"{{"action":"{action}","checks":[{{"detail":{{}},"fired":true,"name":"safety","score":0.5,"threshold":1e-7,"version":"1.0"}}],"model_id":"gpt-4o","prev_receipt_hash":"","receipt_id":"r{number}","receipt_version":"1.0","session_id":"s","tenant_id":"acme","timestamp":"2026-01-01T00:{:02}:{:02}Z","trace_id":""}}"#,
        number / 60,
        number % 60
    );
    let signature = key.sign(signed.as_bytes());
    let hash = Digest::of(signed.as_bytes());
    let open = signed.strip_suffix('}').unwrap();
    format!(r#"{open},"receipt_hash":"{hash}","signature":"{signature}"}}"#)
}

fn source(keys: &[VerifyingKey], items: u64) -> Imported<'static> {
    Imported {
        record: ImportedRecord::Source(ImportedSource {
            system: "ai-audit-trail".into(),
            form: "receipts".into(),
            name: "old.jsonl".into(),
            digest: Digest::of(b""),
            size: 0,
            items,
            keys: keys.iter().copied().collect(),
            integrity: ImportedAnswer::Verified,
            attribution: ImportedAnswer::Verified,
            completeness: ImportedAnswer::Unverified("nobody knows how many there were".into()),
            files: List::EMPTY,
        }),
    }
}

/// A log that imports these records, each changed before it is sealed.
fn importing(
    records: &[String],
    trusted: &SigningKey,
    change: impl FnMut(&mut ImportedItem<'_>),
) -> Log {
    let mut log = Log::of(1, 3);
    import(&mut log, records, trusted, change);
    log
}

/// Imports these records into a log, from a source of their own.
fn import(
    log: &mut Log,
    records: &[String],
    trusted: &SigningKey,
    mut change: impl FnMut(&mut ImportedItem<'_>),
) {
    let keys = [trusted.verifying_key()];
    let source = log.seal(&source(&keys, records.len() as u64));
    let mut keys = Keys::new(keys);
    for (index, text) in records.iter().enumerate() {
        let mut record = Record::parse(text).unwrap();
        let examined = record.examine(&mut keys);
        let item = Item::new(&record, &examined, source, index as u64).unwrap();
        let mut imported = item.imported();
        let ImportedRecord::Item(item) = &mut imported.record else {
            panic!("an item");
        };
        change(item);
        log.seal(&imported);
    }
}

fn report_under(log: &Log, policy: &TrustPolicy) -> Report {
    let mut verifier = LogVerifier::new(policy);
    for sealed in &log.sealed {
        verifier.push(sealed);
    }
    verifier.finish()
}

fn report(log: &Log) -> Report {
    report_under(log, &log.policy())
}

fn records() -> Vec<String> {
    (0..3).map(|n| python(n, "reject", &old_key())).collect()
}

/// The reason why integrity fails.
fn refused(log: &Log) -> String {
    let report = report(log);
    assert!(
        report.verdict.attribution.is_verified(),
        "the log's key signed it all"
    );
    match report.verdict.integrity {
        Status::Failed { reason, .. } => reason.to_string(),
        other => panic!("{other}"),
    }
}

#[test]
fn a_true_import_verifies_and_names_the_key() {
    let log = importing(&records(), &old_key(), |_| {});
    let found = report(&log);
    assert_eq!(found.verdict.integrity, Status::Verified, "{found:?}");
    assert_eq!(found.verdict.completeness, Status::Verified);
    let remark = |report: &Report| {
        let told = report.remarks.iter().find(|it| it.contains("old.jsonl"));
        told.unwrap().clone()
    };
    let key = old_key().verifying_key().to_string();
    assert!(remark(&found).contains("3 records hold under"), "{found:?}");
    assert!(remark(&found).contains(&key) && remark(&found).contains("did not pin"));
    assert!(remark(&found).contains("completeness unverified: nobody knows"));
    let pinned = log.policy().pin(Pin::parse(&key).unwrap());
    let found = report_under(&log, &pinned);
    assert_eq!(found.verdict.attribution, Status::Verified);
    assert!(remark(&found).contains("which you pinned"), "{found:?}");
    let receipt = UnverifiedReceipt::parse(&log.sealed[4]).unwrap();
    let said = receipt.said();
    assert!(said.imported && !said.unproven);
    assert_eq!(
        Decision::decode_said(&said).unwrap().action.name(),
        "reject"
    );
}

#[test]
fn a55_another_decision_beside_an_old_proof() {
    let other = encode_body(&Decision {
        model: "gpt-4o".into(),
        ..Decision::new()
    })
    .unwrap();
    let allowed = ImportedBody {
        kind: Kind::DECISION,
        body: Bytes(other.leak()),
    };
    for content in [Some(allowed), None] {
        let log = importing(&records(), &old_key(), |item| item.content = content);
        let reason = refused(&log);
        assert!(reason.contains("imported record 0"), "{reason}");
        assert!(reason.contains("content"), "{reason}");
    }
}

#[test]
fn a55_other_words_beside_an_old_proof() {
    type Change = fn(&mut ImportedItem<'_>);
    let changes: [(&str, Change); 8] = [
        ("id", |item| item.id = "r9".into()),
        ("tenant", |item| item.tenant = Text::EMPTY),
        ("occurred_at", |item| item.occurred_at = None),
        ("occurred_at", |item| {
            item.occurred_at = Some(Timestamp::from_micros(1));
        }),
        ("hash", |item| item.hash = Some(Digest::of(b"other"))),
        ("signature", |item| {
            item.signature = Some(old_key().sign(b"other"));
        }),
        ("its key", |item| {
            item.key = Some(SigningKey::from_bytes(&[78; 32]).verifying_key());
        }),
        ("hash", |item| {
            let other = item.original.as_str().replace("gpt-4o", "gpt-5");
            item.original = other.into();
            // What is said agrees with the bytes; the proof does not.
            let body = Record::parse(item.original.as_str()).unwrap().content();
            let (kind, body) = body.unwrap();
            let body = Bytes(body.leak());
            item.content = Some(ImportedBody { kind, body });
        }),
    ];
    for (word, change) in changes {
        let reason = refused(&importing(&records(), &old_key(), change));
        assert!(reason.contains(word), "{word}: {reason}");
    }
}

/// The importer's own key signs what the old system never said. He can do that only under his own
/// name: the key is told, and is none that the verifier pinned.
#[test]
fn a55_a_key_of_the_importer() {
    let own = SigningKey::from_bytes(&[5; 32]);
    let forged = vec![python(0, "allow", &own)];
    let log = importing(&forged, &own, |_| {});
    let pinned = Pin::parse(&old_key().verifying_key().to_string()).unwrap();
    let found = report_under(&log, &log.policy().pin(pinned));
    let told = found.remarks.iter().find(|it| it.contains("old.jsonl"));
    assert!(told.unwrap().contains("did not pin"), "{found:?}");
    // Under a source that names the old key it fails.
    let mut log = Log::of(1, 3);
    let source = log.seal(&source(&[old_key().verifying_key()], 1));
    let mut record = Record::parse(&forged[0]).unwrap();
    let examined = record.examine(&mut Keys::new([own.verifying_key()]));
    log.seal(&Item::new(&record, &examined, source, 0).unwrap().imported());
    assert!(refused(&log).contains("none of those that the importer trusted"));
}

#[test]
fn a55_a_record_twice_left_out_or_of_no_source() {
    let twice = importing(&records(), &old_key(), |item| {
        item.index = item.index.min(1)
    });
    assert!(refused(&twice).contains("expected index 2"));
    let left_out = importing(&records(), &old_key(), |item| {
        item.index += u64::from(item.index > 0);
    });
    assert!(refused(&left_out).contains("expected index 1"));
    let beyond = importing(&records()[..1], &old_key(), |item| item.index = 1);
    assert!(refused(&beyond).contains("below 1"));
    let nowhere = importing(&records(), &old_key(), |item| {
        item.source = LeafHash::of(b"nothing");
    });
    assert!(refused(&nowhere).contains("receipt of its source before it"));
}

/// One that was cut off is no offence, and told.
#[test]
fn an_import_that_was_cut_off_is_told() {
    let mut log = importing(&records(), &old_key(), |_| {});
    let whole = log.sealed.len();
    let mut short = Log::of(1, 3);
    short.seal(&source(&[old_key().verifying_key()], 3));
    let sealed = log.sealed[4].clone();
    let receipt = UnverifiedReceipt::parse(&sealed).unwrap();
    short.seal(&Imported::decode(&receipt).unwrap());
    let found = report(&short);
    assert_eq!(found.verdict.integrity, Status::Verified, "{found:?}");
    let told = found.remarks.iter().find(|it| it.contains("old.jsonl"));
    assert!(
        told.unwrap().contains("1 of 3 records are here"),
        "{found:?}"
    );
    // Records whose proof does not hold are counted apart.
    let mut bad = records();
    bad[1] = bad[1].replace("0.5", "0.6");
    log = importing(&bad, &old_key(), |_| {});
    assert_eq!(log.sealed.len(), whole);
    let found = report(&log);
    assert_eq!(found.verdict.integrity, Status::Verified, "{found:?}");
    let told = found.remarks.iter().find(|it| it.contains("old.jsonl"));
    assert!(
        told.unwrap().contains("1 records are here without a proof"),
        "{found:?}"
    );
}

fn repeats(report: &Report) -> Vec<&str> {
    let told = report.remarks.iter().map(String::as_str);
    told.filter(|it| it.contains("imported records")).collect()
}

/// Two sources that overlap bring some records twice. Both receipts are what they say; whoever counts must
/// know.
#[test]
fn records_that_are_imported_again_are_told() {
    let records: Vec<String> = (0..4).map(|n| python(n, "reject", &old_key())).collect();
    let mut log = importing(&records[..3], &old_key(), |_| {});
    assert_eq!(repeats(&report(&log)), [""; 0]);
    // Receipts 3 to 6 are the first source; of the second, 8 is there already and 10 is not.
    import(&mut log, &records[1..], &old_key(), |_| {});
    let again = report(&log);
    assert_eq!(again.verdict.integrity, Status::Verified, "{again:?}");
    assert_eq!(again.verdict.completeness, Status::Verified);
    assert_eq!(
        repeats(&again),
        [
            "2 imported records stand in this log more than once (the first again at receipt 8): figures count \
             each of them"
        ]
    );
    // Records that nothing proves are not held against each other.
    let other = SigningKey::from_bytes(&[78; 32]);
    let unproven = [python(0, "reject", &other), python(0, "reject", &other)];
    let log = importing(&unproven, &old_key(), |_| {});
    let found = report(&log);
    assert_eq!(found.verdict.integrity, Status::Verified, "{found:?}");
    assert_eq!(repeats(&found), [""; 0]);
}

/// What is followed is bounded, and what is not is told.
#[test]
fn a_device_follows_a_thousand_imported_records() {
    let mut records: Vec<String> = (0..1002).map(|n| python(n, "reject", &old_key())).collect();
    records.extend([records[999].clone(), records[1000].clone()]);
    let log = importing(&records, &old_key(), |_| {});
    let seq = |index: u64| 3 + 1 + index;
    let found = report(&log);
    assert_eq!(found.verdict.integrity, Status::Verified, "{found:?}");
    let told = |count: u32, index| {
        format!(
            "{count} imported records stand in this log more than once (the first again at receipt {}): \
             figures count each of them",
            seq(index)
        )
    };
    assert_eq!(repeats(&found), [told(2, 1002)]);
    let found = report_under(&log, &log.policy().in_little_memory());
    let not_followed =
        "3 imported records were not looked for a second time: more than 1000 are not followed";
    assert_eq!(repeats(&found), [&*told(1, 1002), not_followed]);
}

/// What an importer says of a source is his to write, and a report has room for so much of it.
#[test]
fn of_long_texts_and_many_keys_a_part_is_told() {
    let key = |seed: u8| SigningKey::from_bytes(&[seed; 32]).verifying_key();
    let keys: Vec<VerifyingKey> = (77..89).map(key).collect();
    let mut body = source(&keys, 1);
    let ImportedRecord::Source(said) = &mut body.record else {
        panic!("a source");
    };
    said.name = "ü".repeat(1000).into();
    said.system = "s".repeat(300).into();
    said.attribution = ImportedAnswer::Failed("f".repeat(1000).into());
    said.completeness = ImportedAnswer::Unverified("u".repeat(301).into());
    let mut log = Log::of(1, 3);
    let source = log.seal(&body);
    let text = python(0, "reject", &old_key());
    let mut record = Record::parse(&text).unwrap();
    let examined = record.examine(&mut Keys::new(keys));
    log.seal(&Item::new(&record, &examined, source, 0).unwrap().imported());
    let found = report(&log);
    assert_eq!(found.verdict.integrity, Status::Verified, "{found:?}");
    let told = found.remarks.iter().find(|it| it.contains("imports"));
    let told = told.unwrap();
    for part in [
        format!("imports {}… of {}: ", "ü".repeat(299), "s".repeat(300)),
        "or one of 4 more keys, which you did not pin".into(),
        format!("attribution FAILED: {}…;", "f".repeat(299)),
        format!("completeness unverified: {}…", "u".repeat(299)),
    ] {
        assert!(told.contains(&part), "{part}: {told}");
    }
    assert_eq!(told.matches(" or ").count(), 8, "{told}");
    assert!(told.chars().count() < 2300, "{told}");
}

/// In a selection the source may be left out; what each record shows is held against it all the same.
#[test]
fn a55_in_a_selection() {
    for (change, holds) in [(false, true), (true, false)] {
        let log = importing(&records(), &old_key(), |item| {
            if change && item.index == 2 {
                item.id = "r9".into();
            }
        });
        let policy = log.policy();
        let note = log.checkpoint();
        let checkpoint = Checkpoint::parse(note.text()).unwrap();
        let mut verifier = SelectionVerifier::new(&policy, note, checkpoint);
        for seq in [0_u8, 1, 6] {
            verifier.push(&log.sealed[usize::from(seq)], log.path(seq.into()));
        }
        let integrity = verifier.finish().verdict.integrity;
        assert_eq!(integrity.is_verified(), holds, "{integrity}");
    }
}
