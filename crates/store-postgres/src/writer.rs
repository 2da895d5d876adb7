//! Where the writer of a schema takes what reached another instance: said beside its lock, and gone with it.

use crate::client::Client;
use crate::error::Trouble;
use crate::link::{Backend, Link, Purpose, Target};
use crate::options::Options;
use crate::postgres::lock;
use crate::sole::class;
use ai_audit_store::StoreError;
use core::fmt;
use std::sync::Mutex;

/// Says where the holder of the writer's lock, whose connection this is, takes requests.
pub(crate) fn advertise(
    client: &mut Client,
    backend: Backend,
    address: &str,
) -> Result<(), Trouble> {
    // Whoever has the role's password may hold the row for as long as he likes, and the writer waits for nobody here.
    client.batch("SET lock_timeout = '1s'")?;
    let said = client.execute(
        "INSERT INTO writer (address, pid, since) VALUES ($1, $2, $3)
         ON CONFLICT (only_one) DO UPDATE
         SET address = excluded.address, pid = excluded.pid, since = excluded.since",
        &[&address, &backend.pid, &backend.since],
    );
    if !matches!(said, Err(Trouble::Cut { .. })) {
        client.batch("SET lock_timeout = 0")?;
    }
    said.map(drop)
}

/// Says it anew where the table says otherwise: whoever has the role's password can change it, and nobody but the
/// writer would put it right.
pub(crate) fn advertise_again(
    client: &mut Client,
    backend: Backend,
    address: &str,
) -> Result<(), Trouble> {
    // The table may be held as a whole, by an administrator's statement.
    client.batch("SET lock_timeout = '1s'")?;
    let said = client.rows(
        "SELECT pid FROM writer WHERE address = $1 AND pid = $2 AND since = $3",
        &[&address, &backend.pid, &backend.since],
    );
    if !matches!(said, Err(Trouble::Cut { .. })) {
        client.batch("SET lock_timeout = 0")?;
    }
    match said?.is_empty() {
        true => advertise(client, backend, address),
        false => Ok(()),
    }
}

/// Looks where the [sole writer](Options::sole_writer) of a schema takes requests, as it said with
/// [`Options::advertise`] when it became that.
///
/// Whoever has the password of the role that appends can say anything here: hold it against addresses that are
/// known before anything is sent there.
pub struct WriterFinder {
    name: String,
    link: Mutex<Link>,
}

impl WriterFinder {
    /// For a database, `postgres://user@host:port/database`, as the role that appends: others do not see who holds the
    /// lock. It connects when it looks first.
    ///
    /// # Errors
    ///
    /// [`StoreError::Invalid`] where the address or an option is none.
    pub fn new(address: &str, options: &Options) -> Result<Self, StoreError> {
        let link = Link::new(Target::new(address, options)?, Purpose::Write);
        Ok(Self {
            name: link.target().name.clone(),
            link: Mutex::new(link),
        })
    }

    /// What the present writer said; none where there is no writer, or it said nothing.
    ///
    /// # Errors
    ///
    /// Where the database does not answer, or has no tables of ours.
    pub fn find(&self) -> Result<Option<String>, StoreError> {
        let mut link = lock(&self.link);
        let schema = link.target().schema.clone();
        link.reading("looking for the writer", |client| {
            let rows = client.rows(
                concat!(
                    "SELECT w.address FROM writer w
                     JOIN pg_stat_activity a ON a.pid = w.pid
                          AND (extract(epoch FROM a.backend_start) * 1000000)::bigint = w.since
                     JOIN pg_locks l ON l.pid = w.pid
                     JOIN pg_namespace n ON n.nspname = $1 AND n.oid = l.objid
                     WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
                       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                       AND l.classid = ",
                    class!()
                ),
                &[&schema],
            )?;
            let address = rows.first().map(|row| row.try_get(0)).transpose()?;
            Ok(address)
        })
    }
}

impl fmt::Debug for WriterFinder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriterFinder")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
