//! Running a proxy, and an end that loses nothing.

use crate::call::Calls;
use crate::counts::Counters;
use crate::forward::forward;
use crate::shared::Shared;
use crate::upstream::{Connections, Upstream};
use crate::wishes::Wishes;
use crate::{Counts, ProxyOptions};
use ai_audit_directory::DirectoryError;
use ai_audit_intake::Intake;
use ai_audit_listen::{Patience, TlsError};
use ai_audit_store::LedgerError;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use std::convert::Infallible;
use std::io;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;

/// The longest head of a request.
const MOST_HEAD: usize = 64 << 10;
/// How many requests are read at once.
const READING: usize = 4;
/// How long outcomes may take to be sealed once all calls have ended.
const LAST: Duration = Duration::from_secs(10);

/// Why a proxy did not start, or did not end in order.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// The address of the upstream is none. It is not repeated: it may hold a secret.
    #[error("the upstream's address: {0}")]
    Upstream(&'static str),
    /// The certificates of authorities to trust cannot be used.
    #[error("{}: {what}", .path.display())]
    Authorities {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The runtime or the listener cannot be used.
    #[error("serving: {0}")]
    Io(#[from] io::Error),
    /// A file of TLS cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A log could not be stopped in order.
    #[error("closing: {0}")]
    Close(#[from] LedgerError),
    /// A last checkpoint could not be made.
    #[error("the last checkpoint: {0}")]
    Checkpoint(#[from] DirectoryError),
}

/// Forwards what comes to a bound listener to an upstream until `stop` is there. Then it takes no more
/// connections, waits for the calls that are under way, at most as long as `grace` says, seals the
/// outcomes of all, a stop receipt and a checkpoint. Blocks; it starts a runtime of its own. What it
/// did, in numbers.
///
/// # Errors
///
/// See [`ProxyError`].
pub fn serve(
    intake: Intake,
    listener: TcpListener,
    upstream: Upstream,
    options: ProxyOptions,
    stop: impl Future<Output = ()>,
) -> Result<Counts, ProxyError> {
    let ready = match Ready::new(&listener, upstream, &options) {
        Ok(ready) => ready,
        // What was started is stopped in order, also where nothing was served.
        Err(error) => {
            intake.writer().ledger().close(&options.stop_reason)?;
            return Err(error);
        }
    };
    let Ready {
        tls,
        provider,
        local,
        runtime,
        connections,
    } = ready;
    let calls = options.max_calls.clamp(1, Semaphore::MAX_PERMITS);
    let (cut, is_cut) = watch::channel(false);
    let shared = Arc::new(Shared {
        intake,
        connections,
        provider,
        counts: Counters::default(),
        wishes: Wishes::default(),
        calls: Calls::default(),
        room: Arc::new(Semaphore::new(calls)),
        held: Arc::new(Semaphore::new(
            (options.max_held / 1024).clamp(1, Semaphore::MAX_PERMITS),
        )),
        reading: Semaphore::new(READING),
        closing: AtomicBool::new(false),
        cut: is_cut,
        runtime: runtime.handle().clone(),
        local,
        options,
    });
    let served = runtime.block_on(async {
        let mut http = http1::Builder::new();
        http.preserve_header_case(true)
            .auto_date_header(false)
            .max_buf_size(MOST_HEAD);
        let listen = ai_audit_listen::Options {
            max_connections: shared.options.max_connections,
            head_timeout: shared.options.head_timeout,
            // Who reads slowly slows the upstream down; who does not read at all is given up.
            patience: Patience {
                wait: Duration::from_secs(60),
                rate: 1 << 10,
            },
            grace: shared.options.grace,
            http,
            tls,
        };
        let for_calls = Arc::clone(&shared);
        let service = service_fn(move |request| {
            let shared = Arc::clone(&for_calls);
            async move { Ok::<_, Infallible>(forward(shared, request).await) }
        });
        let stop = async {
            stop.await;
            shared.closing.store(true, Ordering::Relaxed);
        };
        let served = ai_audit_listen::serve(listener, listen, service, stop).await;
        // Whoever is still waiting for a model has had his time.
        let _ = cut.send(true);
        let all = u32::try_from(calls).unwrap_or(u32::MAX);
        // What is not sealed by then is an open intent, as the log says.
        let _ = tokio::time::timeout(LAST, async {
            let mut places = core::pin::pin!(shared.room.acquire_many(all));
            loop {
                // One may just have gone out.
                shared.calls.stop();
                let wait = Duration::from_millis(50);
                if tokio::time::timeout(wait, &mut places).await.is_ok() {
                    break;
                }
            }
        })
        .await;
        served
    });
    runtime.shutdown_timeout(Duration::from_secs(1));
    let ended = end(&shared);
    served?;
    ended?;
    Ok(Counts {
        open: shared.calls.open(),
        ..shared.counts.read()
    })
}

/// Looks at what [`serve`] needs, before a log is opened for it: the certificates and keys of both sides.
///
/// # Errors
///
/// As [`serve`].
pub fn check(upstream: &Upstream, options: &ProxyOptions) -> Result<(), ProxyError> {
    if let Some(files) = &options.tls {
        files.acceptor()?;
    }
    crate::upstream::tls(upstream)?;
    Ok(())
}

/// What is there before anything is served.
struct Ready {
    tls: Option<TlsAcceptor>,
    provider: String,
    local: bool,
    runtime: Runtime,
    connections: Connections,
}

impl Ready {
    fn new(
        listener: &TcpListener,
        upstream: Upstream,
        options: &ProxyOptions,
    ) -> Result<Self, ProxyError> {
        let tls = match &options.tls {
            Some(files) => Some(files.acceptor()?),
            None => None,
        };
        let provider = match options.provider.as_str() {
            "" => upstream.provider().to_owned(),
            given => given.to_owned(),
        };
        let local = listener.local_addr()?.ip().is_loopback();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_io()
            .enable_time()
            .max_blocking_threads(64)
            .build()?;
        let connections = {
            let _inside = runtime.enter();
            Connections::new(upstream, options)?
        };
        Ok(Self {
            tls,
            provider,
            local,
            runtime,
            connections,
        })
    }
}

/// Stops the log, and makes a checkpoint that covers its stop receipt.
fn end(shared: &Shared) -> Result<(), ProxyError> {
    let (ledger, log) = (shared.intake.writer().ledger(), &shared.options.log);
    let attached = ledger.is_attached(log);
    ledger.close(&shared.options.stop_reason)?;
    if attached {
        shared.intake.reading().make_checkpoint(log)?;
    }
    Ok(())
}
