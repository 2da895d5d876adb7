//! Ciphertexts in a package: those that the log still has are written, and what is there is held
//! against the receipts that name it.

use super::evidence::LogEvidence;
use super::passes::{Item, Passes};
use super::write::ExportError;
use super::{CIPHERTEXTS, RECEIPTS};
use crate::ciphertexts::CiphertextsWriter;
use crate::{CiphertextsError, CiphertextsReader, Selection};
use ai_audit_core::{Decision, DecodeBody as _, Digest, Kind, UnverifiedReceipt};
use std::io::{Read, Write};

/// Digests of the ciphertexts that a receipt names, in the order of its kept texts. One that is no
/// decision, or does not decode, names none.
pub(super) fn named(receipt: &UnverifiedReceipt<'_>) -> Vec<Digest> {
    if receipt.header().kind != Kind::DECISION {
        return Vec::new();
    }
    let Ok(decision) = Decision::decode(receipt) else {
        return Vec::new();
    };
    decision
        .encrypted()
        .map(|(_, field)| field.ciphertext)
        .collect()
}

/// Writes those of the selected receipts that the log still has, and returns how many they are.
pub(super) fn write<L: LogEvidence>(
    (log, passes): &(&L, Passes<'_, L>),
    selection: &Selection,
    file: impl Write,
    mut tick: impl FnMut(),
) -> Result<u64, ExportError> {
    let mut writer = CiphertextsWriter::new(file)?;
    let mut count = 0;
    passes.each(|item| {
        tick();
        let Item::Receipt(receipt) = item else {
            return Ok(());
        };
        let seq = receipt.header().seq;
        if !selection.contains(receipt.header()) {
            return Ok(());
        }
        let named = named(receipt);
        if named.is_empty() {
            return Ok(());
        }
        let there = log.ciphertexts(seq);
        let mut named = named.into_iter();
        for (place, ciphertext) in there
            .map_err(|error| ExportError::Source(error.to_string()))?
            .iter()
            .enumerate()
        {
            let found = Digest::of(ciphertext);
            if !named.any(|digest| digest == found) {
                return Err(ExportError::Ciphertext { seq, place });
            }
            writer.write(seq, ciphertext)?;
            count += 1;
        }
        Ok(())
    })?;
    Ok(count)
}

/// The ciphertexts of a package, to be held against its receipts one by one. One is held in memory in
/// pieces only.
pub(super) struct Beside<R>(CiphertextsReader<R>);

impl<R: Read> Beside<R> {
    pub(super) fn new(file: R) -> Result<Self, String> {
        CiphertextsReader::new(file).map(Self).map_err(failed)
    }

    /// Takes the ciphertexts of the next receipt. Each must be named by an encrypted text behind the
    /// one that names the ciphertext before, so that none stands there twice; some may be missing.
    pub(super) fn see(&mut self, receipt: &UnverifiedReceipt<'_>) -> Result<(), String> {
        let seq = receipt.header().seq;
        let Some(of) = self.0.peek().map_err(failed)? else {
            return Ok(());
        };
        if of > seq {
            return Ok(());
        }
        let mut named = named(receipt).into_iter();
        let mut place = 0_u64;
        while let Some(of) = self.0.peek().map_err(failed)? {
            if of > seq {
                break;
            }
            if of < seq {
                return Err(misplaced(of));
            }
            let digest = self.0.digest_next().map_err(failed)?;
            if !digest.is_some_and(|(_, found)| named.any(|named| named == found)) {
                return Err(format!(
                    "{CIPHERTEXTS}: ciphertext {place} of receipt {seq}: expected one that an encrypted \
                     text of the receipt names by its SHA-256, each once and in their order"
                ));
            }
            place += 1;
        }
        Ok(())
    }

    /// All receipts were seen.
    pub(super) fn finish(&mut self) -> Result<(), String> {
        match self.0.peek().map_err(failed)? {
            Some(of) => Err(misplaced(of)),
            None => Ok(()),
        }
    }
}

fn misplaced(seq: u64) -> String {
    format!(
        "{CIPHERTEXTS}: a ciphertext of receipt {seq}: expected them in the order of {RECEIPTS}, and of \
         receipts that are there"
    )
}

fn failed(error: CiphertextsError) -> String {
    format!("{CIPHERTEXTS}: {error}")
}
