//! A witness over HTTP.
//!
//! `POST /add-checkpoint` is C2SP's. `GET /checkpoint/<digest>`, with the digest of
//! [`origin_digest`](crate::origin_digest), is an extension of ours: the last checkpoint cosigned,
//! with the cosignature, or 404.

use crate::{Answer, Status, Witness};
use ai_audit_listen::Patience;
use ai_audit_store::{Clock, SystemClock};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::{get, post};
use core::fmt;
use core::future::Future;
use core::time::Duration;
use hyper_util::service::TowerToHyperService;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;

/// Is told of every answer to `add-checkpoint`, on the thread that made it.
pub type Observer = Arc<dyn Fn(&Answer) + Send + Sync>;

/// Limits of the server, all of which keep one client from taking it from the others.
#[derive(Clone)]
pub struct ServerOptions {
    /// The longest request body, in bytes.
    pub max_body: usize,
    /// How many connections are served at once; more wait.
    pub max_connections: usize,
    /// How long a client may take to send a request's head, and then its body.
    pub timeout: Duration,
    /// How long answers that are under way may take once the server is to stop.
    pub grace: Duration,
    /// Is told of every answer.
    pub observer: Option<Observer>,
}

impl Default for ServerOptions {
    /// 256 KiB, 256 connections, 10 seconds each.
    fn default() -> Self {
        Self {
            max_body: 256 << 10,
            max_connections: 256,
            timeout: Duration::from_secs(10),
            grace: Duration::from_secs(10),
            observer: None,
        }
    }
}

#[derive(Clone)]
struct Shared {
    witness: Arc<Witness>,
    options: Arc<ServerOptions>,
}

/// Serves a witness on a bound listener until `stop` is there, then finishes the answers that are
/// under way. Blocks; it starts a runtime of its own.
///
/// # Errors
///
/// When the runtime or the listener cannot be used.
pub fn serve(
    witness: Arc<Witness>,
    listener: TcpListener,
    options: ServerOptions,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_io()
        .enable_time()
        .build()?;
    runtime.block_on(run(witness, listener, options, stop))
}

async fn run(
    witness: Arc<Witness>,
    listener: TcpListener,
    options: ServerOptions,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let connections = ai_audit_listen::Options {
        max_connections: options.max_connections,
        head_timeout: options.timeout,
        // An answer is a line or some: it is taken at once or not at all.
        patience: Patience {
            wait: options.timeout,
            rate: 1,
        },
        grace: options.grace,
        ..ai_audit_listen::Options::default()
    };
    let shared = Shared {
        witness,
        options: Arc::new(options),
    };
    let router = Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/checkpoint/{digest}", get(checkpoint))
        .with_state(shared);
    let service = TowerToHyperService::new(router);
    ai_audit_listen::serve(listener, connections, service, stop).await
}

async fn add_checkpoint(State(shared): State<Shared>, request: Request) -> Response {
    let limit = shared.options.max_body;
    let read = axum::body::to_bytes(request.into_body(), limit);
    let body = match tokio::time::timeout(shared.options.timeout, read).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => {
            let text = format!("expected a body of at most {limit} bytes\n");
            return response(StatusCode::PAYLOAD_TOO_LARGE, TEXT, text);
        }
        Err(_) => {
            let text = "the body took too long\n".into();
            return response(StatusCode::REQUEST_TIMEOUT, TEXT, text);
        }
    };
    let Shared { witness, options } = shared;
    // It waits for the disk, and for the log's lock.
    let judged = tokio::task::spawn_blocking(move || {
        let answer = witness.add_checkpoint(&body, SystemClock.now());
        if let Some(observer) = &options.observer {
            observer(&answer);
        }
        answer
    });
    match judged.await {
        Ok(answer) => {
            let code = StatusCode::from_u16(answer.status.code())
                .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let kind = match answer.status {
                Status::Conflict => "text/x.tlog.size",
                _ => TEXT,
            };
            response(code, kind, answer.body)
        }
        Err(_) => response(
            StatusCode::INTERNAL_SERVER_ERROR,
            TEXT,
            "nothing was cosigned\n".into(),
        ),
    }
}

async fn checkpoint(State(shared): State<Shared>, Path(digest): Path<String>) -> Response {
    let witness = Arc::clone(&shared.witness);
    match tokio::task::spawn_blocking(move || witness.latest(&digest)).await {
        Ok(Some(note)) => response(StatusCode::OK, TEXT, note.to_string()),
        _ => response(
            StatusCode::NOT_FOUND,
            TEXT,
            "no checkpoint of such a log was cosigned here\n".into(),
        ),
    }
}

const TEXT: &str = "text/plain; charset=utf-8";

fn response(code: StatusCode, kind: &'static str, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = code;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

impl fmt::Debug for ServerOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerOptions")
            .field("max_body", &self.max_body)
            .field("max_connections", &self.max_connections)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
