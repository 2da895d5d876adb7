//! Incidents, from opening to closing.

use super::append::{Takes, sealed};
use super::{At, OfLog};
use crate::Problem;
use crate::body::{json, no_form};
use crate::forms::{Appended, IncidentRecord};
use crate::shared::Caller;
use crate::token::Scope;
use crate::token_file::parse_time;
use ai_audit_agentic::{Incident, IncidentClass, IncidentStage};
use ai_audit_core::{LeafHash, ReceiptId, Timestamp};
use ai_audit_intake::IncidentDraft;
use axum::extract::Request;
use axum::response::Response;
use serde::de::DeserializeOwned;

/// Seals what is said of an incident: that it is opened, more of it, that it was reported, its end.
///
/// With an `id`, a UUIDv7, it can be sent again.
#[utoipa::path(
    post,
    path = "/v1/logs/{log}/incidents",
    tag = "append",
    params(OfLog),
    request_body(content = IncidentRecord, content_type = "application/json"),
    responses(
        (status = 200, description = "It was in the log already", body = Appended),
        (status = 201, description = "Durably in the log", body = Appended),
        (status = 409, description = "Its id is there with another body", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "Nothing was sealed, or it cannot be said", body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = []))
)]
pub(crate) async fn incidents(
    caller: Caller,
    At(log): At<String>,
    request: Request,
) -> Result<Response, Problem> {
    caller.may(Scope::Append)?;
    let body = json(&caller, request).await?;
    let record: IncidentRecord = serde_json::from_slice(&body).map_err(|error| no_form(&error))?;
    let draft = draft(record)?;
    sealed(&caller, log, Takes::Long, move |intake, log| {
        Ok(intake.take_incident(log, &draft)?)
    })
    .await
}

fn draft(record: IncidentRecord) -> Result<IncidentDraft<'static>, Problem> {
    let hash = |text: &String, field: &str| {
        text.parse::<LeafHash>()
            .map_err(|_| wrong(field, "a receipt's hash of 64 hexadecimal digits"))
    };
    let time = |text: Option<String>, field: &str| -> Result<Option<Timestamp>, Problem> {
        let parse = |text: String| {
            parse_time(&text).ok_or_else(|| wrong(field, "a time such as 2026-11-24T09:30:00Z"))
        };
        text.map(parse).transpose()
    };
    let class = match record.class {
        None => IncidentClass::Unclassified,
        Some(name) => named(&name)
            .filter(|class| *class != IncidentClass::Unclassified)
            .ok_or_else(|| wrong("class", "not_serious, serious, death or widespread"))?,
    };
    let stage: Option<IncidentStage> = named(&record.stage);
    let receipts = record.receipts.iter();
    let receipts = receipts.map(|text| hash(text, "receipts"));
    let id = record.id.as_deref().map(|text| {
        let id: Option<ReceiptId> = text.parse().ok();
        id.filter(|id| id.is_v7())
            .ok_or_else(|| wrong("id", "a UUIDv7"))
    });
    let opening = record.incident.as_ref();
    Ok(IncidentDraft {
        incident: Incident {
            occurred_at: time(record.occurred_at, "occurred_at")?,
            stage: stage.ok_or_else(|| wrong("stage", "opened, updated, reported or closed"))?,
            class,
            incident: opening.map(|text| hash(text, "incident")).transpose()?,
            aware_at: time(record.aware_at, "aware_at")?,
            category: record.category.into(),
            authority: record.authority.into(),
            reference: record.reference.into(),
            reported_at: time(record.reported_at, "reported_at")?,
            receipts: receipts.collect::<Result<_, _>>()?,
            ..Incident::new()
        },
        description: record.description,
        actor: record.actor,
        id: id.transpose()?,
    })
}

/// A variant by its name.
fn named<T: DeserializeOwned>(name: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(name.into())).ok()
}

fn wrong(field: &str, expected: &str) -> Problem {
    Problem::bad(format!("field `{field}`: expected {expected}"))
}
