//! Where calls are let through: not before their intent is durable, and not against a rule.

use crate::approvals::{Approvals, MAX_WAITING, Wanted};
use crate::counts::{Counts, add};
use crate::message::{Answer, Id, ResultKind, ToolCall, error_code};
use crate::options::{Fail, ProxyOptions};
use crate::rules::{Held, Rules};
use crate::{GateError, waiting::Waiting};
use ai_audit_agentic::{APPROVALS_POLICY, ApprovalRules, Standing, ToolStatus};
use ai_audit_core::LeafHash;
use ai_audit_intake::{CallDraft, CallHeader, CallOutcome, Intake, activate};
use ai_audit_store::LogName;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::task::block_in_place;

/// What a gap receipt says of a call that went out without an intent.
const LOST: &str = "the intent of a call could not be made";

/// Records the calls of one log, for any number of sessions.
#[derive(Debug)]
pub(crate) struct Gate {
    intake: Intake,
    log: LogName,
    pub(crate) options: ProxyOptions,
    rules: Option<Mutex<Rules>>,
    /// None where the log's policy has no rule.
    approvals: Option<Mutex<Approvals>>,
    /// Calls whose tool asked for more before it goes on.
    pub(crate) waiting: Waiting,
    pub(crate) counts: Counts,
}

/// A call that is under way, and recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) tool: String,
    pub(crate) id: String,
    pub(crate) intent: LeafHash,
    pub(crate) header: CallHeader,
    pub(crate) began: Instant,
    /// Canonical, for the call that goes on with it.
    pub(crate) arguments: Option<String>,
    /// Whether its result may ask for more before it goes on.
    pub(crate) interruptible: bool,
}

/// Whether a call may go out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Passage {
    /// Yes; without a call where it could not be recorded and goes out all the same.
    Forward(Option<Call>),
    /// A rule says no, in words.
    Refused(String),
    /// It cannot be recorded, as it is. In words.
    Unfit(String),
    /// The log takes nothing.
    Failed,
}

/// How a call ended.
#[derive(Debug, Clone, Copy)]
pub(crate) enum End<'a> {
    /// It was answered.
    Answered(Answer<'a>),
    /// No answer came in time. Why, if there is more to say.
    TimedOut(&'a str),
    /// No answer came, for this reason.
    Failed(&'a str),
    /// It did not go out.
    Denied(&'a str),
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that can panic runs under these locks.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Gate {
    /// Attaches the log, puts the contract in force and reads which tools need approvals.
    pub(crate) fn new(
        intake: Intake,
        log: LogName,
        mut options: ProxyOptions,
    ) -> Result<Self, GateError> {
        let writer = intake.writer();
        writer.attach(&log)?;
        let rules = options.contract.take().map(Rules::new);
        if let Some(rules) = &rules {
            activate(writer, &log, &rules.activation())?;
        }
        let policy = intake.reading().policy(&log)?;
        let ruled = match policy.get(APPROVALS_POLICY) {
            None => false,
            Some(json) => {
                let rules = ApprovalRules::from_json(json).map_err(|error| {
                    GateError::Log(format!(
                        "log {log}, policy entry {APPROVALS_POLICY}: {error}"
                    ))
                })?;
                !rules.is_empty()
            }
        };
        let approvals = match ruled {
            false => None,
            // Read now, so that a log that cannot be read later does not hide which tools have rules.
            true => {
                let mut approvals = Approvals::new();
                approvals.catch_up(intake.reading(), &log)?;
                Some(Mutex::new(approvals))
            }
        };
        Ok(Self {
            approvals,
            rules: rules.map(Mutex::new),
            waiting: Waiting::default(),
            counts: Counts::default(),
            intake,
            log,
            options,
        })
    }

    /// Records a call, and says whether it may go out.
    pub(crate) async fn call(
        &self,
        id: &Id,
        asked: &ToolCall<'_>,
        session: &CallHeader,
    ) -> Passage {
        let header = CallHeader {
            trace_id: match asked.trace_id.is_empty() {
                true => session.trace_id.clone(),
                false => asked.trace_id.clone(),
            },
            session_id: session.session_id.clone(),
            actor_id: self.options.actor.clone(),
        };
        let call = Call {
            tool: asked.name.clone(),
            id: id.to_string(),
            intent: LeafHash::of(b""),
            header,
            began: Instant::now(),
            interruptible: asked.interruptible,
            arguments: asked
                .arguments
                .and_then(|text| ai_audit_json::canonicalize(text).ok()),
        };
        if asked.answers
            && let Some(before) = self.waiting.take(&call, asked.state)
        {
            add(&self.counts.calls);
            return Passage::Forward(Some(Call {
                began: call.began,
                ..before
            }));
        }
        let held = match &self.rules {
            None => None,
            Some(rules) => {
                let session = &call.header.session_id;
                match lock(rules).hold(session, &call.tool, asked.arguments) {
                    Ok(held) => Some(held),
                    Err(what) => return Passage::Unfit(what),
                }
            }
        };
        let passed = match block_in_place(|| self.approved(&call, asked, held.as_ref())) {
            Ok(Some(passed)) => Ok(passed),
            Ok(None) => self.plain(call, asked, held.as_ref()).await,
            Err(error) => Err(error),
        };
        match passed {
            Ok(passage) => {
                add(match passage {
                    Passage::Forward(_) => &self.counts.calls,
                    _ => &self.counts.denied,
                });
                passage
            }
            Err(error) if error.is_of_call() => Passage::Unfit(error.to_string()),
            Err(error) => {
                add(&self.counts.unrecorded);
                (self.options.warn)(&format!("the intent of a call is not recorded: {error}"));
                self.unrecorded(&asked.name, held.as_ref(), &error)
            }
        }
    }

    /// The passage of a call whose intent is not in the log. What a rule refuses stays refused, and what
    /// needs approvals cannot have them: only what no rule is about goes out without an intent.
    fn unrecorded(&self, tool: &str, held: Option<&Held>, error: &GateError) -> Passage {
        if self.options.fail == Fail::Closed {
            return Passage::Failed;
        }
        if let Some(refusal) = self.breach(held) {
            add(&self.counts.denied);
            return Passage::Refused(refusal);
        }
        let needs = |approvals: &Mutex<Approvals>| lock(approvals).needs(tool);
        if self.approvals.as_ref().is_some_and(needs) {
            return Passage::Failed;
        }
        if error.is_undeclared() {
            let ledger = self.intake.writer().ledger();
            ledger.declare_lost(&self.log, 1, LOST);
        }
        add(&self.counts.calls);
        Passage::Forward(None)
    }

    /// The intent of a call without rules of approval.
    async fn plain(
        &self,
        call: Call,
        asked: &ToolCall<'_>,
        held: Option<&Held>,
    ) -> Result<Passage, GateError> {
        let taken = block_in_place(|| self.take(&call, asked, held))?;
        let sealed = taken.sealed().await?;
        let intent = first(&sealed)?;
        let call = Call { intent, ..call };
        match self.breach(held) {
            None => Ok(Passage::Forward(Some(call))),
            Some(refusal) => {
                self.outcome(&call, End::Denied("contract")).await;
                Ok(Passage::Refused(refusal))
            }
        }
    }

    /// The passage of a call whose tool needs approvals; none where it does not. One at a time, since an
    /// approval is for one run.
    fn approved(
        &self,
        call: &Call,
        asked: &ToolCall<'_>,
        held: Option<&Held>,
    ) -> Result<Option<Passage>, GateError> {
        let Some(approvals) = &self.approvals else {
            return Ok(None);
        };
        let (directory, log) = (self.intake.reading(), &self.log);
        let mut approvals = lock(approvals);
        if !approvals.needs(&call.tool) {
            return Ok(None);
        }
        approvals.catch_up(directory, log)?;
        let wanted = Wanted {
            tool: &call.tool,
            arguments: asked.arguments,
            canonical: call.arguments.as_deref(),
        };
        let found = approvals.waiting(&self.intake, log, wanted)?;
        let (intent, standing) = match found {
            Some(found) => (found.intent, found.standing),
            None if approvals.is_full(&call.tool) => {
                return Ok(Some(Passage::Refused(format!(
                    "refused, and not recorded: {MAX_WAITING} calls of {} wait for approval in log {log}, which is the most; of a new one nothing is kept until some of them are approved",
                    call.tool
                ))));
            }
            None => {
                let sealed = self.take(call, asked, held)?.wait()?;
                let intent = first(&sealed)?;
                approvals.met(intent, wanted);
                approvals.catch_up(directory, log)?;
                let standing = approvals.of(&call.tool, &intent);
                let none = Standing::TooFew {
                    found: 0,
                    needed: 1,
                };
                (intent, standing.unwrap_or(none))
            }
        };
        let call = Call {
            intent,
            ..call.clone()
        };
        let refusal = match (self.breach(held), standing) {
            (Some(refusal), _) => Some(("contract", refusal)),
            (None, Standing::Rejected { review }) => Some((
                "rejected",
                format!("refused: receipt {review} of log {log} rejects this call"),
            )),
            (None, Standing::TooFew { found, needed }) => {
                return Ok(Some(Passage::Refused(format!(
                    "refused for want of approval: {} needs {needed} approvals of the intent {intent} in log {log}, and has {found}; send the same call again when they are recorded",
                    call.tool
                ))));
            }
            (None, Standing::Approved) => None,
        };
        if let Some((class, refusal)) = refusal {
            if approvals.is_denied(&intent) {
                return Ok(Some(Passage::Refused(refusal)));
            }
            self.seal_outcome(&call, End::Denied(class))?.wait()?;
            return Ok(Some(Passage::Refused(refusal)));
        }
        // Who finds this mark knows that the intent may have run; without it a call could go out twice.
        let mark = self.intake.take_forwarding(log, &call.header, intent)?;
        mark.wait()?;
        approvals.take_up(intent);
        Ok(Some(Passage::Forward(Some(call))))
    }

    fn breach(&self, held: Option<&Held>) -> Option<String> {
        lock(self.rules.as_ref()?).refusal(held?)
    }

    fn take(
        &self,
        call: &Call,
        asked: &ToolCall<'_>,
        held: Option<&Held>,
    ) -> Result<ai_audit_intake::Taken, GateError> {
        let state = match (&self.rules, held) {
            (Some(rules), Some(held)) => Some(lock(rules).sealed(held)),
            _ => None,
        };
        Ok(self.intake.take_call(
            &self.log,
            &CallDraft {
                header: call.header.clone(),
                tool: &call.tool,
                call_id: &call.id,
                arguments: asked.arguments,
                state,
            },
        )?)
    }

    /// Records how a call ended, and waits until that is durable. Where it cannot be recorded the intent
    /// stays open, and whoever is told of such things is told.
    pub(crate) async fn outcome(&self, call: &Call, end: End<'_>) {
        let sealed = match block_in_place(|| self.seal_outcome(call, end)) {
            Ok(taken) => taken.sealed().await.map_err(GateError::from),
            Err(error) => Err(error),
        };
        if let Err(error) = sealed {
            add(&self.counts.lost_outcomes);
            (self.options.warn)(&format!(
                "the outcome of a call is not recorded, and its intent stays open: {error}"
            ));
        }
    }

    fn seal_outcome(&self, call: &Call, end: End<'_>) -> Result<ai_audit_intake::Taken, GateError> {
        let coded;
        let (status, result, error) = match end {
            End::Answered(Answer::Result(result)) => match ResultKind::of(result) {
                ResultKind::ToolError => (ToolStatus::Error, Some(result), "tool error"),
                _ => (ToolStatus::Ok, Some(result), ""),
            },
            End::Answered(Answer::Error(error)) => {
                coded = format!("JSON-RPC {}", error_code(error));
                (ToolStatus::Error, Some(error), coded.as_str())
            }
            End::TimedOut(why) => (ToolStatus::TimedOut, None, why),
            End::Failed(why) => (ToolStatus::Error, None, why),
            End::Denied(why) => (ToolStatus::Denied, None, why),
        };
        let took = u64::try_from(call.began.elapsed().as_micros()).ok();
        Ok(self.intake.take_outcome(
            &self.log,
            &CallOutcome {
                header: call.header.clone(),
                tool: &call.tool,
                call_id: &call.id,
                intent: call.intent,
                status,
                result,
                duration_us: took.filter(|_| status != ToolStatus::Denied),
                error,
            },
        )?)
    }

    /// Seals stop receipts and makes a checkpoint that covers them.
    pub(crate) fn close(&self) -> Result<(), GateError> {
        let ledger = self.intake.writer().ledger();
        ledger.close(&self.options.stop_reason)?;
        let directory = self.intake.reading();
        directory.make_checkpoint(&self.log)?;
        Ok(())
    }
}

fn first(sealed: &[ai_audit_intake::Sealed]) -> Result<LeafHash, GateError> {
    let sealed = sealed.first().map(|sealed| sealed.receipt.hash);
    sealed.ok_or_else(|| GateError::Log("nothing was sealed".into()))
}
