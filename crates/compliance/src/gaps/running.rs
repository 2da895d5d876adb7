//! When the writer of a log ran: starts and stops, and what is missing between them.

use super::Finding;
use super::time::{counted, span};
use crate::sample::{Named, Sample};
use ai_audit_core::{DecodeBody as _, Kind, Start, Timestamp};
use ai_audit_verify::VerifiedReceipt;

/// Follows starts and stops.
#[derive(Debug, Default)]
pub(crate) struct Running {
    /// The last of either, where there was one.
    last: Option<(Kind, Timestamp)>,
    starts: u64,
    stops: u64,
    unclean: u64,
    sample: Sample,
    /// Between a stop and the next start, in microseconds: together, and the longest.
    idle: u64,
    longest: u64,
}

impl Running {
    pub(crate) fn see(&mut self, receipt: &VerifiedReceipt<'_>, named: Named, counts: bool) {
        let header = receipt.header();
        match header.kind {
            Kind::START => {
                let clean = Start::decode(receipt).is_ok_and(|start| start.clean);
                if counts {
                    self.starts += 1;
                    match self.last {
                        Some((Kind::STOP, stopped)) if clean => {
                            let idle = header
                                .sealed_at
                                .as_micros()
                                .saturating_sub(stopped.as_micros());
                            self.idle = self.idle.saturating_add(idle);
                            self.longest = self.longest.max(idle);
                        }
                        None if clean => {}
                        _ => {
                            self.unclean += 1;
                            self.sample.push(named);
                        }
                    }
                }
                self.last = Some((Kind::START, header.sealed_at));
            }
            Kind::STOP => {
                if counts {
                    self.stops += 1;
                }
                self.last = Some((Kind::STOP, header.sealed_at));
            }
            _ => {}
        }
    }

    pub(crate) fn named(&self) -> Vec<Named> {
        self.sample.named()
    }

    pub(crate) fn finding(&self) -> Finding {
        let mut says = vec![format!(
            "{} and {}",
            counted(self.starts, "start", "starts"),
            counted(self.stops, "stop", "stops")
        )];
        if self.unclean > 0 {
            says.push(format!(
                "{} starts do not follow a stop: the writer was ended, or failed, and when is not known",
                self.unclean
            ));
        }
        if self.idle > 0 {
            says.push(format!(
                "between stops and starts nothing was recorded for {}, at most {} at a time",
                span(self.idle),
                span(self.longest)
            ));
        }
        Finding {
            id: "start-stop",
            title: "Starts without a stop",
            basis: "EU AI Act Art. 12(1)",
            absent: self.unclean,
            says,
            advice: "find out what was lost; what is known to be lost, the ledger declares by gap receipts",
            named: self.sample.named(),
            cannot_tell: (self.starts == 0)
                .then(|| "no start is in this period, so the writer's running is not told".into()),
            of_period: true,
            ..Finding::default()
        }
    }
}
