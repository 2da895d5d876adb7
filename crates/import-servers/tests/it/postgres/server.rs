//! A PostgreSQL of Debian's as the library uses it: its tables, and what it writes to them.

use std::ops::Deref;
use std::path::Path;

use ai_audit_testkit::postgres::PostgresServer;

use crate::servers::Receipt;

/// The tables as the library makes them.
pub(super) const TABLES: &str = "
    CREATE TABLE ai_audit_receipts (receipt_id TEXT PRIMARY KEY, tenant_id TEXT NOT NULL,
                                    timestamp TIMESTAMPTZ NOT NULL, payload JSONB NOT NULL);
    CREATE TABLE ai_audit_batch_seals (batch_id TEXT PRIMARY KEY, sealed_at TIMESTAMPTZ NOT NULL,
                                       payload JSONB NOT NULL);";

/// A server for one test.
pub(super) struct Server(PostgresServer);

impl Deref for Server {
    type Target = PostgresServer;
    fn deref(&self) -> &PostgresServer {
        &self.0
    }
}

impl Server {
    pub(super) fn start() -> Option<Self> {
        Self::start_with(&[], |_| ())
    }

    /// The same with settings, which may stand in files of the cluster's folder.
    pub(super) fn start_with(settings: &[&str], prepare: impl Fn(&Path)) -> Option<Self> {
        // Nothing of it need survive.
        let settings = [settings, &["fsync=off"]].concat();
        PostgresServer::start("PostgreSQL as a source", &settings, prepare).map(Self)
    }

    /// As the library writes a receipt.
    pub(super) fn write(&self, receipts: &[Receipt]) {
        let rows: String = receipts
            .iter()
            .map(|receipt| {
                format!(
                    "INSERT INTO ai_audit_receipts VALUES ({}, {}, {}, {});\n",
                    quoted(&receipt.id),
                    quoted(receipt.tenant),
                    quoted(&receipt.timestamp()),
                    quoted(&receipt.json())
                )
            })
            .collect();
        self.sql(&rows);
    }
}

/// A text as SQL has it.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
