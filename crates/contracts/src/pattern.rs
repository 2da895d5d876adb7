//! Patterns of `matches`: in linear time where they can be, else with bounded backtracking.

use regex::RegexBuilder;

/// Memory of a compiled pattern, in bytes.
const MEMORY: usize = 1 << 20;
/// Steps back that a match may take; beyond it there is none, and the rule is broken.
const STEPS: usize = 100_000;

/// A pattern that was read.
#[derive(Debug, Clone)]
pub(crate) enum Pattern {
    Linear(regex::Regex),
    /// With look-around or back-references, as files of other tools have them.
    Bounded(Box<fancy_regex::Regex>),
}

impl Pattern {
    /// Reads a pattern.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let linear = RegexBuilder::new(text)
            .size_limit(MEMORY)
            .dfa_size_limit(MEMORY)
            .build();
        let error = match linear {
            Ok(pattern) => return Ok(Self::Linear(pattern)),
            Err(error) => error,
        };
        if matches!(error, regex::Error::Syntax(_)) {
            let bounded = fancy_regex::RegexBuilder::new(text)
                .backtrack_limit(STEPS)
                .delegate_size_limit(MEMORY)
                .delegate_dfa_size_limit(MEMORY)
                .build();
            match bounded {
                Ok(pattern) => return Ok(Self::Bounded(Box::new(pattern))),
                // What the other does not know at all is wrong for this one, too.
                Err(wrong) if error.to_string().contains("not supported") => {
                    return Err(wrong.to_string());
                }
                Err(_) => {}
            }
        }
        let error = error.to_string();
        let reason = error.lines().last().unwrap_or_default();
        Err(reason.strip_prefix("error: ").unwrap_or(reason).to_owned())
    }

    /// Whether a piece of the text matches. One that takes too many steps matches not.
    pub(crate) fn is_match(&self, text: &str) -> bool {
        match self {
            Self::Linear(pattern) => pattern.is_match(text),
            Self::Bounded(pattern) => pattern.is_match(text).unwrap_or(false),
        }
    }
}
