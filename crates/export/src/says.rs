//! One line on what a receipt says, for a list.

use crate::json_value;
use ai_audit_agentic::Node;
use ai_audit_core::{DecodeBody as _, Gap, Genesis, Kind, Start, UnverifiedReceipt};
use serde_json::Value;

/// Characters of a line; longer ones end with `…`.
const LONGEST: usize = 160;

/// What a receipt says, in a line of at most 160 characters, for people. Empty where its body does not
/// decode. It is a text of whoever recorded it: whatever shows it must make no markup of it.
#[must_use]
pub fn says(receipt: &UnverifiedReceipt<'_>) -> String {
    let said = match receipt.header().kind {
        Kind::DECISION | Kind::TOOL_INTENT | Kind::TOOL_OUTCOME | Kind::TRACE_NODE => step(receipt),
        Kind::IMPORTED => step(receipt).or_else(|| fields(receipt)),
        Kind::GENESIS => Genesis::decode(receipt)
            .ok()
            .map(|genesis| joined([genesis.name.as_str(), genesis.tenant.as_str()])),
        Kind::START => Start::decode(receipt)
            .ok()
            .map(|start| joined([start.software.as_str()])),
        Kind::GAP => Gap::decode(receipt)
            .ok()
            .map(|gap| joined([gap.reason.as_str()])),
        _ => fields(receipt),
    };
    cut(said.unwrap_or_default())
}

/// Of a step of a trace: how it ended, what it was, to whom it goes on.
fn step(receipt: &UnverifiedReceipt<'_>) -> Option<String> {
    let node = Node::of(receipt).ok()?;
    let said = joined([node.status, &node.label]);
    Some(match node.to.is_empty() {
        true => said,
        false => format!("{said} → {}", node.to),
    })
}

/// The first few texts and numbers of a body.
fn fields(receipt: &UnverifiedReceipt<'_>) -> Option<String> {
    let view = json_value(receipt);
    let body = view.get("body")?.as_object()?;
    let shown = body.iter().filter_map(|(name, value)| match value {
        Value::String(text) => Some(format!("{name} {text}")),
        Value::Number(number) => Some(format!("{name} {number}")),
        _ => None,
    });
    Some(shown.take(4).collect::<Vec<_>>().join(" · "))
}

fn joined<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(" · ")
}

fn cut(text: String) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
