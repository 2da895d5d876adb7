//! Known shapes: whole or streamed, an answer gives the same decision, and tool calls become intents.

use crate::place::{Place, Proxy, Receipt, request};
use crate::upstream::{STREAM, Upstream, chunk, ok};
use ai_audit_agentic::{JsonDigest, ToolIntent, ToolOutcome, ToolStatus};
use ai_audit_core::{Action, Decision, DecodeBody as _, Kind, TextDigest};
use serde_json::{Value, json};
use std::io::Write as _;

/// An answer of the same content, whole and as events.
struct Shape {
    path: &'static str,
    request: Value,
    whole: Value,
    events: Vec<Value>,
    output: &'static str,
    tool: Option<(&'static str, &'static str)>,
}

fn shapes() -> Vec<Shape> {
    let usage = json!({"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13});
    let delta = |delta: Value, reason: Value| {
        json!({"id": "c1", "model": "gpt-4-0613", "usage": null,
            "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})
    };
    let call = json!({"id": "call_1", "type": "function", "function": {"name": "search", "arguments": "{}"}});
    let chat = Shape {
        path: "/v1/chat/completions",
        request: json!({"model": "gpt-4", "messages": [{"role": "user", "content": "May I?"}]}),
        whole: json!({"id": "c1", "model": "gpt-4-0613", "usage": usage, "choices": [{"index": 0,
            "finish_reason": "tool_calls", "message": {"role": "assistant", "content": "Wait.", "tool_calls": [call]}}]}),
        events: vec![
            delta(json!({"role": "assistant", "content": ""}), Value::Null),
            delta(json!({"content": "Wait"}), Value::Null),
            delta(json!({"content": "."}), Value::Null),
            delta(
                json!({"tool_calls": [{"index": 0, "id": "call_1", "type": "function",
                "function": {"name": "search", "arguments": "{"}}]}),
                Value::Null,
            ),
            delta(
                json!({"tool_calls": [{"index": 0, "function": {"arguments": "}"}}]}),
                Value::Null,
            ),
            delta(json!({}), json!("tool_calls")),
            json!({"id": "c1", "model": "gpt-4-0613", "choices": [], "usage": usage}),
            json!("[DONE]"),
        ],
        output: "Wait.",
        tool: Some(("search", "call_1")),
    };
    let response = json!({"id": "r1", "model": "gpt-5", "status": "completed",
        "usage": {"input_tokens": 9, "output_tokens": 4},
        "output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Yes."}]},
            {"type": "function_call", "call_id": "call_2", "name": "pay", "arguments": "{\"n\":1}"}]});
    let responses = Shape {
        path: "/v1/responses",
        request: json!({"model": "gpt-5", "input": "May I?"}),
        whole: response.clone(),
        events: vec![
            json!({"type": "response.created", "response": {"id": "r1", "model": "gpt-5", "output": []}}),
            json!({"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "Yes."}),
            json!({"type": "response.completed", "response": response}),
        ],
        output: "Yes.",
        tool: Some(("pay", "call_2")),
    };
    let messages = Shape {
        path: "/v1/messages",
        request: json!({"model": "claude", "max_tokens": 9, "messages": [{"role": "user", "content": "May I?"}]}),
        whole: json!({"id": "m1", "type": "message", "role": "assistant", "model": "claude",
            "content": [{"type": "text", "text": "Hm."}, {"type": "tool_use", "id": "toolu_1", "name": "ask", "input": {"q": 1}}],
            "stop_reason": "tool_use", "usage": {"input_tokens": 9, "output_tokens": 4}}),
        events: vec![
            json!({"type": "message_start", "message": {"id": "m1", "type": "message", "role": "assistant",
                "model": "claude", "content": [], "stop_reason": null, "usage": {"input_tokens": 9, "output_tokens": 1}}}),
            json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hm."}}),
            json!({"type": "content_block_start", "index": 1, "content_block":
                {"type": "tool_use", "id": "toolu_1", "name": "ask", "input": {}}}),
            json!({"type": "content_block_delta", "index": 1, "delta":
                {"type": "input_json_delta", "partial_json": "{\"q\": 1}"}}),
            json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 4}}),
            json!({"type": "message_stop"}),
        ],
        output: "Hm.",
        tool: Some(("ask", "toolu_1")),
    };
    vec![chat, responses, messages]
}

fn sse(events: &[Value]) -> String {
    let mut text = String::new();
    for event in events {
        let data = match event {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        if let Some(kind) = event.get("type").and_then(Value::as_str) {
            text += &format!("event: {kind}\n");
        }
        text += &format!("data: {data}\n\n");
    }
    text
}

/// What a test looks at: the kinds, and the decision without what is different in each call.
fn after(receipts: &[Receipt], from: usize) -> (Decision<'_>, Vec<Kind>) {
    let kinds = receipts[from..]
        .iter()
        .map(|receipt| receipt.parsed().header().kind);
    let kinds: Vec<Kind> = kinds.filter(|kind| *kind != Kind::STOP).collect();
    let place = kinds
        .iter()
        .position(|kind| *kind == Kind::DECISION)
        .unwrap();
    let parsed = receipts[from + place].parsed();
    let mut decision = Decision::decode(&parsed).unwrap();
    let intent = ToolIntent::decode(&receipts[from + place - 1].parsed()).unwrap();
    assert_eq!(intent.tool.as_str(), "model.call");
    assert_eq!(
        decision.parents.to_vec(),
        [receipts[from + place - 1].parsed().hash()]
    );
    assert!(decision.duration_us.take().is_some());
    decision.parents = Vec::new().into();
    (decision, kinds)
}

fn each(receipts: &[Receipt]) -> Vec<Kind> {
    receipts
        .iter()
        .map(|receipt| receipt.parsed().header().kind)
        .collect()
}

#[test]
fn a_call_is_an_intent_a_decision_an_outcome_and_what_the_model_asks_for() {
    for shape in shapes() {
        let (whole, events) = (shape.whole.to_string(), sse(&shape.events));
        let (body, cut) = (whole.clone(), events.clone());
        let upstream = Upstream::new(move |stream, head, _| {
            if !head.contains("x-stream") {
                return stream
                    .write_all(ok("application/json", &body).as_bytes())
                    .is_ok();
            }
            // Cut anywhere, as networks do.
            stream.write_all(STREAM.as_bytes()).unwrap();
            cut.as_bytes().chunks(37).all(|piece| chunk(stream, piece)) && chunk(stream, b"")
        });
        let proxy = Place::new().serve(&upstream);
        let asked = shape.request.to_string();
        assert_eq!(proxy.post(shape.path, &asked).text(), whole);
        proxy.wait_for(6);
        let streamed = proxy.send(request(shape.path, &["x-stream: 1"], &asked));
        assert_eq!(streamed.text(), events);
        proxy.wait_for(10);
        let (place, counts) = proxy.end();
        assert_eq!(
            (counts.forwarded, counts.unread, counts.left_out),
            (2, 0, 0)
        );
        let report = place.verify();
        // The tools' results were never told.
        assert_eq!(report.open_tool_intents.len(), 2);
        let receipts = place.receipts();
        let expected = [
            Kind::TOOL_INTENT,
            Kind::DECISION,
            Kind::TOOL_OUTCOME,
            Kind::TOOL_INTENT,
        ];
        let all = each(&receipts);
        assert_eq!(all[2..6], expected);
        assert_eq!(all[6..10], expected);
        let (first, _) = after(&receipts[..6], 2);
        let (second, _) = after(&receipts, 6);
        assert_eq!(first, second, "{}", shape.path);

        assert_eq!(first.output, Some(TextDigest::plain(shape.output)));
        assert_eq!(first.input, Some(TextDigest::plain("May I?")));
        assert_eq!(
            (first.input_tokens, first.output_tokens),
            (Some(9), Some(4))
        );
        assert_eq!(
            (first.provider.as_str(), first.action),
            ("127.0.0.1", Action::Allow)
        );
        assert_eq!(Some(first.model.as_str()), shape.whole["model"].as_str());
        for (from, passed) in [(2, &whole), (6, &events)] {
            let intent = receipts[from].parsed();
            let trace = intent.header().trace_id;
            let intent_body = ToolIntent::decode(&intent).unwrap();
            let digest = JsonDigest::of_text(&asked, None);
            assert_eq!(intent_body.arguments, Some(digest));
            let outcome = receipts[from + 2].parsed();
            let outcome = ToolOutcome::decode(&outcome).unwrap();
            assert_eq!(
                (outcome.intent, outcome.status),
                (Some(intent.hash()), ToolStatus::Ok)
            );
            assert_eq!(outcome.result, Some(JsonDigest::of_text(passed, None)));
            assert_eq!(outcome.call_id, intent_body.call_id);
            let wish = receipts[from + 3].parsed();
            assert_eq!(wish.header().trace_id, trace);
            let wish = ToolIntent::decode(&wish).unwrap();
            assert_eq!(
                Some((wish.tool.as_str(), wish.call_id.as_str())),
                shape.tool
            );
            assert_eq!(wish.parents.to_vec(), [receipts[from + 1].parsed().hash()]);
        }
    }
}

#[test]
fn embeddings_have_tokens_and_no_output() {
    let answer = json!({"object": "list", "model": "ada", "data": [{"embedding": [0.1, 0.2], "index": 0}],
        "usage": {"prompt_tokens": 5, "total_tokens": 5}});
    let proxy = Place::new().serve(&Upstream::answering(&answer.to_string()));
    proxy.post("/v1/embeddings", r#"{"model": "ada", "input": ["a", "b"]}"#);
    proxy.wait_for(5);
    let (place, _) = proxy.end();
    assert!(place.verify().open_tool_intents.is_empty());
    let receipts = place.receipts();
    let (decision, _) = after(&receipts, 2);
    assert_eq!(
        (decision.operation.as_str(), decision.input_tokens),
        ("embeddings", Some(5))
    );
    assert_eq!(
        (decision.input, decision.output),
        (Some(TextDigest::plain(r#"["a","b"]"#)), None)
    );
}

/// The results of tools that the agent tells with its next request close the intents of its last answer.
#[test]
fn a_conversation_with_a_tool_is_one_trace_without_open_intents() {
    let call = json!({"choices": [{"finish_reason": "tool_calls", "message": {"role": "assistant", "content": null,
        "tool_calls": [{"id": "call_9", "type": "function", "function": {"name": "weather", "arguments": "{}"}}]}}]});
    let end = json!({"choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "Sunny."}}]});
    let upstream = Upstream::new(move |stream, _, body| {
        let asked: Value = serde_json::from_slice(body).unwrap();
        let answer = match asked["messages"].as_array().unwrap().len() {
            1 => &call,
            _ => &end,
        };
        stream
            .write_all(ok("application/json", &answer.to_string()).as_bytes())
            .is_ok()
    });
    let proxy = Place::new().serve(&upstream);
    let first = json!({"messages": [{"role": "user", "content": "How is it?"}]});
    let answer: Value =
        serde_json::from_slice(&proxy.post("/v1/chat/completions", &first.to_string()).body)
            .unwrap();
    let second = json!({"messages": [first["messages"][0], answer["choices"][0]["message"],
        {"role": "tool", "tool_call_id": "call_9", "content": "72 F"}]});
    // At once: the first answer may still be on its way into the log.
    proxy.post("/v1/chat/completions", &second.to_string());
    proxy.wait_for(10);
    let (place, _) = proxy.end();
    assert!(place.verify().open_tool_intents.is_empty());
    let receipts = place.receipts();
    let all = each(&receipts);
    let expected = [
        Kind::TOOL_OUTCOME,
        Kind::TOOL_INTENT,
        Kind::DECISION,
        Kind::TOOL_OUTCOME,
    ];
    assert_eq!(all[6..10], expected);
    let traces: std::collections::BTreeSet<_> = receipts[2..10]
        .iter()
        .map(|receipt| receipt.parsed().header().trace_id.to_owned())
        .collect();
    assert_eq!(traces.len(), 1);
    let told = receipts[6].parsed();
    let outcome = ToolOutcome::decode(&told).unwrap();
    assert_eq!(
        (outcome.tool.as_str(), outcome.intent),
        ("weather", Some(receipts[5].parsed().hash()))
    );
    assert_eq!(outcome.result, Some(JsonDigest::of_text("72 F", None)));
    let next = ToolIntent::decode(&receipts[7].parsed())
        .unwrap()
        .parents
        .to_vec();
    assert_eq!(next, [told.hash()]);
    let last = receipts[8].parsed();
    assert_eq!(
        Decision::decode(&last).unwrap().input,
        Some(TextDigest::plain("72 F"))
    );
}

#[test]
fn who_it_is_about_is_told_in_the_head_and_to_the_proxy_alone() {
    let upstream = Upstream::answering("{\"choices\": []}");
    let proxy = Place::new().serve(&upstream);
    let head = [
        "x-ai-audit-subject: customer-17",
        "X-AI-Audit-Session: s-1",
        "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    ];
    let body = r#"{"messages": [{"role": "user", "content": "x"}]}"#;
    assert_eq!(
        proxy
            .send(request("/v1/chat/completions", &head, body))
            .status,
        200
    );
    // A name that the log's policy keeps out goes nowhere.
    let head = ["x-ai-audit-subject: jane.doe@example.com"];
    let refused = proxy.send(request("/v1/chat/completions", &head, body));
    assert!(
        refused.status == 400 && !refused.text().contains("jane"),
        "{}",
        refused.text()
    );
    proxy.wait_for(5);
    let (place, counts) = proxy.end();
    assert_eq!(counts.forwarded, 1);
    let came = String::from_utf8(upstream.came().concat()).unwrap();
    assert!(
        !came.contains("customer-17")
            && !came.to_lowercase().contains("x-ai-audit")
            && came.contains("traceparent")
    );
    let receipts = place.receipts();
    let parsed = receipts[3].parsed();
    let header = parsed.header();
    assert_eq!(
        (header.session_id, header.trace_id),
        ("s-1", "4bf92f3577b34da6a3ce929d0e0e4736")
    );
    assert_eq!(
        Decision::decode(&parsed).unwrap().subject.as_str(),
        "customer-17"
    );
}

/// For other modules: a proxy, and its one call's outcome.
pub(crate) fn outcome_of(proxy: Proxy, size: u64) -> (ToolStatus, String, Vec<String>) {
    proxy.wait_for(size);
    let (place, _) = proxy.end();
    let open = place.verify().open_tool_intents.len();
    assert_eq!(open, 0);
    let receipts = place.receipts();
    let outcome = receipts
        .iter()
        .find(|one| one.parsed().header().kind == Kind::TOOL_OUTCOME)
        .unwrap();
    let decision = receipts
        .iter()
        .find(|one| one.parsed().header().kind == Kind::DECISION);
    let codes = decision.map_or(Vec::new(), |one| {
        let parsed = one.parsed();
        let decision = Decision::decode(&parsed).unwrap();
        decision
            .reason_codes
            .iter()
            .map(|code| code.as_str().to_owned())
            .collect()
    });
    let parsed = outcome.parsed();
    let outcome = ToolOutcome::decode(&parsed).unwrap();
    (outcome.status, outcome.error.as_str().to_owned(), codes)
}

/// Who answers must not be able to keep its own decision and outcome out of the log.
#[test]
fn an_answer_with_more_tool_calls_than_a_queue_has_room_for_is_recorded() {
    let calls: Vec<Value> = (0..5000)
        .map(|n| json!({"id": format!("c{n}"), "function": {"name": "f", "arguments": "{}"}}))
        .collect();
    let answer = json!({"choices": [{"message": {"role": "assistant", "tool_calls": calls}}]});
    let proxy = Place::new().serve(&Upstream::answering(&answer.to_string()));
    proxy.post(
        "/v1/chat/completions",
        r#"{"messages": [{"role": "user", "content": "x"}]}"#,
    );
    proxy.wait_for(5 + 128);
    let (place, counts) = proxy.end();
    assert_eq!((counts.open, counts.left_out), (0, 5000 - 128));
    assert_eq!(place.verify().open_tool_intents.len(), 128);
    let receipts = place.receipts();
    let decision = receipts[3].parsed();
    let decision = Decision::decode(&decision).unwrap();
    assert_eq!(decision.tags[0].as_str(), "left_out_tool_calls=4872");
}

#[test]
fn what_no_queue_takes_as_a_whole_is_recorded_without_its_tool_calls() {
    let calls: Vec<Value> = (0..3)
        .map(|n| json!({"id": format!("c{n}"), "function": {"name": "f", "arguments": "{}"}}))
        .collect();
    let answer = json!({"choices": [{"message": {"role": "assistant", "tool_calls": calls}}]});
    for (capacity, kinds) in [
        (
            4,
            &[Kind::TOOL_INTENT, Kind::DECISION, Kind::TOOL_OUTCOME][..],
        ),
        (1, &[Kind::TOOL_INTENT, Kind::TOOL_OUTCOME]),
    ] {
        let mut place = Place::new();
        place.capacity = capacity;
        let proxy = place.serve(&Upstream::answering(&answer.to_string()));
        proxy.post(
            "/v1/chat/completions",
            r#"{"messages": [{"role": "user", "content": "x"}]}"#,
        );
        proxy.wait_for(2 + kinds.len() as u64);
        let (place, counts) = proxy.end();
        assert_eq!(counts.open, 0);
        assert!(place.verify().open_tool_intents.is_empty());
        assert_eq!(each(&place.receipts())[2..2 + kinds.len()], *kinds);
    }
}

/// Who knows another's ids, or guesses them, tells nothing in his name; a request that is sent again
/// belongs to the same trace and is told once.
#[test]
fn results_are_told_by_who_was_asked_for_them_and_once() {
    let answer = json!({"choices": [{"message": {"role": "assistant", "tool_calls": [
        {"id": "call_0", "function": {"name": "f", "arguments": "{}"}}]}}]});
    let end = ok(
        "application/json",
        r#"{"choices": [{"message": {"content": "x"}}]}"#,
    );
    let upstream = Upstream::new(move |stream, _, body| {
        let asked: Value = serde_json::from_slice(body).unwrap();
        let said = match asked["messages"][0]["role"].as_str() {
            Some("user") => ok("application/json", &answer.to_string()),
            _ => end.clone(),
        };
        stream.write_all(said.as_bytes()).is_ok()
    });
    let proxy = Place::new().serve(&upstream);
    let asked = r#"{"messages": [{"role": "user", "content": "x"}]}"#;
    let told = r#"{"messages": [{"role": "tool", "tool_call_id": "call_0", "content": "y"}]}"#;
    let send = |key: &str, body: &str| {
        let head = format!("Authorization: Bearer {key}");
        let path = "/v1/chat/completions";
        assert_eq!(proxy.send(request(path, &[&head], body)).status, 200);
    };
    send("one", asked);
    proxy.wait_for(6);
    // An intent, a decision, an outcome; and no outcome of another's tool call.
    send("two", told);
    proxy.wait_for(9);
    send("one", told);
    proxy.wait_for(13);
    send("one", told);
    proxy.wait_for(16);
    let (place, _) = proxy.end();
    assert!(place.verify().open_tool_intents.is_empty());
    let receipts = place.receipts();
    let trace = |place: usize| receipts[place].parsed().header().trace_id.to_owned();
    assert_eq!(each(&receipts)[9], Kind::TOOL_OUTCOME);
    assert!(trace(2) != trace(6) && trace(2) == trace(9) && trace(2) == trace(13));
    assert_eq!(each(&receipts)[13], Kind::TOOL_INTENT);
}
