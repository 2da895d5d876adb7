//! A PostgreSQL to which the library's cold tier writes.

mod client;

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use tokio_postgres::types::{ToSql, Type};

use self::client::Client;
use crate::remarks::Remarks;
use crate::source::{Each, Server, is_blank};
use crate::{Found, MAX_VALUE, Options, RemarkKind, ServerError};

/// Of each row the text if it is not too long, the columns that name it, and whether it fits them. The
/// lateral query keeps the text from being made more than once. Without a payload it is empty.
const RECEIPTS: &str = "
    SELECT CASE WHEN octet_length(t.text) <= $2 THEN t.text END, r.receipt_id, r.tenant_id,
           (r.payload->>'receipt_id', r.payload->>'tenant_id')
               IS DISTINCT FROM (r.receipt_id, r.tenant_id)
    FROM ai_audit_receipts r CROSS JOIN LATERAL (SELECT coalesce(r.payload::text, '') AS text OFFSET 0) t
    WHERE $1::text IS NULL OR r.tenant_id = $1
    ORDER BY r.timestamp, r.receipt_id COLLATE \"C\"";

/// The same of batch seals, which have no column for their tenant.
const SEALS: &str = "
    SELECT CASE WHEN octet_length(t.text) <= $2 THEN t.text END, s.batch_id,
           coalesce(s.payload->>'tenant_id', ''), s.payload->>'batch_id' IS DISTINCT FROM s.batch_id
    FROM ai_audit_batch_seals s CROSS JOIN LATERAL (SELECT coalesce(s.payload::text, '') AS text OFFSET 0) t
    WHERE $1::text IS NULL OR coalesce(s.payload->>'tenant_id', '') = $1
    ORDER BY s.sealed_at, s.batch_id COLLATE \"C\"";

const TENANTS: &str = "SELECT tenant_id, count(*) FROM ai_audit_receipts GROUP BY 1";

const SEALS_TENANTS: &str =
    "SELECT coalesce(payload->>'tenant_id', ''), count(*) FROM ai_audit_batch_seals GROUP BY 1";

/// A connection in a transaction that reads one state and writes nothing.
pub(crate) struct Postgres {
    client: Client,
    /// Whether there is a table of batch seals.
    seals: bool,
}

impl Postgres {
    pub(crate) fn open(url: &str, options: &Options) -> Result<Self, ServerError> {
        let mut client = Client::open(url, options)?;
        client.execute("START TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")?;
        let mut there = (false, false);
        client.rows(
            "SELECT to_regclass('ai_audit_receipts') IS NOT NULL,
                    to_regclass('ai_audit_batch_seals') IS NOT NULL",
            &[],
            |row| {
                there = (row.try_get(0)?, row.try_get(1)?);
                Ok(ControlFlow::Continue(()))
            },
        )?;
        if !there.0 {
            return Err(ServerError::Table {
                server: client.name().into(),
                table: "ai_audit_receipts",
            });
        }
        Ok(Self {
            client,
            seals: there.1,
        })
    }
}

impl Server for Postgres {
    fn name(&self) -> &str {
        self.client.name()
    }

    fn form(&self) -> &'static str {
        "postgres"
    }

    fn tenants(&mut self) -> Result<Vec<(String, u64)>, ServerError> {
        let mut tenants = BTreeMap::<String, u64>::new();
        let queries = [Some(TENANTS), self.seals.then_some(SEALS_TENANTS)];
        for query in queries.into_iter().flatten() {
            self.client.rows(query, &[], |row| {
                let count: i64 = row.try_get(1)?;
                *tenants.entry(row.try_get(0)?).or_default() += count.unsigned_abs();
                Ok(ControlFlow::Continue(()))
            })?;
        }
        Ok(tenants.into_iter().collect())
    }

    fn records(&mut self, tenant: Option<&str>, each: &mut Each<'_>) -> Result<Found, ServerError> {
        let mut remarks = Remarks::default();
        let limit = i32::try_from(MAX_VALUE).unwrap_or(i32::MAX);
        let parameters: [(&(dyn ToSql + Sync), Type); 2] =
            [(&tenant, Type::TEXT), (&limit, Type::INT4)];
        let queries = [Some(RECEIPTS), self.seals.then_some(SEALS)];
        for query in queries.into_iter().flatten() {
            self.client.rows(query, &parameters, |row| {
                let (id, whose): (&str, &str) = (row.try_get(1)?, row.try_get(2)?);
                if row.try_get(3)? {
                    remarks.add(RemarkKind::Misplaced, Some(whose), id);
                }
                let text: Option<&str> = row.try_get(0)?;
                Ok(match text {
                    Some(text) if is_blank(text) => {
                        remarks.add(RemarkKind::Blank, Some(whose), id);
                        ControlFlow::Continue(())
                    }
                    Some(text) => each(text),
                    None => {
                        remarks.add(RemarkKind::TooLong, Some(whose), id);
                        ControlFlow::Continue(())
                    }
                })
            })?;
        }
        Ok(Found {
            remarks: remarks.of(tenant),
            ..Found::default()
        })
    }
}
