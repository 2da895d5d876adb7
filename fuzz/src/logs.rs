//! Whole logs: genuine ones verify, and what was changed in a byte that is covered does not.

use crate::edits::{Edit, edit, place};
use crate::made::{Log, Says, draft};
use ai_audit_core::{Exit, Head, LeafHash, MAX_SEALED_LEN, Question, UnverifiedReceipt};
use ai_audit_epochs::{EpochAudit, SelectedEpochs};
use ai_audit_note::Checkpoint;
use ai_audit_verify::{LogVerifier, SelectionVerifier, TreeVerifier};
use arbitrary::Arbitrary;

/// What is done to a log by somebody who has none of its keys.
#[derive(Arbitrary, Debug)]
pub enum Attack {
    /// Bytes of a receipt change.
    Bytes { at: u32, edits: Vec<Edit> },
    /// Receipts are gone.
    Gone { at: u32, count: u8 },
    /// A receipt is there again.
    Again { at: u32, to: u32 },
    /// Two change places.
    Swapped { at: u32, with: u32 },
    /// The end is missing.
    Cut { at: u32 },
    /// All from here on is sealed anew by a stranger, chained as it should be.
    Resealed { at: u32 },
    /// Only the hash is left.
    Deleted { at: u32 },
    /// A stranger's receipt follows.
    More { says: Says },
}

/// A log and the attacks on it.
#[derive(Arbitrary, Debug)]
pub struct LogCase {
    says: Vec<Says>,
    attacks: Vec<Attack>,
    /// What may be deleted is.
    gone: bool,
    /// The checkpoint that the verifier brings is of this size, where it brings an older one.
    known: Option<u8>,
}

/// A receipt, or what a deletion left of it.
#[derive(Clone, PartialEq)]
enum Place {
    Sealed(Vec<u8>),
    Deleted(LeafHash),
}

fn attack(places: &mut Vec<Place>, attack: &Attack) {
    let len = places.len();
    match attack {
        Attack::Bytes { at, edits } => {
            if let Some(Place::Sealed(bytes)) = places.get_mut(place(*at, len)) {
                edit(bytes, edits);
                bytes.truncate(MAX_SEALED_LEN + 1);
            }
        }
        Attack::Gone { at, count } => {
            let from = place(*at, len);
            places.drain(from..(from + usize::from(*count)).min(len));
        }
        Attack::Again { at, to } if len > 0 => {
            let copy = places[place(*at, len)].clone();
            places.insert(place(*to, len + 1), copy);
        }
        Attack::Swapped { at, with } if len > 0 => places.swap(place(*at, len), place(*with, len)),
        Attack::Again { .. } | Attack::Swapped { .. } => {}
        Attack::Cut { at } => places.truncate(place(*at, len)),
        Attack::Resealed { at } => reseal(places, place(*at, len)),
        Attack::Deleted { at } => {
            if let Some(place) = places.get_mut(place(*at, len))
                && let Place::Sealed(bytes) = place
                && let Ok(receipt) = UnverifiedReceipt::parse(bytes)
            {
                *place = Place::Deleted(receipt.hash());
            }
        }
        Attack::More { says } => {
            let other = Log::new(7, std::slice::from_ref(says));
            places.extend(other.sealed.last().cloned().map(Place::Sealed));
            let last = places.len() - 1;
            reseal(places, last);
        }
    }
}

/// Seals the receipts from a place on with a stranger's key, each behind the one before.
fn reseal(places: &mut [Place], from: usize) {
    let before = from.checked_sub(1).and_then(|before| places.get(before));
    let Some(Place::Sealed(before)) = before.cloned() else {
        return;
    };
    let Ok(before) = UnverifiedReceipt::parse(&before) else {
        return;
    };
    let header = before.header();
    let log = match header.seq {
        0 => before.hash().to_log_id(),
        _ => header.log_id,
    };
    let mut head = Head::from_parts(
        log,
        header.seq.saturating_add(1),
        before.hash(),
        header.sealed_at,
    );
    for place in places.iter_mut().skip(from) {
        let Place::Sealed(bytes) = place else { return };
        let Ok(receipt) = UnverifiedReceipt::parse(bytes) else {
            return;
        };
        let (header, body) = (receipt.header(), receipt.body());
        let mut buf = vec![0; MAX_SEALED_LEN];
        let session = header.session_id;
        let draft = draft(head.size(), session);
        let key = Log::stranger();
        let Ok(sealed) = draft.seal_encoded(header.kind, body, &head, &key, &mut buf) else {
            return;
        };
        head = sealed.head();
        let sealed = sealed.as_bytes().to_vec();
        *place = Place::Sealed(sealed);
    }
}

/// The verifier of whole logs.
pub fn log(case: LogCase) {
    let log = Log::new(1, &case.says);
    let genuine: Vec<Place> = log.sealed.iter().cloned().map(Place::Sealed).collect();
    let mut places = genuine.clone();
    if case.gone {
        for seq in log.deletable.keys() {
            attack(&mut places, &Attack::Deleted { at: *seq as u32 });
        }
    }
    let honest = places.clone();
    for change in case.attacks.iter().take(4) {
        attack(&mut places, change);
    }
    let (policy, known) = match case.known {
        Some(size) => {
            let size = 1 + u64::from(size) % log.size();
            let note = log.checkpoint_at(size).to_string();
            let policy = log.pinned().checkpoint(note.as_bytes());
            (policy.expect("it is a checkpoint"), size)
        }
        None => (log.policy(), log.size()),
    };
    let mut verifier = LogVerifier::new(&policy);
    for (seq, place) in places.iter().enumerate() {
        match place {
            // Whatever is called verified on the way is the log's own.
            Place::Sealed(bytes) => {
                let verified = verifier.push(bytes).is_some();
                assert!(
                    !verified || genuine.get(seq) == Some(place),
                    "receipt {seq}"
                );
            }
            Place::Deleted(hash) => verifier.push_deleted(*hash),
        }
    }
    let report = verifier.finish();
    let exit = report.exit(&Question::DEFAULT);
    if places == honest {
        assert_eq!(exit, Exit::Verified, "{report:?}");
        return;
    }
    let verdict = &report.verdict;
    if verdict.integrity.is_verified() && verdict.attribution.is_verified() {
        // The end may be missing, and bytes that a receipt which is here lets go.
        for (seq, place) in places.iter().enumerate() {
            assert!(
                is_own(&log, seq, place, places.len()),
                "receipt {seq}: {report:?}"
            );
        }
        let missing = (places.len() as u64) < known;
        assert!(
            !missing || !verdict.completeness.is_verified(),
            "{report:?}"
        );
        assert!(!missing || exit != Exit::Verified);
    } else {
        assert_ne!(exit, Exit::Verified);
    }
}

/// Whether the log has this at this place, or lets its bytes be gone before so many receipts.
fn is_own(log: &Log, seq: usize, place: &Place, size: usize) -> bool {
    match (place, log.sealed.get(seq)) {
        (Place::Sealed(bytes), Some(own)) => bytes == own,
        (Place::Deleted(hash), Some(own)) => {
            let own = UnverifiedReceipt::parse(own).map(|receipt| receipt.hash());
            let said = log.deletable.get(&(seq as u64));
            own == Ok(*hash) && said.is_some_and(|said| (*said as usize) < size)
        }
        (_, None) => false,
    }
}

/// The verifiers of selections and of bare trees, and the audits of epochs.
pub fn selection(case: LogCase) {
    let log = Log::new(1, &case.says);
    let mut places: Vec<Place> = log.sealed.iter().cloned().map(Place::Sealed).collect();
    let genuine = places.clone();
    for change in case.attacks.iter().take(4) {
        attack(&mut places, change);
    }
    let note = log.checkpoint();
    let checkpoint = Checkpoint::parse(note.text()).expect("it is a checkpoint");
    let policy = log.policy();
    let mut verifier = SelectionVerifier::new(&policy, note.clone(), checkpoint.clone());
    let mut tree = TreeVerifier::new(&policy, note, checkpoint);
    let (mut audit, mut selected) = (EpochAudit::new(), SelectedEpochs::new());
    let mut all = true;
    let mut leaves = Vec::new();
    for place in &places {
        match place {
            Place::Sealed(bytes) => {
                let parsed = UnverifiedReceipt::parse(bytes);
                let seq = parsed.as_ref().map_or(0, |receipt| receipt.header().seq);
                let path = log.path(seq.min(log.size() - 1));
                let verified = verifier.push(bytes, path).is_some();
                let known = genuine.contains(place);
                assert!(!verified || known, "receipt {seq}");
                all &= known;
                if let Ok(receipt) = parsed {
                    tree.push(receipt.hash());
                    leaves.push(receipt.hash());
                    let _ = (
                        audit.push(&receipt, || checkpoint_root(&log)),
                        selected.push(&receipt),
                    );
                }
            }
            Place::Deleted(hash) => {
                tree.push(*hash);
                leaves.push(*hash);
                audit.push_deleted(*hash);
            }
        }
    }
    let verdict = verifier.finish().verdict;
    assert!(all || !(verdict.integrity.is_verified() && verdict.attribution.is_verified()));
    let same =
        leaves.len() as u64 == log.size() && ai_audit_merkle::root_of(&leaves) == log.tree.root();
    let verdict = tree.finish().verdict;
    assert!(same || !verdict.completeness.is_verified());
    let _ = audit.finish();
    // No more of them are complete than the log has sealed.
    assert!(selected.complete().len() <= log.epochs());
}

fn checkpoint_root(log: &Log) -> ai_audit_core::NodeHash {
    log.tree.root()
}
