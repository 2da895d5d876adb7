//! Imported records: what stands beside an old proof is what that proof proves (attack A55).

mod repeats;

use self::repeats::Repeats;
use crate::{Pin, TrustPolicy};
use ai_audit_core::{
    BulkVerifier, DecodeBody as _, Imported, ImportedAnswer, ImportedItem, ImportedRecord,
    ImportedSource, Kind, LeafHash, UnverifiedReceipt, VerifyingKey,
};
use ai_audit_import::check_item;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// How many sources are followed; what is said of further ones is only what each record shows.
const MAX_SOURCES: usize = 1024;
/// How many sources are told of in words.
const TOLD: usize = 10;
/// The most characters that are told of each text of an importer.
const MAX_TEXT: usize = 300;
/// The most keys that are told of a source.
const MAX_KEYS: usize = 8;

/// Follows the imports of a log or of a part of it.
#[derive(Debug)]
pub(crate) struct Imports<'p> {
    pins: &'p [Pin],
    /// Old records, too, are signed by few keys.
    bulk: BulkVerifier,
    sources: BTreeMap<LeafHash, Source>,
    repeats: Repeats,
    not_followed: u64,
    /// Whether every receipt before the next one was seen.
    whole: bool,
}

#[derive(Debug)]
struct Source {
    seq: u64,
    name: String,
    system: String,
    items: u64,
    keys: Vec<VerifyingKey>,
    /// What its verification said that was not `verified`.
    open: Vec<String>,
    /// The next index, counted from the first without a gap.
    next: u64,
    /// Records whose own proof holds.
    proved: u64,
    /// Records whose own proof does not.
    unproved: u64,
}

impl<'p> Imports<'p> {
    /// For a log from its genesis on.
    pub(crate) const fn new(policy: &'p TrustPolicy) -> Self {
        Self {
            pins: policy.pins(),
            bulk: policy.bulk_verifier(),
            sources: BTreeMap::new(),
            repeats: Repeats::new(policy.is_in_little_memory()),
            not_followed: 0,
            whole: true,
        }
    }

    /// Is told that receipts are left out.
    pub(crate) const fn part(&mut self) {
        self.whole = false;
    }

    /// Takes the next receipt.
    ///
    /// # Errors
    ///
    /// Why an import says of an old record what that does not say.
    pub(crate) fn see(&mut self, receipt: &UnverifiedReceipt<'_>) -> Result<(), String> {
        if receipt.header().kind != Kind::IMPORTED {
            return Ok(());
        }
        // One that does not decode is told as such.
        let Ok(imported) = Imported::decode(receipt) else {
            return Ok(());
        };
        match imported.record {
            ImportedRecord::Source(source) => {
                self.source(receipt, &source);
                Ok(())
            }
            ImportedRecord::Item(item) => {
                self.item(&item)?;
                check_item(receipt.header(), &item, &mut self.bulk)
                    .map_err(|error| format!("imported record {}: {error}", item.index))?;
                self.repeats.see(receipt.header().seq, &item);
                Ok(())
            }
        }
    }

    fn source(&mut self, receipt: &UnverifiedReceipt<'_>, source: &ImportedSource<'_>) {
        if self.sources.len() >= MAX_SOURCES {
            self.not_followed = self.not_followed.saturating_add(1);
            return;
        }
        let answers = [
            ("integrity", &source.integrity),
            ("attribution", &source.attribution),
            ("completeness", &source.completeness),
        ];
        let open = answers.iter().filter_map(|(name, answer)| match answer {
            ImportedAnswer::Verified => None,
            ImportedAnswer::Failed(why) => Some(format!("{name} FAILED: {}", cut(why))),
            ImportedAnswer::Unverified(why) => Some(format!("{name} unverified: {}", cut(why))),
        });
        let found = Source {
            seq: receipt.header().seq,
            name: cut(&source.name),
            system: cut(&source.system),
            items: source.items,
            keys: source.keys.to_vec(),
            open: open.collect(),
            next: 0,
            proved: 0,
            unproved: 0,
        };
        self.sources.insert(receipt.hash(), found);
    }

    fn item(&mut self, item: &ImportedItem<'_>) -> Result<(), String> {
        let Some(source) = self.sources.get_mut(&item.source) else {
            if self.whole && self.not_followed == 0 {
                return Err(format!(
                    "imported record {}: expected the receipt of its source before it, {} is none",
                    item.index, item.source
                ));
            }
            return Ok(());
        };
        if item.index >= source.items {
            return Err(format!(
                "imported record {}: expected an index below {}, the number of records in its source",
                item.index, source.items
            ));
        }
        if self.whole && item.index != source.next {
            return Err(format!(
                "imported record {}: expected index {}, the next one of its source",
                item.index, source.next
            ));
        }
        source.next = source.next.max(item.index + 1);
        match &item.key {
            Some(key) if !source.keys.contains(key) => {
                return Err(format!(
                    "imported record {}: its key {key} is none of those that the importer trusted for its source",
                    item.index
                ));
            }
            Some(_) => source.proved += 1,
            None => source.unproved += 1,
        }
        Ok(())
    }

    /// What is worth knowing.
    pub(crate) fn remarks(&self) -> Vec<String> {
        let mut sources: Vec<&Source> = self.sources.values().collect();
        sources.sort_unstable_by_key(|source| source.seq);
        let mut remarks: Vec<String> = sources
            .iter()
            .take(TOLD)
            .map(|source| self.told(source))
            .collect();
        if sources.len() > TOLD {
            let more = sources.len() - TOLD;
            remarks.push(format!("further imports from other systems: {more}"));
        }
        if self.not_followed > 0 {
            remarks.push(format!(
                "{} imports were not followed: the log has more than {MAX_SOURCES}",
                self.not_followed
            ));
        }
        self.repeats.remark(&mut remarks);
        remarks
    }

    fn told(&self, source: &Source) -> String {
        let Source {
            seq, name, system, ..
        } = source;
        let mut text = format!("receipt {seq} imports {name} of {system}: ");
        if source.proved > 0 {
            let pinned = |key: &VerifyingKey| {
                let is = |pin: &Pin| matches!(pin, Pin::Key(pinned) if pinned == key);
                self.pins.iter().any(is)
            };
            let told = source.keys.iter().take(MAX_KEYS);
            let mut keys: Vec<String> = told.map(ToString::to_string).collect();
            let more = source.keys.len() - keys.len();
            if more > 0 {
                keys.push(format!("one of {more} more keys"));
            }
            let whose = match source.keys.iter().all(pinned) {
                true => "which you pinned",
                false => {
                    "which you did not pin, so that they are that system's is the importer's word"
                }
            };
            text += &format!(
                "the proofs of {} records hold under {}, {whose}",
                source.proved,
                keys.join(" or ")
            );
        }
        if source.unproved > 0 {
            let and = if source.proved > 0 { "; " } else { "" };
            text += &format!(
                "{and}{} records are here without a proof that holds",
                source.unproved
            );
        }
        let there = source.proved + source.unproved;
        if self.whole && there < source.items {
            let and = if there > 0 { "; " } else { "" };
            text += &format!("{and}{} of {} records are here", there, source.items);
        }
        for open in &source.open {
            text += &format!("; when it was imported, {open}");
        }
        text
    }
}

/// The beginning of a text, where it is longer than a remark has room for.
fn cut(text: &str) -> String {
    if text.chars().nth(MAX_TEXT).is_none() {
        return text.into();
    }
    let mut cut: String = text.chars().take(MAX_TEXT - 1).collect();
    cut.push('…');
    cut
}
