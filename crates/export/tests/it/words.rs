//! What is said in words: a receipt in one line, a selection, the steps of a trace that follow from elsewhere.

use crate::files::{get, unpack};
use crate::logs::Log;
use ai_audit_agentic::{Elsewhere, Node, NodeSort, TraceBuilder};
use ai_audit_core::{Action, Decision, Gap, LeafHash, Stop, Timestamp, UnverifiedReceipt};
use ai_audit_export::{Selection, TraceStepText, says, trace_value};
use std::collections::BTreeMap;

fn last(log: &Log) -> String {
    says(&UnverifiedReceipt::parse(log.sealed.last().unwrap()).unwrap())
}

#[test]
fn a_receipt_says_in_a_line_what_is_in_its_body() {
    let mut log = Log::of(1, 1);
    assert_eq!(last(&log), "test");
    log.seal(
        &Decision {
            action: Action::Reject,
            model: "gpt-4o".into(),
            ..Decision::new()
        },
        "",
    );
    assert_eq!(last(&log), "reject · gpt-4o");
    let time = Timestamp::from_micros(1);
    let gap = |reason: &str| Gap {
        from: time,
        to: time,
        lost: Some(2),
        reason: reason.to_owned().into(),
    };
    log.seal(&gap("the disk was full"), "");
    assert_eq!(last(&log), "the disk was full");
    // One of which nothing is known but its fields.
    let stop = Stop {
        reason: "the day is over".into(),
        size: log.head.size(),
    };
    log.seal(&stop, "");
    assert_eq!(last(&log), "reason the day is over · size 4");
    log.seal(&gap(&"ü".repeat(160)), "");
    assert_eq!(last(&log), "ü".repeat(160));
    log.seal(&gap(&"ü".repeat(161)), "");
    assert_eq!(last(&log), "ü".repeat(160) + "…");
    let kind = ai_audit_core::Kind::new(0x8001);
    log.seal_bytes(kind, b"unknown");
    assert_eq!(last(&log), "");
}

#[test]
fn a_selection_is_described_to_whoever_opens_the_package() {
    let log = Log::of(1, 12);
    let time = |seq: u64| Timestamp::from_micros(1_790_000_000_000_000 + seq);
    for (selection, described) in [
        (Selection::All, "the whole log"),
        (Selection::Range { from: 2, to: 7 }, "receipts 2 to 7"),
        (Selection::Trace("t".into()), "trace \"t\""),
        (Selection::Session("s1".into()), "session \"s1\""),
        (
            Selection::Time {
                from: time(0),
                to: time(1_000_000),
            },
            "receipts sealed from 2026-09-21T14:13:20.000000Z and before 2026-09-21T14:13:21.000000Z",
        ),
    ] {
        assert_eq!(selection.describe(), described);
        let mut files = unpack(&log.package(selection, false));
        let readme = String::from_utf8(get(&mut files, "README.md").clone()).unwrap();
        let row = format!("| contents | {described} |\n");
        assert!(readme.contains(&row), "{readme}");
    }
}

#[test]
fn steps_name_what_they_follow_from_outside_of_their_trace() {
    let hashes = [b"a", b"b", b"c"].map(|bytes| LeafHash::of(bytes));
    let mut builder = TraceBuilder::new("t");
    let mut node = Node::new(LeafHash::of(b"d"), 9, NodeSort::Decision);
    node.parents = hashes.to_vec();
    builder.add(&node).unwrap();
    let mut graph = builder.finish();
    let other = |seq, trace: &str| Elsewhere::OtherTrace {
        seq,
        trace_id: trace.to_owned(),
    };
    let found = [other(3, "u"), other(4, ""), Elsewhere::Deleted { seq: 5 }];
    graph.resolve(&hashes.into_iter().zip(found).collect::<BTreeMap<_, _>>());
    let text = |seq| {
        Some(TraceStepText {
            kind: "decision".into(),
            says: format!("number {seq}"),
        })
    };
    let value = trace_value(&graph, &graph.nodes().collect::<Vec<_>>(), text);
    assert_eq!(value["steps"][0]["says"], "number 9");
    let mut outside: Vec<&str> = value["outside"]
        .as_array()
        .unwrap()
        .iter()
        .map(|text| text.as_str().unwrap())
        .collect();
    outside.sort_unstable();
    assert_eq!(
        outside,
        [
            "receipt 9 follows from receipt 3 of trace u",
            "receipt 9 follows from receipt 4, which is of no trace",
            "receipt 9 follows from receipt 5, whose bytes are deleted",
        ]
    );
}
