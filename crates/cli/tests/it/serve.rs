//! `ai-audit serve` and `ai-audit token`: the process, its signals, its disk.

use crate::run::{Place, clean, program};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A service in a process of its own.
pub(crate) struct Serving {
    child: Child,
    url: String,
}

impl Serving {
    pub(crate) fn start(place: &Place, args: &[&str]) -> Self {
        let mut command = Command::new(program());
        command
            .args(["serve", "audit", "--listen", "127.0.0.1:0", "--json"])
            .args(args);
        Self::of(clean(command, &place.path("")))
    }

    pub(crate) fn of(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let Ok(said) = serde_json::from_str::<Value>(&line) else {
            let mut error = String::new();
            child
                .stderr
                .take()
                .unwrap()
                .read_to_string(&mut error)
                .unwrap();
            panic!("{line}{error}");
        };
        Self {
            child,
            url: said["url"].as_str().unwrap().to_owned(),
        }
    }

    /// One that was started otherwise.
    pub(crate) fn already(child: Child, url: &str) -> Self {
        Self {
            child,
            url: url.to_owned(),
        }
    }

    pub(crate) fn decisions(&self) -> String {
        format!("{}/v1/logs/default/decisions", self.url)
    }

    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-s", name, &id])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Waits for its end; the exit code, and what it said of it.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let code = self.child.wait().unwrap().code();
        let mut error = String::new();
        if let Some(mut said) = self.child.stderr.take() {
            said.read_to_string(&mut error).unwrap();
        }
        (code, error)
    }
}

pub(crate) fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    config
        .timeout_global(Some(Duration::from_secs(20)))
        .build()
        .new_agent()
}

pub(crate) fn send(
    agent: &ureq::Agent,
    url: &str,
    token: Option<&str>,
    body: &str,
) -> Option<(u16, Value)> {
    let mut request = agent.post(url).header("Content-Type", "application/json");
    if let Some(token) = token {
        request = request.header("Authorization", format!("Bearer {token}"));
    }
    let mut answer = request.send(body).ok()?;
    let text = answer.body_mut().read_to_string().ok()?;
    Some((answer.status().as_u16(), serde_json::from_str(&text).ok()?))
}

/// Sends decisions from several threads until it is told to stop; what was acknowledged, and every
/// other status.
struct Load {
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<(Vec<Value>, Vec<u16>)>>,
}

impl Load {
    fn on(url: &str) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let threads = (0..4).map(|_| {
            let (url, over) = (url.to_owned(), Arc::clone(&over));
            std::thread::spawn(move || {
                let agent = agent();
                let (mut acknowledged, mut others) = (Vec::new(), Vec::new());
                while !over.load(Ordering::Relaxed) {
                    let body = r#"{"records": [{"model": "a", "input": "x"}, {"model": "b"}]}"#;
                    match send(&agent, &url, None, body) {
                        Some((201, answer)) => {
                            acknowledged.extend(answer["receipts"].as_array().unwrap().clone());
                        }
                        Some((status, _)) => others.push(status),
                        // The service is gone: nothing was acknowledged.
                        None => std::thread::sleep(Duration::from_millis(5)),
                    }
                }
                (acknowledged, others)
            })
        });
        Self {
            over: Arc::clone(&over),
            threads: threads.collect(),
        }
    }

    fn end(self) -> (Vec<Value>, Vec<u16>) {
        self.over.store(true, Ordering::Relaxed);
        let all = self
            .threads
            .into_iter()
            .map(|thread| thread.join().unwrap());
        let (acknowledged, others): (Vec<_>, Vec<_>) = all.unzip();
        (acknowledged.concat(), others.concat())
    }
}

/// What the log has is what was acknowledged, and it is verified.
pub(crate) fn all_are_there(place: &Place, acknowledged: &[Value]) {
    all_are_in(place, "default", acknowledged);
    assert!(acknowledged.len() > 10, "{}", acknowledged.len());
}

/// A log has each receipt that was acknowledged at its place, and is one chain, up to its last receipt.
pub(crate) fn all_are_in(place: &Place, log: &str, acknowledged: &[Value]) {
    let read = ["log", "audit", "--log", log, "-n", "1000000", "--json"];
    let all = place.run(&read).good().json();
    let by_seq: std::collections::BTreeMap<u64, &Value> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["seq"].as_u64().unwrap(), one))
        .collect();
    for receipt in acknowledged {
        let there = by_seq[&receipt["seq"].as_u64().unwrap()];
        let sent = (&receipt["id"], &receipt["hash"]);
        assert_eq!((&there["id"], &there["hash"]), sent);
    }
    let note = format!("{log}.note");
    let make = ["checkpoint", "audit", "--log", log, "-o", &note];
    place.run(&make).good();
    let key = match log {
        "default" => "audit/log.pub".to_owned(),
        other => format!("audit/{other}/log.pub"),
    };
    let held = ["--key", &key, "--log", log, "--checkpoint", &note];
    let verified = place.run(&[&["verify", "audit"][..], &held].concat());
    assert!(verified.good().out.contains("VERIFIED"), "{log}");
}

#[test]
fn tokens_are_made_listed_revoked_and_let_in() {
    let place = Place::new();
    let refused = place.run(&["serve", "audit", "--listen", "127.0.0.1:0"]);
    assert!(
        refused
            .sentence(2)
            .contains("make one with `ai-audit token create audit`")
    );
    let refused = place.run(&["serve", "audit", "--open", "--listen", "0.0.0.0:0"]);
    assert!(refused.sentence(2).contains("no loopback address"));
    let args = [
        "token",
        "create",
        "audit",
        "--scope",
        "append,read",
        "--expires",
        "90d",
        "--note",
        "bot",
        "--json",
    ];
    let made = place.run(&args).good().json();
    let (token, id) = (
        made["token"].as_str().unwrap(),
        made["id"].as_str().unwrap(),
    );
    assert!(token.starts_with("aat_") && token.len() == 47, "{token}");
    let refused = place.run(&["serve", "audit", "--listen", "0.0.0.0:0"]);
    assert!(refused.sentence(2).contains("--plaintext"));
    let listed = place.run(&["token", "list", "audit"]).good().out;
    assert!(
        listed.contains(id)
            && listed.contains("append, read in all logs")
            && listed.contains("bot")
    );
    assert!(!listed.contains(token));

    let serving = Serving::start(&place, &[]);
    let url = serving.decisions();
    assert_eq!(send(&agent(), &url, None, "{}").unwrap().0, 401);
    assert_eq!(send(&agent(), &url, Some(token), "{}").unwrap().0, 201);
    assert_eq!(
        send(
            &agent(),
            &url.replace("decisions", "checkpoint"),
            Some(token),
            ""
        )
        .unwrap()
        .0,
        403
    );
    // The one writer has the directory.
    place.run(&["record", "audit", "-"]).sentence(1);
    place.run(&["token", "revoke", "audit", &id[..4]]).good();
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(send(&agent(), &url, Some(token), "{}").unwrap().0, 401);
    serving.signal("TERM");
    assert_eq!(serving.end().0, Some(0));
    let expires = |when| {
        [
            "token",
            "create",
            "audit",
            "--scope",
            "read",
            "--expires",
            when,
        ]
    };
    for (args, said) in [
        (
            &["token", "revoke", "audit", "zz"][..],
            "there is no token zz",
        ),
        (
            &["token", "create", "audit", "--scope", "read", "--log", "no"],
            "has no log no",
        ),
        (&expires("soon"), "expected"),
        (&expires("2020-01-01T00:00:00Z"), "past"),
        // Its time would be written and not read back, and nobody got in any more.
        (&expires("3000000d"), "before the year 10000"),
        (&["token", "list", "nowhere"], "no log directory"),
    ] {
        assert!(place.run(args).sentence(2).contains(said), "{args:?}");
    }
    // More than a clock counts.
    let forever = ["serve", "audit", "--timeout", "18446744073709551615"];
    let refused = place.run(&forever);
    assert_eq!(refused.code, 2, "{}", refused.err);
    assert!(refused.err.contains("86400"), "{}", refused.err);
}

/// A service in the middle of much work.
#[cfg(unix)]
fn under_load() -> (Place, Serving, Load) {
    let place = Place::new();
    let serving = Serving::start(&place, &["--open"]);
    let load = Load::on(&serving.decisions());
    std::thread::sleep(Duration::from_millis(800));
    (place, serving, load)
}

#[cfg(unix)]
#[test]
fn sigterm_under_load_loses_nothing_acknowledged() {
    let (place, serving, load) = under_load();
    serving.signal("TERM");
    let begun = Instant::now();
    let (code, error) = serving.end();
    assert_eq!(code, Some(0), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(20));
    let (acknowledged, others) = load.end();
    assert!(others.iter().all(|status| *status == 503), "{others:?}");
    let log = place
        .run(&["log", "audit", "-n", "1", "--json"])
        .good()
        .json();
    assert_eq!(log[0]["kind"], "stop");
    assert_eq!(log[0]["body"]["reason"], "SIGTERM or SIGINT");
    all_are_there(&place, &acknowledged);
}

#[cfg(unix)]
#[test]
fn sigkill_under_load_loses_nothing_acknowledged() {
    let (place, serving, load) = under_load();
    serving.signal("KILL");
    assert_eq!(serving.end().0, None);
    let (acknowledged, others) = load.end();
    assert!(others.is_empty(), "{others:?}");
    // The next start says that it was not closed.
    let again = Serving::start(&place, &["--open"]);
    assert_eq!(
        send(&agent(), &again.decisions(), None, "{}").unwrap().0,
        201
    );
    again.signal("INT");
    assert_eq!(again.end().0, Some(0));
    let starts = place
        .run(&["log", "audit", "--kind", "start", "-n", "1", "--json"])
        .good()
        .json();
    assert_eq!(starts[0]["body"]["clean"], false);
    all_are_there(&place, &acknowledged);
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_never_acknowledged() {
    let place = Place::new();
    let script = format!(
        "trap '' XFSZ; ulimit -f 1200; exec '{}' serve audit --listen 127.0.0.1:0 --json --open",
        program()
    );
    let mut command = Command::new("bash");
    command.args(["-c", &script]);
    let serving = Serving::of(clean(command, &place.path("")));
    let (agent, url) = (agent(), serving.decisions());
    let tag = "t".repeat(3000);
    let body = json!({"records": vec![json!({"tags": [tag]}); 50]}).to_string();
    let mut acknowledged = Vec::new();
    let mut refused = 0;
    for _ in 0..100 {
        match send(&agent, &url, None, &body).unwrap() {
            (201, answer) => acknowledged.extend(answer["receipts"].as_array().unwrap().clone()),
            (503, answer) => {
                assert!(answer["detail"].is_string(), "{answer}");
                refused += 1;
            }
            other => panic!("{other:?}"),
        }
        if refused == 3 {
            break;
        }
    }
    assert_eq!(refused, 3);
    let ready = agent.get(format!("{}/readyz", serving.url)).call().unwrap();
    assert_eq!(ready.status().as_u16(), 503);
    serving.signal("KILL");
    serving.end();
    all_are_there(&place, &acknowledged);
}

/// What systemd hears of a service of `Type=notify`.
#[cfg(unix)]
#[test]
fn a_supervisor_hears_when_it_listens_and_when_it_ends() {
    let place = Place::new();
    let path = place.path("notify");
    let socket = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let heard = || {
        let mut said = [0; 64];
        let length = socket.recv(&mut said).unwrap();
        String::from_utf8_lossy(&said[..length]).trim().to_owned()
    };
    let mut command = Command::new(program());
    command.args(["serve", "audit", "--listen", "127.0.0.1:0"]);
    command.args(["--json", "--open"]);
    let mut command = clean(command, &place.path(""));
    command.env("NOTIFY_SOCKET", &path);
    let serving = Serving::of(command);
    assert_eq!(heard(), "READY=1");
    assert_eq!(
        send(&agent(), &serving.decisions(), None, "{}").unwrap().0,
        201
    );
    serving.signal("TERM");
    assert_eq!(heard(), "STOPPING=1");
    assert_eq!(serving.end().0, Some(0));
}
