//! The receipts of a package that was verified: listed, filtered, looked at.

use crate::examine::{Examined, Seen};
use crate::filter::{Filter, Wanted};
use crate::index::Index;
use crate::{exact::exact, receipt, trace};
use ai_audit_export::archive::ReadAt;
use ai_audit_export::{PackageContents, PackageReceipts};
use serde::Serialize;
use serde_json::{Value, json};

/// The receipts of a package. What they say counts as far as the verdict goes.
///
/// Everything that may take long goes on in steps, so that somebody can stop it, or ask for something
/// else meanwhile.
#[derive(Debug)]
pub struct Evidence<'p, R> {
    package: &'p PackageContents<R>,
    seen: Seen,
    index: Index,
    /// Where the index is made.
    indexing: Option<PackageReceipts<'p, R>>,
    /// Why the index ends before the package does.
    stopped: Option<String>,
    filtering: Filtering<'p, R>,
    /// Where a receipt was read last, and the place of the next one.
    cursor: Option<(usize, PackageReceipts<'p, R>)>,
}

#[derive(Debug)]
struct Filtering<'p, R> {
    wanted: Wanted,
    /// Places of rows that fit.
    found: Vec<usize>,
    /// The row that is looked at next.
    next: usize,
    receipts: Option<PackageReceipts<'p, R>>,
    /// Why not all rows could be looked at.
    stopped: Option<String>,
}

/// How far something has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Receipts gone through.
    pub done: usize,
    /// Receipts found.
    pub found: usize,
    /// Whether that was the last step.
    pub finished: bool,
    /// Why it did not come to the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
}

impl<'p, R: ReadAt> Evidence<'p, R> {
    /// The receipts of `package`, of which `examined` came.
    ///
    /// # Errors
    ///
    /// Why its receipts cannot be read.
    pub fn new(package: &'p PackageContents<R>, examined: Examined) -> Result<Self, String> {
        let receipts = package.receipts().map_err(|error| error.to_string())?;
        Ok(Self {
            package,
            seen: examined.seen,
            index: Index::new(package.is_selection()),
            indexing: Some(receipts),
            stopped: None,
            filtering: Filtering {
                wanted: Wanted::default(),
                found: Vec::new(),
                next: 0,
                receipts: None,
                stopped: None,
            },
            cursor: None,
        })
    }

    /// Takes up to `count` more receipts into the list.
    pub fn index(&mut self, count: usize) -> Progress {
        for _ in 0..count {
            let Some(receipts) = &mut self.indexing else {
                break;
            };
            match receipts.read_next() {
                Ok(Some(receipt)) => self.index.push(&receipt, &self.seen),
                Ok(None) => self.indexing = None,
                Err(error) => {
                    self.stopped = Some(error.to_string());
                    self.indexing = None;
                }
            }
        }
        let rows = self.index.rows().len();
        Progress {
            done: rows,
            found: rows,
            finished: self.indexing.is_none(),
            stopped: self.stopped.clone(),
        }
    }

    /// Begins to filter the list anew.
    ///
    /// # Errors
    ///
    /// What is wrong with the filter, or why the receipts cannot be read.
    pub fn filter(&mut self, filter: Filter) -> Result<(), String> {
        let wanted = Wanted::new(filter)?;
        let receipts = match wanted.needs_bytes() {
            true => Some(self.package.receipts().map_err(|error| error.to_string())?),
            false => None,
        };
        self.filtering = Filtering {
            wanted,
            found: Vec::new(),
            next: 0,
            receipts,
            stopped: None,
        };
        Ok(())
    }

    /// Looks at up to `count` more rows.
    pub fn filter_on(&mut self, count: usize) -> Progress {
        let Filtering {
            wanted,
            found,
            next,
            receipts,
            stopped,
        } = &mut self.filtering;
        for _ in 0..count {
            if stopped.is_some() {
                break;
            }
            let Some(row) = self.index.rows().get(*next) else {
                break;
            };
            let mut fits = wanted.fits(&self.index, row);
            if let Some(reader) = receipts {
                match reader.read_next() {
                    Ok(Some(receipt)) => {
                        fits = fits && wanted.is_in(&self.index, row, receipt.sealed.ok());
                    }
                    // What was there when the list was made is not there any more.
                    Ok(None) => {
                        *stopped = Some(receipt::CHANGED.into());
                        break;
                    }
                    Err(error) => {
                        *stopped = Some(error.to_string());
                        break;
                    }
                }
            }
            if fits {
                found.push(*next);
            }
            *next += 1;
        }
        Progress {
            done: *next,
            found: found.len(),
            finished: stopped.is_some() || *next >= self.index.rows().len(),
            stopped: stopped.clone(),
        }
    }

    /// Up to `count` of the rows that the filter found, from the one at `from` on, as JSON.
    #[must_use]
    pub fn rows(&self, from: usize, count: usize) -> String {
        let places = self.filtering.found.iter().skip(from).take(count);
        let rows: Vec<_> = places
            .filter_map(|place| self.index.shown(*place))
            .collect();
        serde_json::to_string(&rows).unwrap_or_default()
    }

    /// The kinds that are in the list, in the order of their names, and how many of each, as JSON.
    #[must_use]
    pub fn kinds(&self) -> String {
        let mut kinds = std::collections::BTreeMap::<String, usize>::new();
        for row in self.index.rows() {
            *kinds.entry(crate::index::kind_name(row)).or_default() += 1;
        }
        serde_json::to_string(&kinds).unwrap_or_default()
    }

    /// The row whose receipt has this number.
    #[must_use]
    pub fn row_of(&self, seq: u64) -> Option<usize> {
        self.index.rows().iter().position(|row| row.seq == seq)
    }

    /// What the package says of the log's keys, as JSON: `null` where it cannot be read.
    #[must_use]
    pub fn keys(&self) -> String {
        let keys = self.package.key_history().unwrap_or(Value::Null);
        exact(keys).to_string()
    }

    /// One receipt in full, as JSON, with the way from it to the root of the checkpoint.
    ///
    /// # Errors
    ///
    /// Why it cannot be read.
    pub fn receipt(&mut self, place: usize) -> Result<String, String> {
        let row = *self.row(place)?;
        // Going on from where the last one was read, where that is before it.
        let (mut at, mut receipts) = match self.cursor.take() {
            Some((at, receipts)) if at <= place => (at, receipts),
            _ => (
                0,
                self.package.receipts().map_err(|error| error.to_string())?,
            ),
        };
        let shown = loop {
            let next = receipts.read_next().map_err(|error| error.to_string())?;
            let Some(receipt) = next else {
                return Err(format!("the package has no receipt in place {place}"));
            };
            at += 1;
            if at > place {
                let checkpoint = self.package.checkpoint();
                break receipt::shown(place, &row, &mut self.index, &receipt, checkpoint);
            }
        };
        self.cursor = Some((at, receipts));
        Ok(exact(shown).to_string())
    }

    /// The graph of a row's trace, as JSON.
    ///
    /// # Errors
    ///
    /// When it has none, or the trace cannot be read.
    pub fn trace(&self, place: usize) -> Result<String, String> {
        let row = self.row(place)?;
        let receipts = self.package.receipts().map_err(|error| error.to_string())?;
        let shown = trace::shown(row, &self.index, receipts)?;
        Ok(exact(shown).to_string())
    }

    fn row(&self, place: usize) -> Result<&crate::index::Row, String> {
        let row = self.index.rows().get(place);
        row.ok_or_else(|| format!("the list has no row {place}"))
    }
}

impl Progress {
    /// As JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        json!(self).to_string()
    }
}
