//! The commands that a report tells its reader to type (A54).
#![cfg(unix)]

use crate::reports::{read, report};
use crate::run::{Place, clean, done};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

/// The command that makes a page's report again, as a reader copies it.
fn again(page: &str) -> String {
    let from = page.find("ai-audit report package.zip").unwrap();
    let command = page[from..].split("</code>").next().unwrap();
    let signs = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&amp;", "&"),
    ];
    signs.iter().fold(command.to_owned(), |text, (from, to)| {
        text.replace(from, to)
    })
}

/// A54: whoever writes into a log chooses trace ids, and an auditor pastes them into a shell.
#[test]
fn a54_the_commands_of_a_report_run_nothing_else() {
    let place = Place::new();
    std::fs::create_dir(place.path("bin")).unwrap();
    place.write("bin/ai-audit", "#!/bin/sh\nprintf '%s\\n' \"$@\"\n");
    let all = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(place.path("bin/ai-audit"), all).unwrap();
    let path = format!("{}:/usr/bin:/bin", place.path("bin").display());
    let paste = |command: &str| {
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).env("PATH", &path);
        let done = done(clean(shell, &place.path("")).output().unwrap());
        assert!(!place.path("pwned").exists(), "{command}");
        done
    };
    paste("touch pwn; rm pwn").good();
    let own = "own; touch pwned #.toml";
    place.write(
        own,
        "schema = 1\nid = \"own\"\nname = \"House rules\"\ntitle = \"T\"\nedition = \"1\"\nchecked = 2026-11-28\n\
         [[control]]\nid = \"1\"\ntitle = \"Ours\"\nrequirement = \"r\"\nsupport = \"direct\"\n\
         evidence = [\"decisions-with-model\"]\nlimits = \"l\"\nsource = \"s\"\nverification = \"verified\"\n",
    );
    for (flag, value) in [
        ("--case", "x; touch pwned #"),
        ("--case", "$(touch pwned)"),
        ("--case", "`touch pwned`"),
        ("--case", "'; touch pwned; '"),
        ("--case", "\\'; touch pwned; |&<>\"$(touch pwned)\""),
        ("--case", "-o pwned"),
        ("--case", ""),
        ("--event", "check=x && touch pwned"),
        ("--ml-bom", "https://example.org/$(touch pwned)|touch pwned"),
        ("--catalogue", own),
    ] {
        let given = format!("{flag}={value}");
        let few = ["--framework", "iso-27001", "--force", &given];
        let few = if flag == "--catalogue" {
            &few[2..]
        } else {
            &few
        };
        report(&place, "audit", "", &["r.html", "r.md"], few).good();
        let page = read(&place, "r.html");
        let said = paste(&again(&page)).good().out;
        let words = [format!("\n{flag}\n{value}\n"), format!("\n{given}\n")];
        assert!(words.iter().any(|words| said.contains(words)), "{said}");
        assert!(said.ends_with("\n-o\nagain-report.html\n"), "{said}");
        // The source of Markdown is read as a text, too.
        let source = read(&place, "r.md");
        let from = source.find("ai-audit report package.zip").unwrap();
        paste(source[from..].lines().next().unwrap().trim_end_matches('`'));
    }
    for value in ["two\nlines", "\u{1b}[31m", "a\u{202e}b", "\0"] {
        let given = format!("--case={}", value.replace('\0', "\u{7f}"));
        let refused = report(&place, "audit", "", &["x.html"], &[&given]);
        assert!(refused.sentence(2).contains("without control characters"));
    }
    let long = format!("--case={}", "x".repeat(5_000));
    let refused = report(&place, "audit", "", &["x.html"], &[&long]);
    assert!(refused.sentence(2).contains("expected at most"));
    assert!(!place.path("x.html").exists());
}
