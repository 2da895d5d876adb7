//! Conversations: turns become decisions, intents and outcomes, linked.

use crate::Counted;
use ai_audit_core::{LeafHash, TextDigest};
use ai_audit_ingest::{Conversations, Group, IngestError, Keep, StepBody};
use proptest::prelude::*;

fn read(text: &str, at: Option<&str>) -> Vec<Result<Group, IngestError>> {
    let mut conversations = Conversations::new(text.as_bytes(), at, Keep::default());
    let mut keys = Counted::plain();
    std::iter::from_fn(|| conversations.next_group(&mut keys)).collect()
}

const ONE: &str = r#"{"messages":[
    {"role":"system","content":"be kind"},{"role":"user","content":"refund me"},
    {"role":"assistant","content":null,"tool_calls":[
        {"id":"c1","type":"function","function":{"name":"look_up","arguments":"{\"b\":1,\"a\":2}"}},
        {"id":"c2","type":"function","function":{"name":"note","arguments":"not json"}}]},
    {"role":"tool","tool_call_id":"c2","content":"ok"},{"role":"tool","tool_call_id":"c1","content":"{}"},
    {"role":"assistant","content":"Done."},{"role":"user","content":"Thanks"},
    {"role":"assistant","content":"Welcome."}]}"#;

#[test]
fn turns_are_linked() {
    let group = read(ONE, None).remove(0).unwrap();
    let kinds: String = group
        .steps
        .iter()
        .map(|step| match step.body {
            StepBody::Decision(_) => 'd',
            StepBody::ToolIntent(_) => 'i',
            StepBody::ToolOutcome(_) => 'o',
            StepBody::TraceNode(_) | StepBody::Provenance(..) => '?',
        })
        .collect();
    assert_eq!(kinds, "diioodd");
    let parents: Vec<_> = group
        .steps
        .iter()
        .map(|step| step.parents.clone())
        .collect();
    assert_eq!(
        parents,
        [
            vec![],
            vec![0],
            vec![0],
            vec![2],
            vec![1],
            vec![0, 3, 4],
            vec![5]
        ]
    );
    let trace = &group.steps[0].trace_id;
    assert!(trace.len() == 32 && group.steps.iter().all(|step| step.trace_id == *trace));
    let StepBody::Decision(last) = &group.steps[6].body else {
        panic!()
    };
    assert_eq!(
        (last.input, last.output),
        (
            Some(TextDigest::plain("Thanks")),
            Some(TextDigest::plain("Welcome."))
        )
    );
    let StepBody::ToolIntent(intent) = &group.steps[1].body else {
        panic!()
    };
    assert!(intent.arguments.unwrap().matches(r#"{"a":2, "b":1}"#, None));
    // An outcome takes the first hash for its intent.
    let hash = LeafHash::of(b"the intent");
    let mut outcome = group.steps[3].body.clone();
    outcome.link(&[hash]);
    let StepBody::ToolOutcome(outcome) = outcome else {
        panic!()
    };
    assert_eq!(
        (outcome.intent, outcome.tool.as_str()),
        (Some(hash), "note")
    );
}

#[test]
fn arrays_lines_and_paths() {
    let two = format!("[{ONE},\n{ONE}]");
    assert_eq!(read(&two, None).len(), 2);
    let lines = format!("{}\n{}\n", ONE.replace('\n', " "), ONE.replace('\n', " "));
    assert_eq!(
        read(&lines, None)
            .iter()
            .filter(|group| group.is_ok())
            .count(),
        2
    );
    let nested = format!(
        "[{{\"id\":1,\"run\":{{\"traj\":{}}}}}]",
        &ONE[12..ONE.len() - 1]
    );
    assert_eq!(
        read(&nested, Some("run.traj"))
            .remove(0)
            .unwrap()
            .steps
            .len(),
        7
    );
    let error = read(&nested, Some("run.x")).remove(0).unwrap_err();
    assert!(
        error.to_string().contains("run.x") && !error.fatal,
        "{error}"
    );
    assert!(read("", None).is_empty() && read(" [ ] ", None).is_empty());
}

#[test]
fn bad_conversations_are_told_where_and_what() {
    for (from, to, parts) in [
        (
            "\"c2\",\"content\"",
            "\"c9\",\"content\"",
            &[
                "conversation 1",
                "messages[3].tool_call_id",
                "no open tool call",
            ][..],
        ),
        ("\"user\"", "\"users\"", &["messages[1].role", "users"]),
        (
            "\"name\":\"note\"",
            "\"nam\":\"note\"",
            &["messages[2].tool_calls[1].function.name"],
        ),
        (
            "\"content\":\"Done.\"",
            "\"content\":7",
            &["messages[5].content"],
        ),
        (
            "\"content\":\"Done.\"",
            "\"content\":\"Done.\",\"content\":1",
            &["conversation 1", "JSON"],
        ),
    ] {
        let changed = ONE.replacen(from, to, 1);
        assert_ne!(changed, ONE);
        let error = read(&format!("[{changed},{ONE}]"), None);
        let text = error[0].as_ref().unwrap_err().to_string();
        for part in parts {
            assert!(text.contains(part), "{text}");
        }
        assert!(error[1].is_ok(), "the next one goes on");
    }
    for cut in [
        "[",
        "[{",
        "[{}",
        "[{},",
        "[{} {}]",
        "[{}] x",
        "{\"a\":\"",
        "[,]",
    ] {
        let last = read(cut, None).pop().unwrap();
        assert!(last.is_err(), "{cut}");
    }
}

#[test]
fn tau_bench_goes_through_as_it_is() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/corpora/tau-bench/historical_trajectories/gpt-4o-airline.json"
    );
    let Ok(file) = std::fs::File::open(path) else {
        println!("SKIPPED: tau-bench: ../shared is absent");
        return;
    };
    let mut conversations = Conversations::new(file, Some("traj"), Keep::default());
    let mut keys = Counted::plain();
    let (mut groups, mut decisions, mut intents, mut outcomes) = (0, 0, 0, 0);
    while let Some(group) = conversations.next_group(&mut keys) {
        groups += 1;
        for step in group.unwrap().steps {
            match step.body {
                StepBody::Decision(_) => decisions += 1,
                StepBody::ToolIntent(_) => intents += 1,
                StepBody::ToolOutcome(_) => outcomes += 1,
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(
        (groups, decisions, intents, outcomes),
        (200, 2454, 1164, 1164)
    );
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes: Vec<u8>, place: prop::sample::Index, byte: u8) {
        let mut changed = ONE.as_bytes().to_vec();
        let at = place.index(changed.len());
        changed[at] = byte;
        for input in [bytes, changed] {
            let mut conversations = Conversations::new(input.as_slice(), None, Keep::default());
            let mut keys = Counted::plain();
            while conversations.next_group(&mut keys).is_some() {}
        }
    }
}

#[test]
fn refusals_and_older_function_calls() {
    let text = r#"{"messages":[
        {"role":"user","content":"pick a lock"},
        {"role":"assistant","content":null,"refusal":"No."},
        {"role":"user","content":"again"},
        {"role":"assistant","content":[{"type":"refusal","refusal":"No."}]},
        {"role":"assistant","content":null,"function_call":{"name":"weather","arguments":"{\"a\":1}"}},
        {"role":"function","name":"weather","content":"rain"},
        {"role":"assistant","content":"It rains."}]}"#;
    let group = read(text, None).remove(0).unwrap();
    let decision = |index: usize| match &group.steps[index].body {
        StepBody::Decision(decision) => decision.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(decision(0).output, Some(TextDigest::plain("No.")));
    for index in [0, 1] {
        let refused = decision(index);
        assert_eq!(refused.action.name(), "allow");
        let codes: Vec<&str> = refused
            .reason_codes
            .iter()
            .map(|code| code.as_str())
            .collect();
        assert_eq!(codes, ["refusal"]);
    }
    assert!(decision(5).reason_codes.is_empty());
    let called = TextDigest::plain(r#"{"arguments":"{\"a\":1}","name":"weather"}"#);
    assert_eq!(decision(2).output, Some(called));
    let StepBody::ToolIntent(intent) = &group.steps[3].body else {
        panic!()
    };
    assert_eq!(
        (intent.tool.as_str(), intent.call_id.as_str()),
        ("weather", "")
    );
    assert!(intent.arguments.unwrap().matches(r#"{"a": 1}"#, None));
    assert_eq!(group.steps[4].parents, [3]);

    for (from, to, field) in [
        ("\"No.\"},\n", "7},\n", "messages[1].refusal"),
        (
            "{\"name\":\"weather\",\"arg",
            "{\"arg",
            "messages[4].function_call.name",
        ),
        (
            "\"function_call\":{",
            "\"function_call\":7,\"x\":{",
            "messages[4].function_call",
        ),
        (
            "\"function\",\"name\":\"weather\"",
            "\"function\",\"name\":\"rain\"",
            "messages[5].name",
        ),
    ] {
        let wrong = text.replacen(from, to, 1);
        assert_ne!(wrong, text);
        let error = read(&wrong, None).remove(0).unwrap_err();
        assert_eq!(error.field.as_deref(), Some(field), "{error}");
    }
}

#[test]
fn an_input_that_is_cut_off_leaves_nothing_unread() {
    let whole = format!("[{ONE},{ONE}]");
    let first = 1 + ONE.len();
    // Inside of the second one, behind it, behind the comma, behind the first.
    for cut in [first + 20, whole.len() - 1, first + 1, first] {
        let groups = read(&whole[..cut], None);
        let error = groups.last().unwrap().as_ref().unwrap_err();
        assert!(
            error.message.contains("the input ends inside") && !error.fatal,
            "{error}"
        );
        assert_eq!(groups.len(), if cut < whole.len() - 1 { 2 } else { 3 });
    }
    // But here something is.
    let garbage = format!("[{ONE} {ONE}]");
    let groups = read(&garbage, None);
    assert!(groups.len() == 2 && groups[1].as_ref().unwrap_err().fatal);
}

#[test]
fn a_conversation_may_be_about_somebody() {
    let text = r#"{"user":{"id":"person-7"},"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}
{"messages":[{"role":"assistant","content":"a"}]}
{"user":{"id":7},"messages":[]}
{"user":{"id":"alice@example.com"},"messages":[]}"#;
    let mut keys = Counted::plain();
    let mut conversations =
        Conversations::new(text.as_bytes(), None, Keep::default()).subject_at("user.id");
    let subjects = |group: &Group| -> Vec<String> {
        let decisions = group.steps.iter().filter_map(|step| match &step.body {
            StepBody::Decision(decision) => Some(decision.subject.to_string()),
            _ => None,
        });
        decisions.collect()
    };
    let first = conversations.next_group(&mut keys).unwrap().unwrap();
    assert_eq!(subjects(&first), ["person-7"]);
    assert_eq!(keys.asked[0].0, "person-7");
    let second = conversations.next_group(&mut keys).unwrap().unwrap();
    assert_eq!(subjects(&second), [""]);
    let error = conversations.next_group(&mut keys).unwrap().unwrap_err();
    assert!(
        error
            .to_string()
            .contains("conversation 3: field `user.id`"),
        "{error}"
    );
}
