//! Whether records can be sealed: how the last write went, and what the store says when it is asked.

use crate::problem::{KEY_DOES_NOT_SIGN, append_kind, is_of_key};
use ai_audit_intake::Sealed;
use ai_audit_store::{AppendError, LogName};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// For so long what the store said is not asked again.
const FRESH: Duration = Duration::from_secs(1);

/// For so long at least a failure to write makes the service say that it is not ready.
const FAILED_FOR: Duration = Duration::from_secs(5);

/// What a probe found; none while it runs.
type Outcome = Option<Result<(), String>>;

/// What is known of the store, and of the keys.
#[derive(Debug, Default)]
pub(crate) struct Readiness {
    failure: Mutex<Option<Failure>>,
    signing: Mutex<Signing>,
    probe: Mutex<Option<Probe>>,
    /// Whether a log is being attached.
    trying: AtomicBool,
}

/// How the last append to each log went, as far as the log and its key are concerned. Logs may have keys in different
/// places: one whose key does not sign takes no traffic from the others.
#[derive(Debug, Default)]
struct Signing {
    signed: BTreeSet<LogName>,
    failed: BTreeMap<LogName, Failed>,
}

/// What became of the last append to a log.
#[derive(Debug)]
struct Failed {
    /// When it was found out, or tried again.
    at: Instant,
    why: &'static str,
    /// It could not be attached: that can be tried without a record, so nobody has to be sent here for it.
    unattached: bool,
}

impl Signing {
    fn signed(&mut self, log: &LogName) {
        self.failed.remove(log);
        if !self.signed.contains(log) {
            self.signed.insert(log.clone());
        }
    }

    fn failed(&mut self, log: &LogName, why: &'static str, unattached: bool) {
        self.signed.remove(log);
        let failed = Failed {
            at: Instant::now(),
            why,
            unattached,
        };
        self.failed.insert(log.clone(), failed);
    }

    /// Why no log took its last append, if none did. After a while it is tried again: without that nobody would be sent here.
    fn fails(&mut self, probe: Instant) -> Option<&'static str> {
        self.failed.retain(|_, failed| {
            failed.unattached || probe.saturating_duration_since(failed.at) < FAILED_FOR
        });
        if !self.signed.is_empty() {
            return None;
        }
        self.failed.values().next().map(|failed| failed.why)
    }

    /// A log that may be attached now, where none takes anything; not the same again for a while.
    fn next_to_attach(&mut self) -> Option<LogName> {
        if !self.signed.is_empty() {
            return None;
        }
        let due = |failed: &Failed| failed.unattached && failed.at.elapsed() >= FAILED_FOR;
        // Each in its turn: one that never comes keeps none from being tried.
        let all = self.failed.iter_mut().filter(|(_, failed)| due(failed));
        let (log, failed) = all.min_by_key(|(_, failed)| failed.at)?;
        failed.at = Instant::now();
        Some(log.clone())
    }
}

/// A write that failed.
#[derive(Debug)]
struct Failure {
    at: Instant,
    why: String,
    /// The writer cannot write any more, whatever the disk can.
    lasting: bool,
}

/// The last time that the store was asked.
#[derive(Debug, Clone)]
struct Probe {
    begun: Instant,
    outcome: watch::Receiver<Outcome>,
}

impl Probe {
    fn runs(&self) -> bool {
        // One that broke off says nothing, and never will.
        self.outcome.borrow().is_none() && self.outcome.has_changed().is_ok()
    }
}

impl Readiness {
    /// Remembers how an append to a log went.
    pub(crate) fn written(&self, log: &LogName, sealed: Result<&[Sealed], &AppendError>) {
        let failure = match sealed {
            // All of it was there: nothing was written.
            Ok(sealed) if sealed.iter().all(|sealed| sealed.duplicate) => return,
            Ok(_) => {
                lock(&self.signing).signed(log);
                None
            }
            Err(error) if is_of_key(error) => {
                lock(&self.signing).failed(log, KEY_DOES_NOT_SIGN, false);
                return;
            }
            Err(error) => Some(Failure {
                at: Instant::now(),
                why: append_kind(error),
                lasting: match error {
                    AppendError::TakenOver { .. } | AppendError::Closed => true,
                    AppendError::Store(_)
                    | AppendError::Unconfirmed { .. }
                    | AppendError::Unknown(_) => false,
                    // It says nothing of the store.
                    _ => return,
                },
            }),
        };
        *lock(&self.failure) = failure;
    }

    /// Remembers that a log was attached, for which its key signed.
    pub(crate) fn attached(&self, log: &LogName) {
        lock(&self.signing).signed(log);
    }

    /// Remembers that a log takes nothing, since it could not be attached.
    pub(crate) fn unattached(&self, log: &LogName) {
        lock(&self.signing).failed(log, "the log cannot be written to now", true);
    }

    /// A log that was not attached some while ago, where no other one takes anything: to be tried once more, and to be
    /// told by [`Readiness::tried`]. One at a time: a key in a service may let it wait.
    pub(crate) fn next_to_attach(&self) -> Option<LogName> {
        if self.trying.swap(true, Ordering::AcqRel) {
            return None;
        }
        let next = lock(&self.signing).next_to_attach();
        self.trying.store(next.is_some(), Ordering::Release);
        next
    }

    /// Remembers what came of it.
    pub(crate) fn tried(&self, log: &LogName, attached: bool) {
        if attached {
            self.attached(log);
        }
        self.trying.store(false, Ordering::Release);
    }

    /// Why nothing can be written now, if it is so. `probe` writes something, waiting for files; it
    /// runs once at a time for however many ask, and nobody waits longer than `wait` for it.
    ///
    /// A failed write is forgotten when another one succeeds: of records, or of a probe that began
    /// a while afterwards. Without the latter nobody would be sent to a service that is not ready, and
    /// it would stay so.
    pub(crate) async fn unready(
        &self,
        probe: impl FnOnce() -> Result<(), String> + Send + 'static,
        wait: Duration,
    ) -> Option<String> {
        if let Some(failure) = &*lock(&self.failure)
            && failure.lasting
        {
            return Some(failure.why.clone());
        }
        let mut probe = self.probe(probe);
        // Who comes later waits less: it may hang.
        let until = tokio::time::Instant::from_std(probe.begun) + wait;
        let found = tokio::time::timeout_at(until, probe.outcome.wait_for(Option::is_some)).await;
        let found = match found {
            Ok(Ok(outcome)) => outcome.clone(),
            Ok(Err(_)) => None,
            Err(_) => {
                let wait = wait.as_secs_f64();
                return Some(format!("the store did not answer within {wait} s"));
            }
        };
        match found {
            None => Some("the store did not say how it is".into()),
            Some(Err(why)) => Some(why),
            Some(Ok(())) => {
                let mut failure = lock(&self.failure);
                let over = |failure: &Failure| {
                    !failure.lasting && probe.begun.duration_since(failure.at) >= FAILED_FOR
                };
                if failure.as_ref().is_some_and(over) {
                    *failure = None;
                }
                if let Some(failure) = &*failure {
                    return Some(failure.why.clone());
                }
                lock(&self.signing).fails(probe.begun).map(str::to_owned)
            }
        }
    }

    /// The probe that runs, or ran just now, or a new one.
    fn probe(&self, work: impl FnOnce() -> Result<(), String> + Send + 'static) -> Probe {
        let mut last = lock(&self.probe);
        if let Some(probe) = &*last
            && (probe.runs() || probe.begun.elapsed() < FRESH)
        {
            return probe.clone();
        }
        let (tell, outcome) = watch::channel(None);
        let begun = Instant::now();
        tokio::task::spawn_blocking(move || {
            tell.send_replace(Some(work()));
        });
        let probe = Probe { begun, outcome };
        *last = Some(probe.clone());
        probe
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;
    use ai_audit_core::{LeafHash, ReceiptId, Timestamp};
    use ai_audit_store::{Receipt, ReceiptKeysError, StoreError};
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;
    use std::sync::mpsc;

    const WAIT: Duration = Duration::from_millis(300);

    fn runtime(threads: usize) -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_multi_thread()
            .enable_time()
            .max_blocking_threads(threads)
            .build()
            .unwrap()
    }

    fn sealed() -> Sealed {
        Sealed {
            receipt: Receipt {
                seq: 7,
                id: ReceiptId::from_bytes([7; 16]),
                hash: LeafHash::from_bytes([7; 32]),
                sealed_at: Timestamp::from_micros(7),
            },
            duplicate: false,
        }
    }

    fn failed(readiness: &Readiness, ago: Duration, error: &AppendError) {
        readiness.written(&LogName::default(), Err(error));
        let mut failure = lock(&readiness.failure);
        let failure = failure.as_mut().unwrap();
        failure.at = failure.at.checked_sub(ago).unwrap();
    }

    #[test]
    fn a_store_that_hangs_is_asked_by_one_and_all_are_told_in_time() {
        let runtime = runtime(2);
        let readiness = Arc::new(Readiness::default());
        let runs = Arc::new(AtomicUsize::new(0));
        let (go_on, hangs) = mpsc::channel::<()>();
        let hangs = Arc::new(Mutex::new(hangs));
        let ask = || {
            let (readiness, runs) = (Arc::clone(&readiness), Arc::clone(&runs));
            let hangs = Arc::clone(&hangs);
            let probe = move || {
                runs.fetch_add(1, Ordering::SeqCst);
                hangs.lock().unwrap().recv().map_err(|_| "let go".into())
            };
            runtime.spawn(async move { readiness.unready(probe, WAIT).await })
        };
        let begun = Instant::now();
        let asked: Vec<_> = (0..100).map(|_| ask()).collect();
        for asked in asked {
            let why = runtime.block_on(asked).unwrap().unwrap();
            assert!(why.contains("did not answer within 0.3 s"), "{why}");
        }
        // Who comes now does not wait for it again; and there is a thread left for others.
        assert!(runtime.block_on(ask()).unwrap().is_some());
        let other = runtime.spawn_blocking(|| 7);
        assert_eq!(runtime.block_on(other).unwrap(), 7);
        assert!(begun.elapsed() < WAIT * 5, "{:?}", begun.elapsed());
        assert_eq!(runs.load(Ordering::SeqCst), 1);
        // It goes on, and so does the next probe.
        go_on.send(()).unwrap();
        go_on.send(()).unwrap();
        std::thread::sleep(FRESH);
        assert_eq!(runtime.block_on(ask()).unwrap(), None);
    }

    #[test]
    fn a_failure_is_kept_until_something_is_written() {
        let runtime = runtime(1);
        let readiness = Readiness::default();
        let asked = |found: Result<(), String>| {
            *lock(&readiness.probe) = None;
            runtime.block_on(readiness.unready(move || found, WAIT))
        };
        let error = AppendError::Unknown(StoreError::NoSuchReceipt {
            log: LogName::default(),
            seq: 7,
            held: 3,
        });
        // Long ago, and nothing could be written since.
        failed(&readiness, FAILED_FOR * 100, &error);
        assert_eq!(asked(Err("full".into())).as_deref(), Some("full"));
        assert!(lock(&readiness.failure).is_some());
        assert_eq!(asked(Ok(())), None);
        // Just now: that the store can be written to again is not to be believed at once.
        failed(&readiness, Duration::ZERO, &error);
        assert_eq!(asked(Ok(())), Some(append_kind(&error)));
        // What was there already has not been written.
        readiness.written(&LogName::default(), Ok(&[]));
        assert_eq!(asked(Ok(())), Some(append_kind(&error)));
        // Where no log's key signs it is not ready, whatever the store says; for a while, or until one does.
        let readiness = Readiness::default();
        let asked = || {
            *lock(&readiness.probe) = None;
            runtime.block_on(readiness.unready(|| Ok(()), WAIT))
        };
        let [one, other] = ["one", "other"].map(|name| LogName::new(name).unwrap());
        let unsigned = AppendError::Keys(ReceiptKeysError::new("the token is gone"));
        readiness.written(&one, Err(&unsigned));
        assert_eq!(asked().as_deref(), Some(KEY_DOES_NOT_SIGN));
        readiness.written(&other, Ok(&[sealed()]));
        assert_eq!(asked(), None, "another log's key signs");
        readiness.written(&other, Err(&unsigned));
        assert_eq!(asked().as_deref(), Some(KEY_DOES_NOT_SIGN));
        readiness.written(&one, Ok(&[sealed()]));
        assert_eq!(asked(), None);
        readiness.written(&one, Err(&unsigned));
        readiness.written(&other, Err(&unsigned));
        assert!(asked().is_some());
        let ago = |failed: &mut Failed| failed.at = failed.at.checked_sub(FAILED_FOR).unwrap();
        lock(&readiness.signing).failed.values_mut().for_each(ago);
        assert_eq!(asked(), None, "it is tried again");
        // What was not attached can be tried without anybody who is sent here.
        readiness.unattached(&one);
        assert_eq!(readiness.next_to_attach(), None, "just now");
        lock(&readiness.signing).failed.values_mut().for_each(ago);
        assert!(asked().is_some());
        readiness.unattached(&other);
        lock(&readiness.signing).failed.values_mut().for_each(ago);
        assert_eq!(readiness.next_to_attach(), Some(one.clone()));
        assert_eq!(readiness.next_to_attach(), None, "one at a time");
        readiness.tried(&one, false);
        // However long it takes until somebody asks again, the other one has its turn.
        lock(&readiness.signing).failed.values_mut().for_each(ago);
        assert_eq!(readiness.next_to_attach(), Some(other.clone()));
        assert!(asked().is_some());
        readiness.tried(&other, true);
        assert_eq!(asked(), None);
    }

    #[test]
    fn a_closed_writer_is_ready_for_nothing_any_more() {
        let runtime = runtime(1);
        let readiness = Readiness::default();
        let asked = |found: Result<(), String>| {
            *lock(&readiness.probe) = None;
            runtime.block_on(readiness.unready(move || found, WAIT))
        };
        // That the writer is closed no probe can change.
        failed(&readiness, FAILED_FOR * 100, &AppendError::Closed);
        assert_eq!(asked(Ok(())), Some(AppendError::Closed.to_string()));
    }
}
