//! Which receipts of the list are wanted.

use crate::examine::State;
use crate::index::{Index, Row, kind_name};
use serde::Deserialize;

/// What a receipt has to be to stay in the list. Empty fields ask for nothing.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Filter {
    /// Its kind, as in the specification.
    pub kind: String,
    /// Whether only those that are not verified.
    pub open: bool,
    /// The lowest and the highest `seq`, in digits.
    pub from: String,
    /// See `from`.
    pub to: String,
    /// What its trace begins with.
    pub trace: String,
    /// What its session begins with.
    pub session: String,
    /// What its actor begins with.
    pub actor: String,
    /// What its tenant begins with.
    pub tenant: String,
    /// What it has in it: a text, upper and lower case of ASCII alike, or eight and more hexadecimal
    /// digits of a hash or digest.
    pub text: String,
}

/// A filter whose numbers were read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    filter: Filter,
    from: u64,
    to: Option<u64>,
    /// The text in lower case.
    text: String,
    /// The bytes that the text is in hexadecimal.
    bytes: Vec<u8>,
}

impl Wanted {
    /// Reads a filter.
    ///
    /// # Errors
    ///
    /// Which field is no number.
    pub(crate) fn new(filter: Filter) -> Result<Self, String> {
        let number = |name: &str, text: &str| match text.trim() {
            "" => Ok(None),
            text => text
                .parse::<u64>()
                .map(Some)
                .map_err(|_| format!("{name}: expected the number of a receipt, such as 17")),
        };
        Ok(Self {
            from: number("from", &filter.from)?.unwrap_or(0),
            to: number("to", &filter.to)?,
            text: filter.text.trim().to_ascii_lowercase(),
            bytes: bytes(filter.text.trim()),
            filter,
        })
    }

    /// Whether the receipts' own bytes have to be looked into.
    pub(crate) const fn needs_bytes(&self) -> bool {
        !self.text.is_empty()
    }

    /// Whether a row fits, its bytes left aside.
    pub(crate) fn fits(&self, index: &Index, row: &Row) -> bool {
        let filter = &self.filter;
        let begins = |name, wanted: &str| index.name(name).starts_with(wanted);
        row.seq >= self.from
            && self.to.is_none_or(|to| row.seq <= to)
            && (!filter.open || row.state != State::Verified)
            && (filter.kind.is_empty() || kind_name(row) == filter.kind)
            && begins(row.trace, &filter.trace)
            && begins(row.session, &filter.session)
            && begins(row.actor, &filter.actor)
            && begins(row.tenant, &filter.tenant)
    }

    /// Whether the text is in a row, or in its sealed bytes.
    pub(crate) fn is_in(&self, index: &Index, row: &Row, sealed: Option<&[u8]>) -> bool {
        let hash = row.hash.as_ref().map(|hash| hash.as_bytes());
        let has_bytes = |all: &[u8]| {
            let long = !self.bytes.is_empty();
            long && all.windows(self.bytes.len()).any(|part| part == self.bytes)
        };
        has(index.says(row).as_bytes(), self.text.as_bytes())
            || hash.is_some_and(|hash| has_bytes(hash))
            || sealed.is_some_and(|sealed| has(sealed, self.text.as_bytes()) || has_bytes(sealed))
    }
}

/// Whether `part`, in lower case, is in `all`. An empty one is everywhere.
fn has(all: &[u8], part: &[u8]) -> bool {
    part.is_empty()
        || all
            .windows(part.len())
            .any(|window| window.eq_ignore_ascii_case(part))
}

/// The bytes of eight and more hexadecimal digits, an odd one at the end left out; none of anything else.
fn bytes(text: &str) -> Vec<u8> {
    if text.len() < 8 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Vec::new();
    }
    let pairs = text.as_bytes().chunks_exact(2);
    pairs
        .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_bytes_where_they_are_many() {
        assert_eq!(bytes("00ff10Ab"), [0, 255, 16, 171]);
        assert_eq!(bytes("00ff10Ab7"), [0, 255, 16, 171]);
        assert!(bytes("00ff").is_empty() && bytes("00ff10Ag").is_empty());
    }

    #[test]
    fn case_is_of_no_matter_and_no_text_is_everywhere() {
        assert!(has(b"x Cancel_Order", b"cancel"));
        assert!(!has(b"cance", b"cancel"));
        assert!(has(b"", b""));
    }

    #[test]
    fn numbers_that_are_none_are_refused() {
        let filter = Filter {
            from: "x".into(),
            ..Filter::default()
        };
        assert!(Wanted::new(filter).is_err_and(|error| error.starts_with("from: ")));
        let filter = Filter {
            to: " 7 ".into(),
            ..Filter::default()
        };
        assert_eq!(Wanted::new(filter).map(|wanted| wanted.to), Ok(Some(7)));
    }
}
