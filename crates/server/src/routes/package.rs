//! Packages: made whole, then streamed.

use super::{At, OfLog, answer};
use crate::Problem;
use crate::query::Query;
use crate::shared::Caller;
use crate::token::Scope;
use ai_audit_core::Head;
use ai_audit_directory::{DirectoryLog, LogDirectory};
use ai_audit_export::{ExportError, PackageOptions, Selection, write_package};
use ai_audit_listen::{Patience, given_up};
use ai_audit_note::Checkpoint;
use ai_audit_store::LogName;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use futures_util::stream::try_unfold;
use std::fs::File;
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom};
use std::time::{Duration, Instant};
use tokio::sync::OwnedSemaphorePermit;

const ZIP: &str = "application/zip";
/// Bytes that are read at once.
const CHUNK: usize = 128 << 10;

/// A package of a log: receipts, checkpoint and proofs in one ZIP file, which anybody can verify.
///
/// As of one checkpoint, which is made now. It begins to come when it is whole.
#[utoipa::path(
    get,
    path = "/v1/logs/{log}/package",
    tag = "read",
    params(
        OfLog,
        ("trace" = Option<String>, Query, description = "Receipts of this trace alone"),
        ("session" = Option<String>, Query, description = "Receipts of this session alone"),
        ("from" = Option<u64>, Query, description = "Receipts from this `seq` on"),
        ("to" = Option<u64>, Query, description = "Receipts up to this `seq`"),
    ),
    responses(
        (status = 200, description = "The package", body = Vec<u8>, content_type = "application/zip"),
        (status = "default", description = "Why there is no answer", body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = []))
)]
pub(crate) async fn package(
    caller: Caller,
    At(log): At<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    caller.may(Scope::Read)?;
    let mut query = Query::of(&uri, &["trace", "session", "from", "to"])?;
    let wanted = Wanted {
        trace: query.text("trace")?,
        session: query.text("session")?,
        from: query.parsed("from", "a receipt's seq")?,
        to: query.parsed("to", "a receipt's seq")?,
    };
    wanted.are_one()?;
    let place = caller.download()?;
    let made = caller.heavy(move |caller| {
        let log = caller.log(Scope::Read, &log)?;
        // With its place: it is made to the end, and takes room, also where the client is gone.
        Ok((make(caller, &log, &wanted)?, place))
    });
    let ((file, len), place) = made.await?;
    let patience = caller.shared.patience();
    let mut response = answer(StatusCode::OK, ZIP, stream(patience, file, place));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(len));
    let name = HeaderValue::from_static("attachment; filename=\"package.zip\"");
    headers.insert(header::CONTENT_DISPOSITION, name);
    Ok(response)
}

/// What a package is made of.
struct Wanted {
    trace: Option<String>,
    session: Option<String>,
    from: Option<u64>,
    to: Option<u64>,
}

impl Wanted {
    fn are_one(&self) -> Result<(), Problem> {
        let range = self.from.is_some() || self.to.is_some();
        let asked = [self.trace.is_some(), self.session.is_some(), range];
        match asked.iter().filter(|asked| **asked).count() {
            0 | 1 => Ok(()),
            _ => Err(Problem::bad(
                "expected one of `trace`, `session`, and `from` with `to`",
            )),
        }
    }

    /// Within what the log has: the package says it, and so it should be no more.
    fn selection(&self, head: Head) -> Result<Selection, Problem> {
        if let Some(trace) = &self.trace {
            return Ok(Selection::Trace(trace.clone()));
        }
        if let Some(session) = &self.session {
            return Ok(Selection::Session(session.clone()));
        }
        if self.from.is_none() && self.to.is_none() {
            return Ok(Selection::All);
        }
        let last = head.size().saturating_sub(1);
        let (from, to) = (self.from.unwrap_or(0), self.to.unwrap_or(last).min(last));
        if from > to {
            return Err(Problem::bad(format!(
                "parameters `from` and `to`: expected receipts of the log, which has 0 to {last}"
            )));
        }
        Ok(Selection::Range { from, to })
    }
}

/// Writes a package into a file that has no name, on the disk of the directory, and gives its length.
fn make(caller: &Caller, log: &LogName, wanted: &Wanted) -> Result<(File, u64), Problem> {
    let reading = caller.shared.intake.reading();
    let root = reading.layout().root();
    // On a connection of its own: others read while this goes on.
    let directory = LogDirectory::open(root, reading.settings().clone())?;
    let selection = wanted.selection(directory.head(log)?)?;
    let failed =
        |error: &dyn core::fmt::Display| Problem::trouble("the package cannot be made now", error);
    let mut file = tempfile::tempfile_in(root).map_err(|error| failed(&error))?;
    let note = directory.make_checkpoint(log)?;
    let checkpoint = Checkpoint::parse(note.text()).map_err(|error| failed(&error))?;
    let options = PackageOptions {
        selection,
        json_view: true,
        ciphertexts: false,
        timestamp: None,
        reports: None,
    };
    let written = write_package(
        BufWriter::new(&file),
        &DirectoryLog::new(&directory, log.clone()),
        &note,
        &directory.older_checkpoints(log, checkpoint.size)?,
        &directory.checkpoint_key(log)?,
        &options,
        |_, _| {},
    );
    written.map_err(|error| match error {
        ExportError::Nothing { .. } => Problem::missing(error.to_string()),
        other => failed(&other),
    })?;
    let len = file
        .seek(SeekFrom::End(0))
        .map_err(|error| failed(&error))?;
    file.rewind().map_err(|error| failed(&error))?;
    Ok((file, len))
}

/// A package that is being taken.
struct Taking {
    file: File,
    patience: Patience,
    /// Bytes of it that were given away.
    given: u64,
    /// How long it waited until they were taken.
    waited: Duration,
    /// When the last of them were given.
    since: Instant,
    _place: OwnedSemaphorePermit,
}

impl Taking {
    /// The next part of it, or nothing where it is over.
    async fn next(mut self) -> io::Result<Option<(Bytes, Self)>> {
        self.waited += self.since.elapsed();
        if self.waited > self.patience.time_for(self.given) {
            return Err(given_up());
        }
        // No thread waits for the client.
        let read = tokio::task::spawn_blocking(move || {
            let mut chunk = Vec::with_capacity(CHUNK);
            let mut some = (&mut self.file).take(CHUNK as u64);
            some.read_to_end(&mut chunk)?;
            Ok((Bytes::from(chunk), self))
        });
        let (chunk, mut taking) = read.await.map_err(io::Error::other).flatten()?;
        if chunk.is_empty() {
            return Ok(None);
        }
        taking.given += chunk.len() as u64;
        taking.since = Instant::now();
        Ok(Some((chunk, taking)))
    }
}

/// A file as a body. Whoever takes too little of it is given up: here, or by its connection where it
/// takes nothing and nothing more is asked for.
fn stream(patience: Patience, file: File, place: OwnedSemaphorePermit) -> Body {
    let taking = Taking {
        file,
        patience,
        given: 0,
        waited: Duration::ZERO,
        since: Instant::now(),
        _place: place,
    };
    Body::from_stream(try_unfold(taking, Taking::next))
}
