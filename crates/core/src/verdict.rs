//! The verdict: five questions, each with an answer of its own.

use crate::Text;
use core::fmt;
use serde::Serialize;

/// The answer to one question of a verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Status {
    /// It was checked and holds.
    Verified,
    /// It was checked and does not hold.
    Failed {
        /// What does not hold: field and reason.
        reason: Text<'static>,
        /// The `seq` of the first receipt that shows it, where it is one.
        #[serde(skip_serializing_if = "Option::is_none")]
        receipt: Option<u64>,
    },
    /// It could not be checked with what the verifier had.
    Unverified {
        /// What is missing.
        why: Text<'static>,
    },
    /// The question does not arise.
    NotApplicable,
}

impl Status {
    /// A failure without a receipt.
    #[must_use]
    pub fn failed(reason: impl Into<Text<'static>>) -> Self {
        Self::Failed {
            reason: reason.into(),
            receipt: None,
        }
    }

    /// A failure at a receipt.
    #[must_use]
    pub fn failed_at(receipt: u64, reason: impl Into<Text<'static>>) -> Self {
        Self::Failed {
            reason: reason.into(),
            receipt: Some(receipt),
        }
    }

    /// Something that could not be checked.
    #[must_use]
    pub fn unverified(why: impl Into<Text<'static>>) -> Self {
        Self::Unverified { why: why.into() }
    }

    /// Whether it was checked and holds.
    #[must_use]
    pub const fn is_verified(&self) -> bool {
        matches!(self, Self::Verified)
    }

    /// Whether it was checked and does not hold.
    #[must_use]
    pub const fn is_failed(&self) -> bool {
        matches!(self, Self::Failed { .. })
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Verified => f.write_str("verified"),
            Self::Failed {
                reason,
                receipt: Some(seq),
            } => {
                write!(f, "FAILED at receipt {seq}: {reason}")
            }
            Self::Failed {
                reason,
                receipt: None,
            } => write!(f, "FAILED: {reason}"),
            Self::Unverified { why } => write!(f, "unverified: {why}"),
            Self::NotApplicable => f.write_str("not applicable"),
        }
    }
}

/// The typed outcome of a verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Are these the bytes that were sealed, in this order, with none missing between the first
    /// and the last?
    pub integrity: Status,
    /// Was every receipt signed by the key that was valid for it, starting from the pinned key?
    pub attribution: Status,
    /// Is everything there, from the genesis to a size that the verifier brought?
    pub completeness: Status,
    /// Is the time of the receipts bounded by somebody other than their writer?
    pub time: Status,
    /// Which fields were erased, and is what should be gone gone?
    pub erasure: Status,
}

/// One of the five questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Question {
    /// [`Verdict::integrity`]
    Integrity,
    /// [`Verdict::attribution`]
    Attribution,
    /// [`Verdict::completeness`]
    Completeness,
    /// [`Verdict::time`]
    Time,
    /// [`Verdict::erasure`]
    Erasure,
}

impl Question {
    /// All five, in the order in which they are reported.
    pub const ALL: [Self; 5] = [
        Self::Integrity,
        Self::Attribution,
        Self::Completeness,
        Self::Time,
        Self::Erasure,
    ];
    /// Those that are asked unless somebody says otherwise.
    pub const DEFAULT: [Self; 3] = [Self::Integrity, Self::Attribution, Self::Completeness];

    /// The name, as in the JSON form.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Integrity => "integrity",
            Self::Attribution => "attribution",
            Self::Completeness => "completeness",
            Self::Time => "time",
            Self::Erasure => "erasure",
        }
    }
}

/// What a verification comes to; the number is the command line's exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All questions that were asked are verified.
    Verified = 0,
    /// Something failed.
    Failed = 1,
    /// Nothing failed, but something that was asked is unverified.
    Unverified = 3,
}

impl Exit {
    /// The exit code.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Verified => 0,
            Self::Failed => 1,
            Self::Unverified => 3,
        }
    }
}

impl Verdict {
    /// The answer to one question.
    #[must_use]
    pub const fn answer(&self, question: Question) -> &Status {
        match question {
            Question::Integrity => &self.integrity,
            Question::Attribution => &self.attribution,
            Question::Completeness => &self.completeness,
            Question::Time => &self.time,
            Question::Erasure => &self.erasure,
        }
    }

    /// What it comes to when these questions were asked. A failure counts even where its question
    /// was not asked.
    #[must_use]
    pub fn exit(&self, asked: &[Question]) -> Exit {
        if Question::ALL
            .iter()
            .any(|question| self.answer(*question).is_failed())
        {
            return Exit::Failed;
        }
        let open =
            |question: &Question| matches!(self.answer(*question), Status::Unverified { .. });
        if asked.iter().any(open) {
            Exit::Unverified
        } else {
            Exit::Verified
        }
    }
}
