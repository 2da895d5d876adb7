//! The client against witnesses that are down, slow, broken or lying, over real sockets.

use crate::bad::{Bad, reply};
use crate::rig::{Log, NAME, key, witness_line};
use ai_audit_core::{NodeHash, Timestamp};
use ai_audit_merkle::TreeSize;
use ai_audit_note::{AddCheckpoint, PolicyWitness, SignedNote, cosign};
use ai_audit_store::{Clock, SystemClock};
use ai_audit_witness::{ClientOptions, CosignError, Known, WitnessClient};
use std::convert::Infallible;
use std::io::Write;
use std::net::TcpListener;
use std::time::{Duration, Instant};

fn client(url: &str, options: ClientOptions) -> WitnessClient {
    WitnessClient::new(&PolicyWitness::new("W", witness_line(), Some(url)), options).unwrap()
}

/// Little patience, so that tests are quick.
fn quick() -> ClientOptions {
    ClientOptions {
        timeout: Duration::from_millis(300),
        deadline: Duration::from_secs(3),
        tries: 2,
        backoff: Duration::from_millis(10),
        rounds: 4,
    }
}

type Cosigned = Result<(Vec<ai_audit_note::NoteSignature>, Timestamp), CosignError>;

fn ask(client: &WitnessClient, log: &Log, old: u64, new: u64) -> Cosigned {
    let prove = |old: TreeSize| Ok::<_, Infallible>(log.proof(old.as_u64(), new));
    client.cosign(
        &log.checkpoint(new),
        TreeSize::new(old),
        prove,
        &SystemClock,
    )
}

fn line(note: &SignedNote, name: &str, seed: u8, time: Timestamp) -> String {
    format!("{}\n", cosign(note, name, &key(seed), time).unwrap())
}

#[test]
fn one_that_is_down() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = ask(&client(&url, quick()), &Log::of(9, 0), 0, 9).unwrap_err();
    assert!(matches!(error, CosignError::Unreachable(_)), "{error}");
    let nowhere = client("http://witness.invalid", quick());
    let error = ask(&nowhere, &Log::of(9, 0), 0, 9).unwrap_err();
    assert!(
        matches!(error, CosignError::Unreachable(_) | CosignError::TimedOut),
        "{error}"
    );
}

#[test]
fn one_that_is_slow() {
    // It never answers; it answers a byte at a time; it stops in the middle of its answer.
    let silent = Bad::new(|_, _, _| std::thread::sleep(Duration::from_secs(5)));
    let dripping = Bad::new(|_, _, stream| {
        for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
            .iter()
            .chain(&[b'x'; 900])
        {
            if stream.write_all(&[*byte]).is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let stopping = Bad::new(|_, _, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf");
        std::thread::sleep(Duration::from_secs(5));
    });
    for bad in [silent, dripping, stopping] {
        let started = Instant::now();
        let error = ask(&client(&bad.url, quick()), &Log::of(9, 0), 0, 9).unwrap_err();
        assert_eq!(error, CosignError::TimedOut);
        assert!(
            started.elapsed() < Duration::from_secs(3),
            "{:?}",
            started.elapsed()
        );
        assert_eq!(bad.count(), 2, "it was tried twice");
    }
}

#[test]
fn the_deadline_holds_however_often_it_is_tried() {
    let silent = Bad::new(|_, _, _| std::thread::sleep(Duration::from_secs(10)));
    let options = ClientOptions {
        tries: 1000,
        deadline: Duration::from_millis(800),
        ..quick()
    };
    let started = Instant::now();
    assert_eq!(
        ask(&client(&silent.url, options), &Log::of(9, 0), 0, 9),
        Err(CosignError::TimedOut)
    );
    assert!(
        started.elapsed() < Duration::from_millis(2500),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn one_that_fails_and_comes_back() {
    let log = Log::of(9, 0);
    let note = log.checkpoint(9);
    let good = line(&note, NAME, 100, SystemClock.now());
    let flaky = Bad::new(move |turn, _, stream| match turn {
        0 => reply(stream, 503, b"later"),
        // Closed without an answer.
        1 => {}
        _ => reply(stream, 200, good.as_bytes()),
    });
    let options = ClientOptions {
        tries: 3,
        ..quick()
    };
    assert!(ask(&client(&flaky.url, options), &log, 0, 9).is_ok());
    assert_eq!(flaky.count(), 3);
    let down = Bad::answering(500, "on fire\u{1b}[31m");
    let error = ask(&client(&down.url, quick()), &log, 0, 9).unwrap_err();
    assert!(
        matches!(error, CosignError::Refused { code: 500, .. }),
        "{error}"
    );
    assert!(!error.to_string().contains('\u{1b}'), "{error}");
    assert_eq!(down.count(), 2);
}

#[test]
fn one_that_refuses_is_not_asked_again() {
    for (status, words) in [
        (400, "status 400"),
        (403, "no signature that it trusts"),
        (404, "does not know this log"),
        (422, "does not continue"),
        (302, "redirections are not followed"),
    ] {
        let bad = Bad::answering(status, "because");
        let error = ask(&client(&bad.url, quick()), &Log::of(9, 0), 0, 9).unwrap_err();
        assert!(error.to_string().contains(words), "{status}: {error}");
        assert_eq!(bad.count(), 1);
    }
}

#[test]
fn one_that_redirects_somewhere_else() {
    let target = Bad::answering(200, "stolen");
    let location = target.url.clone();
    let bad = Bad::new(move |_, _, stream| {
        let head = format!(
            "HTTP/1.1 307 X\r\nLocation: {location}/add-checkpoint\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        let _ = stream.write_all(head.as_bytes());
    });
    let error = ask(&client(&bad.url, quick()), &Log::of(9, 0), 0, 9).unwrap_err();
    assert!(
        matches!(error, CosignError::Refused { code: 307, .. }),
        "{error}"
    );
    assert_eq!(target.count(), 0);
}

#[test]
fn one_that_lies_in_its_signature() {
    let log = Log::of(9, 0);
    let note = log.checkpoint(9);
    let now = SystemClock.now();
    let good = line(&note, NAME, 100, now);
    // The checkpoint that was sent, and the answer to it.
    let answer = |body: String| ask(&client(&Bad::answering(200, body).url, quick()), &log, 0, 9);
    assert_eq!(answer(good.clone()).unwrap().0.len(), 1);
    // One over another checkpoint, which it may have been given earlier.
    let other = line(&log.checkpoint(8), NAME, 100, now);
    let error = answer(other.clone()).unwrap_err();
    assert!(matches!(error, CosignError::Bad(_)), "{error}");
    // A good one beside a bad one.
    let both = answer(format!("{good}{other}")).unwrap_err();
    assert!(matches!(both, CosignError::Bad(_)), "{both}");
    // The witness's name, and the hash of its key before another key's signature.
    let theirs = cosign(&note, NAME, &key(66), now).unwrap();
    let mut blob = witness_line().hash().to_vec();
    blob.extend_from_slice(theirs.bytes());
    let encoded = <base64ct::Base64 as base64ct::Encoding>::encode_string(&blob);
    let forged = answer(format!("\u{2014} {NAME} {encoded}\n")).unwrap_err();
    assert!(matches!(forged, CosignError::Bad(_)), "{forged}");
    // Cosignatures of other keys are ignored: alone they are none, beside the right one no harm.
    let strange = line(&note, "stranger.example", 55, now) + &line(&note, NAME, 66, now);
    assert_eq!(answer(strange.clone()), Err(CosignError::NotItsKey));
    let (lines, _) = answer(format!("{strange}{good}")).unwrap();
    assert_eq!(lines.len(), 1);
    // A plain signature of its key over the checkpoint.
    let plain = SignedNote::sign(note.text(), NAME, &key(100)).unwrap();
    let plain = format!("{}\n", plain.signatures()[0]);
    assert_eq!(answer(plain), Err(CosignError::NotItsKey));
    // For a time that has not come.
    let ahead = Timestamp::from_micros(now.as_micros() + 3_600_000_000);
    let future = answer(line(&note, NAME, 100, ahead)).unwrap_err();
    assert!(matches!(future, CosignError::Future { .. }), "{future}");
}

/// What others put under the note before is not taken for the answer's.
#[test]
fn an_old_cosignature_in_the_note_is_no_answer() {
    let log = Log::of(9, 0);
    let mut note = log.checkpoint(9);
    let now = SystemClock.now();
    note.add(cosign(&note, NAME, &key(100), now).unwrap())
        .unwrap();
    let stranger = line(&note, "stranger.example", 55, now);
    let bad = Bad::answering(200, stranger);
    let prove = |_: TreeSize| Ok::<_, Infallible>(Vec::new());
    let answer = client(&bad.url, quick()).cosign(&note, TreeSize::ZERO, prove, &SystemClock);
    assert_eq!(answer, Err(CosignError::NotItsKey));
}

#[test]
fn one_that_answers_nonsense() {
    let log = Log::of(9, 0);
    let answer = |status: u16, body: &[u8]| {
        ask(
            &client(&Bad::answering(status, body).url, quick()),
            &log,
            0,
            9,
        )
        .unwrap_err()
    };
    for body in [
        &b""[..],
        b"\n",
        b"ok",
        b"ok\n",
        b"\xff\xfe\n",
        b"\xe2\x80\x94 w AAAA\n",
        b"<html>\n",
        b"\0\0\0\0",
    ] {
        let error = answer(200, body);
        assert!(
            matches!(error, CosignError::Form { .. }),
            "{body:?}: {error}"
        );
    }
    for body in [
        &b""[..],
        b"9",
        b"09\n",
        b"-1\n",
        b"9\n9\n",
        b"18446744073709551616\n",
        b"nine\n",
    ] {
        let error = answer(409, body);
        assert!(
            matches!(error, CosignError::Form { .. }),
            "{body:?}: {error}"
        );
    }
    // No HTTP at all.
    for bytes in [
        &b"SSH-2.0-OpenSSH\r\n"[..],
        b"HTTP/1.1 abc\r\n\r\n",
        b"\0\0\0\0\0\0",
    ] {
        let bad = Bad::new(move |_, _, stream| drop(stream.write_all(bytes)));
        let error = ask(&client(&bad.url, quick()), &log, 0, 9).unwrap_err();
        let known = matches!(error, CosignError::Unreachable(_) | CosignError::TimedOut);
        assert!(known, "{bytes:?}: {error}");
    }
}

#[test]
fn one_that_answers_too_much() {
    let log = Log::of(9, 0);
    // A body without an end, one that is announced as huge, a head without an end.
    let endless = Bad::new(|_, _, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        while stream.write_all(&[b'x'; 4096]).is_ok() {}
    });
    let announced = Bad::new(|_, _, stream| {
        let _ = stream.write_all(
            b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\nConnection: close\r\n\r\n",
        );
        while stream.write_all(&[b'x'; 4096]).is_ok() {}
    });
    let headers = Bad::new(|_, _, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        while stream
            .write_all(b"X-More: and more and more and more\r\n")
            .is_ok()
        {}
    });
    let options = || ClientOptions {
        timeout: Duration::from_secs(5),
        deadline: Duration::from_secs(10),
        ..quick()
    };
    for bad in [endless, announced] {
        let error = ask(&client(&bad.url, options()), &log, 0, 9).unwrap_err();
        assert_eq!(error, CosignError::TooLong { limit: 65_536 });
        assert_eq!(bad.count(), 1);
    }
    let error = ask(&client(&headers.url, options()), &log, 0, 9).unwrap_err();
    assert!(matches!(error, CosignError::Unreachable(_)), "{error}");
}

#[test]
fn one_that_answers_409_for_ever() {
    let log = Log::of(30, 0);
    // Each time another size, all of them below the log's.
    let bad = Bad::new(|turn, _, stream| {
        let size = format!("{}\n", 5 + turn % 7);
        reply(stream, 409, size.as_bytes());
    });
    let error = ask(&client(&bad.url, quick()), &log, 0, 30).unwrap_err();
    assert_eq!(
        error,
        CosignError::Rounds {
            rounds: 4,
            last: TreeSize::new(8)
        }
    );
    // Every further request went on from where the witness said that it was.
    let requests = bad.requests.lock().unwrap().clone();
    let olds: Vec<_> = requests
        .iter()
        .map(|body| AddCheckpoint::parse(body.as_bytes()).unwrap().old.as_u64())
        .collect();
    assert_eq!(olds, [0, 5, 6, 7]);
    // The same size again and again.
    let same = Bad::answering(409, "5\n");
    let error = ask(&client(&same.url, quick()), &log, 0, 30).unwrap_err();
    assert!(
        matches!(error, CosignError::Rounds { rounds: 4, .. }),
        "{error}"
    );
    assert_eq!(same.count(), 4);
}

#[test]
fn a15_one_that_is_ahead_of_the_log_or_has_another_root() {
    let log = Log::of(30, 0);
    let ahead = Bad::answering(409, "31\n");
    let error = ask(&client(&ahead.url, quick()), &log, 0, 30).unwrap_err();
    assert_eq!(
        error,
        CosignError::Behind {
            has: TreeSize::new(31),
            size: TreeSize::new(30)
        }
    );
    let other = Bad::answering(409, "30\n");
    let error = ask(&client(&other.url, quick()), &log, 0, 30).unwrap_err();
    assert_eq!(
        error,
        CosignError::OtherRoot {
            size: TreeSize::new(30)
        }
    );
    assert_eq!(other.count(), 2, "once from 0, once from 30");
}

#[test]
fn a_log_that_cannot_prove_says_so() {
    let log = Log::of(30, 0);
    let bad = Bad::answering(409, "7\n");
    let prove = |_: TreeSize| Err::<Vec<NodeHash>, _>("tile 3 is damaged");
    let error = client(&bad.url, quick())
        .cosign(&log.checkpoint(30), TreeSize::ZERO, prove, &SystemClock)
        .unwrap_err();
    assert!(error.to_string().contains("from size 7"), "{error}");
}

#[test]
fn addresses_that_are_none() {
    for url in [
        None,
        Some(""),
        Some("w.example"),
        Some("ftp://w.example"),
        Some("http://"),
        Some("file:///etc/passwd"),
        Some("http://w.example/?a=b"),
        Some("http://w.example/#a"),
    ] {
        let witness = PolicyWitness::new("W", witness_line(), url);
        let made = WitnessClient::new(&witness, quick());
        assert!(matches!(made, Err(CosignError::Address { .. })), "{url:?}");
    }
    let slash = Bad::answering(404, "");
    let error = ask(
        &client(&format!("{}/w/", slash.url), quick()),
        &Log::of(9, 0),
        0,
        9,
    );
    assert!(matches!(error, Err(CosignError::Refused { code: 404, .. })));
}

/// Somebody between the log and an https witness, with a certificate of his own making.
#[test]
fn https_is_not_spoken_with_anybody() {
    // Nothing that speaks TLS: the handshake fails, and nothing is sent.
    let plain = Bad::answering(200, "");
    let url = plain.url.replace("http://", "https://");
    let error = ask(&client(&url, quick()), &Log::of(9, 0), 0, 9).unwrap_err();
    assert!(
        matches!(error, CosignError::Unreachable(_) | CosignError::TimedOut),
        "{error}"
    );
    assert!(plain.requests.lock().unwrap().iter().all(String::is_empty));
}

#[test]
fn what_a_witness_is_believed_to_know() {
    let log = Log::of(30, 0);
    let now = SystemClock.now();
    let mut note = log.checkpoint(12);
    note.add(cosign(&note, NAME, &key(100), now).unwrap())
        .unwrap();
    let known =
        |bad: &Bad, ours: Option<&SignedNote>| client(&bad.url, quick()).known(&log.line(), ours);
    let ours = log.checkpoint(9);
    // A checkpoint that both signed.
    let shown = Bad::answering(200, note.to_string());
    let Known::Checkpoint(checkpoint) = known(&shown, None).unwrap() else {
        panic!("no checkpoint")
    };
    assert_eq!(checkpoint.size, TreeSize::new(12));
    // One that it made up, or that the log signed and it did not, or of another log.
    let mut forged = log.statement(99, NodeHash::from_bytes([1; 32]));
    forged
        .add(cosign(&forged, NAME, &key(66), now).unwrap())
        .unwrap();
    let mut made_up = Log::of(30, 0);
    made_up.key = key(5);
    let mut made_up = made_up.checkpoint(30);
    made_up
        .add(cosign(&made_up, NAME, &key(100), now).unwrap())
        .unwrap();
    for body in [
        log.checkpoint(30).to_string(),
        forged.to_string(),
        made_up.to_string(),
        "x".into(),
    ] {
        let bad = Bad::answering(200, body.clone());
        assert!(known(&bad, None).is_err(), "{body}");
    }
    // One without our address: only if it is asked with a checkpoint.
    let foreign = Bad::new(|_, body, stream| match body {
        "" => reply(stream, 404, b"not found"),
        _ => reply(stream, 409, b"41\n"),
    });
    assert_eq!(known(&foreign, None), Ok(Known::Nothing));
    assert_eq!(
        known(&foreign, Some(&ours)),
        Ok(Known::Size(TreeSize::new(41)))
    );
}
