//! Timestamps and anchors end to end: a local authority of `openssl` behind a small HTTP server, and
//! authorities that misbehave.

use crate::authority::{openssl, reply, serve};
use crate::run::{Done, Place, lines};
use ai_audit_core::{SigningKey, Timestamp};
use ai_audit_note::{SignedNote, VKey, cosign};
use ai_audit_testkit::tsa::Authority;
use serde_json::Value;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

fn stamp(place: &Place, more: &[&str], address: &str) -> Done {
    let mut args = vec!["timestamp", "audit", "--authority", address];
    args.extend_from_slice(more);
    place.run(&args)
}

fn size(place: &Place) -> u64 {
    let stats = place.run(&["stats", "audit", "--json"]).good().json();
    stats["receipts"].as_u64().unwrap()
}

#[test]
fn a_timestamp_from_the_authority_to_the_verdict() {
    let place = Place::new();
    let Some((authority, address)) = openssl(&place) else {
        return;
    };
    let more = ["--certificate", "root.pem", "-o", "now.tsr", "--json"];
    let told = stamp(&place, &more, &address).good().json();
    let covered = told["checkpoint"].as_u64().unwrap();
    assert_eq!(told["verified"], true);
    assert_eq!(told["authority"], "CN=Authority,O=Example");
    // A start receipt of the writer, then the anchor.
    assert_eq!(told["anchor"].as_u64().unwrap(), covered + 1);

    let verify = |what: &str, require: &str, more: &[&str]| {
        let mut args = vec![
            "verify",
            what,
            "--key",
            "audit/log.pub",
            "--require",
            require,
        ];
        args.extend_from_slice(more);
        place.run(&args)
    };
    let trusting = ["--timestamp-authority", "root.pem"];
    let in_json = ["--timestamp-authority", "root.pem", "--json"];
    let report = verify("audit", "integrity,attribution", &in_json)
        .good()
        .json();
    let bounds = report["time_bounds"].as_array().unwrap();
    let kinds: Vec<&Value> = bounds.iter().map(|bound| &bound["kind"]).collect();
    assert_eq!(kinds, ["not_later", "not_before"]);
    assert_eq!(bounds[0]["last"], covered - 1);
    assert_eq!(bounds[1]["first"], covered + 1);
    // The anchor and what came after it are bound by nobody yet.
    let said = verify("audit", "time", &trusting);
    assert_eq!(said.code, 3, "{}", said.out);
    assert!(
        said.out
            .contains(&format!("nothing bounds receipts {covered}")),
        "{}",
        said.out
    );
    assert!(said.out.lines().all(|line| line.chars().count() <= 200));

    // In a package, the receipts up to the checkpoint.
    place
        .run(&[
            "export",
            "audit",
            "--timestamp",
            "now.tsr",
            "-o",
            "package.zip",
        ])
        .good();
    let asked = "integrity,attribution,time";
    let said = verify("package.zip", asked, &trusting).good();
    assert!(said.out.contains("not later than"), "{}", said.out);
    assert_eq!(verify("package.zip", asked, &[]).code, 3);
    // A package without it, and the timestamp beside it.
    place.run(&["export", "audit", "-o", "bare.zip"]).good();
    let beside = [
        "--timestamp-authority",
        "root.pem",
        "--timestamp",
        "now.tsr",
    ];
    let said = verify("bare.zip", asked, &beside);
    assert_eq!(said.code, 3, "{}", said.out);
    assert!(said.out.contains("nothing bounds receipts"), "{}", said.out);
    // Another implementation reads the same file.
    let note = place.run(&["checkpoint", "audit", "--latest"]).good().out;
    let text = |note: &str| {
        SignedNote::parse(note.as_bytes())
            .unwrap()
            .text()
            .to_owned()
    };
    let answer = std::fs::read(place.path("now.tsr")).unwrap();
    assert!(!authority.accepts(text(&note).as_bytes(), &answer));
    place.run(&["record", "audit", "lines.jsonl"]).good();
    stamp(&place, &["--no-anchor", "-o", "next.tsr"], &address).good();
    let note = place.run(&["checkpoint", "audit", "--latest"]).good().out;
    let answer = std::fs::read(place.path("next.tsr")).unwrap();
    assert!(authority.accepts(text(&note).as_bytes(), &answer));
    // It can be brought into the log later.
    let before = size(&place);
    let told = place
        .run(&["anchor", "audit", "--token", "next.tsr", "--json"])
        .good()
        .json();
    assert_eq!(told["checkpoint"].as_u64().unwrap(), before);
    verify("audit", "integrity,attribution", &trusting).good();
}

#[test]
fn who_signed_is_said_not_to_be_known_without_a_certificate() {
    let place = Place::new();
    let Some((_, address)) = openssl(&place) else {
        return;
    };
    let told = stamp(&place, &[], &address).good();
    assert!(told.err.contains("was not verified"), "{}", told.err);
    assert!(
        told.out.contains("timestamped the checkpoint of"),
        "{}",
        told.out
    );
    // Another root than the one that the operator has.
    std::fs::write(place.path("other.der"), Authority::new(2).root).unwrap();
    let before = size(&place);
    let refused = stamp(
        &place,
        &["--certificate", "other.der", "-o", "x.tsr"],
        &address,
    );
    assert_eq!(refused.code, 1, "{}", refused.out);
    assert!(
        refused.err.contains("no trusted certificate leads"),
        "{}",
        refused.err
    );
    assert!(!place.path("x.tsr").exists());
    assert_eq!(size(&place), before);
}

#[test]
fn authorities_that_misbehave_change_nothing() {
    let place = Place::new();
    let time = Timestamp::from_micros(1_790_000_000_000_000);
    // A token over what was asked, but with another nonce or none.
    let replayed = move |body: &[u8], nonce: Option<&[u8]>| {
        let imprint = body.windows(2).position(|pair| pair == [4, 32]).unwrap() + 2;
        let imprint = body[imprint..imprint + 32].to_vec();
        let token = Authority::new(1).token_with(b"", time, |plan| {
            plan.imprint = imprint;
            plan.rest.extend(nonce.map(ai_audit_testkit::tsa::integer));
        });
        granted(&token)
    };
    type Answer = Box<dyn Fn(&[u8], &mut TcpStream) + Send>;
    let cases: Vec<(Answer, &str)> = vec![
        (Box::new(|_, s| reply(s, "200 OK", b"garbage")), "timestamp"),
        (Box::new(|_, s| reply(s, "200 OK", b"")), "timestamp"),
        (Box::new(|_, s| reply(s, "500 No", b"")), "500"),
        (
            Box::new(|_, s| reply(s, "302 Found\r\nlocation: http://127.0.0.1:1/", b"")),
            "302",
        ),
        (
            Box::new(|_, s| reply(s, "200 OK", &[0x30; 100_000])),
            "limit",
        ),
        (
            Box::new(|_, s| drop(s.write_all(b"not HTTP\r\n\r\n"))),
            "authority",
        ),
        // Status 2, rejection.
        (
            Box::new(|_, s| reply(s, "200 OK", &[0x30, 5, 0x30, 3, 2, 1, 2])),
            "status 2, rejected",
        ),
        (
            Box::new(move |body, s| reply(s, "200 OK", &replayed(body, None))),
            "answers another request",
        ),
        (
            Box::new(move |body, s| reply(s, "200 OK", &replayed(body, Some(&[0x41; 16])))),
            "answers another request",
        ),
        (
            Box::new(move |_, s| {
                let token = Authority::new(1).token(b"something else", time);
                reply(s, "200 OK", &granted(&token));
            }),
            "over something else",
        ),
    ];
    let before = size(&place);
    for (answer, words) in cases {
        let address = serve(answer);
        let refused = stamp(&place, &["-o", "x.tsr"], &address);
        assert_eq!(refused.code, 1, "{words}: {}{}", refused.out, refused.err);
        assert!(refused.err.contains(words), "{words}: {}", refused.err);
        assert!(!place.path("x.tsr").exists(), "{words}");
    }
    assert_eq!(size(&place), before, "no receipt was added");
    place
        .run(&[
            "verify",
            "audit",
            "--key",
            "audit/log.pub",
            "--require",
            "integrity",
        ])
        .good();
}

/// A token as the response that grants it.
fn granted(token: &[u8]) -> Vec<u8> {
    use ai_audit_testkit::tsa::sequence;
    sequence(&[&[0x30, 3, 2, 1, 0], token])
}

#[test]
fn an_authority_that_is_slow_or_away_is_given_up() {
    let place = Place::new();
    let slow = serve(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n");
        // One byte at a time, for ever.
        while stream.write_all(b"0").is_ok() {
            thread::sleep(Duration::from_millis(200));
        }
    });
    let start = Instant::now();
    let refused = stamp(&place, &["--timeout", "1"], &slow);
    assert_eq!(refused.code, 1, "{}", refused.err);
    assert!(refused.err.contains("timeout"), "{}", refused.err);
    assert!(start.elapsed() < Duration::from_secs(20));
    // Nobody listens where a listener was just closed.
    let gone = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let refused = stamp(&place, &[], &format!("http://{gone}/"));
    assert_eq!(refused.code, 1, "{}", refused.err);
    assert!(
        refused.err.contains("the authority http://"),
        "{}",
        refused.err
    );
}

#[test]
fn wrong_usage_is_told_before_anybody_is_asked() {
    let place = Place::new();
    std::fs::write(place.path("there.tsr"), b"kept").unwrap();
    std::fs::write(place.path("no.pem"), b"nothing").unwrap();
    let nowhere = "http://127.0.0.1:1/";
    for (args, words) in [
        (
            &["--authority", "ftp://tsa.example/"][..],
            "https:// or http://",
        ),
        (&["--authority", "http://"], "https:// or http://"),
        (&["--authority", nowhere, "--no-anchor"], "--output"),
        (
            &["--authority", nowhere, "-o", "there.tsr"],
            "exists already",
        ),
        (
            &["--authority", nowhere, "--certificate", "no.pem"],
            "expected a certificate",
        ),
        (
            &["--authority", nowhere, "--certificate", "away.pem"],
            "away.pem",
        ),
        (&["--authority", nowhere, "--latest"], "no checkpoint yet"),
        (&["--authority", nowhere, "--log", "other"], "other"),
        (&["--authority", nowhere, "--timeout", "0"], "timeout"),
    ] {
        let done = place.run(&[&["timestamp", "audit"], args].concat());
        assert_eq!(done.code, 2, "{args:?}: {}{}", done.out, done.err);
        assert!(done.err.contains(words), "{words}: {}", done.err);
    }
    assert_eq!(std::fs::read(place.path("there.tsr")).unwrap(), b"kept");
    for (args, words) in [
        (
            &["anchor", "audit"][..],
            "have one cosigned or timestamped first",
        ),
        (&["anchor", "audit", "--token", "no.pem"], "no.pem"),
        (&["anchor", "audit", "--note", "away.note"], "away.note"),
        (
            &["export", "audit", "-o", "p.zip", "--timestamp", "no.pem"],
            "no.pem",
        ),
        (&["verify", "audit", "--timestamp", "no.pem"], "no.pem"),
        (
            &["verify", "audit", "--timestamp-authority", "no.pem"],
            "no.pem",
        ),
    ] {
        let done = place.run(args);
        assert_eq!(done.code, 2, "{args:?}: {}{}", done.out, done.err);
        assert!(done.err.contains(words), "{words}: {}", done.err);
    }
    let token = Authority::new(1).token(b"other", Timestamp::from_micros(1));
    std::fs::write(place.path("other.tsr"), token).unwrap();
    place.run(&["checkpoint", "audit"]).good();
    for args in [
        &["anchor", "audit", "--token", "other.tsr"][..],
        &["export", "audit", "-o", "p.zip", "--timestamp", "other.tsr"],
    ] {
        let done = place.run(args);
        assert_eq!(done.code, 2, "{args:?}: {}", done.err);
        assert!(
            done.err.contains("over none of the checkpoints"),
            "{}",
            done.err
        );
    }
}

#[test]
fn a_cosigned_checkpoint_becomes_an_anchor() {
    let place = Place::new();
    let bare = place.run(&["checkpoint", "audit"]).good().out;
    std::fs::write(place.path("bare.note"), &bare).unwrap();
    let mut note = SignedNote::parse(bare.as_bytes()).unwrap();
    let witness = SigningKey::from_bytes(&[77; 32]);
    let time = Timestamp::from_micros(1_790_000_000_000_000);
    note.add(cosign(&note, "w.example", &witness, time).unwrap())
        .unwrap();
    std::fs::write(place.path("cosigned.note"), note.to_string()).unwrap();
    let before = size(&place);
    let done = place
        .run(&["anchor", "audit", "--note", "cosigned.note"])
        .good();
    assert!(
        done.out
            .contains(&format!("Receipt {} anchors", before + 1)),
        "{}",
        done.out
    );
    let shown = place
        .run(&["show", "audit", &(before + 1).to_string(), "--json"])
        .good()
        .json();
    assert_eq!(shown["kind"], "anchor");
    assert_eq!(shown["body"]["note"], note.to_string());
    place
        .run(&[
            "verify",
            "audit",
            "--key",
            "audit/log.pub",
            "--require",
            "integrity,attribution",
        ])
        .good();
    // Nobody else signed this one; and one of another log is not this log's.
    let refused = place.run(&["anchor", "audit", "--note", "bare.note"]);
    assert_eq!(refused.code, 1, "{}", refused.out);
    assert!(
        refused.err.contains("nobody but the log itself"),
        "{}",
        refused.err
    );
    let other = Place::new();
    let refused = other.with(
        &[
            "anchor",
            "audit",
            "--note",
            &place.path("cosigned.note").display().to_string(),
        ],
        &[],
        "",
    );
    assert_eq!(refused.code, 1, "{}", refused.out);
}

#[test]
fn a_timestamp_is_kept_when_another_writer_has_the_log() {
    let place = Place::new();
    let Some((_, address)) = openssl(&place) else {
        return;
    };
    let _held = ai_audit_store::WriterLock::acquire(&place.path("audit/audit.lock")).unwrap();
    let refused = stamp(&place, &["-o", "now.tsr"], &address);
    assert_eq!(refused.code, 1, "{}", refused.out);
    assert!(
        refused.err.contains("timestamped, in now.tsr"),
        "{}",
        refused.err
    );
    assert!(Path::new(&place.path("now.tsr")).exists());
    drop(_held);
    place.run(&["anchor", "audit", "--token", "now.tsr"]).good();
    place.record(&lines(1));
}

#[test]
fn a_quorum_in_a_policy_file_verifies_time() {
    let place = Place::new();
    let note = place.run(&["checkpoint", "audit"]).good().out;
    let mut note = SignedNote::parse(note.as_bytes()).unwrap();
    let now = u64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_micros()).unwrap();
    let mut policy = "ai-audit/policy/v1\n".to_owned();
    for seed in [71, 72] {
        let (name, key) = (
            format!("w{seed}.example"),
            SigningKey::from_bytes(&[seed; 32]),
        );
        let line = cosign(&note, &name, &key, Timestamp::from_micros(now)).unwrap();
        note.add(line).unwrap();
        let line = VKey::cosignature(&name, key.verifying_key()).unwrap();
        policy += &format!("witness W{seed} {line}\n");
    }
    policy += "group both all W71 W72\nquorum both\n";
    std::fs::write(place.path("kept.note"), note.to_string()).unwrap();
    std::fs::write(place.path("auditor.policy"), policy).unwrap();
    let verify = |more: &[&str]| {
        let args = [
            "verify",
            "audit",
            "--key",
            "audit/log.pub",
            "--policy",
            "auditor.policy",
        ];
        place.run(&[&args, more].concat())
    };
    let asked = ["--require", "integrity,attribution,time"];
    let report = verify(&[&asked[..], &["--checkpoint", "kept.note", "--json"]].concat());
    let report = report.good().json();
    assert_eq!(report["time_bounds"][0]["by"], "both");
    assert_eq!(verify(&asked).code, 3);
    // Brought back into the log it bounds the receipts below it, also for those who bring nothing.
    place
        .run(&["anchor", "audit", "--note", "kept.note"])
        .good();
    let said = verify(&asked);
    assert_eq!(said.code, 3, "{}", said.out);
    assert!(said.out.contains("not later than"), "{}", said.out);
    assert!(said.out.contains("by quorum both"), "{}", said.out);
}
