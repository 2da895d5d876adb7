//! The tables, their versions, and how a database gets from one version to the next.

use crate::client::Client;
use crate::error::{Answer, invalid};
use crate::link::{Link, Purpose, Target};
use crate::options::Options;
use ai_audit_store::StoreError;

/// What each version adds, the first one first. Written once, never changed: a change is a further one.
const MIGRATIONS: [&str; 4] = [
    include_str!("../sql/0001.sql"),
    include_str!("../sql/0002.sql"),
    include_str!("../sql/0003.sql"),
    include_str!("../sql/0004.sql"),
];

/// The latest version that is known here. What is written is written to this one alone.
const VERSION: i32 = 4;

/// The oldest version that is read as it is: later ones added tables that no reader looks at, and a rule for what is written. Whoever changes a table
/// that readers look at has them ask for the version, or raises this.
const OLDEST_READ: i32 = 1;

/// Kinds of control receipts as migrations and statements list them.
macro_rules! control_kinds {
    () => {
        "0,1,7,13,14,16,17,18,19,20,21,22,23,24"
    };
}
pub(crate) use control_kinds;

/// Holds the others off while one makes or changes tables.
const LOCK: i64 = 0x4149_4155_5047;

/// Makes the schema and its tables, or brings older ones up to this version: everything or nothing.
/// Where that was done before, it does nothing. Of several that try at once, one does it.
///
/// `owner` is the address of a role that may create schemas in the database, or owns this one; no other
/// should be able to log in with it.
///
/// ```no_run
/// use ai_audit_store_postgres::{Options, migrate};
/// migrate("postgres://audit_owner@db.example.org/audit", &Options::default())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`StoreError::TooNew`] for tables of a later version; where the server refuses, or would lose what it
/// acknowledges.
pub fn migrate(owner: &str, options: &Options) -> Result<(), StoreError> {
    let mut link = Link::new(Target::new(owner, options)?, Purpose::Own);
    link.once("making the tables", |client| {
        client.batch("BEGIN")?;
        let done = bring_up(client, &options.schema);
        client.batch(if done.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
        done
    })
}

fn bring_up(client: &mut Client, schema: &str) -> Answer<()> {
    client.row("SELECT pg_advisory_xact_lock($1)", &[&LOCK])?;
    if !has_tables(client, schema)? {
        client.batch(&format!(
            "CREATE SCHEMA IF NOT EXISTS {schema}; REVOKE ALL ON SCHEMA {schema} FROM public;
             SET LOCAL search_path = {schema}, pg_catalog;
             CREATE TABLE versions (version integer PRIMARY KEY, made_at timestamptz NOT NULL DEFAULT now());"
        ))?;
    }
    let held = version(client)?;
    if held > VERSION {
        return Err(too_new(held).into());
    }
    // Whoever waits to change a table that is in use has all others wait behind him.
    client.batch(&format!(
        "SET LOCAL search_path = {schema}, pg_catalog; SET LOCAL lock_timeout = '5s'"
    ))?;
    for (version, text) in (1..).zip(MIGRATIONS).filter(|(version, _)| *version > held) {
        client.batch(text)?;
        client.execute("INSERT INTO versions (version) VALUES ($1)", &[&version])?;
    }
    Ok(())
}

fn has_tables(client: &mut Client, schema: &str) -> Answer<bool> {
    let row = client.row(
        "SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                        WHERE n.nspname = $1 AND c.relname = 'versions')",
        &[&schema],
    )?;
    Ok(row.try_get(0)?)
}

fn version(client: &mut Client) -> Answer<i32> {
    let row = client.row("SELECT coalesce(max(version), 0) FROM versions", &[])?;
    Ok(row.try_get(0)?)
}

fn too_new(found: i32) -> StoreError {
    StoreError::TooNew {
        found: found.unsigned_abs(),
        supported: VERSION.unsigned_abs(),
    }
}

/// Refuses a schema that is none of ours, or of a version that is not for this purpose.
pub(crate) fn hold(client: &mut Client, target: &Target, purpose: Purpose) -> Answer<()> {
    let (name, schema) = (&target.name, &target.schema);
    if !has_tables(client, schema)? {
        let owner = name.replacen("://", "://OWNER@", 1);
        let named = match schema == &Options::default().schema {
            true => String::new(),
            false => format!(" --name {schema}"),
        };
        let what = format!(
            "{name}: schema {schema} has no tables of ours; make them with `ai-audit store prepare {owner}{named}` and the roles that are to use them (in a program: `migrate`, `grant`), logged in as their owner"
        );
        return Err(StoreError::NotAStore { what }.into());
    }
    let row = client.row("SELECT has_schema_privilege($1, 'USAGE')", &[schema])?;
    if !row.try_get::<_, bool>(0)? {
        return Err(invalid(format!(
            "{name}: the role lacks a right on schema {schema}; grant what it is for (docs/spec/store-postgres.md, Roles)"
        ))
        .into());
    }
    let held = version(client)?;
    if held > VERSION {
        return Err(too_new(held).into());
    }
    let oldest = match purpose {
        Purpose::Read => OLDEST_READ,
        Purpose::Write | Purpose::Own => VERSION,
    };
    if held < oldest {
        return Err(invalid(format!(
            "{name}: schema {schema} has version {held}, this software needs {VERSION} to write and {OLDEST_READ} to read: run `ai-audit store prepare` (in a program: `migrate`), logged in as the tables' owner"
        ))
        .into());
    }
    Ok(())
}

/// What the database calls itself: made with its tables.
pub(crate) fn store_id(client: &mut Client) -> Answer<String> {
    let row = client.row("SELECT id::text FROM store", &[])?;
    Ok(row.try_get(0)?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;
    use ai_audit_core::Kind;

    #[test]
    fn each_version_has_its_migration() {
        assert_eq!(MIGRATIONS.len(), usize::try_from(VERSION).unwrap());
    }

    #[test]
    fn control_kinds_are_those_of_the_core() {
        let numbers: Vec<String> = (0..=u16::MAX)
            .filter(|number| Kind::new(*number).is_control())
            .map(|number| number.to_string())
            .collect();
        assert_eq!(numbers.join(","), control_kinds!());
        // A further control kind needs a migration that changes the rule.
        assert!(MIGRATIONS[0].contains(concat!("kind NOT IN (", control_kinds!(), ")")));
    }
}
