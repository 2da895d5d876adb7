//! When incidents had to be reported, and when they were (EU AI Act, Art. 73).

mod finding;
mod timeline;

use crate::open::shortened;
use crate::{Incident, IncidentClass, IncidentStage};
use ai_audit_core::{
    DecodeBody, DecodeError, Header, Kind, LeafHash, Timestamp, UnverifiedReceipt,
};
use alloc::collections::BTreeMap;
use alloc::collections::btree_map::Entry;
use alloc::string::String;
use alloc::vec::Vec;

pub use finding::{IncidentFinding, IncidentProblem};
pub use timeline::{IncidentReported, IncidentState, IncidentTimeline};

/// The most incidents that are followed: receipts may be an enemy's.
pub const MAX_INCIDENTS: usize = 1 << 16;
/// The most receipts of one incident that are named; further ones are counted.
pub const MAX_INCIDENT_RECEIPTS: usize = 32;

/// Follows a log's receipts and knows, for each incident, by when it had to be reported.
///
/// What was told once stands: the strictest class, the earliest awareness. A later receipt cannot
/// move a deadline back; one that tries is told of by [`push`](Self::push). An incident whose opening
/// receipt is not among the receipts is followed all the same, by the hash that the others name.
///
/// Memory is bounded: at most [`MAX_INCIDENTS`] are followed, and texts are cut as those of
/// [`OpenIntents`](crate::OpenIntents).
///
/// ```
/// use ai_audit_agentic::{Incident, IncidentClass, IncidentDeadlines, IncidentState};
/// # use ai_audit_core::{Draft, Genesis, Head, ReceiptId, SigningKey, Timestamp, UnverifiedReceipt};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let keys = [1, 2, 3].map(|n| SigningKey::from_bytes(&[n; 32]));
/// # let [a, b, c] = [0, 1, 2].map(|n: usize| keys[n].verifying_key());
/// # let genesis = Genesis::new("example.org", "", &a, &b, &c, [0; 16]);
/// let day = 86_400_000_000;
/// let opened = Incident {
///     class: IncidentClass::Serious,
///     aware_at: Some(Timestamp::from_micros(100 * day)),
///     ..Incident::new()
/// };
/// # let now = Timestamp::from_micros(101 * day);
/// # let (mut first, mut second) = ([0; 1024], [0; 1024]);
/// # let draft = || Draft::new(ReceiptId::from_parts(now, [0; 10]), now);
/// # let head = draft().seal(&genesis, &Head::EMPTY, &keys[0], &mut first)?.head();
/// # let sealed = draft().seal(&opened, &head, &keys[0], &mut second)?;
/// # let receipt = UnverifiedReceipt::parse(sealed.as_bytes())?;
/// let mut deadlines = IncidentDeadlines::new();
/// deadlines.push(&receipt)?; // a receipt with this body
///
/// let told = deadlines.report(Timestamp::from_micros(110 * day));
/// assert_eq!(told[0].state, IncidentState::Open);
/// assert_eq!(told[0].deadline, Some(Timestamp::from_micros(115 * day)));
/// let told = deadlines.report(Timestamp::from_micros(116 * day));
/// assert_eq!(told[0].state, IncidentState::Overdue);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Default)]
pub struct IncidentDeadlines {
    incidents: BTreeMap<LeafHash, Followed>,
    not_followed: u64,
}

/// What is known of an incident so far.
#[derive(Debug, Clone, Default)]
struct Followed {
    opened: Option<u64>,
    receipts: Vec<u64>,
    count: u64,
    category: String,
    class: IncidentClass,
    last_class: IncidentClass,
    /// The earliest that was told.
    aware_at: Option<Timestamp>,
    /// When the first receipt was sealed that calls it serious.
    known_by: Option<Timestamp>,
    /// The report that is said to be the earliest.
    reported: Option<IncidentReported>,
    /// The earliest time at which a report was made, as far as the log shows it.
    shown: Option<Timestamp>,
    closed: Option<u64>,
}

impl IncidentDeadlines {
    /// Before the first receipt.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            incidents: BTreeMap::new(),
            not_followed: 0,
        }
    }

    /// Takes the next receipt, in the order of the log. Those of other kinds change nothing. Tells what
    /// is odd about it: it refutes nothing, and is worth a look.
    ///
    /// # Errors
    ///
    /// When the body of an incident does not decode.
    pub fn push(
        &mut self,
        receipt: &UnverifiedReceipt<'_>,
    ) -> Result<Vec<IncidentFinding>, DecodeError> {
        let header = receipt.header();
        if header.kind != Kind::INCIDENT {
            return Ok(Vec::new());
        }
        let body = Incident::decode(receipt)?;
        let hash = body.incident.unwrap_or_else(|| receipt.hash());
        let full = self.incidents.len() >= MAX_INCIDENTS;
        let mut problems = Vec::new();
        let followed = match self.incidents.entry(hash) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(_) if full => {
                self.not_followed = self.not_followed.saturating_add(1);
                return Ok(Vec::new());
            }
            Entry::Vacant(entry) => {
                if body.stage != IncidentStage::Opened {
                    problems.push(IncidentProblem::NotOpened { incident: hash });
                }
                entry.insert(Followed::default())
            }
        };
        followed.take(header, &body, &mut problems);
        let opened = followed.opened;
        let finding = |problem| IncidentFinding {
            receipt: header.seq,
            opened,
            stage: body.stage,
            problem,
        };
        Ok(problems.into_iter().map(finding).collect())
    }

    /// What became of each incident, held against the time `now`, in the order of their first receipts.
    ///
    /// The time is an argument, so the same receipts and the same time give the same answer.
    #[must_use]
    pub fn report(&self, now: Timestamp) -> Vec<IncidentTimeline> {
        let told = |(hash, followed): (&LeafHash, &Followed)| followed.told(*hash, now);
        let mut all: Vec<IncidentTimeline> = self.incidents.iter().map(told).collect();
        all.sort_by_key(|timeline| timeline.receipts.first().copied());
        all
    }

    /// How many receipts were of incidents beyond [`MAX_INCIDENTS`]. Of those incidents nothing is known.
    #[must_use]
    pub const fn not_followed(&self) -> u64 {
        self.not_followed
    }
}

impl Followed {
    fn take(
        &mut self,
        header: &Header<'_>,
        body: &Incident<'_>,
        problems: &mut Vec<IncidentProblem>,
    ) {
        let (seq, sealed_at) = (header.seq, header.sealed_at);
        self.count = self.count.saturating_add(1);
        if self.receipts.len() < MAX_INCIDENT_RECEIPTS {
            self.receipts.push(seq);
        }
        if let Some(closed) = self.closed {
            problems.push(IncidentProblem::AfterClosing { closed });
        }
        match body.stage {
            IncidentStage::Opened => self.opened = Some(seq),
            IncidentStage::Closed => {
                self.closed.get_or_insert(seq);
            }
            IncidentStage::Updated | IncidentStage::Reported => {}
        }
        if !body.category.is_empty() {
            self.category = shortened(body.category.as_str());
        }
        self.classify(body.class, sealed_at, problems);
        if let Some(told) = body.aware_at {
            self.aware(told, sealed_at, problems);
        }
        if let Some(reported_at) = body.reported_at {
            let reported = IncidentReported {
                receipt: seq,
                reported_at,
                sealed_at,
                authority: shortened(body.authority.as_str()),
            };
            self.report(reported, problems);
        }
    }

    fn classify(
        &mut self,
        class: IncidentClass,
        sealed_at: Timestamp,
        problems: &mut Vec<IncidentProblem>,
    ) {
        // Who does not say takes nothing back.
        if class == IncidentClass::Unclassified {
            return;
        }
        if class < self.class {
            let (from, to) = (self.class, class);
            problems.push(IncidentProblem::ClassLowered { from, to });
        }
        self.last_class = class;
        self.class = self.class.max(class);
        if class.is_serious() {
            self.known_by.get_or_insert(sealed_at);
        }
    }

    fn aware(
        &mut self,
        told: Timestamp,
        sealed_at: Timestamp,
        problems: &mut Vec<IncidentProblem>,
    ) {
        if told > sealed_at {
            let field = "aware_at";
            problems.push(IncidentProblem::AheadOfSealing {
                field,
                told,
                sealed_at,
            });
        }
        match self.aware_at {
            Some(from) if told > from => {
                problems.push(IncidentProblem::AwarenessPutOff { from, to: told });
            }
            _ => self.aware_at = Some(told),
        }
    }

    fn report(&mut self, reported: IncidentReported, problems: &mut Vec<IncidentProblem>) {
        let (told, sealed_at) = (reported.reported_at, reported.sealed_at);
        if told > sealed_at {
            let field = "reported_at";
            problems.push(IncidentProblem::AheadOfSealing {
                field,
                told,
                sealed_at,
            });
        }
        let shown = told.max(sealed_at);
        if let Some(deadline) = self.deadline()
            && told <= deadline
            && sealed_at > deadline
            && self.shown.is_none_or(|before| before > deadline)
        {
            problems.push(IncidentProblem::RecordedLate {
                reported_at: told,
                sealed_at,
                deadline,
            });
        }
        self.shown = Some(self.shown.map_or(shown, |before| before.min(shown)));
        let later = |had: &IncidentReported| told < had.reported_at;
        if self.reported.as_ref().is_none_or(later) {
            self.reported = Some(reported);
        }
    }

    /// By when it had to be reported at the latest: days of 24 hours from the earliest time at which
    /// the operator says that he was aware, or the log shows that he was.
    fn deadline(&self) -> Option<Timestamp> {
        const DAY: u64 = 86_400_000_000;
        let days = self.class.days()?;
        let known_by = self.known_by?;
        let aware = self.aware_at.map_or(known_by, |told| told.min(known_by));
        let end = aware.as_micros().saturating_add(days.saturating_mul(DAY));
        Some(Timestamp::from_micros(end))
    }

    fn told(&self, incident: LeafHash, now: Timestamp) -> IncidentTimeline {
        let deadline = self.deadline();
        IncidentTimeline {
            incident,
            opened: self.opened,
            receipts: self.receipts.clone(),
            count: self.count,
            category: self.category.clone(),
            class: self.class,
            last_class: self.last_class,
            aware_at: self.aware_at,
            known_by: self.known_by,
            deadline,
            state: self.state(deadline, now),
            reported: self.reported.clone(),
            shown_by: self.shown,
            closed: self.closed,
        }
    }

    fn state(&self, deadline: Option<Timestamp>, now: Timestamp) -> IncidentState {
        let Some(deadline) = deadline else {
            return IncidentState::NotDue;
        };
        // Without a time of awareness the deadline is the latest that it can be.
        let told = self.aware_at.is_some();
        match &self.reported {
            Some(reported) if reported.reported_at > deadline => IncidentState::ReportedLate,
            None if now > deadline => IncidentState::Overdue,
            _ if !told => IncidentState::CannotTell,
            None => IncidentState::Open,
            Some(_) if self.shown.is_some_and(|shown| shown <= deadline) => {
                IncidentState::ReportedInTime
            }
            Some(_) => IncidentState::ClaimedInTime,
        }
    }
}
