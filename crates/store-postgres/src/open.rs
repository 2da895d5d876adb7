//! What is asked of a server and of a schema, for each connection.

use crate::client::Client;
use crate::error::{Answer, invalid};
use crate::link::{Backend, Purpose, Target};
use crate::schema;
use ai_audit_store::StoreError;

/// Holds in a statement that writes, beside what was checked when the connection was made: settings can
/// be changed while a server runs. Empty rows where it does not.
macro_rules! durable {
    () => {
        "current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on'
         AND current_setting('synchronous_commit') IN ('on', 'remote_apply')"
    };
}
pub(crate) use durable;

/// The oldest server on which this was tried.
const OLDEST: i32 = 150_000;

/// What a server says of itself.
struct Server {
    backend: Backend,
    version: i32,
    standby: bool,
    read_only: String,
    encoding: String,
    durable: [(&'static str, String); 3],
}

fn ask(client: &mut Client) -> Answer<Server> {
    let row = client.row(
        "SELECT pid, (extract(epoch FROM backend_start) * 1000000)::bigint,
                current_setting('server_version_num')::integer, pg_is_in_recovery(),
                current_setting('default_transaction_read_only'), current_setting('fsync'),
                current_setting('full_page_writes'), current_setting('synchronous_commit'),
                current_setting('server_encoding')
         FROM pg_stat_activity WHERE pid = pg_backend_pid()",
        &[],
    )?;
    Ok(Server {
        backend: Backend {
            pid: row.try_get(0)?,
            since: row.try_get(1)?,
        },
        version: row.try_get(2)?,
        standby: row.try_get(3)?,
        read_only: row.try_get(4)?,
        encoding: row.try_get(8)?,
        durable: [
            ("fsync", row.try_get(5)?),
            ("full_page_writes", row.try_get(6)?),
            ("synchronous_commit", row.try_get(7)?),
        ],
    })
}

/// Sets a new connection up, and refuses what cannot be written to, or would lose what it took.
pub(crate) fn check(client: &mut Client, target: &Target, purpose: Purpose) -> Answer<Backend> {
    let name = &target.name;
    // Nobody's objects stand before ours; what a policy hides is an error and no gap; and what a client
    // that hangs in the middle of a transaction holds is let go. All that is asked for here is found by an index. The
    // server keeps the plan of a statement from when it was first asked, on tables that were small: one that reads them
    // whole would do so for as long as the connection lasts, longer with each receipt.
    client.batch(&format!(
        "SET search_path = pg_catalog, {}, pg_temp; SET row_security = off;
         SET idle_in_transaction_session_timeout = '60s'; SET lock_timeout = 0; SET statement_timeout = 0;
         SET default_transaction_isolation = 'read committed';
         SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;",
        target.schema
    ))?;
    let server = ask(client)?;
    if server.version < OLDEST {
        return Err(invalid(format!(
            "{name}: the server is PostgreSQL {}; expected 15 or later",
            server.version / 10_000
        ))
        .into());
    }
    if server.encoding != "UTF8" {
        return Err(invalid(format!(
            "{name}: the database's encoding is {}; expected UTF8, in which every name can be kept",
            server.encoding
        ))
        .into());
    }
    if purpose != Purpose::Read {
        if server.standby {
            return Err(StoreError::Replica {
                what: format!(
                    "{name}: the server is a standby, which only repeats what a primary does; go to the primary, or promote this one after the primary is gone for good"
                ),
            }
            .into());
        }
        if server.read_only != "off" {
            return Err(invalid(format!(
                "{name}: default_transaction_read_only is {}; expected off for a role that writes",
                server.read_only
            ))
            .into());
        }
        hold_durable(name, &server.durable)?;
    }
    if purpose != Purpose::Own {
        schema::hold(client, target, purpose)?;
        hold_logged(client, target)?;
    }
    Ok(server.backend)
}

/// Refuses settings under which an acknowledged commit may be lost.
fn hold_durable(name: &str, settings: &[(&str, String)]) -> Result<(), StoreError> {
    for (setting, value) in settings {
        let expected = match *setting {
            "synchronous_commit" => ["on", "remote_apply"],
            _ => ["on", "on"],
        };
        if !expected.contains(&value.as_str()) {
            return Err(invalid(format!(
                "{name}: {setting} is {value}, so the server may lose what it acknowledged; expected {}",
                expected[0]
            )));
        }
    }
    Ok(())
}

/// The same, asked of a connection again: why a statement with [`durable`] found nothing.
pub(crate) fn hold_durable_now(client: &mut Client, name: &str) -> Answer<()> {
    let server = ask(client)?;
    Ok(hold_durable(name, &server.durable)?)
}

/// Refuses tables that a crash of the server empties.
fn hold_logged(client: &mut Client, target: &Target) -> Answer<()> {
    let found = client.rows(
        "SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = $1 AND c.relkind = 'r' AND c.relpersistence <> 'p' ORDER BY 1",
        &[&target.schema],
    )?;
    let Some(row) = found.first() else {
        return Ok(());
    };
    let table: String = row.try_get(0)?;
    Err(invalid(format!(
        "{}: table {table} is unlogged, so a crash of the server empties it; expected a logged one (ALTER TABLE ... SET LOGGED)",
        target.name
    ))
    .into())
}
