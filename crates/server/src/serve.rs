//! Serving: connections with their limits, and an end that loses nothing.

use crate::figures::figures;
use crate::shared::Shared;
use crate::{Access, ServerOptions, TlsError, TokenFileError, routes};
use ai_audit_directory::DirectoryError;
use ai_audit_intake::Intake;
use ai_audit_store::LedgerError;
use hyper_util::service::TowerToHyperService;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
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
    OpenToAll(std::net::SocketAddr),
    /// A log could not be stopped in order.
    #[error("closing: {0}")]
    Close(#[from] LedgerError),
    /// A last checkpoint could not be made.
    #[error("the last checkpoint: {0}")]
    Checkpoint(#[from] DirectoryError),
}

/// Serves a directory on a bound listener until `stop` is there. Then it takes no more connections,
/// finishes the requests that are under way, drains the ledger, and seals stop receipts and
/// checkpoints. Blocks; it starts a runtime of its own.
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
    let address = listener.local_addr()?;
    match &options.access {
        Access::Open if !address.ip().is_loopback() => {
            return Err(ServeError::OpenToAll(address));
        }
        Access::Tokens(file) if file.read()?.is_empty() => {
            return Err(ServeError::NoTokens(file.path().into()));
        }
        _ => {}
    }
    let tls = match &options.tls {
        Some(files) => Some(files.acceptor()?),
        None => None,
    };
    let shared = Arc::new(Shared::new(intake, options));
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
    let served = runtime.block_on(run(&shared, listener, tls, stop));
    // What is still under way has been waited for as long as it may take.
    runtime.shutdown_timeout(Duration::from_secs(1));
    let ended = end(&shared);
    if let Some(telemetry) = &shared.options.telemetry {
        telemetry.end();
    }
    served?;
    ended
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
) -> io::Result<()> {
    let options = ai_audit_listen::Options {
        max_connections: shared.options.max_connections,
        head_timeout: shared.options.head_timeout,
        patience: shared.patience(),
        grace: shared.options.grace,
        tls,
        ..ai_audit_listen::Options::default()
    };
    let router = routes::router(Arc::clone(shared));
    let stop = async {
        stop.await;
        shared.closing.store(true, Ordering::Relaxed);
    };
    ai_audit_listen::serve(listener, options, TowerToHyperService::new(router), stop).await
}
