//! Writers that are killed in the middle of their work, one after the other, and who answers next.

use super::standby::{LONG, Standby};
use super::{copy, init, prepared};
use crate::serve::{Serving, agent, all_are_there, send};
use serde_json::Value;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How many writers are killed.
const ROUNDS: usize = 4;

/// An append that was acknowledged: by whom, when, and its receipts.
struct Acknowledged {
    by: String,
    at: Instant,
    receipts: Vec<Value>,
}

/// Clients behind a balancer: they send to whoever serves, and try again until they are told to stop.
struct Clients {
    to: Arc<Mutex<String>>,
    over: Arc<AtomicBool>,
    acknowledged: Arc<Mutex<Vec<Acknowledged>>>,
    threads: Vec<JoinHandle<()>>,
}

impl Clients {
    fn of(serving: &Serving) -> Self {
        let to = Arc::new(Mutex::new(serving.decisions()));
        let (over, acknowledged) = (Arc::<AtomicBool>::default(), Arc::default());
        let threads = (0..4).map(|_| {
            let (to, over) = (Arc::clone(&to), Arc::clone(&over));
            let acknowledged: Arc<Mutex<Vec<Acknowledged>>> = Arc::clone(&acknowledged);
            std::thread::spawn(move || {
                let agent = agent();
                while !over.load(Ordering::Relaxed) {
                    let by = to.lock().unwrap().clone();
                    let body = r#"{"records": [{"model": "a", "input": "x"}, {"model": "b"}]}"#;
                    let Some((201, answer)) = send(&agent, &by, None, body) else {
                        std::thread::sleep(Duration::from_millis(5));
                        continue;
                    };
                    let (at, receipts) = (Instant::now(), answer["receipts"].as_array().unwrap());
                    let receipts = receipts.clone();
                    let one = Acknowledged { by, at, receipts };
                    acknowledged.lock().unwrap().push(one);
                }
            })
        });
        let threads = threads.collect();
        Self {
            to,
            over,
            acknowledged,
            threads,
        }
    }

    fn send_to(&self, serving: &Serving) {
        *self.to.lock().unwrap() = serving.decisions();
    }

    /// Waits until this one has acknowledged so many appends since a moment; when it did so first.
    fn has(&self, serving: &Serving, count: usize, since: Instant) -> Instant {
        let (began, url) = (Instant::now(), serving.decisions());
        loop {
            let found: Vec<Instant> = (self.acknowledged.lock().unwrap().iter())
                .filter(|one| one.by == url && one.at >= since)
                .map(|one| one.at)
                .collect();
            if found.len() >= count {
                return found.into_iter().min().unwrap();
            }
            assert!(began.elapsed() < LONG, "{url} acknowledges nothing");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn end(self) -> Vec<Value> {
        self.over.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().unwrap();
        }
        let all = self.acknowledged.lock().unwrap();
        all.iter().flat_map(|one| one.receipts.clone()).collect()
    }
}

#[test]
fn writers_that_are_killed_under_load_are_followed_and_nothing_acknowledged_is_lost() {
    let Some((server, place)) = prepared("takeovers under load in PostgreSQL") else {
        return;
    };
    init(&server, &place);
    copy(&place.path("audit"), &place.path("copy"));
    let mut writer = Serving::start(&place, &["--open"]);
    let clients = Clients::of(&writer);
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        let standby = Standby::start(&place, ["copy", "audit"][round % 2]);
        // In the middle of its work.
        clients.has(&writer, 20, Instant::now());
        let killed = Instant::now();
        writer.signal("KILL");
        let _ = writer.end();
        writer = standby.serves();
        let listens = killed.elapsed();
        clients.send_to(&writer);
        let answered = clients.has(&writer, 1, killed) - killed;
        times.push((listens.as_millis(), answered.as_millis()));
    }
    clients.has(&writer, 20, Instant::now());
    let acknowledged = clients.end();
    writer.signal("KILL");
    let _ = writer.end();
    let count = acknowledged.len();
    println!(
        "taken over, in ms until it listens and until it acknowledges: {times:?}; {count} receipts"
    );
    // Each has its place, id and hash in one chain that is verified.
    all_are_there(&place, &acknowledged);
}
