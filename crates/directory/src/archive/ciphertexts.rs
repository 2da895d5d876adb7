//! The ciphertexts of an archive, receipt by receipt, with the keys that the receipts name for them.

use super::wrong;
use crate::DirectoryError;
use ai_audit_core::{Decision, DecodeBody as _, Digest, Encrypted, Kind, UnverifiedReceipt};
use ai_audit_export::archive::{Archive, EntryReader};
use ai_audit_export::{CiphertextsError, CiphertextsReader};
use ai_audit_store::Ciphertext;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

const NAME: &str = "ciphertexts.bin";

/// What a receipt says of its ciphertexts, in their order. One that is no decision, or does not
/// decode, has none.
pub(super) fn named(receipt: &UnverifiedReceipt<'_>) -> Vec<Encrypted> {
    if receipt.header().kind != Kind::DECISION {
        return Vec::new();
    }
    let Ok(decision) = Decision::decode(receipt) else {
        return Vec::new();
    };
    decision.encrypted().map(|(_, field)| *field).collect()
}

pub(super) struct Archived<'a> {
    path: &'a Path,
    /// None where the archive has no such file.
    reader: Option<CiphertextsReader<BufReader<EntryReader<'a, File>>>>,
}

impl<'a> Archived<'a> {
    pub(super) fn new(archive: &'a Archive<File>, path: &'a Path) -> Result<Self, DirectoryError> {
        let mut archived = Self { path, reader: None };
        if archive.entry(NAME).is_some() {
            let file = archive
                .reader(NAME)
                .map_err(|error| wrong(path, error.to_string()))?;
            let file = BufReader::with_capacity(1 << 16, file);
            let reader = CiphertextsReader::new(file).map_err(|error| failed(path, &error))?;
            archived.reader = Some(reader);
        }
        Ok(archived)
    }

    /// Those of a receipt. To be asked for each receipt of the archive, in its order.
    pub(super) fn of(
        &mut self,
        receipt: &UnverifiedReceipt<'_>,
    ) -> Result<Vec<Ciphertext>, DirectoryError> {
        let (path, seq) = (self.path, receipt.header().seq);
        let Some(reader) = &mut self.reader else {
            return Ok(Vec::new());
        };
        let mut named = None;
        let mut all = Vec::new();
        while let Some(of) = reader.peek().map_err(|error| failed(path, &error))?
            && of <= seq
        {
            let next = reader.read_next().map_err(|error| failed(path, &error))?;
            let named = named.get_or_insert_with(|| self::named(receipt).into_iter());
            let found = next.filter(|_| of == seq).and_then(|(_, bytes)| {
                let digest = Digest::of(&bytes);
                let key = named.find(|one| one.ciphertext == digest)?.key;
                Some(Ciphertext { key, bytes })
            });
            let Some(found) = found else {
                let what = format!("{NAME}: a ciphertext of receipt {of} that it does not name");
                return Err(wrong(path, what));
            };
            all.push(found);
        }
        Ok(all)
    }
}

fn failed(path: &Path, error: &CiphertextsError) -> DirectoryError {
    wrong(path, format!("{NAME}: {error}"))
}
