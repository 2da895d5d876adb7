//! A blocking client on a runtime of its own, with a time limit for every answer.

use crate::error::Trouble;
use crate::outside::outside;
use ai_audit_postgres_link::MakeTls;
use core::future::Future;
use core::time::Duration;
use std::collections::HashMap;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Config, Error, Row, Statement};

/// Time that a connection has to say good-bye.
const CLOSING: Duration = Duration::from_secs(1);

/// Values of a statement.
pub(crate) type Values<'a> = &'a [&'a (dyn ToSql + Sync)];

/// One connection.
pub(crate) struct Client {
    /// There until it is dropped, as the next one.
    runtime: Option<Runtime>,
    client: Option<tokio_postgres::Client>,
    connection: JoinHandle<Result<(), Error>>,
    statements: HashMap<&'static str, Statement>,
    limit: Duration,
}

impl Client {
    pub(crate) fn connect(config: &Config, tls: MakeTls, limit: Duration) -> Result<Self, Trouble> {
        outside(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(|error| Trouble::Cut {
                    what: error.to_string(),
                })?;
            let connected = runtime.block_on(async { timeout(limit, config.connect(tls)).await });
            let (client, connection) = connected.map_err(|_| unanswered(limit))??;
            let connection = runtime.spawn(connection);
            Ok(Self {
                runtime: Some(runtime),
                client: Some(client),
                connection,
                statements: HashMap::new(),
                limit,
            })
        })
    }

    /// Whether the connection has ended. What the network has to say of it is heard first.
    pub(crate) fn is_closed(&mut self) -> bool {
        let (runtime, client) = (&self.runtime, &self.client);
        outside(|| match (runtime, client) {
            (Some(runtime), Some(client)) => {
                runtime.block_on(tokio::task::yield_now());
                client.is_closed()
            }
            _ => true,
        })
    }

    /// Runs statements that give nothing.
    pub(crate) fn batch(&mut self, statements: &str) -> Result<(), Trouble> {
        self.wait(|client, _| async move { client.batch_execute(statements).await })
    }

    /// One round trip for which the server does nothing, within a time that may be shorter than other answers have.
    pub(crate) fn answers(&mut self, within: Duration) -> Result<(), Trouble> {
        let limit = self.limit;
        self.limit = limit.min(within);
        let answered = self.batch("");
        self.limit = limit;
        answered
    }

    /// Runs a statement and gives its rows. It is prepared once.
    pub(crate) fn rows(
        &mut self,
        statement: &'static str,
        values: Values<'_>,
    ) -> Result<Vec<Row>, Trouble> {
        self.wait(|client, statements| async move {
            let prepared = prepared(client, statements, statement).await?;
            client.query(&prepared, values).await
        })
    }

    /// The one row of a statement that gives just one.
    pub(crate) fn row(
        &mut self,
        statement: &'static str,
        values: Values<'_>,
    ) -> Result<Row, Trouble> {
        self.wait(|client, statements| async move {
            let prepared = prepared(client, statements, statement).await?;
            client.query_one(&prepared, values).await
        })
    }

    /// Runs a statement and tells how many rows it changed.
    pub(crate) fn execute(
        &mut self,
        statement: &'static str,
        values: Values<'_>,
    ) -> Result<u64, Trouble> {
        self.wait(|client, statements| async move {
            let prepared = prepared(client, statements, statement).await?;
            client.execute(&prepared, values).await
        })
    }

    fn wait<'a, T: Send, F: Future<Output = Result<T, Error>> + Send>(
        &'a mut self,
        ask: impl FnOnce(&'a tokio_postgres::Client, &'a mut HashMap<&'static str, Statement>) -> F
        + Send,
    ) -> Result<T, Trouble> {
        let closed = || Trouble::Cut {
            what: "the connection is closed".into(),
        };
        let limit = self.limit;
        let runtime = self.runtime.as_ref().ok_or_else(closed)?;
        let client = self.client.as_ref().ok_or_else(closed)?;
        let asked = ask(client, &mut self.statements);
        let answer = outside(|| runtime.block_on(async { timeout(limit, asked).await }));
        match answer {
            Ok(answer) => answer.map_err(Trouble::from),
            Err(_) => Err(unanswered(limit)),
        }
    }
}

async fn prepared(
    client: &tokio_postgres::Client,
    statements: &mut HashMap<&'static str, Statement>,
    text: &'static str,
) -> Result<Statement, Error> {
    if let Some(statement) = statements.get(text) {
        return Ok(statement.clone());
    }
    let statement = client.prepare(text).await?;
    statements.insert(text, statement.clone());
    Ok(statement)
}

fn unanswered(limit: Duration) -> Trouble {
    Trouble::Cut {
        what: format!("no answer within {} s", limit.as_secs_f32()),
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let (Some(runtime), client) = (self.runtime.take(), self.client.take()) else {
            return;
        };
        self.statements.clear();
        let connection = &mut self.connection;
        outside(move || {
            // Dropping the client ends the connection; the server should not have to find out by itself.
            drop(client);
            let ended = runtime.block_on(async { timeout(CLOSING, &mut *connection).await });
            if ended.is_err() {
                connection.abort();
            }
            runtime.shutdown_background();
        });
    }
}
