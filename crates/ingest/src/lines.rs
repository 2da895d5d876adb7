//! Lines of JSON Lines input, with the place of each.

use crate::error::{IngestError, Problem};
use crate::source::{Line, Source};
use std::io::BufRead;

/// The longest line, in bytes.
const MAX_LINE: usize = 8 << 20;

/// Reads lines one by one. Empty lines are passed over.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    source: Source<R>,
    line: u64,
    ended: bool,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self {
            source: Source::new(reader),
            line: 0,
            ended: false,
        }
    }

    /// What `take` makes of the next line, and the line's place; `None` at the end. After an error
    /// that is not fatal the next call goes on with the next line.
    pub(crate) fn next<T>(
        &mut self,
        take: impl FnOnce(&[u8]) -> Result<T, Problem>,
    ) -> Option<Result<(String, T), IngestError>> {
        while !self.ended {
            self.line += 1;
            let place = format!("line {}", self.line);
            let range = match self.source.line(MAX_LINE) {
                Ok(Line::Here(range)) => range,
                Ok(Line::TooLong) => {
                    let problem =
                        Problem::new(format!("too long; expected at most {MAX_LINE} bytes"));
                    return Some(Err(problem.at(place)));
                }
                Ok(Line::End) => {
                    self.ended = true;
                    return None;
                }
                Err(error) => {
                    self.ended = true;
                    return Some(Err(IngestError::from_io(place, &error)));
                }
            };
            let bytes = self.source.bytes(range);
            if bytes.iter().all(|byte| crate::source::is_space(*byte)) {
                continue;
            }
            return Some(match take(bytes) {
                Ok(taken) => Ok((place, taken)),
                Err(problem) => Err(problem.at(place)),
            });
        }
        None
    }
}
