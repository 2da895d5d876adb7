//! An event stream on its way to the client.

use super::events::{Event, Events};
use crate::message::{INTERNAL_ERROR, Id};
use crate::session::{Ending, Session, error_text};
use http_body_util::BodyExt as _;
use hyper::body::{Bytes, Incoming};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::Sender;
use tokio::time::sleep;

/// How often it is looked whether the request was given up.
const LOOK: Duration = Duration::from_millis(100);

/// What a client is told of a request that is not open any more.
const GIVEN_UP: &str = "no answer in time, or its session ended";

/// What a stream is for.
#[derive(Debug)]
pub(super) struct Stream {
    /// The request that it answers.
    id: Option<Id>,
    /// Whether another stream of the session may go on where it ends.
    resumable: bool,
    /// Whether a client that closes it cancels the request.
    closing_cancels: bool,
}

impl Stream {
    pub(super) const fn of(id: Id, resumable: bool, closing_cancels: bool) -> Self {
        Self {
            id: Some(id),
            resumable,
            closing_cancels,
        }
    }

    pub(super) const fn listening() -> Self {
        Self {
            id: None,
            resumable: false,
            closing_cancels: true,
        }
    }
}

/// Passes events on as they come. A client that does not read them any more loses no record: the stream
/// is read to its answer, but where closing it cancels.
pub(super) async fn pass(
    mut body: Incoming,
    session: Arc<Session>,
    stream: Stream,
    client: Sender<Bytes>,
) {
    let mut events = Events::default();
    let (mut count, mut has_ids) = (0_u64, false);
    // Until its answer came over this stream.
    let mut waits = stream.id.is_some();
    loop {
        let frame = tokio::select! {
            frame = body.frame() => frame,
            () = client.closed(), if stream.closing_cancels => {
                if let Some(id) = &stream.id {
                    let _ = session.give_up(id, Ending::Gone("cancelled")).await;
                }
                return;
            }
            () = sleep(LOOK), if waits => {
                // Given up by time, or with its session.
                if let Some(id) = &stream.id
                    && !session.is_open(id)
                {
                    tell(&client, Some(error_text(Some(id), INTERNAL_ERROR, GIVEN_UP))).await;
                    return;
                }
                continue;
            }
        };
        let Some(Ok(frame)) = frame else { break };
        let Ok(data) = frame.into_data() else {
            continue;
        };
        count += data.len() as u64;
        if let Some(id) = &stream.id {
            session.heard_of(id);
        }
        events.push(&data);
        loop {
            match events.next() {
                Ok(Some(event)) => {
                    has_ids |= event.has_id;
                    let before = stream.id.as_ref().is_some_and(|id| session.is_open(id));
                    if passes(&event, &session).await {
                        let answered =
                            before && stream.id.as_ref().is_some_and(|id| !session.is_open(id));
                        waits &= !answered;
                        // Who reads nothing for long loses his connection, and is not waited for then.
                        let _ = client.send(event.bytes.into()).await;
                    }
                }
                Ok(None) => break,
                Err(_) => {
                    if let Some(id) = &stream.id {
                        let why = Ending::Gone("an event longer than 8 MiB");
                        tell(&client, session.give_up(id, why).await).await;
                    }
                    return;
                }
            }
        }
    }
    let Some(id) = &stream.id else { return };
    if !waits || (stream.resumable && has_ids && !events.is_cut()) {
        return;
    }
    let why = format!("cut off after {count} bytes");
    let told = session.give_up(id, Ending::Gone(&why)).await;
    let told = told.unwrap_or_else(|| error_text(Some(id), INTERNAL_ERROR, GIVEN_UP));
    tell(&client, Some(told)).await;
}

/// Events without data are nobody's message.
async fn passes(event: &Event, session: &Session) -> bool {
    match &event.data {
        None => true,
        Some(data) if data.is_empty() => true,
        Some(data) => session.server_says(data).await,
    }
}

async fn tell(client: &Sender<Bytes>, text: Option<String>) {
    let text = text.unwrap_or_else(|| error_text(None, INTERNAL_ERROR, "given up"));
    let event = format!("event: message\ndata: {text}\n\n");
    let _ = client.send(event.into()).await;
}
