//! Taking connections, and ending in order.

use crate::{Patience, Patient};
use hyper::body::{Body, Incoming};
use hyper::rt::{Read, Write};
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use std::error::Error;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
#[cfg(feature = "tls")]
use tokio_rustls::TlsAcceptor;

/// How connections are served.
#[derive(Clone)]
pub struct Options {
    /// How many are served at once; more wait. 0 is as 1.
    pub max_connections: usize,
    /// How long a client may take for a request's head, and for the handshake of TLS.
    pub head_timeout: Duration,
    /// How long an answer waits for a client that takes it.
    pub patience: Patience,
    /// How long answers that are under way may take once it is to stop.
    pub grace: Duration,
    /// How HTTP is spoken. The time limits are set here.
    pub http: http1::Builder,
    /// TLS, where it is spoken here.
    #[cfg(feature = "tls")]
    pub tls: Option<TlsAcceptor>,
}

impl Default for Options {
    /// 256 connections, 10 seconds for a head, 30 seconds and 64 KiB a second for an answer, 30 seconds of
    /// grace, no TLS.
    fn default() -> Self {
        Self {
            max_connections: 256,
            head_timeout: Duration::from_secs(10),
            patience: Patience {
                wait: Duration::from_secs(30),
                rate: 64 << 10,
            },
            grace: Duration::from_secs(30),
            http: http1::Builder::new(),
            #[cfg(feature = "tls")]
            tls: None,
        }
    }
}

/// Serves connections until `stop` is there. Then it takes no more of them, and waits for the answers that
/// are under way, at most as long as `grace` says; those that take longer go on when it returns, as long as
/// the runtime does. What goes wrong with one connection concerns nobody else.
///
/// # Errors
///
/// When the listener cannot be used.
pub async fn serve<S, B>(
    listener: TcpListener,
    options: Options,
    service: S,
    stop: impl Future<Output = ()>,
) -> io::Result<()>
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let room = Arc::new(Semaphore::new(options.max_connections.max(1)));
    let graceful = GracefulShutdown::new();
    let mut http = options.http.clone();
    http.timer(TokioTimer::new())
        .header_read_timeout(options.head_timeout);
    let mut stop = core::pin::pin!(stop);
    loop {
        let accept = async {
            let permit = Arc::clone(&room).acquire_owned().await;
            (listener.accept().await, permit)
        };
        let (accepted, permit) = tokio::select! {
            accepted = accept => accepted,
            () = &mut stop => break,
        };
        let (Ok((stream, _)), Ok(permit)) = (accepted, permit) else {
            // Out of files, or the client is gone already: neither goes away by asking at once.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        // A small answer should not wait for more to send. Without it the answer is only later.
        let _ = stream.set_nodelay(true);
        let stream = Patient::new(stream, options.patience);
        let (http, service, watcher) = (http.clone(), service.clone(), graceful.watcher());
        #[cfg(feature = "tls")]
        if let Some(tls) = options.tls.clone() {
            let limit = options.head_timeout;
            tokio::spawn(async move {
                // Who speaks no TLS, or brings no certificate that is asked for, hears so in it.
                if let Ok(Ok(stream)) = tokio::time::timeout(limit, tls.accept(stream)).await {
                    connection(TokioIo::new(stream), &http, service, watcher, permit).await;
                }
            });
            continue;
        }
        tokio::spawn(async move {
            connection(TokioIo::new(stream), &http, service, watcher, permit).await;
        });
    }
    drop(listener);
    tokio::select! {
        () = graceful.shutdown() => {}
        () = tokio::time::sleep(options.grace) => {}
    }
    Ok(())
}

async fn connection<I, S, B>(
    stream: I,
    http: &http1::Builder,
    service: S,
    watcher: Watcher,
    permit: OwnedSemaphorePermit,
) where
    I: Read + Write + Unpin + 'static,
    S: Service<Request<Incoming>, Response = Response<B>> + 'static,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: Body + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let connection = http.serve_connection(stream, service);
    // What goes wrong with one connection concerns nobody else.
    let _ = watcher.watch(connection).await;
    drop(permit);
}

impl core::fmt::Debug for Options {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Options")
            .field("max_connections", &self.max_connections)
            .field("head_timeout", &self.head_timeout)
            .field("patience", &self.patience)
            .field("grace", &self.grace)
            .finish_non_exhaustive()
    }
}
