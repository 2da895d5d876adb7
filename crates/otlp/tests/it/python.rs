//! What the real SDK for Python and the instrumentation of the openai client sent: `cargo xtask otlp`
//! captures it, and says where it is.

use crate::Counted;
use ai_audit_agentic::JsonDigest;
use ai_audit_core::{Action, Decision, TextDigest};
use ai_audit_ingest::{Step, StepBody};
use ai_audit_otlp::{Mapped, Options, Reason, decode};
use serde_json::Value as Json;
use std::path::{Path, PathBuf};

fn captured(mode: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("TESTS_OTLP_CAPTURED") else {
        println!("SKIPPED: what the SDK for Python sends: cargo xtask otlp captures it");
        return None;
    };
    Some(Path::new(&folder).join(mode))
}

fn mapped(body: &[u8]) -> Mapped {
    let request = decode("application/x-protobuf", body).unwrap();
    request.groups(&Options::default(), &mut Counted::default(), &mut |_| None)
}

fn decisions(steps: &[Step]) -> Vec<&Decision<'static>> {
    let bodies = steps.iter().filter_map(|step| match &step.body {
        StepBody::Decision(decision) => Some(&**decision),
        _ => None,
    });
    bodies.collect()
}

/// Holds the receipts against what the client saw; what was asked and answered where content was sent.
fn agrees(folder: &Path, content: bool) {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "pb"))
        .collect();
    files.sort();
    let bodies: Vec<Vec<u8>> = files
        .iter()
        .map(|file| std::fs::read(file).unwrap())
        .collect();
    // The receiver was not ready the first time, so the SDK sent it again.
    assert_eq!(bodies.len(), 2, "{files:?}");
    let (first, again) = (mapped(&bodies[0]), mapped(&bodies[1]));
    assert_eq!(first, again);

    let expected = std::fs::read_to_string(folder.join("expected.json")).unwrap();
    let expected: Vec<Json> = serde_json::from_str(&expected).unwrap();
    let steps: Vec<Step> = (first.groups.iter())
        .flat_map(|group| group.steps.clone())
        .collect();
    let decisions = decisions(&steps);
    let (tools, calls): (Vec<&Json>, Vec<&Json>) =
        expected.iter().partition(|said| said.get("tool").is_some());
    assert_eq!(decisions.len(), calls.len());
    assert!(calls.len() == 8 && tools.len() == 2);
    for said in calls {
        let fits = |decision: &&&Decision<'_>| {
            let model = said.get("model").unwrap_or(&said["asked"]);
            let codes: Vec<&str> = (decision.reason_codes.iter())
                .map(|code| code.as_str())
                .collect();
            let ended = match said["error"].as_str() {
                Some(error) => {
                    decision.action == Action::FailRetry && codes == [format!("error:{error}")]
                }
                None => decision.action == Action::Allow,
            };
            *decision.operation == *said["operation"].as_str().unwrap()
                && *decision.model == *model.as_str().unwrap()
                && *decision.provider == *"openai"
                && decision.input_tokens == said["input_tokens"].as_u64()
                && decision.output_tokens == said["output_tokens"].as_u64()
                && said["finish_reasons"].as_array().is_none_or(|reasons| {
                    let reason = reasons[0].as_str().unwrap();
                    // The conventions have it in the singular.
                    let reason = reason
                        .strip_suffix("_calls")
                        .map_or(reason.to_owned(), |tool| format!("{tool}_call"));
                    let plural = format!("finish_reason:{reason}s");
                    codes == [format!("finish_reason:{reason}")] || codes == [plural]
                })
                && ended
                && said["output"].as_str().is_none_or(|output| {
                    decision.output == content.then(|| TextDigest::plain(output))
                })
        };
        let count = decisions.iter().filter(fits).count();
        assert!(count >= 1, "{said} among {decisions:#?}");
    }
    for said in tools {
        let intent = steps.iter().position(|step| match &step.body {
            StepBody::ToolIntent(intent) => *intent.call_id == *said["call_id"].as_str().unwrap(),
            _ => false,
        });
        let intent = intent.unwrap();
        let StepBody::ToolOutcome(outcome) = &steps
            .iter()
            .find(|step| {
                matches!(&step.body, StepBody::ToolOutcome(outcome)
                    if *outcome.call_id == *said["call_id"].as_str().unwrap())
            })
            .unwrap()
            .body
        else {
            panic!("{steps:?}");
        };
        let result = JsonDigest::of_text("50 degrees and raining", None);
        assert_eq!(outcome.result, Some(result));
        // It follows from the agent; and from the decision that asked for it, where that says so.
        assert_eq!(steps[intent].parents.len(), if content { 2 } else { 1 });
    }
    let checks: usize = decisions.iter().map(|decision| decision.checks.len()).sum();
    assert_eq!(checks, 1, "the evaluation, by its response's id");
    assert!(steps.iter().all(|step| !step.actor_id.is_empty()));
    assert_eq!(first.response.rejected(), 0);
    for reason in [Reason::ParentNotThere, Reason::Refused, Reason::Evaluation] {
        assert_eq!(first.counts.of(reason), 0, "{:?}", first.counts);
    }
    println!("{} receipts; left out: {:?}", steps.len(), first.counts);
}

#[test]
fn former_conventions_agree_with_what_the_client_saw() {
    if let Some(folder) = captured("former") {
        agrees(&folder, false);
    }
}

#[test]
fn current_conventions_agree_with_what_the_client_saw() {
    if let Some(folder) = captured("current") {
        agrees(&folder, true);
    }
}
