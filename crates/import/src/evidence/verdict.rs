//! From what was found to the five answers.

use ai_audit_core::{Status, Timestamp, Verdict};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::EvidenceVerifier;
use super::chains::{Chains, of_group};
use super::table::{Group, Tenant};
use crate::finding::{Fails, FindingClass};
use crate::report::{ChainBegins, PythonChain, PythonReport, kind_name};

/// So many chains are told of.
const CHAINS: usize = 100;

impl EvidenceVerifier<'_> {
    /// The answers, and what was seen on the way.
    pub(super) fn report(mut self, chains: &Chains) -> PythonReport {
        let [integrity, attribution, completeness] = self.findings.failed();
        let integrity = match integrity {
            Some(reason) => Status::failed(reason),
            None => self.integrity(chains),
        };
        let attribution = match attribution {
            Some(reason) => Status::failed(reason),
            None => self.attribution(),
        };
        let completeness = match completeness {
            Some(reason) => Status::failed(reason),
            None => self.completeness(chains, &integrity, &attribution),
        };
        self.remarks.extend(self.remark_on_seals(&completeness));
        let listed = self.chains(chains);
        let (findings, classes) = self.findings.finish();
        PythonReport {
            verdict: Verdict {
                integrity,
                attribution,
                completeness,
                time: Status::unverified(
                    "the times are those of whoever wrote the records; nobody else vouches for them",
                ),
                erasure: Status::NotApplicable,
            },
            counts: self.counts,
            chains: listed,
            chain_count: chains.roots.len() as u64,
            findings,
            classes,
            keys: self.signed,
            remarks: self.remarks,
        }
    }

    /// Holds the number of records against what is known of it from elsewhere.
    pub(super) fn count_records(&mut self, chains: &Chains) {
        let here = chains.distinct + self.counts.unread;
        let twice = self.counts.all() - chains.distinct;
        let besides = match twice {
            0 => String::new(),
            _ => format!(", not counting {twice} that stand there again"),
        };
        if let Some(metadata) = self.metadata.filter(|metadata| *metadata != here) {
            let reason = format!(
                "chain_metadata.json: total_receipts says {metadata}, {here} are here{besides}"
            );
            self.findings
                .add(FindingClass::Missing, Fails::Completeness, reason);
        }
        let known = self.known(chains);
        if let Some(least) = self.trust.min_size.filter(|least| *least > known) {
            let reason = format!(
                "there were at least {least} records by what the verifier knows, {known} are here{besides}"
            );
            self.findings
                .add(FindingClass::Missing, Fails::Completeness, reason);
        }
    }

    /// How many records count towards a known size: receipts, or seals where there is nothing else.
    fn known(&self, chains: &Chains) -> u64 {
        let entries = self.table.entries.iter().zip(&chains.repeated);
        let counted = entries.filter(|(entry, repeated)| {
            let group = self.table.group_of(entry);
            !**repeated && group.is_some_and(|group| self.counts_towards(group))
        });
        counted.count() as u64
    }

    /// Whether the records of a group are of those that a known size counts.
    fn counts_towards(&self, group: &Group) -> bool {
        group.is_receipts() || self.counts.receipts() == 0
    }

    /// Why a known size says nothing of whether anything is missing at the end of what it counts. Several
    /// chains have several ends: what one lost can have been made up for by another.
    fn uncounted(&self) -> Option<String> {
        let groups = self.table.groups.iter();
        let counted: Vec<&Group> = groups.filter(|group| self.counts_towards(group)).collect();
        match counted.as_slice() {
            [] => Some("there are no records".into()),
            [_] => None,
            _ => {
                let tenants: BTreeSet<Tenant> = counted.iter().map(|group| group.tenant).collect();
                let kinds: BTreeSet<u8> = counted.iter().map(|group| group.kind as u8).collect();
                let of = |count, what| match count {
                    1 => format!("1 {what}"),
                    _ => format!("{count} {what}s"),
                };
                Some(format!(
                    "the records are of {} and {}: a number for all of them does not say which of them is whole; verify one tenant and one kind at a time",
                    of(tenants.len(), "tenant"),
                    of(kinds.len(), "kind"),
                ))
            }
        }
    }

    /// Says what a number of receipts leaves open.
    fn remark_on_seals(&self, completeness: &Status) -> Option<String> {
        let counts = &self.counts;
        let seals = counts.batch_seals + counts.epoch_seals > 0;
        (completeness.is_verified() && counts.receipts() > 0 && seals).then(|| {
            "the number of receipts says nothing of how many seals there were: one that was cut off at the end of theirs is not seen".into()
        })
    }

    fn integrity(&self, chains: &Chains) -> Status {
        if self.counts.all() == 0 && self.manifest_key.is_none() {
            return Status::unverified("there are no records");
        }
        if self.keys.is_empty() {
            return Status::unverified(
                "no key is known, so that the signatures could not be verified; hashes and links anybody can make",
            );
        }
        if let Some(reason) = self.seals.not_followed() {
            return Status::unverified(reason);
        }
        for (group, beginnings) in self.table.groups.iter().zip(&chains.beginnings) {
            if beginnings.first > 1 {
                let (of, first) = (of_group(group), beginnings.first);
                return Status::unverified(format!(
                    "{first} chains of the {of} begin without a link, as where the library was started again: what lay between them cannot be known"
                ));
            }
        }
        Status::Verified
    }

    fn attribution(&self) -> Status {
        if self.trust.keys.is_empty() {
            return Status::unverified(
                "no key is pinned: bring the key of whoever made the records",
            );
        }
        if self.counts.all() == 0 && self.manifest_key.is_none() {
            return Status::unverified("there are no records");
        }
        match self.counts.unread {
            0 => Status::Verified,
            1 => Status::unverified("a line could not be read, so that nobody knows whose it is"),
            unread => Status::unverified(format!(
                "{unread} lines could not be read, so that nobody knows whose they are"
            )),
        }
    }

    fn completeness(&self, chains: &Chains, integrity: &Status, attribution: &Status) -> Status {
        if !integrity.is_verified() || !attribution.is_verified() {
            return Status::unverified(
                "integrity or attribution is not verified, so completeness cannot be told",
            );
        }
        let one_each = chains
            .beginnings
            .iter()
            .all(|beginnings| beginnings.first == 1 && beginnings.cut == 0);
        if self.trust.min_size.is_none() {
            return Status::unverified(
                "nobody said how many records there were at least: what was cut off at the end cannot be seen",
            );
        }
        match self.uncounted() {
            Some(reason) => Status::unverified(reason),
            None if one_each => Status::Verified,
            None => Status::unverified("not every chain begins with its first record"),
        }
    }

    /// The first chains, with their numbers and times.
    fn chains(&self, chains: &Chains) -> Vec<PythonChain> {
        let mut listed: BTreeMap<u32, PythonChain> = BTreeMap::new();
        let mut roots = chains.roots.clone();
        roots.sort_by_key(|root| self.table.get(*root).map(|entry| entry.group));
        for root in roots.iter().take(CHAINS) {
            let Some(entry) = self.table.get(*root) else {
                continue;
            };
            let Some(group) = self.table.group_of(entry) else {
                continue;
            };
            let begins = match entry.starts {
                true => ChainBegins::First,
                false => ChainBegins::Continues,
            };
            listed.insert(
                *root,
                PythonChain {
                    tenant: group.name().into_owned(),
                    kind: kind_name(group.kind),
                    receipts: 0,
                    begins,
                    line: entry.line,
                    first_time: None,
                    last_time: None,
                },
            );
        }
        let of_chain = self
            .table
            .entries
            .iter()
            .zip(&chains.root)
            .zip(&chains.repeated);
        for ((entry, root), repeated) in of_chain {
            let Some(chain) = listed.get_mut(root).filter(|_| !repeated) else {
                continue;
            };
            chain.receipts += 1;
            if entry.micros != u64::MAX {
                let time = Timestamp::from_micros(entry.micros);
                chain.first_time = Some(chain.first_time.map_or(time, |first| first.min(time)));
                chain.last_time = Some(chain.last_time.map_or(time, |last| last.max(time)));
            }
        }
        let order = roots.iter().take(CHAINS);
        order.filter_map(|root| listed.remove(root)).collect()
    }
}
