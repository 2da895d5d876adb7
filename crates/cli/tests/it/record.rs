//! Recording: nothing by half, nothing in silence, and a stream as it comes.

use crate::run::{Done, Place, clean, done, lines, program};
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A conversation of so many turns, each of which is one step.
fn conversation(turns: usize) -> String {
    let turn = "{\"role\":\"user\",\"content\":\"q\"},{\"role\":\"assistant\",\"content\":\"a\"}";
    format!("{{\"messages\":[{}]}}", vec![turn; turns].join(","))
}

/// Records a text from a file.
fn record(place: &Place, text: &str, more: &[&str], env: &[(&str, &str)]) -> Done {
    place.write("input", text);
    let mut args = vec!["record", "audit", "input"];
    args.extend(more);
    place.with(&args, env, "")
}

const CONVERSATIONS: [&str; 2] = ["--format", "openai-messages"];

#[test]
fn what_cannot_be_sealed_is_told_before_anything_is() {
    let place = Place::new();
    let before = place.receipts();
    for (line, said) in [
        ("{\"tenant\":\"log.pub\"}", "log.pub"),
        ("{\"tenant\":\"keys\",\"input\":\"a\"}", "keys"),
        ("{\"tenant\":\"audit.db-journal\"}", "audit.db-journal"),
        ("{\"tenant\":\"A b\"}", "A b"),
    ] {
        let done = record(&place, &format!("{}{line}\n", lines(2)), &[], &[]);
        let text = done.sentence(1);
        assert!(
            text.contains("line 3") && text.contains(said) && text.contains("nothing was recorded"),
            "{text}"
        );
    }
    assert!(!place.path("audit/keys/keys").exists());
    // A conversation is sealed as a whole: one that no queue can hold is told before the others.
    let text = format!("[{},{}]", conversation(2), conversation(9));
    let small = [("AI_AUDIT_QUEUE_CAPACITY", "8")];
    let done = record(&place, &text, &CONVERSATIONS, &small);
    let said = done.sentence(1);
    assert!(
        said.contains("conversation 2: 9 receipts") && said.contains("queue-capacity=9"),
        "{said}"
    );
    // A tenant whose keys are not there.
    place.record("{\"tenant\":\"acme\",\"model\":\"m\"}\n");
    let acme = place.receipts();
    assert!(acme > before);
    std::fs::remove_file(place.path("audit/acme/keys/receipt.pem")).unwrap();
    let text = format!("{}{{\"tenant\":\"acme\",\"model\":\"m\"}}\n", lines(2));
    let done = record(&place, &text, &[], &[]);
    let said = done.sentence(2);
    assert!(
        said.contains("line 3") && said.contains("receipt.pem") && said.contains("nothing was"),
        "{said}"
    );
    assert_eq!(place.receipts(), acme);
}

#[test]
fn a_new_tenant_needs_no_text() {
    let place = Place::new();
    let done = place.record("{\"model\":\"m\"}\n{\"tenant\":\"zzz\",\"model\":\"m\"}\n");
    assert!(done.out.contains("Opened log zzz"), "{}", done.out);
    let log = place
        .run(&[
            "log", "audit", "--log", "zzz", "--kind", "decision", "--json",
        ])
        .good()
        .json();
    assert_eq!(log.as_array().unwrap().len(), 1);
}

#[test]
fn a_conversation_without_an_assistant_is_passed_over() {
    let place = Place::new();
    let silent = "{\"messages\":[{\"role\":\"user\",\"content\":\"q\"}]}";
    let text = format!("[{silent},{}]", conversation(1));
    let done = record(&place, &text, &CONVERSATIONS, &[]).good();
    assert!(
        done.out.contains("Recorded 1 receipt.")
            && done.out.contains("Passed over 1 conversation "),
        "{}",
        done.out
    );
}

#[test]
fn skipping_skips_whatever_is_the_line_s_fault() {
    let place = Place::new();
    let before = place.receipts();
    let text = lines(1)
        + "{\"tenant\":\"A b\",\"input\":\"x\"}\n{\"tenant\":\"keys\",\"input\":\"x\"}\n{\"tenant\":\"new\",\"input\":\"x\"}\n{\"actoin\":\"allow\"}\n"
        + &lines(1);
    let no_new = [("AI_AUDIT_CREATE_LOGS", "false")];
    let done = record(&place, &text, &["--skip-invalid"], &no_new).good();
    for line in 2..6 {
        assert!(
            done.err
                .contains(&format!("warning: skipped line {line}: ")),
            "{}",
            done.err
        );
    }
    assert!(
        done.out.contains("Recorded 2 receipts.") && done.out.contains("Skipped 4"),
        "{}",
        done.out
    );
    // Start, two decisions, stop; and no log was opened on the way.
    assert_eq!(place.receipts(), before + 4);
    assert!(!place.path("audit/new").exists() && !place.path("audit/keys/keys").exists());

    // Production opens no logs either.
    let production = [("AI_AUDIT_ENV", "production")];
    let done = record(&place, &text, &["--skip-invalid"], &production).good();
    assert!(done.out.contains("Skipped 4"), "{}", done.out);

    // A conversation that is too long, and one that is cut off.
    let text = format!(
        "[{},{},{}",
        conversation(2),
        conversation(9),
        conversation(1)
    );
    let small = [("AI_AUDIT_QUEUE_CAPACITY", "8")];
    let more = ["--format", "openai-messages", "--skip-invalid"];
    let done = record(&place, &text[..text.len() - 3], &more, &small).good();
    assert!(
        done.err.contains("skipped conversation 2: 9 receipts")
            && done.err.contains("skipped conversation 3: the input ends")
            && done.out.contains("Recorded 2 receipts.")
            && done.out.contains("Skipped 2"),
        "{}{}",
        done.out,
        done.err
    );
}

#[test]
fn what_is_left_unread_is_no_success() {
    let place = Place::new();
    let text = format!("[{} {}]", conversation(1), conversation(1));
    let more = ["--format", "openai-messages", "--skip-invalid"];
    let done = record(&place, &text, &more, &[]);
    assert!(done.out.contains("Recorded 1 receipt."), "{}", done.out);
    let said = done.sentence(1);
    assert!(
        said.contains("conversation 2: expected a comma")
            && said.contains("recorded are conversation 1 (log default, receipts 16 to 16)"),
        "{said}"
    );
}

#[test]
fn a_failure_on_the_way_says_what_is_recorded() {
    let place = Place::new();
    let text = lines(99) + "{\"actoin\":\"allow\"}\n" + &lines(1);
    let done = place.with(&["record", "audit", "-"], &[], &text);
    assert!(done.out.contains("Recorded 99 receipts."), "{}", done.out);
    let said = done.sentence(1);
    assert!(
        said.contains("line 100: field `actoin`")
            && said.contains("recorded are line 1 to line 99 (log default, receipts 16 to 114)"),
        "{said}"
    );
    let done = place.with(&["record", "audit", "-", "--json"], &[], &text);
    let json = done.json();
    assert_eq!(done.code, 1);
    assert_eq!(
        (&json["exit"], &json["receipts"], &json["decisions"]),
        (&1.into(), &99.into(), &99.into())
    );
    assert_eq!(json["recorded"][0]["last"], "line 99");
    assert_eq!(json["logs"]["default"]["last"], 215);
    assert!(json["error"].as_str().unwrap().contains("line 100"));
    // What is said to be there is there.
    let seq = json["logs"]["default"]["last"].to_string();
    let last = place.run(&["show", "audit", &seq, "--json"]).good().json();
    assert_eq!(last["kind"], "decision");
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_full_says_what_is_recorded() {
    let place = Place::new();
    let before = place.receipts();
    place.write("input", &lines(4000));
    // No file may grow beyond 1 MiB, as if the disk were full.
    let script = format!(
        "trap '' XFSZ; ulimit -f 1024; exec '{}' record audit input --json",
        program()
    );
    let mut shell = Command::new("bash");
    shell.args(["-c", &script]);
    let output = clean(shell, &place.path("")).output().unwrap();
    let failed = done(output);
    let json = failed.json();
    assert_eq!(failed.code, 1, "{json}");
    let recorded = json["receipts"].as_u64().unwrap();
    assert!((1..4000).contains(&recorded), "{json}");
    assert!(
        json["error"].as_str().unwrap().contains("of the input: "),
        "{json}"
    );
    // All that was acknowledged is there, and the log goes on.
    let decisions = || {
        let stats = place.run(&["stats", "audit", "--json"]).good().json();
        stats["kinds"]["decision"].as_u64().unwrap()
    };
    assert!(decisions() >= 10 + recorded, "{before} {json}");
    place.record(&lines(1));
    let code = place
        .run(&["verify", "audit", "--key", "audit/log.pub", "--size", "1"])
        .code;
    assert_eq!(code, 0);
}

#[test]
fn a_stream_is_recorded_as_it_comes() {
    let place = Place::new();
    let mut child = place
        .command(&["record", "audit", "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let decisions = || {
        let stats = place.run(&["stats", "audit", "--json"]).good().json();
        stats["kinds"]["decision"].as_u64().unwrap()
    };
    for round in 1..=2 {
        input.write_all(lines(2).as_bytes()).unwrap();
        input.flush().unwrap();
        let begun = Instant::now();
        while decisions() < 10 + 2 * round {
            assert!(begun.elapsed() < Duration::from_secs(30), "round {round}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    // The texts are in no file, not even in one without a name.
    #[cfg(target_os = "linux")]
    for file in std::fs::read_dir(format!("/proc/{}/fd", child.id())).unwrap() {
        let target = std::fs::read_link(file.unwrap().path()).unwrap_or_default();
        let target = target.to_string_lossy();
        assert!(!target.ends_with("(deleted)"), "{target}");
    }
    input.write_all(lines(1).as_bytes()).unwrap();
    drop(input);
    let done = done(child.wait_with_output().unwrap()).good();
    assert_eq!(done.json()["receipts"], 5);
    assert_eq!(done.json()["recorded"][0]["last"], "line 5");
    assert_eq!(decisions(), 15);
}

#[test]
fn refusals_and_function_calls_are_recorded() {
    let place = Place::new();
    let text = r#"{"messages":[
        {"role":"user","content":"how do I pick a lock?"},
        {"role":"assistant","content":null,"refusal":"I cannot help with that."},
        {"role":"user","content":"the weather, then"},
        {"role":"assistant","content":null,"function_call":{"name":"weather","arguments":"{}"}},
        {"role":"function","name":"weather","content":"rain"},
        {"role":"assistant","content":"It rains."}]}"#;
    let more = [
        "--format",
        "openai-messages",
        "--keep",
        "output",
        "--plain-digests",
    ];
    let done = record(&place, text, &more, &[]).good();
    assert!(
        done.out
            .contains("5 receipts (3 decisions, 1 tool intent, 1 tool outcome)"),
        "{}",
        done.out
    );
    let log = place
        .run(&[
            "log",
            "audit",
            "-n",
            "6",
            "--reverse",
            "--json",
            "--since",
            "2020-01-01T00:00:00Z",
        ])
        .good();
    drop(log);
    let show =
        |seq: &str| place.run(&["show", "audit", seq, "--json"]).good().json()["body"].clone();
    let refused = show("16");
    assert_eq!(
        refused["kept"][0]["content"]["plain"],
        "I cannot help with that."
    );
    assert_eq!(
        (&refused["reason_codes"][0], &refused["action"]),
        (&"refusal".into(), &"allow".into())
    );
    assert_eq!(show("18")["tool"], "weather");
    let verified = place.run(&["verify", "audit", "--json"]).json();
    assert!(verified["open_tool_intents"].as_array().unwrap().is_empty());
}

#[test]
fn ids_that_are_given_twice_are_told_before_anything_is_sealed() {
    let place = Place::new();
    let id = |n: u8| {
        format!("{{\"id\":\"0192f0c1-7e6a-7c3e-9f5e-1f2d3c4b5a{n:02x}\",\"input\":\"x\"}}\n")
    };
    place.record(&id(1));
    let before = place.receipts();
    for (line, said) in [
        (id(1), "receipt 16 of log default has this id"),
        (id(2), "an earlier line has this id"),
        (
            "{\"id\":\"00000000-0000-0000-0000-000000000000\"}\n".into(),
            "UUIDv7",
        ),
    ] {
        let text = id(2) + &line;
        let done = record(&place, &text, &[], &[]);
        let error = done.sentence(1);
        assert!(
            error.contains("line 2: field `id`: ") && error.contains(said),
            "{error}"
        );
    }
    assert_eq!(place.receipts(), before);
    // Skipped where that was asked for, also when its double is still on its way.
    let text = id(2) + &id(2) + &id(1) + &id(3);
    let done = record(&place, &text, &["--skip-invalid"], &[]).good();
    assert!(
        done.out.contains("Recorded 2 receipts.") && done.out.contains("Skipped 2"),
        "{}{}",
        done.out,
        done.err
    );
}
