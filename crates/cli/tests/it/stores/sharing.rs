//! Instances that share the logs: each takes appends of all, and writes to those whose lease it holds. A107, A110, A119, A120.

mod certificates;
mod ends;
mod limits;

use super::routing::{BODY, DIRECTORIES, Fleet, ended, killed};
use super::standby::LONG;
use crate::serve::{Serving, agent, all_are_in, send};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const LOGS: [&str; 3] = ["default", "second", "third"];
/// How many holders are killed.
const ROUNDS: usize = 3;
/// Seconds of a lease: short, so that a test does not wait long.
const SHORT: &str = "3";
/// Seconds of a lease that no test waits for.
const ENDLESS: &str = "600";
/// After its last renewal such a log is another one's to take: length, margin, and two looks.
const OVER: Duration = Duration::from_millis(3000 + 300 + 2 * 300);
/// What a loaded machine needs beyond that to attach a log and to answer.
const SLOW: Duration = Duration::from_secs(6);

fn fleet(what: &str) -> Option<Fleet> {
    Fleet::with(what, &LOGS[1..])
}

fn start(fleet: &Fleet, which: usize, lease: &str) -> Serving {
    fleet.start_as(which, &["--shared", "--lease", lease])
}

fn decisions(url: &str, log: &str) -> String {
    format!("{url}/v1/logs/{log}/decisions")
}

fn offer(fleet: &Fleet, which: usize, log: &str) -> Option<(u16, Value)> {
    let url = decisions(&fleet.urls[which], log);
    send(&agent(), &url, Some(&fleet.token), BODY)
}

/// Offers it until it is answered so.
fn answers(fleet: &Fleet, which: usize, log: &str, expected: u16) -> Value {
    let began = Instant::now();
    loop {
        match offer(fleet, which, log) {
            Some((status, said)) if status == expected => return said,
            other => assert!(began.elapsed() < LONG, "{log}: {other:?}"),
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Which instance has a log's lease; none where it was given back, or is nobody's.
fn holder(fleet: &Fleet, log: &str) -> Option<usize> {
    let said = fleet.server.sql(&format!(
        "SELECT holder FROM ai_audit.leases WHERE log = '{log}' AND length > 0"
    ));
    let (address, run) = said.rsplit_once('/')?;
    assert_eq!(run.len(), 16, "{said}");
    fleet.urls.iter().position(|url| url == address)
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < LONG, "never: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Gives up an instance that was stopped, and goes on with the next.
fn impatient() -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    config
        .timeout_global(Some(Duration::from_secs(4)))
        .build()
        .new_agent()
}

/// An append that was acknowledged: in which log, through whom, when it was sent and answered, its receipts.
struct Acknowledged {
    log: usize,
    through: usize,
    sent: Instant,
    at: Instant,
    receipts: Vec<Value>,
}

#[derive(Default)]
struct Heard {
    acknowledged: Mutex<Vec<Acknowledged>>,
    others: Mutex<Vec<(u16, Value)>>,
}

/// Clients of a balancer that sends to each instance in turn, whoever is there, for each log in turn.
struct Clients {
    over: Arc<AtomicBool>,
    heard: Arc<Heard>,
    threads: Vec<JoinHandle<()>>,
}

impl Clients {
    fn of(fleet: &Fleet) -> Self {
        let (over, heard) = (Arc::<AtomicBool>::default(), Arc::<Heard>::default());
        let turn = Arc::<AtomicUsize>::default();
        let threads = (0..6).map(|_| {
            let (over, heard, turn) = (Arc::clone(&over), Arc::clone(&heard), Arc::clone(&turn));
            let (urls, token) = (fleet.urls.clone(), fleet.token.clone());
            std::thread::spawn(move || {
                let agent = impatient();
                while !over.load(Ordering::Relaxed) {
                    let turn = turn.fetch_add(1, Ordering::Relaxed);
                    let (through, log) = (turn % urls.len(), turn / urls.len() % LOGS.len());
                    let url = decisions(&urls[through], LOGS[log]);
                    let sent = Instant::now();
                    match send(&agent, &url, Some(&token), BODY) {
                        Some((201, answer)) => {
                            let receipts = answer["receipts"].as_array().unwrap().clone();
                            heard.acknowledged.lock().unwrap().push(Acknowledged {
                                log,
                                through,
                                sent,
                                at: Instant::now(),
                                receipts,
                            });
                            continue;
                        }
                        Some(other) => heard.others.lock().unwrap().push(other),
                        // That instance is gone.
                        None => {}
                    }
                    std::thread::sleep(Duration::from_millis(5));
                }
            })
        });
        let threads = threads.collect();
        Self {
            over,
            heard,
            threads,
        }
    }

    /// Waits until one of these that was sent after a moment is acknowledged; when it was.
    fn first(&self, since: Instant, wanted: impl Fn(&Acknowledged) -> bool) -> Instant {
        let began = Instant::now();
        loop {
            let all = self.heard.acknowledged.lock().unwrap();
            let found = all.iter().filter(|one| one.sent >= since && wanted(one));
            if let Some(at) = found.map(|one| one.at).min() {
                return at;
            }
            drop(all);
            let others = self.heard.others.lock().unwrap();
            assert!(began.elapsed() < LONG, "{:?}", others.last());
            drop(others);
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until each instance acknowledged something of each log that was sent after a moment.
    fn everywhere(&self, since: Instant) {
        for through in 0..DIRECTORIES.len() {
            for log in 0..LOGS.len() {
                self.first(since, |one| one.through == through && one.log == log);
            }
        }
    }

    /// The receipts that were acknowledged, by log. Nothing was answered but that, and that it may be sent again.
    fn end(self) -> BTreeMap<usize, Vec<Value>> {
        self.over.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().unwrap();
        }
        let others = self.heard.others.lock().unwrap();
        let wrong = others.iter().find(|(status, _)| *status != 503);
        assert_eq!(wrong, None);
        let mut by_log: BTreeMap<usize, Vec<Value>> = BTreeMap::new();
        for one in &*self.heard.acknowledged.lock().unwrap() {
            let receipts = by_log.entry(one.log).or_default();
            receipts.extend(one.receipts.iter().cloned());
        }
        by_log
    }
}

#[test]
fn each_log_is_written_to_by_one_instance_and_those_of_killed_ones_are_taken_over_in_time() {
    let Some(fleet) = fleet("instances that share logs in PostgreSQL") else {
        return;
    };
    let mut instances = [0, 1, 2].map(|which| Some(start(&fleet, which, SHORT)));
    // Each log is where it was asked for first, and stays there.
    for (which, log) in LOGS.iter().enumerate() {
        answers(&fleet, which, log, 201);
        assert_eq!(holder(&fleet, log), Some(which));
    }
    let clients = Clients::of(&fleet);
    clients.everywhere(Instant::now());
    for (which, log) in LOGS.iter().enumerate() {
        assert_eq!(holder(&fleet, log), Some(which));
    }
    let mut times = Vec::new();
    for log in LOGS.iter().take(ROUNDS) {
        // In the middle of its work.
        clients.everywhere(Instant::now());
        let victim = holder(&fleet, log).unwrap();
        let its: Vec<usize> = (0..LOGS.len())
            .filter(|log| holder(&fleet, LOGS[*log]) == Some(victim))
            .collect();
        let gone = instances[victim].take().unwrap();
        let killed = Instant::now();
        gone.signal("KILL");
        let _ = gone.end();
        for log in &its {
            let first = clients.first(Instant::now(), |one| one.log == *log);
            let took = first - killed;
            assert!(took < OVER + SLOW, "{} after {took:?}", LOGS[*log]);
            assert_ne!(holder(&fleet, LOGS[*log]), Some(victim));
            times.push(took.as_millis());
        }
        // The logs of others wait for nothing.
        for log in (0..LOGS.len()).filter(|log| !its.contains(log)) {
            let first = clients.first(killed, |one| one.log == log);
            assert!(first - killed < SLOW, "{} waited", LOGS[log]);
        }
        instances[victim] = Some(start(&fleet, victim, SHORT));
    }
    clients.everywhere(Instant::now());
    let acknowledged = clients.end();
    killed(instances.into_iter().flatten());
    let count: usize = acknowledged.values().map(Vec::len).sum();
    println!("taken over, in ms after the holder's end: {times:?}; {count} receipts");
    for (log, receipts) in &acknowledged {
        all_are_in(&fleet.place, LOGS[*log], receipts);
    }
    assert_eq!(acknowledged.len(), LOGS.len());
}

/// A110: a holder that was stopped, beyond its lease and in the middle of its work.
#[test]
fn a110_a_holder_that_was_stopped_and_goes_on_acknowledges_nothing_that_is_not_in_the_log() {
    let Some(fleet) = fleet("a holder that is stopped, in PostgreSQL") else {
        return;
    };
    let instances = [0, 1, 2].map(|which| start(&fleet, which, SHORT));
    for (which, log) in LOGS.iter().enumerate() {
        answers(&fleet, which, log, 201);
    }
    let clients = Clients::of(&fleet);
    for (log, name) in LOGS.iter().enumerate().take(2) {
        clients.everywhere(Instant::now());
        let victim = holder(&fleet, name).unwrap();
        let stopped = Instant::now();
        instances[victim].signal("STOP");
        until("another one has the lease", || {
            holder(&fleet, name).is_some_and(|which| which != victim)
        });
        let others = |one: &Acknowledged| one.log == log && one.through != victim;
        let first = clients.first(Instant::now(), others);
        let took = (first - stopped).as_millis();
        println!("stopped, and followed after {took} ms");
        // It goes on with what it was at, and with what came meanwhile.
        let went_on = Instant::now();
        instances[victim].signal("CONT");
        clients.first(went_on, |one| one.log == log && one.through == victim);
        assert_ne!(holder(&fleet, name), Some(victim));
    }
    clients.everywhere(Instant::now());
    let acknowledged = clients.end();
    killed(instances);
    for (log, receipts) in &acknowledged {
        all_are_in(&fleet.place, LOGS[*log], receipts);
    }
}

#[test]
fn an_instance_that_is_told_to_end_gives_its_logs_back_and_nobody_waits() {
    let Some(fleet) = fleet("leases that are given back in PostgreSQL") else {
        return;
    };
    let (first, second) = (start(&fleet, 0, ENDLESS), start(&fleet, 1, ENDLESS));
    for log in LOGS {
        answers(&fleet, 0, log, 201);
        answers(&fleet, 1, log, 201);
        assert_eq!(holder(&fleet, log), Some(0));
    }
    let told = Instant::now();
    first.signal("TERM");
    let (code, said) = ended(first);
    assert_eq!(code, Some(0), "{said}");
    for log in LOGS {
        assert_eq!(holder(&fleet, log), None);
        let receipt = answers(&fleet, 1, log, 201)["receipts"][0].clone();
        assert_eq!(holder(&fleet, log), Some(1));
        // It was stopped in order: a stop receipt, and a checkpoint up to it.
        let seq = receipt["seq"].as_u64().unwrap();
        let args = ["log", "audit", "--log", log, "--kind", "stop", "--json"];
        let stops = fleet.place.run(&args).good().json();
        let mut stops = stops.as_array().unwrap().iter();
        assert!(
            stops.any(|one| one["seq"].as_u64() == Some(seq - 2)),
            "{log}"
        );
    }
    assert!(told.elapsed() < LONG, "{:?}", told.elapsed());
    let sizes = fleet
        .server
        .sql("SELECT count(*) FROM ai_audit.checkpoints");
    assert!(sizes.parse::<u32>().unwrap() >= 3, "{sizes}");
    killed([second]);
}
