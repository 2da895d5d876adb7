//! The key line that an auditor pins: a C2SP vkey of the checkpoint key under the log's origin.

use core::fmt;

use ai_audit_core::{Digest, Genesis, PUBLIC_KEY_LEN};
use base64ct::{Base64, Encoding as _};

/// Kind of key in a C2SP signed note: Ed25519.
const ED25519: u8 = 1;
/// An origin has at most 190 bytes of name, a slash and 32 digits; a line feed, kind and key follow.
const HASHED: usize = 190 + 33 + 1 + 1 + PUBLIC_KEY_LEN;

/// A key line, shown by `Display` without a line feed.
#[derive(Debug)]
pub struct KeyLine<'a> {
    name: &'a str,
    digits: Buffer<33>,
    hash: [u8; 4],
    key: [u8; 1 + PUBLIC_KEY_LEN],
}

impl<'a> KeyLine<'a> {
    /// The line of a genesis; `name` is its name.
    #[must_use]
    pub fn of(name: &'a str, genesis: &Genesis<'_>) -> Self {
        let mut origin = Buffer::<HASHED>::new();
        // A genesis with a name that cannot be part of an origin was never sealed.
        if let Ok(known) = genesis.origin() {
            let _ = fmt::write(&mut origin, format_args!("{known}"));
        }
        let mut digits = Buffer::new();
        digits.push(origin.as_bytes().get(name.len()..).unwrap_or(&[]));
        let mut key = [ED25519; 1 + PUBLIC_KEY_LEN];
        for (to, from) in key
            .iter_mut()
            .skip(1)
            .zip(genesis.checkpoint_key.as_bytes())
        {
            *to = *from;
        }
        origin.push(b"\n");
        origin.push(&key);
        let digest = Digest::of(origin.as_bytes());
        let [h0, h1, h2, h3, ..] = *digest.as_bytes();
        Self {
            name,
            digits,
            hash: [h0, h1, h2, h3],
            key,
        }
    }
}

impl fmt::Display for KeyLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = core::str::from_utf8(self.digits.as_bytes()).map_err(|_| fmt::Error)?;
        write!(
            f,
            "{}{digits}+{:08x}+",
            self.name,
            u32::from_be_bytes(self.hash)
        )?;
        let mut text = [0; 44];
        f.write_str(Base64::encode(&self.key, &mut text).map_err(|_| fmt::Error)?)
    }
}

/// Bytes up to a fixed number; what does not fit is left out.
#[derive(Debug)]
struct Buffer<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Buffer<N> {
    const fn new() -> Self {
        Self {
            bytes: [0; N],
            len: 0,
        }
    }

    fn push(&mut self, more: &[u8]) {
        if let Some(room) = self.bytes.get_mut(self.len..self.len + more.len()) {
            room.copy_from_slice(more);
            self.len += more.len();
        }
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }
}

impl<const N: usize> fmt::Write for Buffer<N> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text.as_bytes());
        Ok(())
    }
}
