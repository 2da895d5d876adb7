//! The patterns that a policy brings: checked when it is read, searched line by line.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use regex::bytes::{Regex, RegexBuilder};

use crate::candidate::{Candidate, sure};
use crate::policy::MAX_PATTERN;

/// The largest compiled pattern, in bytes.
const MAX_COMPILED: usize = 1 << 20;

/// Compiles a pattern that may stand in a policy.
pub(crate) fn compile(pattern: &str) -> Result<Regex, String> {
    if pattern.len() > MAX_PATTERN {
        return Err(format!(
            "it has {} bytes; at most {MAX_PATTERN} are allowed",
            pattern.len()
        ));
    }
    // Parsed for text, so that no match can end inside of a character.
    let parsed = regex_syntax::ParserBuilder::new()
        .nest_limit(100)
        .build()
        .parse(pattern)
        .map_err(|error| reason(&error.to_string()))?;
    if parsed
        .properties()
        .minimum_len()
        .is_none_or(|least| least == 0)
    {
        return Err("it can match the empty text; make some part of it obligatory".into());
    }
    RegexBuilder::new(pattern)
        .size_limit(MAX_COMPILED)
        .nest_limit(100)
        .build()
        .map_err(|error| reason(&error.to_string()))
}

/// The last line of the message, which is what the parser has to say; those before show the place.
fn reason(message: &str) -> String {
    let last = message.lines().last().unwrap_or(message).trim();
    let last = last.strip_prefix("error: ").unwrap_or(last);
    last.trim_end_matches('.').into()
}

/// Finds all matches of the patterns, none of which crosses a line end.
pub(crate) fn scan(text: &[u8], patterns: &[(u8, Regex)], out: &mut Vec<Candidate>) {
    let mut start = 0;
    loop {
        let end = memchr::memchr2(b'\n', b'\r', &text[start..]).map_or(text.len(), |at| start + at);
        for (rank, pattern) in patterns {
            out.extend(
                pattern
                    .find_iter(&text[start..end])
                    .filter(|found| !found.is_empty())
                    .map(|found| Candidate {
                        start: start + found.start(),
                        end: start + found.end(),
                        rank: *rank,
                        confidence: sure::FORM,
                    }),
            );
        }
        if end == text.len() {
            return;
        }
        start = end + 1;
    }
}
