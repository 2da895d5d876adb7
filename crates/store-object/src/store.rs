//! The store: its root as it was read last, and what was read lately of what does not change.

use crate::codec::{corrupt, digest};
use crate::delete::Change;
use crate::folder::Folder;
use crate::left::Earlier;
use crate::objects::{Objects, Since, Tag};
use crate::options::{ObjectOptions, OpenMode};
use crate::place::Place;
use crate::root::{BYTES as ROOT_BYTES, ROOT, Root};
use crate::tree::{Cache, Tails};
use ai_audit_core::{Head, NodeHash, SubjectKeyId};
use ai_audit_merkle::TreeSize;
use ai_audit_store::{
    Batch, Ciphertext, Health, LogName, Query, ReadLimit, Sealed, Store, StoreError,
    StoredCheckpoint, StoredReceipt, check_level,
};
use core::ops::{Range, RangeInclusive};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// Logs in a bucket or a folder.
///
/// It keeps a second writer out by comparing heads alone: who is second gets
/// [`StoreError::HeadMoved`].
#[derive(Debug)]
pub struct ObjectStore {
    pub(crate) objects: Box<dyn Objects>,
    pub(crate) mode: OpenMode,
    pub(crate) options: ObjectOptions,
    loaded: Mutex<Option<Loaded>>,
    pub(crate) cache: Mutex<Cache>,
    pub(crate) tails: Mutex<Tails>,
    /// Writers of one process wait for each other: otherwise they would all but one write for nothing.
    pub(crate) writing: Mutex<()>,
}

/// A root, and the tag that it had.
#[derive(Debug, Clone)]
pub(crate) struct Loaded {
    pub(crate) root: Arc<Root>,
    pub(crate) tag: Tag,
}

impl ObjectStore {
    /// Opens a store. For writing, a server is held against what is asked of it before.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotAStore`] for a place without a store, or a server that does not hold conditions;
    /// [`StoreError::Invalid`] for options that make no sense; [`StoreError::Io`] when it does not answer,
    /// [`StoreError::Denied`] when it does not take the key.
    pub fn open(
        place: &Place,
        mode: OpenMode,
        options: &ObjectOptions,
    ) -> Result<Self, StoreError> {
        options.check()?;
        let create = mode == OpenMode::Create;
        let objects: Box<dyn Objects> = match place {
            Place::Folder(root) => Box::new(Folder::open(root, create)?),
            #[cfg(feature = "bucket")]
            #[allow(
                unreachable_patterns,
                reason = "without a kind of bucket there is nothing else"
            )]
            bucket => {
                let bucket = crate::bucket::Bucket::open(bucket, options)?;
                if mode != OpenMode::ReadOnly {
                    crate::probe::holds_conditions(&bucket)?;
                }
                Box::new(bucket)
            }
        };
        Self::over(objects, mode, options)
    }

    /// A store of these objects.
    pub(crate) fn over(
        objects: Box<dyn Objects>,
        mode: OpenMode,
        options: &ObjectOptions,
    ) -> Result<Self, StoreError> {
        let store = Self {
            objects,
            mode,
            options: options.clone(),
            loaded: Mutex::default(),
            cache: Mutex::default(),
            tails: Mutex::default(),
            writing: Mutex::default(),
        };
        if mode == OpenMode::Create && store.objects.get(ROOT)?.is_none() {
            // Where somebody else is first, it is his.
            store.objects.swap(ROOT, None, Root::default().put())?;
        }
        store.fresh()?;
        Ok(store)
    }

    /// Where it is, without secrets.
    #[must_use]
    pub fn place(&self) -> &str {
        self.objects.place()
    }

    pub(crate) fn may_write(&self) -> Result<(), StoreError> {
        match self.mode {
            OpenMode::ReadOnly => Err(StoreError::ReadOnly),
            OpenMode::Create | OpenMode::ReadWrite => Ok(()),
        }
    }

    /// Whether what is deleted is gone.
    pub(crate) fn deletes(&self) -> Result<(), StoreError> {
        self.may_write()?;
        if self.objects.keeps_versions() && !self.options.versions_expire {
            return Err(StoreError::Invalid {
                what: format!(
                    "{} keeps what is deleted, as older versions, or does not say whether it does; expected a bucket without versions, or a lifecycle \
                     rule that ends them and the option `versions_expire` that says so",
                    self.place()
                ),
            });
        }
        Ok(())
    }

    /// The root as it is now.
    pub(crate) fn fresh(&self) -> Result<Loaded, StoreError> {
        let known = self.known();
        let since = match &known {
            Some(known) => self.objects.since(ROOT, &known.tag)?,
            None => match self.objects.get(ROOT)? {
                Some((content, tag)) => Since::New(content, tag),
                None => Since::Gone,
            },
        };
        match (since, known) {
            (Since::Same, Some(known)) => Ok(known),
            (Since::New(content, tag), _) => {
                let loaded = Loaded {
                    root: Arc::new(Root::parse(&content)?),
                    tag,
                };
                self.remember(Some(loaded.clone()));
                Ok(loaded)
            }
            (Since::Same | Since::Gone, _) => {
                self.remember(None);
                Err(StoreError::NotAStore {
                    what: format!(
                        "{}: there is no store, or it was lost: it has no object `{ROOT}`",
                        self.place()
                    ),
                })
            }
        }
    }

    /// The root as it was known last.
    pub(crate) fn known(&self) -> Option<Loaded> {
        let loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded.clone()
    }

    fn remember(&self, found: Option<Loaded>) {
        *self.loaded.lock().unwrap_or_else(PoisonError::into_inner) = found;
    }

    /// Reads by one root; again where it was replaced meanwhile and something that it names is gone.
    pub(crate) fn reading<T>(
        &self,
        mut read: impl FnMut(&Arc<Root>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let (mut loaded, mut tries) = (self.fresh()?, self.tries());
        loop {
            match read(&loaded.root) {
                Err(error @ StoreError::Corrupt { .. }) => {
                    let now = self.fresh()?;
                    if now.tag == loaded.tag {
                        return Err(error);
                    }
                    self.lost(&mut tries)?;
                    loaded = now;
                }
                other => return other,
            }
        }
    }

    pub(crate) fn busy(&self) -> StoreError {
        StoreError::Locked {
            what: format!("{}, changed each time by somebody else,", self.place()),
            holder: None,
        }
    }

    /// An object whose name has the hash of its content.
    pub(crate) fn fetch(&self, name: &str, hash: &[u8; 32]) -> Result<Vec<u8>, StoreError> {
        match self.objects.get(name)? {
            Some((content, _)) if digest(&content) == *hash => Ok(content),
            Some(_) => Err(corrupt(format!(
                "object {name} has other bytes than were written to it"
            ))),
            None => Err(corrupt(format!("object {name} is missing"))),
        }
    }

    /// Replaces a root by the next. None where somebody else replaced it first.
    pub(crate) fn commit(&self, loaded: &Loaded, root: Root) -> Result<Option<Loaded>, StoreError> {
        let content = root.put();
        if content.len() > ROOT_BYTES {
            return Err(StoreError::Full {
                what: format!(
                    "the root of {} would have {} bytes; expected at most {ROOT_BYTES}: put logs in stores of their own",
                    self.place(),
                    content.len()
                ),
            });
        }
        let made = |tag| {
            let loaded = Loaded {
                root: Arc::new(root),
                tag,
            };
            self.remember(Some(loaded.clone()));
            Some(loaded)
        };
        match self.objects.swap(ROOT, Some(&loaded.tag), content.clone()) {
            Ok(Some(tag)) => Ok(made(tag)),
            // An answer may have been lost, and the request sent again.
            Ok(None) => match self.objects.get(ROOT)? {
                Some((found, tag)) if found == content => Ok(made(tag)),
                _ => Ok(None),
            },
            Err(error) => {
                self.remember(None);
                Err(error)
            }
        }
    }

    /// Deletes from a log or puts back: makes a change, as often as its ground moved, and deletes what it replaced. Gives what
    /// the change counted.
    pub(crate) fn changing(
        &self,
        log: &LogName,
        mut prepare: impl FnMut(&Arc<Root>, &mut Change) -> Result<u64, StoreError>,
    ) -> Result<u64, StoreError> {
        let _one = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut loaded, mut tries) = (self.fresh()?, self.tries());
        // As an append does: where only the root moved, the next try names what the one before wrote.
        let (mut nonce, mut written, mut earlier) = (crate::root::nonce()?, HashSet::new(), None);
        loop {
            let mut change = Change::new(&loaded.root, nonce, written);
            let counted = match prepare(&loaded.root, &mut change) {
                Err(StoreError::Corrupt { what }) => {
                    let now = self.fresh()?;
                    if now.tag == loaded.tag {
                        return Err(StoreError::Corrupt { what });
                    }
                    self.lost(&mut tries)?;
                    (loaded, written) = (now, change.written);
                    continue;
                }
                other => other?,
            };
            if change.is_empty() {
                let done = self.clear_away(log, &loaded.root, &change, earlier);
                self.sweep(loaded)?;
                return Ok(done.unwrap_or(counted));
            }
            let replaced = change.first_doomed();
            for (name, content) in change.root.spill(log, change.nonce) {
                change.put(name, content);
            }
            self.write(&mut change, 0)?;
            let root = core::mem::take(&mut change.root);
            let revision = root.revision;
            if let Some(made) = self.commit(&loaded, root)? {
                self.forget();
                self.clear_away(log, &made.root, &change, earlier);
                self.sweep(made)?;
                return Ok(counted);
            }
            self.lost(&mut tries)?;
            loaded = self.fresh()?;
            earlier = Some(Earlier { revision, counted });
            if !replaced.is_some_and(|name| self.is_still(log, &loaded.root, &name)) {
                nonce = crate::root::nonce()?;
            }
            written = change.written;
        }
    }

    /// What was read before a deletion is not kept in memory.
    fn forget(&self) {
        *self.cache.lock().unwrap_or_else(PoisonError::into_inner) = Cache::default();
    }
}

impl Store for ObjectStore {
    fn append(&self, batches: &[Batch<'_>]) -> Result<(), StoreError> {
        self.may_write()?;
        self.append_all(batches)
    }

    fn logs(&self) -> Result<Vec<LogName>, StoreError> {
        Ok(self.fresh()?.root.logs.keys().cloned().collect())
    }

    fn head(&self, log: &LogName) -> Result<Option<Head>, StoreError> {
        let head = self.fresh()?.root.head(log);
        Ok(Some(head).filter(|head| !head.is_empty()))
    }

    fn read(
        &self,
        log: &LogName,
        from_seq: u64,
        limit: ReadLimit,
    ) -> Result<Vec<StoredReceipt>, StoreError> {
        self.read_receipts(log, from_seq, limit)
    }

    fn delete_receipts(
        &self,
        log: &LogName,
        range: RangeInclusive<u64>,
    ) -> Result<u64, StoreError> {
        self.deletes()?;
        self.delete_bytes(log, &range)
    }

    fn restore_receipts(&self, log: &LogName, receipts: &[Sealed]) -> Result<u64, StoreError> {
        self.may_write()?;
        self.restore_bytes(log, receipts)
    }

    fn count_deleted(&self, log: &LogName, range: RangeInclusive<u64>) -> Result<u64, StoreError> {
        self.count_empty(log, &range)
    }

    fn ciphertexts(&self, log: &LogName, seq: u64) -> Result<Vec<Ciphertext>, StoreError> {
        self.read_beside(log, seq)
    }

    fn may_delete(&self, log: &LogName) -> Result<(), StoreError> {
        self.deletes()?;
        // Its oldest object may have a version where the newest have none.
        self.reading(|root| match root.logs.get(log) {
            Some(state) => self.locate(log, state, 0).map(drop),
            None => Ok(()),
        })?;
        self.objects.may_change("")?;
        self.objects.may_change(&format!("logs/{log}/"))?;
        self.deletes()
    }

    fn delete_ciphertexts(&self, log: &LogName, keys: &[SubjectKeyId]) -> Result<u64, StoreError> {
        self.deletes()?;
        self.remove_beside(log, keys)
    }

    fn find(
        &self,
        log: &LogName,
        query: &Query,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<u64>, StoreError> {
        self.find_places(log, query, after, limit)
    }

    fn hashes(
        &self,
        log: &LogName,
        level: u32,
        range: Range<u64>,
        out: &mut Vec<NodeHash>,
    ) -> Result<(), StoreError> {
        check_level(level)?;
        self.read_nodes(log, level, &range, out)
    }

    fn put_checkpoint(&self, log: &LogName, size: TreeSize, note: &str) -> Result<(), StoreError> {
        self.may_write()?;
        self.keep_checkpoint(log, size, note)
    }

    fn checkpoints(&self, log: &LogName) -> Result<Vec<StoredCheckpoint>, StoreError> {
        self.read_checkpoints(log, &(0..=u64::MAX))
    }

    fn checkpoints_in(
        &self,
        log: &LogName,
        sizes: RangeInclusive<u64>,
    ) -> Result<Vec<StoredCheckpoint>, StoreError> {
        self.read_checkpoints(log, &sizes)
    }

    fn latest_checkpoint(&self, log: &LogName) -> Result<Option<StoredCheckpoint>, StoreError> {
        self.read_latest(log)
    }

    fn health(&self) -> Result<Health, StoreError> {
        let root = self.fresh()?.root;
        let sum = |of: fn(&crate::root::LogState) -> u64| {
            root.logs.values().map(of).fold(0, u64::saturating_add)
        };
        let mut health = Health::new("object");
        health.durable = true;
        health.writable = self.mode != OpenMode::ReadOnly;
        health.logs = crate::codec::count(root.logs.len());
        health.receipts = sum(|log| log.head.size());
        health.bytes = sum(|log| log.bytes);
        Ok(health)
    }
}
