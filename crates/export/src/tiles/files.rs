//! Where a published log's files are: the traits, and files in memory.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;

/// Reads the files of a published log by their names, such as `tile/0/x001/234.p/7`.
///
/// What is read is nobody's until it was held against a checkpoint.
pub trait TileFiles {
    /// Why a file could not be read.
    type Error: fmt::Display;

    /// A file's contents; `None` if there is no such file. One that is longer than `max` bytes is
    /// not read.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is something else than a plain file.
    fn read(&self, name: &str, max: u64) -> Result<Option<FileBytes>, Self::Error>;

    /// Tells `visit` the names of all files there are, in any order.
    ///
    /// # Errors
    ///
    /// When they cannot be listed.
    fn names(&self, visit: &mut dyn FnMut(&str)) -> Result<(), Self::Error>;
}

/// The contents of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileBytes {
    /// All of it.
    Whole(Vec<u8>),
    /// It is longer than was asked for: this many bytes.
    TooLong(u64),
}

/// Writes them too.
pub trait TileStore: TileFiles {
    /// Writes a file, or replaces one: whoever reads it gets the old or the new contents, whole.
    ///
    /// # Errors
    ///
    /// When it cannot be written; it then is as it was.
    fn write(&mut self, name: &str, contents: &[u8]) -> Result<(), Self::Error>;

    /// Makes durable what was written since the last time.
    ///
    /// # Errors
    ///
    /// When that is not certain.
    fn sync(&mut self) -> Result<(), Self::Error>;

    /// Removes a file; one that is not there is removed already.
    ///
    /// # Errors
    ///
    /// When it cannot be removed.
    fn remove(&mut self, name: &str) -> Result<(), Self::Error>;
}

/// Files in memory: for tests, for what is uploaded elsewhere, for a browser.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemoryFiles(BTreeMap<String, Vec<u8>>);

impl MemoryFiles {
    /// No files.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// The files by name.
    #[must_use]
    pub const fn files(&self) -> &BTreeMap<String, Vec<u8>> {
        &self.0
    }

    /// The files by name, to change them.
    #[must_use]
    pub const fn files_mut(&mut self) -> &mut BTreeMap<String, Vec<u8>> {
        &mut self.0
    }
}

impl TileFiles for MemoryFiles {
    type Error = Infallible;

    fn read(&self, name: &str, max: u64) -> Result<Option<FileBytes>, Infallible> {
        Ok(self.0.get(name).map(|contents| {
            let len = contents.len() as u64;
            if len > max {
                FileBytes::TooLong(len)
            } else {
                FileBytes::Whole(contents.clone())
            }
        }))
    }

    fn names(&self, visit: &mut dyn FnMut(&str)) -> Result<(), Infallible> {
        self.0.keys().for_each(|name| visit(name));
        Ok(())
    }
}

impl TileStore for MemoryFiles {
    fn write(&mut self, name: &str, contents: &[u8]) -> Result<(), Infallible> {
        self.0.insert(name.into(), contents.into());
        Ok(())
    }

    fn sync(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    fn remove(&mut self, name: &str) -> Result<(), Infallible> {
        self.0.remove(name);
        Ok(())
    }
}
