//! Room that deleted bytes left, given back, and held against whether they are gone.

use crate::client::Client;
use crate::error::{Answer, Fail, invalid, io};
use crate::link::{Link, Purpose, Target};
use crate::options::Options;
use ai_audit_store::StoreError;
use core::time::Duration;
use std::time::Instant;

/// What is tried, as errors say it.
const TRIED: &str = "compacting the tables";

/// The tables with what is deleted, and how each is written anew. Each by itself: in a transaction they are refused.
const TABLES: [(&str, &str); 2] = [
    ("receipts", "VACUUM (FULL, ANALYZE) receipts"),
    ("ciphertexts", "VACUUM (FULL, ANALYZE) ciphertexts"),
];

/// How long whoever may see deleted rows is waited for. A writer's statements and a short export end meanwhile.
const WAIT: Duration = Duration::from_secs(5);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// Writes the tables with receipts and ciphertexts anew, without the rows that deletions left dead: until
/// then the files may still have their bytes. It needs as much room again while it lasts, appends wait for
/// it, and [`Options::timeout`] must allow for it. What the server's own journal and backups have of them
/// is theirs to forget.
///
/// When it returned `Ok`, nothing that was deleted before it was called is in the tables' files.
///
/// # Errors
///
/// Where the server refuses, or the role does not own the tables; where somebody's transaction still sees rows that
/// were deleted, which the server then copies: a dump, a session that was left open, a replication slot. Those that
/// are known are named, to be ended.
pub fn compact(owner: &str, options: &Options) -> Result<(), StoreError> {
    let mut link = Link::new(Target::new(owner, options)?, Purpose::Own);
    let name = link.target().name.clone();
    link.once(TRIED, |client| {
        hold_owner(client, &name)?;
        let before = committed_before(client)?;
        // No statement that begins afterwards sees what a transaction before this one deleted. Asked first, since what is
        // written anew in vain takes long.
        let began = Instant::now();
        loop {
            let seeing = seeing(client, &before)?;
            if seeing.is_empty() {
                break;
            }
            if began.elapsed() >= WAIT.min(options.timeout) {
                return Err(still_seen(&name, "nothing was written anew", &seeing));
            }
            std::thread::sleep(LOOK);
        }
        for (table, statement) in TABLES {
            let old = file(client, table)?;
            client.batch(statement)?;
            // The server tells in a warning alone that it passed a table over.
            if file(client, table)? == old {
                return Err(not_done(&format!(
                    "{TRIED} in {name}: the server passed table {table} over, so its file still has what was deleted; its log says why"
                )));
            }
            if !is_free_of(client, table, &before)? {
                let seeing = seeing(client, &before)?;
                let what = format!("table {table} was written anew with deleted rows in it");
                return Err(still_seen(&name, &what, &seeing));
            }
        }
        Ok(())
    })
}

/// Refuses a role for which the server would pass the tables over with a warning.
fn hold_owner(client: &mut Client, name: &str) -> Answer<()> {
    // The owner of the database may, too, and from 17 on whoever was given the right to.
    let rows = client.rows(
        "SELECT c.relname::text, pg_get_userbyid(c.relowner)::text, current_user::text
         FROM pg_class c JOIN pg_database d ON d.datname = current_database()
         WHERE c.oid IN ('receipts'::regclass, 'ciphertexts'::regclass)
           AND NOT pg_has_role(c.relowner, 'USAGE') AND NOT pg_has_role(d.datdba, 'USAGE')
           AND NOT CASE WHEN current_setting('server_version_num')::integer >= 170000
                        THEN has_table_privilege(c.oid, 'MAINTAIN') ELSE false END
         ORDER BY 1 DESC",
        &[],
    )?;
    let Some(row) = rows.first() else {
        return Ok(());
    };
    let (table, owner, role): (String, String, String) =
        (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    Err(invalid(format!(
        "{TRIED} in {name}: table {table} is owned by role {owner}, and role {role} may not write it anew; log in as {owner}"
    ))
    .into())
}

/// The number that is behind those of all transactions that were committed by now.
fn committed_before(client: &mut Client) -> Answer<String> {
    let row = client.row("SELECT pg_snapshot_xmax(pg_current_snapshot())::text", &[])?;
    Ok(row.try_get(0)?)
}

/// Who keeps rows that a transaction before this number deleted, as far as the server says. A `VACUUM` at work sees none,
/// though it has a number, too; what else is kept of catalogs alone does not count.
fn seeing(client: &mut Client, before: &str) -> Answer<Vec<String>> {
    let rows = client.rows(
        "WITH mark AS (SELECT age($1::text::xid8::xid) AS age)
         SELECT 'process ' || pid || coalesce(' of role ' || usename, '') FROM pg_stat_activity, mark
         WHERE pid <> pg_backend_pid() AND (datname IS NULL OR datname = current_database())
           AND (age(backend_xmin) > mark.age OR age(backend_xid) > mark.age)
           AND pid NOT IN (SELECT pid FROM pg_stat_progress_vacuum)
         UNION ALL
         SELECT 'prepared transaction ' || quote_literal(gid) || ' of role ' || owner FROM pg_prepared_xacts, mark
         WHERE database = current_database() AND age(transaction) > mark.age
         UNION ALL
         SELECT 'replication slot ' || slot_name FROM pg_replication_slots, mark WHERE age(xmin) > mark.age
         UNION ALL
         SELECT 'whoever the setting vacuum_defer_cleanup_age = ' || kept || ' is for'
         FROM current_setting('vacuum_defer_cleanup_age', true) AS kept WHERE kept <> '0'
         LIMIT 10",
        &[&before],
    )?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// The file that has a table.
fn file(client: &mut Client, table: &str) -> Answer<u32> {
    let row = client.row("SELECT pg_relation_filenode($1::text::regclass)", &[&table])?;
    Ok(row.try_get(0)?)
}

/// Whether a table has no row that a transaction before this number deleted. Of a table that it wrote anew the server
/// keeps the number from which on transactions left anything in it but rows for everybody: with it stands what it held to
/// be seen by somebody, whoever that was and whether he is gone by now.
fn is_free_of(client: &mut Client, table: &str, before: &str) -> Answer<bool> {
    let row = client.row(
        "SELECT age(relfrozenxid) <= age($2::text::xid8::xid) FROM pg_class WHERE oid = $1::text::regclass",
        &[&table, &before],
    )?;
    Ok(row.try_get(0)?)
}

fn still_seen(name: &str, done: &str, seeing: &[String]) -> Fail {
    let seeing = match seeing {
        [] => "somebody who is gone by now, or whom the server does not show".into(),
        known => known.join(", "),
    };
    not_done(&format!(
        "{TRIED} in {name}: {done}: what was deleted may still be seen by {seeing}; end that \
         (pg_terminate_backend, ROLLBACK PREPARED, pg_drop_replication_slot), or wait for it, and compact again"
    ))
}

fn not_done(what: &str) -> Fail {
    io(what).into()
}
