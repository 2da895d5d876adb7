//! One request: what is durable before what.

use crate::audit::{Answer, Audit, Intent, Outcome, Step};
use crate::recorder::{NotRecorded, Open, Recorder};
use http::{HeaderValue, Request, Response, StatusCode, header};
use std::sync::Arc;
use tokio::sync::oneshot;
use tower_service::Service;

/// Answers one request with a service that is ready.
pub(crate) async fn call<S, A, B, R>(
    mut ready: S,
    recorder: Recorder,
    audit: Arc<A>,
    request: Request<B>,
) -> Result<Response<R>, S::Error>
where
    S: Service<Request<B>, Response = Response<R>>,
    A: Audit,
    R: Default,
{
    let (head, body) = request.into_parts();
    let seen = head.clone();
    let step = audit.step(&seen);
    let request = Request::from_parts(head, body);
    let intent = match step {
        Step::Nothing => return ready.call(request).await,
        Step::Decision => None,
        Step::Action(intent) => match begun(recorder.clone(), intent).await {
            Ok(guard) => Some(guard),
            // The service is not called: nothing was done.
            Err(error) => return Ok(unavailable(&error)),
        },
    };
    let Some(guard) = intent else {
        let answered = ready.call(request).await;
        let (answered, decision) = told(answered, |answer| audit.decision(&seen, answer));
        return match decision {
            None => answered,
            Some(record) => match recorder.decision(record).await {
                Ok(()) => answered,
                Err(error) => Ok(withheld(&error)),
            },
        };
    };
    let answered = ready.call(request).await;
    let (answered, outcome) = told(answered, |answer| audit.outcome(&seen, answer));
    // It was done, whatever becomes of the outcome: a client that were told otherwise would do it again.
    // That it was begun is in the log, and without an outcome every verification lists it.
    guard.end(outcome).await;
    answered
}

/// Records an intent in a task of its own: if the request ends while that is waited for, the intent comes
/// into the log all the same, and should have an outcome there.
async fn begun(recorder: Recorder, intent: Intent) -> Result<Guard, NotRecorded> {
    let (send, open) = oneshot::channel();
    tokio::spawn(async move {
        let open = recorder.intent(intent).await;
        // Where nobody takes the guard it is dropped, which records the outcome.
        let _ = send.send(open.map(|open| Guard::new(&recorder, open)));
    });
    open.await.unwrap_or(Err(NotRecorded::Ending))
}

/// Asks what an answer means, and leaves it as it was.
fn told<R, E, T>(
    answered: Result<Response<R>, E>,
    say: impl FnOnce(Answer<'_>) -> T,
) -> (Result<Response<R>, E>, T) {
    match answered {
        Ok(response) => {
            let (head, body) = response.into_parts();
            let said = say(Answer::Response(&head));
            (Ok(Response::from_parts(head, body)), said)
        }
        Err(error) => {
            let said = say(Answer::Failed);
            (Err(error), said)
        }
    }
}

/// What a client gets where nothing was done, since that could not be recorded: it may come again. Why is
/// for those who keep the log.
fn unavailable<R: Default>(_: &NotRecorded) -> Response<R> {
    let mut response = Response::new(R::default());
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    let headers = response.headers_mut();
    headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// What a client gets instead of a decision that could not be recorded. The service was called, so
/// nothing here says that the same request may be sent again.
fn withheld<R: Default>(_: &NotRecorded) -> Response<R> {
    let mut response = Response::new(R::default());
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}

/// An intent that is in the log. Where nobody waits for its outcome any more it is unknown.
struct Guard {
    recorder: Recorder,
    open: Option<Open>,
}

impl Guard {
    fn new(recorder: &Recorder, open: Open) -> Self {
        Self {
            recorder: recorder.clone(),
            open: Some(open),
        }
    }

    /// Records the outcome, in a task of its own: if the request ends while that is waited for, it is on
    /// its way all the same. One that is refused, for its texts perhaps, is recorded as unknown.
    async fn end(mut self, outcome: Outcome) {
        let Some(open) = self.open.take() else {
            return;
        };
        let recorder = self.recorder.clone();
        let recorded = tokio::spawn(async move {
            if let Err(error) = recorder.outcome(open.clone(), outcome).await
                && error.is_surely_not_there()
            {
                // If this fails too the intent stays open.
                let _ = recorder.outcome(open, Outcome::new("unknown", "")).await;
            }
        });
        // It ends early only where the runtime does.
        let _ = recorded.await;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let Some(open) = self.open.take() else {
            return;
        };
        let recorder = self.recorder.clone();
        let unknown = move || recorder.outcome_now(open, Outcome::new("unknown", "cancelled"));
        // Without a runtime the intent stays open, which every verification lists.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn_blocking(unknown);
        }
    }
}
