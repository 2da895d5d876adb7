//! Tools and agents: intents, outcomes, steps of the trace.

use crate::{attribute, counted, decision, failed, map, of, span, steps};
use ai_audit_agentic::{JsonDigest, ToolIntent, ToolOutcome, ToolStatus, TraceNode, TraceStep};
use ai_audit_ingest::{Step, StepBody};
use opentelemetry_proto::tonic::common::v1::KeyValue;

fn tool(steps: &[Step]) -> (&ToolIntent<'static>, &ToolOutcome<'static>) {
    match steps {
        [
            Step {
                body: StepBody::ToolIntent(intent),
                ..
            },
            Step {
                body: StepBody::ToolOutcome(outcome),
                ..
            },
        ] => (intent, outcome),
        other => panic!("{other:?}"),
    }
}

fn node(step: &Step) -> &TraceNode<'static> {
    match &step.body {
        StepBody::TraceNode(node) => node,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_tool_call_is_an_intent_and_an_outcome() {
    let attributes = of(
        "execute_tool",
        vec![
            attribute("gen_ai.tool.name", "search"),
            attribute("gen_ai.tool.call.id", "call_1"),
            attribute("gen_ai.tool.call.arguments", r#"{"q": "rain", "n": 1}"#),
            attribute("gen_ai.tool.call.result", "It rains."),
        ],
    );
    let steps = steps(vec![span(1, 0, "execute_tool search", attributes)]);
    let (intent, outcome) = tool(&steps);
    assert_eq!((&*intent.tool, &*intent.call_id), ("search", "call_1"));
    assert_eq!(
        intent.arguments,
        Some(JsonDigest::of_json(r#"{"n":1,"q":"rain"}"#, None).unwrap())
    );
    assert_eq!(intent.occurred_at.map(|at| at.as_micros()), Some(1_000_000));
    assert_eq!((&*outcome.tool, &*outcome.call_id), ("search", "call_1"));
    assert_eq!(outcome.result, Some(JsonDigest::of_text("It rains.", None)));
    assert_eq!(outcome.status, ToolStatus::Ok);
    assert_eq!(
        outcome.occurred_at.map(|at| at.as_micros()),
        Some(1_500_000)
    );
    assert_eq!(outcome.duration_us, Some(500_000));
    assert_eq!(steps[1].parents, [0]);
    assert_eq!(&*steps[0].actor_id, "shop");
}

#[test]
fn how_a_tool_call_ended_is_its_status() {
    let ended = |error: Option<&str>, fails: bool| {
        let mut rest = vec![attribute("gen_ai.tool.name", "t")];
        rest.extend(error.map(|error| attribute("error.type", error)));
        let mut span = span(1, 0, "execute_tool t", of("execute_tool", rest));
        span.status = if fails { failed() } else { None };
        let steps = steps(vec![span]);
        let outcome = tool(&steps).1;
        (outcome.status, outcome.error.to_string())
    };
    assert_eq!(ended(None, false), (ToolStatus::Ok, String::new()));
    assert_eq!(ended(None, true), (ToolStatus::Error, String::new()));
    let timeout = ended(Some("timeout"), true);
    assert_eq!(timeout, (ToolStatus::TimedOut, "timeout".into()));
    let error = ended(Some("KeyError"), false);
    assert_eq!(error, (ToolStatus::Error, "KeyError".into()));
}

#[test]
fn mcp_calls_are_tool_calls() {
    let mcp = vec![
        attribute("mcp.method.name", "tools/call"),
        attribute("gen_ai.tool.name", "search"),
    ];
    assert_eq!(
        tool(&steps(vec![span(1, 0, "tools/call search", mcp)]))
            .0
            .tool,
        "search"
    );
    let listing = vec![attribute("mcp.method.name", "tools/list")];
    assert!(
        map(vec![span(1, 0, "tools/list", listing)])
            .groups
            .is_empty()
    );
    // The name of the tool is in that of the span, as the conventions have it.
    let named = span(1, 0, "execute_tool look", of("execute_tool", vec![]));
    assert_eq!(tool(&steps(vec![named])).0.tool, "look");
    // Without a name there is no intent, and nothing comes of it.
    let mapped = map(vec![span(1, 0, "t", of("execute_tool", vec![]))]);
    assert!(mapped.groups.is_empty());
    assert_eq!(counted(&mapped), ["refused t 1"]);
    let body = String::from_utf8_lossy(&mapped.response.body()).into_owned();
    assert!(
        body.ends_with(
            "1 span refused: span 0100000000000001: field `tool`: expected the tool's name"
        ),
        "{body}"
    );
}

#[test]
fn agents_are_steps_of_the_trace() {
    let of_agent = |operation: &str, rest: Vec<KeyValue>| {
        let mut all = vec![attribute("gen_ai.agent.id", "a1")];
        all.extend(rest);
        steps(vec![span(2, 0, "x", of(operation, all))])
    };
    let invoked = of_agent(
        "invoke_agent",
        vec![
            attribute("gen_ai.agent.name", "Math Tutor"),
            attribute("gen_ai.conversation.id", "c"),
        ],
    );
    let delegation = node(&invoked[0]);
    assert_eq!(delegation.step, TraceStep::Delegation);
    assert_eq!(
        (&*delegation.name, &*delegation.to),
        ("invoke_agent", "Math Tutor")
    );
    let metadata: Vec<String> = (delegation.metadata.iter())
        .map(|entry| format!("{}={}", entry.name, entry.value))
        .collect();
    assert_eq!(
        metadata,
        [
            "gen_ai.agent.id=a1",
            "gen_ai.agent.name=Math Tutor",
            "span_id=0200000000000001"
        ]
    );
    assert_eq!(
        (&*invoked[0].session_id, &*invoked[0].actor_id),
        ("c", "shop")
    );
    assert_eq!(invoked.len(), 1);
    assert_eq!(node(&of_agent("invoke_agent", vec![])[0]).to, "a1");
    assert_eq!(
        node(&of_agent("create_agent", vec![])[0]).step,
        TraceStep::Step
    );
    let workflow = of_agent(
        "invoke_workflow",
        vec![attribute("gen_ai.workflow.name", "support")],
    );
    assert_eq!(node(&workflow[0]).name, "invoke_workflow support");
    assert_eq!(node(&of_agent("plan", vec![])[0]).name, "plan");
}

#[test]
fn what_an_agent_answers_is_a_decision() {
    let attributes = of(
        "invoke_agent",
        vec![
            attribute("gen_ai.agent.name", "tutor"),
            attribute("gen_ai.output.messages", "Four."),
            attribute("gen_ai.usage.output_tokens", 3_i64),
        ],
    );
    let inner = span(3, 2, "chat", of("chat", vec![]));
    let mut outer = span(2, 0, "invoke_agent tutor", attributes);
    outer.end_time_unix_nano = 9_000_000_000;
    let steps = steps(vec![inner, outer]);
    // The delegation, what happened in it, and then the answer.
    assert_eq!(node(&steps[0]).to, "tutor");
    assert_eq!(decision(&steps[1]).operation, "chat");
    let answer = decision(&steps[2]);
    assert_eq!(
        (&*answer.operation, answer.output_tokens),
        ("invoke_agent", Some(3))
    );
    assert_eq!(
        (&steps[1].parents[..], &steps[2].parents[..]),
        (&[0][..], &[0][..])
    );
}
