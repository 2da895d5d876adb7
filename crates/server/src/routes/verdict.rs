//! The keeper's own verdict.

use super::{At, Effort, JSON, OfLog, from_log};
use crate::Problem;
use crate::body::text;
use crate::forms::MadeVerdict;
use crate::shared::Caller;
use crate::token::Scope;
use ai_audit_core::{Question, Status};
use ai_audit_store::{Clock as _, SystemClock};
use ai_audit_verify::{Pin, Report, TrustPolicy};
use axum::http::Uri;
use axum::response::Response;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// As `ai-audit verify --json` has it.
#[derive(Serialize)]
struct Verdict {
    log: String,
    kind: &'static str,
    #[serde(flatten)]
    report: Report,
    exit: u8,
}

/// The report of a whole verification.
///
/// It is the keeper's own, with the keeper's own pin: who does not trust him takes the package, and the
/// key line that he was given. The whole log is read each time, and nothing is taken over from the time
/// before. One verdict is made at a time.
#[utoipa::path(
    get,
    path = "/v1/logs/{log}/verdict",
    tag = "read",
    params(OfLog),
    responses(
        (status = 200, description = "The report, whatever it says", body = Object),
        (status = "default", description = "Why there is no answer", body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = []))
)]
pub(crate) async fn verdict(
    caller: Caller,
    At(log): At<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    let asked = (Scope::Read, Effort::Verdict);
    let shared = Arc::clone(&caller.shared);
    let telemetry = caller.shared.options.telemetry.clone();
    from_log(caller, asked, (log, uri), JSON, move |intake, log| {
        let directory = intake.beside()?;
        let policy = TrustPolicy::new().pin(Pin::Log(directory.key_line(log)?));
        let report = directory.observe_without_keys(log, &policy, &mut ())?;
        if let Some(telemetry) = telemetry
            && matches!(report.verdict.integrity, Status::Failed { .. })
        {
            telemetry.broken(log);
        }
        let exit = report.exit(&Question::DEFAULT).code();
        let made = MadeVerdict {
            made_at: SystemClock.now().to_string(),
            receipts: report.receipts,
            exit,
            answers: answers(&report),
        };
        shared.watches.judged(log, made);
        Ok(text(&Verdict {
            log: log.to_string(),
            kind: "log",
            report,
            exit,
        }))
    })
    .await
}

/// Each question, and the status of its answer.
fn answers(report: &Report) -> BTreeMap<String, String> {
    let verdict = serde_json::to_value(&report.verdict).unwrap_or_default();
    let questions = verdict.as_object().into_iter().flatten();
    let answers = questions.filter_map(|(name, answer)| {
        let status = answer.get("status")?.as_str()?;
        Some((name.clone(), status.to_owned()))
    });
    answers.collect()
}
