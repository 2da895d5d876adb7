//! A36: trace graphs that are deep, cyclic, cut, changed, joined; and what is asked of them.

use crate::open::Log;
use ai_audit_agentic::{
    Attestation, Elsewhere, HumanReview, MAX_METADATA, MAX_PARENTS, Metadata, Node, NodeIndex,
    NodeSort, Problem, Review, ReviewVerdict, Statement, ToolIntent, ToolOutcome, ToolStatus,
    TraceBuilder, TraceGraph, TraceNode, TraceStep,
};
use ai_audit_core::{
    Action, Body, Bytes, Decision, Imported, ImportedBody, ImportedItem, ImportedRecord, Kind,
    LeafHash, SigningKey, Timestamp, UnverifiedReceipt, encode_body,
};
use std::collections::BTreeMap;

fn hash(number: u64) -> LeafHash {
    LeafHash::of(&number.to_be_bytes())
}

/// Nodes of these parents, by number, all of them steps.
fn graph<P: AsRef<[u64]>>(parents: &[P]) -> TraceGraph {
    let mut builder = TraceBuilder::new("t");
    for (number, parents) in (0..).zip(parents) {
        builder.add(&node(number, parents.as_ref())).unwrap();
    }
    builder.finish()
}

fn node(number: u64, parents: &[u64]) -> Node<'static> {
    Node {
        parents: parents.iter().copied().map(hash).collect(),
        ..Node::new(hash(number), number, NodeSort::Step(TraceStep::Step))
    }
}

fn numbers(nodes: &[NodeIndex]) -> Vec<usize> {
    nodes.iter().map(|node| node.as_usize()).collect()
}

fn at(graph: &TraceGraph, number: usize) -> NodeIndex {
    graph.nodes().nth(number).unwrap()
}

/// A plan with two parallel calls, joined, and an answer; the log and the sealed bytes.
fn sealed_trace() -> Vec<Vec<u8>> {
    let mut log = Log::new();
    let plan = log.seal(&Decision {
        model: "m".into(),
        duration_us: Some(100),
        input_tokens: Some(7),
        ..Decision::new()
    });
    let fork = log.seal(&TraceNode {
        step: TraceStep::Parallel,
        metadata: vec![Metadata {
            name: "branches".into(),
            value: "2".into(),
        }]
        .into(),
        parents: vec![plan].into(),
        ..TraceNode::new("look up")
    });
    let intents = ["flights", "hotels"].map(|tool| {
        log.seal(&ToolIntent {
            tool: tool.into(),
            parents: vec![fork].into(),
            ..ToolIntent::new()
        })
    });
    let outcomes = [(0, 10), (1, 5000)].map(|(n, time): (usize, u64)| {
        log.seal(&ToolOutcome {
            tool: "t".into(),
            intent: Some(intents[n]),
            status: ToolStatus::Error,
            duration_us: Some(time),
            ..ToolOutcome::new()
        })
    });
    let join = log.seal(&TraceNode {
        step: TraceStep::Join,
        parents: outcomes.to_vec().into(),
        ..TraceNode::new("both")
    });
    log.seal(&Decision {
        action: Action::Escalate,
        parents: vec![join].into(),
        ..Decision::new()
    });
    log.sealed
}

fn of_sealed<B: AsRef<[u8]>>(sealed: &[B]) -> TraceGraph {
    let mut builder = TraceBuilder::new("trace");
    for bytes in sealed {
        let receipt = UnverifiedReceipt::parse(bytes.as_ref()).unwrap();
        builder.push(&receipt).unwrap();
    }
    builder.finish()
}

#[test]
fn a36_a_graph_100_000_deep_needs_no_stack() {
    let parents: Vec<Vec<u64>> = (0..100_000u64)
        .map(|n| n.checked_sub(1).into_iter().collect())
        .collect();
    // A stack on which 100,000 calls have no room.
    let thread = std::thread::Builder::new().stack_size(128 << 10);
    let done = thread.spawn(move || {
        let graph = graph(&parents);
        let last = at(&graph, 99_999);
        assert_eq!(graph.depth(), 100_000);
        assert_eq!(graph.lineage(last).len(), 99_999);
        assert_eq!(graph.descendants(at(&graph, 0)).len(), 99_999);
        assert_eq!(graph.critical_path().nodes.len(), 100_000);
        assert_eq!(graph.around(last, 10).len(), 10);
        assert_eq!(graph.totals()[""].steps, 100_000);
        assert!(graph.problems().is_empty());
    });
    done.unwrap().join().unwrap();
}

#[test]
fn a36_a_cycle_is_refused_and_named() {
    // 1 names 2, which names 1; 0 names itself.
    let graph = graph(&[vec![0], vec![2], vec![1]]);
    assert_eq!(graph.edges(), 1);
    assert_eq!(numbers(graph.parents(at(&graph, 2))), [1]);
    assert_eq!(
        graph.problems(),
        [
            Problem::SelfParent {
                child: at(&graph, 0)
            },
            Problem::LaterParent {
                child: at(&graph, 1),
                parent: hash(2)
            },
        ]
    );
    assert_eq!(
        graph.problems()[1].describe(&graph),
        format!(
            "receipt 1 names the parent {}, which comes after it",
            hash(2)
        )
    );
    assert_eq!(graph.depth(), 2);
}

#[test]
fn a36_a_removed_node_is_named() {
    let sealed = sealed_trace();
    let whole = of_sealed(&sealed);
    assert!(whole.problems().is_empty() && whole.len() == sealed.len());
    for gone in 1..sealed.len() {
        let rest: Vec<_> = (0..).zip(&sealed).filter(|(n, _)| *n != gone).collect();
        let rest: Vec<_> = rest.into_iter().map(|(_, bytes)| bytes).collect();
        let cut = of_sealed(&rest);
        let removed = UnverifiedReceipt::parse(&sealed[gone]).unwrap().hash();
        let node = whole.node_of(&removed).unwrap();
        let children = whole.children(node).len();
        assert_eq!(cut.problems().len(), children, "receipt {gone}");
        for problem in cut.problems() {
            assert!(
                matches!(problem, Problem::MissingParent { parent, .. } if *parent == removed),
                "{problem:?}"
            );
            let said = problem.describe(&cut);
            assert!(said.contains(&removed.to_string()), "{said}");
        }
        // The last one has no children: the log's chain and size show that it is gone.
        assert_eq!(children == 0, gone == sealed.len() - 1);
    }
}

#[test]
fn a36_changed_metadata_is_noticed() {
    let mut sealed = sealed_trace();
    let fork = 2;
    let place = sealed[fork]
        .windows(9)
        .position(|bytes| bytes == b"branches\x01")
        .unwrap();
    assert_eq!(sealed[fork][place + 9], b'2');
    let before = UnverifiedReceipt::parse(&sealed[fork]).unwrap().hash();
    sealed[fork][place + 9] = b'3';
    let changed = of_sealed(&sealed);
    let named: Vec<_> = changed.problems().iter().collect();
    assert_eq!(named.len(), 2, "both branches: {named:?}");
    assert!(named.iter().all(
        |problem| matches!(problem, Problem::MissingParent { parent, .. } if *parent == before)
    ));
}

#[test]
fn a36_a_node_has_as_many_parents_as_it_names() {
    let graph = of_sealed(&sealed_trace());
    let join = graph.node_at(7).unwrap();
    assert_eq!(graph.sort(join), Some(NodeSort::Step(TraceStep::Join)));
    assert_eq!(graph.parents(join).len(), 2);
    // The way over the slower branch; times of 100, 5,000 and none.
    let path = graph.critical_path();
    assert_eq!(path.duration_us, 5100);
    let seqs: Vec<_> = path.nodes.iter().map(|node| graph.seq(*node)).collect();
    assert_eq!(seqs, [1, 2, 4, 6, 7, 8]);
    assert_eq!(graph.lineage(join).len(), 6);
    assert_eq!(graph.descendants(graph.node_at(2).unwrap()).len(), 6);
    let totals = graph.totals()[""];
    assert_eq!((totals.decisions, totals.steps, totals.alarms), (2, 2, 3));
    assert_eq!((totals.duration_us, totals.input_tokens), (5110, 7));
}

#[test]
fn bad_input_is_named() {
    let mut builder = TraceBuilder::new("t");
    for (number, parents) in [
        (0, vec![]),
        (1, vec![0, 0, 9, 9]),
        (1, vec![0]),
        (2, vec![1]),
    ] {
        builder.add(&node(number, &parents)).unwrap();
    }
    let mut graph = builder.finish();
    let names: Vec<_> = graph.problems().iter().map(Problem::name).collect();
    assert_eq!(
        names,
        [
            "duplicate_node",
            "duplicate_parent",
            "duplicate_parent",
            "missing_parent"
        ]
    );
    assert_eq!((graph.len(), graph.edges()), (3, 2));
    assert_eq!(numbers(graph.children(at(&graph, 1))), [2]);
    // A parent of another trace is no gap.
    assert_eq!(graph.missing().into_iter().collect::<Vec<_>>(), [hash(9)]);
    let place = Elsewhere::OtherTrace {
        seq: 9,
        trace_id: "u".into(),
    };
    graph.resolve(&BTreeMap::from([(hash(9), place.clone())]));
    assert_eq!(graph.problems().len(), 3);
    assert_eq!(graph.outside()[0].place, place);
}

#[test]
fn measures_agree_with_a_plain_search() {
    // Random graphs, against the definitions written down without cleverness.
    let mut state = 7u64;
    let mut random = |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) % below
    };
    for _ in 0..200 {
        let count = 2 + random(30);
        let parents: Vec<Vec<u64>> = (0..count)
            .map(|n| (0..n).filter(|_| random(4) == 0).collect())
            .collect();
        let graph = graph(&parents);
        let mut above = vec![vec![false; parents.len()]; parents.len()];
        for (child, list) in parents.iter().enumerate() {
            for parent in list {
                let parent = usize::try_from(*parent).unwrap();
                let reached = above[parent].clone();
                above[child]
                    .iter_mut()
                    .zip(reached)
                    .for_each(|(mine, its)| *mine |= its);
                above[child][parent] = true;
            }
        }
        for node in graph.nodes() {
            let lineage = numbers(&graph.lineage(node));
            let expected = |n: &usize| above[node.as_usize()][*n];
            let all: Vec<_> = (0..parents.len()).filter(expected).collect();
            assert_eq!(lineage, all);
            let below = numbers(&graph.descendants(node));
            let all: Vec<_> = (0..parents.len())
                .filter(|n| above[*n][node.as_usize()])
                .collect();
            assert_eq!(below, all);
        }
        let path = graph.critical_path();
        assert_eq!(path.nodes.len(), graph.depth() as usize);
        for pair in path.nodes.windows(2) {
            assert!(graph.parents(pair[1]).contains(&pair[0]));
        }
    }
}

#[test]
fn bodies_are_bounded() {
    let parents = |count: u64| TraceNode {
        parents: (0..count).map(hash).collect(),
        ..TraceNode::new("n")
    };
    assert!(parents(MAX_PARENTS as u64).check().is_ok());
    let refused = |node: TraceNode<'_>| node.check().unwrap_err().field;
    assert_eq!(refused(parents(MAX_PARENTS as u64 + 1)), "parents");
    let mut twice = parents(3);
    twice.parents.push(hash(1));
    assert_eq!(refused(twice), "parents");
    assert_eq!(refused(TraceNode::new("")), "name");
    assert_eq!(refused(TraceNode::new("n".repeat(257))), "name");
    let to = TraceNode {
        to: "b".into(),
        ..TraceNode::new("n")
    };
    assert_eq!(refused(to), "to");
    let metadata = |names: &[String]| TraceNode {
        metadata: names
            .iter()
            .map(|name| Metadata {
                name: name.clone().into(),
                value: "v".into(),
            })
            .collect(),
        ..TraceNode::new("n")
    };
    let many: Vec<_> = (0..=MAX_METADATA).map(|n| format!("{n:03}")).collect();
    assert!(metadata(&many[..MAX_METADATA]).check().is_ok());
    assert_eq!(refused(metadata(&many)), "metadata");
    assert_eq!(refused(metadata(&["b".into(), "a".into()])), "metadata");
    assert_eq!(refused(metadata(&["a".into(), "a".into()])), "metadata");
}

#[test]
fn a40_hostile_names_stay_text() {
    let hostile = "\"];evil[x=\"</script><img onerror=1>\u{202e}\u{1b}[31m\\";
    let mut builder = TraceBuilder::new("t");
    let mut evil = node(0, &[]);
    evil.label = hostile.into();
    evil.agent = hostile.into();
    builder.add(&evil).unwrap();
    builder.add(&node(1, &[0])).unwrap();
    let graph = builder.finish();
    let all: Vec<_> = graph.nodes().collect();
    let dot = graph.dot(&all);
    assert!(
        dot.contains("\\\"];evil") && dot.contains("r0 -> r1;"),
        "{dot}"
    );
    let mermaid = graph.mermaid(&all);
    assert!(mermaid.contains("r0 --> r1"), "{mermaid}");
    assert!(
        !mermaid.contains("<img") && !mermaid.contains("\"];evil"),
        "{mermaid}"
    );
    for text in [dot, mermaid] {
        assert!(!text.contains(['\u{202e}', '\u{1b}']), "{text}");
    }
    // Only what is looked at, and the edges within.
    assert!(!graph.dot(&all[1..]).contains("->"));
}

#[test]
fn large_graphs_find_what_small_ones_find() {
    // Beyond the size from which hashes are looked up by their beginnings.
    let mut builder = TraceBuilder::new("t");
    for number in 0..20_000u64 {
        let before = number
            .checked_sub(1)
            .into_iter()
            .chain([1_000_000 + number]);
        let parents: Vec<u64> = before.collect();
        builder.add(&node(number, &parents)).unwrap();
    }
    builder.add(&node(7_777, &[])).unwrap();
    let graph = builder.finish();
    assert_eq!((graph.len(), graph.edges()), (20_000, 19_999));
    assert_eq!(graph.missing().len(), 20_000);
    let doubles = graph.problems().iter();
    let doubles =
        doubles.filter(|problem| matches!(problem, Problem::DuplicateNode { seq: 7_777, .. }));
    assert_eq!(doubles.count(), 1);
    assert_eq!(graph.depth(), 20_000);
}

#[test]
fn imported_decisions_and_tool_outcomes_are_nodes_of_their_sort() {
    let mut log = Log::new();
    let decision = encode_body(&Decision {
        action: Action::Reject,
        model: "old".into(),
        tags: vec!["tag".into()].into(),
        ..Decision::new()
    });
    let outcome = encode_body(&ToolOutcome {
        tool: "pay".into(),
        status: ToolStatus::Error,
        ..ToolOutcome::new()
    });
    let review = encode_body(&Decision::new());
    let (decision, outcome, other) = (decision.unwrap(), outcome.unwrap(), review.unwrap());
    for (kind, body, occurred_at) in [
        (Kind::DECISION, &decision, Some(Timestamp::from_micros(7))),
        (Kind::TOOL_OUTCOME, &outcome, None),
        // Of another kind it does nothing here.
        (Kind::HUMAN_REVIEW, &other, None),
    ] {
        log.seal(&Imported {
            record: ImportedRecord::Item(ImportedItem {
                source: LeafHash::ZERO,
                index: 0,
                id: "".into(),
                tenant: "".into(),
                occurred_at,
                original: "{}".into(),
                hash: None,
                signature: None,
                key: None,
                finding: "no signature".into(),
                content: Some(ImportedBody {
                    kind,
                    body: Bytes(body),
                }),
            }),
        });
    }
    log.seal(&Decision::new());
    let graph = of_sealed(&log.sealed[1..]);
    let sorts: Vec<_> = graph
        .nodes()
        .map(|node| graph.sort(node).unwrap())
        .collect();
    assert_eq!(
        sorts,
        [
            NodeSort::Decision,
            NodeSort::ToolOutcome,
            NodeSort::Other(Kind::IMPORTED),
            NodeSort::Decision
        ]
    );
    let node = |number| at(&graph, number);
    assert_eq!(
        (graph.label(node(0)), graph.status(node(0))),
        ("old", "reject")
    );
    assert_eq!(
        (graph.label(node(1)), graph.status(node(1))),
        ("pay", "error")
    );
    assert!(graph.alarm(node(0)) && graph.alarm(node(1)));
    assert_eq!(graph.tags(node(0)), ["tag"]);
    // The time of the record; of one without a time that of its receipt; of an own one none.
    let of = [0, 1, 2, 3].map(|number| graph.imported_of_us(node(number)));
    assert_eq!(of, [Some(7), Some(1), None, None]);
    assert_eq!(graph.sealed_us(node(0)), 1);
    // An outcome without an intent closes none of this log, and none was expected.
    assert_eq!(
        (log.intents.open().count(), log.intents.unmatched()),
        (0, 0)
    );
}

#[test]
fn reviews_and_attestations_hang_on_what_they_are_about() {
    let mut log = Log::new();
    let call = log.seal(&ToolIntent {
        tool: "pay".into(),
        ..ToolIntent::new()
    });
    let key = SigningKey::from_bytes(&[9; 32]);
    let review = Review {
        receipt: call,
        parameters: None,
        verdict: ReviewVerdict::Approved,
        reviewer: "r-1".into(),
        comment: "".into(),
    };
    let log_id = log.head.log_id();
    log.seal(&HumanReview::sign(review, &log_id, &key).unwrap());
    let statement = Statement {
        receipt: call,
        role: "tool".into(),
        statement: "".into(),
    };
    log.seal(&Attestation::sign(statement, &log_id, &key).unwrap());
    let graph = of_sealed(&log.sealed);
    assert!(graph.problems().is_empty());
    let call = graph.node_of(&call).unwrap();
    let labels: Vec<_> = graph
        .children(call)
        .iter()
        .map(|node| graph.label(*node))
        .collect();
    assert_eq!(labels, ["r-1", "tool"]);
}
