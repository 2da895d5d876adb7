//! The body of an answer that is passed on: given up where the other instance sends nothing more of it.

use axum::BoxError;
use axum::body::{Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep};

/// A body that moves, or ends with an error.
pub(crate) struct Flow<B> {
    body: B,
    patience: Duration,
    /// Whether its next part is waited for.
    waits: bool,
    until: Pin<Box<Sleep>>,
}

impl<B> Flow<B> {
    pub(crate) fn new(body: B, patience: Duration) -> Self {
        Self {
            body,
            patience,
            waits: false,
            until: Box::pin(sleep(patience)),
        }
    }
}

impl<B> HttpBody for Flow<B>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            self.waits = false;
            return Poll::Ready(frame.map(|frame| frame.map_err(axum::Error::new)));
        }
        // From now on, and not from when the client last took something: that may be long ago.
        if !self.waits {
            self.waits = true;
            let until = Instant::now() + self.patience;
            self.until.as_mut().reset(until);
        }
        self.until.as_mut().poll(context).map(|()| {
            Some(Err(axum::Error::new(
                "the other instance sends nothing more",
            )))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;
    use axum::body::Body;
    use futures_util::stream::{self, StreamExt as _};
    use std::convert::Infallible;

    const PATIENCE: Duration = Duration::from_millis(400);

    fn run(test: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(test);
    }

    async fn next(flow: &mut Flow<Body>) -> Option<Result<Bytes, axum::Error>> {
        let frame = core::future::poll_fn(|context| Pin::new(&mut *flow).poll_frame(context)).await;
        frame.map(|frame| frame.map(|frame| frame.into_data().unwrap()))
    }

    #[test]
    fn an_answer_that_does_not_move_breaks_off() {
        run(async {
            let begun = stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"begun"))]);
            let body = Body::from_stream(begun.chain(stream::pending()));
            let mut flow = Flow::new(body, PATIENCE);
            assert_eq!(next(&mut flow).await.unwrap().unwrap(), "begun");
            let began = Instant::now();
            let error = next(&mut flow).await.unwrap().unwrap_err().to_string();
            assert!(error.contains("sends nothing more"), "{error}");
            assert!(began.elapsed() >= PATIENCE);
        });
    }

    /// What counts is how long the other instance takes, and not how long the client does.
    #[test]
    fn an_answer_that_moves_is_whole_however_late_its_parts_are_taken() {
        run(async {
            let parts = stream::unfold(0_u8, |number| async move {
                if number > 0 {
                    sleep(PATIENCE / 8).await;
                }
                let part = Ok::<_, Infallible>(Bytes::from_static(b"x"));
                (number < 3).then_some((part, number + 1))
            });
            let mut flow = Flow::new(Body::from_stream(parts), PATIENCE);
            for _ in 0..3 {
                sleep(PATIENCE * 2).await;
                assert_eq!(next(&mut flow).await.unwrap().unwrap(), "x");
            }
            assert!(next(&mut flow).await.is_none());
        });
    }
}
