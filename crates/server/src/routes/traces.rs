//! One trace as a graph.

use super::{At, JSON, OfLog, answer};
use crate::Problem;
use crate::body::text;
use crate::query::Query;
use crate::shared::Caller;
use crate::token::Scope;
use ai_audit_agentic::TraceBuilder;
use ai_audit_core::UnverifiedReceipt;
use ai_audit_directory::LogDirectory;
use ai_audit_export::{TraceStepText, says, trace_value};
use ai_audit_store::{LogName, Query as Find, ReadLimit, StoredContent};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde_json::Value;
use std::collections::HashMap;

/// The most receipts of a trace that are read.
const MOST: usize = 10_000;
/// Steps that are drawn, those around the one that was asked for.
const SHOWN: usize = 120;

/// A trace as a graph: its steps, which of them follows from which, and a drawing.
///
/// Of a trace of more than 120 steps those are shown that are nearest to `around`; of one with more
/// than 10,000 the first 10,000 are read, and `cut` says so. Nothing is verified.
#[utoipa::path(
    get,
    path = "/v1/logs/{log}/traces",
    tag = "read",
    params(
        OfLog,
        ("trace" = String, Query, description = "The trace"),
        ("around" = Option<u64>, Query, description = "The `seq` of one of its receipts; its first one, if not said"),
    ),
    responses(
        (status = 200, description = "`trace`, `all` the number of its steps, `steps`, `problems` and `outside` in words, `svg`, `cut`", body = Object),
        (status = "default", description = "Why there is no answer", body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = []))
)]
pub(crate) async fn trace(
    caller: Caller,
    At(log): At<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    caller.may(Scope::Read)?;
    let mut query = Query::of(&uri, &["trace", "around"])?;
    let id = query.text("trace")?;
    let around = query.parsed("around", "a receipt's seq")?;
    let id = id.ok_or_else(|| Problem::bad("parameter `trace`: expected the id of a trace"))?;
    let drawn = caller.reading(move |caller| {
        let log = caller.log(Scope::Read, &log)?;
        draw(caller.shared.intake.reading(), &log, &id, around)
    });
    Ok(answer(StatusCode::OK, JSON, text(&drawn.await?)))
}

fn draw(
    directory: &LogDirectory,
    log: &LogName,
    id: &str,
    around: Option<u64>,
) -> Result<Value, Problem> {
    let store = directory.store();
    let mut seqs = store.find(log, &Find::Trace(id.to_owned()), None, MOST + 1)?;
    let cut = seqs.len() > MOST;
    seqs.truncate(MOST);
    let mut builder = TraceBuilder::new(id);
    let mut texts = HashMap::new();
    for seq in seqs {
        for stored in store.read(log, seq, ReadLimit::ONE)? {
            let StoredContent::Sealed(sealed) = &stored.content else {
                continue;
            };
            // One that cannot be read has no place in a graph; the list of receipts shows it.
            let Ok(receipt) = UnverifiedReceipt::parse(sealed) else {
                continue;
            };
            if builder.push(&receipt).is_ok_and(|taken| taken) {
                let text = TraceStepText {
                    kind: receipt.said().kind.to_string(),
                    says: says(&receipt),
                };
                texts.insert(seq, text);
            }
        }
    }
    let graph = builder.finish();
    if graph.is_empty() {
        return Err(Problem::missing(format!("log {log} has no such trace")));
    }
    let view = match around.and_then(|seq| graph.node_at(seq)) {
        Some(node) if graph.len() > SHOWN => graph.around(node, SHOWN),
        _ => graph.nodes().take(SHOWN).collect(),
    };
    let mut value = trace_value(&graph, &view, |seq| texts.get(&seq).cloned());
    if let Value::Object(fields) = &mut value {
        fields.insert("svg".into(), graph.svg(&view).into());
        fields.insert("cut".into(), cut.into());
    }
    Ok(value)
}
