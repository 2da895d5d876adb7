//! Instances behind a balancer that knows nothing of writers: each takes appends, one writes. A109, A119, A120.

use super::standby::LONG;
use super::{copy, init, prepared};
use crate::run::{Place, clean, program};
use crate::serve::{Serving, agent, all_are_there, send};
use ai_audit_testkit::postgres::{PostgresServer, free_port};
use serde_json::Value;
use std::net::TcpListener;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How many writers are killed.
const ROUNDS: usize = 3;
pub(super) const DIRECTORIES: [&str; 3] = ["audit", "copy", "other"];
pub(super) const BODY: &str = r#"{"records": [{"model": "a", "input": "x"}, {"model": "b"}]}"#;

/// A server, three copies of a directory with one token, and the addresses of their instances.
pub(super) struct Fleet {
    pub(super) server: PostgresServer,
    pub(super) place: Place,
    pub(super) urls: [String; 3],
    pub(super) token: String,
}

impl Fleet {
    fn new(what: &str) -> Option<Self> {
        Self::with(what, &[])
    }

    /// With a writer, and one that hands on to it.
    fn of_two(what: &str) -> Option<(Self, Serving, Serving)> {
        let fleet = Self::new(what)?;
        let first = fleet.start(0);
        fleet.answers(0, 201);
        let second = fleet.start(1);
        fleet.answers(1, 201);
        Some((fleet, first, second))
    }

    /// Ends every session that holds a lock, as its role may.
    fn end_sessions(&self) {
        self.server.sql(
            "SELECT pg_terminate_backend(l.pid) FROM pg_locks l WHERE l.locktype = 'advisory' AND l.granted",
        );
    }

    /// Sends an append through an instance, and does not wait for its answer.
    fn sends(&self, which: usize) -> JoinHandle<Option<(u16, Value)>> {
        let (url, token) = (decisions(&self.urls[which]), self.token.clone());
        std::thread::spawn(move || send(&agent(), &url, Some(&token), BODY))
    }

    /// With further logs beside the default one.
    pub(super) fn with(what: &str, logs: &[&str]) -> Option<Self> {
        let (server, place) = prepared(what)?;
        init(&server, &place);
        for log in logs {
            place.run(&["init", "audit", "--log", log]).good();
        }
        let create = ["token", "create", "audit", "--scope", "append", "--json"];
        let token = place.run(&create).good().json()["token"]
            .as_str()?
            .to_owned();
        for directory in &DIRECTORIES[1..] {
            copy(&place.path("audit"), &place.path(directory));
        }
        let urls = [(); 3].map(|()| format!("http://127.0.0.1:{}", free_port()));
        Some(Self {
            server,
            place,
            urls,
            token,
        })
    }

    /// An instance that says where it listens, at once.
    fn start(&self, which: usize) -> Serving {
        self.start_as(which, &["--standby"])
    }

    pub(super) fn start_as(&self, which: usize, how: &[&str]) -> Serving {
        let own = &self.urls[which];
        let mut command = Command::new(program());
        command.args(["serve", DIRECTORIES[which], "--json"]);
        command.args(how);
        command.args(["--listen", own.trim_start_matches("http://")]);
        command.args(["--advertise", own]);
        for other in self.urls.iter().filter(|url| *url != own) {
            command.args(["--peer", other]);
        }
        Serving::of(clean(command, &self.place.path("")))
    }

    fn send(&self, which: usize, token: Option<&str>) -> Option<(u16, Value)> {
        send(&agent(), &decisions(&self.urls[which]), token, BODY)
    }

    /// Waits until it is answered so.
    fn answers(&self, which: usize, expected: u16) -> Value {
        let began = Instant::now();
        loop {
            let answer = self.send(which, Some(&self.token));
            match answer {
                Some((status, said)) if status == expected => return said,
                other => assert!(began.elapsed() < LONG, "{other:?}"),
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Has somebody say in the store that the writer is there, until one that stands by answers with 503. The writer puts
    /// it right every now and then.
    fn misled(&self, which: usize, said: &str) -> Value {
        let began = Instant::now();
        loop {
            self.say(said);
            match self.send(which, Some(&self.token)) {
                Some((503, answer)) => return answer,
                other => assert!(began.elapsed() < LONG, "{other:?}"),
            }
        }
    }

    fn say(&self, said: &str) {
        self.server
            .sql(&format!("UPDATE ai_audit.writer SET address = '{said}'"));
    }

    /// Which one says that it is the writer.
    fn writer(&self) -> Option<usize> {
        let said = self.server.sql("SELECT address FROM ai_audit.writer");
        self.urls.iter().position(|url| *url == said)
    }
}

fn decisions(url: &str) -> String {
    format!("{url}/v1/logs/default/decisions")
}

/// An append that was acknowledged: through whom, when it was sent and answered, its receipts.
struct Acknowledged {
    through: usize,
    sent: Instant,
    at: Instant,
    receipts: Vec<Value>,
}

/// Clients of a balancer that sends to each in turn, whoever is there.
struct Clients {
    over: Arc<AtomicBool>,
    acknowledged: Arc<Mutex<Vec<Acknowledged>>>,
    others: Arc<Mutex<Vec<(u16, Value)>>>,
    threads: Vec<JoinHandle<()>>,
}

impl Clients {
    fn of(fleet: &Fleet) -> Self {
        let over = Arc::<AtomicBool>::default();
        let (acknowledged, others) = (Arc::default(), Arc::default());
        let turn = Arc::<AtomicUsize>::default();
        let threads = (0..4).map(|_| {
            let (over, turn) = (Arc::clone(&over), Arc::clone(&turn));
            let acknowledged: Arc<Mutex<Vec<Acknowledged>>> = Arc::clone(&acknowledged);
            let others: Arc<Mutex<Vec<(u16, Value)>>> = Arc::clone(&others);
            let (urls, token) = (fleet.urls.clone(), fleet.token.clone());
            std::thread::spawn(move || {
                let agent = agent();
                while !over.load(Ordering::Relaxed) {
                    let through = turn.fetch_add(1, Ordering::Relaxed) % urls.len();
                    let sent = Instant::now();
                    match send(&agent, &decisions(&urls[through]), Some(&token), BODY) {
                        Some((201, answer)) => {
                            let (at, receipts) = (Instant::now(), answer["receipts"].as_array());
                            let receipts = receipts.unwrap().clone();
                            acknowledged.lock().unwrap().push(Acknowledged {
                                through,
                                sent,
                                at,
                                receipts,
                            });
                            continue;
                        }
                        Some(other) => others.lock().unwrap().push(other),
                        None => {}
                    }
                    std::thread::sleep(Duration::from_millis(5));
                }
            })
        });
        let threads = threads.collect();
        Self {
            over,
            acknowledged,
            others,
            threads,
        }
    }

    /// Waits until so many appends that were sent through each of these after a moment are acknowledged; when the first
    /// one was.
    fn have(&self, through: &[usize], count: usize, since: Instant) -> Instant {
        let began = Instant::now();
        loop {
            let all = self.acknowledged.lock().unwrap();
            let of = |one: usize| {
                all.iter()
                    .filter(move |other| other.through == one && other.sent >= since)
            };
            if through.iter().all(|one| of(*one).count() >= count) {
                let first = through.iter().flat_map(|one| of(*one)).map(|one| one.at);
                return first.min().unwrap();
            }
            drop(all);
            assert!(
                began.elapsed() < LONG,
                "nothing is acknowledged through one of {through:?}: {:?}",
                self.others.lock().unwrap().last()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn end(self) -> Vec<Value> {
        self.over.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().unwrap();
        }
        let others = self.others.lock().unwrap();
        let wrong = others.iter().find(|(status, _)| *status != 503);
        assert_eq!(wrong, None);
        let all = self.acknowledged.lock().unwrap();
        all.iter().flat_map(|one| one.receipts.clone()).collect()
    }
}

#[test]
fn appends_reach_the_writer_through_any_instance_and_writers_that_are_killed_are_followed() {
    let Some(fleet) = Fleet::new("instances that hand appends on, in PostgreSQL") else {
        return;
    };
    let mut instances = [0, 1, 2].map(|which| Some(fleet.start(which)));
    let clients = Clients::of(&fleet);
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        // Each of them takes some, and in the middle of its work the writer is killed.
        clients.have(&[0, 1, 2], 10, Instant::now());
        let writer = fleet.writer().unwrap();
        let gone = instances[writer].take().unwrap();
        let killed = Instant::now();
        gone.signal("KILL");
        let _ = gone.end();
        let left: Vec<usize> = (0..3).filter(|which| *which != writer).collect();
        let first = left
            .iter()
            .map(|one| clients.have(&[*one], 1, Instant::now()));
        let first = first.min().unwrap();
        times.push((first - killed).as_millis());
        assert_ne!(fleet.writer(), Some(writer));
        instances[writer] = Some(fleet.start(writer));
    }
    clients.have(&[0, 1, 2], 10, Instant::now());
    let acknowledged = clients.end();
    killed(instances.into_iter().flatten());
    println!(
        "an append that was sent after the writer's end was acknowledged after {times:?} ms; {} receipts",
        acknowledged.len()
    );
    all_are_there(&fleet.place, &acknowledged);
}

/// A119: whoever has the writer's password says in the store that the writer is at his address.
#[test]
fn a119_nothing_of_a_caller_goes_to_an_address_that_the_store_alone_names() {
    let Some((fleet, first, second)) = Fleet::of_two("addresses that a thief put into PostgreSQL")
    else {
        return;
    };
    // Who is not known is not handed on.
    assert_eq!(fleet.send(1, None).unwrap().0, 401);
    assert_eq!(fleet.send(1, Some("aat_x")).unwrap().0, 401);
    let thief = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = thief.local_addr().unwrap();
    thief.set_nonblocking(true).unwrap();
    for said in [
        format!("http://{address}"),
        format!("{}@{address}", fleet.urls[0]),
        format!("http://{address}/{}", fleet.urls[0]),
        "no address".into(),
    ] {
        fleet.say(&fleet.urls[0]);
        fleet.answers(1, 201);
        let answer = fleet.misled(1, &said);
        let detail = answer["detail"].as_str().unwrap();
        assert!(detail.contains("none of --peer"), "{detail}");
        assert!(!detail.contains(&address.port().to_string()), "{detail}");
    }
    assert!(thief.accept().is_err(), "somebody came");
    // The writer itself takes them all the while, and says anew where it is.
    fleet.answers(0, 201);
    fleet.answers(1, 201);
    assert_eq!(fleet.writer(), Some(0));
    killed([first, second]);
}

/// A120: instances that each take another one for the writer.
#[test]
fn a120_a_request_is_handed_on_once() {
    let Some(fleet) = Fleet::new("instances that take each other for the writer") else {
        return;
    };
    let first = fleet.start(0);
    fleet.answers(0, 201);
    let others = [fleet.start(1), fleet.start(2)];
    fleet.answers(1, 201);
    fleet.answers(2, 201);
    // The second one hands it to the third, which hands it to nobody.
    let third = &fleet.urls[2];
    let detail = fleet.misled(1, third)["detail"].to_string();
    assert!(detail.contains("took this one for the writer"), "{detail}");
    let detail = fleet.misled(2, third)["detail"].to_string();
    assert!(detail.contains("takes over just now"), "{detail}");
    fleet.answers(1, 201);
    killed([first].into_iter().chain(others));
}

#[test]
fn an_instance_that_stands_by_and_is_told_to_end_finishes_what_it_hands_on() {
    let Some((fleet, first, second)) =
        Fleet::of_two("an instance that is ended while it stands by")
    else {
        return;
    };
    // The writer holds its lock, and answers nothing for a while.
    first.signal("STOP");
    let sent = fleet.sends(1);
    std::thread::sleep(Duration::from_secs(2));
    second.signal("TERM");
    std::thread::sleep(Duration::from_secs(1));
    first.signal("CONT");
    let (status, said) = sent.join().unwrap().unwrap();
    assert_eq!(status, 201, "{said}");
    let (code, said) = ended(second);
    assert_eq!(code, Some(0), "{said}");
    // The writer hears nothing of it, and ends in order, too.
    fleet.answers(0, 201);
    first.signal("TERM");
    let (code, said) = ended(first);
    assert_eq!(code, Some(0), "{said}");
}

/// The lock is free while it finishes what it hands on: it must be nobody's when it has ended.
#[test]
fn an_instance_that_is_told_to_end_takes_nothing_over() {
    let Some((fleet, first, second)) =
        Fleet::of_two("an instance that is ended while the lock gets free")
    else {
        return;
    };
    first.signal("STOP");
    let sent = fleet.sends(1);
    std::thread::sleep(Duration::from_secs(2));
    second.signal("TERM");
    std::thread::sleep(Duration::from_secs(1));
    fleet.end_sessions();
    // As long as it would need to take it.
    std::thread::sleep(Duration::from_secs(5));
    first.signal("CONT");
    // Whatever the former writer makes of it.
    let _ = sent.join().unwrap();
    let (code, said) = ended(second);
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("the writer now"), "{said}");
    killed([first]);
}

/// Whoever has the password of the role that appends needs no lock to put a row behind a log.
#[test]
fn a_row_behind_one_log_keeps_no_other_from_its_writer() {
    let what = "a row that somebody put behind a log in PostgreSQL";
    let Some(fleet) = Fleet::with(what, &["second"]) else {
        return;
    };
    let writer = fleet.start(0);
    fleet.answers(0, 201);
    fleet.server.sql(
        "INSERT INTO ai_audit.receipts (log, seq, sealed_at, kind, hash, id, sealed)
         SELECT r.log, r.seq + 1, r.sealed_at, 2, sha256('\\x00'::bytea || 'garbage'::bytea),
                decode(repeat('07', 16), 'hex'), 'garbage'::bytea || decode(repeat('00', 64), 'hex')
         FROM ai_audit.receipts r JOIN ai_audit.logs l ON l.id = r.log
         WHERE l.name = 'default' ORDER BY r.seq DESC LIMIT 1",
    );
    fleet.answers(0, 503);
    // Longer than it takes to ask who has the lock.
    std::thread::sleep(Duration::from_secs(5));
    let other = format!("{}/v1/logs/second/decisions", fleet.urls[0]);
    let (status, said) = send(&agent(), &other, Some(&fleet.token), BODY).unwrap();
    assert_eq!(status, 201, "{said}");
    // That one stays refused.
    let detail = fleet.answers(0, 503)["detail"].to_string();
    assert!(detail.contains("default is not attached"), "{detail}");
    killed([writer]);
}

/// A109, with a supervisor that starts again what has ended: the writer lost the lock while it was stopped.
#[test]
fn a109_a_writer_that_lost_the_lock_ends_by_itself_and_stands_by_when_it_is_started_again() {
    let Some((fleet, first, second)) = Fleet::of_two("a writer that comes back among instances")
    else {
        return;
    };
    first.signal("STOP");
    fleet.end_sessions();
    let began = Instant::now();
    while fleet.writer() != Some(1) {
        assert!(began.elapsed() < LONG, "nobody takes over");
        std::thread::sleep(Duration::from_millis(50));
    }
    fleet.answers(1, 201);
    // Nobody appends through it, and it finds out nevertheless.
    first.signal("CONT");
    let (code, said) = ended(first);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("another writer has taken the logs over"),
        "{said}"
    );
    let first = fleet.start(0);
    fleet.answers(0, 201);
    assert_eq!(fleet.writer(), Some(1));
    killed([first, second]);
}

pub(super) fn killed(instances: impl IntoIterator<Item = Serving>) {
    for instance in instances {
        instance.signal("KILL");
        let _ = instance.end();
    }
}

/// How it ended by itself, within a time.
pub(super) fn ended(instance: Serving) -> (Option<i32>, String) {
    let (tell, hears) = mpsc::channel();
    std::thread::spawn(move || tell.send(instance.end()));
    hears.recv_timeout(LONG).expect("it does not end")
}

#[test]
fn what_is_handed_to_whom_is_said_beforehand_and_encrypted() {
    let place = Place::new();
    let serve = ["serve", "audit", "--open", "--listen", "127.0.0.1:0"];
    let with = |more: &[&str]| place.run(&[&serve[..], more].concat());
    let own = ["--standby", "--advertise", "http://127.0.0.1:1"];
    for (more, expected) in [
        (&own[1..], "--standby"),
        (&own[..], "--peer"),
        (&["--peer", "http://127.0.0.1:2"], "--advertise"),
        (
            &["--peer-cert", "b.pem", "--peer-key", "b.key"],
            "--client-ca",
        ),
    ] {
        let done = with(more);
        assert_eq!(done.code, 2, "{}", done.err);
        assert!(done.err.contains(expected), "{}", done.err);
    }
    // Where callers need a certificate, an instance does, too, and none is shown without TLS.
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
    place.write("c.pem", &params.self_signed(&key).unwrap().pem());
    place.write("k.pem", &key.serialize_pem());
    let tls = ["--tls-cert", "c.pem", "--tls-key", "k.pem"];
    let of = ["--client-ca", "c.pem", "--peer", "https://a.example"];
    let asks = [&own[..], &tls, &of].concat();
    let shows = ["--peer-cert", "c.pem", "--peer-key", "k.pem"];
    for (more, expected) in [(&shows[..0], "--peer-cert"), (&shows[..], "PostgreSQL")] {
        let done = with(&[&asks[..], more].concat());
        assert_eq!(done.code, 2, "{}", done.err);
        assert!(done.err.contains(expected), "{}", done.err);
    }
    for (peer, expected) in [
        ("http://10.0.0.1:8787", "expected https"),
        ("https://me:secret@a.example", "without credentials"),
        ("http://127.0.0.1:2", "expected the address of a PostgreSQL"),
    ] {
        let done = with(&[&own[..], &["--peer", peer]].concat());
        assert_eq!(done.code, 2, "{}", done.err);
        assert!(done.err.contains(expected), "{}", done.err);
        assert!(!done.err.contains("secret"), "{}", done.err);
    }
}
