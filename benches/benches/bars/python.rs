//! Our side of the comparison with the Python library: the same work, as the script beside it does it.

use crate::batched::Batching;
use crate::memory::resident_kib;
use ai_audit_benches::whole::WholeLog;
use ai_audit_benches::{ACTOR, MemoryLog, decision, packages, texts};
use ai_audit_core::{Draft, Genesis, Head, MAX_SEALED_LEN, ReceiptId, SigningKey, Timestamp};
use ai_audit_pii::{Policy, Redactor};
use ai_audit_signer_aws_lc::AwsLcSigner;
use serde_json::json;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

/// Receipts of a log, and leaves of a batch.
const RECEIPTS: u16 = 2_000;
/// Receipts in the store whose memory is taken.
const STORED: usize = 50_000;
/// Bytes of text that is redacted.
const TEXT: usize = 1 << 16;
/// Decisions that are made and sealed in a turn.
const SEALED: u16 = 50;
/// How often each work is done; what is short, more often.
const REPEATS: usize = 9;
const SHORT_REPEATS: usize = 200;

/// Nanoseconds an item, the least of several times: in processes of their own the two cannot take turns
/// within milliseconds, and what others take away only ever adds.
#[allow(
    clippy::cast_precision_loss,
    reason = "durations and counts here are far below 2^53"
)]
fn least<A>(repeats: usize, items: u64, mut work: impl FnMut() -> A) -> f64 {
    let mut least = f64::INFINITY;
    for _ in 0..repeats {
        let start = Instant::now();
        black_box(work());
        least = least.min(start.elapsed().as_nanos() as f64 / items as f64);
    }
    least
}

/// Prints nanoseconds and bytes a receipt or a byte of text, for the work that the Python script times.
/// Both redact the text in this file, which is written here.
#[allow(clippy::print_stdout, reason = "the caller reads it")]
pub(crate) fn figures(text: &Path) {
    let before = resident_kib();
    let log = MemoryLog::of(STORED);
    let after = resident_kib();
    #[allow(clippy::cast_precision_loss, reason = "some megabytes")]
    let memory = before
        .zip(after)
        .map(|(before, after)| (after - before) as f64 * 1024.0 / log.sealed().len() as f64);
    drop(log);

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
    let now = Timestamp::from_micros(1_790_000_000_000_000);
    let mut buf = vec![0; MAX_SEALED_LEN];
    let draft = Draft::new(ReceiptId::from_parts(now, [0; 10]), now);
    let first = draft.seal(&genesis, &Head::EMPTY, &key, &mut buf).unwrap();
    let head = first.head();
    let draft = draft
        .trace("4bf92f3577b34da6a3ce929d0e0e4736")
        .session("session-42")
        .actor(ACTOR);
    let seal = least(SHORT_REPEATS, SEALED.into(), || {
        for _ in 0..SEALED {
            let body = decision();
            let sealed = draft.seal(black_box(&body), &head, &key, &mut buf).unwrap();
            black_box(sealed.hash());
        }
    });

    let whole = WholeLog::of(RECEIPTS.into());
    let receipts = u64::try_from(whole.receipts.len()).unwrap();
    let verify = least(REPEATS, receipts, || whole.full(1));
    let log = MemoryLog::of(RECEIPTS.into());
    // To a file, as theirs.
    let path = text.with_extension("zip");
    let export = least(REPEATS, receipts, || {
        std::fs::write(&path, packages::package(&log, false)).unwrap();
    });
    std::fs::remove_file(&path).unwrap();
    let mut batching = Batching::new();
    let batch = least(REPEATS, RECEIPTS.into(), || {
        batching.seal(RECEIPTS.into(), true)
    });
    let aws_lc = AwsLcSigner::new(&key).unwrap();
    let seal_aws_lc = least(SHORT_REPEATS, SEALED.into(), || {
        for _ in 0..SEALED {
            let body = decision();
            let sealed = draft
                .seal(black_box(&body), &head, &aws_lc, &mut buf)
                .unwrap();
            black_box(sealed.hash());
        }
    });

    let prose = &texts::prose()[..TEXT];
    std::fs::write(text, prose).unwrap();
    let redactor = Redactor::new(&Policy::default()).unwrap();
    let bytes = u64::try_from(prose.len()).unwrap();
    let redact = least(SHORT_REPEATS, bytes, || {
        texts::redact(&redactor, black_box(prose))
    });
    println!(
        "{}",
        json!({
            "seal": seal, "AWS-LC": seal_aws_lc, "verify": verify, "batch": batch, "redaction": redact,
            "export": export, "memory": memory,
        })
    );
}
