//! A stream and an answer that came whole, of the same content, read the same.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use super::*;
use serde_json::json;

/// What a stream says, and whether it had its last event.
fn joined(form: Form, events: &[Value]) -> (Option<Answer>, bool, Option<String>) {
    let mut joiner = form.joiner().unwrap();
    let mut last = false;
    for event in events {
        let data = match event {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        match joiner.take(&data) {
            Step::Goes => {}
            Step::Last => last = true,
            Step::Unread => panic!("{event}"),
        }
    }
    let (value, error) = joiner.finish();
    (form.answer(&value), last, error)
}

fn same(form: Form, whole: &Value, events: &[Value]) -> Answer {
    let expected = form.answer(whole).unwrap();
    assert_eq!(joined(form, events), (Some(expected), true, None));
    form.answer(whole).unwrap()
}

#[test]
fn forms_are_known_by_their_paths() {
    for (path, form) in [
        ("/v1/chat/completions", Some(Form::Chat)),
        ("/openai/deployments/x/chat/completions", Some(Form::Chat)),
        ("/v1/responses/", Some(Form::Responses)),
        ("/v1/chat/%63ompletions//", Some(Form::Chat)),
        ("/v1/chat/completions%2", None),
        ("/v1/embeddings", Some(Form::Embeddings)),
        ("/v1/messages", Some(Form::Messages)),
        ("/v1/threads/t/messages", None),
        ("/v1/messages/count_tokens", None),
        ("/v1/models", None),
    ] {
        assert_eq!(Form::of(path), form, "{path}");
    }
}

#[test]
fn chat_completions() {
    let usage = json!({"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13});
    let whole = json!({"id": "c1", "model": "gpt-4", "object": "chat.completion", "choices": [
        {"index": 0, "finish_reason": "tool_calls", "message": {"role": "assistant", "content": null,
            "refusal": null, "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{\"x\":1}"}},
                {"id": "b", "type": "function", "function": {"name": "g", "arguments": "{}"}}]}},
        {"index": 1, "finish_reason": "length", "message": {"role": "assistant", "content": "Hi you"}}],
        "usage": usage});
    let chunk = |index: u64, delta: Value, reason: Value| {
        json!({"id": "c1", "model": "gpt-4", "usage": null,
            "choices": [{"index": index, "delta": delta, "finish_reason": reason}]})
    };
    let events = [
        chunk(
            0,
            json!({"role": "assistant", "content": null, "tool_calls": [
            {"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": ""}}]}),
            Value::Null,
        ),
        chunk(
            1,
            json!({"role": "assistant", "content": "Hi"}),
            Value::Null,
        ),
        chunk(
            0,
            json!({"tool_calls": [{"index": 0, "function": {"arguments": "{\"x\""}}]}),
            Value::Null,
        ),
        chunk(
            0,
            json!({"tool_calls": [{"index": 0, "function": {"arguments": ":1}"}}]}),
            Value::Null,
        ),
        chunk(
            0,
            json!({"tool_calls": [
            {"index": 1, "id": "b", "type": "function", "function": {"name": "g", "arguments": "{}"}}]}),
            Value::Null,
        ),
        chunk(1, json!({"content": " you"}), Value::Null),
        chunk(0, json!({}), json!("tool_calls")),
        chunk(1, json!({}), json!("length")),
        json!({"id": "c1", "model": "gpt-4", "choices": [], "usage": usage}),
        json!("[DONE]"),
    ];
    let answer = same(Form::Chat, &whole, &events);
    assert_eq!(answer.codes, ["truncated"]);
    assert_eq!(
        (answer.input_tokens, answer.output_tokens),
        (Some(9), Some(4))
    );
    assert_eq!(answer.calls[0].arguments, Some("{\"x\":1}".into()));
    // Cut: what came is there, and that it is not all.
    let (cut, last, _) = joined(Form::Chat, &events[..3]);
    assert!(!last && cut.unwrap().calls[0].arguments == Some("{\"x\"".into()));

    let filtered =
        json!({"choices": [{"finish_reason": "content_filter", "message": {"content": ""}}]});
    let answer = Form::Chat.answer(&filtered).unwrap();
    assert!(answer.withheld && answer.codes == ["content_filter"]);
    let partly = json!({"choices": [{"finish_reason": "content_filter", "message": {"content": "You can"}}]});
    let answer = Form::Chat.answer(&partly).unwrap();
    assert!(!answer.withheld && answer.codes == ["content_filter"]);
    let refused = json!({"choices": [{"finish_reason": "stop", "message": {"content": null, "refusal": "No."}}]});
    let answer = Form::Chat.answer(&refused).unwrap();
    assert_eq!(
        (answer.output.as_deref(), answer.codes),
        (Some("No."), vec!["refusal".to_owned()])
    );
    let delta = chunk(0, json!({"refusal": "N"}), Value::Null);
    let more = chunk(0, json!({"refusal": "o."}), json!("stop"));
    let (answer, ..) = joined(Form::Chat, &[delta, more]);
    assert_eq!(answer.unwrap().output.as_deref(), Some("No."));
    let (_, _, error) = joined(
        Form::Chat,
        &[json!({"error": {"type": "server_error", "message": "x"}})],
    );
    assert_eq!(error.as_deref(), Some("server_error"));
}

#[test]
fn responses() {
    let message = json!({"id": "m", "type": "message", "role": "assistant", "status": "completed",
        "content": [{"type": "output_text", "text": "Hi you", "annotations": []}]});
    let call = json!({"id": "f", "type": "function_call", "call_id": "k", "name": "search", "arguments": "{}"});
    let whole = json!({"id": "r1", "model": "gpt-5", "status": "completed", "error": null,
        "output": [message, call], "usage": {"input_tokens": 3, "output_tokens": 5}});
    let begun = json!({"type": "response.created", "response": {"id": "r1", "model": "gpt-5", "output": []}});
    let text = |text: &str| json!({"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": text});
    let events = [
        begun,
        json!({"type": "response.output_item.added", "output_index": 0,
            "item": {"id": "m", "type": "message", "role": "assistant", "content": []}}),
        text("Hi"),
        text(" you"),
        json!({"type": "response.output_item.done", "output_index": 0, "item": message}),
        json!({"type": "response.output_item.added", "output_index": 1,
            "item": {"type": "function_call", "call_id": "k", "name": "search", "arguments": ""}}),
        json!({"type": "response.function_call_arguments.delta", "output_index": 1, "delta": "{}"}),
        json!({"type": "response.completed", "response": whole}),
    ];
    let answer = same(Form::Responses, &whole, &events);
    assert_eq!(answer.output.as_deref(), Some("Hi you"));
    assert_eq!(answer.calls[0].id, "k");
    let (cut, last, _) = joined(Form::Responses, &events[..4]);
    let cut = cut.unwrap();
    assert!(!last && cut.output.as_deref() == Some("Hi you") && cut.model == "gpt-5");
    let (cut, ..) = joined(Form::Responses, &events[..7]);
    assert_eq!(cut.unwrap().calls[0].arguments, Some("{}".into()));

    let incomplete = |reason: &str| {
        let answer =
            json!({"status": "incomplete", "incomplete_details": {"reason": reason}, "output": []});
        Form::Responses.answer(&answer).unwrap()
    };
    assert_eq!(incomplete("max_output_tokens").codes, ["truncated"]);
    assert!(incomplete("content_filter").withheld);
    let failed = json!({"status": "failed", "error": {"code": "server_error"}, "output": []});
    let failed = Form::Responses.answer(&failed).unwrap();
    assert_eq!(failed.error.as_deref(), Some("server_error"));
    for (status, error, unfinished) in [
        ("cancelled", Some("cancelled"), false),
        ("queued", None, true),
        ("in_progress", None, true),
        ("completed", None, false),
    ] {
        let answer = json!({"status": status, "output": []});
        let answer = Form::Responses.answer(&answer).unwrap();
        assert_eq!(
            (answer.error.as_deref(), answer.unfinished),
            (error, unfinished)
        );
    }
    let refused = json!({"output": [{"type": "message", "content": [{"type": "refusal", "refusal": "No."}]}]});
    let answer = Form::Responses.answer(&refused).unwrap();
    assert_eq!(
        (answer.output.as_deref(), answer.codes),
        (Some("No."), vec!["refusal".to_owned()])
    );
}

#[test]
fn messages() {
    let whole = json!({"id": "m1", "type": "message", "role": "assistant", "model": "claude",
        "content": [{"type": "text", "text": "Hi you"},
            {"type": "tool_use", "id": "t1", "name": "search", "input": {"q": [1, 2]}}],
        "stop_reason": "max_tokens", "stop_sequence": null, "usage": {"input_tokens": 7, "output_tokens": 15}});
    let delta = |index: u64, delta: Value| json!({"type": "content_block_delta", "index": index, "delta": delta});
    let events = [
        json!({"type": "message_start", "message": {"id": "m1", "type": "message", "role": "assistant",
            "model": "claude", "content": [], "stop_reason": null, "stop_sequence": null,
            "usage": {"input_tokens": 7, "output_tokens": 1}}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        json!({"type": "ping"}),
        delta(0, json!({"type": "text_delta", "text": "Hi"})),
        delta(0, json!({"type": "text_delta", "text": " you"})),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "content_block_start", "index": 1, "content_block":
            {"type": "tool_use", "id": "t1", "name": "search", "input": {}}}),
        delta(1, json!({"type": "input_json_delta", "partial_json": ""})),
        delta(
            1,
            json!({"type": "input_json_delta", "partial_json": "{\"q\": [1"}),
        ),
        delta(
            1,
            json!({"type": "input_json_delta", "partial_json": ", 2]}"}),
        ),
        json!({"type": "content_block_stop", "index": 1}),
        json!({"type": "message_delta", "delta": {"stop_reason": "max_tokens", "stop_sequence": null},
            "usage": {"output_tokens": 15}}),
        json!({"type": "message_stop"}),
    ];
    let answer = same(Form::Messages, &whole, &events);
    assert_eq!(answer.output.as_deref(), Some("Hi you"));
    assert_eq!(answer.codes, ["truncated"]);
    assert_eq!(
        (answer.input_tokens, answer.output_tokens),
        (Some(7), Some(15))
    );
    let (cut, last, _) = joined(Form::Messages, &events[..9]);
    assert!(!last && cut.unwrap().calls[0].arguments == Some("{\"q\": [1".into()));
    let (_, _, error) = joined(
        Form::Messages,
        &[json!({"type": "error", "error": {"type": "overloaded_error", "message": "x"}})],
    );
    assert_eq!(error.as_deref(), Some("overloaded_error"));
    let refused = json!({"content": [], "stop_reason": "refusal"});
    let answer = Form::Messages.answer(&refused).unwrap();
    assert_eq!(
        (answer.output, answer.codes),
        (None, vec!["refusal".to_owned()])
    );
}

#[test]
fn what_is_asked_is_what_was_said_since_the_model_spoke() {
    let asked = Form::Chat
        .asked(&json!({"model": "gpt-4", "temperature": 0, "user": "jane", "stream": true, "messages": [
            {"role": "user", "content": "a"},
            {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "f"}}]},
            {"role": "tool", "tool_call_id": "c", "content": "72 F"}]}))
        .unwrap();
    assert_eq!(asked.input.as_deref(), Some("72 F"));
    assert_eq!(
        (asked.results[0].call_id.as_str(), &asked.results[0].content),
        ("c", &json!("72 F"))
    );
    assert_eq!(
        Value::from(asked.config),
        json!({"model": "gpt-4", "temperature": 0})
    );

    let asked = Form::Responses
        .asked(&json!({"instructions": "Be kind.", "input": [
            {"role": "user", "content": "a"},
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": "72 F"}]}))
        .unwrap();
    let input = r#"{"input":[{"call_id":"c","output":"72 F","type":"function_call_output"}],"instructions":"Be kind."}"#;
    assert_eq!(asked.input.as_deref(), Some(input));
    assert_eq!(asked.results.len(), 1);

    let asked = Form::Messages
        .asked(&json!({"system": "Be kind.", "messages": [
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": []},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "t", "content": "no", "is_error": true}]}]}))
        .unwrap();
    assert_eq!(
        (asked.results[0].call_id.as_str(), asked.results[0].status),
        ("t", Some("error"))
    );
    assert!(asked.input.unwrap().contains("Be kind."));

    for (input, expected) in [(json!("a"), "a"), (json!(["a", "b"]), r#"["a","b"]"#)] {
        let asked = Form::Embeddings.asked(&json!({"input": input})).unwrap();
        assert_eq!(asked.input.as_deref(), Some(expected));
    }
    for form in [Form::Chat, Form::Messages, Form::Embeddings] {
        assert_eq!(form.asked(&json!({})), None);
        assert_eq!(form.answer(&json!([])), None);
    }
}

#[test]
fn what_is_hostile_is_not_read() {
    for (form, event) in [
        (
            Form::Chat,
            r#"{"choices": [{"index": 4000000000, "delta": {"content": "x"}}]}"#,
        ),
        (Form::Chat, r#"{"choices": [], "choices": []}"#),
        (Form::Chat, "nonsense"),
        (
            Form::Messages,
            r#"{"type": "content_block_delta", "index": 5000, "delta": {"type": "text_delta"}}"#,
        ),
    ] {
        assert_eq!(form.joiner().unwrap().take(event), Step::Unread, "{event}");
    }
    // Lists in lists: there is room for so many places in all of them.
    let mut joiner = Form::Chat.joiner().unwrap();
    let mut taken = 0;
    for choice in 0..100 {
        let event =
            json!({"choices": [{"index": choice, "delta": {"tool_calls": [{"index": 4000}]}}]});
        taken += usize::from(joiner.take(&event.to_string()) == Step::Goes);
    }
    assert_eq!(taken, 1);
    let deep = "[".repeat(100_000);
    assert_eq!(Form::Chat.joiner().unwrap().take(&deep), Step::Unread);
}
