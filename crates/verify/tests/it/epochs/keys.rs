//! Rotations and revocations in epochs whose bytes are deleted.

use super::keeper::Keeper;
use super::{fails, good};
use ai_audit_core::{KeyRevocation, KeyRotation, SigningKey, Timestamp};

#[test]
fn a13_a_suspect_receipt_stays_suspect_when_its_bytes_are_deleted() {
    let mut keeper = Keeper::new(None);
    keeper.decide(6);
    let stolen = keeper.log.receipt_key.verifying_key();
    let successor = SigningKey::from_bytes(&[99; 32]);
    let revocation = KeyRevocation::sign(
        &keeper.log.head.log_id(),
        stolen,
        3,
        Timestamp::from_micros(1),
        successor.verifying_key(),
        "stolen",
        &keeper.log.recovery_key,
    )
    .unwrap();
    keeper.log.receipt_key = successor;
    keeper.add(&revocation);
    keeper.seal();
    keeper.declare(0);
    for report in [keeper.verify(|_| false), keeper.verify(keeper.bulk(0))] {
        assert!(report.verdict.integrity.is_verified(), "{report:?}");
        let said = report.verdict.attribution.to_string();
        assert!(said.starts_with("FAILED at receipt 4: "), "{said}");
    }
}

#[test]
fn a12_a_rotation_cannot_be_deleted_out_of_the_walk() {
    let mut keeper = Keeper::new(None);
    keeper.decide(3);
    let new = SigningKey::from_bytes(&[98; 32]);
    let old = keeper.log.receipt_key.verifying_key();
    let (log_id, seq) = (keeper.log.head.log_id(), keeper.log.size());
    let rotation = KeyRotation::new(&log_id, &old, seq, &new, "test").unwrap();
    keeper.add(&rotation); // receipt 4
    keeper.log.receipt_key = new;
    keeper.decide(3);
    keeper.seal(); // receipt 8
    keeper.declare(0);
    let bulk = keeper.bulk(0);
    good(&keeper.verify(&bulk));
    let report = keeper.verify(|seq| bulk(seq) || seq == 4);
    fails(&report, 8, "control");
    assert!(report.verdict.attribution.is_failed(), "{report:?}");
}
