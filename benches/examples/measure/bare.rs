//! The bare primitives: signing and committing rows, and appending to a file with a sync.

use ai_audit_benches::rows::bare_rows;
use std::fs::File;
use std::hint::black_box;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use ai_audit_core::SigningKey;
use anyhow::Result;
use rusqlite::Connection;

use crate::samples::Samples;

/// What is signed for a receipt: as long as its signed message.
const MESSAGE: usize = 52;

/// A plain table, in the mode that the store uses, and a key.
pub(crate) struct Rows {
    connection: Connection,
    key: SigningKey,
    row: Vec<u8>,
}

impl Rows {
    /// A table for rows of so many bytes.
    pub(crate) fn new(path: &Path, bytes: usize) -> Result<Self> {
        Ok(Self {
            connection: bare_rows(path)?,
            key: SigningKey::from_bytes(&[1; 32]),
            row: vec![7; bytes],
        })
    }

    /// Signs and inserts so many rows and commits them.
    pub(crate) fn commit(&mut self, batch: usize) -> Result<()> {
        let transaction = self.connection.transaction()?;
        let mut insert = transaction.prepare_cached("INSERT INTO rows (row) VALUES (?)")?;
        for _ in 0..batch {
            black_box(self.key.sign(black_box(&[0; MESSAGE])));
            insert.execute([&self.row])?;
        }
        drop(insert);
        transaction.commit()?;
        Ok(())
    }

    /// Commits batches for a time. Each row waited as long as its commit took.
    pub(crate) fn run(&mut self, batch: usize, time: Duration) -> Result<(Samples, Duration)> {
        let (mut samples, start) = (Samples::default(), Instant::now());
        while start.elapsed() < time {
            let began = Instant::now();
            self.commit(batch)?;
            let took = began.elapsed();
            (0..batch).for_each(|_| samples.push(took));
        }
        Ok((samples, start.elapsed()))
    }
}

/// Appends so many bytes to a file and syncs its data, again and again for a time.
pub(crate) fn append_and_sync(path: &Path, bytes: usize, time: Duration) -> Result<Samples> {
    let mut file = File::options().create(true).append(true).open(path)?;
    let (row, mut samples, start) = (vec![7; bytes], Samples::default(), Instant::now());
    while start.elapsed() < time {
        let began = Instant::now();
        file.write_all(&row)?;
        file.sync_data()?;
        samples.push(began.elapsed());
    }
    Ok(samples)
}
