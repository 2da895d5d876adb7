//! Whether the service is alive and can seal, and what it offers.

use super::{JSON, TEXT, answer};
use crate::Problem;
use crate::problem::store_kind;
use crate::shared::Shared;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// The longest that it waits for the store.
const MOST_WAIT: Duration = Duration::from_secs(3);

/// Bytes that are written to see whether it can be done: more than fits into what a file system
/// keeps of a file beside its blocks.
const PROBE: usize = 64 << 10;

/// Answers as long as the process does.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "health",
    responses((status = 200, description = "The process answers", body = String, content_type = "text/plain"))
)]
pub(crate) async fn alive() -> Response {
    answer(StatusCode::OK, TEXT, "ok\n")
}

/// Whether records can be sealed now.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "health",
    responses(
        (status = 200, description = "The disk of the store takes a file, and the last append did not fail for want of the store or of a key", body = String, content_type = "text/plain"),
        (status = 503, description = "Why nothing can be sealed now", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn ready(State(shared): State<Arc<Shared>>) -> Result<Response, Problem> {
    if shared.closing.load(Ordering::Relaxed) {
        return Err(Problem::later("the service is closing"));
    }
    if shared.intake.writer().ledger().stats().closed {
        return Err(Problem::later("the ledger is closed"));
    }
    let may = shared.holds.is_none() && !shared.lost.is_so();
    if let Some(log) = may.then(|| shared.readiness.next_to_attach()).flatten() {
        // It may wait for a key in a service; who asks next hears what came of it.
        let shared = Arc::clone(&shared);
        tokio::task::spawn_blocking(move || {
            let writer = shared.intake.writer();
            let tried = writer.attach(&log);
            if let Err(error) = &tried {
                let troubles = &shared.options.troubles;
                troubles.tell(&format!("log {log} takes nothing: {error}"));
            }
            // A log that was attached once and was lost since is not attached anew by that.
            let attached = writer.ledger().is_attached(&log);
            shared.readiness.tried(&log, tried.is_ok() && attached);
        });
    }
    let wait = MOST_WAIT.min(shared.options.timeout);
    let asked = Arc::clone(&shared);
    let unready = shared.readiness.unready(move || probe(&asked), wait);
    match unready.await {
        None => Ok(answer(StatusCode::OK, TEXT, "ready\n")),
        Some(why) => Err(Problem::later(why)),
    }
}

/// Asks the store, and writes something to its disk: that it was opened for writing says nothing of
/// whether there is room.
fn probe(shared: &Shared) -> Result<(), String> {
    // Anybody may ask, so what is named is for the operator alone.
    let told = |kind: &str, whole: String| {
        shared.options.troubles.tell(&format!("not ready: {whole}"));
        kind.to_owned()
    };
    let directory = shared.intake.writer().directory();
    let health = directory.store().health();
    let health = health.map_err(|error| told(store_kind(&error), error.to_string()))?;
    if !health.writable {
        return Err("the store is not writable".into());
    }
    written(directory.layout().root()).map_err(|error| {
        let root = directory.layout().root().display();
        told(
            "nothing can be written to the disk of the directory",
            format!("nothing can be written to the disk of {root}: {error}"),
        )
    })
}

/// Writes a file without a name.
fn written(folder: &Path) -> io::Result<()> {
    let mut file = tempfile::tempfile_in(folder)?;
    file.write_all(&[0; PROBE])?;
    file.sync_all()
}

/// This API: an OpenAPI 3.1 document, made from the code.
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "health",
    responses((status = 200, description = "The document", body = Object, content_type = "application/json"))
)]
pub(crate) async fn openapi() -> Response {
    answer(StatusCode::OK, JSON, crate::openapi::document())
}
