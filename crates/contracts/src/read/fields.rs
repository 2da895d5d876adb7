//! Mappings with known names, and single values of one type.

use crate::problem::Problem;
use crate::scalar;
use crate::yaml::{Content, Entry, Node};
use serde_json::{Number, Value};
use std::ops::RangeInclusive;

/// The longest name of a contract, a rule or a strategy, in bytes.
const MAX_NAME: usize = 128;
/// How many mistakes are told.
const MAX_PROBLEMS: usize = 100;

/// Collects what is wrong.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<Problem>,
}

/// The members of a mapping.
#[derive(Clone, Copy)]
pub(super) struct Fields<'n>(&'n [Entry]);

impl<'n> Fields<'n> {
    /// A member, unless it says nothing.
    pub(super) fn get(&self, name: &str) -> Option<&'n Node> {
        let found = self.0.iter().find(|entry| entry.key == name);
        found
            .map(|entry| &entry.value)
            .filter(|node| !node.is_null())
    }

    pub(super) const fn entries(&self) -> &'n [Entry] {
        self.0
    }
}

impl Reader {
    pub(super) fn problem(&mut self, node: &Node, what: String) {
        if self.problems.len() < MAX_PROBLEMS {
            let place = node.place;
            self.problems.push(Problem { place, what });
        }
    }

    pub(super) fn warning(&mut self, node: &Node, what: String) {
        let place = node.place;
        self.warnings.push(Problem { place, what });
    }

    /// A mapping with these names and no others.
    pub(super) fn map<'n>(
        &mut self,
        node: &'n Node,
        what: &str,
        known: &[&str],
    ) -> Option<Fields<'n>> {
        let Content::Map(entries) = &node.content else {
            self.problem(
                node,
                format!("{what} is {}, expected a mapping", node.kind()),
            );
            return None;
        };
        for entry in entries {
            if !known.contains(&entry.key.as_str()) && self.problems.len() < MAX_PROBLEMS {
                let key: String = entry.key.chars().take(64).collect();
                self.problems.push(Problem {
                    place: entry.place,
                    what: format!("`{key}` is not known in {what}, expected {}", one(known)),
                });
            }
        }
        Some(Fields(entries))
    }

    /// A mapping with whatever names.
    pub(super) fn any_map(&mut self, node: &Node, what: &str) {
        if !matches!(node.content, Content::Map(_)) {
            self.problem(
                node,
                format!("{what} is {}, expected a mapping", node.kind()),
            );
        }
    }

    pub(super) fn list<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        if let Content::List(items) = &node.content {
            return items;
        }
        self.problem(node, format!("{what} is {}, expected a list", node.kind()));
        &[]
    }

    /// A member that has to be there.
    pub(super) fn required<T>(
        &mut self,
        map: &Fields<'_>,
        within: &Node,
        name: &str,
        read: impl FnOnce(&mut Self, &Node, &str) -> Option<T>,
    ) -> Option<T> {
        match map.get(name) {
            Some(node) => read(self, node, name),
            None => {
                self.problem(within, format!("`{name}` is missing"));
                None
            }
        }
    }

    pub(super) fn value(&mut self, node: &Node) -> Option<Value> {
        match scalar::value(node) {
            Ok(value) => Some(value),
            Err((node, what)) => {
                self.problem(node, what);
                None
            }
        }
    }

    /// A text; what reads as a number has to be in quotes.
    pub(super) fn words(&mut self, node: &Node, what: &str) -> Option<String> {
        if let Some(Value::String(text)) = self.single(node, what)? {
            return Some(text);
        }
        self.problem(node, format!("{what}: expected a text; put it in quotes"));
        None
    }

    /// A text of which a number is one too, as it is written: a version of 1.10 is no 1.1.
    pub(super) fn label(&mut self, node: &Node, what: &str) -> Option<String> {
        match &node.content {
            Content::Scalar { text, plain: true } if !node.is_null() => {
                match self.single(node, what)? {
                    Some(Value::Number(_) | Value::String(_)) => Some(text.clone()),
                    _ => self.words(node, what),
                }
            }
            _ => self.words(node, what),
        }
    }

    /// A name: short, not empty, on one line.
    pub(super) fn name(&mut self, node: &Node, what: &str) -> Option<String> {
        let name = self.words(node, what)?;
        let wrong = if name.is_empty() {
            "it is empty".into()
        } else if name.len() > MAX_NAME {
            format!("{} bytes, expected at most {MAX_NAME}", name.len())
        } else if name.chars().any(char::is_control) {
            "a control character in it".into()
        } else {
            return Some(name);
        };
        self.problem(node, format!("{what}: {wrong}"));
        None
    }

    pub(super) fn one_of(&mut self, node: &Node, what: &str, of: &[&str]) -> Option<String> {
        let found = self.words(node, what)?;
        if of.contains(&found.as_str()) {
            return Some(found);
        }
        self.problem(node, format!("{what}: `{found}`, expected {}", one(of)));
        None
    }

    pub(super) fn number(&mut self, node: &Node, what: &str) -> Option<Number> {
        match self.single(node, what)? {
            Some(Value::Number(number)) => Some(number),
            _ => {
                self.problem(node, format!("{what}: expected a number without quotes"));
                None
            }
        }
    }

    pub(super) fn integer(
        &mut self,
        node: &Node,
        what: &str,
        range: RangeInclusive<u64>,
    ) -> Option<u64> {
        let number = self.number(node, what)?;
        let found = number.as_u64().filter(|number| range.contains(number));
        if found.is_none() {
            let (low, high) = range.into_inner();
            let expected = format!("{what}: {number}, expected an integer from {low} to {high}");
            self.problem(node, expected);
        }
        found
    }

    /// A number from 0 to 1, if the member is there.
    pub(super) fn share(&mut self, map: &Fields<'_>, name: &str, to: &mut f64) {
        let Some(node) = map.get(name) else { return };
        let Some(number) = self.number(node, name) else {
            return;
        };
        match number.as_f64().filter(|share| (0.0..=1.0).contains(share)) {
            Some(share) => *to = share,
            None => self.problem(node, format!("{name}: {number}, expected 0 to 1")),
        }
    }

    /// Weights are shares of one whole.
    pub(super) fn sum(&mut self, node: &Node, weights: &[f64]) {
        let sum: f64 = weights.iter().sum();
        if sum <= 0.0 {
            self.problem(node, "weights that are all 0".into());
        } else if (sum - 1.0).abs() > 1e-9 {
            let what = format!("weights with a sum of {sum:.4}: they are divided by it");
            self.warning(node, what);
        }
    }

    /// A value that is no list and no mapping. The inner option is always there.
    fn single(&mut self, node: &Node, what: &str) -> Option<Option<Value>> {
        if matches!(node.content, Content::Scalar { .. }) {
            return self.value(node).map(Some);
        }
        self.problem(
            node,
            format!("{what} is {}, expected a single value", node.kind()),
        );
        None
    }
}

/// `a, b or c`
pub(super) fn one(of: &[&str]) -> String {
    match of {
        [all @ .., last] if !all.is_empty() => format!("{} or {last}", all.join(", ")),
        _ => of.join(""),
    }
}
