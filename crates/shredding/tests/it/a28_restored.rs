//! A28: a copy of a wrapped key that was made before an erasure is put back.

use crate::{LOG, key};
use ai_audit_core::{LogId, SubjectKeyId};
use ai_audit_shredding::{Kek, KekId, KeyWrapper as _, WRAPPED_LEN, WrapError};

#[test]
fn a28_a_copy_from_before_the_new_kek_does_not_open() {
    let (old, new) = (
        Kek::new(KekId::from_bytes([1; 16]), &[1; 32]),
        Kek::new(KekId::from_bytes([2; 16]), &[2; 32]),
    );
    let subject = key(7, 7);
    let copy = old.wrap("person-7", &subject, [3; 12]).unwrap();
    assert_eq!(copy.len(), WRAPPED_LEN);
    assert!(old.unwrap(&LOG, "person-7", subject.id(), &copy).is_ok());
    let opened = new.unwrap(&LOG, "person-7", subject.id(), &copy);
    assert_eq!(opened.unwrap_err(), WrapError::OtherKek);
    // One that goes by the old one's id is no better.
    let posing = Kek::new(KekId::from_bytes([1; 16]), &[2; 32]);
    let opened = posing.unwrap(&LOG, "person-7", subject.id(), &copy);
    assert_eq!(opened.unwrap_err(), WrapError::OtherKek);
}

#[test]
fn a28_a_wrapped_key_opens_only_where_it_belongs() {
    let kek = Kek::new(KekId::from_bytes([1; 16]), &[1; 32]);
    let subject = key(7, 7);
    let wrapped = kek.wrap("person-7", &subject, [3; 12]).unwrap();
    let other_id = SubjectKeyId::from_bytes([8; 16]);
    let other_log = LogId::from_bytes([2; 32]);
    assert!(
        kek.unwrap(&LOG, "person-8", subject.id(), &wrapped)
            .is_err()
    );
    assert!(kek.unwrap(&LOG, "person-7", other_id, &wrapped).is_err());
    assert!(
        kek.unwrap(&other_log, "person-7", subject.id(), &wrapped)
            .is_err()
    );
    for at in 0..wrapped.len() {
        let mut changed = wrapped.clone();
        changed[at] ^= 1;
        assert!(
            kek.unwrap(&LOG, "person-7", subject.id(), &changed)
                .is_err()
        );
    }
    for len in (0..wrapped.len()).chain([wrapped.len() + 1]) {
        let mut other = wrapped.clone();
        other.resize(len, 0);
        let opened = kek.unwrap(&LOG, "person-7", subject.id(), &other);
        assert_eq!(opened.unwrap_err(), WrapError::Length { found: len });
    }
}
