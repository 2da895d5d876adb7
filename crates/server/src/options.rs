//! How a service is run, and its limits, which bound what all of its clients together take.

use crate::{TlsFiles, TokenFile, Troubles};
use ai_audit_store::LogName;
use ai_audit_telemetry::Telemetry;
use core::time::Duration;
use std::sync::Arc;

/// Who is let in.
#[derive(Debug, Clone)]
pub enum Access {
    /// Everybody who reaches it, and may do everything. For loopback addresses.
    Open,
    /// Who has one of these tokens.
    Tokens(TokenFile),
}

/// How a service is run.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// Who is let in.
    pub access: Access,
    /// TLS, where it is spoken here.
    pub tls: Option<TlsFiles>,
    /// The longest request body, in bytes.
    pub max_body: usize,
    /// How long a client may take for a request's head, and for the handshake of TLS.
    pub head_timeout: Duration,
    /// How long a request may take from the end of its head to the beginning of its answer. What is
    /// streamed may take longer, as long as it moves that often. A client that takes nothing of an
    /// answer for so long is given up.
    pub timeout: Duration,
    /// Bytes a second of an answer that a client has to take, once `timeout` is over; who takes less is
    /// given up. 0 is as 1.
    pub min_rate: u64,
    /// How many connections are served at once; more wait.
    pub max_connections: usize,
    /// How many requests are worked at once, or answered and not taken yet; more are told to come
    /// back.
    pub max_requests: usize,
    /// How many verdicts, packages and statistics are made at once, one verdict among them; more are told
    /// to come back.
    pub max_heavy: usize,
    /// How many packages there are at once, from their making until they are taken; more are told to
    /// come back. Each is a file on the disk of the directory as long.
    pub max_downloads: usize,
    /// How many threads there are for what waits for files; more work than that waits for one.
    pub threads: usize,
    /// How many requests a second a token may send; none for as many as it likes.
    pub rate: Option<u32>,
    /// How long requests that are under way may take once the service is to stop.
    pub grace: Duration,
    /// What stop receipts say.
    pub stop_reason: String,
    /// Where metrics and traces are told to, if anywhere. Its observer is given to the writer that is
    /// served, and it ends with the service.
    pub telemetry: Option<Arc<Telemetry>>,
    /// Who hears the whole of what goes wrong, also where no client asked; clients hear the kind of it.
    pub troubles: Troubles,
    /// Whether the service ends, with [`ServeError::TakenOver`](crate::ServeError::TakenOver), once another writer has its
    /// store: for one that stands by when it is started again. Otherwise it refuses appends until then, and reads.
    pub end_when_taken_over: bool,
    /// Logs that could not be attached before the service began. Where no other log takes anything it is not ready, and
    /// tries them again while it is asked whether it is.
    pub unattached: Vec<LogName>,
    /// How often sealed epochs are moved, by the settings' policy, where the directory has a store for what is old; none
    /// for never.
    pub move_every: Option<Duration>,
}

impl ServerOptions {
    /// 8 MiB, 10 and 30 seconds, 64 KiB a second, 1,024 connections, 256 requests, 2 verdicts and
    /// packages, 16 downloads, 64 threads, no rate, 30 seconds of grace; moves every hour; it does not end by itself.
    #[must_use]
    pub fn new(access: Access) -> Self {
        Self {
            access,
            tls: None,
            max_body: 8 << 20,
            head_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(30),
            min_rate: 64 << 10,
            max_connections: 1024,
            max_requests: 256,
            max_heavy: 2,
            max_downloads: 16,
            threads: 64,
            rate: None,
            grace: Duration::from_secs(30),
            stop_reason: "the service was stopped".into(),
            telemetry: None,
            troubles: Troubles::default(),
            end_when_taken_over: false,
            unattached: Vec::new(),
            move_every: Some(Duration::from_secs(60 * 60)),
        }
    }
}
