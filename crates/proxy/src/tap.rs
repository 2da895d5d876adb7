//! The body of an answer on its way from the upstream to the client.

use crate::call::Call;
use crate::outcome::How;
use crate::shared::Shared;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep};

/// A body that passes unchanged, of which a copy is read.
pub(crate) struct Tap {
    body: Incoming,
    call: Call,
    ended: bool,
    silence: Duration,
    until: Pin<Box<Sleep>>,
    cut: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Tap {
    pub(crate) fn new(body: Incoming, call: Call, shared: &Shared) -> Self {
        let mut cut = shared.cut.clone();
        let mut tap = Self {
            body,
            call,
            ended: false,
            silence: shared.options.silence,
            until: Box::pin(sleep(shared.options.silence)),
            cut: Box::pin(async move {
                // Where nobody can say it any more, the proxy is gone.
                let _ = cut.wait_for(|cut| *cut).await;
            }),
        };
        if tap.body.is_end_stream() {
            tap.end(How::Whole);
        }
        tap
    }

    fn end(&mut self, how: How) {
        if !core::mem::replace(&mut self.ended, true) {
            self.call.end(how);
        }
    }

    fn fail(&mut self, how: How, what: &'static str) -> Poll<Option<Result<Frame<Bytes>, Failed>>> {
        self.end(how);
        Poll::Ready(Some(Err(what.into())))
    }
}

type Failed = Box<dyn Error + Send + Sync>;

impl Body for Tap {
    type Data = Bytes;
    type Error = Failed;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Failed>>> {
        // First of all: its outcome is being sealed, and nothing more may pass.
        if !self.ended && self.cut.as_mut().poll(context).is_ready() {
            return self.fail(How::Stopped, "the proxy was stopped");
        }
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                let next = Instant::now() + self.silence;
                self.until.as_mut().reset(next);
                if let Some(bytes) = frame.data_ref() {
                    self.call.pass(bytes);
                }
                // Nobody may ask again where the length says that this was all.
                if self.body.is_end_stream() {
                    self.end(How::Whole);
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                self.end(How::Cut);
                Poll::Ready(Some(Err(error.into())))
            }
            Poll::Ready(None) => {
                self.end(How::Whole);
                Poll::Ready(None)
            }
            Poll::Pending if self.ended => Poll::Pending,
            Poll::Pending => {
                if self.until.as_mut().poll(context).is_ready() {
                    return self.fail(How::TimedOut, "the upstream said nothing for too long");
                }
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.end(How::Gone);
    }
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tap")
            .field("call", &self.call)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}
