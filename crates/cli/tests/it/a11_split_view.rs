//! A11, A15 through the command line: one operator, two parties, two histories, a third who judges.

use crate::run::{Place, lines, python};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// The operator's log in `audit`, and in `fork` what he shows to the second party: the same up to
/// some receipt, then other ones, signed by the same keys. Each party has a checkpoint.
fn split(first: usize, second: usize) -> Place {
    let place = Place::new();
    copy(&place.path("audit"), &place.path("fork"));
    record(&place, "audit", first, "shown to the first");
    record(&place, "fork", second, "shown to the second");
    place.run(&["checkpoint", "audit", "-o", "one.note"]).good();
    place.run(&["checkpoint", "fork", "-o", "two.note"]).good();
    fs::copy(place.path("audit/log.pub"), place.path("log.pub")).unwrap();
    place
}

fn record(place: &Place, log: &str, count: usize, model: &str) {
    let text = lines(count).replace("gpt-4o", model);
    place.with(&["record", log, "-"], &[], &text).good();
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn monitor(place: &Place, more: &[&str]) -> (i32, Value, String) {
    let mut args = vec!["--json", "monitor", "checkpoint", "--state", "watch"];
    args.extend(more);
    let done = place.run(&args);
    (done.code, done.json(), done.err)
}

/// The proof that the monitor has written.
fn proof(report: &Value) -> String {
    let log = &report["logs"][0];
    assert_eq!(log["status"], "equivocation", "{report}");
    log["equivocations"][0]["file"].as_str().unwrap().to_owned()
}

/// A third party, who has the log's key line and the file: exit code, what was said, JSON.
fn judge(place: &Place, file: &str) -> (i32, String, Value) {
    let args = ["verify", file, "--key", "log.pub"];
    let said = place.run(&args);
    let json = place.run(&["verify", file, "--key", "log.pub", "--json"]);
    assert_eq!(said.code, json.code);
    (said.code, said.out, json.json())
}

fn confirmed(place: &Place, file: &str) {
    let (code, said, json) = judge(place, file);
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("PROOF OF EQUIVOCATION HOLDS: log example.org/test/"),
        "{said}"
    );
    assert!(said.contains("signed two histories"), "{said}");
    assert_eq!(json["equivocation"]["status"], "proved");
    assert_eq!(json["verdict"]["integrity"]["status"], "failed");
    let key = fs::read_to_string(place.path("log.pub")).unwrap();
    assert_eq!(json["equivocation"]["key"], key.trim());
    // Whoever reads it by the specification alone agrees.
    if let Some((code, said)) = python(place, &[file, "--key", "log.pub"]) {
        assert!(code == 1 && said.contains("PROOF HOLDS"), "{said}");
    }
    // Without a pin it is nothing.
    let open = place.run(&["verify", file, "--json"]);
    assert_eq!(
        (open.code, open.json()["equivocation"]["status"].clone()),
        (3, "unverified".into())
    );
}

#[test]
fn a11_each_history_is_fine_alone() {
    let place = split(3, 5);
    for (log, note) in [("audit", "one.note"), ("fork", "two.note")] {
        let args = ["verify", log, "--key", "log.pub", "--checkpoint", note];
        place.run(&args).good();
        let export = format!("{log}.zip");
        place.run(&["export", log, "-o", &export]).good();
        let args = ["verify", &export, "--key", "log.pub", "--checkpoint", note];
        place.run(&args).good();
    }
    // Who has the other one's checkpoint sees it.
    let args = [
        "verify",
        "fork",
        "--key",
        "log.pub",
        "--checkpoint",
        "one.note",
    ];
    assert_eq!(place.run(&args).code, 1);
}

#[test]
fn a11_a15_same_size_two_roots() {
    let place = split(4, 4);
    let (code, _, _) = monitor(&place, &["one.note", "--key", "log.pub"]);
    assert_eq!(code, 0);
    // No source is needed, and no key the second time.
    let (code, report, _) = monitor(&place, &["two.note"]);
    assert_eq!(code, 1);
    confirmed(&place, &proof(&report));
    // It stays so.
    let list = place.run(&["monitor", "list", "--state", "watch"]);
    assert!(
        list.code == 1 && list.out.contains("EQUIVOCATION"),
        "{}",
        list.out
    );
    assert_eq!(monitor(&place, &["one.note"]).0, 1);
}

#[test]
fn a11_different_sizes_by_every_source() {
    for source in ["fork", "public", "fork.zip"] {
        let place = split(3, 7);
        place
            .run(&["publish", "fork", "public", "--hashes-only"])
            .good();
        place.run(&["export", "fork", "-o", "fork.zip"]).good();
        let (code, report, _) = monitor(&place, &["one.note", "two.note", "--key", "log.pub"]);
        assert_eq!(code, 3, "without a tree nobody knows");
        assert_eq!(report["logs"][0]["unverified"].as_array().unwrap().len(), 1);
        let (code, report, _) = monitor(&place, &["two.note", "--from", source]);
        assert_eq!(code, 1, "{report}");
        confirmed(&place, &proof(&report));
    }
}

/// The shorter history's own tree cannot convict, and the monitor says which checkpoint it lacks.
#[test]
fn a11_a_source_of_the_wrong_history() {
    let place = split(3, 7);
    let args = [
        "one.note", "two.note", "--key", "log.pub", "--from", "audit",
    ];
    let (code, report, err) = monitor(&place, &args);
    assert_eq!(code, 3, "{report}");
    let warnings = report["logs"][0]["warnings"].to_string();
    assert!(
        warnings.contains("the source ends at size"),
        "{warnings}{err}"
    );
    // Longer than both, and of another history than the larger one: its own checkpoint convicts.
    record(&place, "audit", 9, "shown to the first");
    place.run(&["checkpoint", "audit"]).good();
    let (code, report, _) = monitor(&place, &["one.note", "--from", "audit"]);
    assert_eq!(code, 1, "{report}");
    confirmed(&place, &proof(&report));
    // A tree of neither, whose checkpoint is not signed by this log, proves nothing.
    let place = split(3, 7);
    place
        .run(&["init", "other", "--name", "example.org/test"])
        .good();
    record(&place, "other", 50, "m");
    place.run(&["publish", "other", "elsewhere"]).good();
    let text = fs::read_to_string(place.path("elsewhere/checkpoint")).unwrap();
    let (own, other) = (origin(&place, "log.pub"), origin(&place, "other/log.pub"));
    fs::write(
        place.path("elsewhere/checkpoint"),
        text.replace(&other, &own),
    )
    .unwrap();
    let args = [
        "one.note",
        "two.note",
        "--key",
        "log.pub",
        "--from",
        "elsewhere",
    ];
    let (code, report, _) = monitor(&place, &args);
    let warnings = report["logs"][0]["warnings"].to_string();
    assert!(
        code == 3
            && warnings.contains("own checkpoint")
            && warnings.contains("does not have the root"),
        "{report}"
    );
}

fn origin(place: &Place, file: &str) -> String {
    let line = fs::read_to_string(place.path(file)).unwrap();
    line.split('+').next().unwrap().to_owned()
}

#[test]
fn an_honest_log_is_consistent_and_old_checkpoints_are_no_offence() {
    let place = Place::new();
    place.run(&["checkpoint", "audit", "-o", "a.note"]).good();
    record(&place, "audit", 5, "m");
    place.run(&["checkpoint", "audit", "-o", "b.note"]).good();
    record(&place, "audit", 5, "m");
    place.run(&["checkpoint", "audit", "-o", "c.note"]).good();
    let (code, report, _) = monitor(&place, &["c.note", "--key", "audit/log.pub"]);
    assert_eq!(
        (code, &report["logs"][0]["status"]),
        (0, &"consistent".into())
    );
    // A15: smaller than what was seen. It is told, and it is consistent.
    let (code, report, _) = monitor(&place, &["a.note", "--from", "audit"]);
    assert_eq!(code, 0, "{report}");
    let warnings = report["logs"][0]["warnings"].to_string();
    assert!(warnings.contains("shows an older state"), "{warnings}");
    assert!(report["logs"][0]["taken"][0]["older_than"].is_u64());
    // In between, without a source: only its neighbours are open.
    let (code, report, _) = monitor(&place, &["b.note"]);
    assert_eq!(
        (
            code,
            report["logs"][0]["unverified"].as_array().unwrap().len()
        ),
        (3, 2)
    );
    let done = place
        .run(&[
            "monitor",
            "checkpoint",
            "b.note",
            "--state",
            "watch",
            "--from",
            "audit",
        ])
        .good();
    assert!(done.out.contains("CONSISTENT"), "{}", done.out);
    // What was proved is kept: no source is needed for it again.
    let list = place
        .run(&["monitor", "list", "--state", "watch", "--json"])
        .good()
        .json();
    assert_eq!(list["logs"][0]["seen"].as_array().unwrap().len(), 3);
    assert_eq!(list["logs"][0]["unverified"].as_array().unwrap().len(), 0);
}

/// Forged accusations: refused by everybody, clearly, and never exit code 0.
#[test]
fn forged_proofs_are_refused_through_the_command_line() {
    let place = split(3, 7);
    let args = ["one.note", "two.note", "--key", "log.pub", "--from", "fork"];
    let (_, report, _) = monitor(&place, &args);
    let good = fs::read_to_string(place.path(&proof(&report))).unwrap();
    let lines: Vec<&str> = good.lines().collect();
    let swap = |a: usize, b: usize| {
        let mut lines = lines.clone();
        lines.swap(a, b);
        lines.join("\n") + "\n"
    };
    let one = fs::read_to_string(place.path("one.note")).unwrap();
    let two = fs::read_to_string(place.path("two.note")).unwrap();
    place
        .run(&["checkpoint", "audit", "-o", "same.note"])
        .good();
    place
        .run(&["init", "other", "--name", "example.org/test"])
        .good();
    place
        .run(&["checkpoint", "other", "-o", "other.note"])
        .good();
    let other = fs::read_to_string(place.path("other.note")).unwrap();
    let (own, others) = (origin(&place, "log.pub"), origin(&place, "other/log.pub"));
    let renamed = other.replace(&others, &own);
    for (what, text) in [
        ("swapped nodes", swap(2, 3)),
        (
            "another root",
            good.replacen(lines[1], &format!("root {}", lines[2]), 1),
        ),
        (
            "a node less",
            good.replacen(&format!("{}\n", lines[3]), "", 1),
        ),
        (
            "no nodes",
            format!("ai-audit/equivocation/v1\n\n{one}\n{two}"),
        ),
        (
            "the same twice",
            format!("ai-audit/equivocation/v1\n\n{one}\n{one}"),
        ),
        (
            "two logs",
            format!("ai-audit/equivocation/v1\n\n{one}\n{other}"),
        ),
        ("another key", format!("{}\n\n{one}\n{renamed}", lines[0])),
        (
            "the notes swapped",
            good.replacen(&one, "#", 1)
                .replacen(&two, &one, 1)
                .replacen('#', &two, 1),
        ),
        ("cut", good[..good.len() - 40].to_owned()),
        ("a changed size", good.replacen("\n20\n", "\n19\n", 1)),
        ("nothing", "ai-audit/equivocation/v1\n".to_owned()),
    ] {
        assert_ne!(text, good, "{what}");
        fs::write(place.path("forged"), &text).unwrap();
        let (code, said, json) = judge(&place, "forged");
        assert_eq!(code, 1, "{what}: {said}");
        assert!(
            said.contains("NO PROOF: this is no proof of equivocation"),
            "{what}: {said}"
        );
        assert!(
            said.contains("It says nothing about the log"),
            "{what}: {said}"
        );
        assert_eq!(json["equivocation"]["status"], "refuted", "{what}");
        if let Some((code, said)) = python(&place, &["forged", "--key", "log.pub"]) {
            assert!(code == 1 && said.contains("NO PROOF"), "{what}: {said}");
        }
    }
    // Another log's true proof under this log's key is not this one's.
    let place_2 = split(2, 2);
    let (_, report, _) = monitor(&place_2, &["one.note", "two.note", "--key", "log.pub"]);
    fs::copy(place_2.path(&proof(&report)), place.path("theirs")).unwrap();
    let (code, said, json) = judge(&place, "theirs");
    assert!(
        code == 3 && said.contains("none of the pinned keys is of this log"),
        "{said}"
    );
    assert_eq!(json["equivocation"]["status"], "unverified");
}
