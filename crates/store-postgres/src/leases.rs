//! Leases in a table beside the logs, for processes on several machines.

use crate::error::corrupt;
use crate::link::{Link, Purpose, Target};
use crate::options::Options;
use crate::postgres::lock;
use crate::read::number;
use ai_audit_store::{Lease, Leases, LogName, StoreError};
use core::fmt;
use core::time::Duration;
use std::collections::BTreeSet;
use std::sync::Mutex;
use tokio_postgres::Row;

/// Leases in the schema of a [`PostgresStore`](crate::PostgresStore) (`docs/spec/leases.md`), by a connection of their own: an append that
/// takes long holds no renewal up.
///
/// The role is the one that appends ([`Rights::Append`](crate::Rights::Append)). Let [`Options::timeout`] be shorter than a third of the leases, so
/// that a renewal that gets no answer can be tried again in time.
///
/// ```no_run
/// use ai_audit_store::{LeaseKeeper, LeaseRules, Leases, LogName};
/// use ai_audit_store_postgres::{Options, PostgresLeases};
/// use std::time::{Duration, Instant};
/// let options = Options { timeout: Duration::from_secs(3), ..Options::default() };
/// let leases = PostgresLeases::open("postgres://audit_writer@db.example.org/audit", &options)?;
/// let (log, began) = (LogName::default(), Instant::now());
/// let mut keeper = LeaseKeeper::new("host/4711/8a30", LeaseRules::default())?;
/// let found = leases.lease(&log)?;
/// let standing = keeper.tend(&leases, &log, found.as_ref(), || Ok(0), began.elapsed())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct PostgresLeases {
    name: String,
    link: Mutex<Link>,
}

impl PostgresLeases {
    /// Opens a database whose tables are there: `postgres://user@host:port/database`. Of the options, those for an
    /// eraser and a sole writer mean nothing here.
    ///
    /// # Errors
    ///
    /// As [`PostgresStore::open`](crate::PostgresStore::open) to write: leases on a standby would be old ones.
    pub fn open(address: &str, options: &Options) -> Result<Self, StoreError> {
        let mut link = Link::new(Target::new(address, options)?, Purpose::Write);
        link.ready()?;
        Ok(Self {
            name: link.target().name.clone(),
            link: Mutex::new(link),
        })
    }
}

impl Leases for PostgresLeases {
    fn lease(&self, log: &LogName) -> Result<Option<Lease>, StoreError> {
        let found = lock(&self.link).reading("reading a lease", |client| {
            let rows = client.rows(
                "SELECT holder, changes, length, fence FROM leases WHERE log = $1",
                &[&log.as_str()],
            )?;
            Ok(rows.first().map(|row| lease_of(row, 0)))
        })?;
        let illegible = || {
            corrupt(format!(
                "the lease of log {log} in {} cannot be read: delete its row in the table leases, as the tables' owner",
                self.name
            ))
        };
        found.map(|lease| lease.ok_or_else(illegible)).transpose()
    }

    fn leases(&self) -> Result<Vec<(LogName, Lease)>, StoreError> {
        lock(&self.link).reading("reading the leases", |client| {
            let rows = client.rows(
                "SELECT log, holder, changes, length, fence FROM leases ORDER BY log",
                &[],
            )?;
            Ok(legible(&rows))
        })
    }

    fn leases_of(&self, logs: &[LogName]) -> Result<Vec<(LogName, Lease)>, StoreError> {
        let names: Vec<&str> = logs.iter().map(LogName::as_str).collect();
        lock(&self.link).reading("reading the leases", |client| {
            let rows = client.rows(
                "SELECT log, holder, changes, length, fence FROM leases WHERE log = ANY($1) ORDER BY log",
                &[&names],
            )?;
            Ok(legible(&rows))
        })
    }

    fn replace_lease(
        &self,
        log: &LogName,
        expected: Option<&Lease>,
        new: &Lease,
    ) -> Result<bool, StoreError> {
        new.check()?;
        let (log, (changes, length, fence)) = (log.as_str(), numbers(new)?);
        let old = expected.map(|old| Ok::<_, StoreError>((old, numbers(old)?)));
        let old = old.transpose()?;
        // Of several that do this at once each waits for the row, and finds then what is in it.
        let changed = lock(&self.link).once("replacing a lease", |client| match old {
            None => Ok(client.execute(
                "INSERT INTO leases (log, holder, changes, length, fence)
                 VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
                &[&log, &new.holder, &changes, &length, &fence],
            )?),
            Some((old, (old_changes, old_length, old_fence))) => Ok(client.execute(
                "UPDATE leases SET holder = $2, changes = $3, length = $4, fence = $5,
                                   changed_at = clock_timestamp()
                 WHERE log = $1 AND holder = $6 AND changes = $7 AND length = $8 AND fence = $9",
                &[
                    &log,
                    &new.holder,
                    &changes,
                    &length,
                    &fence,
                    &old.holder,
                    &old_changes,
                    &old_length,
                    &old_fence,
                ],
            )?),
        })?;
        Ok(changed == 1)
    }

    fn replace_leases(
        &self,
        all: &[(&LogName, &Lease, &Lease)],
    ) -> Result<BTreeSet<LogName>, StoreError> {
        let mut logs = Vec::with_capacity(all.len());
        let (mut new, mut old) = (Columns::default(), Columns::default());
        for &(log, expected, wanted) in all {
            wanted.check()?;
            logs.push(log.as_str());
            new.push(wanted)?;
            old.push(expected)?;
        }
        // A row that somebody holds is none of those that are done: waiting for it, all the others would be over meanwhile.
        lock(&self.link).once("replacing leases", |client| {
            let rows = client.rows(
                "WITH unheld AS (SELECT log FROM leases WHERE log = ANY($1::text[]) FOR UPDATE SKIP LOCKED)
                 UPDATE leases AS l SET holder = n.holder, changes = n.changes, length = n.length, fence = n.fence,
                                        changed_at = clock_timestamp()
                 FROM unnest($1::text[], $2::text[], $3::bigint[], $4::integer[], $5::bigint[],
                             $6::text[], $7::bigint[], $8::integer[], $9::bigint[])
                      AS n (log, holder, changes, length, fence, old_holder, old_changes, old_length, old_fence), unheld
                 WHERE l.log = unheld.log AND l.log = n.log AND l.holder = n.old_holder AND l.changes = n.old_changes
                       AND l.length = n.old_length AND l.fence = n.old_fence
                 RETURNING l.log",
                &[
                    &logs,
                    &new.holders,
                    &new.changes,
                    &new.lengths,
                    &new.fences,
                    &old.holders,
                    &old.changes,
                    &old.lengths,
                    &old.fences,
                ],
            )?;
            let done = rows.iter().filter_map(|row| LogName::new(row.try_get(0).ok()?).ok());
            Ok(done.collect())
        })
    }
}

/// Leases by field, as arrays of one statement.
#[derive(Default)]
struct Columns<'a> {
    holders: Vec<&'a str>,
    changes: Vec<i64>,
    lengths: Vec<i32>,
    fences: Vec<i64>,
}

impl<'a> Columns<'a> {
    fn push(&mut self, lease: &'a Lease) -> Result<(), StoreError> {
        let (changes, length, fence) = numbers(lease)?;
        self.holders.push(&lease.holder);
        self.changes.push(changes);
        self.lengths.push(length);
        self.fences.push(fence);
        Ok(())
    }
}

impl fmt::Debug for PostgresLeases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresLeases")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// What can be read of rows with a log and its lease.
fn legible(rows: &[Row]) -> Vec<(LogName, Lease)> {
    let found = rows.iter().filter_map(|row| {
        let log = LogName::new(row.try_get(0).ok()?).ok()?;
        Some((log, lease_of(row, 1)?))
    });
    found.collect()
}

/// The lease in these columns; none where a value is out of its range, or of another type.
fn lease_of(row: &Row, first: usize) -> Option<Lease> {
    let length: i32 = row.try_get(first + 2).ok()?;
    let lease = Lease {
        holder: row.try_get(first).ok()?,
        changes: u32::try_from(row.try_get::<_, i64>(first + 1).ok()?).ok()?,
        length: Duration::from_millis(u64::try_from(length).ok()?),
        fence: u64::try_from(row.try_get::<_, i64>(first + 3).ok()?).ok()?,
    };
    lease.check().is_ok().then_some(lease)
}

/// Changes, length in milliseconds and fence, as the table has them.
fn numbers(lease: &Lease) -> Result<(i64, i32, i64), StoreError> {
    let length = i32::try_from(lease.length.as_millis()).map_err(|_| StoreError::Invalid {
        what: format!(
            "a lease of {:?}: expected at most {:?}",
            lease.length,
            Lease::LONGEST
        ),
    })?;
    Ok((lease.changes.into(), length, number(lease.fence)?))
}
