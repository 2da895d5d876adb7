//! Traces: listed, shown as trees, drawn.

use crate::run::{Done, Place};
use serde_json::{Value, json};

/// A conversation in which one turn calls two tools of these names.
fn conversation(tools: [&str; 2]) -> String {
    let call = |id: &str, tool: &str| json!({ "id": id, "type": "function", "function": { "name": tool, "arguments": "{}" } });
    let messages = json!([
        { "role": "user", "content": "question" },
        { "role": "assistant", "content": null, "tool_calls": [call("1", tools[0]), call("2", tools[1])] },
        { "role": "tool", "tool_call_id": "1", "content": "one" },
        { "role": "tool", "tool_call_id": "2", "content": "two" },
        { "role": "assistant", "content": "answer" },
    ]);
    json!({ "messages": messages }).to_string()
}

fn record(place: &Place, text: &str) {
    place.write("c.jsonl", text);
    let args = ["record", "audit", "c.jsonl", "--format", "openai-messages"];
    place.run(&args).good();
}

fn log(text: &str) -> Place {
    let place = Place::empty();
    place.run(&["init", "audit"]).good();
    record(&place, text);
    place
}

fn traces(place: &Place) -> Vec<String> {
    let listed = place.run(&["trace", "list", "audit", "--json"]).good();
    let listed = listed.json();
    let ids = listed.as_array().unwrap().iter();
    ids.map(|listed| listed["trace"].as_str().unwrap().to_owned())
        .collect()
}

fn show(place: &Place, trace: &str, more: &[&str]) -> Done {
    let mut args = vec!["trace", "show", "audit", trace];
    args.extend(more);
    place.run(&args)
}

#[test]
fn a_turn_with_two_calls_is_a_tree_and_a_picture() {
    let place = log(&conversation(["search", "pay"]));
    let trace = &traces(&place)[0];
    let shown = show(&place, trace, &[]).good().out;
    let tree: Vec<&str> = shown.lines().skip(3).take(6).collect();
    assert_eq!(
        tree,
        [
            "4 decision: allow · assistant",
            "├─ 5 calls search · assistant",
            "│  7 result of search · tool",
            "└─ 6 calls pay · assistant",
            "   8 result of pay · tool",
            "9 decision: allow · assistant <- 4, 7, 8",
        ],
        "{shown}"
    );
    // A beginning of the id is enough, and a wrong one is an error of the caller's.
    assert_eq!(show(&place, &trace[..20], &[]).good().out, shown);
    let said = show(&place, "nope", &[]);
    assert!(said.sentence(2).contains("has no trace nope"));
    let whole = show(&place, trace, &["--json"]).good().json();
    assert_eq!(
        (&whole["steps"], &whole["edges"], &whole["depth"]),
        (&json!(6), &json!(7), &json!(4))
    );
    assert_eq!(whole["nodes"][5]["parents"], json!([4, 7, 8]));
    assert_eq!(whole["agents"]["tool"]["tool_outcomes"], json!(2));

    let files = ["--svg", "t.svg", "--dot", "t.dot", "--mermaid", "t.mmd"];
    show(&place, trace, &files).good();
    let read = |name: &str| std::fs::read_to_string(place.path(name)).unwrap();
    assert!(read("t.svg").starts_with("<svg ") && read("t.svg").contains(">pay<"));
    assert!(read("t.dot").contains("r8 -> r9;"));
    assert!(read("t.mmd").contains("r8 --> r9"));
    assert!(
        show(&place, trace, &files)
            .sentence(2)
            .contains("t.svg exists already")
    );
    // A part says that it is one.
    let part = show(&place, trace, &["--around", "8", "-n", "3"])
        .good()
        .out;
    assert!(
        part.contains("3 of 6 steps are shown") && part.contains("8 result"),
        "{part}"
    );
    assert!(!part.contains("5 calls"), "{part}");
    assert!(
        show(&place, trace, &["--around", "2"])
            .sentence(2)
            .contains("receipt 2 is not of trace")
    );
}

#[test]
fn a36_a_parent_that_is_nowhere_is_named() {
    let place = Place::new();
    let nowhere = "ab".repeat(32);
    let there = place.run(&["show", "audit", "5", "--json"]).good().json()["hash"].clone();
    let line =
        |parents: Value| json!({ "trace_id": "t", "input": "i", "parents": parents }).to_string();
    place.record(&line(json!([there])));
    let shown = show(&place, "t", &[]);
    assert!(
        shown
            .err
            .contains("follows from receipt 5, which is of no trace"),
        "{}",
        shown.err
    );
    assert_eq!(shown.code, 0, "a parent elsewhere in the log is no fault");
    place.record(&line(json!([nowhere])));
    let shown = show(&place, "t", &[]);
    assert_eq!(shown.code, 1);
    assert!(
        shown.err.contains(&format!(
            "names the parent {nowhere}, which is nowhere in the log"
        )),
        "{}",
        shown.err
    );
    let problem = show(&place, "t", &["--json"]).json()["problems"][0].clone();
    assert_eq!(
        (&problem["problem"], &problem["parent"]),
        (&json!("missing_parent"), &json!(nowhere))
    );
}

#[test]
fn a40_hostile_names_in_a_tree_harm_no_terminal() {
    let place = log(&conversation([
        "\u{1b}[31mred\u{202e}\u{200b}",
        &"支払い".repeat(30),
    ]));
    let trace = &traces(&place)[0];
    let shown = show(&place, trace, &[]).good().out;
    assert!(
        shown.contains("\\u{1b}[31mred\\u{202e}\\u{200b}"),
        "{shown}"
    );
    assert!(!shown.contains(['\u{1b}', '\u{202e}', '\u{200b}']));
    for line in shown.lines() {
        // Letters of East Asia take two columns.
        let width: usize = line
            .chars()
            .map(|c| if u32::from(c) > 0x2fff { 2 } else { 1 })
            .sum();
        assert!(width <= 80, "{width}: {line}");
    }
}

#[test]
fn a_long_conversation_is_no_stair() {
    let turns: Vec<Value> = (0..100)
        .flat_map(|n| {
            [
                json!({ "role": "user", "content": format!("question {n}") }),
                json!({ "role": "assistant", "content": "answer" }),
            ]
        })
        .collect();
    let place = log(&json!({ "messages": turns }).to_string());
    let trace = &traces(&place)[0];
    let shown = show(&place, trace, &[]).good().out;
    assert!(shown.contains("100 steps, 99 edges, 100 deep"), "{shown}");
    let steps = shown
        .lines()
        .filter(|line| line.contains("decision: allow"));
    assert_eq!(steps.filter(|line| !line.starts_with(' ')).count(), 100);
    let part = show(&place, trace, &["-n", "7"]).good().out;
    assert!(part.contains("7 of 100 steps are shown"), "{part}");
}

/// A page that a researcher read, and a payment that followed; and what is said of the page.
fn paid(trust: u8, name: &str) -> Value {
    json!({ "trace_id": "offer", "steps": [
        { "kind": "decision", "ref": "ask", "actor": "planner", "input": "find the best offer" },
        { "kind": "tool_intent", "ref": "fetch", "actor": "researcher", "tool": "fetch", "parents": ["ask"] },
        { "kind": "tool_outcome", "ref": "page", "intent": "fetch", "result": "pay" },
        { "kind": "provenance", "ref": "from", "sources": [
            { "origin": "document", "trust": trust, "name": name, "receipt": "page" } ] },
        { "kind": "decision", "ref": "pay", "actor": "researcher", "tags": ["urgent"], "parents": ["from"] },
        { "kind": "tool_intent", "actor": "researcher", "tool": "send=money", "parents": ["pay"] },
    ]})
}

fn recorded(line: &Value) -> Place {
    let place = Place::empty();
    place.run(&["init", "audit"]).good();
    place.write("t.jsonl", &line.to_string());
    place
        .run(&["record", "audit", "t.jsonl", "--format", "traces"])
        .good();
    place
}

fn taint(place: &Place, more: &[&str]) -> Done {
    let mut args = vec!["trace", "taint", "audit"];
    args.extend(more);
    place.run(&args)
}

#[test]
fn taint_is_told_with_its_way() {
    let place = recorded(&paid(20, "web page"));
    let privileged = ["--privileged", "send=money"];
    let found = taint(&place, &privileged);
    assert_eq!(found.code, 1);
    for said in [
        "trust 20: web page → researcher → send=money",
        "1 of 1 privileged step in 1 trace follows from trust below 50.",
        "1 recorded source (1 document): least trust 20, mean 20.0.",
        "It does not show that nothing else was injected.",
    ] {
        assert!(found.out.contains(said), "{said}: {}", found.out);
    }
    let with = |more: &[&str]| taint(&place, &[&privileged, more].concat());
    // What the reader says decides: the threshold, the trace, what a tool is worth at most.
    assert_eq!(with(&["--threshold", "20"]).code, 0);
    assert_eq!(
        taint(&place, &["offer", "--privileged-tag", "urgent"]).code,
        1
    );
    assert_eq!(taint(&place, &["--privileged", "fetch"]).code, 0);
    let json = with(&["--trust", "fetch=10", "--json"]).json();
    let finding = &json["findings"][0];
    assert_eq!(finding["way"], "result of fetch → researcher → send=money");
    assert_eq!(
        (&finding["trust"], &json["sources"]["lowest"]),
        (&json!(10), &json!(20))
    );
    let inputs = with(&["--threshold", "20", "--input-trust", "5", "--json"]).json();
    assert_eq!(inputs["findings"][0]["path"][0]["source"], "unstated input");
    // A privileged call before which nothing is stated is not called safe.
    let said = taint(&place, &["--privileged", "fetch"]).out;
    assert!(
        said.contains("1 first decision is without recorded sources"),
        "{said}"
    );
    assert!(taint(&place, &[]).sentence(2).contains("--privileged TOOL"));
    assert!(
        with(&["--trust", "fetch"])
            .sentence(2)
            .contains("TOOL=TRUST")
    );
    assert!(
        with(&["--trust", "fetch=101"])
            .sentence(2)
            .contains("0 (none) to 100")
    );
    assert_eq!(with(&["--threshold", "101"]).code, 2);
}

#[test]
fn a40_hostile_sources_harm_no_terminal() {
    let place = recorded(&paid(20, "page\u{1b}[2J\u{202e}\u{feff}"));
    let found = taint(&place, &["--privileged", "send=money"]);
    assert!(
        found
            .out
            .contains("page\\u{1b}[2J\\u{202e}\\u{feff} → researcher"),
        "{}",
        found.out
    );
}

#[test]
fn what_is_personal_data_does_not_get_into_names() {
    let place = Place::empty();
    place.run(&["init", "audit"]).good();
    place.write(
        "t.jsonl",
        &paid(20, "mail of alice@example.com").to_string(),
    );
    let said = place.run(&["record", "audit", "t.jsonl", "--format", "traces"]);
    assert!(
        said.sentence(1).contains("steps[3].sources"),
        "{}",
        said.err
    );
}
