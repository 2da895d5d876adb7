//! What reading a server found out beside the records themselves.

use std::fmt;
use std::time::Duration;

/// Characters of an example that are shown.
const SHOWN: usize = 120;

/// What was found beside the records that were handed on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Records handed on.
    pub records: u64,
    /// Where Redis says that each tenant's chain ends, by tenant. Empty for PostgreSQL.
    pub tips: Vec<Tip>,
    /// What else is to be known, by sort and tenant.
    pub remarks: Vec<Remark>,
    /// When records go away by themselves, if they do.
    pub expiry: Option<Expiry>,
}

impl Found {
    /// Whether the server itself shows that records are missing or could not be read: then nothing that
    /// was handed on is complete.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        self.remarks.iter().any(|remark| remark.kind.is_loss())
    }
}

/// The hash that Redis keeps as the last of a tenant's chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tip {
    /// Whose chain.
    pub tenant: String,
    /// The `receipt_hash` of its last receipt, as it stands there.
    pub hash: String,
    /// Whether a record of that tenant names this hash as its own. Where none does, the end is missing.
    pub held: bool,
}

/// Records that Redis will delete by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// How many of all records that were there, whatever their tenant.
    pub records: u64,
    /// Time until the first of them goes.
    pub soonest: Duration,
}

/// Sorts of remarks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RemarkKind {
    /// An index lists a receipt that is not there: it expired or was deleted. Examples are ids.
    Gone,
    /// A record was there first and gone when it was to be read. Examples are keys.
    Vanished,
    /// A key or row is there and holds no record: it is empty, or only white space. It is not handed on, and
    /// an index that lists it lists a receipt that is [`Gone`](Self::Gone). Examples are keys or ids.
    Blank,
    /// No record has the hash that is kept as a chain's end. Examples are hashes.
    EndMissing,
    /// A key holds another type than the library writes. Examples are keys.
    WrongType,
    /// A value is not UTF-8. Examples are keys.
    NotText,
    /// A value is longer than [`MAX_VALUE`](crate::MAX_VALUE). Examples are keys or ids.
    TooLong,
    /// The key or the row's columns say another tenant or id than the record. Examples are keys or ids.
    Misplaced,
    /// A record names a session or trace, and no index lists it. Examples are keys.
    Unlisted,
    /// A tenant has receipts, and no hash is kept as its chain's end. Examples are keys.
    NoTip,
    /// The user may not read the indexes that have a session's or trace's bare id for a key.
    IndexUnread,
}

impl RemarkKind {
    /// Whether it shows that a record is missing or could not be read.
    #[must_use]
    pub const fn is_loss(self) -> bool {
        match self {
            Self::Gone
            | Self::Vanished
            | Self::Blank
            | Self::EndMissing
            | Self::WrongType
            | Self::NotText
            | Self::TooLong => true,
            Self::Misplaced | Self::Unlisted | Self::NoTip | Self::IndexUnread => false,
        }
    }

    const fn says(self) -> &'static str {
        match self {
            Self::Gone => "listed in an index, but not there",
            Self::Vanished => "there at first, gone when it was to be read",
            Self::Blank => "there without a record in it",
            Self::EndMissing => "the chain ends in a hash that no record has",
            Self::WrongType => "of another type than the library writes",
            Self::NotText => "not UTF-8",
            Self::TooLong => "longer than 16 MiB",
            Self::Misplaced => "kept under another tenant or id than the record says",
            Self::Unlisted => "with a session or trace, but in no index",
            Self::NoTip => "receipts, but no kept end of their chain",
            Self::IndexUnread => "indexes under bare ids that this user may not read",
        }
    }
}

/// Things of one sort that are to be known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// Which sort.
    pub kind: RemarkKind,
    /// Whose they are, where that can be told.
    pub tenant: Option<String>,
    /// How many there are.
    pub count: u64,
    /// The first of them, at most 20, as the server has them: they may hold any characters.
    pub examples: Vec<String>,
}

impl fmt::Display for Remark {
    /// One line without control characters, such as
    /// `tenant "acme": listed in an index, but not there: 2, such as "r1", "r2"`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(tenant) = &self.tenant {
            write!(f, "tenant {}: ", Shown(tenant))?;
        }
        write!(f, "{}: {}", self.kind.says(), self.count)?;
        for (index, example) in self.examples.iter().take(3).enumerate() {
            let before = if index == 0 { ", such as " } else { ", " };
            write!(f, "{before}{}", Shown(example))?;
        }
        Ok(())
    }
}

/// A foreign text in quotes, escaped and cut.
struct Shown<'a>(&'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.chars();
        let head: String = rest.by_ref().take(SHOWN).collect();
        write!(f, "{head:?}")?;
        if rest.next().is_some() {
            f.write_str("…")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remark_is_one_line_whatever_it_tells_of() {
        let remark = Remark {
            kind: RemarkKind::Gone,
            tenant: Some("a\u{1b}[2J".into()),
            count: 5,
            examples: vec!["x\ny".into(), "z".repeat(500)],
        };
        let line = remark.to_string();
        assert!(line.chars().all(|c| !c.is_control()), "{line}");
        assert!(line.starts_with("tenant \"a\\u{1b}[2J\": listed"), "{line}");
        assert!(line.len() < 300, "{line}");
    }
}
