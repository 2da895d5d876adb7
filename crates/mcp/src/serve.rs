//! Serving: over standard input and output, or over streamable HTTP.

use crate::options::McpOptions;
use crate::service::Service;
use hyper_util::service::TowerToHyperService;
use rmcp::ServiceExt as _;
use rmcp::service::RoleServer;
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

/// The longest message, in bytes.
const MAX_MESSAGE: usize = 4 << 20;

/// Why a server did not start, or did not end in order.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum McpError {
    /// The runtime or the listener cannot be used.
    #[error("serving: {0}")]
    Io(#[from] std::io::Error),
    /// It would be reached from elsewhere.
    #[error("{0} is no loopback address: whoever reached it could read what is below the roots")]
    NotLocal(SocketAddr),
    /// The client does not speak the protocol.
    #[error("the client: {0}")]
    Client(String),
}

/// Serves one client on standard input and output until it closes its end, or `stop` is there. Blocks; it
/// starts a runtime of its own.
///
/// # Errors
///
/// See [`McpError`].
pub fn run_stdio(options: McpOptions, stop: impl Future<Output = ()>) -> Result<(), McpError> {
    let runtime = runtime()?;
    let served = runtime.block_on(async {
        let transport =
            AsyncRwTransport::<RoleServer, _, _>::new(tokio::io::stdin(), tokio::io::stdout())
                .with_max_line_length(MAX_MESSAGE);
        let client = |error: &dyn std::fmt::Display| McpError::Client(error.to_string());
        let serve = async {
            let running = match Service::new(options).serve(transport).await {
                Ok(running) => running,
                // Closed before it said anything: that is no mistake.
                Err(rmcp::service::ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
                Err(error) => return Err(client(&error)),
            };
            running
                .waiting()
                .await
                .map(drop)
                .map_err(|error| client(&error))
        };
        tokio::select! {
            served = serve => served,
            () = stop => Ok(()),
        }
    });
    // A read of standard input cannot be called off.
    runtime.shutdown_background();
    served
}

/// Serves clients of this machine at `/mcp` until `stop` is there. Blocks; it starts a runtime of its own.
///
/// # Errors
///
/// See [`McpError`].
pub fn run_http(
    options: McpOptions,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
) -> Result<(), McpError> {
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() {
        return Err(McpError::NotLocal(address));
    }
    let service = Service::new(options);
    // No sessions: whoever asks says all that is needed, and nothing of one client is kept for the next.
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_max_request_body_bytes(MAX_MESSAGE)
        .with_allowed_hosts(["localhost", "127.0.0.1", "[::1]", "::1"])
        .with_allowed_origins(["http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*"]);
    let http = StreamableHttpService::new(
        move || Ok(service.clone()),
        Arc::new(NeverSessionManager::default()),
        config,
    );
    let http = TowerToHyperService::new(http);
    let runtime = runtime()?;
    let served = runtime.block_on(ai_audit_listen::serve(
        listener,
        ai_audit_listen::Options::default(),
        http,
        stop,
    ));
    runtime.shutdown_timeout(Duration::from_secs(1));
    Ok(served?)
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
}
