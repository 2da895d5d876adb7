//! Parents before children, edges through spans that become nothing, and into the log.

use crate::{TRACE, attribute, counted, decision, map, map_with, of, span, span_id, steps};
use ai_audit_core::LeafHash;
use ai_audit_ingest::{Group, Step};
use ai_audit_otlp::{Options, Role, receipt_id};
use opentelemetry_proto::tonic::trace::v1::Span;

fn agent(id: u8, parent: u8) -> Span {
    let name = attribute("gen_ai.agent.name", "a");
    span(id, parent, "invoke_agent a", of("invoke_agent", vec![name]))
}

fn chat(id: u8, parent: u8) -> Span {
    span(id, parent, "chat", of("chat", vec![]))
}

fn tool(id: u8, parent: u8) -> Span {
    let rest = vec![
        attribute("gen_ai.tool.name", "t"),
        attribute("gen_ai.tool.call.id", "call_1"),
    ];
    span(id, parent, "execute_tool t", of("execute_tool", rest))
}

/// The span of each step, and those of its parents.
fn shape(steps: &[Step]) -> Vec<String> {
    let name = |step: &Step| {
        for id in 1..=20 {
            for (role, mark) in [(Role::Span, ""), (Role::Outcome, "o"), (Role::Answer, "a")] {
                if step.id == receipt_id(&TRACE, &span_id(id), role) {
                    return format!("{id}{mark}");
                }
            }
        }
        panic!("{step:?}")
    };
    (steps.iter())
        .map(|step| {
            let parents = step.parents.iter().map(|parent| name(&steps[*parent]));
            format!("{} < {}", name(step), parents.collect::<Vec<_>>().join(" "))
        })
        .collect()
}

#[test]
fn spans_arrive_children_first_and_leave_parents_first() {
    // As an SDK sends them: by their ends. Between agent and chat stands an HTTP span.
    let http = span(2, 1, "POST /chat", vec![]);
    let mut outer = agent(1, 0);
    outer.end_time_unix_nano = 60_000_000_000;
    let all = vec![chat(3, 2), http, tool(4, 1), chat(6, 4), agent(5, 1), outer];
    let mapped = map(all);
    assert_eq!(
        shape(&mapped.groups[0].steps),
        ["1 < ", "3 < 1", "4 < 1", "4o < 4", "5 < 1", "6 < 4"]
    );
    assert_eq!(counted(&mapped), ["not_gen_ai POST /chat 1"]);
}

#[test]
fn a_parent_comes_first_whatever_its_clock_says() {
    let mut late = agent(9, 0);
    late.span_id = span_id(1).into();
    let steps = steps(vec![chat(2, 1), late]);
    assert_eq!(shape(&steps), ["1 < ", "2 < 1"]);
}

#[test]
fn a_tool_call_follows_from_the_decision_that_asked_for_it() {
    let mut asking = chat(2, 1);
    let calls = r#"[{"role":"assistant","parts":[{"type":"tool_call","id":"call_1","name":"t"}],"finish_reason":"tool_call"}]"#;
    asking
        .attributes
        .push(attribute("gen_ai.output.messages", calls));
    let steps = steps(vec![asking, tool(3, 1), agent(1, 0)]);
    assert_eq!(shape(&steps), ["1 < ", "2 < 1", "3 < 2 1", "3o < 3"]);
}

#[test]
fn a_parent_outside_is_looked_up_once() {
    let known = receipt_id(&TRACE, &span_id(8), Role::Span);
    let hash = LeafHash::of(b"sealed before");
    let mut asked = Vec::new();
    let spans = vec![
        chat(1, 8),
        chat(2, 8),
        tool(3, 8),
        chat(4, 9),
        span(5, 9, "GET", vec![]),
        chat(6, 5),
    ];
    let mapped = map_with(
        spans,
        &Options::default(),
        &mut crate::Counted::default(),
        &mut |id| {
            asked.push(id);
            (id == known).then_some(hash)
        },
    );
    assert_eq!(
        asked,
        [known, receipt_id(&TRACE, &span_id(9), Role::Span)],
        "once each"
    );
    let steps = &mapped.groups[0].steps;
    assert_eq!(decision(&steps[0]).parents.as_slice(), [hash]);
    assert_eq!(steps[3].parents, [2], "an outcome follows from its intent");
    assert!(decision(&steps[4]).parents.is_empty());
    let tags: Vec<&str> = (decision(&steps[4]).tags.iter())
        .map(|tag| tag.as_str())
        .collect();
    assert_eq!(
        tags,
        [
            "span_id=0400000000000001",
            "parent_span_id=0900000000000001"
        ]
    );
    assert_eq!(
        counted(&mapped),
        ["not_gen_ai GET 1", "parent_not_there chat 2"]
    );
}

#[test]
fn circles_are_cut_and_counted() {
    let circles = |spans: Vec<Span>| {
        let mapped = map(spans);
        let steps = mapped
            .groups
            .first()
            .map_or(&[][..], |Group { steps, .. }| steps);
        let circles = mapped.counts.of(ai_audit_otlp::Reason::Circle);
        (shape(steps), circles)
    };
    assert_eq!(circles(vec![chat(1, 1)]), (vec!["1 < ".into()], 1));
    let (shape, count) = circles(vec![chat(1, 2), chat(2, 3), chat(3, 1)]);
    assert_eq!((shape.len(), count), (3, 1), "{shape:?}");
    let plain = |id, parent| span(id, parent, "GET", vec![]);
    let (shape, count) = circles(vec![plain(1, 2), plain(2, 1), chat(3, 2)]);
    assert_eq!((shape, count), (vec!["3 < ".into()], 1));
}

#[test]
fn a_refused_parent_takes_its_children_along_no_further() {
    let mut nameless = tool(1, 0);
    nameless.name = "t".into();
    nameless.attributes = of("execute_tool", vec![]);
    let mapped = map(vec![nameless, chat(2, 1)]);
    assert_eq!(shape(&mapped.groups[0].steps), ["2 < "]);
    assert_eq!(mapped.response.rejected(), 1);
}

#[test]
fn each_trace_is_a_group() {
    let mut other = chat(2, 1);
    other.trace_id = vec![1; 16];
    let mapped = map(vec![chat(1, 0), other, chat(3, 1)]);
    let places: Vec<&str> = (mapped.groups.iter())
        .map(|group| group.place.as_str())
        .collect();
    assert_eq!(
        places,
        [
            format!("trace {}", "ab".repeat(16)),
            format!("trace {}", "01".repeat(16))
        ]
    );
    // A span of another trace is no parent, though it has the id.
    assert_eq!(counted(&mapped), ["parent_not_there chat 1"]);
}
