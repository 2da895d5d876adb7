//! States, one JSON object a line.

use crate::failure::usage;
use crate::output::shown_path;
use ai_audit_contracts::{MAX_STATE, State};
use anyhow::{Context as _, anyhow};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::Path;

/// Reads a file, or standard input, line by line.
pub(super) struct States {
    source: Box<dyn BufRead>,
    shown: String,
    line: u64,
}

/// One state with its text and its place.
pub(super) struct Placed {
    pub(super) state: State,
    pub(super) text: String,
    pub(super) place: String,
}

impl States {
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        if path.as_os_str() == "-" {
            return Ok(Self {
                source: Box::new(io::stdin().lock()),
                shown: "standard input".into(),
                line: 0,
            });
        }
        let shown = shown_path(path);
        let cannot = |error: io::Error| usage(format!("{shown}: {error}"));
        let file = File::open(path).map_err(cannot)?;
        if file.metadata().map_err(cannot)?.is_dir() {
            return Err(usage(format!("{shown} is a directory")));
        }
        Ok(Self {
            source: Box::new(BufReader::new(file)),
            shown,
            line: 0,
        })
    }

    /// The next state; lines without anything are passed over.
    pub(super) fn next(&mut self) -> anyhow::Result<Option<Placed>> {
        loop {
            let mut bytes = Vec::new();
            // One more than the longest with its end of line: what is cut is too long.
            let most = MAX_STATE as u64 + 2;
            let read = (&mut self.source).take(most).read_until(b'\n', &mut bytes);
            if read.with_context(|| self.shown.clone())? == 0 {
                return Ok(None);
            }
            self.line += 1;
            let place = format!("{}, line {}", self.shown, self.line);
            let text = String::from_utf8(bytes)
                .map_err(|_| anyhow!("{place}: expected a text in UTF-8"))?;
            let text = text.strip_suffix('\n').unwrap_or(&text);
            // As editors put it before the first line.
            let text = text.strip_prefix('\u{feff}').unwrap_or(text);
            if text.trim().is_empty() {
                continue;
            }
            let state = State::parse(text).map_err(|error| anyhow!("{place}: {error}"))?;
            return Ok(Some(Placed {
                state,
                text: text.into(),
                place,
            }));
        }
    }
}
