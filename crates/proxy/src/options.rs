//! How a proxy is run, and its limits.

use ai_audit_listen::{TlsFiles, Troubles};
use ai_audit_store::LogName;
use core::time::Duration;

/// What happens to a call whose intent cannot be made durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FailMode {
    /// It is not forwarded: 503.
    #[default]
    Closed,
    /// It is forwarded; the loss is declared in the log by a gap receipt as soon as one can be written.
    Open,
}

/// How a proxy is run.
#[derive(Debug, Clone)]
pub struct ProxyOptions {
    /// The log that takes what is recorded.
    pub log: LogName,
    /// What happens when it takes nothing.
    pub fail: FailMode,
    /// What decisions have for their provider; empty for the name by which the upstream's host is known, or
    /// the host itself.
    pub provider: String,
    /// TLS, where it is spoken here.
    pub tls: Option<TlsFiles>,
    /// How many connections are served at once; more wait.
    pub max_connections: usize,
    /// How many calls are under way at once; more are told to come back.
    pub max_calls: usize,
    /// The longest request body, in bytes.
    pub max_body: usize,
    /// Bytes of request bodies that are held at once, of all calls; who needs more is told to come back.
    pub max_held: usize,
    /// How long a client may take for a request's head, and how long its body may stand still. A body has
    /// this time, and a second more for each 16 KiB.
    pub head_timeout: Duration,
    /// How long an intent may take to be durable once the log has taken it. It may get there later, and is
    /// then one without an outcome.
    pub durable: Duration,
    /// How long the upstream may take to take a connection: its address, TCP and TLS.
    pub connect_timeout: Duration,
    /// How long the upstream may say nothing, before its answer and in it.
    pub silence: Duration,
    /// How long calls that are under way may take once the proxy is to stop.
    pub grace: Duration,
    /// What stop receipts say.
    pub stop_reason: String,
    /// Who hears why the log takes nothing. Clients hear that it is so: stores, paths and keys are none of their business.
    pub troubles: Troubles,
}

impl ProxyOptions {
    /// Closed; 1,024 connections, 256 calls, 64 MiB a body and 256 MiB of them, 10 seconds for a head and a
    /// connection, 30 for an intent, 10 minutes of silence, 30 seconds of grace.
    #[must_use]
    pub fn new(log: LogName) -> Self {
        Self {
            log,
            fail: FailMode::Closed,
            provider: String::new(),
            tls: None,
            max_connections: 1024,
            max_calls: 256,
            max_body: 64 << 20,
            max_held: 256 << 20,
            head_timeout: Duration::from_secs(10),
            durable: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            silence: Duration::from_secs(600),
            grace: Duration::from_secs(30),
            stop_reason: "the proxy was stopped".into(),
            troubles: Troubles::default(),
        }
    }
}
