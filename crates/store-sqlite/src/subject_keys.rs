//! Subject keys in a SQLite file of their own.

mod destroy;
mod file;
mod refuse;
mod rows;

use ai_audit_core::{LogId, SubjectKeyId};
use ai_audit_shredding::{
    HeldKey, KekId, KekVault, KnownUpTo, MAX_NAME, SubjectKey, SubjectKeys, SubjectKeysError,
    WrapsKeys,
};
use ai_audit_store::Random;
use core::fmt;
use destroy::{Handover, does_not_open, fill, nonce};
use refuse::{at, explain, no_kek, refuse_alone, same_log};
use rows::{Failure, Wrapped};
use rusqlite::Connection;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

/// How often a key is looked up again that another process wrapped anew in between.
const TRIES: usize = 3;

type Result<T> = core::result::Result<T, SubjectKeysError>;

/// The subject keys of one log, wrapped, in a file that only its owner can read.
///
/// One process writes; it should hold a [`WriterLock`](ai_audit_store::WriterLock). Others may read
/// at the same time. What is destroyed is overwritten with zeros in the file.
pub struct SqliteSubjectKeys<V> {
    path: PathBuf,
    log: LogId,
    vault: V,
    /// Of whoever writes.
    random: Option<Arc<dyn Random>>,
    inner: Mutex<Inner>,
}

struct Inner {
    connection: Connection,
    /// The key-encryption key that was used last.
    kek: Option<Box<dyn WrapsKeys>>,
    /// Keys that were handed out and are not durable yet, by subject.
    waiting: BTreeMap<String, Wrapped>,
    /// Their ids.
    waiting_ids: BTreeSet<SubjectKeyId>,
}

impl<V: KekVault> SqliteSubjectKeys<V> {
    /// Opens a file to write it; makes it, and its first key-encryption key before, where there is
    /// none. An erasure that was cut off is finished or forgotten, as the file says.
    ///
    /// # Errors
    ///
    /// When it is no file of this log's subject keys, cannot be written, or is there without the
    /// key-encryption key that it names, or that key without the file.
    pub fn create_or_open(
        path: &Path,
        log: LogId,
        vault: V,
        random: Arc<dyn Random>,
    ) -> Result<Self> {
        let settled = vault.settled()?;
        if !path.exists() {
            refuse_alone(path, settled, &vault)?;
            file::make_private(path)
                .map_err(|error| SubjectKeysError::new(at(path, &error.to_string())))?;
        }
        let failed = |failure| explain(path, failure);
        let mut connection = file::to_write(path).map_err(failed)?;
        let kek = match file::meta(&connection).map_err(failed)? {
            Some((found, kek)) => {
                same_log(path, &found, &log)?;
                kek
            }
            None => {
                refuse_alone(path, settled, &vault)?;
                let first = vault.prepare()?.id();
                file::create(&mut connection, &log, first).map_err(failed)?;
                first
            }
        };
        let ids = vault.ids()?;
        if !ids.contains(&kek) {
            return Err(no_kek(path, &kek, &ids, &vault.place()));
        }
        vault.settle(&kek)?;
        Ok(Self::new(path, log, vault, Some(random), connection))
    }

    /// Opens a file to read it, also while another process writes it, and changes nothing. None where
    /// there is no file, or nothing was made in it yet.
    ///
    /// # Errors
    ///
    /// When it is no file of this log's subject keys, or there without the key-encryption key that it
    /// names.
    pub fn open(path: &Path, log: LogId, vault: V) -> Result<Option<Self>> {
        // Before the file is looked at: a process that makes both settles the key last.
        let settled = vault.settled()?;
        if !path.exists() {
            refuse_alone(path, settled, &vault)?;
            return Ok(None);
        }
        let failed = |failure| explain(path, failure);
        let connection = file::to_read(path).map_err(failed)?;
        let mut before = None;
        loop {
            let Some((found, kek)) = file::meta(&connection).map_err(failed)? else {
                refuse_alone(path, settled, &vault)?;
                return Ok(None);
            };
            same_log(path, &found, &log)?;
            let ids = vault.ids()?;
            if ids.contains(&kek) {
                return Ok(Some(Self::new(path, log, vault, None, connection)));
            }
            // An erasure of another process may have come in between.
            if before == Some(kek) {
                return Err(no_kek(path, &kek, &ids, &vault.place()));
            }
            before = Some(kek);
        }
    }

    fn new(
        path: &Path,
        log: LogId,
        vault: V,
        random: Option<Arc<dyn Random>>,
        connection: Connection,
    ) -> Self {
        Self {
            path: path.into(),
            log,
            vault,
            random,
            inner: Mutex::new(Inner {
                connection,
                kek: None,
                waiting: BTreeMap::new(),
                waiting_ids: BTreeSet::new(),
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A transaction that a panic left open is rolled back when it is dropped.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, failure: Failure) -> SubjectKeysError {
        explain(&self.path, failure)
    }

    fn to_write(&self) -> Result<&dyn Random> {
        match self.random.as_deref() {
            Some(random) => Ok(random),
            None => Err(self.wrong("it was opened for reading")),
        }
    }

    fn wrong(&self, what: &str) -> SubjectKeysError {
        SubjectKeysError::new(at(&self.path, what))
    }

    /// The key-encryption key of an id, if it is held.
    fn held_kek<'a>(
        &self,
        last: &'a mut Option<Box<dyn WrapsKeys>>,
        id: &KekId,
    ) -> Result<Option<&'a dyn WrapsKeys>> {
        // Only whoever writes knows without asking that it was not destroyed since.
        let fits = self.random.is_some() && last.as_ref().is_some_and(|kek| kek.id() == *id);
        if !fits {
            // The one before is wiped first.
            *last = None;
            *last = self.vault.held(id)?;
        }
        Ok(last.as_deref())
    }

    fn no_kek(&self, kek: &KekId) -> SubjectKeysError {
        match self.vault.ids() {
            Ok(ids) => no_kek(&self.path, kek, &ids, &self.vault.place()),
            Err(error) => error,
        }
    }

    /// Looks a key up and opens it.
    fn opened(
        &self,
        inner: &mut Inner,
        look_up: impl Fn(&Inner) -> rows::Result<Option<Wrapped>>,
    ) -> Result<Option<(String, SubjectKey)>> {
        let mut missing = None;
        for _ in 0..TRIES {
            let Some(row) = look_up(inner).map_err(|failure| self.failed(failure))? else {
                return Ok(None);
            };
            let Some(kek) = self.held_kek(&mut inner.kek, &row.kek)? else {
                // An erasure of another process came in between: the row is another one by now.
                missing = Some(row.kek);
                continue;
            };
            let key = kek
                .unwrap(&self.log, &row.subject, row.id, &row.wrapped)
                .map_err(|error| self.failed(does_not_open(row.id, &row.subject, &error).into()))?;
            return Ok(Some((row.subject, key)));
        }
        Err(missing.map_or_else(|| self.wrong("it cannot be read"), |kek| self.no_kek(&kek)))
    }

    /// Makes the key of a subject who has none.
    fn make(&self, inner: &mut Inner, subject: &str) -> Result<SubjectKey> {
        let random = self.to_write()?;
        let failed = |failure| self.failed(failure);
        let kek_id = rows::kek(&inner.connection).map_err(failed)?;
        let mut id = [0; 16];
        fill(random, &mut id).map_err(failed)?;
        let id = SubjectKeyId::from_bytes(id);
        self.is_new(inner, id).map_err(failed)?;
        // In one place of the heap, so that nothing of it is left where it passed through.
        let mut bytes = Box::new(Zeroizing::new([0; 32]));
        fill(random, &mut **bytes).map_err(failed)?;
        let key = SubjectKey::new(id, self.log, &bytes);
        drop(bytes);
        let nonce = nonce(random).map_err(failed)?;
        let kek = self
            .held_kek(&mut inner.kek, &kek_id)?
            .ok_or_else(|| self.no_kek(&kek_id))?;
        let waiting = Wrapped {
            id,
            subject: subject.into(),
            wrapped: kek.wrap(subject, &key, nonce)?,
            kek: kek_id,
        };
        inner.waiting_ids.insert(id);
        inner.waiting.insert(subject.into(), waiting);
        Ok(key)
    }

    /// Refuses an id that a key has or had.
    fn is_new(&self, inner: &Inner, id: SubjectKeyId) -> rows::Result<()> {
        if inner.waiting_ids.contains(&id)
            || rows::of_id(&inner.connection, id)?.is_some()
            || rows::is_tombstoned(&inner.connection, id)?
        {
            return Err(Failure::Damaged(format!(
                "key id {id} was used before; the source of randomness repeats itself"
            )));
        }
        Ok(())
    }

    fn sync_waiting(&self, inner: &mut Inner) -> Result<()> {
        if inner.waiting.is_empty() {
            return Ok(());
        }
        let failed = |failure| self.failed(failure);
        let transaction = file::begin(&mut inner.connection).map_err(failed)?;
        let kek = rows::kek(&transaction).map_err(failed)?;
        for waiting in inner.waiting.values() {
            if waiting.kek != kek {
                // They stay, so that nobody takes them for kept.
                return Err(self.wrong(
                    "another process replaced the key-encryption key; end that one, then open the log again",
                ));
            }
            rows::insert(&transaction, waiting.id, &waiting.subject, &waiting.wrapped)
                .map_err(failed)?;
        }
        transaction.commit().map_err(|error| failed(error.into()))?;
        inner.waiting.clear();
        inner.waiting_ids.clear();
        Ok(())
    }
}

impl<V: KekVault> SubjectKeys for SqliteSubjectKeys<V> {
    fn log(&self) -> &LogId {
        &self.log
    }

    fn key_for(&self, subject: &str) -> Result<SubjectKey> {
        if subject.len() > MAX_NAME {
            let len = subject.len();
            return Err(SubjectKeysError::new(format!(
                "a subject of {len} bytes, expected at most {MAX_NAME}"
            )));
        }
        let inner = &mut *self.lock();
        let found = self.opened(inner, |inner| match inner.waiting.get(subject) {
            Some(waiting) => Ok(Some(waiting.clone())),
            None => rows::of_subject(&inner.connection, subject),
        })?;
        match found {
            Some((_, key)) => Ok(key),
            None => self.make(inner, subject),
        }
    }

    fn find(&self, subject: &str) -> Result<Option<SubjectKeyId>> {
        let inner = self.lock();
        if let Some(waiting) = inner.waiting.get(subject) {
            return Ok(Some(waiting.id));
        }
        let row = rows::of_subject(&inner.connection, subject);
        Ok(row
            .map_err(|failure| self.failed(failure))?
            .map(|row| row.id))
    }

    fn held(&self, id: SubjectKeyId) -> Result<HeldKey> {
        let inner = &mut *self.lock();
        // A key that is there counts, also where a tombstone says that it should not be.
        let found = self.opened(inner, |inner| {
            let waiting = match inner.waiting_ids.contains(&id) {
                true => inner.waiting.values().find(|waiting| waiting.id == id),
                false => None,
            };
            match waiting {
                Some(waiting) => Ok(Some(waiting.clone())),
                None => rows::of_id(&inner.connection, id),
            }
        })?;
        if let Some((subject, key)) = found {
            return Ok(HeldKey::InUse { subject, key });
        }
        match rows::is_tombstoned(&inner.connection, id) {
            Ok(true) => Ok(HeldKey::Destroyed),
            Ok(false) => Ok(HeldKey::Unknown),
            Err(failure) => Err(self.failed(failure)),
        }
    }

    fn subjects(&self) -> Result<Vec<(String, SubjectKeyId)>> {
        let inner = self.lock();
        let mut all = rows::subjects(&inner.connection).map_err(|failure| self.failed(failure))?;
        all.extend(
            inner
                .waiting
                .values()
                .map(|row| (row.subject.clone(), row.id)),
        );
        all.sort();
        Ok(all)
    }

    fn sync(&self) -> Result<()> {
        self.sync_waiting(&mut self.lock())
    }

    fn kek(&self) -> Result<KekId> {
        rows::kek(&self.lock().connection).map_err(|failure| self.failed(failure))
    }

    fn may_destroy(&self, keys: &[SubjectKeyId]) -> Result<()> {
        self.to_write()?;
        let failed = |failure| self.failed(failure);
        let inner = &mut *self.lock();
        self.sync_waiting(inner)?;
        let current = rows::kek(&inner.connection).map_err(failed)?;
        self.vault.settle(&current)?;
        // It is replaced by the one that an erasure makes.
        drop(self.vault.prepare()?);
        let kek = self
            .held_kek(&mut inner.kek, &current)?
            .ok_or_else(|| self.no_kek(&current))?;
        let but = keys.iter().copied().collect();
        destroy::all_open(&inner.connection, &self.log, &but, kek).map_err(failed)
    }

    fn destroy(&self, keys: &[SubjectKeyId], requested_under: KekId) -> Result<KekId> {
        let random = self.to_write()?;
        let failed = |failure| self.failed(failure);
        let inner = &mut *self.lock();
        self.sync_waiting(inner)?;
        let current = rows::kek(&inner.connection).map_err(failed)?;
        // First, since an erasure whose end failed may have left the key that is valid by now as the
        // next one, which preparing another would destroy.
        self.vault.settle(&current)?;
        let mut all_are_gone = true;
        for key in keys {
            all_are_gone &= rows::is_tombstoned(&inner.connection, *key).map_err(failed)?
                && rows::of_id(&inner.connection, *key)
                    .map_err(failed)?
                    .is_none();
        }
        if all_are_gone && current != requested_under {
            return Ok(current);
        }
        let next = self.vault.prepare()?;
        let old = self
            .held_kek(&mut inner.kek, &current)?
            .ok_or_else(|| self.no_kek(&current))?;
        let keks = Handover { old, next: &*next };
        destroy::destroy(&mut inner.connection, &self.log, keys, &keks, random).map_err(failed)?;
        let id = next.id();
        // The old one is wiped here, before its file is.
        inner.kek = Some(next);
        self.vault.settle(&id)?;
        Ok(id)
    }

    fn known_up_to(&self) -> Result<Option<KnownUpTo>> {
        rows::known(&self.lock().connection).map_err(|failure| self.failed(failure))
    }

    fn note_known_up_to(&self, known: KnownUpTo) -> Result<()> {
        self.to_write()?;
        let failed = |failure| self.failed(failure);
        let inner = &mut *self.lock();
        let transaction = file::begin(&mut inner.connection).map_err(failed)?;
        rows::note_known(&transaction, &known).map_err(failed)?;
        transaction.commit().map_err(|error| failed(error.into()))
    }
}

impl<V> fmt::Debug for SqliteSubjectKeys<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteSubjectKeys")
            .field("path", &self.path)
            .field("log", &self.log)
            .field("writes", &self.random.is_some())
            .finish_non_exhaustive()
    }
}
