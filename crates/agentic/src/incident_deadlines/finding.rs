//! What is odd about a receipt of an incident.

use crate::{IncidentClass, IncidentStage};
use ai_audit_core::{LeafHash, Timestamp};
use core::fmt;

/// Something odd about a receipt of an incident. It refutes nothing and is worth a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentFinding {
    /// `seq` of the receipt.
    pub receipt: u64,
    /// `seq` of the receipt that opened the incident, where it is known.
    pub opened: Option<u64>,
    /// What the receipt does.
    pub stage: IncidentStage,
    /// What is odd.
    pub problem: IncidentProblem,
}

/// What is odd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IncidentProblem {
    /// No receipt before it opened this incident. Told once for each incident.
    NotOpened {
        /// The hash that it names.
        incident: LeafHash,
    },
    /// The incident was closed before.
    AfterClosing {
        /// `seq` of the receipt that closed it.
        closed: u64,
    },
    /// A class was told before that is stricter. That one stands.
    ClassLowered {
        /// The strictest so far.
        from: IncidentClass,
        /// What this receipt says.
        to: IncidentClass,
    },
    /// An earlier awareness was told before. That one stands.
    AwarenessPutOff {
        /// The earliest so far.
        from: Timestamp,
        /// What this receipt says.
        to: Timestamp,
    },
    /// A time that had not come when the receipt was sealed.
    AheadOfSealing {
        /// The field.
        field: &'static str,
        /// The time in it.
        told: Timestamp,
        /// When the receipt was sealed.
        sealed_at: Timestamp,
    },
    /// A report that is said to have been in time was recorded after the deadline, and the log shows no
    /// other in time.
    RecordedLate {
        /// When it is said to have been reported.
        reported_at: Timestamp,
        /// When the receipt was sealed.
        sealed_at: Timestamp,
        /// By when it had to be reported.
        deadline: Timestamp,
    },
}

impl fmt::Display for IncidentFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "receipt {} ", self.receipt)?;
        let does = match self.stage {
            IncidentStage::Opened => "opens",
            IncidentStage::Updated => "updates",
            IncidentStage::Reported => "reports",
            IncidentStage::Closed => "closes",
        };
        if let IncidentProblem::NotOpened { incident } = self.problem {
            return write!(
                f,
                "{does} incident {incident}, which no receipt here before it opened: it is left out, \
                 deleted, or never was"
            );
        }
        match self.opened {
            Some(opened) if opened != self.receipt => {
                write!(f, "{does} the incident of receipt {opened} ")?;
            }
            _ => write!(f, "{does} an incident ")?,
        }
        match &self.problem {
            IncidentProblem::NotOpened { .. } => Ok(()),
            IncidentProblem::AfterClosing { closed } => {
                write!(f, "after receipt {closed} closed it")
            }
            IncidentProblem::ClassLowered { from, to } => write!(
                f,
                "and lowers its class from {from} to {to}; the strictest that was told stands"
            ),
            IncidentProblem::AwarenessPutOff { from, to } => write!(
                f,
                "and puts the awareness of it off from {from} to {to}; the earliest that was told stands"
            ),
            IncidentProblem::AheadOfSealing {
                field,
                told,
                sealed_at,
            } => write!(
                f,
                "with {field} {told}, which had not come when it was sealed, at {sealed_at}"
            ),
            IncidentProblem::RecordedLate {
                reported_at,
                sealed_at,
                deadline,
            } => write!(
                f,
                "as of {reported_at}; it was sealed at {sealed_at}, after the deadline, {deadline}"
            ),
        }
    }
}
