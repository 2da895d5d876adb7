//! Serving: connections with their limits, and an end that loses nothing.

use crate::figures::figures;
use crate::shared::Shared;
use crate::sharing::{self, Holds, Sharing};
use crate::{Access, ServerOptions, TlsError, TokenFileError, lost, routes};
use ai_audit_directory::DirectoryError;
use ai_audit_intake::Intake;
use ai_audit_store::LedgerError;
use hyper_util::service::TowerToHyperService;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

/// Why a service did not start, or did not end in order.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The runtime or the listener cannot be used.
    #[error("serving: {0}")]
    Io(#[from] io::Error),
    /// A file of TLS cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The tokens cannot be read.
    #[error(transparent)]
    Tokens(#[from] TokenFileError),
    /// There is no token, so that nobody could be let in.
    #[error("{}: there are no tokens yet; make one with `ai-audit token create`", .0.display())]
    NoTokens(std::path::PathBuf),
    /// Everybody would be let in, from everywhere.
    #[error("{0} is no loopback address, and everybody would be let in: make tokens")]
    OpenToAll(SocketAddr),
    /// Other instances cannot be known, so that nothing could be handed to them.
    #[error("other instances: {0}")]
    Peers(String),
    /// Another writer has the store: see [`ServerOptions::end_when_taken_over`].
    #[error(
        "another writer has taken the logs over, so nothing more is recorded here; started again, this instance stands by"
    )]
    TakenOver,
    /// A log could not be stopped in order.
    #[error("closing: {0}")]
    Close(#[from] LedgerError),
    /// A last checkpoint could not be made.
    #[error("the last checkpoint: {0}")]
    Checkpoint(#[from] DirectoryError),
}

/// Serves a directory on a bound listener until `stop` is there. Then it takes no more connections,
/// finishes the requests that are under way, drains the ledger, and seals stop receipts and
/// checkpoints. Where the options say so, it ends likewise once another writer has the store, and makes
/// no checkpoints then; stop receipts are sealed to those logs alone that end where this writer left them, while no
/// other one has the store. Blocks; it starts a runtime of its own.
///
/// # Errors
///
/// See [`ServeError`].
pub fn serve(
    intake: Intake,
    listener: TcpListener,
    options: ServerOptions,
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    serve_as(intake, listener, options, None, stop)
}

/// Serves a directory beside instances that have copies of it and share its logs: each writes to those whose lease it holds, and
/// hands what is for others on to them. The intake's writer is one that was opened for that
/// ([`Writer::open_shared`](ai_audit_directory::Writer::open_shared)). Once `stop` is there, appends under way are finished, stop
/// receipts and checkpoints sealed, and leases given back, while what takes longer goes on. Blocks, as [`serve`] does.
///
/// # Errors
///
/// See [`ServeError`].
pub fn share(
    intake: Intake,
    listener: TcpListener,
    options: ServerOptions,
    sharing: Sharing,
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    sharing.hold(options.tls.as_ref())?;
    let holds = Holds::new(sharing, options.max_requests)?;
    serve_as(intake, listener, options, Some(holds), stop)
}

fn serve_as(
    intake: Intake,
    listener: TcpListener,
    options: ServerOptions,
    holds: Option<Holds>,
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    hold_access(&options, listener.local_addr()?)?;
    let tls = acceptor(&options)?;
    let shared = Arc::new(Shared::new(intake, options, holds));
    if let Some(telemetry) = &shared.options.telemetry {
        // It asks for as long as there is something to ask, and keeps nothing alive.
        let asked = Arc::downgrade(&shared);
        telemetry.watch(move || Some(figures(&*asked.upgrade()?)));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_io()
        .enable_time()
        .max_blocking_threads(shared.options.threads.max(1))
        .build()?;
    // Until all has ended.
    let _moving = crate::moving::start(&shared)?;
    let _looking = sharing::start(&shared)?;
    let (served, given) = runtime.block_on(run(&shared, listener, tls, stop));
    // What is still under way has been waited for as long as it may take.
    runtime.shutdown_timeout(Duration::from_secs(1));
    let ended = match shared.lost.is_so() {
        // The logs are another one's, or were. The ledger's end still tries stop receipts: the store refuses them as it
        // refuses all appends without the lock, or behind where somebody else went on.
        true => Err(ServeError::TakenOver),
        false => end(&shared),
    };
    let ended = given.and(ended);
    if let Some(telemetry) = &shared.options.telemetry {
        telemetry.end();
    }
    served?;
    ended
}

/// Refuses what would let in nobody, or everybody from everywhere.
pub(crate) fn hold_access(options: &ServerOptions, address: SocketAddr) -> Result<(), ServeError> {
    match &options.access {
        Access::Open if !address.ip().is_loopback() => Err(ServeError::OpenToAll(address)),
        Access::Tokens(file) if file.read()?.is_empty() => {
            Err(ServeError::NoTokens(file.path().into()))
        }
        _ => Ok(()),
    }
}

/// How TLS is spoken, where it is.
pub(crate) fn acceptor(options: &ServerOptions) -> Result<Option<TlsAcceptor>, ServeError> {
    Ok(match &options.tls {
        Some(files) => Some(files.acceptor()?),
        None => None,
    })
}

/// Stops all logs that were written to, and makes checkpoints that cover their stop receipts.
fn end(shared: &Shared) -> Result<(), ServeError> {
    let ledger = shared.intake.writer().ledger();
    let directory = shared.intake.reading();
    let logs = directory.logs();
    let written = logs.map(|logs| {
        let attached = logs.into_iter().filter(|log| ledger.is_attached(log));
        attached.collect::<Vec<_>>()
    });
    ledger.close(&shared.options.stop_reason)?;
    for log in written? {
        directory.make_checkpoint(&log)?;
    }
    Ok(())
}

async fn run(
    shared: &Arc<Shared>,
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    stop: impl Future<Output = ()>,
) -> (io::Result<()>, Result<(), ServeError>) {
    let options = ai_audit_listen::Options {
        max_connections: shared.options.max_connections,
        head_timeout: shared.options.head_timeout,
        patience: shared.patience(),
        grace: shared.options.grace,
        tls,
        ..ai_audit_listen::Options::default()
    };
    let router = routes::router(Arc::clone(shared));
    let (over, told) = oneshot::channel();
    let stop = async {
        if shared.options.end_when_taken_over {
            tokio::select! {
                () = stop => {}
                () = lost::taken_over(shared) => {}
            }
        } else {
            stop.await;
        }
        shared.closing.store(true, Ordering::Relaxed);
        // Where nobody waits for it, there is nothing to give back.
        let _ = over.send(());
    };
    let served = ai_audit_listen::serve(listener, options, TowerToHyperService::new(router), stop);
    match shared.holds {
        Some(_) => tokio::join!(served, sharing::given_back(shared, told)),
        None => (served.await, Ok(())),
    }
}
