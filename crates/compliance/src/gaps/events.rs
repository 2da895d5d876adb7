//! Declared losses and clock anomalies: what the writer itself says went wrong.

use super::Finding;
use super::time::{counted, moment, span};
use crate::result::Period;
use crate::sample::{Named, Sample};
use ai_audit_core::{ClockAnomaly, DecodeBody as _, Gap as Loss, Kind, Timestamp};
use ai_audit_verify::VerifiedReceipt;

/// Declared losses.
#[derive(Debug, Default)]
pub(super) struct Losses {
    count: u64,
    lost: u64,
    unknown: u64,
    span: Option<(Timestamp, Timestamp)>,
    sample: Sample,
}

/// Clock anomalies.
#[derive(Debug, Default)]
pub(super) struct ClockWatch {
    count: u64,
    furthest: u64,
    sample: Sample,
}

impl Losses {
    /// A loss is of a period when it fell into it, or was declared in it.
    pub(super) fn see(&mut self, receipt: &VerifiedReceipt<'_>, named: Named, period: Period) {
        if named.kind != Kind::GAP {
            return;
        }
        let Ok(loss) = Loss::decode(receipt) else {
            return;
        };
        let overlaps = period.from.is_none_or(|from| from <= loss.to)
            && period.to.is_none_or(|to| loss.from < to);
        if !overlaps && !period.contains(named.sealed_at) {
            return;
        }
        self.count += 1;
        match loss.lost {
            Some(lost) => self.lost = self.lost.saturating_add(lost),
            None => self.unknown += 1,
        }
        let (from, to) = self.span.unwrap_or((loss.from, loss.to));
        self.span = Some((from.min(loss.from), to.max(loss.to)));
        self.sample.push(named);
    }

    pub(super) fn named(&self) -> Vec<Named> {
        self.sample.named()
    }

    pub(super) fn finding(&self) -> Finding {
        let mut says = Vec::new();
        if let Some((from, to)) = self.span {
            says.push(format!(
                "declared as lost: {}",
                counted(self.lost, "receipt", "receipts")
            ));
            if self.unknown > 0 {
                says.push(format!(
                    "{} declarations do not say how many were lost",
                    self.unknown
                ));
            }
            says.push(format!(
                "they fall between {} and {}",
                moment(from),
                moment(to)
            ));
        } else {
            says.push("no loss was declared; one that nobody declared leaves no trace".into());
        }
        Finding {
            id: "declared-loss",
            title: "Declared losses",
            basis: "EU AI Act Art. 12(1)",
            count: self.count,
            says,
            advice: "keep the reason of each loss with the report",
            named: self.sample.named(),
            of_period: true,
            ..Finding::default()
        }
    }
}

impl ClockWatch {
    pub(super) fn see(&mut self, receipt: &VerifiedReceipt<'_>, named: Named) {
        if named.kind != Kind::CLOCK_ANOMALY {
            return;
        }
        if let Ok(anomaly) = ClockAnomaly::decode(receipt) {
            let (last, observed) = (anomaly.last.as_micros(), anomaly.observed.as_micros());
            self.count += 1;
            self.furthest = self.furthest.max(last.saturating_sub(observed));
            self.sample.push(named);
        }
    }

    pub(super) fn named(&self) -> Vec<Named> {
        self.sample.named()
    }

    pub(super) fn finding(&self) -> Finding {
        let says = match self.count {
            0 => "the clock never ran backwards between receipts".into(),
            count => format!(
                "the clock ran backwards {}, by up to {}",
                counted(count, "time", "times"),
                span(self.furthest)
            ),
        };
        Finding {
            id: "clock",
            title: "Clock anomalies",
            count: self.count,
            says: vec![says],
            advice: "keep the machine's clock synchronised; let third parties timestamp checkpoints",
            named: self.sample.named(),
            of_period: true,
            ..Finding::default()
        }
    }
}
