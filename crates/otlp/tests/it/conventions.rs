//! Held against the conventions' own files, where they are there.

use crate::texts::structured;
use crate::{attribute, decision, of, span, steps};
use std::collections::BTreeSet;
use std::path::Path;

fn shared(file: &str) -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/vectors/otel-genai-semconv")
        .join(file);
    let text = std::fs::read_to_string(path).ok();
    if text.is_none() {
        println!("SKIPPED: {file}: ../shared is absent");
    }
    text
}

/// What stands in quotes in our sources and begins like a name of the conventions.
fn ours() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for file in [
        "map.rs",
        "map/made.rs",
        "operation.rs",
        "texts.rs",
        "facts.rs",
    ] {
        let text = std::fs::read_to_string(src.join(file)).unwrap();
        for piece in text.split('"') {
            if piece.starts_with("gen_ai.")
                && !piece.contains(|c: char| c.is_whitespace() || c == '{')
            {
                names.insert(piece.to_owned());
            }
        }
    }
    names
}

/// Names that were in use and are in no file of the conventions that we have.
const BEFORE: [&str; 5] = [
    // Events of 1.27, and the attribute in which instrumentations put their bodies.
    "gen_ai.content.prompt",
    "gen_ai.content.completion",
    "gen_ai.event.content",
    // Prefixes of indexed attributes.
    "gen_ai.completion.",
    "gen_ai.prompt.",
];

#[test]
fn every_name_that_is_read_is_one_of_the_conventions() {
    let files = [
        "model/gen-ai/registry.yaml",
        "model/gen-ai/events.yaml",
        "model/gen-ai/deprecated/registry-deprecated.yaml",
        "model/gen-ai/deprecated/events-deprecated.yaml",
    ];
    let Some(known) = files.map(shared).into_iter().collect::<Option<String>>() else {
        return;
    };
    let names = ours();
    assert!(names.len() > 40, "{names:?}");
    for name in names {
        let known = known.contains(&format!(": {name}\n"))
            // A prefix.
            || name.ends_with('.') && known.contains(&format!(": {name}"));
        assert!(known || BEFORE.contains(&name.as_str()), "{name}");
    }
}

#[test]
fn every_operation_of_the_conventions_becomes_something() {
    let Some(registry) = shared("model/gen-ai/registry.yaml") else {
        return;
    };
    let (_, rest) = registry.split_once("id: gen_ai.operation.name").unwrap();
    let (members, _) = rest.split_once("brief: The name of").unwrap();
    let operations: Vec<&str> = (members.lines())
        .filter_map(|line| line.trim().strip_prefix("value: "))
        .map(|value| value.trim_matches('"'))
        .collect();
    assert_eq!(operations.len(), 9, "{operations:?}");
    for operation in operations {
        let name = attribute("gen_ai.tool.name", "t");
        // Found by the attribute, and by the span's name alone.
        let said = span(1, 0, "x", of(operation, vec![name.clone()]));
        let named = span(1, 0, &format!("{operation} x"), vec![name]);
        assert_eq!(steps(vec![said]), steps(vec![named]), "{operation}");
    }
}

#[test]
fn the_examples_of_messages_say_the_same_in_a_string_and_in_structure() {
    let Some(examples) = shared("docs/gen-ai/non-normative/examples-llm-calls.md") else {
        return;
    };
    let mut count = 0;
    for block in examples.split("```json").skip(1) {
        let block = block.split("```").next().unwrap();
        // Some have comments or dots in them.
        let Ok(json) = serde_json::from_str::<serde_json::Value>(block) else {
            continue;
        };
        let texts = [
            attribute("gen_ai.output.messages", block),
            attribute("gen_ai.output.messages", structured(&json)),
        ];
        let [one, two] = texts.map(|text| {
            let steps = steps(vec![span(1, 0, "chat", of("chat", vec![text]))]);
            decision(&steps[0]).clone()
        });
        assert_eq!(one, two, "{block}");
        assert!(one.output.is_some());
        count += 1;
    }
    assert!(count > 10, "{count}");
}
