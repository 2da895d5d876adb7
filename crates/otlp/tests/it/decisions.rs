//! Model calls: which attribute becomes which field, current and former.

use crate::{attribute, counted, decision, event, failed, map, of, span, steps};
use ai_audit_core::{Action, Digest};
use ai_audit_ingest::{Keep, Keeping};
use ai_audit_otlp::Options;
use opentelemetry_proto::tonic::common::v1::KeyValue;

#[test]
fn current_names_become_fields() {
    let attributes = of(
        "chat",
        vec![
            attribute("gen_ai.provider.name", "openai"),
            attribute("gen_ai.request.model", "gpt-4"),
            attribute("gen_ai.response.model", "gpt-4-0613"),
            attribute("gen_ai.request.temperature", 0.5),
            attribute("gen_ai.request.max_tokens", 200_i64),
            attribute("gen_ai.response.id", "chatcmpl-1"),
            attribute(
                "gen_ai.response.finish_reasons",
                &["stop", "length", "stop"][..],
            ),
            attribute("gen_ai.usage.input_tokens", 52_i64),
            attribute("gen_ai.usage.output_tokens", 47_i64),
            attribute("gen_ai.conversation.id", "conv"),
            attribute("gen_ai.agent.name", "clerk"),
            attribute("enduser.pseudo.id", "p-1"),
        ],
    );
    let mapped = map(vec![span(1, 0, "chat gpt-4", attributes)]);
    assert_eq!(counted(&mapped), [""; 0]);
    let step = &mapped.groups[0].steps[0];
    assert_eq!(mapped.groups[0].place, format!("trace {}", "ab".repeat(16)));
    assert_eq!(step.trace_id, "ab".repeat(16));
    assert_eq!((&*step.session_id, &*step.actor_id), ("conv", "clerk"));
    assert!(step.id_given && step.log.is_none());
    let said = decision(step);
    assert_eq!(
        (
            &*said.provider,
            &*said.model,
            &*said.operation,
            &*said.subject
        ),
        ("openai", "gpt-4-0613", "chat", "p-1")
    );
    assert_eq!(
        (said.input_tokens, said.output_tokens),
        (Some(52), Some(47))
    );
    assert_eq!(said.occurred_at.map(|at| at.as_micros()), Some(1_500_000));
    assert_eq!(said.duration_us, Some(500_000));
    let codes: Vec<&str> = said.reason_codes.iter().map(|code| code.as_str()).collect();
    assert_eq!(codes, ["finish_reason:stop", "finish_reason:length"]);
    let tags: Vec<&str> = said.tags.iter().map(|tag| tag.as_str()).collect();
    assert_eq!(tags, ["span_id=0100000000000001", "response_id=chatcmpl-1"]);
    let config = r#"{"gen_ai.request.max_tokens":200,"gen_ai.request.model":"gpt-4","gen_ai.request.temperature":0.5}"#;
    assert_eq!(said.config, Some(Digest::of(config.as_bytes())));
    assert_eq!(said.action, Action::Allow);
    // No text was said, so there is no digest of one.
    assert!(said.input.is_none() && said.output.is_none());
}

#[test]
fn former_names_become_the_same_fields() {
    let current = steps(vec![span(
        1,
        0,
        "chat m",
        of(
            "chat",
            vec![
                attribute("gen_ai.provider.name", "openai"),
                attribute("gen_ai.request.model", "m"),
                attribute("gen_ai.usage.input_tokens", 1_i64),
                attribute("gen_ai.usage.output_tokens", 2_i64),
                attribute("gen_ai.request.seed", 3_i64),
                attribute("gen_ai.output.type", "json"),
                attribute("openai.request.service_tier", "auto"),
            ],
        ),
    )]);
    let former = steps(vec![span(
        1,
        0,
        "chat m",
        vec![
            attribute("gen_ai.system", "openai"),
            attribute("gen_ai.request.model", "m"),
            attribute("gen_ai.usage.prompt_tokens", 1_i64),
            attribute("gen_ai.usage.completion_tokens", 2_i64),
            attribute("gen_ai.openai.request.seed", 3_i64),
            attribute("gen_ai.openai.request.response_format", "json"),
            attribute("gen_ai.openai.request.service_tier", "auto"),
        ],
    )]);
    assert_eq!(current, former);
    assert_eq!(&*current[0].actor_id, "shop");
}

#[test]
fn the_operation_is_found_where_it_is_said() {
    let operation = |name: &str, attributes: Vec<KeyValue>| {
        let steps = steps(vec![span(1, 0, name, attributes)]);
        decision(&steps[0]).operation.to_string()
    };
    let model = || attribute("gen_ai.request.model", "m");
    let legacy = |kind: &str| vec![attribute("llm.request.type", kind), model()];
    assert_eq!(operation("x", legacy("completion")), "text_completion");
    assert_eq!(operation("x", legacy("embedding")), "embeddings");
    assert_eq!(operation("x", legacy("chat")), "chat");
    assert_eq!(operation("embeddings m", vec![model()]), "embeddings");
    assert_eq!(operation("ask", vec![model()]), "");
    assert_eq!(operation("ask", of("rerank", vec![model()])), "rerank");
    assert_eq!(
        operation("x", of("generate_content", vec![])),
        "generate_content"
    );
    // A word in a name alone makes no model call.
    let mapped = map(vec![span(
        1,
        0,
        "chat room",
        vec![attribute("http.route", "/")],
    )]);
    assert!(mapped.groups.is_empty());
    assert_eq!(counted(&mapped), ["not_gen_ai chat room 1"]);
    assert_eq!(mapped.response.rejected(), 0);
}

#[test]
fn how_it_ended_is_the_action() {
    let ended = |attributes: Vec<KeyValue>, fails: bool| {
        let mut span = span(1, 0, "chat", of("chat", attributes));
        span.status = if fails { failed() } else { None };
        let steps = steps(vec![span]);
        let said = decision(&steps[0]);
        let codes: Vec<String> = said.reason_codes.iter().map(|c| c.to_string()).collect();
        (said.action, codes.join(" "))
    };
    let finish = |reasons: &[&str]| vec![attribute("gen_ai.response.finish_reasons", reasons)];
    let filtered = "finish_reason:content_filter";
    assert_eq!(
        ended(finish(&["content_filter", "content_filter"]), false),
        (Action::Reject, filtered.into())
    );
    assert_eq!(
        ended(finish(&["stop", "content_filter"]), false),
        (Action::Allow, format!("finish_reason:stop {filtered}"))
    );
    let error = vec![attribute("error.type", "RateLimitError")];
    assert_eq!(
        ended(error, false),
        (Action::FailRetry, "error:RateLimitError".into())
    );
    assert_eq!(ended(vec![], true), (Action::FailRetry, "error".into()));
    let refusal = r#"[{"role":"assistant","parts":[{"type":"refusal","content":"No."}],"finish_reason":"stop"}]"#;
    assert_eq!(
        ended(vec![attribute("gen_ai.output.messages", refusal)], false),
        (Action::Allow, "finish_reason:stop refusal".into())
    );
}

#[test]
fn evaluations_are_checks_of_what_they_are_about() {
    let evaluation = |name: &str, more: Vec<KeyValue>| {
        let mut all = vec![attribute("gen_ai.evaluation.name", name)];
        all.extend(more);
        event("gen_ai.evaluation.result", all)
    };
    let mut chat = span(
        1,
        0,
        "chat",
        of("chat", vec![attribute("gen_ai.response.id", "r1")]),
    );
    chat.events = vec![evaluation(
        "Relevance",
        vec![
            attribute("gen_ai.evaluation.score.value", 0.25),
            attribute("gen_ai.evaluation.score.label", "Fail"),
            attribute("gen_ai.evaluation.explanation", "Names Ann."),
        ],
    )];
    let mut below = span(2, 1, "judge", vec![]);
    below.events = vec![evaluation("Below", vec![])];
    let mut by_id = span(3, 0, "judge", vec![]);
    by_id.events = vec![
        evaluation("ById", vec![attribute("gen_ai.response.id", "r1")]),
        evaluation("Nobody", vec![attribute("gen_ai.response.id", "r2")]),
    ];
    let mapped = map(vec![below.clone(), by_id, chat.clone()]);
    let said = decision(&mapped.groups[0].steps[0]);
    let names: Vec<&str> = said
        .checks
        .iter()
        .map(|check| check.name.as_str())
        .collect();
    assert_eq!(names, ["Below", "ById", "Relevance"]);
    let check = &said.checks[2];
    assert_eq!((check.score, check.fired), (Some(0.25), true));
    assert_eq!(check.detail, r#"{"label":"Fail"}"#);
    assert!(!said.checks[0].fired && said.checks[0].score.is_none());
    assert_eq!(
        counted(&mapped),
        [
            "attribute gen_ai.evaluation.explanation 1",
            "evaluation judge 1"
        ]
    );
    // The explanation is kept where the output is.
    let options = Options {
        keep: Keep {
            output: Keeping::Plain,
            ..Keep::default()
        },
        ..Options::default()
    };
    let mapped = crate::map_with(
        vec![chat],
        &options,
        &mut crate::Counted::default(),
        &mut |_| None,
    );
    let said = decision(&mapped.groups[0].steps[0]);
    assert_eq!(
        said.checks[0].detail,
        r#"{"explanation":"Names Ann.","label":"Fail"}"#
    );
}

#[test]
fn what_has_no_field_is_counted_by_name() {
    let mut chat = span(
        1,
        0,
        "chat",
        of(
            "chat",
            vec![
                attribute("server.address", "api.example.org"),
                attribute("gen_ai.usage.input_tokens", "many"),
                attribute("a\nb", true),
            ],
        ),
    );
    chat.events = vec![event("exception", vec![attribute("exception.type", "E")])];
    chat.links = vec![Default::default(); 2];
    chat.dropped_events_count = 3;
    chat.end_time_unix_nano = 1;
    let mapped = map(vec![
        chat,
        span(2, 0, "GET /", vec![]),
        span(3, 0, "GET /", vec![]),
    ]);
    assert_eq!(
        counted(&mapped),
        [
            "not_gen_ai GET / 2",
            "attribute a\\nb 1",
            "attribute gen_ai.usage.input_tokens 1",
            "attribute server.address 1",
            "event exception 1",
            "link chat 2",
            "dropped chat 3",
            "clock chat 1",
        ]
    );
    assert_eq!(decision(&mapped.groups[0].steps[0]).duration_us, None);
    // Names that are made up to fill memory are counted together.
    let many = (0..1000)
        .map(|n| attribute(&format!("x{n}"), true))
        .collect();
    let mapped = map(vec![span(1, 0, "chat", of("chat", many))]);
    assert_eq!(mapped.counts.iter().count(), 257);
    assert_eq!(mapped.counts.of(ai_audit_otlp::Reason::Attribute), 1000);
}
