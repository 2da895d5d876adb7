//! What is asked of the tables, and why it can fail.

use ai_audit_core::{NodeHash, SubjectKeyId};
use ai_audit_shredding::{KekId, KnownUpTo, SubjectKeysError};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

/// Why something in the file cannot be done; the caller adds which file.
#[derive(Debug)]
pub(super) enum Failure {
    Sql(rusqlite::Error),
    /// It holds what cannot be.
    Damaged(String),
    /// A key, or what wraps it.
    Key(SubjectKeysError),
}

pub(super) type Result<T> = core::result::Result<T, Failure>;

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<SubjectKeysError> for Failure {
    fn from(error: SubjectKeysError) -> Self {
        Self::Key(error)
    }
}

/// A key in its row, and what wraps it.
#[derive(Clone)]
pub(super) struct Wrapped {
    pub(super) id: SubjectKeyId,
    pub(super) subject: String,
    pub(super) wrapped: Vec<u8>,
    pub(super) kek: KekId,
}

/// One statement, so that both are of the same moment beside a process that writes.
const SELECT: &str = "SELECT key, subject, wrapped, (SELECT kek FROM meta) FROM keys WHERE ";

fn wrapped(row: &Row<'_>) -> rusqlite::Result<Wrapped> {
    Ok(Wrapped {
        id: SubjectKeyId::from_bytes(row.get(0)?),
        subject: row.get(1)?,
        wrapped: row.get(2)?,
        kek: KekId::from_bytes(row.get(3)?),
    })
}

pub(super) fn of_subject(connection: &Connection, subject: &str) -> Result<Option<Wrapped>> {
    let mut select = connection.prepare_cached(&format!("{SELECT} subject = ?"))?;
    Ok(select.query_row([subject], wrapped).optional()?)
}

pub(super) fn of_id(connection: &Connection, id: SubjectKeyId) -> Result<Option<Wrapped>> {
    let mut select = connection.prepare_cached(&format!("{SELECT} key = ?"))?;
    Ok(select.query_row([id.as_bytes()], wrapped).optional()?)
}

pub(super) fn kek(connection: &Connection) -> Result<KekId> {
    let mut select = connection.prepare_cached("SELECT kek FROM meta")?;
    Ok(KekId::from_bytes(select.query_row([], |row| row.get(0))?))
}

pub(super) fn subjects(connection: &Connection) -> Result<Vec<(String, SubjectKeyId)>> {
    let mut select = connection.prepare_cached("SELECT subject, key FROM keys")?;
    let rows = select.query_map([], |row| {
        Ok((row.get(0)?, SubjectKeyId::from_bytes(row.get(1)?)))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn is_tombstoned(connection: &Connection, id: SubjectKeyId) -> Result<bool> {
    let mut select = connection.prepare_cached("SELECT 1 FROM tombstones WHERE key = ?")?;
    Ok(select.exists([id.as_bytes()])?)
}

/// Up to where the log's receipts were looked at; none in a file of software that did not look.
pub(super) fn known(connection: &Connection) -> Result<Option<KnownUpTo>> {
    let is_there = connection
        .prepare_cached("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'known'")?
        .exists([])?;
    if !is_there {
        return Ok(None);
    }
    let mut select = connection.prepare_cached("SELECT size, last FROM known")?;
    let found = select
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    // A number that is none of receipts says nothing.
    Ok(found.and_then(|(size, last): (i64, [u8; 32])| {
        Some(KnownUpTo {
            size: u64::try_from(size).ok()?,
            last: NodeHash::from_bytes(last),
        })
    }))
}

/// Notes it. The table is made with the first note, so that older software still reads the file: what that one makes of
/// keys is in the file as well.
pub(super) fn note_known(connection: &Connection, known: &KnownUpTo) -> Result<()> {
    let size = i64::try_from(known.size)
        .map_err(|_| Failure::Damaged("a log of more than 2^63 receipts".into()))?;
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS known (
            id   INTEGER PRIMARY KEY CHECK (id = 1),
            size INTEGER NOT NULL,
            last BLOB NOT NULL
        ) STRICT",
    )?;
    connection.execute(
        "INSERT OR REPLACE INTO known (id, size, last) VALUES (1, ?, ?)",
        params![size, known.last.as_bytes()],
    )?;
    Ok(())
}

/// Keeps a key. An id that is there or has a tombstone is refused; the very same row may be there
/// already, where a commit failed that took place all the same.
pub(super) fn insert(
    connection: &Connection,
    id: SubjectKeyId,
    subject: &str,
    bytes: &[u8],
) -> Result<()> {
    if let Some(found) = of_id(connection, id)?
        && found.subject == subject
        && found.wrapped == bytes
    {
        return Ok(());
    }
    let mut insert = connection.prepare_cached(
        "INSERT INTO keys (key, subject, wrapped)
         SELECT ?1, ?2, ?3 WHERE NOT EXISTS (SELECT 1 FROM tombstones WHERE key = ?1)",
    )?;
    match insert.execute(params![id.as_bytes(), subject, bytes])? {
        0 => Err(Failure::Damaged(format!(
            "key id {id} was destroyed and is never used again; the source of randomness repeats itself"
        ))),
        _ => Ok(()),
    }
}
