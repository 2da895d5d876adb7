//! A call from its intent to its outcome, which is sealed whatever happens to the call.

use crate::FailMode;
use crate::body::Problem;
use crate::copy::{Copy, Head};
use crate::counts::count;
use crate::forms::Form;
use crate::headers::Told;
use crate::intent::{Begun, begin, read};
use crate::outcome::{End, How, Part, group};
use crate::shared::Shared;
use crate::wishes::Wish;
use ai_audit_ingest::IngestError;
use ai_audit_intake::TakeError;
use ai_audit_store::SubmitError;
use hyper::StatusCode;
use hyper::body::Bytes;
use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

/// What a gap receipt says of an intent that could not be made.
const LOST: &str = "the intent of a call could not be made";

/// A call that may go out. When it is let go without an end, it ends as one whose client is gone.
#[derive(Debug)]
pub(crate) struct Call(Slot);

/// A call until its end is being sealed.
type Slot = Arc<Mutex<Option<Inner>>>;

/// All calls that went out.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    /// Those without an end.
    running: Mutex<Vec<Weak<Mutex<Option<Inner>>>>>,
    /// Intents that have no outcome in the log.
    open: AtomicU64,
}

impl Calls {
    fn add(&self, slot: &Slot) {
        let mut running = lock(&self.running);
        if running.len() == running.capacity() {
            running.retain(|slot| slot.strong_count() > 0);
        }
        running.push(Arc::downgrade(slot));
    }

    /// Ends those that have none: nobody may ask for more of an answer whose client reads nothing.
    pub(crate) fn stop(&self) {
        let running = core::mem::take(&mut *lock(&self.running));
        for slot in running.iter().filter_map(Weak::upgrade) {
            end(&slot, How::Stopped);
        }
    }

    /// Intents that have no outcome in the log as far as is known.
    pub(crate) fn open(&self) -> u64 {
        self.open.load(Ordering::Relaxed)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Seals its outcome, some time after this returns.
fn end(slot: &Slot, how: How) {
    let Some(mut inner) = lock(slot).take() else {
        return;
    };
    let has_last = inner.copy.as_ref().is_some_and(Copy::has_last);
    // Who has the last event needs nothing that may follow.
    let how = match how {
        How::Gone | How::Stopped if has_last => How::Whole,
        other => other,
    };
    inner.recorded_soon();
    let runtime = inner.shared.runtime.clone();
    runtime.spawn(inner.seal(how));
}

/// A place among the calls, and room for as many bytes as the request has: what was read of it is kept as
/// long.
type Place = (OwnedSemaphorePermit, Option<OwnedSemaphorePermit>);

#[derive(Debug)]
struct Inner {
    shared: Arc<Shared>,
    begun: Begun,
    started: Instant,
    status: Option<u16>,
    copy: Option<Copy>,
    /// Whether it is told that an answer is being recorded.
    recording: bool,
    /// Held until the outcome is sealed.
    _place: Place,
}

/// Makes the intent of a call durable. What is answered where it is not, and the call must not go out.
pub(crate) async fn start(
    shared: Arc<Shared>,
    place: Place,
    form: Option<Form>,
    told: Told,
    body: Bytes,
) -> Result<Call, Problem> {
    let broken = |_| {
        let detail = "the work on this request broke off; this is a mistake of the proxy's";
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
    };
    let (for_thread, bytes) = (Arc::clone(&shared), body.clone());
    let reading = shared.reading.acquire().await;
    let asked = tokio::task::spawn_blocking(move || read(&for_thread, form, &bytes)).await;
    drop(reading);
    let asked = asked.map_err(broken)?;
    let results = asked.as_ref().map_or(&[][..], |asked| &asked.results);
    if !results.is_empty() {
        let ids: Vec<String> = results.iter().map(|one| one.call_id.clone()).collect();
        shared.wishes.wait(told.client, &ids).await;
    }
    let for_thread = Arc::clone(&shared);
    // It waits for files, and for a full queue.
    let begun =
        tokio::task::spawn_blocking(move || begin(&for_thread, form, told, asked, &body)).await;
    let (mut begun, taken) = begun.map_err(broken)?;
    let answered = core::mem::take(&mut begun.answered);
    let client = begun.told.client;
    let settle = |sealed| shared.wishes.settle(client, answered, sealed);
    let mut slow = false;
    let sealed = match taken {
        Ok(taken) => match timeout(shared.options.durable, taken.sealed()).await {
            Ok(sealed) => sealed.map_err(|error| {
                unrecorded(&shared, &error);
                String::new()
            }),
            Err(_) => {
                // It may get there yet: then it has no outcome, and its results are told.
                slow = true;
                count(&shared.calls.open);
                Err(": it takes too long to write".into())
            }
        },
        Err(TakeError::Line(error)) => {
            settle(false);
            return Err(not_taken(&error));
        }
        Err(error) => {
            let reason = match &error {
                // They name nothing but the call and the queue.
                TakeError::Group(_)
                | TakeError::Submit(
                    SubmitError::Full { .. }
                    | SubmitError::TooLarge { .. }
                    | SubmitError::Record { .. },
                ) => format!(": {error}"),
                _ => {
                    unrecorded(&shared, &error);
                    String::new()
                }
            };
            // What the queue does not take is declared by itself.
            if !matches!(error, TakeError::Submit(_)) {
                let ledger = shared.intake.writer().ledger();
                ledger.declare_lost(&shared.options.log, 1, LOST);
            }
            Err(reason)
        }
    };
    if !slow {
        settle(sealed.is_ok());
    }
    match (sealed, shared.options.fail) {
        // The intent stands behind the outcomes that are told with it.
        (Ok(sealed), _) => begun.intent = sealed.last().map(|sealed| sealed.receipt.hash),
        (Err(reason), FailMode::Closed) => {
            count(&shared.counts.refused);
            let detail =
                format!("nothing was sent to the model: the log takes nothing now{reason}");
            return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail));
        }
        (Err(_), FailMode::Open) => count(&shared.counts.unrecorded),
    }
    count(&shared.counts.forwarded);
    if begun.intent.is_some() {
        count(&shared.calls.open);
    }
    let slot = Arc::new(Mutex::new(Some(Inner {
        shared: Arc::clone(&shared),
        begun,
        started: Instant::now(),
        status: None,
        copy: None,
        recording: false,
        _place: place,
    })));
    shared.calls.add(&slot);
    Ok(Call(slot))
}

/// Tells the operator, and him alone, why.
fn unrecorded(shared: &Shared, error: &dyn Error) {
    let line = format!("the intent of a call is not recorded: {error}");
    shared.options.troubles.tell(&line);
}

fn not_taken(error: &IngestError) -> Problem {
    let detail = match &error.field {
        Some(field) => format!("field `{field}`: {}", error.message),
        None => error.message.clone(),
    };
    Problem::new(StatusCode::BAD_REQUEST, detail)
}

impl Call {
    /// The answer's head came.
    pub(crate) fn answered(&mut self, status: StatusCode, content_type: &str, encoding: &str) {
        if let Some(inner) = lock(&self.0).as_mut() {
            inner.status = Some(status.as_u16());
            let head = Head {
                failed: status.as_u16() >= 400,
                content_type,
                content_encoding: encoding,
            };
            let digest = inner.begun.digest.clone();
            inner.copy = Some(Copy::new(inner.begun.form, &head, digest));
        }
    }

    /// Bytes of the answer pass.
    pub(crate) fn pass(&mut self, bytes: &[u8]) {
        let mut slot = lock(&self.0);
        let Some(inner) = slot.as_mut() else { return };
        let Some(copy) = &mut inner.copy else { return };
        copy.push(bytes);
        if copy.has_last() {
            inner.recorded_soon();
        }
    }

    /// Seals its outcome, some time after this returns.
    pub(crate) fn end(&mut self, how: How) {
        end(&self.0, how);
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.end(How::Gone);
    }
}

impl Inner {
    /// Who asks for the tool calls of this answer from now on waits until they are there.
    fn recorded_soon(&mut self) {
        if !core::mem::replace(&mut self.recording, true) {
            self.shared.wishes.begin();
        }
    }

    async fn seal(self, how: How) {
        let took = self.started.elapsed();
        let Self {
            shared,
            begun,
            status,
            copy,
            _place,
            ..
        } = self;
        let (has_intent, client) = (begun.intent.is_some(), begun.told.client);
        let read = tokio::task::spawn_blocking(move || {
            // A stream that ends without its last event is one that was cut.
            let how = match &copy {
                Some(copy) if how == How::Whole && copy.lacks_last() => How::Cut,
                _ => how,
            };
            End {
                how,
                status,
                read: copy.map(|copy| copy.finish(how == How::Whole)),
                took,
            }
        });
        let mut wishes = None;
        if let Ok(end) = read.await {
            if end.read.as_ref().is_some_and(|read| read.unread) {
                count(&shared.counts.unread);
            }
            let ended = Arc::new((begun, end));
            for part in Part::ALL {
                wishes = sealed(&shared, &ended, part).await;
                if wishes.is_some() {
                    break;
                }
                if part == Part::All {
                    count(&shared.counts.left_out);
                }
            }
        }
        if wishes.is_some() && has_intent {
            shared.calls.open.fetch_sub(1, Ordering::Relaxed);
        }
        let mut wishes = wishes.unwrap_or_default();
        wishes.retain(|(id, _)| !id.is_empty());
        shared.wishes.recorded(client, wishes);
    }
}

/// Seals a part of what a call became. The tool calls that are in the log then; none where it was not
/// taken. What the ledger could not store it declares in the log.
async fn sealed(
    shared: &Arc<Shared>,
    ended: &Arc<(Begun, End)>,
    part: Part,
) -> Option<Vec<(String, Wish)>> {
    let (for_thread, ended) = (Arc::clone(shared), Arc::clone(ended));
    let work = tokio::task::spawn_blocking(move || {
        let (begun, end) = &*ended;
        let mut called = Vec::new();
        let taken = for_thread
            .intake
            .take(&for_thread.options.log, |keys, keep| {
                let made = group(&for_thread, keys, keep, begun, end, part);
                Ok(made
                    .into_iter()
                    .map(|(group, calls)| {
                        called = calls;
                        group
                    })
                    .collect())
            });
        (taken, called)
    });
    let Ok((Ok(taken), called)) = work.await else {
        return None;
    };
    let sealed = taken.sealed().await.ok()?;
    let wishes = called.into_iter().filter_map(|(place, id, mut wish)| {
        wish.intent = sealed.get(place)?.receipt.hash;
        Some((id, wish))
    });
    Some(wishes.collect())
}
