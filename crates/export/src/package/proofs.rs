//! The file of inclusion proofs: for each receipt of the package, in its order, the hashes.
//!
//! First the line `ai-audit/proofs/v1`, then for each receipt one byte with the number of hashes
//! and the hashes, 32 bytes each, lowest first.

use ai_audit_core::NodeHash;
use std::io::{self, Read, Write};

const MAGIC: &[u8] = b"ai-audit/proofs/v1\n";

pub(crate) struct ProofsWriter<W>(W);

impl<W: Write> ProofsWriter<W> {
    pub(crate) fn new(mut inner: W) -> io::Result<Self> {
        inner.write_all(MAGIC)?;
        Ok(Self(inner))
    }

    pub(crate) fn write(&mut self, path: &[NodeHash]) -> io::Result<()> {
        let count = u8::try_from(path.len()).map_err(io::Error::other)?;
        self.0.write_all(&[count])?;
        path.iter()
            .try_for_each(|node| self.0.write_all(node.as_bytes()))
    }
}

pub(crate) struct ProofsReader<R>(R);

impl<R: Read> ProofsReader<R> {
    pub(crate) fn new(mut inner: R) -> io::Result<Self> {
        let mut magic = [0; MAGIC.len()];
        inner.read_exact(&mut magic)?;
        if magic != MAGIC {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "at byte 0: expected the line ai-audit/proofs/v1",
            ));
        }
        Ok(Self(inner))
    }

    pub(crate) fn next(&mut self) -> io::Result<Vec<NodeHash>> {
        let mut count = [0];
        self.0.read_exact(&mut count)?;
        let mut path = Vec::with_capacity(usize::from(count[0]));
        for _ in 0..count[0] {
            let mut node = [0; 32];
            self.0.read_exact(&mut node)?;
            path.push(NodeHash::from_bytes(node));
        }
        Ok(path)
    }

    /// Whether nothing follows.
    pub(crate) fn at_end(&mut self) -> io::Result<bool> {
        Ok(self.0.read(&mut [0])? == 0)
    }
}
