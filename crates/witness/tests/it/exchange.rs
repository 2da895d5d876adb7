//! Our client with our witness over loopback, for a log in a store.

use crate::rig::{Log, key};
use crate::served::{Kept, Served};
use ai_audit_merkle::TreeSize;
use ai_audit_note::{Policy, PolicyWitness, SignedNote, Threshold, VKey, WitnessStatus};
use ai_audit_store::{Store, SystemClock};
use ai_audit_testkit::TestLog;
use ai_audit_witness::{
    Behind, ClientOptions, Collected, CosignError, ServerOptions, ask, collect,
};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

fn policy(witnesses: &[(u8, Option<String>)], threshold: Threshold) -> Policy {
    let all: Vec<_> = witnesses
        .iter()
        .map(|(seed, url)| {
            let line = VKey::cosignature(&format!("w{seed}.example"), key(*seed).verifying_key());
            PolicyWitness::new(&format!("W{seed}"), line.unwrap(), url.as_deref())
        })
        .collect();
    Policy::flat(&all, "witnesses", threshold).unwrap()
}

fn quick() -> ClientOptions {
    ClientOptions {
        timeout: Duration::from_secs(5),
        deadline: Duration::from_secs(10),
        tries: 2,
        backoff: Duration::from_millis(20),
        rounds: 4,
    }
}

fn gather(kept: &Kept, policy: &Policy) -> Collected {
    let note = kept.checkpoint();
    let collected = collect(
        &kept.store,
        &kept.name,
        &note,
        policy,
        &quick(),
        &SystemClock,
    );
    let collected = collected.unwrap();
    kept.put(&collected.note);
    collected
}

#[test]
fn a_quorum_of_two_comes_together() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let mut kept = Kept::of(20);
    let logs = [kept.line.clone()];
    let mut served: Vec<_> = [11, 12]
        .iter()
        .zip(&folders)
        .map(|(seed, folder)| Served::new(folder.path(), *seed, &logs, ServerOptions::default()))
        .collect();
    let urls: Vec<_> = served.iter().map(|one| Some(one.url())).collect();
    let both = policy(
        &[(11, urls[0].clone()), (12, urls[1].clone())],
        Threshold::All,
    );
    let first = gather(&kept, &both);
    assert!(first.quorum.satisfied, "{:?}", first.reports);
    assert_eq!(first.note.signatures().len(), 3);
    // The log grows; one of the two is away meanwhile.
    kept.grow(13);
    served[1].stop();
    let second = gather(&kept, &both);
    assert!(!second.quorum.satisfied);
    assert!(second.reports[0].result.is_ok());
    assert!(matches!(
        second.reports[1].result,
        Err(CosignError::Unreachable(_))
    ));
    assert_eq!(second.quorum.witnesses[1].status, WitnessStatus::Missing);
    // It comes back, elsewhere, with what it had; the first one has moved on. Both go on from
    // where they are, without being told wrong sizes.
    let back = Served::new(&served[1].folder, 12, &logs, ServerOptions::default());
    let both = policy(
        &[(11, urls[0].clone()), (12, Some(back.url()))],
        Threshold::All,
    );
    kept.grow(7);
    let third = gather(&kept, &both);
    assert!(third.quorum.satisfied, "{:?}", third.reports);
    for witness in [&served[0], &back] {
        let answers = witness.answers.lock().unwrap();
        assert!(
            answers.iter().all(|one| one.status.code() == 200),
            "{answers:?}"
        );
    }
    // Stored, it keeps what it has; asked again, it gets the time anew.
    let stored = kept.store.latest_checkpoint(&kept.name).unwrap().unwrap();
    assert_eq!(stored.note, third.note.to_string());
    let again = gather(&kept, &both);
    assert!(again.quorum.satisfied);
}

#[test]
fn a_log_that_forgot_what_it_sent_goes_on_from_the_witness() {
    let folder = tempfile::tempdir().unwrap();
    let mut kept = Kept::of(20);
    let served = Served::new(
        folder.path(),
        11,
        &[kept.line.clone()],
        ServerOptions::default(),
    );
    let one = policy(&[(11, Some(served.url()))], Threshold::All);
    let note = kept.checkpoint();
    // Collected and not stored: as if the process had been killed in between.
    let lost = collect(&kept.store, &kept.name, &note, &one, &quick(), &SystemClock).unwrap();
    assert!(lost.quorum.satisfied);
    kept.grow(5);
    assert!(gather(&kept, &one).quorum.satisfied);
    let codes: Vec<_> = served
        .answers
        .lock()
        .unwrap()
        .iter()
        .map(|answer| answer.status.code())
        .collect();
    assert_eq!(codes, [200, 409, 200]);
}

#[test]
fn two_submissions_at_once_leave_the_larger() {
    let folder = tempfile::tempdir().unwrap();
    let mut kept = Kept::of(20);
    let served = Served::new(
        folder.path(),
        11,
        &[kept.line.clone()],
        ServerOptions::default(),
    );
    let one = policy(&[(11, Some(served.url()))], Threshold::All);
    for _ in 0..10 {
        let small = kept.checkpoint();
        kept.grow(3);
        let large = kept.checkpoint();
        let send = |note: &SignedNote| {
            collect(&kept.store, &kept.name, note, &one, &quick(), &SystemClock).unwrap()
        };
        let (first, second) = std::thread::scope(|scope| {
            let first = scope.spawn(|| send(&small));
            let second = scope.spawn(|| send(&large));
            (first.join().unwrap(), second.join().unwrap())
        });
        // The larger gets through in any case; the smaller only if it was first.
        assert!(second.quorum.satisfied, "{:?}", second.reports);
        if !first.quorum.satisfied {
            let result = &first.reports[0].result;
            assert!(
                matches!(result, Err(CosignError::Behind { .. })),
                "{result:?}"
            );
        }
        let size = served.raw_latest(&kept.line);
        assert_eq!(size, kept.log.head().size());
        kept.put(&second.note);
    }
}

#[test]
fn a11_two_histories_of_one_log() {
    let folder = tempfile::tempdir().unwrap();
    let mut shown = Kept::of(20);
    let served = Served::new(
        folder.path(),
        11,
        &[shown.line.clone()],
        ServerOptions::default(),
    );
    let one = policy(&[(11, Some(served.url()))], Threshold::All);
    shown.grow(5);
    assert!(gather(&shown, &one).quorum.satisfied);
    // The same log from a copy that was made at 20, and written on in another way.
    let mut hidden = Kept::of(20);
    hidden.log = TestLog::forked(1, hidden.log.head());
    hidden.grow(9);
    let result = &gather(&hidden, &one).reports[0].result;
    let refused = matches!(
        result,
        Err(CosignError::Refused { code: 422, .. } | CosignError::OtherRoot { .. })
    );
    assert!(refused, "{result:?}");
}

#[test]
fn a33_a_restored_copy_is_noticed_by_asking() {
    let folder = tempfile::tempdir().unwrap();
    let mut kept = Kept::of(20);
    let served = Served::new(
        folder.path(),
        11,
        &[kept.line.clone()],
        ServerOptions::default(),
    );
    let witnesses = [
        (11, Some(served.url())),
        (12, None),
        (13, Some("http://127.0.0.1:1".into())),
    ];
    let all = policy(&witnesses, Threshold::Any);
    let asked = |kept: &Kept| ask(&kept.store, &kept.name, &kept.line, &all, &quick()).unwrap();
    // Before anything was cosigned.
    let reports = asked(&kept);
    assert_eq!(reports[0].result, Ok(Behind::Unknown));
    assert!(matches!(
        reports[1].result,
        Err(CosignError::Address { .. })
    ));
    assert!(matches!(
        reports[2].result,
        Err(CosignError::Unreachable(_))
    ));
    kept.grow(5);
    gather(&kept, &all);
    let has = TreeSize::new(25);
    assert_eq!(asked(&kept)[0].result, Ok(Behind::No { has }));
    kept.grow(5);
    assert_eq!(asked(&kept)[0].result, Ok(Behind::No { has }));
    // The copy from before.
    let restored = Kept::of(20);
    let held = TreeSize::new(20);
    let behind = Behind::Behind {
        has,
        held,
        proven: true,
    };
    assert_eq!(asked(&restored)[0].result, Ok(behind));
    // The copy, written on in another way.
    let mut forked = Kept::of(20);
    forked.log = TestLog::forked(1, forked.log.head());
    forked.grow(9);
    assert_eq!(asked(&forked)[0].result, Ok(Behind::Forked { has }));
}

#[test]
fn the_server_keeps_its_limits() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::of(9, 0);
    let options = ServerOptions {
        max_body: 10_000,
        timeout: Duration::from_millis(300),
        max_connections: 4,
        ..ServerOptions::default()
    };
    let served = Served::new(folder.path(), 11, &[log.line()], options);
    let post = |path: &str, body: &str| {
        let length = body.len();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: w\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
        );
        served.raw(format!("{head}{body}").as_bytes())
    };
    let good = log.request(0, 9).to_string();
    // Paths and methods that it does not have.
    assert!(post("/", &good).starts_with("HTTP/1.1 404"));
    assert!(post("/add-checkpoint/x", &good).starts_with("HTTP/1.1 404"));
    let get = served.raw(b"GET /add-checkpoint HTTP/1.1\r\nHost: w\r\nConnection: close\r\n\r\n");
    assert!(get.starts_with("HTTP/1.1 405"), "{get}");
    let nothing = served.raw(
        b"GET /checkpoint/..%2f..%2fwitness.pem HTTP/1.1\r\nHost: w\r\nConnection: close\r\n\r\n",
    );
    assert!(nothing.starts_with("HTTP/1.1 404"), "{nothing}");
    // Bodies that are too long, announced or in chunks, and heads.
    assert!(post("/add-checkpoint", &"x".repeat(20_000)).starts_with("HTTP/1.1 413"));
    let chunk = format!("2710\r\n{}\r\n", "x".repeat(10_000)).repeat(3);
    let chunked = served.raw(
        format!("POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n{chunk}0\r\n\r\n").as_bytes(),
    );
    assert!(chunked.starts_with("HTTP/1.1 413"), "{chunked}");
    let head = served.raw(&[b"GET / HTTP/1.1\r\nX: ".as_slice(), &[b'x'; 1 << 20]].concat());
    assert!(head.is_empty() || head.starts_with("HTTP/1.1 4"), "{head}");
    let garbage = served.raw(b"\0\0\0\0\r\n\r\n");
    assert!(
        garbage.is_empty() || garbage.starts_with("HTTP/1.1 400"),
        "{garbage}"
    );
    // Clients that begin and do not go on: more of them than are served at once.
    let started = Instant::now();
    let mut idle: Vec<TcpStream> = (0..12)
        .map(|number| {
            let mut stream = TcpStream::connect(served.address).unwrap();
            let begin: &[u8] = match number % 3 {
                0 => b"",
                1 => b"POST /add-checkpoint HTTP/1.1\r\nHost",
                _ => b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 50\r\n\r\nold",
            };
            stream.write_all(begin).unwrap();
            stream
        })
        .collect();
    let answer = post("/add-checkpoint", &good);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
    idle.clear();
    // The answers say what they are.
    assert!(answer.contains("content-type: text/plain"), "{answer}");
    let conflict = post("/add-checkpoint", &log.request(0, 5).to_string());
    assert!(
        conflict.contains("content-type: text/x.tlog.size\r\n"),
        "{conflict}"
    );
    assert!(conflict.ends_with("\r\n\r\n9\n"), "{conflict}");
}

#[test]
fn it_stops_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::of(9, 0);
    let mut served = Served::new(folder.path(), 11, &[log.line()], ServerOptions::default());
    // A connection that is kept alive and idle does not keep it from stopping.
    let mut idle = TcpStream::connect(served.address).unwrap();
    idle.write_all(b"GET / HTTP/1.1\r\nHost: w\r\n\r\n")
        .unwrap();
    let mut buf = [0; 64];
    assert!(idle.read(&mut buf).unwrap() > 0);
    let started = Instant::now();
    served.stop();
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(TcpStream::connect(served.address).is_err());
    // The folder is free for the next.
    drop(Served::new(
        folder.path(),
        11,
        &[log.line()],
        ServerOptions::default(),
    ));
}
