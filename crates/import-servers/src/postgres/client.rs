//! A blocking client of PostgreSQL on a runtime of its own, with a time limit for every answer, and what
//! its errors mean.

use std::error::Error as _;
use std::io;
use std::ops::ControlFlow;
use std::pin::pin;
use std::time::Duration;

use futures_util::TryStreamExt;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Config, Error, Row};

use ai_audit_postgres_link::{MakeTls, reason, shown, verified};

use crate::{Options, ServerError};

/// What a user needs who may not read.
const HELP: &str =
    "GRANT SELECT ON ai_audit_receipts, ai_audit_batch_seals TO it, and USAGE on their schema";

/// Times longer that the first row may take: the server sorts before.
const FIRST: u32 = 10;

/// Time that a connection has to say good-bye.
const CLOSING: Duration = Duration::from_secs(1);

pub(super) struct Client {
    runtime: Runtime,
    /// There until it is dropped.
    client: Option<tokio_postgres::Client>,
    connection: JoinHandle<Result<(), Error>>,
    name: String,
    timeout: Duration,
}

impl Client {
    pub(super) fn open(url: &str, options: &Options) -> Result<Self, ServerError> {
        let mut config: Config = verified(url).parse().map_err(|error: Error| {
            let why = error.source().map(|why| format!(": {why}"));
            ServerError::Address(format!(
                "{error}{}; expected postgres://[user[:password]@]host[:port]/database[?sslmode=disable|prefer|\
                 require&options=...]",
                why.unwrap_or_default()
            ))
        })?;
        if let (None, Some(password)) = (config.get_password(), &options.password) {
            config.password(password);
        }
        if config.get_application_name().is_none() {
            config.application_name("ai-audit");
        }
        config.connect_timeout(options.timeout);
        let name = shown(&config);
        let failed = |error: &Error| refused(error, &name, options.timeout);
        let tls =
            MakeTls::new(&config, options.authorities.as_deref()).map_err(ServerError::Address)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| ServerError::Unreachable {
                server: name.clone(),
                reason: error.to_string(),
            })?;
        let (client, connection) = runtime.block_on(async {
            let connected = timeout(options.timeout, config.connect(tls)).await;
            let (client, connection) = connected
                .map_err(|_| ServerError::TimedOut {
                    server: name.clone(),
                    limit: options.timeout,
                })?
                .map_err(|error| failed(&error))?;
            Ok((client, tokio::spawn(connection)))
        })?;
        Ok(Self {
            runtime,
            client: Some(client),
            connection,
            name,
            timeout: options.timeout,
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Runs a command that gives no rows.
    pub(super) fn execute(&mut self, command: &str) -> Result<(), ServerError> {
        let client = self.client()?;
        let done = self
            .runtime
            .block_on(async { timeout(self.timeout, client.batch_execute(command)).await });
        match done {
            Ok(done) => done.map_err(|error| self.error(&error)),
            Err(_) => Err(self.timed_out(self.timeout)),
        }
    }

    /// Hands on the rows of a query, as they come: the server is held up while one is worked on.
    pub(super) fn rows(
        &mut self,
        query: &str,
        parameters: &[(&(dyn ToSql + Sync), Type)],
        mut each: impl FnMut(&Row) -> Result<ControlFlow<()>, Error>,
    ) -> Result<(), ServerError> {
        let client = self.client()?;
        let parameters = parameters.iter().cloned();
        self.runtime.block_on(async {
            let mut limit = self.timeout.saturating_mul(FIRST);
            let rows = timeout(limit, client.query_typed_raw(query, parameters))
                .await
                .map_err(|_| self.timed_out(limit))?
                .map_err(|error| self.error(&error))?;
            let mut rows = pin!(rows);
            loop {
                let row = timeout(limit, rows.try_next())
                    .await
                    .map_err(|_| self.timed_out(limit))?
                    .map_err(|error| self.error(&error))?;
                let Some(row) = row else {
                    return Ok(());
                };
                if each(&row).map_err(|error| self.error(&error))?.is_break() {
                    return Ok(());
                }
                limit = self.timeout;
            }
        })
    }

    fn client(&self) -> Result<&tokio_postgres::Client, ServerError> {
        self.client.as_ref().ok_or_else(|| ServerError::Cut {
            server: self.name.clone(),
            records: 0,
            reason: "it is closed".into(),
        })
    }

    fn timed_out(&self, limit: Duration) -> ServerError {
        ServerError::TimedOut {
            server: self.name.clone(),
            limit,
        }
    }

    /// What went wrong after the connection was made.
    fn error(&self, error: &Error) -> ServerError {
        let server = self.name.clone();
        let reason = reason(error);
        match error.code() {
            Some(&SqlState::INSUFFICIENT_PRIVILEGE) => ServerError::Permission {
                server,
                reason,
                help: HELP,
            },
            Some(code) if ends_connection(code) => ServerError::Cut {
                server,
                records: 0,
                reason,
            },
            Some(_) => ServerError::Answer { server, reason },
            None if error.is_closed() || io_error(error).is_some() => ServerError::Cut {
                server,
                records: 0,
                reason,
            },
            None => ServerError::Answer { server, reason },
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // Dropping the client ends the connection; the server should not have to find out by itself.
        drop(self.client.take());
        let connection = &mut self.connection;
        let ended = self
            .runtime
            .block_on(async { timeout(CLOSING, connection).await });
        if ended.is_err() {
            self.connection.abort();
        }
    }
}

/// Whether the server says with it that it ends the connection.
fn ends_connection(code: &SqlState) -> bool {
    [
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
    ]
    .contains(code)
}

fn io_error(error: &Error) -> Option<&io::Error> {
    error.source()?.downcast_ref()
}

/// Why there is no connection.
fn refused(error: &Error, name: &str, limit: Duration) -> ServerError {
    let server = name.to_string();
    let reason = reason(error);
    if let Some(code) = error.code() {
        return match *code {
            SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
                ServerError::Login { server, reason }
            }
            SqlState::INVALID_CATALOG_NAME => ServerError::Database { server, reason },
            SqlState::INSUFFICIENT_PRIVILEGE => ServerError::Permission {
                server,
                reason,
                help: "GRANT CONNECT ON DATABASE to it",
            },
            _ => ServerError::Unreachable { server, reason },
        };
    }
    let shown = error.to_string();
    let io = io_error(error).map(io::Error::kind);
    if io == Some(io::ErrorKind::TimedOut) {
        ServerError::TimedOut { server, limit }
    } else if shown.contains("TLS") {
        ServerError::Tls {
            server,
            reason,
            help: "name the host as its certificate does, give the authority's certificate, or say \
                   sslmode=disable where the network is trusted",
        }
    } else if shown.contains("authentication") || shown.contains("configuration") {
        ServerError::Login { server, reason }
    } else {
        ServerError::Unreachable { server, reason }
    }
}
