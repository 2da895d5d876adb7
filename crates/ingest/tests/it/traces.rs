//! Traces: what is taken, what follows from what, and what each bad line is told.

use crate::Counted;
use ai_audit_agentic::{JsonDigest, SourceOrigin, ToolStatus, TraceStep};
use ai_audit_core::{Body as _, Digest, LeafHash, TextDigest};
use ai_audit_ingest::{IngestError, Keep, Step, StepBody, TraceLines, read_record, read_trace};

fn read(text: &str) -> Vec<Result<Vec<Step>, IngestError>> {
    let mut lines = TraceLines::new(text.as_bytes(), Keep::default());
    let mut keys = Counted::plain();
    std::iter::from_fn(|| lines.next_group(&mut keys))
        .map(|group| group.map(|group| group.steps))
        .collect()
}

/// A trace of these steps.
fn steps(steps: &str) -> Result<Vec<Step>, IngestError> {
    let line = format!(
        "{{\"trace_id\":\"t\",\"session_id\":\"s\",\"tenant\":\"acme\",\"steps\":[{steps}]}}"
    );
    read(&line.replace('\n', "")).remove(0)
}

fn refusal(text: &str) -> String {
    steps(text).unwrap_err().to_string()
}

const WHOLE: &str = r#"
    {"kind":"decision","ref":"ask","actor":"planner","input":"q","model":"m"},
    {"kind":"hand_off","ref":"go","actor":"planner","name":"look","to":"researcher","duration_ms":2,
     "metadata":{"b":"2","a":"1"},"parents":["ask"]},
    {"kind":"tool_intent","ref":"call","actor":"researcher","tool":"search","call_id":"c","arguments":{"b":1,"a":2},"parents":["go"]},
    {"kind":"tool_outcome","ref":"page","intent":"call","status":"error","result":"r","parents":["ask"]},
    {"kind":"provenance","ref":"from","sources":[
      {"origin":"system","trust":100,"name":"prompt"},
      {"origin":"document","trust":20,"name":"page","uri":"https://example.org","content":"text","receipt":"page"}]},
    {"kind":"decision","parents":["from","go"]}"#;

#[test]
fn every_kind_arrives_with_what_it_follows_from() {
    let steps = steps(WHOLE).unwrap();
    for step in &steps {
        assert_eq!(
            (step.trace_id.as_str(), step.session_id.as_str()),
            ("t", "s")
        );
        assert_eq!(step.log.as_deref(), Some("acme"));
    }
    let parents: Vec<&[usize]> = steps.iter().map(|step| step.parents.as_slice()).collect();
    // The intent comes first in an outcome.
    assert_eq!(parents, [&[][..], &[0], &[1], &[2, 0], &[3], &[4, 1]]);
    let [
        StepBody::Decision(ask),
        StepBody::TraceNode(go),
        StepBody::ToolIntent(call),
        StepBody::ToolOutcome(page),
        StepBody::Provenance(from, links),
        StepBody::Decision(_),
    ] = [
        &steps[0].body,
        &steps[1].body,
        &steps[2].body,
        &steps[3].body,
        &steps[4].body,
        &steps[5].body,
    ]
    else {
        panic!("{steps:?}");
    };
    assert_eq!(ask.input, Some(TextDigest::plain("q")));
    assert_eq!(
        (go.step, &*go.name, &*go.to, go.duration_us),
        (TraceStep::HandOff, "look", "researcher", Some(2000))
    );
    assert_eq!(go.metadata[0].name, "a");
    assert_eq!(
        call.arguments,
        Some(JsonDigest::of_json("{\"a\":2,\"b\":1}", None).unwrap())
    );
    assert_eq!(
        (page.status, &*page.tool, &*page.call_id),
        (ToolStatus::Error, "search", "c")
    );
    let source = &from.sources[1];
    assert_eq!(
        (source.origin, source.trust.hundredths()),
        (SourceOrigin::Document, 20)
    );
    assert_eq!(source.digest, Some(TextDigest::Plain(Digest::of(b"text"))));
    assert_eq!((links[0].source, links[0].parent), (1, 0));
}

#[test]
fn what_is_known_when_it_is_sealed_is_committed_to() {
    let mut steps = steps(WHOLE).unwrap();
    let before = match &steps[4].body {
        StepBody::Provenance(from, _) => from.root,
        other => panic!("{other:?}"),
    };
    let page = LeafHash::of(b"the page's outcome");
    steps[4].body.link(&[page]);
    let StepBody::Provenance(from, _) = &steps[4].body else {
        panic!("{steps:?}");
    };
    assert!(from.check().is_ok() && from.root != before);
    assert_eq!(from.sources[1].receipt, Some(page));
    assert_eq!(from.parents.as_slice(), [page]);
    steps[3]
        .body
        .link(&[LeafHash::of(b"call"), LeafHash::of(b"ask")]);
    let StepBody::ToolOutcome(outcome) = &steps[3].body else {
        panic!("{steps:?}");
    };
    assert_eq!(outcome.intent, Some(LeafHash::of(b"call")));
    assert_eq!(outcome.parents.as_slice(), [LeafHash::of(b"ask")]);
}

#[test]
fn hashes_of_sealed_receipts_are_parents_too() {
    let hash = "ab".repeat(32);
    let intent = format!(
        "{{\"kind\":\"tool_outcome\",\"intent\":\"{hash}\",\"parents\":[\"{hash}\",\"{hash}\"]}}"
    );
    let steps = steps(&intent).unwrap();
    let StepBody::ToolOutcome(outcome) = &steps[0].body else {
        panic!("{steps:?}");
    };
    assert_eq!(outcome.intent.map(|hash| hash.to_string()), Some(hash));
    assert_eq!((outcome.parents.len(), steps[0].parents.len()), (1, 0));
}

#[test]
fn bad_lines_are_told_where_and_why() {
    let said = |text: &str, place: &str, why: &str| {
        let refusal = refusal(text);
        assert!(
            refusal.starts_with(&format!("line 1: field `{place}`")) && refusal.contains(why),
            "{refusal}"
        );
    };
    let step = r#"{"kind":"step","ref":"a","name":"n"}"#;
    said("", "steps", "1 to 65536 steps");
    said("{\"kind\":\"dance\"}", "steps[0].kind", "hand_off");
    said(&format!("{step},{step}"), "steps[1].ref", "no earlier step");
    // A step cannot follow from a later one, or from itself: no cycle can be written down.
    said(
        r#"{"kind":"step","name":"n","ref":"a","parents":["a"]}"#,
        "steps[0].parents",
        "earlier step",
    );
    said(
        &format!(r#"{{"kind":"step","name":"n","parents":["a"]}},{step}"#),
        "steps[0].parents",
        "earlier step",
    );
    said(
        r#"{"kind":"delegation","name":"n"}"#,
        "steps[0].to",
        "a delegation",
    );
    said(r#"{"kind":"step"}"#, "steps[0].name", "the step's name");
    said(
        r#"{"kind":"step","name":"n","metadata":{"a":1}}"#,
        "steps[0].metadata",
        "texts",
    );
    said(
        r#"{"kind":"tool_outcome"}"#,
        "steps[0].intent",
        "earlier step",
    );
    said(
        &format!(r#"{step},{{"kind":"tool_outcome","intent":"a"}}"#),
        "steps[1].intent",
        "tool_intent",
    );
    said(
        r#"{"kind":"tool_intent"}"#,
        "steps[0].tool",
        "the tool's name",
    );
    said(
        r#"{"kind":"decision","trace_id":"u"}"#,
        "steps[0].trace_id",
        "beside `steps`",
    );
    said(
        r#"{"kind":"decision","actoin":"allow"}"#,
        "steps[0].actoin",
        "unknown",
    );
    said(
        r#"{"kind":"provenance"}"#,
        "steps[0].sources",
        "a list of sources",
    );
    let source = |fields: &str| format!(r#"{{"kind":"provenance","sources":[{{{fields}}}]}}"#);
    said(
        &source(r#""origin":"web","trust":1"#),
        "steps[0].sources[0].origin",
        "memory",
    );
    for trust in ["101", "-1", "0.5", "\"1\"", "1e400"] {
        let text = source(&format!(r#""origin":"tool","trust":{trust}"#));
        assert!(steps(&text).is_err(), "{trust}");
    }
    said(
        &source(r#""origin":"tool","trust":101"#),
        "steps[0].sources[0].trust",
        "from 0 to 100",
    );
    assert!(
        read("{\"steps\":[]}")
            .remove(0)
            .unwrap_err()
            .to_string()
            .contains("the trace's id")
    );
    // The next line is read all the same.
    let good = format!("{{\"trace_id\":\"t\",\"steps\":[{step}]}}");
    let all = read(&format!("[]\n\n{good}\n"));
    assert!(
        all.len() == 2 && all[0].is_err() && all[1].is_ok(),
        "{all:?}"
    );
}

#[test]
fn ids_times_and_errors_of_all_kinds_are_taken() {
    let id = "00000000-0001-7fff-bfff-ffffffffffff";
    let with =
        |kind: &str| format!(r#"{{"kind":{kind},"id":"{id}","time":"1970-01-01T00:00:01Z"}}"#);
    let kinds = [
        with("\"decision\""),
        with("\"step\",\"name\":\"n\""),
        with("\"tool_intent\",\"ref\":\"i\",\"tool\":\"t\""),
        with("\"tool_outcome\",\"intent\":\"i\",\"error\":\"timeout\""),
        with("\"provenance\",\"sources\":[{\"origin\":\"tool\",\"trust\":1,\"name\":\"n\"}]"),
    ];
    for step in steps(&kinds.join(",")).unwrap() {
        assert!(step.id_given && step.id.to_string() == id, "{step:?}");
        let at = match &step.body {
            StepBody::Decision(decision) => decision.occurred_at,
            StepBody::TraceNode(node) => node.occurred_at,
            StepBody::ToolIntent(intent) => intent.occurred_at,
            StepBody::ToolOutcome(outcome) => {
                assert_eq!(outcome.error, "timeout");
                outcome.occurred_at
            }
            StepBody::Provenance(from, _) => from.occurred_at,
        };
        assert_eq!(at.map(|at| at.as_micros()), Some(1_000_000), "{step:?}");
    }
    assert!(refusal(r#"{"kind":"step","name":"n","id":"1"}"#).contains("steps[0].id"));
    assert!(refusal(r#"{"kind":"step","name":"n","time":"now"}"#).contains("steps[0].time"));
    // Without one an id is made, and nobody says that it was given.
    assert!(!steps(r#"{"kind":"step","name":"n"}"#).unwrap()[0].id_given);
}

#[test]
fn what_stands_by_itself_is_read_as_a_line_is() {
    let mut keys = Counted::plain();
    let text = b"{\n \"model\": \"m\" }\n";
    let group = read_record(text, "records[3]", Keep::default(), &mut keys).unwrap();
    assert_eq!((group.place.as_str(), group.steps.len()), ("records[3]", 1));
    let error = read_record(b"{\"modle\": 1}", "record", Keep::default(), &mut keys).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("record: field `modle`: unknown"),
        "{error}"
    );
    let text = b"{\"trace_id\": \"t\",\n\"steps\": [{\"kind\": \"step\", \"name\": \"n\"}]}";
    let group = read_trace(text, "record", Keep::default(), &mut keys).unwrap();
    assert_eq!(group.steps[0].trace_id, "t");
    let error = read_trace(b"{}\n{}", "record", Keep::default(), &mut keys).unwrap_err();
    assert!(
        error.to_string().starts_with("record: no strict JSON"),
        "{error}"
    );
}
