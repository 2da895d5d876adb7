//! What instances that share logs do not do: beside a sole writer, for whoever is not let in, for an address that a lease alone
//! names, twice, and what they refuse.

use super::super::refused;
use super::super::routing::{BODY, DIRECTORIES, Fleet, killed};
use super::super::standby::LONG;
use super::{ENDLESS, SHORT, answers, decisions, fleet, holder, start, until};
use crate::run::{Place, clean, lines, program};
use crate::serve::{Serving, agent, all_are_in, send};
use serde_json::Value;
use std::net::TcpListener;
use std::process::Command;
use std::time::Instant;

/// A107: what writes to all logs, and who shares them, keep each other out.
#[test]
fn a107_sole_writers_and_shared_ones_keep_each_other_out() {
    let Some(fleet) = fleet("sole writers beside shared ones in PostgreSQL") else {
        return;
    };
    let place = &fleet.place;
    place.write("lines.jsonl", &lines(1));
    let first = start(&fleet, 0, SHORT);
    answers(&fleet, 0, "default", 201);
    // A copy that no process has: the database tells, and not the file.
    let other = DIRECTORIES[2];
    let locked = "is locked by another writer (a connection from 127.0.0.1";
    for args in [
        &["record", other, "lines.jsonl"][..],
        &["serve", other, "--open", "--listen", "127.0.0.1:0"],
        &["key", "rotate", other],
    ] {
        refused(&place.run(args), 1, locked);
    }
    // What holds no lock works beside it.
    place.run(&["info", other]).good();
    place
        .run(&["checkpoint", other, "-o", "beside.note"])
        .good();
    killed([first]);
    place.run(&["record", other, "lines.jsonl"]).good();
    let mut command = Command::new(program());
    command.args([
        "serve",
        other,
        "--open",
        "--listen",
        "127.0.0.1:0",
        "--json",
    ]);
    let sole = Serving::of(clean(command, &place.path("")));
    let own = &fleet.urls[0];
    let peer = &fleet.urls[1];
    let args = [
        "serve",
        "audit",
        "--shared",
        "--listen",
        "127.0.0.1:0",
        "--advertise",
        own,
        "--peer",
        peer,
    ];
    refused(&place.run(&args), 1, locked);
    killed([sole]);
}

/// A119: whoever has the writer's password says in a lease that a log is at his address.
#[test]
fn a119_nothing_of_a_caller_goes_to_an_address_that_a_lease_alone_names() {
    let Some(fleet) = fleet("addresses that a thief put into a lease in PostgreSQL") else {
        return;
    };
    let instances = [0, 1].map(|which| start(&fleet, which, SHORT));
    answers(&fleet, 0, "default", 201);
    answers(&fleet, 1, "default", 201);
    assert_eq!(offer_as(&fleet, 1, None).0, 401);
    assert_eq!(offer_as(&fleet, 1, Some("aat_x")).0, 401);
    // Nobody has a lease taken who may not write.
    let nobody = decisions(&fleet.urls[1], "third");
    assert_eq!(send(&agent(), &nobody, None, BODY).unwrap().0, 401);
    assert_eq!(holder(&fleet, "third"), None);
    let thief = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = thief.local_addr().unwrap();
    thief.set_nonblocking(true).unwrap();
    let said = format!(
        "UPDATE ai_audit.leases SET holder = 'http://{address}/0123456789abcdef', changes = changes + 7
         WHERE log = 'default'"
    );
    for which in [1, 0] {
        let detail = misled(&fleet, which, &said);
        assert!(detail.contains("none of --peer"), "{detail}");
        assert!(!detail.contains(&address.port().to_string()), "{detail}");
    }
    // It is over as any other.
    answers(&fleet, 1, "default", 201);
    answers(&fleet, 0, "default", 201);
    assert!(thief.accept().is_err(), "somebody came");
    killed(instances);
}

fn offer_as(fleet: &Fleet, which: usize, token: Option<&str>) -> (u16, Value) {
    let url = decisions(&fleet.urls[which], "default");
    send(&agent(), &url, token, BODY).unwrap()
}

/// Has somebody say in the lease of the default log that it is there, until an instance answers with 503 for that. Who held it
/// takes it again as soon as it is over.
fn misled(fleet: &Fleet, which: usize, said: &str) -> String {
    let began = Instant::now();
    loop {
        fleet.server.sql(said);
        let (status, answer) = offer_as(fleet, which, Some(&fleet.token));
        let detail = answer["detail"].as_str().unwrap_or_default();
        // Until it has heard of it, it knows the one before.
        if status == 503 && detail.contains("address") {
            return detail.into();
        }
        assert!(began.elapsed() < LONG, "{status}: {answer}");
    }
}

/// As another instance would send it.
fn handed_on(fleet: &Fleet, which: usize, log: &str) -> (u16, Value) {
    let mut answer = agent()
        .post(decisions(&fleet.urls[which], log))
        .header("Content-Type", "application/json")
        .header("Authorization", format!("Bearer {}", fleet.token))
        .header("Ai-Audit-Forwarded", "1")
        .send(BODY)
        .unwrap();
    let said = answer.body_mut().read_to_string().unwrap();
    (
        answer.status().as_u16(),
        serde_json::from_str(&said).unwrap(),
    )
}

/// A110: two instances that each are sure of one lease, since somebody gave it back in the place of its holder. The end of the
/// log tells them apart.
#[test]
fn a110_a_holder_that_was_followed_and_has_not_heard_of_it_is_refused_by_the_end_of_the_log() {
    let Some(fleet) = fleet("two holders of one log in PostgreSQL") else {
        return;
    };
    let instances = [0, 1].map(|which| start(&fleet, which, ENDLESS));
    let mut acknowledged = Vec::new();
    let mut keep = |said: &Value| {
        let receipts = said["receipts"].as_array().unwrap();
        acknowledged.extend(receipts.iter().cloned());
    };
    keep(&answers(&fleet, 0, "default", 201));
    let (mut former, began) = (0, Instant::now());
    loop {
        let next = 1 - former;
        fleet.server.sql(
            "UPDATE ai_audit.leases SET length = 0, changes = changes + 1 WHERE log = 'default'",
        );
        // What it knows of the former one is old at some time, and then it takes the lease.
        until("the other one has the log", || {
            let (status, said) = handed_on(&fleet, next, "default");
            if status == 201 {
                keep(&said);
            }
            status == 201
        });
        assert_eq!(holder(&fleet, "default"), Some(next));
        let (status, said) = offer_as(&fleet, former, Some(&fleet.token));
        if status == 201 {
            // It looked at the leases in that moment, and handed it on.
            keep(&said);
        } else {
            assert_eq!(status, 503, "{said}");
            let detail = said["detail"].as_str().unwrap();
            if detail.contains("was taken over by another writer") {
                break;
            }
        }
        assert!(began.elapsed() < LONG, "{status}: {said}");
        former = next;
    }
    // It hands on what it is sent from then on.
    for which in [0, 1, 0, 1] {
        keep(&answers(&fleet, which, "default", 201));
    }
    assert_eq!(holder(&fleet, "default"), Some(1 - former));
    killed(instances);
    all_are_in(&fleet.place, "default", &acknowledged);
}

/// A120: what was handed on once goes no further, and is taken where nobody else has the log.
#[test]
fn a120_a_request_is_handed_on_once_among_instances_that_share_the_logs() {
    let Some(fleet) = fleet("requests that were handed on before, in PostgreSQL") else {
        return;
    };
    let instances = [0, 1].map(|which| start(&fleet, which, ENDLESS));
    answers(&fleet, 0, "default", 201);
    answers(&fleet, 1, "default", 201);
    let (status, said) = handed_on(&fleet, 1, "default");
    assert_eq!(status, 503, "{said}");
    let detail = said["detail"].as_str().unwrap();
    assert!(detail.contains("took this one for the writer"), "{detail}");
    assert_eq!(handed_on(&fleet, 0, "default").0, 201);
    assert_eq!(handed_on(&fleet, 1, "second").0, 201);
    assert_eq!(holder(&fleet, "second"), Some(1));
    // What only reads is answered by whoever is asked.
    let reads = ["token", "create", "audit", "--scope", "read", "--json"];
    let token = fleet.place.run(&reads).good().json()["token"].clone();
    let tokens = [fleet.place.path("audit"), fleet.place.path(DIRECTORIES[1])];
    let [from, to] = tokens.map(|directory| directory.join("tokens.toml"));
    std::fs::copy(from, to).unwrap();
    until("the second one reads what the first one wrote", || {
        let mut answer = agent()
            .get(format!("{}/v1/logs/default/receipts", fleet.urls[1]))
            .header(
                "Authorization",
                format!("Bearer {}", token.as_str().unwrap()),
            )
            .call()
            .unwrap();
        answer.status().as_u16() == 200 && !answer.body_mut().read_to_string().unwrap().is_empty()
    });
    killed(instances);
}

#[test]
fn records_about_subjects_are_refused_where_each_instance_has_its_own_keys() {
    let Some(fleet) = fleet("subjects among instances that share logs in PostgreSQL") else {
        return;
    };
    let instance = start(&fleet, 0, ENDLESS);
    answers(&fleet, 0, "default", 201);
    let url = decisions(&fleet.urls[0], "default");
    let body = r#"{"model": "a", "input": "x", "subject": "person-7"}"#;
    let (status, said) = send(&agent(), &url, Some(&fleet.token), body).unwrap();
    assert_eq!(status, 422, "{said}");
    assert!(said["detail"].to_string().contains("subjects"), "{said}");
    answers(&fleet, 0, "default", 201);
    killed([instance]);
}

#[test]
fn what_cannot_be_shared_is_refused_when_it_starts() {
    let place = Place::new();
    let serve = ["serve", "audit", "--open", "--listen", "127.0.0.1:0"];
    let peers = [
        "--advertise",
        "http://127.0.0.1:1",
        "--peer",
        "http://127.0.0.1:2",
    ];
    let with = |more: &[&str]| place.run(&[&serve[..], more].concat());
    for (more, expected) in [
        (&["--shared"][..], "--advertise"),
        (&peers[..], "--shared"),
        (&["--lease", "5"], "--shared"),
    ] {
        let done = with(more);
        assert_eq!(done.code, 2, "{}", done.err);
        assert!(done.err.contains(expected), "{}", done.err);
    }
    for (more, expected) in [
        (&["--shared", "--standby"][..], "--standby"),
        (
            &["--shared", "--keep-encrypted", "input"],
            "--keep-encrypted",
        ),
        (&["--shared", "--lease", "0"], "--lease"),
        (
            &["--shared", "--peer", "http://127.0.0.1:1"],
            "advertises itself",
        ),
        (&["--shared"], "PostgreSQL"),
    ] {
        let done = with(&[more, &peers].concat());
        assert_eq!(done.code, 2, "{}", done.err);
        assert!(done.err.contains(expected), "{}", done.err);
    }
}
