//! The digest and the length of what a reader yields, in little memory.

use ai_audit_core::Digest;
use sha2::{Digest as _, Sha256};
use std::io::{self, Read};

/// Reads to the end.
pub(crate) fn digest(mut reader: impl Read) -> io::Result<(Digest, u64)> {
    let mut hasher = Sha256::new();
    let mut buf = [0; 1 << 13];
    let mut size = 0;
    loop {
        match reader.read(&mut buf) {
            Ok(0) => return Ok((Digest::from_bytes(hasher.finalize().into()), size)),
            Ok(len) => {
                hasher.update(&buf[..len]);
                size += len as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
