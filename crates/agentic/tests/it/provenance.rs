//! A37: sources that are removed, changed or moved; and where mistrust of one leads to.

use crate::open::Log;
use ai_audit_agentic::{
    MAX_PATH, MAX_SOURCES, PathStep, Provenance, Source, SourceOrigin, Taint, TaintPolicy,
    ToolIntent, ToolOutcome, TraceBuilder, TraceGraph, TraceNode, TraceStep, Trust,
};
use ai_audit_core::{Body, Decision, DecodeBody, LeafHash, TextDigest, UnverifiedReceipt};
use proptest::prelude::*;

fn trust(hundredths: u8) -> Trust {
    Trust::new(hundredths).unwrap()
}

fn source(number: usize) -> Source<'static> {
    Source {
        uri: format!("https://example.org/{number}").into(),
        digest: Some(TextDigest::plain(&number.to_string())),
        ..Source::new(
            SourceOrigin::ALL[number % 7],
            trust(90),
            format!("source {number}"),
        )
    }
}

fn sources(count: usize) -> Vec<Source<'static>> {
    (0..count).map(source).collect()
}

fn graph(log: &Log) -> TraceGraph {
    let mut builder = TraceBuilder::new("trace");
    for bytes in &log.sealed {
        let receipt = UnverifiedReceipt::parse(bytes).unwrap();
        builder.push(&receipt).unwrap();
    }
    builder.finish()
}

fn policy() -> TaintPolicy {
    TaintPolicy {
        privileged_tools: ["payment".into()].into(),
        privileged_tags: ["sends money".into()].into(),
        other_tools: Trust::FULL,
        ..TaintPolicy::default()
    }
}

#[test]
fn a37_a_source_that_is_removed_or_moved_is_noticed() {
    for count in 2..9 {
        let honest = Provenance::of_sources(sources(count));
        assert!(honest.check().is_ok());
        let refused = |changed: Vec<Source<'static>>| {
            let forged = Provenance {
                sources: changed.clone().into(),
                ..honest.clone()
            };
            assert!(forged.check().is_err());
            // Whoever changes the commitment, too, has another receipt.
            assert_ne!(Provenance::of_sources(changed).root, honest.root);
        };
        for place in 0..count {
            let mut removed = sources(count);
            removed.remove(place);
            refused(removed);
            let mut moved = sources(count);
            moved.swap(place, (place + 1) % count);
            refused(moved);
            let mut changed = sources(count);
            changed[place].trust = Trust::FULL;
            refused(changed);
            let mut added = sources(count);
            added.insert(place, source(place));
            refused(added);
        }
    }
}

#[test]
fn a37_the_decision_commits_to_its_sources() {
    let mut log = Log::new();
    let provenance = log.seal(&Provenance::of_sources(sources(3)));
    log.seal(&Decision {
        parents: vec![provenance].into(),
        ..Decision::new()
    });
    assert!(graph(&log).problems().is_empty());
    // Another provenance in its place, by whoever has the keys, is not what the decision names.
    let mut other = Log::new();
    other.seal(&Provenance::of_sources(sources(2)));
    log.sealed[1] = other.sealed[1].clone();
    let changed = graph(&log);
    assert_eq!(changed.problems()[0].name(), "missing_parent");
    assert_eq!(
        changed.missing().into_iter().collect::<Vec<_>>(),
        [provenance]
    );
}

#[test]
fn each_source_is_shown_without_the_others() {
    for count in [1, 2, 3, 7, 8, 200] {
        let whole = Provenance::of_sources(sources(count));
        let alone = whole.clone().without_sources();
        assert!(alone.check().is_ok() && alone.prove(0).is_none());
        for place in 0..count {
            let proof = whole.prove(place).unwrap();
            assert_eq!(proof.verify(&source(place), &alone), Ok(()));
            assert!(proof.verify(&source(place + 1), &alone).is_err());
            let mut elsewhere = proof.clone();
            elsewhere.index += 1;
            assert!(elsewhere.verify(&source(place), &alone).is_err());
            let mut longer = proof.clone();
            longer.path.push(whole.root);
            assert!(longer.verify(&source(place), &alone).is_err());
        }
        assert!(whole.prove(count).is_none());
    }
}

#[test]
fn bodies_are_bounded() {
    assert!(Provenance::of_sources(vec![]).check().is_err());
    let most = Provenance::of_sources(sources(1));
    let refused = |provenance: Provenance<'_>| provenance.check().unwrap_err().field;
    let sized = |size| Provenance {
        size,
        ..most.clone().without_sources()
    };
    assert!(sized(MAX_SOURCES as u64).check().is_ok());
    assert_eq!(refused(sized(MAX_SOURCES as u64 + 1)), "size");
    assert_eq!(
        refused(Provenance {
            size: 2,
            ..most.clone()
        }),
        "size"
    );
    assert_eq!(
        refused(Provenance {
            lowest: trust(91),
            ..most.clone()
        }),
        "lowest"
    );
    let long = Source {
        uri: "u".repeat(2049).into(),
        ..source(0)
    };
    assert_eq!(refused(Provenance::of_sources(vec![long])), "sources");
    let twice = Provenance {
        parents: vec![LeafHash::ZERO; 2].into(),
        ..most
    };
    assert_eq!(refused(twice), "parents");
    assert!(Trust::new(101).is_err() && "0.5".parse::<Trust>().is_err());
}

proptest! {
    #[test]
    fn bodies_round_trip_in_one_form(
        origins in prop::collection::vec((0..7usize, 0..=100u8, "\\PC{0,20}", "\\PC{0,20}"), 1..9),
        of in prop::option::of(any::<[u8; 32]>()),
    ) {
        let sources = origins.iter().map(|(origin, hundredths, name, uri)| Source {
            uri: uri.as_str().into(),
            receipt: of.map(LeafHash::from_bytes),
            ..Source::new(SourceOrigin::ALL[*origin], trust(*hundredths), name.as_str())
        });
        let body = Provenance { of: of.map(LeafHash::from_bytes), ..Provenance::of_sources(sources.collect()) };
        let mut log = Log::new();
        log.seal(&body);
        let sealed = &log.sealed[1];
        let receipt = UnverifiedReceipt::parse(sealed).unwrap();
        prop_assert_eq!(Provenance::decode(&receipt), Ok(body));
        // No byte of the body can be another one, and still be a body with the same hash.
        let start = receipt.body_offset();
        let place = start + (sealed.len() - 64 - start) / 2;
        let mut flipped = sealed.clone();
        flipped[place] ^= 1;
        let flipped = UnverifiedReceipt::parse(&flipped).unwrap();
        prop_assert!(flipped.hash() != receipt.hash());
    }
}

/// A web page that a researcher read, and a payment that followed.
fn paid(page_trust: u8) -> Log {
    let mut log = Log::new();
    let asked = log.seal_as(
        "planner",
        &TraceNode {
            step: TraceStep::Delegation,
            to: "researcher".into(),
            ..TraceNode::new("find the offer")
        },
    );
    let page = Source::new(SourceOrigin::Document, trust(page_trust), "web page");
    let prompt = Source::new(SourceOrigin::System, Trust::FULL, "prompt");
    let sources = log.seal(&Provenance {
        parents: vec![asked].into(),
        ..Provenance::of_sources(vec![prompt, page])
    });
    let read = log.seal_as(
        "researcher",
        &Decision {
            parents: vec![asked, sources].into(),
            ..Decision::new()
        },
    );
    let decided = log.seal_as(
        "researcher",
        &Decision {
            parents: vec![read].into(),
            ..Decision::new()
        },
    );
    let pay = log.seal_as(
        "researcher",
        &ToolIntent {
            tool: "payment".into(),
            parents: vec![decided].into(),
            ..ToolIntent::new()
        },
    );
    log.seal(&ToolOutcome {
        tool: "payment".into(),
        intent: Some(pay),
        ..ToolOutcome::new()
    });
    log
}

#[test]
fn taint_is_reported_with_its_way() {
    let graph = graph(&paid(20));
    let taint = Taint::new(&graph, &policy());
    let [finding] = taint.findings() else {
        panic!("{:?}", taint.findings());
    };
    assert_eq!(
        (graph.label(finding.node), finding.trust),
        ("payment", trust(20))
    );
    assert_eq!(finding.words(&graph), "web page → researcher → payment");
    assert!(matches!(&finding.path[0], PathStep::Source { name, .. } if name == "web page"));
    assert_eq!(taint.privileged(), 1);
    let summary = graph.trust_summary();
    assert!(summary.system_grounded() && !summary.unknown_sources());
    assert_eq!(
        (summary.lowest, summary.mean(), summary.sources),
        (Some(trust(20)), Some(60.0), 2)
    );
    // Exactly at the threshold it is enough.
    assert!(Taint::new(&graph_of(50), &policy()).findings().is_empty());
    assert_eq!(Taint::new(&graph_of(49), &policy()).findings().len(), 1);
}

fn graph_of(page_trust: u8) -> TraceGraph {
    graph(&paid(page_trust))
}

/// A tool's result, a decision that follows from it, and a payment; and what is said of the result.
fn looked_up(statement: impl FnOnce(LeafHash) -> Option<Provenance<'static>>) -> TraceGraph {
    let mut log = Log::new();
    let first = log.seal(&Decision::new());
    let call = log.seal(&ToolIntent {
        tool: "search".into(),
        parents: vec![first].into(),
        ..ToolIntent::new()
    });
    let result = log.seal(&ToolOutcome {
        tool: "search".into(),
        intent: Some(call),
        ..ToolOutcome::new()
    });
    if let Some(statement) = statement(result) {
        log.seal(&statement);
    }
    log.seal(&Decision {
        tags: vec!["sends money".into()].into(),
        parents: vec![first, result].into(),
        ..Decision::new()
    });
    graph(&log)
}

#[test]
fn tool_results_are_trusted_as_somebody_says() {
    let found = |graph: &TraceGraph, policy: &TaintPolicy| -> Vec<(u8, String)> {
        let taint = Taint::new(graph, policy);
        let findings = taint.findings().iter();
        findings
            .map(|finding| (finding.trust.hundredths(), finding.words(graph)))
            .collect()
    };
    let nobody = looked_up(|_| None);
    let unstated = TaintPolicy {
        other_tools: Trust::NONE,
        ..policy()
    };
    assert_eq!(found(&nobody, &policy()), []);
    // A decision without an agent or model has no name to be named by.
    assert_eq!(
        found(&nobody, &unstated),
        [(0, "unstated result of search".into())]
    );
    assert_eq!(Taint::new(&nobody, &unstated).unstated_inputs(), 1);
    let inputs = TaintPolicy {
        inputs: Some(trust(10)),
        ..policy()
    };
    assert_eq!(found(&nobody, &inputs), [(10, "unstated input".into())]);
    // A source says so, or a receipt about the result; the reader's word is a ceiling.
    let source = |result, hundredths| Source {
        receipt: Some(result),
        ..Source::new(SourceOrigin::Tool, trust(hundredths), "search")
    };
    let by_source = looked_up(|result| Some(Provenance::of_sources(vec![source(result, 80)])));
    assert_eq!(found(&by_source, &unstated), []);
    let ceiling = TaintPolicy {
        tools: [("search".into(), trust(30))].into(),
        ..policy()
    };
    assert_eq!(
        found(&by_source, &ceiling),
        [(30, "result of search".into())]
    );
    let about = looked_up(|result| {
        Some(Provenance {
            of: Some(result),
            ..Provenance::of_sources(vec![Source::new(SourceOrigin::Unknown, trust(5), "")])
        })
    });
    assert_eq!(found(&about, &policy()), [(5, "unknown".into())]);
    assert!(about.trust_summary().unknown_sources());
    // Trusting the tool does not undo what a source says.
    let trusting = TaintPolicy {
        tools: [("search".into(), Trust::FULL)].into(),
        ..policy()
    };
    assert_eq!(found(&about, &trusting), [(5, "unknown".into())]);
}

#[test]
fn trust_never_grows_along_a_way() {
    let graph = graph_of(20);
    let taint = Taint::new(&graph, &policy());
    for node in graph.nodes() {
        for parent in graph.parents(node) {
            assert!(taint.trust(node) <= taint.trust(*parent));
        }
    }
}

#[test]
fn a_long_way_is_cut_and_many_of_them_take_no_memory() {
    let mut log = paid(20);
    let mut last = log.seal(&ToolIntent {
        tool: "payment".into(),
        parents: vec![last_of(&log)].into(),
        ..ToolIntent::new()
    });
    for _ in 0..20_000 {
        last = log.seal(&ToolIntent {
            tool: "payment".into(),
            parents: vec![last].into(),
            ..ToolIntent::new()
        });
    }
    let graph = graph(&log);
    let taint = Taint::new(&graph, &policy());
    let kept: usize = taint
        .findings()
        .iter()
        .map(|finding| finding.path.len())
        .sum();
    assert!(kept <= taint.findings().len() * (MAX_PATH + 2));
    let end = taint.findings().last().unwrap();
    assert!(end.left_out > 19_000, "{}", end.left_out);
    let words = end.words(&graph);
    assert!(
        words.starts_with("web page → ")
            && words.contains(" more) → ")
            && words.ends_with("payment"),
        "{words}"
    );
}

fn last_of(log: &Log) -> LeafHash {
    let last = log.sealed.last().unwrap();
    UnverifiedReceipt::parse(last).unwrap().hash()
}
