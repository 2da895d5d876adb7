//! A row of the table: what was measured beside what, and whether it reaches its bar.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

/// What a row is held to: its ratio where it has one, else the figure itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bar {
    AtMost(f64),
    AtLeast(f64),
}

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) group: String,
    pub(crate) work: String,
    pub(crate) unit: String,
    pub(crate) ours: f64,
    /// What it stands beside: its name, its figure, and the ratio.
    pub(crate) beside: Option<Beside>,
    pub(crate) bar: Option<Bar>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Beside {
    pub(crate) name: String,
    pub(crate) figure: f64,
    pub(crate) ratio: f64,
    /// Of the ratios of all rounds, and how many there were; none where it was not taken in rounds.
    pub(crate) rounds: Option<(f64, f64, u64)>,
}

impl Row {
    /// A figure by itself.
    pub(crate) fn figure(group: &str, work: &str, ours: f64, unit: &str, bar: Option<Bar>) -> Self {
        Self {
            group: group.into(),
            work: work.into(),
            unit: unit.into(),
            ours,
            beside: None,
            bar,
        }
    }

    /// What a measuring program printed; `None` for a line that is no row.
    ///
    /// # Errors
    /// When it is a row and lacks something.
    pub(crate) fn parse(line: &str) -> Result<Option<Self>> {
        let Ok(value) = serde_json::from_str::<Value>(line) else {
            return Ok(None);
        };
        if value.get("group").is_none() {
            return Ok(None);
        }
        let text = |name: &str| value[name].as_str().map(str::to_owned);
        let number = |name: &str| value[name].as_f64();
        // What stands beside something has a ratio, or its bar would be held against another figure.
        let lone = text("beside").is_none_or(|beside| beside.is_empty());
        let row = || {
            let bar = value["bar"].as_object().and_then(|bar| {
                let most = bar.get("most").and_then(Value::as_f64);
                let least = bar.get("least").and_then(Value::as_f64);
                most.map(Bar::AtMost).or(least.map(Bar::AtLeast))
            });
            let rounds = value["rounds"].as_u64().and_then(|rounds| {
                let quartiles = value["quartiles"].as_array()?;
                let quartile = |n: usize| quartiles.get(n).and_then(Value::as_f64);
                Some((quartile(0)?, quartile(1)?, rounds))
            });
            let beside = number("ratio").and_then(|ratio| {
                Some(Beside {
                    name: text("beside")?,
                    figure: number("bare")?,
                    ratio,
                    rounds,
                })
            });
            (lone || beside.is_some()).then_some(())?;
            Some(Self {
                group: text("group")?,
                work: text("work")?,
                unit: text("unit")?,
                ours: number("ours")?,
                beside,
                bar,
            })
        };
        row()
            .with_context(|| format!("a row that lacks something: {line}"))
            .map(Some)
    }

    /// Whether the bar is reached, if there is one.
    pub(crate) fn reached(&self) -> Option<bool> {
        let held = self
            .beside
            .as_ref()
            .map_or(self.ours, |beside| beside.ratio);
        self.bar.map(|bar| match bar {
            Bar::AtMost(most) => held <= most,
            Bar::AtLeast(least) => held >= least,
        })
    }

    /// Whether the rounds disagree, so that the ratio should be taken on a quieter machine.
    pub(crate) fn scattered(&self) -> bool {
        let rounds = self.beside.as_ref().and_then(|beside| {
            let (low, high, _) = beside.rounds?;
            Some((high - low) / beside.ratio)
        });
        rounds.is_some_and(|spread| spread > 0.1)
    }

    pub(crate) fn to_json(&self) -> Value {
        let mut row = json!({
            "group": self.group,
            "work": self.work,
            "unit": self.unit,
            "ours": self.ours,
            "reached": self.reached(),
        });
        if let Some(beside) = &self.beside {
            row["beside"] = beside.name.as_str().into();
            row["bare"] = beside.figure.into();
            row["ratio"] = beside.ratio.into();
            if let Some((low, high, rounds)) = beside.rounds {
                row["quartiles"] = json!([low, high]);
                row["rounds"] = rounds.into();
            }
        }
        row["bar"] = match self.bar {
            Some(Bar::AtMost(most)) => json!({ "most": most }),
            Some(Bar::AtLeast(least)) => json!({ "least": least }),
            None => Value::Null,
        };
        row
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"group":"Core","work":"seal","unit":"ns","ours":17700.0,"bare":16900.0,
        "ratio":1.047,"beside":"Ed25519 sign","quartiles":[1.0,1.2],"rounds":601,"bar":{"most":1.06}}"#;

    #[test]
    fn what_is_parsed_is_written_again() {
        let row = Row::parse(LINE).unwrap().unwrap();
        assert_eq!(row.reached(), Some(true));
        assert!(row.scattered());
        let again = Row::parse(&row.to_json().to_string()).unwrap().unwrap();
        assert_eq!(again, row);
    }

    #[test]
    fn other_lines_are_no_rows_and_half_rows_are_refused() {
        assert_eq!(Row::parse("running 4 tests").unwrap(), None);
        assert_eq!(Row::parse(r#"{"note":"x"}"#).unwrap(), None);
        assert!(Row::parse(r#"{"group":"Core","work":"seal"}"#).is_err());
        // A ratio that is no number is printed as null: its bar is held against nothing else.
        let without = LINE.replace("1.047", "null");
        assert!(Row::parse(&without).is_err());
    }

    #[test]
    fn a_bar_is_for_the_ratio_or_for_the_figure() {
        let figure = |ours, bar| Row::figure("g", "w", ours, "ns", bar).reached();
        assert_eq!(figure(51.0, Some(Bar::AtMost(50.0))), Some(false));
        assert_eq!(figure(201.0, Some(Bar::AtLeast(200.0))), Some(true));
        assert_eq!(figure(1.0, None), None);
        let mut row = Row::parse(LINE).unwrap().unwrap();
        row.bar = Some(Bar::AtLeast(3.0));
        assert_eq!(row.reached(), Some(false));
    }
}
