//! Help: for eighty columns, complete, and true.

use crate::run::{Place, lines};
use std::process::Command;

/// All commands with their subcommands, as the help lists them.
fn commands(place: &Place, above: &[String]) -> Vec<Vec<String>> {
    let mut args: Vec<&str> = above.iter().map(String::as_str).collect();
    args.push("--help");
    let help = place.run(&args).good().out;
    let mut all = vec![above.to_vec()];
    let Some((_, listed)) = help.split_once("\nCommands:\n") else {
        return all;
    };
    for line in listed.lines().take_while(|line| !line.is_empty()) {
        // A line that goes on is indented further.
        let name = line.trim_start();
        if line.len() == name.len() + 2 && !name.starts_with("help ") {
            let mut command = above.to_vec();
            command.push(name.split(' ').next().unwrap().into());
            all.extend(commands(place, &command));
        }
    }
    all
}

#[test]
fn help_fits_eighty_columns() {
    let place = Place::empty();
    let all = commands(&place, &[]);
    assert!(all.len() > 20, "{all:?}");
    for command in &all {
        let mut args: Vec<&str> = command.iter().map(String::as_str).collect();
        args.push("--help");
        let at = |columns: &str| place.with(&args, &[("COLUMNS", columns)], "").good().out;
        let (narrow, wide) = (at("80"), at("100"));
        // The usage, of which clap makes one line however long it is, is left to the terminal.
        for line in narrow.lines().filter(|line| !line.starts_with("Usage:")) {
            assert!(line.chars().count() <= 80, "{args:?}: {line}");
        }
        // What was broken by hand is not broken again.
        let tail = |text: &str| {
            let (_, after) = text.split_once("With every command:\n").unwrap();
            let parts = after.split("\n\n").skip_while(|part| part.starts_with(' '));
            parts.map(String::from).collect::<Vec<_>>()
        };
        assert!(!tail(&narrow).is_empty(), "{args:?}");
        assert_eq!(tail(&narrow), tail(&wide), "{args:?}");
        assert!(!narrow.contains("`OpenAI`"), "{args:?}");
    }
}

#[test]
fn the_fields_of_a_line_are_all_in_the_help() {
    let place = Place::new();
    let help = place.run(&["record", "--help"]).good().out;
    // The program itself lists them where it meets another.
    place.write("input", "{\"nonsense\":1}\n");
    let done = place.run(&["record", "audit", "input"]);
    let (_, known) = done.sentence(1).split_once("known are ").unwrap();
    let known = known.split(';').next().unwrap();
    let words: Vec<&str> = help
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .collect();
    let fields: Vec<&str> = known.split(", ").collect();
    assert_eq!(fields.len(), 23, "{known}");
    for field in fields {
        assert!(words.contains(&field), "{field}");
    }
    assert!(help.contains("allow (if it is left out)"));
}

#[test]
fn begin_here_ends_verified() {
    let place = Place::empty();
    place.write("decisions.jsonl", &lines(2));
    let help = place.run(&["--help"]).good().out;
    let (_, begin) = help.split_once("Begin here:\n").unwrap();
    let (begin, _) = begin.split_once("\n\n").unwrap();
    let mut last = String::new();
    for line in begin.lines() {
        let line = line.trim();
        if !line.starts_with("ai-audit ") {
            continue;
        }
        let command = line.split("  ").next().unwrap();
        let args: Vec<&str> = command.split(' ').skip(1).collect();
        last = place.run(&args).good().out;
    }
    assert!(
        last.contains("VERIFIED: integrity, attribution, completeness"),
        "{last}"
    );
}

/// As it looks on a terminal, where there is one to be had.
#[cfg(target_os = "linux")]
#[test]
fn a_terminal_of_eighty_columns_wraps_verdicts() {
    let place = Place::new();
    let script = format!(
        "stty rows 24 cols 80; '{}' verify '{}'",
        crate::run::program(),
        place.path("audit").display()
    );
    let output = Command::new("script")
        .args(["-qec", &script, "/dev/null"])
        .env("NO_COLOR", "1")
        .env_remove("COLUMNS")
        .output();
    let Ok(output) = output else {
        println!("SKIPPED: `script` is not there");
        return;
    };
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(out.contains("completeness"), "{out}");
    let texts = out.lines().filter(|line| !line.contains('/'));
    for line in texts {
        assert!(line.trim_end().chars().count() <= 80, "{out}");
    }
}
