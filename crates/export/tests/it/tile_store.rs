//! Publishing in tests, and a store that stops and forgets what was not made durable.

use crate::logs::Log;
use ai_audit_export::tiles::{
    FileBytes, MemoryFiles, PublishError, PublishOptions, Published, TileFiles, TileStore, publish,
    verify_tiles,
};
use ai_audit_note::VKey;
use ai_audit_verify::{Report, TrustPolicy};
use std::collections::BTreeMap;
use std::num::NonZeroUsize;

pub(crate) fn files(out: &MemoryFiles) -> BTreeMap<String, Vec<u8>> {
    out.files().clone()
}

pub(crate) fn publish_into(
    out: &mut MemoryFiles,
    log: &Log,
    size: u64,
    hashes_only: bool,
) -> Result<Published, PublishError> {
    let line = VKey::parse(&log.key_line()).unwrap();
    let options = PublishOptions { hashes_only };
    publish(
        log,
        &log.checkpoint_at(size),
        &line,
        out,
        options,
        |_, _| {},
    )
}

/// The whole log, published once.
pub(crate) fn published(log: &Log, hashes_only: bool) -> MemoryFiles {
    let mut out = MemoryFiles::new();
    let size = log.sealed.len() as u64;
    publish_into(&mut out, log, size, hashes_only).unwrap();
    out
}

/// Works until so many changes were made, then fails for ever.
pub(crate) struct Crashing {
    durable: MemoryFiles,
    seen: MemoryFiles,
    pending: Vec<Change>,
    left: usize,
}

#[derive(Clone)]
enum Change {
    Write(String, Vec<u8>),
    Remove(String),
}

impl Crashing {
    pub(crate) fn new(start: MemoryFiles, after: usize) -> Self {
        Self {
            durable: start.clone(),
            seen: start,
            pending: Vec::new(),
            left: after,
        }
    }

    /// What is on the disk afterwards: all that was made durable, and of the rest some, in part.
    /// Seed 0 is a process that was killed alone: nothing is lost.
    pub(crate) fn after_power_loss(&self, seed: u64) -> MemoryFiles {
        if seed == 0 {
            return self.seen.clone();
        }
        let mut state = self.durable.clone();
        let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for change in &self.pending {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(seed);
            match (random >> 60, change) {
                // The checkpoint is renamed in place of an older one, which was durable, once its
                // own contents are.
                (0..6, Change::Write(name, contents)) => {
                    state.write(name, contents).unwrap();
                }
                (6..9, Change::Write(name, contents)) if name != "checkpoint" => {
                    state.write(name, &contents[..contents.len() / 2]).unwrap();
                }
                (0..8, Change::Remove(name)) => state.remove(name).unwrap(),
                _ => {}
            }
        }
        state
    }

    fn change(&mut self) -> Result<(), String> {
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err("stopped".into()),
        }
    }
}

impl TileFiles for Crashing {
    type Error = String;

    fn read(&self, name: &str, max: u64) -> Result<Option<FileBytes>, String> {
        self.seen.read(name, max).map_err(|error| error.to_string())
    }

    fn names(&self, visit: &mut dyn FnMut(&str)) -> Result<(), String> {
        self.seen.names(visit).map_err(|error| error.to_string())
    }
}

impl TileStore for Crashing {
    fn write(&mut self, name: &str, contents: &[u8]) -> Result<(), String> {
        self.change()?;
        self.pending
            .push(Change::Write(name.into(), contents.into()));
        self.seen
            .write(name, contents)
            .map_err(|error| error.to_string())
    }

    fn sync(&mut self) -> Result<(), String> {
        self.change()?;
        self.pending.clear();
        self.durable = self.seen.clone();
        Ok(())
    }

    fn remove(&mut self, name: &str) -> Result<(), String> {
        self.change()?;
        self.pending.push(Change::Remove(name.into()));
        self.seen.remove(name).map_err(|error| error.to_string())
    }
}

/// Verifies a published log, on one thread and on several, which must agree.
pub(crate) fn verify(files: &MemoryFiles, policy: &TrustPolicy) -> Report {
    let report = verify_tiles(files, policy, |_, _| {});
    for threads in [2, 5] {
        let threads = NonZeroUsize::new(threads).unwrap();
        let other = verify_tiles(files, &policy.clone().threads(threads), |_, _| {});
        assert_eq!(format!("{other:?}"), format!("{report:?}"));
    }
    report
}
