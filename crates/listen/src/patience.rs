//! How long an answer waits for a client that takes it: connections that give up who takes too little.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// What is asked of a client that is answered: to take something now and then, and enough over all.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// The longest time in which nothing is taken.
    pub wait: Duration,
    /// Bytes a second, once `wait` is over. 0 is as 1.
    pub rate: u64,
}

impl Patience {
    /// How long it may take to take so many bytes.
    #[must_use]
    pub fn time_for(&self, bytes: u64) -> Duration {
        self.wait
            .saturating_add(Duration::from_secs(bytes / self.rate.max(1)))
    }
}

/// Why a client is given up.
#[must_use]
pub fn given_up() -> io::Error {
    io::Error::new(
        io::ErrorKind::TimedOut,
        "the client takes too little of its answer",
    )
}

/// A stream whose writes fail when the other side takes too little of them.
///
/// It goes below TLS: what counts is what the network takes. Whoever writes to it flushes it when
/// all is written, as hyper and rustls do; until then it counts as one answer.
#[derive(Debug)]
pub struct Patient<S> {
    stream: S,
    patience: Patience,
    stall: Option<Stall>,
}

/// An answer that had to wait once, until all of it is taken.
#[derive(Debug)]
struct Stall {
    begun: Instant,
    /// When something was last taken.
    last: Instant,
    taken: u64,
    until: Pin<Box<Sleep>>,
}

impl<S> Patient<S> {
    /// Around a stream on which nothing was written yet.
    pub const fn new(stream: S, patience: Patience) -> Self {
        Self {
            stream,
            patience,
            stall: None,
        }
    }

    /// What becomes of a write, by what became of it below.
    fn written(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match &written {
            Poll::Ready(Ok(taken)) => {
                if let Some(stall) = &mut self.stall {
                    stall.taken = stall.taken.saturating_add(*taken as u64);
                    stall.last = Instant::now();
                }
                written
            }
            Poll::Ready(Err(_)) => written,
            Poll::Pending => {
                ready!(self.waits(context));
                Poll::Ready(Err(given_up()))
            }
        }
    }

    /// Ready when it has waited long enough.
    fn waits(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let patience = self.patience;
        let stall = self.stall.get_or_insert_with(|| {
            let now = Instant::now();
            Stall {
                begun: now,
                last: now,
                taken: 0,
                until: Box::pin(sleep_until(now + patience.wait)),
            }
        });
        let overall = stall.begun + patience.time_for(stall.taken);
        let until = overall.min(stall.last + patience.wait);
        if stall.until.deadline() != until {
            stall.until.as_mut().reset(until);
        }
        stall.until.as_mut().poll(context)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.written(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_flush(context) {
            Poll::Ready(done) => {
                self.stall = None;
                Poll::Ready(done)
            }
            Poll::Pending => {
                ready!(self.waits(context));
                Poll::Ready(Err(given_up()))
            }
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_shutdown(context) {
            Poll::Ready(done) => Poll::Ready(done),
            Poll::Pending => {
                ready!(self.waits(context));
                Poll::Ready(Err(given_up()))
            }
        }
    }
}
