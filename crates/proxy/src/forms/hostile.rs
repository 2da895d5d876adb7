//! Whatever an upstream or a client says, reading it ends without a panic, and the same however it is cut.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use super::*;
use crate::sse::Events;
use proptest::prelude::*;
use proptest::sample::select;

const FORMS: [Form; 4] = [
    Form::Chat,
    Form::Responses,
    Form::Embeddings,
    Form::Messages,
];

/// The names that the readers look for.
const NAMES: [&str; 36] = [
    "arguments",
    "call_id",
    "choices",
    "content",
    "content_block",
    "delta",
    "error",
    "finish_reason",
    "function",
    "id",
    "incomplete_details",
    "index",
    "input",
    "item",
    "item_id",
    "message",
    "messages",
    "model",
    "name",
    "output",
    "output_index",
    "content_index",
    "partial_json",
    "part",
    "reason",
    "refusal",
    "response",
    "role",
    "status",
    "stop_reason",
    "text",
    "tool_call_id",
    "tool_calls",
    "tool_use_id",
    "type",
    "usage",
];

/// The words that decide what becomes of them.
const WORDS: [&str; 34] = [
    "",
    "assistant",
    "completed",
    "content_block_delta",
    "content_block_start",
    "content_block_stop",
    "content_filter",
    "error",
    "failed",
    "function_call",
    "function_call_output",
    "in_progress",
    "incomplete",
    "input_json_delta",
    "length",
    "max_tokens",
    "message",
    "message_delta",
    "message_start",
    "message_stop",
    "output_text",
    "refusal",
    "response.completed",
    "response.content_part.added",
    "response.created",
    "response.failed",
    "response.function_call_arguments.delta",
    "response.output_item.added",
    "response.output_item.done",
    "response.output_text.delta",
    "text_delta",
    "tool",
    "tool_result",
    "tool_use",
];

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0_u64..4).prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        select(&WORDS[..]).prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((select(&NAMES[..]), inner), 0..8).prop_map(|fields| {
                let fields = fields.into_iter().map(|(name, value)| (name.into(), value));
                Value::Object(fields.collect())
            }),
        ]
    })
}

/// Of a value, by the kind that events and lists of the forms mostly have.
fn objects() -> impl Strategy<Value = Value> {
    (select(&WORDS[..]), values(), values()).prop_map(|(kind, first, mut second)| {
        if let Some(fields) = second.as_object_mut() {
            fields.insert("type".into(), kind.into());
            fields.insert("delta".into(), first);
        }
        second
    })
}

proptest! {
    #[test]
    fn any_request_and_any_answer_is_read_or_not(value in objects()) {
        for form in FORMS {
            if let Some(asked) = form.asked(&value) {
                prop_assert!(asked.config.keys().all(|name| CONFIG.contains(&name.as_str())));
            }
            if let Some(answer) = form.answer(&value) {
                prop_assert!(answer.codes.len() < 64);
            }
        }
    }

    #[test]
    fn any_stream_of_events_is_put_together_or_not(
        events in prop::collection::vec(prop_oneof![4 => objects().prop_map(|event| event.to_string()), 1 => ".{0,20}"], 0..12)
    ) {
        for form in FORMS {
            let Some(mut joiner) = form.joiner() else { continue };
            for event in &events {
                let unread = !matches!(json::read(event.as_bytes()), Some(Value::Object(_)));
                let done = event.trim() == "[DONE]";
                let step = joiner.take(event);
                if unread && !done {
                    prop_assert_eq!(step, Step::Unread);
                }
            }
            let (whole, _) = joiner.finish();
            let _ = form.answer(&whole);
            // What is put together is JSON that everybody reads alike.
            let text = json::canonical(&whole).unwrap();
            prop_assert_eq!(json::read(text.as_bytes()), Some(whole));
        }
    }

    #[test]
    fn however_a_stream_is_cut_its_events_are_the_same(
        bytes in prop::collection::vec(select(&b"data: :\r\n\xef\xbb\xbfx{}\xff"[..]), 0..200),
        cuts in prop::collection::vec(0_usize..200, 0..6),
    ) {
        let read = |pieces: &[&[u8]]| {
            let (mut events, mut all) = (Events::new(64), Vec::new());
            for piece in pieces {
                if events.push(piece, |data| all.push(data.map(str::to_owned))).is_err() {
                    return (all, true);
                }
            }
            (all, false)
        };
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
        prop_assert_eq!(read(&pieces), read(&[&bytes]));
    }
}
