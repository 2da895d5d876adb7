//! How many receipts a selector finds, and which are shown.

use crate::catalogue::Selector;
use crate::fields::Probe;
use crate::result::Coverage;
use crate::sample::{Named, Sample};

/// The counts of one selector.
#[derive(Debug)]
pub(super) struct Tally {
    selector: Selector,
    probe: Probe,
    n: u64,
    m: u64,
    /// For each field how many lack it.
    lacking: Vec<u64>,
    sample: Sample,
}

impl Tally {
    pub(super) fn new(selector: &Selector, probe: Probe) -> Self {
        Self {
            selector: selector.clone(),
            probe,
            n: 0,
            m: 0,
            lacking: vec![0; selector.fields.len()],
            sample: Sample::default(),
        }
    }

    pub(super) const fn probe(&self) -> &Probe {
        &self.probe
    }

    /// A receipt that carries all fields.
    pub(super) fn carries(&mut self, named: Named) {
        self.n += 1;
        self.m += 1;
        self.sample.push(named);
    }

    /// A receipt that lacks the fields of these bits.
    pub(super) fn lacks(&mut self, fields: u64) {
        self.m += 1;
        for (at, lacking) in self.lacking.iter_mut().enumerate() {
            *lacking += fields >> at & 1;
        }
    }

    /// The receipts that are shown.
    pub(super) fn named(&self) -> Vec<Named> {
        self.sample.named()
    }

    /// What to do where there is none, or what some lack.
    pub(super) fn missing(&self) -> Vec<String> {
        let says = &self.selector.says;
        if self.n == 0 {
            return vec![match self.m {
                0 => self.selector.missing.clone(),
                m => format!("none of {m} {says}: {}", self.selector.missing),
            }];
        }
        let lacking = self.lacking.iter().zip(&self.selector.fields);
        lacking
            .filter(|(count, _)| **count > 0)
            .map(|(count, field)| format!("{count} of {} {says} lack {field}", self.m))
            .collect()
    }

    /// What to bring where there are anchors, and nobody who is trusted vouches for them.
    pub(super) fn unvouched(&self) -> Vec<String> {
        match self.m {
            0 => self.missing(),
            m => vec![format!(
                "{m} {}, for which nobody whom you trust vouches: bring whom you trust \
                 (--timestamp-authority, --policy)",
                self.selector.says
            )],
        }
    }

    /// The counts; all zero where nothing counts.
    pub(super) fn coverage(&self, counts: bool) -> Coverage {
        let pointers = self.sample.named();
        let lacking = self.selector.fields.iter().zip(&self.lacking);
        Coverage {
            selector: self.selector.name.clone(),
            says: self.selector.says.clone(),
            fields: self.selector.fields.clone(),
            n: if counts { self.n } else { 0 },
            m: if counts { self.m } else { 0 },
            lacking: lacking
                .filter(|(_, count)| counts && **count > 0)
                .map(|(field, count)| (field.clone(), *count))
                .collect(),
            pointers: match counts {
                true => pointers.iter().map(|named| named.seq).collect(),
                false => Vec::new(),
            },
        }
    }
}
