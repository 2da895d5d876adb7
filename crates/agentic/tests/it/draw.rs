//! Pictures: whole, bounded, without boxes over boxes, and without a word that is not text.

use ai_audit_agentic::{MAX_DRAWN, Node, NodeSort, TraceBuilder, TraceGraph, TraceStep};
use ai_audit_core::LeafHash;

fn hash(number: u64) -> LeafHash {
    LeafHash::of(&number.to_be_bytes())
}

fn graph(count: u64, parents: impl Fn(u64) -> Vec<u64>) -> TraceGraph {
    let mut builder = TraceBuilder::new("t");
    for number in 0..count {
        let node = Node {
            agent: "agent".into(),
            label: "tool".into(),
            parents: parents(number).into_iter().map(hash).collect(),
            ..Node::new(hash(number), number, NodeSort::ToolIntent)
        };
        builder.add(&node).unwrap();
    }
    builder.finish()
}

fn drawn(graph: &TraceGraph) -> String {
    graph.svg(&graph.nodes().collect::<Vec<_>>())
}

fn number(tag: &str, name: &str) -> f64 {
    let (_, rest) = tag.split_once(&format!(" {name}=\"")).unwrap();
    rest.split('"').next().unwrap().parse().unwrap()
}

/// Left and upper corners of the boxes, and their size.
fn boxes(svg: &str) -> Vec<(f64, f64, f64, f64)> {
    let tags = svg.lines().filter_map(|line| {
        let (_, rest) = line
            .strip_prefix("<g><title>")?
            .split_once("</title><rect")?;
        Some(rest.split('>').next().unwrap())
    });
    tags.map(|tag| {
        let of = |name| number(tag, name);
        (of("x"), of("y"), of("width"), of("height"))
    })
    .collect()
}

/// Every tag is closed in order, and every `&` begins an escape.
fn assert_well_formed(svg: &str) {
    let mut open = Vec::new();
    for part in svg.split('<').skip(1) {
        let (tag, text) = part.split_once('>').unwrap();
        let name = tag.split([' ', '/']).find(|name| !name.is_empty()).unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{tag}");
        } else if !tag.ends_with('/') {
            open.push(name);
        }
        for escape in text.split('&').skip(1) {
            let known = ["lt;", "gt;", "amp;", "quot;", "#39;"];
            assert!(
                known.iter().any(|known| escape.starts_with(known)),
                "{text}"
            );
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

fn assert_drawn(svg: &str, count: usize) {
    assert_well_formed(svg);
    let size = (number(svg, "width"), number(svg, "height"));
    let boxes = boxes(svg);
    assert_eq!(boxes.len(), count);
    for (place, one) in boxes.iter().enumerate() {
        assert!(one.0 >= 0.0 && one.1 >= 0.0, "{one:?}");
        assert!(
            one.0 + one.2 <= size.0 && one.1 + one.3 <= size.1,
            "{one:?}"
        );
        for two in &boxes[..place] {
            let apart = |one: f64, two: f64, size: f64| (one - two).abs() >= size;
            assert!(
                apart(one.0, two.0, one.2) || apart(one.1, two.1, one.3),
                "{one:?} over {two:?}"
            );
        }
    }
}

#[test]
fn random_graphs_have_no_box_over_another() {
    let mut state = 5u64;
    let mut random = move |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) % below
    };
    for round in 0..60 {
        let count = 1 + random(200);
        let window = 1 + random(30);
        let parents: Vec<Vec<u64>> = (0..count)
            .map(|child| {
                let named = (0..random(4)).map(|_| 1 + random(window));
                let named = named.filter_map(|back| child.checked_sub(back));
                let named: std::collections::BTreeSet<u64> = named.collect();
                named.into_iter().collect()
            })
            .collect();
        let graph = graph(count, |child| {
            parents[usize::try_from(child).unwrap()].clone()
        });
        let svg = drawn(&graph);
        assert_drawn(&svg, graph.len());
        assert_eq!(svg.matches("marker-end").count(), graph.edges());
        if round % 10 == 0 {
            assert_eq!(svg, drawn(&graph), "the same picture each time");
        }
    }
}

#[test]
fn shapes_that_nobody_expects() {
    let most = MAX_DRAWN as u64;
    let chain = graph(most, |child| child.checked_sub(1).into_iter().collect());
    assert_drawn(&drawn(&chain), MAX_DRAWN);
    // A chain is folded, not drawn as a line of 30,000 units.
    assert!(number(&drawn(&chain), "height") < 5000.0);
    let fan = graph(200, |child| match child {
        0 => vec![],
        199 => (1..199).collect(),
        _ => vec![0],
    });
    assert_drawn(&drawn(&fan), 200);
    assert!(number(&drawn(&fan), "width") < 5000.0);
    assert_drawn(&drawn(&graph(most, |_| vec![])), MAX_DRAWN);
    let all = graph(most, |child| (0..child).collect());
    let svg = drawn(&all);
    assert_drawn(&svg, MAX_DRAWN);
    assert!(svg.contains("edges among them are not") && svg.len() < 2 << 20);
    assert_drawn(&drawn(&graph(0, |_| vec![])), 0);
}

#[test]
fn what_is_not_drawn_is_said() {
    let graph = graph(MAX_DRAWN as u64 + 5, |child| {
        child.checked_sub(1).into_iter().collect()
    });
    let svg = drawn(&graph);
    assert_drawn(&svg, MAX_DRAWN);
    assert!(svg.contains("405 nodes, 404 edges, 405 deep"), "{svg}");
    assert!(svg.contains("; 400 of the nodes are drawn"));
}

#[test]
fn a40_hostile_names_in_a_picture_stay_text() {
    let hostile = "</text><script>alert(1)</script>\" onload='x' &\u{202e}\u{1b}[31m";
    let mut builder = TraceBuilder::new(hostile);
    let node = Node {
        agent: hostile.into(),
        label: hostile.into(),
        to: hostile.into(),
        ..Node::new(hash(0), 0, NodeSort::Step(TraceStep::HandOff))
    };
    builder.add(&node).unwrap();
    let svg = drawn(&builder.finish());
    assert_drawn(&svg, 1);
    assert!(
        !svg.contains("<script") && !svg.contains("onload='"),
        "{svg}"
    );
    assert!(!svg.contains(['\u{202e}', '\u{1b}']));
    // Nothing is loaded from elsewhere.
    assert_eq!(svg.matches("http").count(), 1, "the name space alone");
    assert!(!svg.contains("href") && !svg.contains("url(h"));
}
