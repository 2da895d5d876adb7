//! Witnesses end to end: `ai-audit witness serve` as processes of their own, killed and restarted.
#![cfg(unix)]

use crate::run::{Done, Place};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A witness as a process. Dropped, it is killed.
pub(crate) struct Serving {
    child: Child,
    pub(crate) address: String,
}

impl Serving {
    /// Starts the witness of a folder on an address, port 0 for any.
    pub(crate) fn start(place: &Place, folder: &str, address: &str) -> Self {
        let args = [
            "serve",
            folder,
            "--log",
            "audit/log.pub",
            "--listen",
            address,
        ];
        Self::with(place, &args).unwrap_or_else(|error| panic!("{error}"))
    }

    pub(crate) fn with(place: &Place, args: &[&str]) -> Result<Self, String> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_ai-audit"))
            .current_dir(place.path(""))
            .arg("witness")
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let Some((_, url)) = line.trim_end().split_once(" listens on ") else {
            let mut error = String::new();
            let _ = child.stderr.take().unwrap().read_to_string(&mut error);
            let _ = child.wait();
            return Err(error);
        };
        let address = url
            .trim_start_matches("http://")
            .trim_end_matches('/')
            .to_owned();
        // What it says afterwards must not stop it.
        std::thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
        Ok(Self { child, address })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Kills it as a power failure would, and starts it again in the same place.
    fn kill_and_restart(mut self, place: &Place, folder: &str) -> Self {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        Self::start(place, folder, &self.address.clone())
    }

    /// The size that it has of the log, as anybody can ask.
    fn size(&self, place: &Place) -> u64 {
        let line = std::fs::read_to_string(place.path("audit/log.pub")).unwrap();
        let origin = line.split('+').next().unwrap();
        let digest = ai_audit_core::Digest::of(origin.as_bytes());
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "GET /checkpoint/{digest} HTTP/1.1\r\nHost: w\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, note) = text.split_once("\r\n\r\n").unwrap();
        match head.starts_with("HTTP/1.1 200") {
            true => note.lines().nth(1).unwrap().parse().unwrap(),
            false => 0,
        }
    }

    /// Asks it to end, and returns its exit code.
    fn terminate(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(20) {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("it does not end");
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A log with so many witnesses, all of which are needed.
pub(crate) fn watched(count: usize) -> (Place, Vec<Serving>) {
    let place = Place::new();
    let mut serving = Vec::new();
    for number in 1..=count {
        let (folder, name) = (format!("w{number}"), format!("w{number}.example"));
        place
            .run(&["witness", "keygen", &folder, "--name", &name])
            .good();
        let served = Serving::start(&place, &folder, "127.0.0.1:0");
        let line = format!("{folder}/witness.pub");
        place
            .run(&["witness", "add", "audit", &folder, &line, &served.url()])
            .good();
        serving.push(served);
    }
    (place, serving)
}

pub(crate) fn cosign(place: &Place) -> Done {
    place.run(&["witness", "cosign", "audit", "--timeout", "5", "--json"])
}

pub(crate) fn hand_out_policy(place: &Place) {
    let policy = place.run(&["witness", "list", "audit", "--policy"]).good();
    std::fs::write(place.path("my.policy"), policy.out).unwrap();
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).unwrap()),
        }
    }
}

#[test]
fn two_witnesses_and_a_quorum_of_two_one_killed_half_way() {
    let (place, mut serving) = watched(2);
    hand_out_policy(&place);
    // Before anything was cosigned.
    place.run(&["checkpoint", "audit"]).good();
    let verify = |what: &str| place.run(&["verify", what, "--policy", "my.policy", "--json"]);
    let done = verify("audit");
    assert_eq!(done.code, 3);
    let why = done.json()["verdict"]["completeness"]["why"].to_string();
    assert!(why.contains("needs 2 and has 0; not by w1, w2"), "{why}");
    // Both.
    let done = cosign(&place).good().json();
    assert_eq!((&done["quorum"], &done["there"]), (&true.into(), &2.into()));
    let first = done["size"].as_u64().unwrap();
    // One is killed; the log goes on and the other one cosigns.
    let address = serving[1].address.clone();
    drop(serving.pop());
    place.record("{\"model\":\"m\"}\n");
    let done = cosign(&place);
    assert_eq!(done.code, 3);
    let done = done.json();
    assert_eq!(
        (&done["quorum"], &done["there"]),
        (&false.into(), &1.into())
    );
    assert!(done["witnesses"][0]["time"].is_string());
    let error = done["witnesses"][1]["error"].as_str().unwrap();
    assert!(error.contains("cannot be reached"), "{error}");
    // What the verifier sees meanwhile: complete as far as both saw it.
    let done = verify("audit").good().json();
    assert_eq!(done["complete_to"], first);
    assert!(done["receipts"].as_u64().unwrap() > first);
    // It is started again, and remembers.
    let back = Serving::start(&place, "w2", &address);
    assert_eq!(back.size(&place), first);
    let done = cosign(&place).good().json();
    assert_eq!(done["quorum"], true);
    let done = verify("audit").good().json();
    assert_eq!(done["complete_to"], done["receipts"]);
    let found: Vec<_> = done["witnesses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["status"])
        .collect();
    assert_eq!(found, ["cosigned", "cosigned"]);
    // The package carries the cosignatures, and needs nothing else to be complete.
    place.run(&["export", "audit", "-o", "p.zip"]).good();
    let done = verify("p.zip").good().json();
    assert_eq!(done["complete_to"], done["receipts"]);
    // Who does not know the witnesses is not disturbed by them.
    let stranger = place.run(&["verify", "p.zip", "--key", "audit/log.pub", "--json"]);
    assert_eq!(stranger.code, 3);
    let stranger = stranger.json();
    assert_eq!(stranger["verdict"]["integrity"]["status"], "verified");
    assert_eq!(stranger["verdict"]["attribution"]["status"], "verified");
    assert!(stranger["witnesses"].is_null());
    // So does a proof; and without a quorum it is not taken.
    place
        .run(&["prove", "audit", "5", "-o", "good.proof"])
        .good();
    assert_eq!(verify("good.proof").code, 0);
    place.record("{\"model\":\"m\"}\n");
    place
        .run(&["prove", "audit", "5", "-o", "alone.proof"])
        .good();
    assert_eq!(verify("alone.proof").code, 3);
    assert_eq!(
        place
            .run(&["verify", "alone.proof", "--key", "audit/log.pub"])
            .code,
        0
    );
    // Text for people, and order at the end.
    let text = place
        .run(&["verify", "audit", "--policy", "my.policy"])
        .good()
        .out;
    assert!(text.contains("witness w1 of checkpoint"), "{text}");
    let status = place
        .run(&["witness", "status", "audit", "--ask"])
        .good()
        .out;
    assert!(status.contains("which this log continues"), "{status}");
    assert!(
        status.lines().all(|line| line.chars().count() <= 80),
        "{status}"
    );
    assert_eq!(back.terminate(), Some(0));
}

/// Whatever a witness answered with outlives being killed, at any moment.
#[test]
fn a31_a_witness_that_is_killed_again_and_again_never_goes_back() {
    let (place, mut serving) = watched(1);
    let mut served = serving.pop().unwrap();
    let mut largest = 0;
    let mut cosigned = 0;
    for round in 0..12u64 {
        place.record("{\"model\":\"m\"}\n");
        let (done, back) = std::thread::scope(|scope| {
            let asking = scope
                .spawn(|| place.run(&["witness", "cosign", "audit", "--timeout", "1", "--json"]));
            // Into the middle of it, and each time a little later.
            std::thread::sleep(Duration::from_millis(15 + 12 * round));
            let back = served.kill_and_restart(&place, "w1");
            (asking.join().unwrap(), back)
        });
        served = back;
        let done = done.json();
        let size = done["size"].as_u64().unwrap();
        if done["quorum"] == true {
            largest = size;
            cosigned += 1;
        }
        let has = served.size(&place);
        assert!(has >= largest, "it cosigned {largest} and has {has}");
    }
    let done = cosign(&place).good().json();
    assert_eq!(done["quorum"], true, "{done}");
    assert!(cosigned > 0, "no round got through");
    served.terminate();
}

#[test]
fn a15_a33_a_restored_copy_is_refused_by_witness_and_writer() {
    let (place, serving) = watched(1);
    cosign(&place).good();
    copy(&place.path("audit"), &place.path("old"));
    place.record("{\"model\":\"m\"}\n");
    cosign(&place).good();
    // The copy as it is: behind. The witness does not cosign what it left behind.
    let done = place.run(&["witness", "cosign", "old", "--json"]);
    assert_eq!(done.code, 1, "though that checkpoint is cosigned");
    assert!(
        done.err.contains("restored from an older copy"),
        "{}",
        done.err
    );
    let status = place.run(&["witness", "status", "old", "--ask"]);
    assert_eq!(status.code, 1, "{}{}", status.out, status.err);
    // With the setting, it is not written on; nobody is asked without it.
    let line = "{\"model\":\"m\"}\n";
    let env = [("AI_AUDIT_ASK_WITNESSES", "true")];
    let refused = place.with(&["record", "old", "-"], &env, line);
    assert_eq!(refused.code, 1);
    for words in [
        "witness w1 shows a checkpoint of",
        "newest copy",
        "ai-audit adopt",
    ] {
        assert!(refused.err.contains(words), "{}", refused.err);
    }
    assert_eq!(place.with(&["record", "audit", "-"], &env, line).code, 0);
    // Written on nevertheless: another history, and at some time of the same size.
    place.with(&["record", "old", "-"], &[], line).good();
    let forked = place.with(&["record", "old", "-"], &env, line);
    assert!(forked.err.contains("another checkpoint"), "{}", forked.err);
    let done = place.run(&["witness", "cosign", "old", "--json"]);
    assert_eq!(done.code, 1);
    assert!(
        done.err.contains("two histories") || done.err.contains("422"),
        "{}",
        done.err
    );
    // The true log goes on.
    cosign(&place).good();
    // A witness that is away is a warning.
    drop(serving);
    let away = place.with(&["record", "audit", "-"], &env, line).good();
    assert!(
        away.err
            .contains("warning: log default: witness w1 was not asked"),
        "{}",
        away.err
    );
}

#[test]
fn a15_two_roots_of_one_size_are_kept_as_evidence() {
    let (place, serving) = watched(1);
    copy(&place.path("audit"), &place.path("other"));
    let line = "{\"model\":\"m\"}\n";
    for dir in ["audit", "other"] {
        place.with(&["record", dir, "-"], &[], line).good();
    }
    cosign(&place).good();
    let done = place.run(&["witness", "cosign", "other", "--json"]);
    assert_eq!(done.code, 1);
    assert!(done.err.contains("two histories"), "{}", done.err);
    let mut notes = Vec::new();
    let logs = std::fs::read_dir(place.path("w1/evidence")).unwrap();
    for log in logs {
        for note in std::fs::read_dir(log.unwrap().path()).unwrap() {
            notes.push(note.unwrap().path());
        }
    }
    assert_eq!(notes.len(), 2);
    // Anybody who has the log's key can see that it signed both.
    let paths: Vec<_> = notes.iter().map(|path| path.to_str().unwrap()).collect();
    let mut args = vec!["monitor", "checkpoint", "--state", "watched"];
    args.extend(["--key", "audit/log.pub"]);
    args.extend(&paths);
    let seen = place.run(&args);
    assert_eq!(seen.code, 1, "{}{}", seen.out, seen.err);
    drop(serving);
}
