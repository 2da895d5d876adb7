//! The thread that records events.

use crate::counts::{Counts, add};
use ai_audit_ingest::read_record;
use ai_audit_intake::{Intake, TakeError};
use ai_audit_store::{AppendError, LogName, SubmitError};
use core::time::Duration;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};

/// How soon a log hears of dropped events though none comes after them.
const IDLE: Duration = Duration::from_millis(200);

/// What the writer is asked to do.
#[derive(Debug)]
pub(crate) enum Message {
    /// A record line.
    Event(Vec<u8>),
    /// To say when all before it is done.
    Flush(SyncSender<()>),
    /// To end.
    End,
}

/// Records events.
#[derive(Debug)]
pub(crate) struct Writer {
    intake: Arc<Intake>,
    log: LogName,
    together: usize,
    counts: Arc<Counts>,
}

impl Writer {
    pub(crate) const fn new(
        intake: Arc<Intake>,
        log: LogName,
        together: usize,
        counts: Arc<Counts>,
    ) -> Self {
        Self {
            intake,
            log,
            together,
            counts,
        }
    }

    pub(crate) fn run(self, messages: &Receiver<Message>) {
        // What this thread does is nobody's event: it would be recorded by what it does.
        let silent = tracing::subscriber::NoSubscriber::default();
        tracing::subscriber::with_default(silent, || self.record(messages));
    }

    fn record(&self, messages: &Receiver<Message>) {
        loop {
            let mut lines = Vec::new();
            let mut then = match messages.recv_timeout(IDLE) {
                Ok(Message::Event(line)) => {
                    lines.push(line);
                    None
                }
                Ok(other) => Some(other),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => Some(Message::End),
            };
            while then.is_none() && !lines.is_empty() && lines.len() < self.together {
                match messages.try_recv() {
                    Ok(Message::Event(line)) => lines.push(line),
                    Ok(other) => then = Some(other),
                    Err(_) => break,
                }
            }
            self.done(&lines);
            match then {
                None | Some(Message::Event(_)) => {}
                Some(Message::Flush(done)) => {
                    let _ = done.send(());
                }
                Some(Message::End) => return self.rest(messages),
            }
        }
    }

    /// Records what others sent while the queue was being closed.
    fn rest(&self, messages: &Receiver<Message>) {
        loop {
            // Asked first: who begins to send later finds the queue closed.
            let last = self.counts.sending.load(Ordering::SeqCst) == 0;
            let mut lines = Vec::new();
            for message in messages.try_iter() {
                match message {
                    Message::Event(line) => lines.push(line),
                    Message::Flush(done) => drop(done.send(())),
                    Message::End => {}
                }
                if lines.len() >= self.together {
                    break;
                }
            }
            let empty = lines.is_empty();
            self.done(&lines);
            if last && empty {
                return;
            }
            if empty {
                std::thread::yield_now();
            }
        }
    }

    /// Records lines that came out of the queue, and what found no room in it.
    fn done(&self, lines: &[Vec<u8>]) {
        let bytes = lines.iter().map(Vec::len).sum();
        self.take(lines);
        self.counts.waiting.fetch_sub(bytes, Ordering::Relaxed);
        self.tell_dropped();
    }

    /// Records lines together. Where they are not taken together each is tried by itself.
    fn take(&self, lines: &[Vec<u8>]) {
        if lines.is_empty() {
            return;
        }
        let taken = self.intake.take(&self.log, |keys, keep| {
            let read = |line: &Vec<u8>| read_record(line, "event", keep, keys);
            lines.iter().map(read).collect()
        });
        let taken = match (taken, lines) {
            (Ok(taken), _) => taken,
            (Err(error), [_]) => return self.refused(&error),
            (Err(_), several) => {
                let each = several.chunks(1);
                return each.for_each(|line| self.take(line));
            }
        };
        match taken.wait() {
            Ok(sealed) => {
                let repeated = sealed.iter().filter(|one| one.duplicate).count() as u64;
                add(&self.counts.repeated, repeated);
                add(&self.counts.recorded, sealed.len() as u64 - repeated);
            }
            Err(
                AppendError::IdTaken { .. }
                | AppendError::Record { .. }
                | AppendError::Reserved { .. }
                | AppendError::Ciphertexts { .. },
            ) => {
                let events = lines.len() as u64;
                add(&self.counts.refused, events);
                self.declare(
                    events,
                    "events were not recorded: they are no records of this log",
                );
            }
            // An outage, of which the ledger says so in the log.
            Err(_) => add(&self.counts.failed, lines.len() as u64),
        }
    }

    /// An event is no record, or the ledger takes none.
    fn refused(&self, error: &TakeError) {
        match error {
            // The ledger declares what it has no room for, and after its end nobody can.
            TakeError::Submit(SubmitError::Full { .. } | SubmitError::Closed) => {
                add(&self.counts.failed, 1);
            }
            error => {
                add(&self.counts.refused, 1);
                self.declare(1, &reason(error));
            }
        }
    }

    /// Has the log say how many events found no room.
    fn tell_dropped(&self) {
        let untold = self.counts.untold.swap(0, Ordering::Relaxed);
        if untold > 0 {
            let why = "events not recorded: the queue of the tracing layer was full";
            self.declare(untold, why);
        }
    }

    fn declare(&self, events: u64, why: &str) {
        // Nothing was recorded before, perhaps. In a log that cannot be attached, or is closed, nothing
        // can be said any more; they are counted.
        let _ = self.intake.writer().attach(&self.log);
        let ledger = self.intake.writer().ledger();
        ledger.declare_lost(&self.log, events, why);
    }
}

/// Why an event is no record, without a word of it.
fn reason(error: &TakeError) -> String {
    let field = match error {
        TakeError::Line(error) => error.field.as_deref(),
        _ => None,
    };
    match field {
        // It may be of the event's own making.
        Some(field) if field.len() <= 64 && field.bytes().all(is_plain) => {
            format!("an event was not recorded: its field `{field}` is not that of a record")
        }
        _ => "an event was not recorded: it is no record of this log".to_owned(),
    }
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._[]".contains(&byte)
}
