//! The text of a file with a key-encryption key: plain, or sealed under a passphrase.
//!
//! ```text
//! ai-audit/kek/v1
//! id <32 digits>
//! key <64 digits>
//! ```
//!
//! or in place of the last line
//!
//! ```text
//! argon2id m=65536 t=3 p=4 salt=<32 digits>
//! sealed <24 digits: nonce><96 digits: AES-256-GCM of the key, with the lines above as associated data>
//! ```
//!
//! Digits are hexadecimal in lower case; each line ends with a line feed; nothing else may be there.

use crate::Passphrase;
use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use ai_audit_shredding::KekId;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use core::fmt::Write as _;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use zeroize::{Zeroize as _, Zeroizing};

const LABEL: &str = "ai-audit/kek/v1\n";

/// Whether a file begins as one that has a key.
pub(super) fn is_begun(path: &Path) -> bool {
    let mut begin = [0; LABEL.len()];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut begin));
    read.is_ok() && begin == *LABEL.as_bytes()
}

/// 32 secret bytes in one place of the heap.
pub(super) type Bytes = Box<Zeroizing<[u8; 32]>>;

/// What one pays for a guess: Argon2id's memory in KiB, passes, lanes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cost {
    memory: u32,
    passes: u32,
    lanes: u32,
}

/// The second recommended option of RFC 9106, section 4.
const COST: Cost = Cost {
    memory: 64 << 10,
    passes: 3,
    lanes: 4,
};
/// The most that a file may ask for: a hostile one must not take all memory, or forever.
const MAX_COST: Cost = Cost {
    memory: 1 << 20,
    passes: 16,
    lanes: 16,
};

/// A key as its file has it.
pub(super) struct KekFile {
    pub(super) id: KekId,
    pub(super) key: Kept,
}

pub(super) enum Kept {
    Plain(Bytes),
    Sealed(Sealed),
}

/// A key under a passphrase.
pub(super) struct Sealed {
    head: String,
    cost: Cost,
    salt: [u8; 16],
    nonce: [u8; 12],
    sealed: [u8; 48],
}

/// What goes into a new file besides the key.
pub(super) struct Fresh {
    pub(super) salt: [u8; 16],
    pub(super) nonce: [u8; 12],
}

impl KekFile {
    /// Reads a text. None where it has another form.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(LABEL)?;
        let (id, rest) = rest.strip_prefix("id ")?.split_once('\n')?;
        let id = KekId::from_bytes(**digits::<16>(id)?);
        let key = match rest.strip_prefix("key ") {
            Some(key) => Kept::Plain(digits(key.strip_suffix('\n')?)?),
            None => {
                let (line, rest) = rest.strip_prefix("argon2id ")?.split_once('\n')?;
                let [memory, passes, lanes, salt] = parts(line)?;
                let cost = Cost {
                    memory: number(memory.strip_prefix("m=")?)?,
                    passes: number(passes.strip_prefix("t=")?)?,
                    lanes: number(lanes.strip_prefix("p=")?)?,
                };
                let sealed = rest.strip_prefix("sealed ")?.strip_suffix('\n')?;
                let (nonce, sealed) = sealed.split_at_checked(24)?;
                Kept::Sealed(Sealed {
                    head: text.strip_suffix(rest)?.into(),
                    cost: cost.is_bearable().then_some(cost)?,
                    salt: **digits(salt.strip_prefix("salt=")?)?,
                    nonce: **digits(nonce)?,
                    sealed: **digits(sealed)?,
                })
            }
        };
        Some(Self { id, key })
    }
}

/// The text of a plain file.
pub(super) fn plain(id: KekId, key: &Bytes) -> Zeroizing<String> {
    let mut text = head(id);
    text.push_str("key ");
    push(&mut text, &***key);
    text.push('\n');
    text
}

/// The text of a file under a passphrase. None where the key cannot be derived.
pub(super) fn sealed(
    id: KekId,
    key: &Bytes,
    passphrase: &Passphrase,
    fresh: &Fresh,
) -> Option<Zeroizing<String>> {
    let mut text = head(id);
    let Cost {
        memory,
        passes,
        lanes,
    } = COST;
    let _ = write!(text, "argon2id m={memory} t={passes} p={lanes} salt=");
    push(&mut text, &fresh.salt);
    text.push('\n');
    let cipher = cipher(passphrase, COST, &fresh.salt)?;
    let payload = Payload {
        msg: &***key,
        aad: text.as_bytes(),
    };
    let sealed = cipher.encrypt(&Nonce::from(fresh.nonce), payload).ok()?;
    text.push_str("sealed ");
    push(&mut text, &fresh.nonce);
    push(&mut text, &sealed);
    text.push('\n');
    Some(text)
}

impl Sealed {
    /// Opens it. None under another passphrase, where it was changed, or where there is not memory
    /// enough.
    pub(super) fn open(&self, passphrase: &Passphrase) -> Option<Bytes> {
        let payload = Payload {
            msg: &self.sealed,
            aad: self.head.as_bytes(),
        };
        let opened = cipher(passphrase, self.cost, &self.salt)?
            .decrypt(&Nonce::from(self.nonce), payload)
            .map(Zeroizing::new)
            .ok()?;
        let mut key = empty();
        (opened.len() == key.len()).then(|| key.copy_from_slice(&opened))?;
        Some(key)
    }
}

impl Cost {
    const fn is_bearable(self) -> bool {
        self.memory <= MAX_COST.memory
            && self.passes <= MAX_COST.passes
            && self.lanes <= MAX_COST.lanes
            && self.lanes >= 1
            && self.passes >= 1
            // RFC 9106, section 3.1.
            && self.memory >= 8 * self.lanes
    }
}

/// A place for 32 secret bytes.
pub(super) fn empty() -> Bytes {
    Box::new(Zeroizing::new([0; 32]))
}

fn cipher(passphrase: &Passphrase, cost: Cost, salt: &[u8]) -> Option<Aes256Gcm> {
    let params = Params::new(cost.memory, cost.passes, cost.lanes, Some(32)).ok()?;
    let mut blocks = Zeroizing::new(Vec::new());
    let count = params.block_count();
    // Where the memory is not there, an error and not the end of the process.
    blocks.try_reserve_exact(count).ok()?;
    blocks.resize(count, Block::default());
    let mut key = empty();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(passphrase.as_bytes(), salt, &mut **key, &mut blocks[..])
        .ok()?;
    Some(Aes256Gcm::new((&**key).into()))
}

/// The lines that every file has, with room for the others: growing would leave copies behind.
fn head(id: KekId) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(512));
    text.push_str(LABEL);
    let _ = writeln!(text, "id {id}");
    text
}

fn push(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(digit.into(), 16));
        }
    }
}

fn parts<const N: usize>(line: &str) -> Option<[&str; N]> {
    let parts: Vec<&str> = line.split(' ').collect();
    parts.try_into().ok()
}

/// Lower-case hexadecimal digits of exactly `N` bytes.
fn digits<const N: usize>(text: &str) -> Option<Box<Zeroizing<[u8; N]>>> {
    let mut bytes = Box::new(Zeroizing::new([0; N]));
    let digit = |of: u8| match of {
        b'0'..=b'9' => Some(of - b'0'),
        b'a'..=b'f' => Some(of - b'a' + 10),
        _ => None,
    };
    if text.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let [high, low] = *<&[u8; 2]>::try_from(pair).ok()?;
        *byte = digit(high)? << 4 | digit(low)?;
    }
    Some(bytes)
}

/// A number as it is written here: no sign, no zeros before it.
fn number(text: &str) -> Option<u32> {
    text.parse()
        .ok()
        .filter(|number: &u32| number.to_string() == text)
}

impl Drop for Sealed {
    fn drop(&mut self) {
        self.sealed.zeroize();
    }
}
