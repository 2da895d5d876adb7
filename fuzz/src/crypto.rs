//! Trees, signatures, ciphertexts and timestamps, against other implementations and against changes.

use crate::edits::{Edit, edit, place};
use ai_audit_core::{
    BulkVerifier, Digest, KeyError, LeafHash, LogId, NodeHash, ReceiptId, Signature, SigningKey,
    SubjectKeyId, Timestamp, VerifyingKey,
};
use ai_audit_merkle::{
    Batch, BatchTree, ConsistencyProof, Frontier, InclusionProof, LeafIndex, MemoryTree, Subtree,
    TreeSize, consistency_proof, inclusion_proof, root_of,
};
use ai_audit_shredding::{Kek, KekId, KeyWrapper as _, Place, SubjectKey};
use ai_audit_testkit::tsa::Authority;
use ai_audit_timestamp::{
    TimestampRequest, TimestampResponse, TimestampToken, TrustedCertificates, VerifiedTimestamp,
};
use arbitrary::Arbitrary;
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::CompressedEdwardsY;
use ring::signature::{ED25519, UnparsedPublicKey};
use sha2::Sha256;
use std::sync::LazyLock;

/// Leaves, a proof among them, and changes of it.
#[derive(Arbitrary, Debug)]
pub struct MerkleCase {
    leaves: Vec<u8>,
    index: u16,
    old: u16,
    change: ProofChange,
    frontier: Vec<u8>,
}

#[derive(Arbitrary, Debug)]
enum ProofChange {
    None,
    Flip {
        node: u8,
        at: u8,
        bit: u8,
    },
    Gone {
        node: u8,
    },
    Again {
        node: u8,
    },
    Swapped {
        one: u8,
        other: u8,
    },
    /// Another leaf is said to stand there.
    Leaf(u8),
}

/// Frontier, memory tree, `rs_merkle` (within `BatchTree`) and `ct-merkle`: the same roots and proofs.
pub fn merkle(case: MerkleCase) {
    if let Ok(frontier) = Frontier::from_bytes(&case.frontier) {
        assert_eq!(frontier.to_bytes(), case.frontier);
        let mut more = frontier.clone();
        if more.push(LeafHash::of(b"x")).is_ok() {
            assert_eq!(Frontier::from_bytes(&more.to_bytes()), Ok(more));
        }
    }
    if let Ok(batch) = Batch::from_bytes(&case.frontier) {
        assert_eq!(batch.to_bytes(), case.frontier.as_slice());
    }
    let payloads: Vec<Vec<u8>> = case
        .leaves
        .iter()
        .take(300)
        .zip(0_u16..)
        .map(|(byte, n)| vec![*byte; usize::from(n % 4)])
        .collect();
    let leaves: Vec<LeafHash> = payloads
        .iter()
        .map(|payload| LeafHash::of(payload))
        .collect();
    let (mut frontier, mut memory) = (Frontier::new(), MemoryTree::new());
    let mut other = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    for (leaf, payload) in leaves.iter().zip(payloads) {
        frontier.push(*leaf).expect("the tree is not full");
        memory.push(*leaf).expect("the tree is not full");
        other.push(payload);
    }
    let batch = BatchTree::new(&leaves);
    let root = frontier.root();
    assert_eq!([memory.root(), batch.root(), root_of(&leaves)], [root; 3]);
    assert_eq!(other.root().as_bytes().as_slice(), root.as_bytes());
    assert_eq!(
        Frontier::from_bytes(&frontier.to_bytes()).as_ref(),
        Ok(&frontier)
    );
    let Some(last) = leaves.len().checked_sub(1) else {
        return;
    };
    let size = TreeSize::new(leaves.len() as u64);
    let index = place(u32::from(case.index), leaves.len());
    let genuine =
        inclusion_proof(&mut memory, LeafIndex::new(index as u64), size).expect("nodes are there");
    assert_eq!(batch.inclusion_proof(genuine.index).as_ref(), Ok(&genuine));
    assert_eq!(
        joined(&genuine.path),
        other.prove_inclusion(index).as_bytes()
    );
    let mut proof = InclusionProof { ..genuine.clone() };
    let leaf = changed(&mut proof.path, &case.change, leaves[index]);
    let same = proof == genuine && leaf == leaves[index];
    assert_eq!(proof.verify(&leaf, &root).is_ok(), same);
    let many = [LeafIndex::new(0), LeafIndex::new(last as u64)];
    let many = if last == 0 { &many[..1] } else { &many[..] };
    let multi = batch.multi_proof(many).expect("they are in the tree");
    let of: Vec<LeafHash> = many.iter().map(|at| leaves[at.as_u64() as usize]).collect();
    assert_eq!(multi.verify(&of, &root), Ok(()));
    // From the first so many leaves to all.
    let old = 1 + place(u32::from(case.old), leaves.len());
    let old_root = root_of(&leaves[..old]);
    let genuine =
        consistency_proof(&mut memory, TreeSize::new(old as u64), size).expect("nodes are there");
    if old < leaves.len() {
        assert_eq!(
            joined(&genuine.path),
            other.prove_consistency(leaves.len() - old).as_bytes()
        );
    }
    let mut proof = ConsistencyProof { ..genuine.clone() };
    changed(&mut proof.path, &case.change, leaves[0]);
    assert_eq!(proof.verify(&old_root, &root).is_ok(), proof == genuine);
    if let Ok(sub) = Subtree::new(LeafIndex::new(0), TreeSize::new(old as u64)) {
        assert_eq!(
            sub.verify_consistency(size, &genuine.path, &old_root, &root),
            Ok(())
        );
    }
}

fn joined(path: &[NodeHash]) -> Vec<u8> {
    path.iter().flat_map(|node| *node.as_bytes()).collect()
}

/// Changes a proof; gives the leaf that is claimed.
fn changed(path: &mut Vec<NodeHash>, change: &ProofChange, leaf: LeafHash) -> LeafHash {
    let len = path.len();
    let at = |node: u8| place(u32::from(node), len);
    match *change {
        ProofChange::Leaf(byte) => return LeafHash::of(&[byte; 9]),
        _ if len == 0 => {}
        ProofChange::None => {}
        ProofChange::Flip {
            node,
            at: byte,
            bit,
        } => {
            let mut bytes = *path[at(node)].as_bytes();
            bytes[usize::from(byte) % 32] ^= 1 << (bit % 8);
            path[at(node)] = NodeHash::from_bytes(bytes);
        }
        ProofChange::Gone { node } => drop(path.remove(at(node))),
        ProofChange::Again { node } => path.push(path[at(node)]),
        ProofChange::Swapped { one, other } => path.swap(at(one), at(other)),
    }
    leaf
}

/// A signature, genuine or not in one of the ways that libraries differ about.
#[derive(Arbitrary, Debug)]
pub struct SignatureCase {
    seed: u8,
    message: Vec<u8>,
    key: KeyBytes,
    r: PointBytes,
    s: ScalarBytes,
}

#[derive(Arbitrary, Debug)]
enum KeyBytes {
    Genuine,
    Point(PointBytes),
}

#[derive(Arbitrary, Debug)]
enum PointBytes {
    Same,
    /// One of the eight points of small order.
    Small(u8),
    /// With the sign bit, y ≥ p, or other bits changed.
    Sign,
    NotReduced(u8),
    Flip {
        at: u8,
        bit: u8,
    },
    Any([u8; 32]),
}

#[derive(Arbitrary, Debug)]
enum ScalarBytes {
    Same,
    /// The same modulo the group's order.
    PlusOrder,
    Zero,
    Flip {
        at: u8,
        bit: u8,
    },
    Any([u8; 32]),
}

/// The order of the group, little-endian (RFC 8032, section 5.1).
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

fn point(bytes: &mut [u8; 32], change: &PointBytes) {
    match change {
        PointBytes::Same => {}
        PointBytes::Small(n) => {
            *bytes = EIGHT_TORSION[usize::from(*n) % 8].compress().to_bytes();
        }
        PointBytes::Sign => bytes[31] ^= 0x80,
        PointBytes::NotReduced(n) => {
            *bytes = [0xff; 32];
            (bytes[0], bytes[31]) = (0xed + n % 19, 0x7f | (n & 0x80));
        }
        PointBytes::Flip { at, bit } => bytes[usize::from(*at) % 32] ^= 1 << (bit % 8),
        PointBytes::Any(any) => *bytes = *any,
    }
}

/// Strict verification, alone and in bulk, is never more lenient than ring's, and stricter only where
/// docs/fuzzing.md says.
pub fn ed25519(case: SignatureCase) {
    let signer = SigningKey::from_bytes(&[case.seed; 32]);
    let genuine = *signer.sign(&case.message).as_bytes();
    let mut key = *signer.verifying_key().as_bytes();
    let (mut r, mut s) = ([0; 32], [0; 32]);
    r.copy_from_slice(&genuine[..32]);
    s.copy_from_slice(&genuine[32..]);
    if let KeyBytes::Point(change) = &case.key {
        point(&mut key, change);
    }
    point(&mut r, &case.r);
    match case.s {
        ScalarBytes::Same => {}
        ScalarBytes::PlusOrder => {
            let mut carry = 0;
            for (byte, order) in s.iter_mut().zip(ORDER) {
                let sum = u16::from(*byte) + u16::from(order) + carry;
                (*byte, carry) = (sum.to_le_bytes()[0], sum >> 8);
            }
        }
        ScalarBytes::Zero => s = [0; 32],
        ScalarBytes::Flip { at, bit } => s[usize::from(at) % 32] ^= 1 << (bit % 8),
        ScalarBytes::Any(any) => s = any,
    }
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&r);
    signature[32..].copy_from_slice(&s);
    let theirs = UnparsedPublicKey::new(&ED25519, key)
        .verify(&case.message, &signature)
        .is_ok();
    let small = |bytes: [u8; 32]| {
        CompressedEdwardsY(bytes)
            .decompress()
            .is_some_and(|point| point.is_small_order())
    };
    let canonical = |bytes: [u8; 32]| {
        CompressedEdwardsY(bytes)
            .decompress()
            .is_some_and(|point| point.compress().0 == bytes)
    };
    let ours = match VerifyingKey::from_bytes(&key) {
        Ok(public) => {
            assert!(canonical(key) && !small(key));
            let pinned = VerifyingKey::from_pinned_bytes(&key);
            assert!(pinned == Ok(public) || pinned == Err(KeyError::Torsion));
            let signature = Signature::from_bytes(signature);
            let alone = public.verify(&case.message, &signature);
            for mut bulk in [BulkVerifier::in_little_memory(), BulkVerifier::new()] {
                assert_eq!(bulk.verify(&public, &case.message, &signature), alone);
            }
            // A table costs as much as 25 verifications, so not for every input.
            if case.seed.is_multiple_of(32) {
                let mut bulk = BulkVerifier::eager();
                assert_eq!(bulk.verify(&public, &case.message, &signature), alone);
                let both = [(&case.message[..], signature); 2];
                assert_eq!(bulk.verify_each(&public, &both), [alone.is_ok(); 2]);
            }
            alone.is_ok()
        }
        Err(_) => {
            assert!(!canonical(key) || small(key));
            false
        }
    };
    assert!(theirs || !ours, "accepted by us alone");
    assert!(
        ours || !theirs || small(key) || !canonical(key) || small(r),
        "refused by us alone"
    );
    if key == *signer.verifying_key().as_bytes() {
        assert_eq!(
            ours,
            signature == genuine,
            "Ed25519 signatures are strongly unforgeable"
        );
    }
}

/// An encrypted text and its wrapped key, and what is changed about them.
#[derive(Arbitrary, Debug)]
pub struct ErasureCase {
    receipt: [u8; 16],
    subject: String,
    field: String,
    text: Vec<u8>,
    nonce: [u8; 12],
    ciphertext: Vec<Edit>,
    says: Vec<Edit>,
    elsewhere: Option<(u8, String)>,
    wrapped: Vec<Edit>,
    /// The receipt names the changed ciphertext.
    named: bool,
}

pub fn erasure(case: ErasureCase) {
    let (id, log) = (SubjectKeyId::from_bytes([3; 16]), LogId::ZERO);
    let key = SubjectKey::new(id, log, &[4; 32]);
    let (subject, field): (String, String) = (
        case.subject.chars().take(60).collect(),
        case.field.chars().take(60).collect(),
    );
    let receipt = ReceiptId::from_bytes(case.receipt);
    let at = Place {
        receipt,
        subject: &subject,
        field: &field,
    };
    let (says, ciphertext) = key
        .encrypt(&at, &case.text, case.nonce)
        .expect("it is short");
    let opened = key
        .decrypt(&at, &says, &ciphertext)
        .expect("it opens where it belongs");
    assert_eq!(*opened, case.text);
    assert!(key.opens(&at, &says));
    let mut other = ciphertext.clone();
    edit(&mut other, &case.ciphertext);
    let mut raw = [&case.nonce[..], &says.commitment].concat();
    edit(&mut raw, &case.says);
    raw.resize(44, 0);
    let mut claimed = says;
    claimed.nonce.copy_from_slice(&raw[..12]);
    claimed.commitment.copy_from_slice(&raw[12..]);
    if case.named {
        claimed.ciphertext = Digest::of(&other);
    }
    let mut there = (receipt, subject.clone(), field.clone());
    match case.elsewhere {
        Some((0, name)) => there.1 = name,
        Some((1, name)) => there.2 = name,
        Some((n, _)) => there.0 = ReceiptId::from_bytes([n; 16]),
        None => {}
    }
    let place = Place {
        receipt: there.0,
        subject: &there.1,
        field: &there.2,
    };
    let same = claimed == says
        && other == ciphertext
        && there == (receipt, subject.clone(), field.clone());
    let found = key.decrypt(&place, &claimed, &other);
    assert_eq!(found.is_ok(), same, "it opens as something else");
    // Under another key nothing opens.
    let stranger = SubjectKey::new(id, log, &[5; 32]);
    assert!(stranger.decrypt(&at, &says, &ciphertext).is_err());
    let kek = Kek::new(KekId::from_bytes([6; 16]), &[7; 32]);
    let wrapped = kek
        .wrap(&subject, &key, case.nonce)
        .expect("the name is short");
    let mut changed = wrapped.clone();
    edit(&mut changed, &case.wrapped);
    let unwrapped = kek.unwrap(&log, &there.1, id, &changed);
    assert_eq!(unwrapped.is_ok(), changed == wrapped && there.1 == subject);
}

const MESSAGE: &[u8] = b"example.org/log\n7\nroot\n";
const TIME: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);

struct Stamped {
    trusted: TrustedCertificates,
    authorities: [Authority; 2],
    tokens: [Vec<u8>; 2],
    right: [VerifiedTimestamp; 2],
}

static STAMPED: LazyLock<Stamped> = LazyLock::new(|| {
    let authorities = [Authority::new(1), Authority::ed25519(1)];
    let mut trusted = TrustedCertificates::new();
    for authority in &authorities {
        trusted
            .add_der(&authority.root)
            .expect("it is a certificate");
    }
    let tokens = [0, 1].map(|n: usize| authorities[n].token(MESSAGE, TIME));
    let right = [0, 1].map(|n: usize| {
        let token = TimestampToken::parse(&tokens[n]).expect("it is a token");
        token.verify(MESSAGE, &trusted).expect("it verifies")
    });
    Stamped {
        trusted,
        authorities,
        tokens,
        right,
    }
});

/// Any bytes as a token, a response, certificates: verified is nothing but what was stamped.
pub fn timestamp(data: &[u8]) {
    let stamped = &*STAMPED;
    let tokens = [
        TimestampToken::parse(data),
        TimestampToken::read(data),
        TimestampResponse::token(data),
    ];
    for token in tokens.into_iter().flatten() {
        assert_eq!(TimestampToken::parse(token.as_bytes()).as_ref(), Ok(&token));
        if let Ok(found) = token.verify(MESSAGE, &stamped.trusted) {
            assert!(stamped.right.contains(&found) && token.is_over(MESSAGE));
        }
        if let Ok(request) = TimestampRequest::new(MESSAGE, [9; 16]) {
            let _ = request.check(&token);
        }
        let around = TimestampResponse::around(&token).expect("a token fits into a response");
        assert_eq!(TimestampResponse::token(&around).as_ref(), Ok(&token));
    }
    let mut trusted = TrustedCertificates::new();
    let _ = trusted.add_der(data);
    let before = trusted.len();
    if let Ok(added) = trusted.add_file(data) {
        assert!(trusted.len() <= before + added);
    }
}

/// Seeds: tokens of both sorts, a response, certificates.
pub fn timestamp_seeds() -> Vec<Vec<u8>> {
    let stamped = &*STAMPED;
    let token = TimestampToken::parse(&stamped.tokens[0]).expect("it is a token");
    let mut seeds = stamped.tokens.to_vec();
    seeds.extend(TimestampResponse::around(&token).ok());
    for authority in &stamped.authorities {
        seeds.extend([authority.root.clone(), authority.certificate.clone()]);
    }
    seeds
}
