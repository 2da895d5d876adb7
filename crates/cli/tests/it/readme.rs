//! The README's quickstart and guides, block by block, as they stand there.

use crate::run::{Place, clean, done, program};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The shell blocks of a text.
fn blocks(text: &str) -> Vec<String> {
    let parts = text.split("\n```sh\n").skip(1);
    parts
        .map(|part| part.split("\n```").next().unwrap().to_owned())
        .collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Runs blocks one after the other in one folder, and gives what they said.
#[cfg(unix)]
fn run(place: &Place, blocks: &[String]) -> String {
    let home = place.path("home");
    std::fs::create_dir(&home).unwrap();
    let programs = Path::new(program()).parent().unwrap().to_owned();
    let path = std::env::var("PATH").unwrap();
    let mut said = Vec::new();
    for block in blocks {
        // Installing is what the build of this test has done.
        let script: Vec<&str> = block
            .lines()
            .filter(|line| !line.starts_with("cargo install"))
            .collect();
        let mut bash = Command::new("bash");
        bash.args(["-euo", "pipefail", "-c", &script.join("\n")])
            .env("HOME", &home)
            .env("PATH", format!("{}:{path}", programs.display()));
        let done = done(clean(bash, &place.path("")).output().unwrap());
        assert_eq!(done.code, 0, "{block}\n{}{}", done.out, done.err);
        said.push(done.out + &done.err);
    }
    said.concat()
}

/// The same in one shell, where later blocks use variables of earlier ones.
#[cfg(unix)]
fn run_in_one(place: &Place, blocks: &[String]) -> String {
    run(place, &[blocks.join("\n")])
}

#[cfg(unix)]
#[test]
fn the_quickstart_of_the_readme_works() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let (_, section) = readme.split_once("\n## Quickstart\n").unwrap();
    let blocks = blocks(section.split("\n## ").next().unwrap());
    assert!(blocks.len() >= 4, "{blocks:?}");
    let place = Place::empty();
    // What a checkout has beside it.
    std::os::unix::fs::symlink(root().join("crates"), place.path("crates")).unwrap();
    let all = run(&place, &blocks);
    assert!(
        all.contains("VERIFIED: integrity, attribution, completeness")
            && all.contains("tool intent"),
        "{all}"
    );
}

#[cfg(unix)]
#[test]
fn the_guide_on_personal_data_works() {
    let guide = root().join("docs/guides/personal-data.md");
    let blocks = blocks(&std::fs::read_to_string(guide).unwrap());
    assert!(blocks.len() >= 4, "{blocks:?}");
    let all = run(&Place::empty(), &blocks);
    for said in [
        "mail [EMAIL], card [CREDIT_CARD]",
        "I am alice@example.com, refund 4242 4242 4242 4242\n",
        "VERIFIED: integrity, attribution, completeness, erasure",
        "error: receipt 7, input: its key is destroyed",
    ] {
        assert!(all.contains(said), "{said}: {all}");
    }
}

#[cfg(unix)]
#[test]
fn the_guide_on_reports_works() {
    let guide = root().join("docs/guides/reports.md");
    let blocks = blocks(&std::fs::read_to_string(guide).unwrap());
    assert!(blocks.len() >= 5, "{blocks:?}");
    let all = run(&Place::empty(), &blocks);
    for said in [
        "Escalations that nobody reviewed",
        "1  Escalations are answered",
        "missing:  no review of an escalated decision",
        "Wrote oscal.json",
        "VERIFIED: integrity, attribution",
    ] {
        assert!(all.contains(said), "{said}: {all}");
    }
}

#[cfg(unix)]
#[test]
fn the_guide_on_tool_calls_works() {
    let guide = root().join("docs/guides/tool-calls.md");
    let blocks = blocks(&std::fs::read_to_string(guide).unwrap());
    assert!(blocks.len() >= 4, "{blocks:?}");
    let all = run_in_one(&Place::empty(), &blocks);
    for said in [
        "text of arguments verified",
        "Recorded an approval of receipt 8 as receipt 11.",
        "VERIFIED: integrity, attribution, completeness",
        "8 calls send_money",
        "14 result of send_money: ok",
    ] {
        assert!(all.contains(said), "{said}: {all}");
    }
}

#[cfg(unix)]
#[test]
fn the_guide_on_incidents_works() {
    let guide = root().join("docs/guides/incidents.md");
    let blocks = blocks(&std::fs::read_to_string(guide).unwrap());
    assert!(blocks.len() >= 3, "{blocks:?}");
    let all = run_in_one(&Place::empty(), &blocks);
    for said in [
        "Opened an incident, by receipt 7; to be reported by ",
        "was reported to market surveillance authority, by receipt 10; reported in time.",
        "state     reported in time",
        "Z or before  cannot tell",
        "overdue",
        "lowers its class from serious to not_serious",
        "VERIFIED: integrity, attribution, completeness",
    ] {
        assert!(all.contains(said), "{said}: {all}");
    }
}

#[cfg(unix)]
#[test]
fn the_guide_on_contracts_works() {
    let guide = root().join("docs/guides/contracts.md");
    let blocks = blocks(&std::fs::read_to_string(guide).unwrap());
    assert!(blocks.len() >= 6, "{blocks:?}");
    let all = run(&Place::empty(), &blocks);
    for said in [
        "refunds 1.0.0: 1 precondition, 1 hard rule, 1 soft rule",
        "wrong.yaml: line 6, column 29: `exist` is not known in a check",
        "{\"verdict\":\"hard_breach\",\"hard\":[\"no-refund-without-look-up\"],\"soft\":[]}",
        "2 sessions: 1 kept the contract",
        "undecided: more sessions are needed",
        "refunds 1.0.0: in the log already; 5 evaluations sealed",
        "VERIFIED: integrity, attribution, completeness",
        "give this one a new version",
        "receipt 11: hard_breach: hard no-breach",
        "the log does not activate quiet 1",
    ] {
        assert!(all.contains(said), "{said}: {all}");
    }
}

#[cfg(unix)]
#[test]
fn the_guides_on_traces_and_provenance_work() {
    for (guide, said) in [
        (
            "docs/guides/traces.md",
            [
                "   11 result of fetch_page: timed_out · 5.0 s\n12 join compare prices · planner <- 8, 11",
                "VERIFIED: integrity, attribution, completeness",
            ],
        ),
        (
            "docs/guides/provenance.md",
            [
                "  receipt 10, trust 20: untrusted web page → researcher → send_payment\n\n1 of 1",
                "VERIFIED: integrity, attribution, completeness",
            ],
        ),
    ] {
        let blocks = blocks(&std::fs::read_to_string(root().join(guide)).unwrap());
        assert!(blocks.len() >= 4, "{blocks:?}");
        let all = run(&Place::empty(), &blocks);
        for said in said {
            assert!(all.contains(said), "{said}: {all}");
        }
    }
}

#[cfg(unix)]
#[test]
fn the_guide_on_analytics_works() {
    let guide = root().join("docs/guides/analytics.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    let blocks = blocks(&guide);
    assert!(blocks.len() >= 5, "{blocks:?}");
    let all = run(&Place::empty(), &blocks);
    // What the guide shows is what they say, but for the times.
    let mut shown = 0;
    let texts = guide.split("\n```").step_by(2).flat_map(str::lines);
    for line in texts.filter_map(|line| line.strip_prefix("    ")) {
        let line = line.split(" at 2026-").next().unwrap();
        assert!(all.contains(line), "{line}: {all}");
        shown += 1;
    }
    assert!(shown > 20, "{shown}");
}

/// In a folder with what the Python library left behind: `crates/import/tests/python/sample.py` made it.
#[cfg(unix)]
#[test]
fn the_guide_from_python_works() {
    let guide = root().join("docs/guides/from-python.md");
    let blocks = blocks(&std::fs::read_to_string(guide).unwrap());
    assert!(blocks.len() >= 5, "{blocks:?}");
    let place = Place::empty();
    let data = root().join("crates/cli/tests/data/python-library");
    let mut copy = Command::new("cp");
    copy.arg("-R").arg(data.join(".")).arg(place.path(""));
    assert!(copy.status().unwrap().success());
    let all = run_in_one(&place, &blocks);
    for said in [
        "12 records signed by the pinned key",
        "VERIFIED: integrity, attribution, completeness",
        "12 records would be imported into log default; nothing was written",
        "2 of 2 records imported into log default; receipt 19 describes the source",
        "again.zip: 12 records",
        "the proofs of 12 records hold under 03a107bf",
        "which you pinned",
        "12 decisions and 2 tool outcomes were imported",
        "2 of 2 records imported into log shop",
    ] {
        assert!(all.contains(said), "{said}: {all}");
    }
}

#[cfg(unix)]
#[test]
fn the_guide_on_the_service_works() {
    if Command::new("curl").arg("--version").output().is_err() {
        println!("SKIPPED: docs/guides/service.md: curl is absent");
        return;
    }
    let guide = root().join("docs/guides/service.md");
    let mut blocks = blocks(&std::fs::read_to_string(guide).unwrap());
    assert!(blocks.len() >= 7, "{blocks:?}");
    // A block that fails must not leave the service behind, for whose end this would wait.
    blocks.insert(0, "trap 'kill $SERVER 2>/dev/null || true' EXIT".into());
    let all = run_in_one(&Place::empty(), &blocks);
    for said in [
        "append in all logs",
        "\"duplicate\":false",
        "\"duplicate\":true",
        "field `actoin`: unknown; known are input, ",
        "\"model\":\"gpt-4o\"",
        "\"reason\":\"attribute\",\"name\":\"server.port\",\"count\":1",
        "VERIFIED: integrity, attribution, completeness",
        "stop",
    ] {
        assert!(all.contains(said), "{said}: {all}");
    }
}

#[cfg(unix)]
#[test]
fn the_mcp_guide_and_quickstart_work() {
    for (file, expected) in [
        (
            "docs/quickstarts/mcp-tools.md",
            &["list_controls", "VERIFIED"][..],
        ),
        (
            "docs/guides/mcp.md",
            &["no-statistics", "denied", "\"independent\":true"],
        ),
    ] {
        let text = std::fs::read_to_string(root().join(file)).unwrap();
        let said = run_in_one(&Place::empty(), &blocks(&text));
        for part in expected {
            assert!(said.contains(part), "{file}: {part}: {said}");
        }
    }
}

#[cfg(unix)]
#[test]
fn the_quickstart_on_fleets_works() {
    let text = std::fs::read_to_string(root().join("docs/quickstarts/fleet.md")).unwrap();
    let blocks = blocks(&text);
    assert!(blocks.len() >= 5, "{blocks:?}");
    let all = run_in_one(&Place::empty(), &blocks);
    for said in [
        "never showed a checkpoint",
        "VERIFIED: the fleet log, and that each of its 3 members is complete",
        "signed TWO HISTORIES; receipt",
        "signed TWO HISTORIES, sizes",
    ] {
        assert!(all.contains(said), "{said}: {all}");
    }
}
