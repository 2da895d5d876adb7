//! The place of a request, which is taken until its answer has left the memory of the service.

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use hyper::body::{Frame, SizeHint};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use tokio::sync::OwnedSemaphorePermit;

/// A place among the requests that are worked at once; free again with its last clone.
pub(crate) type Place = Arc<OwnedSemaphorePermit>;

/// Where a request that was let in leaves its place for its answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Slot(Arc<OnceLock<Place>>);

impl Slot {
    pub(crate) fn fill(&self, place: &Place) {
        // A request is let in once.
        let _ = self.0.set(Arc::clone(place));
    }
}

/// Answers a request, and has its answer hold its place.
pub(crate) async fn hold(mut request: Request, next: Next) -> Response {
    let slot = Slot::default();
    request.extensions_mut().insert(slot.clone());
    let response = next.run(request).await;
    match slot.0.get() {
        None => response,
        Some(place) => response.map(|body| {
            let place = Arc::clone(place);
            Body::new(Held { body, place })
        }),
    }
}

/// A body that holds a place, and so does each part of it: hyper lets the body go when it has its
/// last part, and the part when the network has taken it.
struct Held {
    body: Body,
    place: Place,
}

struct Part {
    bytes: Bytes,
    _place: Place,
}

impl AsRef<[u8]> for Part {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let place = Arc::clone(&self.place);
        let frame = Pin::new(&mut self.body).poll_frame(context);
        let held = |bytes| {
            Bytes::from_owner(Part {
                bytes,
                _place: place,
            })
        };
        frame.map(|frame| frame.map(|frame| frame.map(|frame| frame.map_data(held))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
