//! "No refund without a prior look-up", over recorded conversations of tau-bench's airline.

use ai_audit_contracts::{Contract, Satisfied, State, Tally};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const CORPUS: &str =
    "../../../shared/corpora/tau-bench/historical_trajectories/gpt-4o-airline.json";
const REFUNDS: [&str; 2] = ["cancel_reservation", "send_certificate"];

fn path(to: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(to)
}

/// The contract as it stands in the guide.
fn contract() -> Contract {
    let guide = std::fs::read_to_string(path("../../docs/guides/contracts.md")).unwrap();
    let (_, text) = guide.split_once("refunds.yaml <<'YAML'\n").unwrap();
    let (text, _) = text.split_once("YAML\n").unwrap();
    Contract::parse(text).unwrap()
}

/// What a call is about: the booking, or the customer.
fn about(arguments: &Value) -> BTreeSet<String> {
    let named = ["reservation_id", "user_id"].map(|name| arguments[name].as_str());
    named.into_iter().flatten().map(String::from).collect()
}

/// Each tool call of a conversation as a state. Something was looked up when a call that read it
/// gave no error.
fn states(number: usize, messages: &[Value]) -> Vec<State> {
    let mut known = BTreeSet::new();
    let mut states = Vec::new();
    for (place, message) in messages.iter().enumerate() {
        let Some(call) = message["tool_calls"].get(0) else {
            continue;
        };
        let tool = call["function"]["name"].as_str().unwrap();
        let arguments: Value =
            serde_json::from_str(call["function"]["arguments"].as_str().unwrap()).unwrap();
        let result = messages
            .get(place + 1)
            .and_then(|next| next["content"].as_str());
        let failed = result.is_none_or(|text| text.starts_with("Error"));
        let about = about(&arguments);
        let state = json!({
            "session": number,
            "tool": tool,
            "looked_up": about.iter().any(|one| known.contains(one)),
            "failed": failed,
        });
        states.push(State::parse(&state.to_string()).unwrap());
        if tool.starts_with("get_") && !failed {
            known.extend(about);
        }
    }
    states
}

#[test]
fn tau_bench_keeps_its_contract() {
    let Ok(text) = std::fs::read_to_string(path(CORPUS)) else {
        println!("SKIPPED: tau-bench: ../shared is absent");
        return;
    };
    let conversations: Vec<Value> = serde_json::from_str(&text).unwrap();
    let contract = contract();
    let mut tally = Tally::new(&contract);
    let mut refunds = 0;
    for (number, conversation) in conversations.iter().enumerate() {
        let messages = conversation["traj"].as_array().unwrap();
        let session = number.to_string();
        for state in states(number, messages) {
            let tool = state.field("tool").unwrap().as_str().unwrap();
            refunds += usize::from(REFUNDS.contains(&tool));
            let found = match tally.states_of(&session) {
                0 => contract.evaluate_start(&state),
                _ => contract.evaluate(&state),
            };
            tally.push(&session, &found).unwrap();
        }
    }
    let found = tally.summary();
    println!(
        "{refunds} refunds; {}",
        serde_json::to_string(&found).unwrap()
    );
    assert_eq!(
        (conversations.len(), found.states, refunds),
        (200, 1164, 77)
    );
    assert_eq!((found.hard_breaches, found.soft_violations), (2, 73));
    assert_eq!((found.sessions, found.kept, found.open), (182, 173, 4));
    let works = found.soft_rules["tool-works"];
    assert_eq!((works.in_time, works.late, works.open), (47, 3, 4));
    assert_eq!(found.satisfaction, Satisfied::Satisfied);
}
