//! Changes to bytes and to lists: what an attacker does to genuine evidence.

use arbitrary::Arbitrary;

/// One change of a string of bytes. Places are taken modulo the length.
#[derive(Arbitrary, Debug, Clone)]
pub enum Edit {
    /// A bit is another one.
    Flip { at: u32, bit: u8 },
    /// A byte is another one.
    Set { at: u32, to: u8 },
    /// Bytes are gone.
    Remove { at: u32, len: u8 },
    /// Bytes are there twice.
    Repeat { at: u32, len: u8, to: u32 },
    /// Bytes are there that were not.
    Insert { at: u32, bytes: [u8; 4], len: u8 },
    /// Nothing from here on is there.
    Cut { at: u32 },
}

/// A place in something of this length; 0 where it is empty.
pub fn place(at: u32, len: usize) -> usize {
    usize::try_from(at).unwrap_or_default() % len.max(1)
}

/// Makes the changes, at most 8 of them.
pub fn edit(bytes: &mut Vec<u8>, edits: &[Edit]) {
    for edit in edits.iter().take(8) {
        let len = bytes.len();
        match *edit {
            Edit::Flip { at, bit } if len > 0 => bytes[place(at, len)] ^= 1 << (bit % 8),
            Edit::Set { at, to } if len > 0 => bytes[place(at, len)] = to,
            Edit::Flip { .. } | Edit::Set { .. } => {}
            Edit::Remove { at, len: gone } => {
                let from = place(at, len);
                bytes.drain(from..(from + usize::from(gone)).min(len));
            }
            Edit::Repeat { at, len: more, to } => {
                let from = place(at, len);
                let copy = bytes[from..(from + usize::from(more)).min(len)].to_vec();
                let to = place(to, len);
                bytes.splice(to..to, copy);
            }
            Edit::Insert {
                at,
                bytes: new,
                len: more,
            } => {
                let from = place(at, len);
                bytes.splice(from..from, new[..usize::from(more) % 5].iter().copied());
            }
            Edit::Cut { at } => bytes.truncate(place(at, len)),
        }
    }
}

/// Long texts of a short one: over and over, and its first half over and over before its second. What
/// takes more than linear time for such a text shows in seconds. None for most texts, since they take
/// their time even so.
pub fn long(data: &[u8]) -> Vec<Vec<u8>> {
    const LEN: usize = 64 << 10;
    let sum: usize = data.iter().copied().map(usize::from).sum();
    if data.is_empty() || data.len() > 64 || !sum.is_multiple_of(32) {
        return Vec::new();
    }
    let (first, second) = data.split_at(data.len().div_ceil(2));
    let times = |part: &[u8], len: usize| part.repeat(len / part.len().max(1));
    let halves = [times(first, LEN / 2), times(second, LEN / 2)].concat();
    vec![times(data, LEN), halves]
}
