//! Subject keys that are held against the log before one is handed out.

use crate::key_conflicts::{KeyConflicts, LookError};
use crate::{KeyConflict, LogName, Store};
use ai_audit_core::{LogId, SubjectKeyId};
use ai_audit_shredding::{HeldKey, KekId, KnownUpTo, SubjectKey, SubjectKeys, SubjectKeysError};
use core::fmt;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The subject keys of a log, handed out where no receipt contradicts them.
///
/// The first time that a key is asked for, the log is read from where the keeper noted that it knows its receipts: the last
/// 65,536 and some more at most, where this writer wrote them; all of it, once, where nothing was noted. Where a receipt uses a key
/// that was never here, no new one is made; and a subject of whom the log uses another key than is held is refused as well.
/// While the store cannot be read no new key is made, and those that are here are handed out.
/// Whoever is refused and brings an erasure of such keys into the log is refused no more.
pub struct KnownSubjectKeys {
    keys: Arc<dyn SubjectKeys>,
    store: Arc<dyn Store>,
    log: LogName,
    accounts: Option<Box<Accounts>>,
    /// Whether the log is looked at for the first time, which may take long.
    looking: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    conflicts: KeyConflicts,
    /// Why the log could not be looked at.
    failed: Option<Failed>,
    /// How many keys were handed out since it was last asked how much was appended.
    handed_out: u32,
}

struct Failed {
    at: Instant,
    /// The store could not be read. Otherwise what was read does not do.
    is_away: bool,
    error: SubjectKeysError,
}

/// After how many keys it is asked again, which is a question to the store.
const ASK_EVERY: u32 = 1 << 10;

/// Says that the log is looked at for the first time, as long as it lives.
struct Looking<'a>(&'a AtomicBool);

impl<'a> Looking<'a> {
    fn begin(flag: &'a AtomicBool) -> Self {
        flag.store(true, Ordering::SeqCst);
        Self(flag)
    }
}

impl Drop for Looking<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

/// After how long a store that could not be read is asked again.
const AGAIN: Duration = Duration::from_secs(10);

type Accounts = dyn Fn() -> Result<(), SubjectKeysError> + Send + Sync;

impl KnownSubjectKeys {
    /// The keys of a log in a store.
    #[must_use]
    pub fn new(keys: Arc<dyn SubjectKeys>, store: Arc<dyn Store>, log: LogName) -> Self {
        Self {
            keys,
            store,
            log,
            accounts: None,
            looking: AtomicBool::new(false),
            state: Mutex::default(),
        }
    }

    /// The same with a question that is asked where receipts have no bytes: whether they were deleted, or are in a store that
    /// nobody named. An error refuses keys.
    #[must_use]
    pub fn accounting(
        self,
        accounts: impl Fn() -> Result<(), SubjectKeysError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            accounts: Some(Box::new(accounts)),
            ..self
        }
    }

    /// All that is known to be held against the keys. Reads the log where that was not done yet; what was found then is told
    /// again, though an erasure may have come since.
    ///
    /// # Errors
    ///
    /// When log or keys cannot be read, or receipts have no bytes and nothing accounts for it.
    pub fn conflicts(&self) -> Result<Vec<KeyConflict>, SubjectKeysError> {
        let state = &mut *self.lock();
        if !state.conflicts.was_read() {
            self.first(state)?;
        }
        Ok(state.conflicts.all().cloned().collect())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // What was read before a panic was looked at; the rest is read the next time.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look(&self, found: &mut KeyConflicts) -> Result<(), LookError> {
        let head = self.store.head(&self.log)?;
        let end = head.map_or(0, |head| head.size());
        found.look(&*self.store, &self.log, &*self.keys, end)
    }

    /// Refuses what would give a subject of the log a second key.
    fn check(&self, subject: &str) -> Result<(), SubjectKeysError> {
        // Neither a long first look nor a store for what is old that is away keeps somebody from being recorded whose key is
        // here: what is encrypted is held against the log again by the writer.
        if self.looking.load(Ordering::SeqCst) && self.keys.find(subject)?.is_some() {
            return Ok(());
        }
        let state = &mut *self.lock();
        if !state.conflicts.was_read() {
            let looking = Looking::begin(&self.looking);
            let looked = self.first(state);
            drop(looking);
            if let Err(error) = looked {
                let is_away = state.failed.as_ref().is_some_and(|failed| failed.is_away);
                return match self.keys.find(subject)? {
                    Some(_) if is_away => Ok(()),
                    _ => Err(error),
                };
            }
        }
        state.handed_out += 1;
        if state.handed_out >= ASK_EVERY {
            state.handed_out = 0;
            self.go_on(state);
        }
        if state.conflicts.is_empty() {
            return Ok(());
        }
        let in_use = self.keys.find(subject)?.is_some();
        if Self::refused(&state.conflicts, subject, in_use).is_none() {
            return Ok(());
        }
        // An erasure may have come since.
        self.look(&mut state.conflicts)
            .map_err(|error| self.failed(error))?;
        match Self::refused(&state.conflicts, subject, in_use) {
            Some(conflict) => Err(SubjectKeysError::new(conflict.to_string())),
            None => Ok(()),
        }
    }

    /// Looks at the log for the first time. Where the store could not be read, whoever asks soon after is told so without
    /// waiting for it again.
    fn first(&self, state: &mut State) -> Result<(), SubjectKeysError> {
        if let Some(failed) = &state.failed
            && failed.at.elapsed() < AGAIN
        {
            return Err(failed.error.clone());
        }
        state.failed = None;
        let mut first = KeyConflicts::default();
        let looked = self.look(&mut first);
        let is_away = matches!(looked, Err(LookError::Store(_)));
        let looked = looked.map_err(|error| self.failed(error)).and_then(|()| {
            match self.accounts.as_ref().filter(|_| first.met_without_bytes()) {
                Some(accounts) => accounts(),
                None => Ok(()),
            }
        });
        if let Err(error) = looked {
            state.failed = Some(Failed {
                at: Instant::now(),
                is_away,
                error: error.clone(),
            });
            return Err(error);
        }
        // If that fails they are read again by the next process.
        let _ = first.note(&*self.store, &self.log, &*self.keys);
        state.conflicts = first;
        Ok(())
    }

    /// Notes every now and then how far the log has come, where its writer does not: one whose receipts have digests of subjects
    /// and nothing encrypted. Otherwise the next process would read all of them.
    fn go_on(&self, state: &mut State) {
        let conflicts = &mut state.conflicts;
        let Ok(Some(head)) = self.store.head(&self.log) else {
            return;
        };
        // Where anything of it fails, more is read the next time.
        if matches!(conflicts.is_behind(&*self.keys, head.size()), Ok(true))
            && self.look(conflicts).is_ok()
        {
            let _ = conflicts.note(&*self.store, &self.log, &*self.keys);
        }
    }

    fn failed(&self, error: LookError) -> SubjectKeysError {
        match error {
            LookError::Keys(error) => error,
            LookError::Store(error) => SubjectKeysError::new(format!(
                "log {}: no new key of a subject is made while it cannot be read which ones its receipts use: {error}",
                self.log
            )),
        }
    }

    fn refused<'a>(
        found: &'a KeyConflicts,
        subject: &str,
        in_use: bool,
    ) -> Option<&'a KeyConflict> {
        let of_any = || found.of_another_copy().filter(|_| !in_use);
        found.of(subject).next().or_else(of_any)
    }
}

impl SubjectKeys for KnownSubjectKeys {
    fn log(&self) -> &LogId {
        self.keys.log()
    }

    fn key_for(&self, subject: &str) -> Result<SubjectKey, SubjectKeysError> {
        self.check(subject)?;
        self.keys.key_for(subject)
    }

    fn find(&self, subject: &str) -> Result<Option<SubjectKeyId>, SubjectKeysError> {
        self.keys.find(subject)
    }

    fn held(&self, id: SubjectKeyId) -> Result<HeldKey, SubjectKeysError> {
        self.keys.held(id)
    }

    fn subjects(&self) -> Result<Vec<(String, SubjectKeyId)>, SubjectKeysError> {
        self.keys.subjects()
    }

    fn sync(&self) -> Result<(), SubjectKeysError> {
        self.keys.sync()
    }

    fn kek(&self) -> Result<KekId, SubjectKeysError> {
        self.keys.kek()
    }

    fn may_destroy(&self, keys: &[SubjectKeyId]) -> Result<(), SubjectKeysError> {
        self.keys.may_destroy(keys)
    }

    fn destroy(
        &self,
        keys: &[SubjectKeyId],
        requested_under: KekId,
    ) -> Result<KekId, SubjectKeysError> {
        self.keys.destroy(keys, requested_under)
    }

    fn known_up_to(&self) -> Result<Option<KnownUpTo>, SubjectKeysError> {
        self.keys.known_up_to()
    }

    fn note_known_up_to(&self, known: KnownUpTo) -> Result<(), SubjectKeysError> {
        self.keys.note_known_up_to(known)
    }
}

impl fmt::Debug for KnownSubjectKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KnownSubjectKeys")
            .field("log", &self.log)
            .field("was_read", &self.lock().conflicts.was_read())
            .finish_non_exhaustive()
    }
}
