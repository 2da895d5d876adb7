//! Trace nodes and provenance in packages: both verifiers read them, and refuse the same.

use crate::files::unpack;
use crate::logs::Log;
use crate::package_lies::both;
use ai_audit_agentic::{Metadata, Provenance, Source, SourceOrigin, TraceNode, TraceStep, Trust};
use ai_audit_core::{Body, Kind, LeafHash, TextDigest};
use ai_audit_export::Selection;
use serde::Serialize;

fn node() -> TraceNode<'static> {
    TraceNode {
        step: TraceStep::HandOff,
        to: "writer".into(),
        duration_us: Some(7),
        metadata: vec![Metadata {
            name: "ticket".into(),
            value: "ÄÖ".into(),
        }]
        .into(),
        parents: vec![LeafHash::of(b"before")].into(),
        ..TraceNode::new("write it up")
    }
}

fn sources(count: u8) -> Vec<Source<'static>> {
    (0..count)
        .map(|n| Source {
            uri: "https://example.org/ä".into(),
            digest: Some(TextDigest::plain("text")),
            receipt: (n % 2 == 0).then(|| LeafHash::of(&[n])),
            ..Source::new(
                SourceOrigin::ALL[usize::from(n) % 7],
                Trust::new(100 - n).unwrap(),
                "page",
            )
        })
        .collect()
}

/// A body that is sealed as it is.
#[derive(Serialize)]
#[serde(transparent)]
pub(crate) struct Unchecked<T>(pub(crate) T);

impl<T: Body> Body for Unchecked<T> {
    const KIND: Kind = T::KIND;
}

#[test]
fn both_verifiers_read_trace_nodes_and_provenance() {
    let mut log = Log::of(1, 4);
    log.seal(&node(), "s1");
    for count in [1, 2, 3, 13] {
        let provenance = Provenance::of_sources(sources(count));
        log.seal(&provenance, "s1");
        let of = Some(LeafHash::of(b"decision"));
        log.seal(
            &Provenance {
                of,
                ..provenance.without_sources()
            },
            "s1",
        );
    }
    let files = unpack(&log.package(Selection::All, true));
    let report = both(&files, &log.policy());
    assert!(report.verdict.integrity.is_verified(), "{report:?}");
    let (_, view) = files
        .iter()
        .find(|(name, _)| name == "receipts.jsonl")
        .unwrap();
    let view = String::from_utf8(view.clone()).unwrap();
    assert!(
        view.contains("\"step\":\"hand_off\",\"to\":\"writer\""),
        "{view}"
    );
    assert!(
        view.contains("\"origin\":\"memory\",\"receipt\":"),
        "{view}"
    );
}

#[test]
fn a37_both_verifiers_refuse_sources_that_the_root_does_not_commit_to() {
    let honest = Provenance::of_sources(sources(3));
    let mut moved = sources(3);
    moved.swap(0, 1);
    let refused = [
        Provenance {
            sources: moved.into(),
            ..honest.clone()
        },
        Provenance {
            sources: sources(2).into(),
            ..honest.clone()
        },
        Provenance {
            lowest: Trust::FULL,
            ..honest.clone()
        },
        Provenance {
            size: 0,
            ..honest.clone().without_sources()
        },
        Provenance {
            size: 4097,
            ..honest.clone().without_sources()
        },
        Provenance {
            parents: vec![LeafHash::ZERO; 2].into(),
            ..honest
        },
    ];
    for body in refused {
        let mut log = Log::of(1, 4);
        log.seal(&Unchecked(body.clone()), "s1");
        let report = both(&unpack(&log.package(Selection::All, true)), &log.policy());
        assert!(report.verdict.integrity.is_failed(), "{body:?}: {report:?}");
    }
}

#[test]
fn both_verifiers_refuse_trace_nodes_out_of_their_bounds() {
    let entry = |name: &str, length: usize| Metadata {
        name: name.to_owned().into(),
        value: "v".repeat(length).into(),
    };
    let refused = [
        TraceNode {
            to: "".into(),
            ..node()
        },
        TraceNode {
            step: TraceStep::Join,
            ..node()
        },
        TraceNode {
            name: "".into(),
            ..node()
        },
        TraceNode {
            name: "é".repeat(129).into(),
            ..node()
        },
        TraceNode {
            metadata: vec![entry("b", 1), entry("a", 1)].into(),
            ..node()
        },
        TraceNode {
            metadata: vec![entry("a", 4097)].into(),
            ..node()
        },
        TraceNode {
            parents: vec![LeafHash::ZERO; 2].into(),
            ..node()
        },
    ];
    for body in refused {
        let mut log = Log::of(1, 4);
        log.seal(&Unchecked(body.clone()), "s1");
        let report = both(&unpack(&log.package(Selection::All, true)), &log.policy());
        assert!(report.verdict.integrity.is_failed(), "{body:?}: {report:?}");
    }
}
