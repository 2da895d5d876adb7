//! Recording: nothing by half, nothing in silence, and a stream as it comes.

use crate::run::{Done, Place, clean, done, lines, program};
#[cfg(unix)]
use crate::run::{interrupt, signal};
use std::io::Write as _;
#[cfg(unix)]
use std::process::{Command, Stdio};
#[cfg(unix)]
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
    assert!(place.decisions() >= 10 + recorded, "{before} {json}");
    place.record(&lines(1));
    let code = place
        .run(&["verify", "audit", "--key", "audit/log.pub", "--size", "1"])
        .code;
    assert_eq!(code, 0);
}

#[test]
fn a_stream_is_recorded_as_it_comes() {
    let place = Place::new();
    let mut child = place.started(&["record", "audit", "-", "--json"]);
    let mut input = child.stdin.take().unwrap();
    for round in 1..=2 {
        input.write_all(lines(2).as_bytes()).unwrap();
        input.flush().unwrap();
        place.wait_for(10 + 2 * round);
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
    assert_eq!(place.decisions(), 15);
}

/// Ends a stream by a signal once so many decisions of it are in the log: what the command said.
#[cfg(unix)]
fn interrupted(place: &Place, name: &str, more: &[&str], text: &str, decisions: u64) -> Done {
    let mut child = place.started(&[&["record", "audit", "-"][..], more].concat());
    let mut input = child.stdin.take().unwrap();
    input.write_all(text.as_bytes()).unwrap();
    input.flush().unwrap();
    place.wait_for(decisions);
    signal(&child, name);
    // The stream goes on: nothing but the signal ends it.
    let output = child.wait_with_output().unwrap();
    drop(input);
    done(output)
}

#[cfg(unix)]
#[test]
fn a_stream_that_is_interrupted_ends_in_order() {
    let place = Place::new();
    for (round, signal) in (1_u64..).zip([interrupt(), "TERM"]) {
        // Half a line at the end, which is no line.
        let text = lines(2) + "{\"input\":\"que";
        let ended = interrupted(&place, signal, &["--json"], &text, 10 + 2 * round).good();
        let json = ended.json();
        assert_eq!(
            (&json["receipts"], &json["ended_before"], &json["error"]),
            (&2.into(), &"line 3".into(), &serde_json::Value::Null),
            "{signal}"
        );
        let log = place
            .run(&["log", "audit", "-n", "1", "--json"])
            .good()
            .json();
        assert_eq!(log[0]["kind"], "stop", "{signal}");
        assert_eq!(log[0]["body"]["reason"], "SIGTERM or SIGINT", "{signal}");
    }
    // It is said in words, also of lines that came whole before more was waited for.
    let ended = interrupted(&place, interrupt(), &[], &lines(1), 15).good();
    assert!(
        ended.out.contains("Recorded 1 receipt.")
            && ended.out.contains("Asked to end before line 2"),
        "{}",
        ended.out
    );
    // Conversations, of which the array is not closed and the last one is cut.
    let text = format!("[{},{{\"messages\":[", conversation(1));
    let ended = interrupted(&place, "TERM", &CONVERSATIONS, &text, 16).good();
    assert!(
        ended.out.contains("Asked to end before conversation 2"),
        "{}",
        ended.out
    );
    // Nobody after it says that the log was not closed.
    place.record(&lines(1));
    let starts = place
        .run(&["log", "audit", "--kind", "start", "--json"])
        .good()
        .json();
    for start in starts.as_array().unwrap() {
        assert_eq!(start["body"]["clean"], true, "{start}");
    }
}

/// Also what is not read yet when the signal comes, and more than is read at once.
#[cfg(unix)]
#[test]
fn what_came_before_a_signal_is_recorded() {
    use std::{net::Shutdown, os::fd::OwnedFd, os::unix::net::UnixStream};
    let place = Place::new();
    let mut before = 10;
    for ends in [false, true] {
        // It holds some 200 KiB, a pipe but 64.
        let (mut input, theirs) = UnixStream::pair().unwrap();
        let mut command = place.command(&["record", "audit", "-", "--json"]);
        command.stdin(OwnedFd::from(theirs)).stdout(Stdio::piped());
        let child = command.stderr(Stdio::piped()).spawn().unwrap();
        drop(command);
        input.write_all(lines(1).as_bytes()).unwrap();
        place.wait_for(before + 1);
        // It sees nothing until all is there, and the signal too.
        signal(&child, "STOP");
        input.set_nonblocking(true).unwrap();
        let text = lines(if ends { 50 } else { 4000 });
        let (text, mut taken) = (text.trim_end(), 0);
        while taken < text.len()
            && let Ok(count) = input.write(&text.as_bytes()[taken..])
        {
            taken += count;
        }
        let mut whole = text[..taken].matches('\n').count() as u64;
        if ends {
            // The last line is whole without its end then.
            assert_eq!(taken, text.len());
            whole += 1;
            input.shutdown(Shutdown::Write).unwrap();
        }
        signal(&child, "TERM");
        signal(&child, "CONT");
        let ended = done(child.wait_with_output().unwrap()).good().json();
        drop(input);
        assert_eq!(ended["receipts"], 1 + whole, "{ended}");
        let next = (!ends).then(|| format!("line {}", whole + 2));
        assert_eq!(ended["ended_before"].as_str(), next.as_deref(), "{ended}");
        before += 1 + whole;
    }
}

#[cfg(unix)]
#[test]
fn a_signal_ends_a_stream_that_has_no_end() {
    let place = Place::new();
    // As fast as it is read, and little again and again.
    for (bytes, pause) in [(1 << 15, 0), (1, 10)] {
        let before = place.decisions();
        let mut child = place.started(&["record", "audit", "-", "--json"]);
        let mut input = child.stdin.take().unwrap();
        let line = format!("{{\"input\":\"{}\"}}\n", "x".repeat(bytes));
        let producer = std::thread::spawn(move || {
            let begun = Instant::now();
            // An end of its own is told as one.
            while begun.elapsed() < Duration::from_secs(90)
                && input.write_all(line.as_bytes()).is_ok()
            {
                std::thread::sleep(Duration::from_millis(pause));
            }
        });
        place.wait_for(before + 1);
        signal(&child, "TERM");
        let ended = done(child.wait_with_output().unwrap()).good().json();
        producer.join().unwrap();
        assert!(ended["ended_before"].is_string(), "{ended}");
    }
}

/// As of a job that a script has put in the background.
#[cfg(target_os = "linux")]
#[test]
fn an_interrupt_that_is_ignored_stays_so() {
    let place = Place::new();
    let script = format!("trap '' INT; exec '{}' record audit - --json", program());
    let mut shell = clean(Command::new("sh"), &place.path(""));
    shell.args(["-c", &script]).stdin(Stdio::piped());
    shell.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = shell.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    for round in 1..=2 {
        input.write_all(lines(1).as_bytes()).unwrap();
        place.wait_for(10 + round);
        signal(&child, "INT");
        // Longer than one that is asked to end waits for more.
        std::thread::sleep(Duration::from_secs(1));
    }
    signal(&child, "TERM");
    let ended = done(child.wait_with_output().unwrap()).good().json();
    drop(input);
    assert_eq!(ended["receipts"], 2, "{ended}");
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
