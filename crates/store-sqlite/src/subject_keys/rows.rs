//! What is asked of the tables, and why it can fail.

use ai_audit_core::SubjectKeyId;
use ai_audit_shredding::{KekId, SubjectKeysError};
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
