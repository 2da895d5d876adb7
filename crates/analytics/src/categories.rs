//! Counts of categories, of which there may be only so many.

use alloc::borrow::ToOwned as _;
use alloc::collections::BTreeMap;
use alloc::string::String;
use serde::{Deserialize, Serialize};

/// How many categories are told apart; the rest is one more.
pub const MAX_CATEGORIES: usize = 1_024;
/// The most bytes of a category's name; what is cut off is marked by [`REST`].
pub const MAX_NAME: usize = 128;
/// The category of what comes after [`MAX_CATEGORIES`].
pub const REST: &str = "…";

/// How often each category was seen. Names may be an enemy's, so memory is bounded.
///
/// ```
/// use ai_audit_analytics::Categories;
///
/// let mut actions = Categories::new();
/// for action in ["allow", "allow", "reject"] {
///     actions.add(action, 1);
/// }
/// assert_eq!((actions.total(), actions.count("allow")), (3, 2));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "BTreeMap<String, u64>", into = "BTreeMap<String, u64>")]
pub struct Categories {
    counts: BTreeMap<String, u64>,
    total: u64,
}

impl From<BTreeMap<String, u64>> for Categories {
    fn from(counts: BTreeMap<String, u64>) -> Self {
        let mut categories = Self::new();
        for (name, count) in counts {
            categories.add(&name, count);
        }
        categories
    }
}

impl From<Categories> for BTreeMap<String, u64> {
    fn from(categories: Categories) -> Self {
        categories.counts
    }
}

impl Categories {
    /// No counts.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            counts: BTreeMap::new(),
            total: 0,
        }
    }

    /// Counts a category `count` times more.
    pub fn add(&mut self, name: &str, count: u64) {
        let slot = slot_of(&mut self.counts, name, MAX_CATEGORIES);
        *slot = slot.saturating_add(count);
        self.total = self.total.saturating_add(count);
    }

    /// Adds all counts of others. The order does not matter while there are few enough categories.
    pub fn merge(&mut self, others: &Self) {
        for (name, &count) in &others.counts {
            self.add(name, count);
        }
    }

    /// All counts together.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// How often a category was seen.
    #[must_use]
    pub fn count(&self, name: &str) -> u64 {
        self.counts.get(&*kept(name)).copied().unwrap_or(0)
    }

    /// Categories and counts, in the order of the names' bytes.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.counts.iter().map(|(name, &count)| (&**name, count))
    }
}

/// The entry of a name, or that of the rest where there are `max` already.
pub(crate) fn slot_of<'m, T: Default>(
    map: &'m mut BTreeMap<String, T>,
    name: &str,
    max: usize,
) -> &'m mut T {
    let name = kept(name);
    let name = if map.len() >= max && !map.contains_key(&name) {
        REST.to_owned()
    } else {
        name
    };
    map.entry(name).or_default()
}

/// What is kept of a name.
pub(crate) fn kept(name: &str) -> String {
    if name.len() <= MAX_NAME {
        return name.to_owned();
    }
    let mut end = MAX_NAME - REST.len();
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    let mut short = name.get(..end).unwrap_or_default().to_owned();
    short.push_str(REST);
    short
}
