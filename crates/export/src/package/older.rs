//! The file of older checkpoints, read one by one: whoever made it decides how long it is.

use super::{MAX_NOTE, OLDER, OLDER_MAGIC};
use ai_audit_note::{Checkpoint, SignedNote};
use ai_audit_verify::PolicyError;
use std::io::{self, Read};

/// Reads the checkpoints in ascending size, holding one at a time.
pub(crate) struct OlderReader<R> {
    inner: R,
    /// The next one, with its size.
    next: Option<(u64, Vec<u8>)>,
    /// Size of the one before.
    last: Option<u64>,
    /// Size of `checkpoint.note`, below which all of them have to be.
    below: u64,
    ended: bool,
}

impl<R: Read> OlderReader<R> {
    pub(crate) fn new(mut inner: R, below: u64) -> Result<Self, String> {
        let mut magic = [0; OLDER_MAGIC.len()];
        inner.read_exact(&mut magic).map_err(failed)?;
        if magic != OLDER_MAGIC {
            return Err(format!(
                "{OLDER}: at byte 0: expected the line ai-audit/checkpoints/v1"
            ));
        }
        Ok(Self {
            inner,
            next: None,
            last: None,
            below,
            ended: false,
        })
    }

    /// The next checkpoint's bytes if it is of this size at most.
    pub(crate) fn next_up_to(&mut self, size: u64) -> Result<Option<Vec<u8>>, String> {
        if self.next.is_none() && !self.ended {
            self.next = self.read()?;
            self.ended = self.next.is_none();
        }
        Ok(self
            .next
            .take_if(|(of, _)| *of <= size)
            .map(|(_, note)| note))
    }

    fn read(&mut self) -> Result<Option<(u64, Vec<u8>)>, String> {
        let mut len = [0; 4];
        if self.inner.read(&mut len[..1]).map_err(failed)? == 0 {
            return Ok(None);
        }
        self.inner.read_exact(&mut len[1..]).map_err(failed)?;
        let len = u64::from(u32::from_be_bytes(len));
        if len > MAX_NOTE {
            return Err(format!(
                "{OLDER}: a note of {len} bytes; expected at most {MAX_NOTE}"
            ));
        }
        let mut bytes = Vec::new();
        self.inner
            .by_ref()
            .take(len)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
        let note = SignedNote::parse(&bytes).map_err(|error| format!("{OLDER}: {error}"))?;
        let size = Checkpoint::parse(note.text())
            .map_err(|error| format!("{OLDER}: {error}"))?
            .size
            .as_u64();
        if self.last.is_some_and(|last| last >= size) || size >= self.below {
            return Err(format!(
                "{OLDER}: a checkpoint of size {size}: expected ascending sizes below that of \
                 checkpoint.note, {}",
                self.below
            ));
        }
        self.last = Some(size);
        Ok(Some((size, bytes)))
    }
}

fn failed(error: io::Error) -> String {
    format!("{OLDER}: {error}")
}

/// Hands over the older checkpoints up to a size.
pub(crate) fn feed<R: Read>(
    older: &mut Option<OlderReader<R>>,
    size: u64,
    mut take: impl FnMut(&[u8]) -> Result<(), PolicyError>,
) -> Result<(), String> {
    let Some(older) = older else {
        return Ok(());
    };
    while let Some(note) = older.next_up_to(size)? {
        evidence(take(&note))?;
    }
    Ok(())
}

pub(crate) fn evidence(outcome: Result<(), PolicyError>) -> Result<(), String> {
    outcome.map_err(|error| format!("{OLDER}: {error}"))
}
