//! How long receipts stayed: deletions against the six-month floor of the EU AI Act.

use super::Finding;
use super::time::months_later;
use crate::sample::{Named, Sample};
use ai_audit_core::{DecodeBody as _, Genesis, Kind, Timestamp};
use ai_audit_epochs::{DEFAULT_RETENTION_DAYS, Deletion, EpochSeal, Retention};
use ai_audit_verify::VerifiedReceipt;
use std::collections::BTreeMap;

/// The floor of Art. 19(1) and 26(6), in calendar months.
const FLOOR_MONTHS: i64 = 6;
/// Six calendar months are never shorter, and never longer, in days.
const FLOOR_DAYS: (u64, u64) = (181, 184);
/// The most sealed epochs that are followed.
const MAX_EPOCHS: usize = 1 << 16;

/// Watches what was promised, sealed and deleted.
#[derive(Debug, Default)]
pub(crate) struct RetentionWatch {
    genesis: Option<Named>,
    promised: Option<u64>,
    first: Option<Timestamp>,
    /// When the epochs whose bytes are there were sealed.
    sealed: BTreeMap<u64, Timestamp>,
    deletions: u64,
    early: u64,
    unknown: u64,
    sample: Sample,
}

impl RetentionWatch {
    pub(crate) fn see(&mut self, receipt: &VerifiedReceipt<'_>, named: Named) {
        let sealed_at = receipt.header().sealed_at;
        self.first.get_or_insert(sealed_at);
        match receipt.header().kind {
            Kind::GENESIS => {
                if let Ok(genesis) = Genesis::decode(receipt) {
                    self.genesis = Some(named);
                    let promised = Retention::promised(&genesis).ok().flatten();
                    self.promised =
                        Some(promised.map_or(DEFAULT_RETENTION_DAYS, Retention::as_days));
                }
            }
            Kind::EPOCH_SEAL => {
                if let Ok(seal) = EpochSeal::decode(receipt)
                    && self.sealed.len() < MAX_EPOCHS
                {
                    self.sealed.insert(seal.number, sealed_at);
                }
            }
            Kind::DELETION => {
                if let Ok(deletion) = Deletion::decode(receipt) {
                    self.deletions += 1;
                    match self.sealed.remove(&deletion.epoch) {
                        None => self.unknown += 1,
                        Some(sealed) => {
                            let floor = months_later(sealed, FLOOR_MONTHS);
                            if floor.is_none_or(|floor| sealed_at < floor) {
                                self.early += 1;
                                self.sample.push(named);
                            }
                        }
                    }
                }
            }
            _ => {}
        }
    }

    pub(crate) fn named(&self) -> Vec<Named> {
        self.genesis
            .into_iter()
            .chain(self.sample.named())
            .collect()
    }

    /// `newest` is when the newest receipt was sealed: how old a log is, its receipts say.
    pub(crate) fn finding(&self, newest: Option<Timestamp>) -> Finding {
        let mut says = Vec::new();
        let mut named = self.sample.named();
        let mut count = self.early;
        if let Some(days) = self.promised {
            says.push(format!("the log promises to keep receipts for {days} days"));
            if days < FLOOR_DAYS.0 {
                count += 1;
                named.extend(self.genesis);
                says.push("six calendar months are longer than that".into());
            } else if days < FLOOR_DAYS.1 {
                says.push(format!(
                    "six calendar months can be {} days; a promise of {} is never short of them",
                    FLOOR_DAYS.1, FLOOR_DAYS.1
                ));
            }
        }
        says.push(match (self.deletions, self.early) {
            (0, _) => "nothing was deleted".into(),
            (all, early) => format!(
                "{early} of {all} deletions came before six months were over since the epoch's seal"
            ),
        });
        named.sort_unstable_by_key(|named| named.seq);
        let young = self.first.is_some_and(|first| {
            months_later(first, FLOOR_MONTHS).is_none_or(|floor| newest < Some(floor))
        });
        let cannot_tell = if self.unknown > 0 {
            Some(format!(
                "of {} deletions the seal of the epoch is not at hand",
                self.unknown
            ))
        } else if young {
            Some("the log is younger than six months".into())
        } else {
            None
        };
        Finding {
            id: "retention-floor",
            title: "Receipts kept for less than six months",
            basis: "EU AI Act Art. 19(1), 26(6)",
            count,
            says,
            advice: "keep receipts for at least 184 days (ai-audit init --policy retention-days=184), \
                     or say which law asks for less",
            named,
            cannot_tell,
            ..Finding::default()
        }
    }
}
