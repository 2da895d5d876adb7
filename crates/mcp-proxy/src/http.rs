//! A server at an address: streamable HTTP on both sides.

mod events;
mod exchange;
mod headers;
mod stream;
mod upstream;

use crate::gate::{End, Gate};
use crate::options::ProxyOptions;
use crate::session::{Ending, NOT_GIVEN, Session};
use crate::{Ended, ProxyError};
use ai_audit_intake::{CallHeader, Intake};
use ai_audit_store::LogName;
use exchange::answer;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use hyper::service::service_fn;
use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::net::TcpListener;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::sleep;
use upstream::Upstream;

/// The most sessions that are known at once; of more the oldest is forgotten.
const MAX_SESSIONS: usize = 4096;
/// The most posted messages on their way at once.
const MAX_CALLS: usize = 256;
/// The most of their bodies that is held at once, in KiB.
const MAX_HELD: usize = 256 << 10;
/// How often it is looked whether a call waits for too long.
const SWEEP: Duration = Duration::from_millis(100);

/// Stands between clients at `listener` and the server at `upstream`, the address of its endpoint, until
/// `stop` is there. Blocks; it starts a runtime of its own.
///
/// # Errors
///
/// See [`ProxyError`].
pub fn run_http(
    intake: Intake,
    log: LogName,
    listener: TcpListener,
    upstream: &str,
    options: ProxyOptions,
    stop: impl Future<Output = ()>,
) -> Result<Ended, ProxyError> {
    let local = listener.local_addr()?.ip().is_loopback();
    let runtime = crate::runtime()?;
    let upstream = {
        let _inside = runtime.enter();
        Upstream::new(upstream)?
    };
    let shared = Arc::new(Shared {
        gate: Arc::new(Gate::new(intake, log, options)?),
        own_session: crate::new_session(),
        sessions: Mutex::default(),
        live: Mutex::default(),
        upstream,
        local,
        calls: Arc::new(Semaphore::new(MAX_CALLS)),
        held: Arc::new(Semaphore::new(MAX_HELD)),
    });
    let served = runtime.block_on(run(&shared, listener, stop));
    runtime.shutdown_timeout(Duration::from_secs(1));
    let closed = shared.gate.close();
    served?;
    closed?;
    Ok(Ended {
        status: None,
        counted: shared.gate.counts.to_string(),
    })
}

/// What all requests share.
#[derive(Debug)]
struct Shared {
    gate: Arc<Gate>,
    /// Of requests that belong to no session.
    own_session: String,
    upstream: Upstream,
    sessions: Mutex<Sessions>,
    /// Those of single requests, too.
    live: Mutex<Vec<Weak<Session>>>,
    /// Whether it listens for this machine alone.
    local: bool,
    /// Room for posted messages on their way, whoever still waits for them.
    calls: Arc<Semaphore>,
    /// Room for their bodies, in KiB.
    held: Arc<Semaphore>,
}

/// Sessions by the id that the server gave them, which is a secret of the two and never recorded.
#[derive(Debug, Default)]
struct Sessions {
    known: HashMap<String, Arc<Session>>,
    order: VecDeque<String>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that can panic runs under these locks.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// All sessions that anybody holds.
    fn live(&self) -> Vec<Arc<Session>> {
        let mut live = lock(&self.live);
        live.retain(|session| session.strong_count() > 0);
        live.iter().filter_map(Weak::upgrade).collect()
    }

    fn known(&self, id: &str) -> Option<Arc<Session>> {
        lock(&self.sessions).known.get(id).cloned()
    }

    /// A session for requests that belong to none that is known.
    fn new_session(&self, header: CallHeader) -> Arc<Session> {
        let session = Arc::new(Session::new(Arc::clone(&self.gate), header));
        let mut live = lock(&self.live);
        if live.len() >= 64 && live.len().is_power_of_two() {
            live.retain(|session| session.strong_count() > 0);
        }
        live.push(Arc::downgrade(&session));
        session
    }

    /// Remembers a session; one that has to go for it.
    fn remember(&self, id: &str) -> Option<Arc<Session>> {
        if self.known(id).is_some() {
            return None;
        }
        let session = self.new_session(CallHeader {
            session_id: crate::new_session(),
            ..CallHeader::default()
        });
        let mut sessions = lock(&self.sessions);
        sessions.known.insert(id.to_owned(), session);
        sessions.order.push_back(id.to_owned());
        match sessions.order.len() > MAX_SESSIONS {
            false => None,
            true => {
                let oldest = sessions.order.pop_front()?;
                sessions.known.remove(&oldest)
            }
        }
    }

    fn forget(&self, id: &str) -> Option<Arc<Session>> {
        let mut sessions = lock(&self.sessions);
        sessions.order.retain(|known| known != id);
        sessions.known.remove(id)
    }
}

async fn run(
    shared: &Arc<Shared>,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
) -> std::io::Result<()> {
    let listen = ai_audit_listen::Options {
        grace: shared.gate.options.grace,
        ..ai_audit_listen::Options::default()
    };
    let (ending, ended) = watch::channel(false);
    let sweeper = tokio::spawn(sweep(Arc::clone(shared), ended));
    let for_requests = Arc::clone(shared);
    let service = service_fn(move |request| {
        let shared = Arc::clone(&for_requests);
        // Its own task: a client that vanishes does not take the record of its call along.
        let task = tokio::spawn(async move { answer(shared, request).await });
        async move { Ok::<_, Infallible>(task.await.unwrap_or_else(|_| exchange::broken())) }
    });
    let served = ai_audit_listen::serve(listener, listen, service, stop).await;
    // What it took out of a table has its outcome from nobody else.
    let _ = ending.send(true);
    let _ = sweeper.await;
    for session in shared.live() {
        // Whoever waited for these is gone, or told by the end of his connection.
        let _ = session.end(Ending::Silent).await;
    }
    for call in shared.gate.waiting.expired(Duration::ZERO) {
        shared.gate.outcome(&call, End::Failed(NOT_GIVEN)).await;
    }
    served
}

async fn sweep(shared: Arc<Shared>, mut ended: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = sleep(SWEEP) => {}
            _ = ended.changed() => return,
        }
        for session in shared.live() {
            // Whoever holds a connection for one of these sees by itself that it is over.
            let _ = session.sweep().await;
        }
        for call in shared.gate.waiting.expired(shared.gate.options.timeout) {
            shared.gate.outcome(&call, End::Failed(NOT_GIVEN)).await;
        }
    }
}

/// A body that is whole, or comes in pieces from somebody else.
pub(crate) enum Out {
    Whole(Option<Bytes>),
    Pieces(mpsc::Receiver<Bytes>),
}

impl Body for Out {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = match self.get_mut() {
            Self::Whole(whole) => Poll::Ready(whole.take()),
            Self::Pieces(pieces) => pieces.poll_recv(context),
        };
        piece.map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(whole) => {
                SizeHint::with_exact(whole.as_ref().map_or(0, |whole| whole.len() as u64))
            }
            Self::Pieces(_) => SizeHint::default(),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(None))
    }
}
