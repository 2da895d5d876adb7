//! Other audit trails from crates.io at the same amount of data, by turns with ours: rows for
//! `cargo xtask bench`, as lines of JSON.
//!
//! They do not promise the same; a line for each says what it does.
#![allow(clippy::unwrap_used, reason = "a benchmark")]

use ai_audit_benches::compare::{Row, Runner};
use ai_audit_benches::{ACTOR, MemoryLog, decision, packages};
use ai_audit_core::{Draft, Genesis, Head, MAX_SEALED_LEN, ReceiptId, SigningKey, Timestamp};
use ai_audit_verify::LogVerifier;
use audit_trail::{
    Action, Actor, Chain, MemorySink, MonotonicClock, Outcome, Sha256Hasher, SystemClock, Target,
};
use pamoja_audit::{AuditLog, Entry};
use pamoja_security::DeviceIdentity;
use serde_json::json;
use std::cell::RefCell;
use std::hint::black_box;

const GROUP: &str = "Peers (not the same)";
/// Receipts of a log.
const RECEIPTS: usize = 2_000;
/// Bytes of a peer's record: as long as what a receipt of ours says, its signature left out.
const PAYLOAD: usize = 379;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let runner = Runner::from_args(&args);
    let receipts = runner.effort().of(50, RECEIPTS, RECEIPTS);

    let now = Timestamp::from_micros(1_790_000_000_000_000);
    let key = SigningKey::from_bytes(&[1; 32]);
    let public = [1, 2, 3].map(|n| SigningKey::from_bytes(&[n; 32]).verifying_key());
    let genesis = Genesis::new(
        "example.org",
        "",
        &public[0],
        &public[1],
        &public[2],
        [7; 16],
    );
    let buf = RefCell::new(vec![0; MAX_SEALED_LEN]);
    let draft = Draft::new(ReceiptId::from_parts(now, [0; 10]), now);
    let mut buffer = buf.borrow_mut();
    let head = draft
        .seal(&genesis, &Head::EMPTY, &key, &mut buffer)
        .unwrap()
        .head();
    drop(buffer);
    let draft = draft
        .trace("4bf92f3577b34da6a3ce929d0e0e4736")
        .session("session-42")
        .actor(ACTOR);
    let body = decision();
    let seal = || {
        let mut buf = buf.borrow_mut();
        let sealed = draft.seal(black_box(&body), &head, &key, &mut buf).unwrap();
        sealed.hash()
    };
    let log = MemoryLog::of(receipts);
    let (policy, sealed) = (packages::policy(&log), log.sealed());
    let ours = u64::try_from(sealed.len()).unwrap();
    let verify = || {
        let mut verifier = LogVerifier::new(&policy);
        for receipt in &sealed {
            verifier.push(black_box(receipt));
        }
        let report = verifier.finish();
        assert!(report.verdict.attribution.is_verified());
    };
    let verify = (ours, verify);
    peer_pamoja(&runner, receipts, seal, verify);
    peer_audit_trail(&runner, receipts, seal, verify);
    peer_signet(&runner, seal, verify);
    if runner.wants(GROUP, "seal: verify: pamoja-audit audit-trail signet-core") {
        notes();
    }
}

fn seal_row(work: &str) -> Row {
    Row::new(GROUP, work).beside("theirs, append")
}

fn verify_row(work: &str) -> Row {
    Row::new(GROUP, work).beside("theirs, verify")
}

fn peer_pamoja<S>(
    runner: &Runner,
    receipts: usize,
    seal: impl Fn() -> S,
    (ours, verify): (u64, impl Fn()),
) {
    let device = || DeviceIdentity::from_seed(&[9; 32]);
    let payload = [7; PAYLOAD];
    let mut pamoja = AuditLog::new(device());
    runner.pair(seal_row("seal: pamoja-audit"), 1, seal, || {
        pamoja.append(black_box(&payload))
    });
    let mut pamoja = AuditLog::new(device());
    let stored: Vec<_> = (0..receipts)
        .map(|_| pamoja.append(&payload).to_bytes())
        .collect();
    let public = device().public();
    runner.pair_of(
        verify_row("verify: pamoja-audit"),
        (ours, verify),
        (u64::try_from(receipts).unwrap(), || {
            let mut verifier = pamoja_audit::Verifier::new(public);
            for bytes in &stored {
                let entry = Entry::from_bytes(black_box(bytes)).unwrap();
                verifier.check(&entry).unwrap();
            }
        }),
    );
}

fn peer_audit_trail<S>(
    runner: &Runner,
    receipts: usize,
    seal: impl Fn() -> S,
    (ours, verify): (u64, impl Fn()),
) {
    let theirs = u64::try_from(receipts).unwrap();
    let text = "x".repeat(PAYLOAD - 32);
    let chain = || {
        let sink = MemorySink::with_capacity(receipts);
        Chain::new(Sha256Hasher::new(), sink, MonotonicClock::new(SystemClock))
    };
    let append = |chain: &mut Chain<Sha256Hasher, MemorySink, MonotonicClock<SystemClock>>| {
        for _ in 0..receipts {
            let target = Target::new(black_box(&text));
            let (actor, action) = (Actor::new("session-42"), Action::new("decision"));
            chain
                .append(actor, action, target, Outcome::Success)
                .unwrap();
        }
    };
    runner.pair_of(
        seal_row("seal: audit-trail"),
        (1, seal),
        (theirs, || {
            let mut chain = chain();
            append(&mut chain);
            chain
        }),
    );
    let mut filled = chain();
    append(&mut filled);
    let (_, sink, _) = filled.into_parts();
    let records = sink.into_records();
    runner.pair_of(
        verify_row("verify: audit-trail"),
        (ours, verify),
        (theirs, || {
            let mut verifier = audit_trail::Verifier::new(Sha256Hasher::new());
            for record in &records {
                verifier.verify(black_box(&record.as_record())).unwrap();
            }
        }),
    );
}

/// It has no log of its own but a file that it reads whole for each append; so one receipt at a time.
fn peer_signet<S>(runner: &Runner, seal: impl Fn() -> S, (ours, verify): (u64, impl Fn())) {
    let (key, public) = signet_core::generate_keypair();
    let action = signet_core::Action {
        tool: "decision".into(),
        params: json!({ "text": "x".repeat(PAYLOAD - 64) }),
        params_hash: String::new(),
        target: "support-agent-7".into(),
        transport: "stdio".into(),
        session: Some("session-42".into()),
        call_id: None,
        response_hash: None,
        trace_id: Some("4bf92f3577b34da6a3ce929d0e0e4736".into()),
        parent_receipt_id: None,
    };
    let sign = || signet_core::sign(&key, black_box(&action), "agent", "owner").unwrap();
    runner.pair(seal_row("seal: signet-core"), 1, seal, sign);
    let receipt = serde_json::to_string(&sign()).unwrap();
    runner.pair_of(
        verify_row("verify: signet-core"),
        (ours, verify),
        (1, || {
            signet_core::verify_any(black_box(&receipt), &public).unwrap();
        }),
    );
}

/// What each does and does not do.
#[allow(
    clippy::print_stdout,
    reason = "standard output is what the caller reads"
)]
fn notes() {
    for note in [
        "pamoja-audit 0.2: signs and chains opaque bytes; no storage, tree, proofs or\n  strict verification",
        "signet-core 0.11: signs single receipts as canonical JSON; its log is a file without signatures\n  on its order or end",
        "audit-trail 1.1: chains records by SHA-256; no signatures, so whoever can write\n  can rewrite all of it",
    ] {
        println!("{}", json!({ "note": note }));
    }
}
