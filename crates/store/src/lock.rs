//! The lock that keeps a second writer out.

use crate::StoreError;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The most that is read of what a holder wrote about itself.
const MAX_HOLDER_LEN: u64 = 64;

/// An exclusive lock on a file, held until dropped; the system frees it when the process ends,
/// however it ends.
///
/// The file stays when the lock goes: deleting it would let two writers lock two files of the same
/// name.
#[derive(Debug)]
pub struct WriterLock {
    path: PathBuf,
    file: File,
}

impl WriterLock {
    /// Takes the lock, creating the file if it is not there, and writes into it which process
    /// holds it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Locked`] if another one has it, in this process or another; when the file
    /// cannot be opened.
    pub fn acquire(path: &Path) -> Result<Self, StoreError> {
        let tried = |what: &str| format!("{what} {}", path.display());
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(|error| StoreError::from_io(&tried("opening"), &error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Only to be helpful: without it the message is shorter.
                let known = file
                    .take(MAX_HOLDER_LEN)
                    .read_to_string(&mut holder)
                    .is_ok();
                let holder = holder.trim();
                let printable = !holder.is_empty() && !holder.contains(char::is_control);
                return Err(StoreError::Locked {
                    what: path.display().to_string(),
                    holder: (known && printable).then(|| holder.to_owned()),
                });
            }
            Err(TryLockError::Error(error)) => {
                return Err(StoreError::from_io(&tried("locking"), &error));
            }
        }
        // What it says is a courtesy to people: a full disk is no reason to refuse the lock.
        let _ = file
            .set_len(0)
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .and_then(|_| writeln!(file, "process {}", std::process::id()));
        Ok(Self {
            path: path.to_owned(),
            file,
        })
    }

    /// The locked file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for WriterLock {
    fn drop(&mut self) {
        // Closing alone would not do: a child process that another thread is just starting holds a
        // copy of the file until it executes its program, and the lock with it. Nothing can be done
        // where unlocking fails; the close that follows frees it a little later.
        let _ = self.file.unlock();
    }
}
