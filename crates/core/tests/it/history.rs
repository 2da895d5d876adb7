//! The key history: who may sign at which place, and who may say that this changes.

use crate::logs::{at, id, key};
use ai_audit_core::{
    Body, BulkVerifier, Decision, Digest, Draft, Genesis, Head, KeyChange, KeyHistory,
    KeyHistoryError, KeyRevocation, KeyRotation, Kind, LogId, Revoked, SealMode, SigningKey,
    UnverifiedReceipt, encode_body,
};

/// A log with the receipt key of seed 1, the checkpoint key of 2, the recovery key of 3.
struct Walk {
    head: Head,
    history: KeyHistory,
    bulk: Option<BulkVerifier>,
}

impl Walk {
    fn new(bulk: Option<BulkVerifier>) -> Self {
        let [receipt, checkpoint, recovery] = [1, 2, 3].map(|seed| key(seed).verifying_key());
        let genesis = Genesis::new(
            "example.org/keys",
            "",
            &receipt,
            &checkpoint,
            &recovery,
            [7; 16],
        );
        let (head, sealed) = seal(&Head::EMPTY, &genesis, &key(1));
        let mut walk = Self {
            head,
            history: KeyHistory::new(head.log_id(), &genesis),
            bulk,
        };
        assert_eq!(walk.take(&sealed), Ok(None));
        walk
    }

    fn take(&mut self, sealed: &[u8]) -> Result<Option<KeyChange>, KeyHistoryError> {
        let receipt = UnverifiedReceipt::parse(sealed).unwrap();
        match &mut self.bulk {
            Some(bulk) => self.history.take_in_bulk(&receipt, bulk),
            None => self.history.take(&receipt),
        }
    }

    /// Seals at the head and takes; the head moves where that was taken.
    fn push(
        &mut self,
        body: &impl Body,
        by: &SigningKey,
    ) -> Result<Option<KeyChange>, KeyHistoryError> {
        let (head, sealed) = seal(&self.head, body, by);
        let before = self.history;
        let taken = self.take(&sealed);
        match taken {
            Ok(_) => self.head = head,
            Err(_) => assert_eq!(self.history, before, "an error changed the history"),
        }
        taken
    }

    fn rotation(&self, old: u8, seq: u64, new: u8) -> KeyRotation<'static> {
        let (log, old) = (self.head.log_id(), key(old).verifying_key());
        KeyRotation::new(&log, &old, seq, &key(new), "due").unwrap()
    }

    fn revocation(&self, stolen: u8, after: u64, successor: u8, by: u8) -> KeyRevocation<'static> {
        let (stolen, successor) = (key(stolen).verifying_key(), key(successor).verifying_key());
        let log = self.head.log_id();
        KeyRevocation::sign(&log, stolen, after, at(0), successor, "lost", &key(by)).unwrap()
    }
}

fn seal(head: &Head, body: &impl Body, by: &SigningKey) -> (Head, Vec<u8>) {
    let mut buf = [0; 1024];
    let sealed = Draft::new(id(9), at(head.size()))
        .seal(body, head, by, &mut buf)
        .unwrap();
    (sealed.head(), sealed.as_bytes().to_vec())
}

/// Each test walks by single signatures and by tables of multiples.
fn both(test: impl Fn(Walk)) {
    test(Walk::new(None));
    test(Walk::new(Some(BulkVerifier::eager())));
}

#[test]
fn a_rotation_hands_over_from_the_next_receipt_on() {
    both(|mut walk| {
        let (old, new) = (key(1).verifying_key(), key(4).verifying_key());
        assert_eq!((walk.history.valid(), walk.history.since()), (&old, 0));
        assert_eq!(walk.push(&Decision::new(), &key(1)), Ok(None));
        let rotation = walk.rotation(1, 2, 4);
        let change = KeyChange::Rotated { old, new };
        assert_eq!(walk.push(&rotation, &key(1)), Ok(Some(change)));
        assert_eq!((walk.history.valid(), walk.history.since()), (&new, 3));
        assert_eq!(walk.history.recovery(), &key(3).verifying_key());
        assert_eq!(walk.history.log_id(), &walk.head.log_id());
        let other = KeyHistoryError::OtherKey {
            found: old.id(),
            valid: new.id(),
        };
        assert_eq!(walk.push(&Decision::new(), &key(1)), Err(other));
        assert_eq!(walk.push(&Decision::new(), &key(4)), Ok(None));
        let text = format!(
            "key_id: signed by key {}, but key {} is valid here",
            old.id(),
            new.id()
        );
        assert_eq!(other.to_string(), text);
    });
}

#[test]
fn a_rotation_needs_the_new_keys_holder_and_the_old_keys_signature() {
    both(|mut walk| {
        let new = key(4).verifying_key().id();
        // Made for another place, another log, from another key: a proof that was copied.
        for rotation in [walk.rotation(1, 2, 4), walk.rotation(5, 1, 4)] {
            let error = KeyHistoryError::Proof { key: new };
            assert_eq!(walk.push(&rotation, &key(1)), Err(error));
            assert!(
                error
                    .to_string()
                    .starts_with(&format!("proof: the new key {new} did not sign"))
            );
        }
        // Signed by the new key itself.
        let rotation = walk.rotation(1, 1, 4);
        let error = walk.push(&rotation, &key(4)).unwrap_err();
        assert!(matches!(error, KeyHistoryError::OtherKey { found, .. } if found == new));
        assert!(walk.push(&rotation, &key(1)).is_ok());
    });
}

#[test]
fn a_key_that_was_revoked_never_becomes_valid() {
    both(|mut walk| {
        // Key 9 was never valid, and is revoked before it could be.
        let revocation = walk.revocation(9, 0, 5, 3);
        assert!(walk.push(&revocation, &key(5)).is_ok());
        let gone = KeyHistoryError::Revoked {
            key: key(9).verifying_key().id(),
        };
        let rotation = walk.rotation(5, 2, 9);
        assert_eq!(walk.push(&rotation, &key(5)), Err(gone));
        assert!(gone.to_string().contains("revoked"), "{gone}");
        // Nor as the successor of another one.
        let revocation = walk.revocation(5, 1, 9, 3);
        assert_eq!(walk.push(&revocation, &key(9)), Err(gone));
        // Revoked twice takes one place of those that are remembered; seven more have room.
        let (mut valid, mut seq) = (5, 2);
        for stolen in [9, 20, 21, 22, 23, 24, 25, 26] {
            let successor = valid + 30;
            let revocation = walk.revocation(stolen, 0, successor, 3);
            assert!(walk.push(&revocation, &key(successor)).is_ok());
            (valid, seq) = (successor, seq + 1);
            let rotation = walk.rotation(valid, seq, 9);
            assert_eq!(walk.push(&rotation, &key(valid)), Err(gone));
        }
        // Others take over as before.
        let rotation = walk.rotation(valid, seq, 6);
        assert!(walk.push(&rotation, &key(valid)).is_ok());
    });
}

#[test]
fn keys_of_another_purpose_never_take_over() {
    both(|mut walk| {
        for taken in [1, 2, 3] {
            let error = KeyHistoryError::Purpose {
                key: key(taken).verifying_key().id(),
            };
            let rotation = walk.rotation(1, 1, taken);
            assert_eq!(walk.push(&rotation, &key(1)), Err(error));
            assert!(error.to_string().contains("cannot take over"));
        }
        assert_eq!(walk.push(&Decision::new(), &key(1)), Ok(None));
        for taken in [2, 3] {
            let error = KeyHistoryError::Purpose {
                key: key(taken).verifying_key().id(),
            };
            let revocation = walk.revocation(1, 0, taken, 3);
            assert_eq!(walk.push(&revocation, &key(taken)), Err(error));
        }
    });
}

#[test]
fn a_revocation_is_the_recovery_keys_word_and_the_successors_receipt() {
    both(|mut walk| {
        for _ in 0..3 {
            assert_eq!(walk.push(&Decision::new(), &key(1)), Ok(None));
        }
        // By the thief himself, by the checkpoint key.
        for by in [1, 2, 4] {
            let revocation = walk.revocation(1, 1, 4, by);
            assert_eq!(
                walk.push(&revocation, &key(4)),
                Err(KeyHistoryError::Recovery)
            );
        }
        assert!(
            KeyHistoryError::Recovery
                .to_string()
                .contains("not signed by the recovery key")
        );
        // Of what is not sealed yet: its own place is 4.
        for after in [4, 5, u64::MAX] {
            let error = KeyHistoryError::After { after };
            assert_eq!(
                walk.push(&walk.revocation(1, after, 4, 3), &key(4)),
                Err(error)
            );
            assert!(error.to_string().ends_with(&format!("found {after}")));
        }
        // Written down by the key that is revoked.
        let revocation = walk.revocation(1, 3, 4, 3);
        let error = walk.push(&revocation, &key(1)).unwrap_err();
        assert!(matches!(error, KeyHistoryError::OtherKey { .. }));
        let revoked = Revoked {
            key: key(1).verifying_key(),
            after: 3,
            compromised_at: at(0),
            successor: key(4).verifying_key(),
        };
        let change = KeyChange::Revoked(revoked);
        assert_eq!(walk.push(&revocation, &key(4)), Ok(Some(change)));
        let valid = key(4).verifying_key();
        assert_eq!((walk.history.valid(), walk.history.since()), (&valid, 4));
        assert_eq!(walk.push(&Decision::new(), &key(4)), Ok(None));
        assert!(walk.push(&Decision::new(), &key(1)).is_err());
    });
}

#[test]
fn what_is_not_signed_or_not_by_this_key_is_refused() {
    both(|mut walk| {
        let key_id = key(1).verifying_key().id();
        let (_, sealed) = seal(&walk.head, &Decision::new(), &key(1));
        let mut changed = sealed.clone();
        *changed.last_mut().unwrap() ^= 1;
        let error = KeyHistoryError::Signature { key: key_id };
        assert_eq!(walk.take(&changed), Err(error));
        let text = format!("signature does not verify under key {key_id}");
        assert_eq!(error.to_string(), text);

        // Batched: the mode's byte is the one before that of the kind.
        let payload = &sealed[..sealed.len() - 64];
        let place = payload.windows(2).rposition(|two| two == [0, 2]).unwrap();
        let mut batched = payload.to_vec();
        batched[place] = 1;
        let receipt = UnverifiedReceipt::parse(&batched).unwrap();
        assert_eq!(
            (receipt.header().mode, receipt.header().kind),
            (SealMode::Batched, Kind::DECISION)
        );
        assert_eq!(walk.take(&batched), Err(KeyHistoryError::Batched));
        assert!(KeyHistoryError::Batched.to_string().contains("batched"));

        // Rotations and revocations that are none.
        for kind in [Kind::KEY_ROTATION, Kind::KEY_REVOCATION] {
            let mut buf = [0; 512];
            let draft = Draft::new(id(9), at(9));
            let sealed = draft
                .seal_encoded(kind, b"\x01", &walk.head, &key(1), &mut buf)
                .unwrap();
            let error = walk.take(sealed.as_bytes()).unwrap_err();
            let KeyHistoryError::Body(decode) = error else {
                panic!("{error}")
            };
            assert_eq!(error.to_string(), decode.to_string());
        }
    });
}

/// What is signed is what `docs/spec/keys.md` says, and nothing less.
#[test]
fn rotations_and_revocations_sign_all_that_they_say() {
    let walk = Walk::new(None);
    let log = walk.head.log_id();
    let (old, new) = (key(1).verifying_key(), key(4).verifying_key());
    let rotation = walk.rotation(1, 7, 4);
    let message = [
        &b"ai-audit/rotation/v1\0"[..],
        log.as_bytes(),
        old.as_bytes(),
        new.as_bytes(),
        &[0, 0, 0, 0, 0, 0, 0, 7],
    ];
    assert_eq!(rotation.proof, key(4).sign(&message.concat()));
    assert!(rotation.verify_proof(&log, &old, 7).is_ok());
    assert!(rotation.verify_proof(&log, &old, 8).is_err());

    let revocation = walk.revocation(1, 5, 4, 3);
    let body = encode_body(&revocation).unwrap();
    // All of the body but its last field, the signature.
    let said = Digest::of(&body[..body.len() - 64]);
    let message = [
        &b"ai-audit/revocation/v1\0"[..],
        log.as_bytes(),
        said.as_bytes(),
    ];
    assert_eq!(revocation.signature, key(3).sign(&message.concat()));
    let recovery = key(3).verifying_key();
    assert!(revocation.verify(&log, &recovery).is_ok());
    assert!(revocation.verify(&LogId::ZERO, &recovery).is_err());
    assert_eq!(
        KeyRevocation::from_body_bytes(&body),
        Ok(revocation.clone())
    );
    let other = KeyRevocation {
        after: 6,
        ..revocation
    };
    assert!(other.verify(&log, &recovery).is_err());
}

#[test]
fn a_revocation_makes_no_key_valid_that_it_revokes() {
    let mut revocation = Walk::new(None).revocation(1, 5, 4, 3);
    let mut bytes = encode_body(&revocation).unwrap();
    let other = *revocation.successor.as_bytes();
    let at = bytes.windows(32).position(|part| part == other).unwrap();
    bytes[at..at + 32].copy_from_slice(revocation.revoked_key.as_bytes());
    let refused = KeyRevocation::from_body_bytes(&bytes).unwrap_err();
    assert_eq!(refused.field, "successor");
    revocation.successor = revocation.revoked_key;
    assert!(encode_body(&revocation).is_err());
}

#[test]
fn two_keys_in_turn_keep_their_own_tables() {
    for mut bulk in [
        BulkVerifier::new(),
        BulkVerifier::eager(),
        BulkVerifier::in_little_memory(),
    ] {
        let keys = [1, 2, 3, 4, 5, 6].map(key);
        for round in 0..3_u8 {
            for signer in &keys {
                let message = [round; 9];
                let signature = signer.sign(&message);
                let public = signer.verifying_key();
                assert_eq!(bulk.verify(&public, &message, &signature), Ok(()));
                assert!(bulk.verify(&public, b"another", &signature).is_err());
            }
        }
        let other = keys[0].sign(b"m");
        assert!(bulk.verify(&keys[1].verifying_key(), b"m", &other).is_err());
        let shown = format!("{bulk:?}");
        assert!(
            shown.contains(&keys[1].verifying_key().to_string()),
            "{shown}"
        );
    }
}
