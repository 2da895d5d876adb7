//! A second service that waits, and takes over.

use super::{all_there, append, init, init_with_copy, prepared, verified};
use crate::run::{Place, clean, program};
use crate::serve::Serving;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

pub(super) const LONG: Duration = Duration::from_secs(60);

/// A service that stands by, once it has said so; and what else it said.
pub(super) struct Standby(Child, Arc<Mutex<String>>);

impl Standby {
    pub(super) fn start(place: &Place, directory: &str) -> Self {
        Self::since(place, directory, "another writer")
    }

    /// Waits for this reason.
    fn since(place: &Place, directory: &str, reason: &str) -> Self {
        let mut command = Command::new(program());
        command.args(["serve", directory, "--standby", "--open", "--json"]);
        command.args(["--listen", "127.0.0.1:0"]);
        let mut child = clean(command, &place.path(""))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        said.read_line(&mut line).unwrap();
        assert!(line.contains("standing by"), "{line}");
        assert!(line.contains(reason), "{line}");
        let heard = Arc::new(Mutex::new(String::new()));
        let more = Arc::clone(&heard);
        // Whatever it says must not block it.
        std::thread::spawn(move || {
            for line in said.lines().map_while(Result::ok) {
                *more.lock().unwrap() += &format!("{line}\n");
            }
        });
        Self(child, heard)
    }

    /// What it said after the first line.
    fn said_since(&self) -> String {
        self.1.lock().unwrap().clone()
    }

    /// Waits until it serves.
    pub(super) fn serves(mut self) -> Serving {
        let out = self.0.stdout.take().unwrap();
        let (said, hears) = mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let read = BufReader::new(out).read_line(&mut line);
            said.send(read.map(|_| line))
        });
        let Ok(line) = hears.recv_timeout(LONG) else {
            self.0.kill().unwrap();
            panic!("the standby does not take over");
        };
        let said: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
        Serving::already(self.0, said["url"].as_str().unwrap())
    }
}

/// Appends until it is taken; what is acknowledged has a place.
fn append_in_the_end(serving: &Serving) -> u64 {
    let began = Instant::now();
    loop {
        match append(serving) {
            Ok(seq) => return seq,
            Err(said) => assert!(began.elapsed() < LONG, "{said:?}"),
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn a_standby_takes_over_from_a_killed_writer() {
    let Some((server, place)) = prepared("a standby in PostgreSQL") else {
        return;
    };
    init_with_copy(&server, &place);
    let first = Serving::start(&place, &["--open"]);
    let mut acknowledged = vec![append(&first).unwrap()];
    let standby = Standby::start(&place, "copy");
    acknowledged.push(append(&first).unwrap());
    first.signal("KILL");
    let _ = first.end();
    let began = Instant::now();
    let second = standby.serves();
    println!("taken over after {} ms", began.elapsed().as_millis());
    acknowledged.push(append(&second).unwrap());
    second.signal("TERM");
    second.end();
    all_there(&place, &acknowledged);
    verified(&place, "audit");
}

/// The servers change places, and the standby meets the one that is to be promoted.
#[test]
fn a_standby_waits_for_a_replica_to_be_promoted() {
    let Some((mut server, place)) = prepared("a standby and a replica in PostgreSQL") else {
        return;
    };
    init(&server, &place);
    fs::copy(place.path("audit/log.pub"), place.path("kept.pub")).unwrap();
    place.record(&crate::run::lines(3));
    let size = place.receipts();
    let replica = server.standby();
    server.kill();
    // The address now leads to the other one.
    for file in ["audit/ai-audit.toml", "passwords"] {
        let text = fs::read_to_string(place.path(file)).unwrap();
        let port = |port: u16| format!("127.0.0.1:{port}");
        place.write(
            file,
            &text.replace(&port(server.port()), &port(replica.port())),
        );
    }
    let standby = Standby::since(&place, "audit", "is a standby");
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(standby.said_since(), "", "it says so once");
    replica.promote();
    let serving = standby.serves();
    let seq = append(&serving).unwrap();
    serving.signal("TERM");
    serving.end();
    assert!(seq > size);
    all_there(&place, &[seq]);
    verified(&place, "audit");
}

/// A109: the writer was stopped, lost its connection, and goes on when another one has taken over.
#[test]
fn a109_a_writer_that_comes_back_is_refused() {
    let Some((server, place)) = prepared("a writer that comes back") else {
        return;
    };
    init_with_copy(&server, &place);
    let first = Serving::start(&place, &["--open"]);
    let mut acknowledged = vec![append(&first).unwrap()];
    let standby = Standby::start(&place, "copy");
    first.signal("STOP");
    server.sql(
        "SELECT pg_terminate_backend(l.pid) FROM pg_locks l WHERE l.locktype = 'advisory' AND l.granted",
    );
    let second = standby.serves();
    acknowledged.push(append(&second).unwrap());
    first.signal("CONT");
    let (status, said) = append(&first).unwrap_err();
    assert!(status >= 500, "{status}: {said}");
    assert!(said.contains("taken over by another writer"), "{said}");
    // It stays so until it is started again.
    let (status, said) = append(&first).unwrap_err();
    assert!(status >= 500, "{status}: {said}");
    acknowledged.push(append_in_the_end(&second));
    for serving in [first, second] {
        serving.signal("KILL");
        let _ = serving.end();
    }
    all_there(&place, &acknowledged);
    verified(&place, "audit");
}

#[test]
fn a_standby_waits_for_the_lock_of_a_directory_and_for_none_in_redis() {
    let place = Place::new();
    let first = Serving::start(&place, &["--open"]);
    let standby = Standby::start(&place, "audit");
    first.signal("TERM");
    let _ = first.end();
    let second = standby.serves();
    append(&second).unwrap();
    second.signal("TERM");
    second.end();
    let flag = ["--set", "store=redis://127.0.0.1:1"];
    let args = [
        "serve",
        "audit",
        "--standby",
        "--open",
        "--listen",
        "127.0.0.1:0",
    ];
    let done = place.run(&[&args[..], &flag].concat());
    assert!(done.sentence(2).contains("no lock"), "{}", done.err);
}

/// Its keys are gone, as a token is that was pulled: whoever can write is not kept out by it.
#[test]
fn a_standby_that_can_write_to_no_log_gives_the_place_back() {
    let Some((server, place)) = prepared("a standby without keys") else {
        return;
    };
    init_with_copy(&server, &place);
    fs::rename(place.path("copy/keys"), place.path("copy/kept")).unwrap();
    let serve = |directory| {
        let mut command = Command::new(program());
        command.args(["serve", directory, "--standby", "--open", "--listen"]);
        command.arg("127.0.0.1:0");
        clean(command, &place.path("")).output().unwrap()
    };
    let ended = serve("copy");
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("log default takes nothing"), "{said}");
    assert!(said.contains("the writer's place is given back"), "{said}");
    // The place is free.
    place.record(&crate::run::lines(3));
    // What it made itself there.
    fs::remove_dir_all(place.path("copy/keys")).ok();
    fs::rename(place.path("copy/kept"), place.path("copy/keys")).unwrap();
    place.run(&["info", "copy"]).good();
}
