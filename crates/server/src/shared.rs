//! What all requests share, and what each needs of it: who it is from, a place, time, a thread.

use crate::counts::KeptCounts;
use crate::figures::Following;
use crate::guard::Guard;
use crate::left_out::LeftOut;
use crate::lost::Lost;
use crate::place::{Place, Slot};
use crate::readiness::Readiness;
use crate::sharing::Holds;
use crate::token::{Scope, TokenEntry};
use crate::watch::Watches;
use crate::{Problem, ServerOptions};
use ai_audit_intake::{Intake, Sealed};
use ai_audit_listen::Patience;
use ai_audit_store::{AppendError, LogName};
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Exports of spans that are read, and logs that are looked through, at once; others wait for their turn.
const EXPORTS: usize = 4;
/// Verdicts that are made at once. Each reads a whole log on one thread, for minutes where it is long.
const VERDICTS: usize = 1;
/// Logs that are followed for overviews at once.
const WATCHED: usize = 2;

/// What all requests share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) intake: Intake,
    pub(crate) options: ServerOptions,
    guard: Guard,
    room: Arc<Semaphore>,
    heavy: Arc<Semaphore>,
    /// Verdicts that are made at once, so that what is heavy too gets its turn beside them.
    judging: Arc<Semaphore>,
    downloads: Arc<Semaphore>,
    /// What of exported spans became nothing, by log.
    pub(crate) left_out: LeftOut,
    /// What telemetry knows of the logs.
    pub(crate) following: Following,
    /// Exports that are read at once: one may take ten times its length while it is.
    reading: Arc<Semaphore>,
    /// Logs that are followed at once: who watches holds no export back.
    watching: Arc<Semaphore>,
    /// Metrics that are gathered at once, which is done by one: others do not hold a thread to wait.
    scraping: Arc<Semaphore>,
    /// Logs that were found to be there.
    logs: RwLock<BTreeSet<LogName>>,
    pub(crate) readiness: Readiness,
    /// Whether another writer has the store.
    pub(crate) lost: Lost,
    /// What this instance holds, where others write to other logs of the store.
    pub(crate) holds: Option<Holds>,
    /// What is known of logs that somebody watches.
    pub(crate) watches: Watches,
    /// What was counted in the logs.
    pub(crate) counts: KeptCounts,
    pub(crate) closing: AtomicBool,
}

impl Shared {
    pub(crate) fn new(intake: Intake, options: ServerOptions, holds: Option<Holds>) -> Self {
        let readiness = Readiness::default();
        let ledger = intake.writer().ledger();
        // A log that is attached took its start receipt.
        let logs = intake.reading().store().logs().unwrap_or_default();
        for log in logs.iter().filter(|log| ledger.is_attached(log)) {
            readiness.attached(log);
        }
        for log in options
            .unattached
            .iter()
            .filter(|log| !ledger.is_attached(log))
        {
            readiness.unattached(log);
        }
        Self {
            intake,
            guard: Guard::new(options.access.clone(), options.rate),
            room: Arc::new(Semaphore::new(options.max_requests.max(1))),
            heavy: Arc::new(Semaphore::new(options.max_heavy.max(1))),
            judging: Arc::new(Semaphore::new(VERDICTS)),
            downloads: Arc::new(Semaphore::new(options.max_downloads.max(1))),
            left_out: LeftOut::default(),
            following: Following::default(),
            reading: Arc::new(Semaphore::new(EXPORTS)),
            watching: Arc::new(Semaphore::new(WATCHED)),
            scraping: Arc::new(Semaphore::new(1)),
            options,
            logs: RwLock::default(),
            readiness,
            lost: Lost::default(),
            holds,
            watches: Watches::default(),
            counts: KeptCounts::default(),
            closing: AtomicBool::new(false),
        }
    }

    /// How long an answer waits for the client.
    pub(crate) const fn patience(&self) -> Patience {
        Patience {
            wait: self.options.timeout,
            rate: self.options.min_rate,
        }
    }

    /// Remembers that a log did not take something, if that was for want of the log. Among instances that share the logs
    /// another one has it.
    pub(crate) fn refused(&self, log: &LogName, why: &Problem) {
        let attached = || self.intake.writer().ledger().is_attached(log);
        if why.status() == 503 && self.holds.is_none() && !attached() {
            self.readiness.unattached(log);
        }
    }

    /// Remembers how the last append to a log went.
    pub(crate) fn written(&self, log: &LogName, sealed: &Result<Vec<Sealed>, AppendError>) {
        if let Err(error) = sealed {
            self.lost.written(error);
            // Among instances that share the logs it says nothing of the store, and lasts no longer than until the next look.
            if self.holds.is_some() && matches!(error, AppendError::TakenOver { .. }) {
                return;
            }
        }
        self.readiness.written(log, sealed.as_deref());
    }

    fn is_there(&self, log: &LogName) -> Result<bool, Problem> {
        let known = self.logs.read().unwrap_or_else(PoisonError::into_inner);
        if known.contains(log) {
            return Ok(true);
        }
        drop(known);
        if self.intake.reading().store().head(log)?.is_none() {
            return Ok(false);
        }
        let mut known = self.logs.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(log.clone());
        Ok(true)
    }
}

/// A request that was let in. Its place is free again when the last of its work is done, also where
/// the client is gone by then, and its answer is taken.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) shared: Arc<Shared>,
    /// None where everybody is let in.
    token: Option<Arc<TokenEntry>>,
    _place: Place,
    until: tokio::time::Instant,
}

impl FromRequestParts<Arc<Shared>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        // Let in before it was known who works it.
        if let Some(caller) = parts.extensions.remove::<Self>() {
            return Ok(caller);
        }
        if shared.closing.load(Ordering::Relaxed) {
            return Err(Problem::later("the service is closing"));
        }
        let token = shared.guard.admit(&parts.headers)?;
        let place = Arc::clone(&shared.room)
            .try_acquire_owned()
            .map_err(|_| Problem::later("too many requests are being worked at once"))?;
        let place = Arc::new(place);
        if let Some(slot) = parts.extensions.get::<Slot>() {
            slot.fill(&place);
        }
        Ok(Self {
            shared: Arc::clone(shared),
            token: token.map(Arc::new),
            _place: place,
            until: tokio::time::Instant::now() + shared.options.timeout,
        })
    }
}

impl Caller {
    /// Whether the caller may do something of this scope in some log.
    pub(crate) fn may(&self, scope: Scope) -> Result<(), Problem> {
        match &self.token {
            Some(token) if !token.permits(scope) => Err(Problem::new(
                StatusCode::FORBIDDEN,
                format!("this token has not the scope {}", scope.name()),
            )),
            _ => Ok(()),
        }
    }

    /// Whether the caller may know of a log.
    pub(crate) fn sees(&self, log: &LogName) -> bool {
        self.token.as_ref().is_none_or(|token| token.covers(log))
    }

    /// Whether the caller may know of all logs.
    pub(crate) fn sees_all(&self) -> bool {
        let token = self.token.as_ref();
        token.is_none_or(|token| token.logs.is_empty())
    }

    /// The log of this name, if it is there and the caller may do something of this scope in it.
    pub(crate) fn log(&self, scope: Scope, name: &str) -> Result<LogName, Problem> {
        self.may(scope)?;
        let log = LogName::new(name).map_err(|error| Problem::missing(error.to_string()))?;
        // Whether a log is there is not for everybody.
        if !self.sees(&log) || !self.shared.is_there(&log)? {
            return Err(Problem::missing(format!(
                "there is no log {log} that this token may see"
            )));
        }
        Ok(log)
    }

    /// Does something that waits for files or takes long on a thread of its own, within the request's
    /// time.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let caller = self.clone();
        let work = tokio::task::spawn_blocking(move || work(&caller));
        self.in_time(work).await?.unwrap_or_else(|_| Err(broken()))
    }

    /// The same for an export of spans, or what may look through a whole log: only a few at once.
    pub(crate) async fn reading<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        self.in_turn(&self.shared.reading, work).await
    }

    /// The same for what follows a log.
    pub(crate) async fn watching<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        self.in_turn(&self.shared.watching, work).await
    }

    /// The same for metrics: one at a time.
    pub(crate) async fn scraping<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        self.in_turn(&self.shared.scraping, work).await
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        turns: &Arc<Semaphore>,
        work: impl FnOnce(&Self) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let turn = Arc::clone(turns).acquire_owned();
        let permit = self.in_time(turn).await?.map_err(|_| broken())?;
        self.blocking(move |caller| {
            let done = work(caller);
            drop(permit);
            done
        })
        .await
    }

    /// The same for what may take as long as it takes, of which only a few run at once.
    pub(crate) async fn heavy<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let permit = Arc::clone(&self.shared.heavy)
            .try_acquire_owned()
            .map_err(|_| {
                Problem::later("other verdicts, packages and statistics are being made")
            })?;
        let caller = self.clone();
        let work = tokio::task::spawn_blocking(move || {
            let done = work(&caller);
            drop(permit);
            done
        });
        work.await.unwrap_or_else(|_| Err(broken()))
    }

    /// The same for a verdict, of which one is made at a time.
    pub(crate) async fn judging<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        // Before one of the places that packages and statistics need as well, and until that one is free again: the
        // next verdict would take the other.
        let place = Arc::clone(&self.shared.judging)
            .try_acquire_owned()
            .map_err(|_| Problem::later("another verdict is being made"))?;
        let (done, _) = self.heavy(move |caller| Ok((work(caller), place))).await?;
        done
    }

    /// A place for a package, until it is taken.
    pub(crate) fn download(&self) -> Result<OwnedSemaphorePermit, Problem> {
        Arc::clone(&self.shared.downloads)
            .try_acquire_owned()
            .map_err(|_| Problem::later("other packages are being taken"))
    }

    /// When the request is given up.
    pub(crate) const fn until(&self) -> tokio::time::Instant {
        self.until
    }

    /// Waits for something, but not longer than the request may take.
    pub(crate) async fn in_time<T>(&self, what: impl Future<Output = T>) -> Result<T, Problem> {
        tokio::time::timeout_at(self.until, what)
            .await
            .map_err(|_| {
                Problem::later(
                    "it took too long; what was sent may be recorded: send the same ids again",
                )
            })
    }
}

fn broken() -> Problem {
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "the work on this request broke off; this is a mistake of the service's",
    )
}
