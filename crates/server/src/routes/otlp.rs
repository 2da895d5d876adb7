//! Spans of OpenTelemetry: sealed when they are durable, and once however often they are sent.

use super::append::{Takes, durable};
use super::{At, Effort, JSON, OfLog, answer, from_log};
use crate::Problem;
use crate::body::{bytes, text};
use crate::left_out::LeftOutAnswer;
use crate::shared::Caller;
use crate::token::Scope;
use ai_audit_intake::{Intake, TakenSpans};
use ai_audit_otlp::{Encoding, Error, MAX_BYTES, decode};
use ai_audit_store::LogName;
use axum::body::Bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::Response;
use std::io::Read as _;
use std::sync::Arc;

/// Seals what spans become.
///
/// An OTLP export of traces, protobuf or JSON, plain or compressed with gzip. Point an exporter's
/// endpoint at `/v1/logs/{log}/otlp`. What the same span became before is not sealed again.
#[utoipa::path(
    post,
    path = "/v1/logs/{log}/otlp/v1/traces",
    tag = "append",
    params(OfLog),
    request_body(content = Object, content_type = "application/json", description = "ExportTraceServiceRequest, or as application/x-protobuf"),
    responses(
        (status = 200, description = "ExportTraceServiceResponse: durably in the log, but for spans it says were refused", body = Object),
        (status = "default", description = "Nothing was sealed, or it cannot be said", body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = []))
)]
pub(crate) async fn export(
    caller: Caller,
    At(log): At<String>,
    request: Request,
) -> Result<Response, Problem> {
    sealed(caller, log, request).await
}

/// Seals what spans become, in the default log.
///
/// The same at the address that exporters know.
#[utoipa::path(
    post,
    path = "/v1/traces",
    tag = "append",
    request_body(content = Object, content_type = "application/json", description = "ExportTraceServiceRequest, or as application/x-protobuf"),
    responses(
        (status = 200, description = "ExportTraceServiceResponse: durably in the log, but for spans it says were refused", body = Object),
        (status = "default", description = "Nothing was sealed, or it cannot be said", body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = []))
)]
pub(crate) async fn export_to_default(
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    sealed(caller, LogName::default().to_string(), request).await
}

/// What of spans became nothing.
///
/// By reason and name, since the service was started.
#[utoipa::path(
    get,
    path = "/v1/logs/{log}/otlp",
    tag = "read",
    params(OfLog),
    responses(
        (status = 200, description = "The counts", body = LeftOutAnswer),
        (status = "default", description = "Why there is no answer", body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = []))
)]
pub(crate) async fn left_out(
    caller: Caller,
    At(log): At<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    let shared = Arc::clone(&caller.shared);
    let asked = (Scope::Read, Effort::Small);
    from_log(caller, asked, (log, uri), JSON, move |_, log| {
        Ok(text(&shared.left_out.of(log)))
    })
    .await
}

async fn sealed(caller: Caller, log: String, request: Request) -> Result<Response, Problem> {
    caller.may(Scope::Append)?;
    let kind = content_type(request.headers())?;
    let compressed = is_compressed(request.headers())?;
    let body = bytes(&caller, request).await?;
    let take = move |intake: &Intake, log: &LogName| {
        let body = match compressed {
            true => Bytes::from(inflated(&body)?),
            false => body.clone(),
        };
        let spans = decode(&kind, &body).map_err(refusal)?;
        let TakenSpans {
            taken,
            counts,
            response,
        } = intake.take_spans(log, &spans)?;
        let said = (
            log.clone(),
            spans.encoding(),
            spans.spans(),
            counts,
            response,
        );
        Ok((taken, said))
    };
    let (_, said) = durable(&caller, log, Takes::Long, take).await?;
    let (log, encoding, spans, counts, response) = said;
    let left_out = &caller.shared.left_out;
    left_out.add(&log, spans, response.rejected(), &counts);
    Ok(answer(
        StatusCode::OK,
        encoding.content_type(),
        response.body(),
    ))
}

/// No web page can send either of these unasked.
fn content_type(headers: &HeaderMap) -> Result<String, Problem> {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    match Encoding::of(kind) {
        Some(_) => Ok(kind.to_owned()),
        None => Err(refusal(Error::ContentType(kind.chars().take(64).collect()))),
    }
}

fn is_compressed(headers: &HeaderMap) -> Result<bool, Problem> {
    let coding = headers.get(header::CONTENT_ENCODING);
    let coding = coding.map(|coding| coding.to_str().unwrap_or("?"));
    match coding {
        None | Some("identity") => Ok(false),
        Some(coding) if coding.eq_ignore_ascii_case("gzip") => Ok(true),
        Some(_) => Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "expected a body without a Content-Encoding, or with gzip",
        )),
    }
}

/// A compressed body, as long as a request may be and no longer, whatever it would become.
fn inflated(body: &[u8]) -> Result<Vec<u8>, Problem> {
    let mut out = Vec::new();
    let limit = MAX_BYTES as u64 + 1;
    flate2::read::MultiGzDecoder::new(body)
        .take(limit)
        .read_to_end(&mut out)
        .map_err(|error| Problem::bad(format!("no gzip: {error}")))?;
    Ok(out)
}

fn refusal(error: Error) -> Problem {
    let status = match &error {
        Error::ContentType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Error::TooLong(_) | Error::TooMany { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        _ => StatusCode::BAD_REQUEST,
    };
    Problem::new(status, error.to_string())
}
