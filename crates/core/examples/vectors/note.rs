//! The log's checkpoint and key line, written here from the C2SP specifications alone.

use crate::log::Log;
use ai_audit_core::{Digest, NodeHash, UnverifiedReceipt};

/// Root of the RFC 6962 tree, by its recursive definition.
pub(crate) fn root(leaves: &[NodeHash]) -> NodeHash {
    match leaves {
        [] => NodeHash::EMPTY,
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            NodeHash::parent(&root(left), &root(right))
        }
    }
}

pub(crate) fn leaves(log: &Log) -> Vec<NodeHash> {
    let hash = |sealed| UnverifiedReceipt::parse(sealed).unwrap().hash();
    log.sealed
        .iter()
        .map(|(_, sealed, _)| NodeHash::from_leaf(hash(sealed)))
        .collect()
}

/// Name, line feed, type 1, public key.
fn key_hash(log: &Log) -> [u8; 4] {
    let key = log.checkpoint_key.verifying_key();
    let bytes = [log.origin.as_bytes(), b"\n\x01", key.as_bytes()].concat();
    *Digest::of(&bytes).as_bytes().first_chunk().unwrap()
}

/// `log.pub`.
pub(crate) fn key_line(log: &Log) -> String {
    let key = log.checkpoint_key.verifying_key();
    let hash = u32::from_be_bytes(key_hash(log));
    let key = base64(&[&[1], &key.as_bytes()[..]].concat());
    format!("{}+{hash:08x}+{key}", log.origin)
}

/// The checkpoint of the whole log as a signed note.
pub(crate) fn checkpoint(log: &Log) -> String {
    checkpoint_of(log, &leaves(log))
}

/// A checkpoint over other leaves, signed as one of this log.
pub(crate) fn checkpoint_of(log: &Log, leaves: &[NodeHash]) -> String {
    let root = base64(root(leaves).as_bytes());
    let text = format!("{}\n{}\n{root}\n", log.origin, leaves.len());
    let signature = log.checkpoint_key.sign(text.as_bytes());
    let line = base64(&[&key_hash(log)[..], signature.as_bytes()].concat());
    format!("{text}\n\u{2014} {} {line}\n", log.origin)
}

/// RFC 4648 section 4.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let mut three = [0; 3];
        three[..group.len()].copy_from_slice(group);
        let number = u32::from_be_bytes([0, three[0], three[1], three[2]]);
        for place in 0..4 {
            let digit = DIGITS[usize::try_from(number >> (18 - 6 * place) & 63).unwrap()];
            let given = usize::try_from(place).unwrap() <= group.len();
            out.push(if given { char::from(digit) } else { '=' });
        }
    }
    out
}
