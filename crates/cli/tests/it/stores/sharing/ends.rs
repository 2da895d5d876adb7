//! How an instance that shares the logs ends, also one that lost some, and what becomes of logs whose holder does not answer or
//! cannot write to them.

use super::super::routing::{BODY, DIRECTORIES, Fleet, ended, killed};
use super::super::standby::LONG;
use super::{
    Clients, ENDLESS, LOGS, OVER, SHORT, SLOW, answers, decisions, fleet, holder, offer, start,
    until,
};
use crate::serve::{Serving, agent, all_are_in, send};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// A token of this scope, known to all instances.
fn token(fleet: &Fleet, scope: &str) -> String {
    let create = ["token", "create", "audit", "--scope", scope, "--json"];
    let token = fleet.place.run(&create).good().json()["token"].clone();
    let from = fleet.place.path("audit").join("tokens.toml");
    for directory in &DIRECTORIES[1..] {
        let to = fleet.place.path(directory).join("tokens.toml");
        std::fs::copy(&from, to).unwrap();
    }
    token.as_str().unwrap().to_owned()
}

fn stops(fleet: &Fleet, log: &str) -> usize {
    let args = ["log", "audit", "--log", log, "--kind", "stop", "--json"];
    let stops = fleet.place.run(&args).good().json();
    stops.as_array().unwrap().len()
}

/// A110: it finds that its logs went on elsewhere, and ends in order all the same.
#[test]
fn a110_an_instance_that_lost_its_logs_while_it_was_stopped_ends_in_order() {
    let Some(fleet) = fleet("an instance that lost logs and ends, in PostgreSQL") else {
        return;
    };
    let [first, second] = [0, 1].map(|which| start(&fleet, which, SHORT));
    answers(&fleet, 0, "default", 201);
    answers(&fleet, 1, "second", 201);
    let clients = Clients::of(&fleet);
    clients.first(Instant::now(), |one| one.log == 0 && one.through == 0);
    first.signal("STOP");
    until("another one has the log", || {
        holder(&fleet, LOGS[0]) == Some(1)
    });
    // With what it was at, and what came meanwhile.
    let went_on = Instant::now();
    first.signal("CONT");
    clients.first(went_on, |one| one.log == 0 && one.through == 0);
    first.signal("TERM");
    let (code, said) = ended(first);
    assert_eq!(code, Some(0), "{said}");
    for log in LOGS {
        assert_ne!(holder(&fleet, log), Some(0), "{log}");
    }
    let acknowledged = clients.end();
    killed([second]);
    for (log, receipts) in &acknowledged {
        all_are_in(&fleet.place, LOGS[*log], receipts);
    }
}

/// With one thread for all that waits for files, so that its end does not wait for requests that wait for it.
#[test]
fn an_instance_that_is_told_to_end_under_load_stops_its_logs_and_gives_them_back() {
    let Some(fleet) = fleet("an end under load among instances in PostgreSQL") else {
        return;
    };
    let how = ["--shared", "--lease", ENDLESS, "--threads", "1"];
    let first = fleet.start_as(0, &how);
    for log in LOGS {
        answers(&fleet, 0, log, 201);
    }
    let before = LOGS.map(|log| stops(&fleet, log));
    let second = start(&fleet, 1, ENDLESS);
    let clients = Clients::of(&fleet);
    for log in 0..LOGS.len() {
        clients.first(Instant::now(), |one| one.log == log && one.through == 1);
    }
    let told = Instant::now();
    first.signal("TERM");
    let (code, said) = ended(first);
    assert_eq!(code, Some(0), "{said}");
    // Nobody waits for a lease of ten minutes.
    for (log, name) in LOGS.iter().enumerate() {
        clients.first(told, |one| one.log == log && one.through == 1);
        assert_eq!(holder(&fleet, name), Some(1));
    }
    let acknowledged = clients.end();
    killed([second]);
    for (index, log) in LOGS.iter().enumerate() {
        assert_eq!(stops(&fleet, log), before[index] + 1, "{log}");
    }
    for (log, receipts) in &acknowledged {
        all_are_in(&fleet.place, LOGS[*log], receipts);
    }
}

/// Requests for the logs of a holder that is stopped take no more than their share of the places, and wait no longer than its
/// leases last.
#[test]
fn a_holder_that_is_stopped_holds_nothing_up_at_the_others() {
    let Some(fleet) = fleet("a holder that is stopped, beside others in PostgreSQL") else {
        return;
    };
    let how = ["--shared", "--lease", SHORT, "--max-requests", "9"];
    let [first, second] = [0, 1].map(|which| fleet.start_as(which, &how));
    answers(&fleet, 0, "default", 201);
    answers(&fleet, 1, "second", 201);
    answers(&fleet, 1, "default", 201);
    first.signal("STOP");
    let stopped = Instant::now();
    let waiting: Vec<_> = (0..24)
        .map(|_| {
            let (url, token) = (decisions(&fleet.urls[1], "default"), fleet.token.clone());
            std::thread::spawn(move || {
                let answer = send(&agent(), &url, Some(&token), BODY);
                (answer.unwrap().0, stopped.elapsed())
            })
        })
        .collect();
    // Those that find no place on the way to it are answered at once.
    std::thread::sleep(Duration::from_millis(500));
    // Whatever the others wait for, there is room for what is worked here.
    while holder(&fleet, "default") == Some(0) {
        let (status, said) = offer(&fleet, 1, "second").unwrap();
        assert_eq!(status, 201, "{said}");
        assert!(stopped.elapsed() < LONG, "nobody takes it over");
        std::thread::sleep(Duration::from_millis(20));
    }
    for one in waiting {
        let (status, after) = one.join().unwrap();
        assert!(matches!(status, 201 | 503), "{status}");
        assert!(after < OVER + SLOW, "{after:?}");
    }
    answers(&fleet, 1, "default", 201);
    killed([first, second]);
}

/// An instance without a log's key gives its lease up, and another one takes it though nobody asks.
#[test]
fn a_log_that_cannot_be_attached_here_is_another_ones() {
    let Some(fleet) = fleet("a log whose key one instance lacks, in PostgreSQL") else {
        return;
    };
    let key = fleet.place.path(DIRECTORIES[1]).join("second");
    std::fs::remove_file(key.join("keys").join("receipt.pem")).unwrap();
    let [first, second] = [0, 1].map(|which| start(&fleet, which, SHORT));
    let (status, said) = offer(&fleet, 1, "second").unwrap();
    assert_eq!(status, 503, "{said}");
    let detail = said["detail"].as_str().unwrap();
    assert!(detail.contains("cannot be attached"), "{detail}");
    answers(&fleet, 1, "third", 201);
    answers(&fleet, 0, "second", 201);
    assert_eq!(holder(&fleet, "second"), Some(0));
    // Its holder is gone. Whoever of those that are left takes it first, it comes to the one that has the key.
    let third = start(&fleet, 2, SHORT);
    answers(&fleet, 2, "third", 201);
    killed([first]);
    let began = Instant::now();
    until("the one that has the key has the log", || {
        holder(&fleet, "second") == Some(2)
    });
    println!("taken over after {:?}", began.elapsed());
    answers(&fleet, 1, "second", 201);
    let said = told_by(second);
    assert!(said.contains("its lease is given up"), "{said}");
    killed([third]);
}

/// What an instance said, which is killed for it.
fn told_by(instance: Serving) -> String {
    instance.signal("KILL");
    instance.end().1
}

/// Nobody has a lease looked at, or taken, by a request that he may not make.
#[test]
fn what_a_caller_may_not_do_takes_no_lease() {
    let Some(fleet) = fleet("callers that may not, among instances in PostgreSQL") else {
        return;
    };
    let reads = token(&fleet, "read");
    let instances = [0, 1].map(|which| start(&fleet, which, ENDLESS));
    answers(&fleet, 0, "default", 201);
    answers(&fleet, 1, "default", 201);
    let post = |log: &str, what: &str, token: &str| {
        let url = format!("{}/v1/logs/{log}/{what}", fleet.urls[1]);
        send(&agent(), &url, Some(token), BODY).unwrap().0
    };
    for log in ["default", "third"] {
        assert_eq!(post(log, "checkpoint", &fleet.token), 403, "{log}");
        for what in ["decisions", "reviews", "incidents", "otlp/v1/traces"] {
            assert_eq!(post(log, what, &reads), 403, "{log}: {what}");
        }
    }
    assert_eq!(post("nowhere", "decisions", &fleet.token), 404);
    let traces = format!("{}/v1/traces", fleet.urls[1]);
    assert_eq!(send(&agent(), &traces, Some(&reads), "{}").unwrap().0, 403);
    let taken = fleet
        .server
        .sql("SELECT count(*) FROM ai_audit.leases WHERE log <> 'default'");
    assert_eq!(taken, "0");
    killed(instances);
}

/// What became nothing of an export is in the memory of the instance that worked it, and told by whoever is asked.
#[test]
fn what_of_spans_became_nothing_is_told_by_whoever_is_asked() {
    let Some(fleet) = fleet("exports of spans among instances in PostgreSQL") else {
        return;
    };
    let reads = token(&fleet, "read");
    let instances = [0, 1].map(|which| start(&fleet, which, ENDLESS));
    answers(&fleet, 0, "default", 201);
    answers(&fleet, 1, "default", 201);
    let text = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    let span = json!({
        "traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "spanId": "00f067aa0ba902b8", "name": "chat",
        "startTimeUnixNano": "1764000001000000000", "endTimeUnixNano": "1764000002500000000",
        "attributes": [
            text("gen_ai.operation.name", "chat"),
            text("gen_ai.request.model", "a"),
        ],
    });
    let export = json!({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).to_string();
    // Through one that hands it on.
    let traces = format!("{}/v1/traces", fleet.urls[1]);
    let (status, said) = send(&agent(), &traces, Some(&fleet.token), &export).unwrap();
    assert_eq!(status, 200, "{said}");
    let told = |which: usize| -> Value {
        let mut answer = agent()
            .get(format!("{}/v1/logs/default/otlp", fleet.urls[which]))
            .header("Authorization", format!("Bearer {reads}"))
            .call()
            .unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        let said = answer.body_mut().read_to_string().unwrap();
        serde_json::from_str(&said).unwrap()
    };
    for which in [0, 1] {
        assert_eq!(told(which)["spans"], 1, "{which}");
    }
    assert_eq!(holder(&fleet, "default"), Some(0));
    killed(instances);
}

/// A112: whoever has the password of the role that appends writes leases of logs that are not there, before those that are.
#[test]
fn a112_leases_of_logs_that_are_not_there_take_none_away_and_are_not_told() {
    let Some(fleet) = fleet("leases of logs that are not there, in PostgreSQL") else {
        return;
    };
    let instance = start(&fleet, 0, SHORT);
    answers(&fleet, 0, "default", 201);
    let taken = || {
        let lease = "SELECT holder || ' ' || fence FROM ai_audit.leases WHERE log = 'default'";
        fleet.server.sql(lease)
    };
    let before = taken();
    fleet.server.sql(
        "INSERT INTO ai_audit.leases (log, holder, changes, length, fence)
         SELECT 'a' || n, 'http://127.0.0.1:1/0123456789abcdef', 0, 1000, 0 FROM generate_series(1, 150000) n",
    );
    // It renews its own, and takes none of those.
    std::thread::sleep(OVER + Duration::from_secs(1));
    answers(&fleet, 0, "default", 201);
    assert_eq!(taken(), before);
    let changed = "SELECT count(*) FROM ai_audit.leases WHERE log <> 'default' AND changes > 0";
    assert_eq!(fleet.server.sql(changed), "0");
    let said = told_by(instance);
    assert!(!said.contains("log a1"), "{said}");
}
