//! An old image of the flash put back (A60): what the device, the host and an auditor see of it.

use ai_audit_firmware::RingError;

use crate::common::{Host, decide, export, visit, with_device};
use crate::flash::Nor;

/// An image, what the host had then; and the image after more decisions.
fn images() -> (Nor<8>, Host, Nor<8>) {
    let mut host = Host::default();
    let old = with_device(Nor::<8>::new(8), |device| {
        decide(device, "honest").unwrap();
        visit(device, &mut host).unwrap();
        device.ring().flash().clone()
    })
    .unwrap();
    let new = with_device(old.clone(), |device| {
        for _ in 0..2 {
            decide(device, "to be hidden").unwrap();
        }
        device.ring().flash().clone()
    })
    .unwrap();
    (old, host, new)
}

#[test]
fn a60_a_rollback_of_what_nobody_saw_is_not_detected() {
    let (old, mut host, _never_exported) = images();
    with_device(old, |device| {
        // The device has nothing else that it could hold its flash against.
        assert!(device.ring().damage().is_none());
        decide(device, "instead").unwrap();
        visit(device, &mut host).unwrap();
    })
    .unwrap();
    // And the host's log is in order.
    host.verify();
}

#[test]
fn a60_a_rollback_behind_what_the_host_has_is_detected() {
    let (old, mut host, new) = images();
    with_device(new, |device| visit(device, &mut host).unwrap()).unwrap();
    let head = host.head();
    with_device(old, |device| {
        // At once, because the host begins with the head that it has.
        let said = device.ring().acknowledge(head.size(), head.hash());
        assert_eq!(said, Err(RingError::UnknownHead));
        // And for ever, because the log that goes on from there is another one.
        while device.ring().head().size() <= head.size() {
            decide(device, "instead").unwrap();
        }
        let said = device.ring().acknowledge(head.size(), head.hash());
        assert_eq!(said, Err(RingError::UnknownHead));
        let refused = host.take(&export(device)).unwrap_err();
        assert!(refused.contains("was another one before"), "{refused}");
    })
    .unwrap();
}

#[test]
fn a60_a_key_that_was_read_out_forges_what_nobody_saw_and_nothing_else() {
    use ai_audit_core::{Chain, Draft, ReceiptId, SigningKey, UnverifiedReceipt};
    let (_, mut host, new) = images();
    let seen = host.head();
    let thief = SigningKey::from_bytes(&crate::common::SEED);
    let now = seen.sealed_at();
    let mut buf = [0; 1024];
    let draft = Draft::new(ReceiptId::from_parts(now, [9; 10]), now);
    let forged = draft
        .seal(&crate::common::decision("forged"), &seen, &thief, &mut buf)
        .unwrap();
    // It verifies behind what the host has: only a key that cannot be read out helps against this.
    let receipt = UnverifiedReceipt::parse(forged.as_bytes()).unwrap();
    receipt.verify_signature(&crate::common::key()).unwrap();
    Chain::resume(seen).push(&receipt).unwrap();
    // Once the host has what came there it does not take it.
    with_device(new, |device| visit(device, &mut host).unwrap()).unwrap();
    let refused = host.take(&[forged.as_bytes().to_vec()]).unwrap_err();
    assert!(refused.contains("was another one before"), "{refused}");
}
