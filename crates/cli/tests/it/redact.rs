//! `redact`: text to text, lines to JSON lines, and what it refuses.

use crate::run::{Done, Place, done};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::Stdio;

const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";

fn redact(place: &Place, flags: &[&str], input: &str) -> Done {
    place.with(&[&["redact"][..], flags].concat(), &[], input)
}

#[test]
fn text_to_text_keeps_all_but_the_values() {
    let place = Place::empty();
    let input = "to bob@example.org\r\n\n\tcard 4242 4242 4242 4242, no end";
    let out = redact(&place, &[], input).good().out;
    assert_eq!(out, "to [EMAIL]\r\n\n\tcard [CREDIT_CARD], no end");
    place.write("in.txt", input);
    assert_eq!(redact(&place, &["in.txt"], "").good().out, out);
    assert_eq!(redact(&place, &[], &out).good().out, out);
    assert_eq!(redact(&place, &[], "").good().out, "");
}

#[test]
fn json_has_one_line_for_each_line_of_the_input() {
    let place = Place::empty();
    let input = "ü bob@example.org\r\n\nfrom \"10.1.2.3\"";
    let out = redact(&place, &["--json"], input).good().out;
    assert_eq!(
        out,
        concat!(
            r#"{"text":"ü [EMAIL]","findings":[{"kind":"EMAIL","start":3,"end":18,"confidence":0.99}]}"#,
            "\n",
            r#"{"text":"","findings":[]}"#,
            "\n",
            r#"{"text":"from \"[IP_ADDRESS]\"","findings":[{"kind":"IP_ADDRESS","start":6,"end":14,"confidence":0.9}]}"#,
            "\n",
        )
    );
}

/// A30: the same output each time, in every process.
#[test]
fn a30_overlaps_are_decided_the_same_in_every_process() {
    let place = Place::empty();
    let input = "+4915112345678@example.org https://bob:4242424242424242@example.org/ \
                 call 536-22-8726, password=10.1.2.3x DE89370400440532013000@example.org\n";
    let first = redact(&place, &["--json"], input).good().out;
    assert!(
        first.contains("[EMAIL]") && first.contains("[US_SSN]"),
        "{first}"
    );
    for _ in 0..5 {
        assert_eq!(redact(&place, &["--json"], input).good().out, first);
    }
}

#[test]
fn what_is_no_utf8_passes_or_is_replaced_in_json() {
    let place = Place::empty();
    std::fs::write(place.path("in"), b"\xff\xfe bob@example.org\xc3\n").unwrap();
    let output = place.command(&["redact", "in"]).output().unwrap();
    assert_eq!(output.stdout, b"\xff\xfe [EMAIL]\xc3\n");
    let json = place.run(&["redact", "in", "--json"]).good().json();
    assert_eq!(json["text"], "\u{fffd}\u{fffd} [EMAIL]\u{fffd}");
    assert_eq!(
        (&json["findings"][0]["start"], &json["findings"][0]["end"]),
        (&3.into(), &18.into())
    );
}

#[test]
fn a_line_of_many_parts_is_one_json_line() {
    let place = Place::empty();
    // No separator to cut at, and characters of three bytes: 3.6 MB.
    let long = "邮".repeat(600_000);
    let input = format!("{long}x@例子.中国 {long}\nsecond\n");
    place.write("in", &input);
    let out = place.run(&["redact", "in", "--json"]).good().out;
    let lines: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert!(!out.contains('\u{fffd}'));
    for finding in lines[0]["findings"].as_array().unwrap() {
        let at = |end: &str| usize::try_from(finding[end].as_u64().unwrap()).unwrap();
        assert_eq!(&input[at("start")..at("end")], "x@例子.中国");
    }
    assert_eq!(lines[0]["text"], format!("{long}[EMAIL] {long}"));
    let text = place.run(&["redact", "in"]).good().out;
    assert_eq!(text, format!("{long}[EMAIL] {long}\nsecond\n"));
}

#[test]
fn modes_by_flags_and_by_a_policy() {
    let place = Place::empty();
    let input = "bob@example.org 4242 4242 4242 4242 10.1.2.3 ORD-123456";
    let flags = ["--mode", "mask", "--mode", "IP_ADDRESS=off"];
    assert_eq!(
        redact(&place, &flags, input).good().out,
        "b***@e***.org **** **** **** 4242 10.1.2.3 ORD-123456"
    );
    place.write(
        "policy.json",
        r#"{"version":1,"default":"off","kinds":{"EMAIL":"mask"},"custom":[{"name":"ORDER","pattern":"ORD-[0-9]{6}","mode":"redact"}]}"#,
    );
    assert_eq!(
        redact(&place, &["--policy", "policy.json"], input)
            .good()
            .out,
        "b***@e***.org 4242 4242 4242 4242 10.1.2.3 [ORDER]"
    );
}

#[test]
fn pseudonyms_need_a_key_and_hang_on_it() {
    let place = Place::empty();
    place.write("a.key", KEY);
    place.write("b.key", &KEY.replace('0', "f"));
    let input = "bob@example.org BOB@example.org al@example.org";
    let with = |key: &str| {
        let flags = ["--mode", "pseudonymize", "--key-file", key];
        redact(&place, &flags, input).good().out
    };
    let (first, second) = (with("a.key"), with("b.key"));
    let tokens: Vec<&str> = first.split(' ').collect();
    assert!(tokens[0].starts_with("[EMAIL:") && tokens[0].len() == 24);
    assert_eq!(tokens[0], tokens[1]);
    assert_ne!(tokens[0], tokens[2]);
    assert_ne!(first, second);
    assert_eq!(first, with("a.key"));
    let said = redact(&place, &["--mode", "EMAIL=pseudonymize"], input);
    let said = said.sentence(2);
    assert!(
        said.contains("EMAIL need a key") && said.contains("--key-file"),
        "{said}"
    );
}

#[test]
fn what_cannot_be_done_is_refused_with_a_reason() {
    let place = Place::empty();
    place.write("short.key", "0011");
    place.write(
        "policy.json",
        "{\"version\":1,\n\"kinds\":{\"NAME\":\"mask\"}}",
    );
    place.write(
        "pattern.json",
        r#"{"version":1,"custom":[{"name":"X","pattern":"a("}]}"#,
    );
    place.write("encrypts.json", r#"{"version":1,"default":"encrypt"}"#);
    place.write("there", "");
    for (flags, expected) in [
        (&["missing"][..], "missing: "),
        (&["."], ". is a directory"),
        (&["--mode", "hide"], "redact, mask, pseudonymize and off"),
        (&["--mode", "NAME=mask"], "no kind \"NAME\""),
        (
            &["--mode", "EMAIL=encrypt"],
            "encrypts EMAIL, and nothing keeps the values",
        ),
        (&["--policy", "encrypts.json"], "encrypts every kind"),
        (&["--policy", "policy.json"], "line 2"),
        (&["--policy", "pattern.json"], "custom kind \"X\", pattern"),
        (&["--policy", "missing.json"], "missing.json"),
        (&["--key-file", "short.key"], "no kind is pseudonymized"),
        (
            &["--mode", "pseudonymize", "--key-file", "short.key"],
            "64 hexadecimal digits",
        ),
        (&["-", "-o", "there"], "--force"),
    ] {
        let failed = redact(&place, flags, "x");
        let said = failed.sentence(2);
        assert!(said.contains(expected), "{flags:?}: {said}");
        assert_eq!(failed.out, "", "{flags:?}");
    }
}

#[cfg(unix)]
#[test]
fn production_refuses_a_key_that_others_can_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::empty();
    place.write("a.key", KEY);
    let run = |mode: u32| {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(place.path("a.key"), mode).unwrap();
        let args = ["redact", "--mode", "pseudonymize", "--key-file", "a.key"];
        place.with(&args, &[("AI_AUDIT_ENV", "production")], "x")
    };
    assert!(run(0o644).sentence(2).contains("chmod 600"));
    run(0o600).good();
}

#[test]
fn a_file_appears_whole_and_is_replaced_only_by_force() {
    let place = Place::empty();
    place.write("in", "bob@example.org\n");
    let out = place.run(&["redact", "in", "-o", "out"]).good();
    assert_eq!(out.out, "");
    let read = || std::fs::read_to_string(place.path("out")).unwrap();
    assert_eq!(read(), "[EMAIL]\n");
    // The file that is read may be the one that is replaced.
    place
        .run(&["redact", "out", "-o", "out", "--force", "--json"])
        .good();
    assert_eq!(read(), "{\"text\":\"[EMAIL]\",\"findings\":[]}\n");
}

#[test]
fn a_line_is_written_when_it_is_complete() {
    let place = Place::empty();
    let mut child = place
        .command(&["redact", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    for part in ["a bob@exam", "ple.org\nrest"] {
        input.write_all(part.as_bytes()).unwrap();
    }
    // The input is still open.
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "a [EMAIL]\n");
    drop(input);
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "rest");
    assert!(child.wait().unwrap().success());
}

/// An input without an end: the command ends because nobody reads what it writes.
#[cfg(target_os = "linux")]
#[test]
fn it_ends_with_its_reader_though_the_input_does_not() {
    let place = Place::empty();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = place
        .command(&["redact", "/dev/zero"])
        .stdout(writer)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let ended = done(output);
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    let output = place
        .command(&["redact", "/dev/zero"])
        .stdout(full.unwrap())
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let said = done(output);
    assert!(said.sentence(1).contains("standard output"));
}
