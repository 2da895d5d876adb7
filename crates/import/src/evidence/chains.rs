//! Chains: who follows whom by the links, where a chain begins, what is missing, forked or twice.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::parents;
use super::table::{Entry, Group, NONE, Table, plural};
use crate::finding::{Fails, FindingClass, Findings, shown};

/// Records of other chains that are looked through for what a link names; it only makes a better
/// sentence.
const LOOKED_FOR: usize = 20;

/// Who follows whom.
#[derive(Debug)]
pub(crate) struct Chains {
    /// Of each record the first one of its chain.
    pub(crate) root: Vec<u32>,
    /// Of each record how many stand before it in its chain.
    pub(crate) depth: Vec<u32>,
    /// Records that are there before, in the same bytes.
    pub(crate) repeated: Vec<bool>,
    /// The first records of all chains, in the order of the source.
    pub(crate) roots: Vec<u32>,
    /// Of each group how its chains begin.
    pub(crate) beginnings: Vec<Beginnings>,
    /// Number of records that are there, those that stand twice counted once.
    pub(crate) distinct: u64,
}

/// How the chains of a group begin.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Beginnings {
    /// Without a link.
    pub(crate) first: u64,
    /// With a link to a record that is not there.
    pub(crate) cut: u64,
}

/// What is known of how many records there have to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected {
    /// What the metadata says.
    pub(crate) metadata: Option<u64>,
    /// Lines that could not be read.
    pub(crate) unread: u64,
}

impl Chains {
    /// Follows all links and tells what does not hold.
    pub(crate) fn follow(table: &Table, expected: Expected, findings: &mut Findings) -> Self {
        let count = table.entries.len();
        let mut chains = Self {
            root: vec![NONE; count],
            depth: vec![0; count],
            repeated: vec![false; count],
            roots: Vec::new(),
            beginnings: vec![Beginnings::default(); table.groups.len()],
            distinct: 0,
        };
        chains.find_repeated(table, findings);
        let mut parent = parents::find(table, &chains.repeated, findings);
        chains.walk(table, &mut parent, findings);
        drop(parent);
        chains.judge(table, expected, findings);
        chains
    }

    fn is_repeated(&self, index: u32) -> bool {
        self.repeated.get(index as usize).copied().unwrap_or(false)
    }

    /// Finds what stands twice: the same bytes, or another receipt of the same id.
    fn find_repeated(&mut self, table: &Table, findings: &mut Findings) {
        let same = |entry: &Entry| (entry.leaf, entry.group);
        let order = table.sorted(|_| true, |entry| entry.leaf.as_bytes(), same);
        let mut first: Option<&Entry> = None;
        for (index, entry) in order.iter().filter_map(|i| Some((*i, table.get(*i)?))) {
            match first {
                Some(before) if same(before) == same(entry) => {
                    if let Some(repeated) = self.repeated.get_mut(index as usize) {
                        *repeated = true;
                    }
                    at(
                        table,
                        findings,
                        FindingClass::Replayed,
                        Fails::Integrity,
                        entry,
                        || format!("the same record as in line {}, a second time", before.line),
                    );
                }
                _ => first = Some(entry),
            }
        }
        self.distinct = self.repeated.iter().map(|twice| u64::from(!twice)).sum();

        // Epochs are counted from 1 in each process of the library, so seals' ids may stand twice.
        let receipts = |entry: &Entry| !entry.nameless && is_receipt(table, entry);
        let same = |entry: &Entry| (entry.id, entry.group);
        let order = table.sorted(receipts, |entry| entry.id.as_bytes(), same);
        let mut first: Option<&Entry> = None;
        for (index, entry) in order.iter().filter_map(|i| Some((*i, table.get(*i)?))) {
            match first {
                _ if self.is_repeated(index) => {}
                Some(before) if same(before) == same(entry) => {
                    at(
                        table,
                        findings,
                        FindingClass::Replayed,
                        Fails::Integrity,
                        entry,
                        || {
                            format!(
                                "the id of the receipt in line {}, with other contents",
                                before.line
                            )
                        },
                    );
                }
                _ => first = Some(entry),
            }
        }
    }

    /// Gives every record its chain's first one and its depth. Cuts circles, which only records with
    /// made-up hashes can form.
    fn walk(&mut self, table: &Table, parent: &mut [u32], findings: &mut Findings) {
        let mut path: Vec<u32> = Vec::new();
        // Of each record whether it is on the path.
        let mut walked = vec![false; parent.len()];
        for start in 0..parent.len() {
            let Ok(start) = u32::try_from(start) else {
                break;
            };
            let mut next = start;
            let (mut root, mut depth) = loop {
                let here = next as usize;
                match self.root.get(here) {
                    Some(&NONE) => {}
                    Some(root) => break (*root, self.depth.get(here).map_or(0, |depth| depth + 1)),
                    None => break (NONE, 0),
                }
                if walked.get(here) == Some(&true) {
                    if let (Some(parent), Some(entry)) = (parent.get_mut(here), table.get(next)) {
                        *parent = NONE;
                        at(
                            table,
                            findings,
                            FindingClass::Reordered,
                            Fails::Integrity,
                            entry,
                            || "the links before it lead back to it".into(),
                        );
                    }
                    break (NONE, 0);
                }
                if let Some(walked) = walked.get_mut(here) {
                    *walked = true;
                }
                path.push(next);
                match parent.get(here) {
                    Some(&NONE) | None => break (NONE, 0),
                    Some(before) => next = *before,
                }
            };
            // Those nearest to the beginning were put on the path last.
            while let Some(index) = path.pop() {
                let here = index as usize;
                if root == NONE {
                    root = index;
                    depth = 0;
                }
                if let (Some(of), Some(deep)) = (self.root.get_mut(here), self.depth.get_mut(here))
                {
                    (*of, *deep) = (root, depth);
                }
                depth = depth.saturating_add(1);
            }
        }
    }

    /// Counts how chains begin, and tells where one should not begin.
    fn judge(&mut self, table: &Table, expected: Expected, findings: &mut Findings) {
        for (index, root) in (0u32..).zip(&self.root) {
            let Some(entry) = table.get(index).filter(|_| *root == index) else {
                continue;
            };
            if self.is_repeated(index) {
                continue;
            }
            self.roots.push(index);
            if let Some(beginnings) = self.beginnings.get_mut(entry.group as usize) {
                match entry.starts {
                    true => beginnings.first += 1,
                    false => beginnings.cut += 1,
                }
            }
        }
        // Where no chain of a group begins without a link, one of them is the first nevertheless: the
        // earliest by its own clock.
        let mut earliest: Vec<u32> = vec![NONE; table.groups.len()];
        for index in &self.roots {
            let Some(entry) = table.get(*index) else {
                continue;
            };
            let Some(earliest) = earliest.get_mut(entry.group as usize) else {
                continue;
            };
            let before = table.get(*earliest).map_or(u64::MAX, |entry| entry.micros);
            if *earliest == NONE || entry.micros < before {
                *earliest = *index;
            }
        }
        let as_many = expected.metadata == Some(self.distinct + expected.unread);
        let cause = if as_many {
            self.cause(table, expected)
        } else {
            None
        };
        let mut looked_for = 0;
        for index in &self.roots {
            let Some(entry) = table.get(*index).filter(|entry| !entry.starts) else {
                continue;
            };
            let (Some(group), Some(beginnings)) = (
                table.group_of(entry),
                self.beginnings.get(entry.group as usize),
            ) else {
                continue;
            };
            let of = of_group(group);
            let head = earliest.get(entry.group as usize) == Some(index);
            if beginnings.first == 0 && head && cause.is_none() {
                let (class, fails) = (FindingClass::Missing, Fails::Completeness);
                at(table, findings, class, fails, entry, || {
                    format!(
                        "expected the first of the {of}, without a link; it names one before it that is not here"
                    )
                });
                continue;
            }
            let class = match (cause, as_many) {
                (Some(class), _) => class,
                (None, true) => FindingClass::Reordered,
                (None, false) => FindingClass::Missing,
            };
            let look = findings.wants(class, Fails::Integrity) && looked_for < LOOKED_FOR;
            looked_for += usize::from(look);
            at(table, findings, class, Fails::Integrity, entry, || {
                let elsewhere = look.then(|| elsewhere(table, entry)).flatten();
                let what = match class {
                    FindingClass::Malformed => {
                        format!(
                            "none of the {of} that could be read is the one that its link names"
                        )
                    }
                    FindingClass::Tampered => format!(
                        "none of the {of} is the one that its link names: a record that does not hold was it"
                    ),
                    FindingClass::Reordered => format!(
                        "its link names none of the {of}, although as many are here as the metadata says"
                    ),
                    _ => format!("the one of the {of} that its link names is missing"),
                };
                what + &elsewhere.unwrap_or_default()
            });
        }
    }

    /// Why links lead nowhere although as many records are there as should be: lines that could not be
    /// read, or records that do not hold and that nobody follows, since their hash was made anew. Only
    /// where there are enough of them.
    fn cause(&self, table: &Table, expected: Expected) -> Option<FindingClass> {
        let cut: u64 = self
            .beginnings
            .iter()
            .map(|beginnings| beginnings.cut)
            .sum();
        if cut <= expected.unread {
            return Some(FindingClass::Malformed);
        }
        let altered = |entry: &Entry| entry.altered;
        let altered = table.sorted(
            altered,
            |entry| &entry.key,
            |entry| (entry.key, entry.group),
        );
        let mut left: Vec<bool> = vec![true; altered.len()];
        for entry in &table.entries {
            let named = altered.binary_search_by_key(&Some((entry.link, entry.group)), |index| {
                table.get(*index).map(|entry| (entry.key, entry.group))
            });
            if let Ok(place) = named
                && !entry.starts
                && let Some(left) = left.get_mut(place)
            {
                *left = false;
            }
        }
        let left: u64 = left.into_iter().map(u64::from).sum();
        (cut <= expected.unread + left).then_some(FindingClass::Tampered)
    }
}

/// Where what a link names stands in another chain.
fn elsewhere(table: &Table, entry: &Entry) -> Option<String> {
    let found = table
        .entries
        .iter()
        .find(|other| other.key == entry.link && other.group != entry.group)?;
    let group = table.group_of(found)?;
    Some(format!(
        "; line {} has that hash, of the {}",
        found.line,
        of_group(group)
    ))
}

/// Adds a finding about a record; makes its words only where they are kept.
pub(crate) fn at(
    table: &Table,
    findings: &mut Findings,
    class: FindingClass,
    fails: Fails,
    entry: &Entry,
    reason: impl FnOnce() -> String,
) {
    if findings.wants(class, fails) {
        let id = table.id(entry);
        findings.add_at(class, fails, (entry.line, &id), reason());
    } else {
        findings.count(class);
    }
}

/// A group in words, in the plural.
pub(crate) fn of_group(group: &Group) -> String {
    let what = plural(group.kind);
    match &*group.name() {
        "" => format!("{what} without a tenant"),
        tenant => format!("{what} of tenant \"{}\"", shown(tenant)),
    }
}

pub(crate) fn is_receipt(table: &Table, entry: &Entry) -> bool {
    table.group_of(entry).is_some_and(Group::is_receipts)
}
