//! A13 with witnesses: what was seen before a compromise, and the log's own keys as witnesses.

use crate::keys::{key, rotate, unattributed};
use crate::logs::Log;
use ai_audit_core::{KeyRevocation, SigningKey, Status, Timestamp};
use ai_audit_verify::TrustPolicy;

/// A policy that pins the log and one witness.
fn witnessed(log: &Log, witness: &SigningKey) -> TrustPolicy {
    let line = ai_audit_note::VKey::cosignature("w.example", witness.verifying_key()).unwrap();
    let text = format!(
        "ai-audit/policy/v1\nlog {}\nwitness w {line}\nquorum w\n",
        log.key_line()
    );
    TrustPolicy::parse_file(text.as_bytes())
        .unwrap()
        .now(Timestamp::from_micros(1_800_000_000_000_000))
        .min_size(1)
}

#[test]
fn a13_what_a_witness_saw_before_the_compromise_is_told_from_what_is_suspect() {
    let witness = key(90);
    let seen = Timestamp::from_micros(1_790_000_100_000_000);
    let compromised =
        |micros: i64| Timestamp::from_micros(seen.as_micros().checked_add_signed(micros).unwrap());
    // Receipts 4 and 5 are suspect; a witness saw all six.
    for (since, expected) in [
        (compromised(1_000_000), "unverified"),
        (compromised(-1_000_000), "failed"),
        (compromised(0), "failed"),
    ] {
        let mut log = Log::of(1, 6);
        let mut note = log.checkpoint();
        let line = ai_audit_note::cosign(&note, "w.example", &witness, seen).unwrap();
        note.add(line).unwrap();
        let successor = key(100);
        let body = KeyRevocation::sign(
            &log.head.log_id(),
            log.receipt_key.verifying_key(),
            3,
            since,
            successor.verifying_key(),
            "",
            &log.recovery_key,
        )
        .unwrap();
        log.receipt_key = successor;
        log.seal(&body);
        let policy = witnessed(&log, &witness);
        let mut verifier = ai_audit_verify::LogVerifier::new(&policy);
        verifier
            .evidence_checkpoint(note.to_string().as_bytes())
            .unwrap();
        for sealed in &log.sealed {
            verifier.push(sealed);
        }
        let report = verifier.finish();
        match (&report.verdict.attribution, expected) {
            (Status::Unverified { why }, "unverified") => {
                assert!(why.contains("before"), "{why}");
            }
            (Status::Failed { receipt, .. }, "failed") => assert_eq!(*receipt, Some(4)),
            (other, _) => panic!("{expected}: {other:?}"),
        }
        // A witness whom the verifier does not know saves nothing.
        let stranger = witnessed(&log, &key(91));
        let mut verifier = ai_audit_verify::LogVerifier::new(&stranger);
        verifier
            .evidence_checkpoint(note.to_string().as_bytes())
            .unwrap();
        for sealed in &log.sealed {
            verifier.push(sealed);
        }
        unattributed(&verifier.finish(), 4, "suspect");
    }
}

#[test]
fn a_key_of_the_log_is_no_witness_also_when_it_took_over() {
    for own in ["rotated", "recovery", "stranger"] {
        let mut log = Log::of(1, 6);
        rotate(&mut log, key(101));
        log.decide("m");
        let witness = match own {
            "rotated" => key(101),
            "recovery" => SigningKey::from_bytes(&log.recovery_key.to_seed()),
            _ => key(90),
        };
        let seen = Timestamp::from_micros(1_790_000_100_000_000);
        let mut note = log.checkpoint();
        let line = ai_audit_note::cosign(&note, "w.example", &witness, seen).unwrap();
        note.add(line).unwrap();
        let policy = witnessed(&log, &witness);
        let mut verifier = ai_audit_verify::LogVerifier::new(&policy);
        verifier
            .evidence_checkpoint(note.to_string().as_bytes())
            .unwrap();
        for sealed in &log.sealed {
            verifier.push(sealed);
        }
        let report = verifier.finish();
        let status = report.witnesses[0].status;
        assert_eq!(status == "cosigned", own == "stranger", "{own}: {status}");
    }
}
