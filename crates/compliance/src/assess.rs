//! From verified receipts to a crosswalk, in one pass.

mod conclude;
mod tally;

use crate::catalogue::{CatalogueError, Catalogues};
use crate::fields::{Facts, Matched, Probe};
use crate::follow::Follow;
use crate::gaps::Watch;
use crate::leaves::Leaves;
use crate::result::{Counts, Crosswalk, ImportedCounts, Period, Pointer};
use crate::sample::Named;
use ai_audit_core::{DecodeBody as _, Genesis, Kind, LeafHash, NodeHash, Timestamp};
use ai_audit_verify::{Observed, Observer, Report, VerifiedReceipt};
use std::collections::BTreeMap;
use tally::Tally;

/// Goes through the receipts of a log or package with the verifier, and says at the end what
/// evidence they are.
///
/// It is an [`Observer`] and counts [`VerifiedReceipt`]s alone. It keeps 32 bytes a receipt
/// for the proofs, and otherwise an amount that does not grow with the log (but with the escalated
/// decisions and reviewed receipts that it follows, of which it bounds the number).
///
/// ```
/// use ai_audit_compliance::{Assessment, Catalogues, Period};
/// use ai_audit_core::Timestamp;
/// use ai_audit_verify::{LogVerifier, TrustPolicy};
///
/// let catalogues = Catalogues::builtin()?.only(&["iso-42001"])?;
/// let assessment = Assessment::new(catalogues, Period::default(), Timestamp::from_micros(0))?;
/// // It looks on as an `Observer` while receipts are verified; here there are none.
/// let policy = TrustPolicy::new();
/// let report = LogVerifier::new(&policy).finish();
/// let crosswalk = assessment.finish(&report, None);
/// assert!(crosswalk.nothing_counts.is_some(), "nothing was verified");
/// # Ok::<(), ai_audit_compliance::CatalogueError>(())
/// ```
#[derive(Debug)]
pub struct Assessment {
    catalogues: Catalogues,
    period: Period,
    at: Timestamp,
    tallies: Vec<Tally>,
    /// For each catalogue, which tally a selector's name means.
    named: Vec<BTreeMap<String, usize>>,
    follow: Follow,
    watch: Watch,
    leaves: Leaves,
    counts: Counts,
    imported: ImportedCounts,
    /// The `seq` that comes next in a whole log; none once the evidence is no whole log.
    next: Option<u64>,
    /// Inclusion proofs that came with a selection, of receipts that may be named.
    paths: BTreeMap<u64, Vec<NodeHash>>,
    selection: bool,
    tenant: String,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    newest: Option<Timestamp>,
}

/// Once as many proofs of a selection are kept, those that nothing names any more are let go.
const PATHS_BEFORE_TIDYING: usize = 1 << 14;

impl Assessment {
    /// For these catalogues. `at` is the time that open deadlines are held against, and the
    /// report's time.
    ///
    /// # Errors
    ///
    /// When a selector of a catalogue cannot be matched. Those of [`Catalogues`] were checked when
    /// they were read.
    pub fn new(
        catalogues: Catalogues,
        period: Period,
        at: Timestamp,
    ) -> Result<Self, CatalogueError> {
        let mut tallies: Vec<Tally> = Vec::new();
        let mut places: BTreeMap<(Probe, String), usize> = BTreeMap::new();
        let mut named = Vec::new();
        for catalogue in catalogues.iter() {
            let mut of = BTreeMap::new();
            for control in &catalogue.controls {
                for name in control.evidence.iter().chain(&control.also) {
                    let Some(selector) = catalogues.selector(catalogue, name) else {
                        continue;
                    };
                    let probe = Probe::new(selector).map_err(|reason| CatalogueError::Rule {
                        file: catalogue.id.clone(),
                        place: format!("selector {name:?}"),
                        reason,
                    })?;
                    // Two catalogues may call different things by one name.
                    let place = places
                        .entry((probe.clone(), selector.says.clone()))
                        .or_insert_with(|| {
                            tallies.push(Tally::new(selector, probe));
                            tallies.len() - 1
                        });
                    of.insert(name.clone(), *place);
                }
            }
            named.push(of);
        }
        Ok(Self {
            catalogues,
            period,
            at,
            tallies,
            named,
            follow: Follow::default(),
            watch: Watch::new(period),
            leaves: Leaves::default(),
            counts: Counts::default(),
            imported: ImportedCounts::default(),
            next: Some(0),
            paths: BTreeMap::new(),
            selection: false,
            tenant: String::new(),
            first: None,
            last: None,
            newest: None,
        })
    }

    /// Takes the next receipt that was verified. `path` is its inclusion proof, where the evidence is a selection.
    fn verified(&mut self, receipt: &VerifiedReceipt<'_>, path: Option<&[NodeHash]>) {
        let header = receipt.header();
        self.counts.verified += 1;
        self.place(header.seq, Some(receipt.hash()));
        if header.kind == Kind::GENESIS
            && let Ok(genesis) = Genesis::decode(receipt)
        {
            self.tenant = genesis.tenant.to_string();
        }
        self.newest = self.newest.max(Some(header.sealed_at));
        let said = receipt.said();
        let named = Named::of(receipt, &said);
        let seen = self.follow.see(receipt, &said);
        self.watch.see(receipt, named);
        if let Some(path) = path {
            self.selection = true;
            if self.paths.len() >= PATHS_BEFORE_TIDYING {
                self.tidy();
            }
            self.paths.insert(header.seq, path.to_vec());
        }
        if !self.period.contains(said.time) {
            return;
        }
        self.counts.in_period += 1;
        self.first.get_or_insert(header.sealed_at);
        self.last = Some(header.sealed_at);
        self.imported.add(&said);
        // Of one whose own proof does not hold there is only that it was imported.
        let carried = match said.unproven {
            true => receipt.said_itself(),
            false => said,
        };
        let facts = Facts::of(receipt, &carried, &seen);
        for tally in &mut self.tallies {
            match tally.probe().matched(&facts) {
                Matched::Not => {}
                Matched::All => tally.carries(named),
                Matched::Lacks(fields) => tally.lacks(fields),
            }
        }
    }

    /// Takes the next receipt that is there and was not verified. It counts nowhere.
    fn unverified(&mut self, seq: u64, hash: Option<LeafHash>) {
        self.place(seq, hash);
    }

    /// Takes the next receipt whose bytes are deleted. It counts nowhere.
    fn deleted(&mut self, seq: u64, hash: LeafHash) {
        self.counts.deleted += 1;
        self.place(seq, Some(hash));
    }

    /// What the receipts are evidence of, under the verifier's verdict. `checkpoint` is the size of
    /// the tree that the proofs of a selection lead to.
    #[must_use]
    pub fn finish(self, report: &Report, checkpoint: Option<u64>) -> Crosswalk {
        self.finish_naming(report, checkpoint, std::iter::empty())
    }

    /// The same, where others name receipts too, such as the figures of a report: those are among the
    /// pointers, with their inclusion proofs where the evidence is a whole log.
    #[must_use]
    pub fn finish_naming(
        self,
        report: &Report,
        checkpoint: Option<u64>,
        also: impl IntoIterator<Item = Pointer>,
    ) -> Crosswalk {
        conclude::crosswalk(self, report, checkpoint, also.into_iter().collect())
    }

    fn place(&mut self, seq: u64, hash: Option<LeafHash>) {
        self.counts.receipts += 1;
        match (self.next, hash) {
            (Some(next), Some(hash)) if next == seq => {
                self.leaves.push(hash);
                self.next = Some(next + 1);
            }
            _ => self.next = None,
        }
    }

    /// Lets go of proofs of receipts that nothing names any more.
    fn tidy(&mut self) {
        let mut named: Vec<u64> = self.watch.named().iter().map(|named| named.seq).collect();
        for tally in &self.tallies {
            named.extend(tally.named().iter().map(|named| named.seq));
        }
        named.sort_unstable();
        self.paths.retain(|seq, _| named.binary_search(seq).is_ok());
    }
}

impl Observer for Assessment {
    fn observe(&mut self, seen: Observed<'_, '_>) {
        match seen {
            Observed::Verified { receipt, path } => self.verified(receipt, path),
            Observed::Unverified { seq, hash } => self.unverified(seq, hash),
            Observed::Deleted { seq, hash } => self.deleted(seq, hash),
        }
    }
}
