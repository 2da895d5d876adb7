//! Imported records in packages: shown with what they bring, and both verifiers read them.

use crate::files::{get, unpack};
use crate::logs::Log;
use crate::package_lies::both;
use ai_audit_core::{
    Action, Bytes, Imported, ImportedBody, ImportedItem, ImportedRecord, Kind, Timestamp,
    UnverifiedReceipt,
};
use ai_audit_export::{Selection, json_value, said_value};
use ai_audit_testkit::imported::{OldDecision, OldRecord, old_source};
use serde_json::Value;

fn old(id: &str, proven: bool) -> OldRecord {
    let of = OldDecision {
        id,
        // 2025-03-01T00:00:00Z
        time: Timestamp::from_micros(1_740_787_200_000_000),
        trace: "t",
        session: "s1",
        action: Action::Reject,
        model: "gpt-4o",
        output: "no — \u{1f6ab}",
        score: 0.75,
    };
    OldRecord::decision(&of, proven)
}

/// A log with a decision of its own, a source and its records.
fn log() -> Log {
    let records = [old("r-0", true), old("r-1", false)];
    let mut log = Log::of(1, 4);
    log.seal(&old_source(&records), "s0");
    let source = log.head.hash();
    for (index, record) in (0..).zip(&records) {
        log.seal(&record.item(source, index), "s1");
    }
    log
}

fn receipt(log: &Log, seq: usize) -> UnverifiedReceipt<'_> {
    UnverifiedReceipt::parse(&log.sealed[seq]).unwrap()
}

#[test]
fn both_verifiers_read_them_in_logs_and_selections() {
    let log = log();
    let all = unpack(&log.package(Selection::All, true));
    let report = both(&all, &log.policy());
    assert!(report.verdict.integrity.is_verified(), "{report:?}");
    let mut all = all;
    let view = String::from_utf8(get(&mut all, "receipts.jsonl").clone()).unwrap();
    let lines: Vec<Value> = view
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[4]["kind"], "imported");
    let source = &lines[4]["body"]["record"]["source"];
    assert_eq!(
        (&source["items"], &source["integrity"]),
        (&2.into(), &"verified".into())
    );
    assert!(source.get("files").is_none());
    let item = &lines[5]["body"]["record"]["item"];
    assert_eq!(item["source"], lines[4]["hash"]);
    let content = &item["content"];
    assert_eq!(content["kind"], "decision");
    assert_eq!(content["body"]["action"], "reject");
    assert_eq!(content["body"]["checks"][0]["score"], 0.75);
    assert!(content.get("body_hex").is_none());
    assert!(item["key"].is_string() && item.get("finding").is_none());
    let other = &lines[6]["body"]["record"]["item"];
    assert!(other.get("key").is_none() && other["finding"].is_string());

    let selection = unpack(&log.package(Selection::Session("s1".into()), true));
    let report = both(&selection, &log.policy());
    assert!(report.verdict.integrity.is_verified(), "{report:?}");
}

/// An item of a record that nobody can read, which brings this.
fn item(content: Option<(Kind, &[u8])>) -> Imported<'_> {
    Imported {
        record: ImportedRecord::Item(ImportedItem {
            source: ai_audit_core::LeafHash::ZERO,
            index: 0,
            id: "".into(),
            tenant: "".into(),
            occurred_at: None,
            original: "{".into(),
            hash: None,
            signature: None,
            key: None,
            finding: "it cannot be read".into(),
            content: content.map(|(kind, body)| ImportedBody {
                kind,
                body: Bytes(body),
            }),
        }),
    }
}

/// What does not follow its source, or is under a key that was not trusted, is refused by both.
#[test]
fn both_verifiers_follow_sources() {
    let records = [old("r-0", true), old("r-1", true)];
    let source = old_source(&records);
    let fails = |steps: &[(Option<usize>, u64)]| {
        let mut log = Log::of(1, 4);
        let mut of = ai_audit_core::LeafHash::ZERO;
        for (record, index) in steps {
            match record {
                None => {
                    log.seal(&source, "s0");
                    of = log.head.hash();
                }
                Some(record) => log.seal(&records[*record].item(of, *index), "s1"),
            }
        }
        let files = unpack(&log.package(Selection::All, true));
        both(&files, &log.policy()).verdict.integrity.is_failed()
    };
    assert!(!fails(&[(None, 0), (Some(0), 0), (Some(1), 1)]));
    assert!(!fails(&[(None, 0), (Some(0), 0)]));
    // Without a source; out of order; twice; beyond the last.
    assert!(fails(&[(Some(0), 0)]));
    assert!(fails(&[(None, 0), (Some(1), 1), (Some(0), 0)]));
    assert!(fails(&[(None, 0), (Some(0), 0), (Some(0), 0)]));
    assert!(fails(&[
        (None, 0),
        (Some(0), 0),
        (Some(1), 1),
        (Some(0), 2)
    ]));

    let mut log = Log::of(1, 4);
    let mut other = source.clone();
    if let ImportedRecord::Source(source) = &mut other.record {
        source.keys = ai_audit_core::List::EMPTY;
    }
    log.seal(&other, "s0");
    log.seal(&records[0].item(log.head.hash(), 0), "s1");
    let files = unpack(&log.package(Selection::All, true));
    let report = both(&files, &log.policy());
    assert!(report.verdict.integrity.is_failed(), "{report:?}");
    assert!(report.verdict.integrity.to_string().contains("its key"));
}

/// Whether both derive the same view is what the package's view is compared by.
fn view_of_content(content: (Kind, &[u8])) -> Value {
    let mut log = Log::of(1, 4);
    log.seal(&item(Some(content)), "s0");
    let files = unpack(&log.package(Selection::All, true));
    if let Some((_, code, said)) = crate::python::answers(&files, &log.policy()) {
        assert!(!said.contains("view"), "{code}: {said}");
    }
    let view = json_value(&receipt(&log, 4));
    view["body"]["record"]["item"]["content"].clone()
}

#[test]
fn content_that_is_not_known_or_does_not_decode_is_shown_as_bytes() {
    for (kind, name, bytes) in [
        (Kind::DECISION, "decision", &b"\x02"[..]),
        (Kind::TOOL_OUTCOME, "tool_outcome", b"\xff\xff"),
        (Kind::BATCH_SEAL, "batch_seal", b"abc"),
        (Kind::new(0x8001), "unknown_32769", b"\x00"),
        // A whole one, with a byte too many.
        (Kind::STOP, "stop", b"\x01x\x05\x00"),
    ] {
        let shown = view_of_content((kind, bytes));
        assert_eq!(shown["kind"], name);
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(shown["body_hex"], hex.as_str());
        assert!(shown.get("body").is_none(), "{shown}");
    }
    let shown = view_of_content((Kind::STOP, b"\x01x\x05"));
    assert_eq!(shown["body"], serde_json::json!({"reason": "x", "size": 5}));
    let shown = view_of_content((Kind::new(0x8001), b""));
    assert_eq!(shown, serde_json::json!({"kind": "unknown_32769"}));
}

#[test]
fn what_they_say_is_shown_as_a_receipt_of_their_kind() {
    let log = log();
    let said = said_value(&receipt(&log, 5));
    assert_eq!(
        (&said["kind"], &said["imported"]),
        (&"decision".into(), &true.into())
    );
    assert_eq!(said["body"]["model"], "gpt-4o");
    assert_eq!(said["session_id"], "s1");
    for own in [2, 4] {
        let receipt = receipt(&log, own);
        assert_eq!(said_value(&receipt), json_value(&receipt));
    }
    let mut log = Log::of(1, 4);
    log.seal(&item(Some((Kind::DECISION, b"\x02"))), "s0");
    let said = said_value(&receipt(&log, 4));
    assert_eq!(
        (&said["kind"], &said["body_hex"]),
        (&"decision".into(), &"02".into())
    );
    assert!(said.get("body").is_none());
}

#[test]
fn the_independent_verifier_refuses_what_contradicts_itself() {
    let good = ai_audit_core::encode_body(&item(None)).unwrap();
    // The last two are the end of the finding and an absent content.
    let overlong = [&good[..33], b"\x80\x00", &good[34..]].concat();
    let nested = {
        let bytes = good.split_last().unwrap().1;
        [bytes, b"\x01\x19\x00"].concat()
    };
    let without_finding = {
        let finding = good.windows(3).position(|found| found == b"it ").unwrap();
        [&good[..finding - 1], b"\x00\x00"].concat()
    };
    for bytes in [overlong, nested, without_finding] {
        assert!(ai_audit_core::decode_body::<Imported<'_>>(&bytes).is_err());
        let mut log = Log::of(1, 4);
        log.seal_bytes(Kind::IMPORTED, &bytes);
        let files = unpack(&log.package(Selection::All, true));
        let Some((answers, _, said)) = crate::python::answers(&files, &log.policy()) else {
            return;
        };
        assert_eq!(answers[0], "failed", "{said}");
        assert!(!said.contains("view"), "{said}");
    }
}
