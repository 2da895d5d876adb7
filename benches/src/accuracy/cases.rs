//! Labelled texts: JSON lines, and the lists of single IBANs and cards.

use std::fs;
use std::path::Path;

use ai_audit_pii::Kind;
use anyhow::{Context as _, Result};
use serde_json::Value;

/// A text and what is in it.
pub(super) struct Case {
    pub(super) text: String,
    pub(super) labels: Vec<Label>,
}

/// One entity: how often it is there, and where if that is known.
pub(super) struct Label {
    pub(super) entity: String,
    pub(super) expected: usize,
    /// In bytes.
    pub(super) spans: Option<Vec<(usize, usize)>>,
}

/// Reads JSON lines: `{"entity", "text", "spans", "expected_len"}`, or `{"text", "entities": [{"entity",
/// "spans"}]}` with several. Spans count code points.
pub(super) fn read(file: &Path) -> Result<Vec<Case>> {
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| {
            case(line).with_context(|| format!("{}, line {}", file.display(), number + 1))
        })
        .collect()
}

fn case(line: &str) -> Result<Case> {
    let value: Value = serde_json::from_str(line)?;
    let text = value["text"].as_str().context("no text")?.to_owned();
    let labels = match value["entities"].as_array() {
        Some(entities) => entities
            .iter()
            .map(|entity| label(entity, &text))
            .collect::<Result<_>>()?,
        None => vec![label(&value, &text)?],
    };
    Ok(Case { text, labels })
}

fn label(value: &Value, text: &str) -> Result<Label> {
    let entity = value["entity"].as_str().context("no entity")?.to_owned();
    let spans: Option<Vec<(usize, usize)>> = value["spans"]
        .as_array()
        .map(|spans| {
            spans
                .iter()
                .map(|span| bytes(span, text))
                .collect::<Result<_>>()
        })
        .transpose()?;
    let counted = value["expected_len"]
        .as_u64()
        .and_then(|count| usize::try_from(count).ok());
    let expected = counted
        .or(spans.as_ref().map(Vec::len))
        .context("neither spans nor expected_len")?;
    Ok(Label {
        entity,
        expected,
        spans,
    })
}

/// A span of code points in bytes.
fn bytes(span: &Value, text: &str) -> Result<(usize, usize)> {
    let place = |index: usize| {
        let points = usize::try_from(span[index].as_u64().context("a span is two numbers")?)?;
        Ok::<_, anyhow::Error>(
            text.char_indices()
                .nth(points)
                .map_or(text.len(), |(at, _)| at),
        )
    };
    Ok((place(0)?, place(1)?))
}

/// Every single IBAN and card with whether it must be found.
pub(super) fn lists(folder: &Path) -> Result<Vec<(String, Kind, bool)>> {
    let read = |name: &str| -> Result<Value> {
        let path = folder.join(name);
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        Ok(serde_json::from_str(&text)?)
    };
    let mut all = Vec::new();
    let ibans = read("iban_cases.json")?;
    for (list, expected) in [("valid", true), ("experimental", true), ("invalid", false)] {
        for text in ibans[list]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            all.push((text.to_owned(), Kind::Iban, expected));
            all.push((text.replace(' ', ""), Kind::Iban, expected));
        }
    }
    let cards = read("credit_card_numbers.json")?;
    for card in cards["cards"].as_array().into_iter().flatten() {
        let number = card["pan"].as_str().context("a card without a number")?;
        let expected = card["presidio_match"]
            .as_bool()
            .context("a card without an expectation")?;
        all.push((number.to_owned(), Kind::CreditCard, expected));
    }
    Ok(all)
}
