//! The copy of an answer that is read while it passes: its digest, and what its fields are made of.

use crate::decode::Decoder;
use crate::forms::{Answer, Form, Joiner, Step};
use crate::json;
use crate::sse::Events;
use ai_audit_core::{TextDigest, TextHasher};

/// The most bytes of text that are read of one answer.
pub(crate) const MOST_TEXT: usize = 8 << 20;

/// Reads an answer as it passes.
#[derive(Debug)]
pub(crate) struct Copy {
    digest: TextHasher,
    bytes: u64,
    reading: Reading,
    decoder: Option<Decoder>,
    text: usize,
}

#[derive(Debug)]
enum Reading {
    /// Nothing is to be read of it.
    Nothing,
    /// It was not to be read.
    GivenUp,
    Whole(Form, Vec<u8>),
    Events {
        form: Form,
        events: Box<Events>,
        joiner: Box<Joiner>,
        last: bool,
        unread: bool,
    },
}

/// What there is to say of an answer's head.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head<'h> {
    pub(crate) failed: bool,
    pub(crate) content_type: &'h str,
    pub(crate) content_encoding: &'h str,
}

/// What the copy says in the end.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) digest: TextDigest,
    pub(crate) bytes: u64,
    pub(crate) answer: Option<Answer>,
    /// Whether there was more to say, and it could not be read.
    pub(crate) unread: bool,
    /// How an error is called that stood in the answer.
    pub(crate) error: Option<String>,
}

impl Copy {
    pub(crate) fn new(form: Option<Form>, head: &Head<'_>, digest: TextHasher) -> Self {
        let is_stream = head
            .content_type
            .split(';')
            .next()
            .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/event-stream"));
        let decoder = Decoder::of(head.content_encoding);
        let reading = match (form, &decoder) {
            (None, _) => Reading::Nothing,
            // An error has no form of its own.
            (Some(_), _) if head.failed => Reading::Nothing,
            (Some(_), None) => Reading::GivenUp,
            (Some(form), Some(_)) => match form.joiner().filter(|_| is_stream) {
                Some(joiner) => Reading::Events {
                    form,
                    events: Box::new(Events::new(MOST_TEXT)),
                    joiner: Box::new(joiner),
                    last: false,
                    unread: false,
                },
                None => Reading::Whole(form, Vec::new()),
            },
        };
        Self {
            digest,
            bytes: 0,
            reading,
            decoder,
            text: 0,
        }
    }

    /// Takes bytes that pass.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        let Some(decoder) = &mut self.decoder else {
            return;
        };
        if matches!(self.reading, Reading::Nothing | Reading::GivenUp) {
            return;
        }
        let (reading, text) = (&mut self.reading, &mut self.text);
        let mut long = false;
        let decoded = decoder.push(bytes, &mut |bytes| {
            *text = text.saturating_add(bytes.len());
            match reading {
                _ if *text > MOST_TEXT => long = true,
                Reading::Whole(_, whole) => whole.extend_from_slice(bytes),
                Reading::Events {
                    events,
                    joiner,
                    last,
                    unread,
                    ..
                } => {
                    let pushed = events.push(bytes, |data| {
                        match data.map_or(Step::Unread, |data| joiner.take(data)) {
                            Step::Goes => {}
                            Step::Last => *last = true,
                            Step::Unread => *unread = true,
                        }
                    });
                    long |= pushed.is_err();
                }
                Reading::Nothing | Reading::GivenUp => {}
            }
        });
        if long || decoded.is_err() {
            self.give_up();
        }
    }

    /// What was read up to here is all that counts, since what follows cannot be. Of a stream something
    /// is known; a part of a document says nothing.
    fn give_up(&mut self) {
        match &mut self.reading {
            Reading::Events { unread, .. } => {
                *unread = true;
                self.decoder = None;
            }
            Reading::Whole(..) => self.reading = Reading::GivenUp,
            Reading::Nothing | Reading::GivenUp => {}
        }
    }

    /// Whether the event came that is the last one.
    pub(crate) const fn has_last(&self) -> bool {
        matches!(self.reading, Reading::Events { last: true, .. })
    }

    /// Whether an event should have come that is the last one, and did not. Of one that could not be read to
    /// its end nobody knows.
    pub(crate) const fn lacks_last(&self) -> bool {
        matches!(self.reading, Reading::Events { last: false, .. }) && self.decoder.is_some()
    }

    /// What it says. `whole` says whether it came to its end.
    pub(crate) fn finish(self, whole: bool) -> Read {
        let mut read = Read {
            digest: self.digest.finish(),
            bytes: self.bytes,
            answer: None,
            unread: false,
            error: None,
        };
        match self.reading {
            Reading::Nothing => {}
            Reading::GivenUp => read.unread = true,
            Reading::Whole(form, bytes) => {
                // Of a document that was cut nothing can be said.
                let value = match whole {
                    true => json::read(&bytes),
                    false => None,
                };
                read.answer = value.as_ref().and_then(|value| form.answer(value));
                read.unread = read.answer.is_none();
                read.error = read.answer.as_ref().and_then(|answer| answer.error.clone());
            }
            Reading::Events {
                form,
                joiner,
                unread,
                ..
            } => {
                let (value, error) = joiner.finish();
                read.answer = form.answer(&value);
                read.unread = unread || read.answer.is_none();
                let told = read.answer.as_ref().and_then(|answer| answer.error.clone());
                read.error = error.or(told);
            }
        }
        read
    }
}
