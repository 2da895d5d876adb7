//! Who looks on sees as verified what a plain verifier gives back, and nothing else.

use crate::logs::Log;
use ai_audit_core::{LeafHash, MAX_SEALED_LEN, Next, NodeHash, ReceiptSource, UnverifiedReceipt};
use ai_audit_merkle::{InclusionProof, LeafIndex};
use ai_audit_note::Checkpoint;
use ai_audit_verify::{
    LogVerifier, Observed, Observer, SelectionVerifier, TrustPolicy, verify_source,
};

/// What was seen: the place of a receipt, its hash, whether it was verified, and its path.
#[derive(Debug, PartialEq)]
enum Saw {
    Verified(u64, LeafHash, Option<Vec<NodeHash>>),
    Unverified(u64, Option<LeafHash>),
    Deleted(u64, LeafHash),
}

#[derive(Default)]
struct Eyes {
    saw: Vec<Saw>,
    progress: Vec<(u64, u64)>,
}

impl Eyes {
    fn verified(&self) -> usize {
        let verified = |saw: &&Saw| matches!(saw, Saw::Verified(..));
        self.saw.iter().filter(verified).count()
    }
}

impl Observer for Eyes {
    fn observe(&mut self, seen: Observed<'_, '_>) {
        self.saw.push(match seen {
            Observed::Verified { receipt, path } => Saw::Verified(
                receipt.header().seq,
                receipt.hash(),
                path.map(<[NodeHash]>::to_vec),
            ),
            Observed::Unverified { seq, hash } => Saw::Unverified(seq, hash),
            Observed::Deleted { seq, hash } => Saw::Deleted(seq, hash),
        });
    }

    fn progress(&mut self, done: u64, total: u64) {
        self.progress.push((done, total));
    }
}

/// Receipts, and in their place nothing where one is deleted.
struct Source<'a>(std::slice::Iter<'a, Result<Vec<u8>, LeafHash>>);

impl ReceiptSource for Source<'_> {
    type Error = std::convert::Infallible;

    fn read_next(&mut self, buf: &mut [u8]) -> Result<Option<Next>, Self::Error> {
        Ok(self.0.next().map(|next| match next {
            Ok(sealed) => {
                buf[..sealed.len()].copy_from_slice(sealed);
                Next::Sealed(sealed.len())
            }
            Err(hash) => Next::Deleted(*hash),
        }))
    }
}

fn there(sealed: &[Vec<u8>]) -> Vec<Result<Vec<u8>, LeafHash>> {
    sealed.iter().cloned().map(Ok).collect()
}

/// What an observer saw of a log, and that the report is the one of a verifier that nobody looked at.
fn look(policy: &TrustPolicy, log: &[Result<Vec<u8>, LeafHash>]) -> Eyes {
    let mut eyes = Eyes::default();
    let mut verifier = LogVerifier::new(policy);
    verifier
        .push_all(&mut Source(log.iter()), log.len() as u64, &mut eyes)
        .unwrap();
    let (observed, total) = (verifier.finish(), log.len() as u64);
    let plain = verify_source(LogVerifier::new(policy), &mut Source(log.iter()), |_| {}).unwrap();
    assert_eq!(format!("{observed:?}"), format!("{plain:?}"));
    let progress: Vec<_> = (1..=total).map(|done| (done, total)).collect();
    assert_eq!(eyes.progress, progress);
    eyes
}

/// What a plain verifier makes of the same receipts.
fn plain(policy: &TrustPolicy, log: &[Result<Vec<u8>, LeafHash>]) -> Vec<Saw> {
    let mut verifier = LogVerifier::new(policy);
    let push = |(place, next): (usize, &Result<Vec<u8>, LeafHash>)| {
        let place = place as u64;
        match next {
            Ok(sealed) => match (verifier.push(sealed), UnverifiedReceipt::parse(sealed)) {
                (Some(given), _) => Saw::Verified(given.header().seq, given.hash(), None),
                (None, Ok(claimed)) => Saw::Unverified(claimed.header().seq, Some(claimed.hash())),
                (None, Err(_)) => Saw::Unverified(place, None),
            },
            Err(hash) => {
                verifier.push_deleted(*hash);
                Saw::Deleted(place, *hash)
            }
        }
    };
    log.iter().enumerate().map(push).collect()
}

#[test]
fn an_observer_sees_what_a_verifier_gives_back() {
    let log = Log::of(1, 9);
    let policy = log.policy();
    let sealed = there(&log.sealed);
    let eyes = look(&policy, &sealed);
    assert_eq!(eyes.verified(), 9);
    assert_eq!(eyes.saw, plain(&policy, &sealed));
    // Every byte of a receipt in the middle, changed: nothing from there on.
    let middle = log.sealed[4].len();
    for at in 0..middle {
        let mut tampered = log.sealed.clone();
        tampered[4][at] ^= 1;
        let tampered = there(&tampered);
        let eyes = look(&policy, &tampered);
        assert_eq!(eyes.verified(), 4, "byte {at}");
        assert_eq!(eyes.saw, plain(&policy, &tampered), "byte {at}");
    }
    // One is missing, two are exchanged, one comes twice, one is cut off, one is too long.
    let mut missing = log.sealed.clone();
    missing.remove(4);
    let mut exchanged = log.sealed.clone();
    exchanged.swap(4, 5);
    let mut twice = log.sealed.clone();
    twice.insert(4, log.sealed[3].clone());
    let mut cut = log.sealed.clone();
    cut[4].truncate(3);
    let mut long = log.sealed.clone();
    long[4] = vec![0; MAX_SEALED_LEN];
    for tampered in [missing, exchanged, twice, cut, long] {
        let tampered = there(&tampered);
        let eyes = look(&policy, &tampered);
        assert_eq!((eyes.verified(), eyes.saw.len()), (4, tampered.len()));
        assert_eq!(eyes.saw, plain(&policy, &tampered));
    }
}

#[test]
fn without_a_pin_that_leads_to_the_key_nothing_is_seen_as_verified() {
    let log = Log::of(1, 6);
    let hash = |seq: usize| UnverifiedReceipt::parse(&log.sealed[seq]).unwrap().hash();
    let all: Vec<Saw> = (0..6)
        .map(|seq| Saw::Unverified(seq as u64, Some(hash(seq))))
        .collect();
    let checkpoint = log.checkpoint().to_string();
    for policy in [
        TrustPolicy::new(),
        TrustPolicy::new()
            .checkpoint(checkpoint.as_bytes())
            .unwrap(),
        Log::of(2, 3).policy(),
    ] {
        assert_eq!(look(&policy, &there(&log.sealed)).saw, all);
        let note = log.checkpoint();
        let head = Checkpoint::parse(note.text()).unwrap();
        let mut verifier = SelectionVerifier::new(&policy, note, head);
        let mut eyes = Eyes::default();
        for seq in 0..6 {
            verifier.push_observed(&log.sealed[seq], log.path(seq as u64), None, &mut eyes);
        }
        assert_eq!(eyes.saw, all);
    }
}

#[test]
fn what_failed_before_the_first_receipt_is_known_to_the_observer() {
    let log = Log::of(1, 3);
    let policy = log.policy();
    let mut verifier = LogVerifier::new(&policy);
    verifier.fail_integrity("the container is broken");
    let (mut eyes, sealed) = (Eyes::default(), there(&log.sealed));
    verifier
        .push_all(&mut Source(sealed.iter()), 0, &mut eyes)
        .unwrap();
    assert_eq!((eyes.verified(), eyes.saw.len()), (0, 3));
    assert_eq!(eyes.progress, [(1, 0), (2, 0), (3, 0)]);
}

#[test]
fn deleted_receipts_are_shown_by_place_and_hash() {
    let log = Log::of(1, 6);
    let policy = log.policy();
    let mut sealed = there(&log.sealed);
    let hash = UnverifiedReceipt::parse(&log.sealed[3]).unwrap().hash();
    sealed[3] = Err(hash);
    let eyes = look(&policy, &sealed);
    assert_eq!(eyes.saw[3], Saw::Deleted(3, hash));
    // Who cannot know yet that nothing accounts for it still sees the others.
    assert_eq!((eyes.verified(), eyes.saw.len()), (5, 6));
    assert_eq!(eyes.saw, plain(&policy, &sealed));
}

#[test]
fn a_selection_brings_paths_that_prove_inclusion() {
    let log = Log::of(1, 20);
    let policy = log.policy();
    let note = log.checkpoint();
    let head = Checkpoint::parse(note.text()).unwrap();
    let mut verifier = SelectionVerifier::new(&policy, note.clone(), head.clone());
    let mut eyes = Eyes::default();
    for seq in [0, 1, 7, 19] {
        verifier.push_observed(&log.sealed[seq], log.path(seq as u64), None, &mut eyes);
    }
    assert!(verifier.finish().verdict.integrity.is_verified());
    assert_eq!((eyes.verified(), eyes.saw.len()), (4, 4));
    for saw in &eyes.saw {
        let Saw::Verified(seq, hash, Some(path)) = saw else {
            panic!("{saw:?}");
        };
        let proof = InclusionProof {
            index: LeafIndex::new(*seq),
            size: head.size,
            path: path.clone(),
        };
        proof.verify(hash, &head.root).unwrap();
    }
    // A path of another place: this one and all behind it are not verified.
    let mut verifier = SelectionVerifier::new(&policy, note, head);
    let mut eyes = Eyes::default();
    for (seq, path) in [(0, 0), (1, 2), (7, 7)] {
        verifier.push_observed(&log.sealed[seq], log.path(path), None, &mut eyes);
    }
    verifier.push_observed(b"no receipt", Vec::new(), None, &mut eyes);
    assert_eq!((eyes.verified(), eyes.saw.len()), (1, 4));
    assert_eq!(eyes.saw[3], Saw::Unverified(8, None));
}
