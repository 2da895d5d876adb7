//! The life of key-encryption keys, the same in every service.

use ai_audit_core::{LogId, SubjectKeyId};
use ai_audit_shredding::{KekId, KekVault, SubjectKey};

pub(crate) const LOG: LogId = LogId::from_bytes([2; 32]);
const OTHER_LOG: LogId = LogId::from_bytes([3; 32]);

pub(crate) fn subject_key() -> SubjectKey {
    SubjectKey::new(SubjectKeyId::from_bytes([1; 16]), LOG, &[0x77; 32])
}

/// Makes, hands over, destroys; and tries to open what must not.
pub(crate) fn lifecycle(vault: &dyn KekVault) {
    assert_eq!(vault.settled().unwrap(), None);
    assert_eq!(vault.ids().unwrap(), Vec::new());
    let nobody = KekId::from_bytes([9; 16]);
    assert!(vault.held(&nobody).unwrap().is_none());
    assert!(vault.settle(&nobody).is_err());

    // Made, and not settled yet: an interruption here leaves a next one and no current one.
    let first = vault.prepare().unwrap();
    assert_eq!(vault.settled().unwrap(), None);
    assert_eq!(vault.ids().unwrap(), [first.id()]);
    vault.settle(&first.id()).unwrap();
    vault.settle(&first.id()).unwrap();
    assert_eq!(vault.settled().unwrap(), Some(first.id()));

    let key = subject_key();
    let (person, id) = ("person-7 é", key.id());
    let wrapped = first.wrap(person, &key, [4; 12]).unwrap();
    let held = vault.held(&first.id()).unwrap().unwrap();
    let opened = held.unwrap(&LOG, person, id, &wrapped).unwrap();
    assert_eq!(opened.to_bytes(), key.to_bytes());
    assert_eq!((opened.id(), opened.log()), (id, &LOG));

    // A27: for nothing else, and no byte changed.
    let other_id = SubjectKeyId::from_bytes([2; 16]);
    assert!(held.unwrap(&OTHER_LOG, person, id, &wrapped).is_err());
    assert!(held.unwrap(&LOG, "person-8", id, &wrapped).is_err());
    assert!(held.unwrap(&LOG, person, other_id, &wrapped).is_err());
    for at in 0..wrapped.len() {
        let mut changed = wrapped.clone();
        changed[at] ^= 1;
        assert!(held.unwrap(&LOG, person, id, &changed).is_err(), "{at}");
    }
    for len in [0, 15, 16, 17, 40, wrapped.len() - 1] {
        assert!(
            held.unwrap(&LOG, person, id, &wrapped[..len]).is_err(),
            "{len}"
        );
    }

    // One that is prepared takes the place of one that was.
    let lost = vault.prepare().unwrap().id();
    let next = vault.prepare().unwrap();
    assert_eq!(vault.ids().unwrap(), [first.id(), next.id()]);
    assert_eq!(vault.settled().unwrap(), Some(first.id()));
    assert!(vault.held(&lost).unwrap().is_none());

    // Handed over, as an erasure does: what was wrapped before opens no more (A28).
    let rewrapped = next.wrap(person, &key, [5; 12]).unwrap();
    vault.settle(&next.id()).unwrap();
    assert_eq!(vault.ids().unwrap(), [next.id()]);
    assert_eq!(vault.settled().unwrap(), Some(next.id()));
    assert!(vault.held(&first.id()).unwrap().is_none());
    assert!(vault.settle(&first.id()).is_err());
    for wrapper in [&first, &held] {
        let error = wrapper.unwrap(&LOG, person, id, &wrapped).unwrap_err();
        assert!(!error.to_string().is_empty());
    }
    let error = next.unwrap(&LOG, person, id, &wrapped).unwrap_err();
    assert!(
        error.to_string().contains("an erasure destroyed"),
        "{error}"
    );
    let opened = next.unwrap(&LOG, person, id, &rewrapped).unwrap();
    assert_eq!(opened.to_bytes(), key.to_bytes());
}
