//! What is put in place of a value, by mode.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write as _;
use core::ops::Range;

use crate::candidate::Candidate;
use crate::kind::Kind;
use crate::kinds::{email, iban, ip, mac, phone};
use crate::placeholder;
use crate::policy::Mode;
use crate::pseudonym::PseudonymKey;
use crate::redactor::{EncryptedSpan, RedactError, Redactor};

/// Writes the output of one text, in one or several parts.
pub(crate) struct Renderer<'a> {
    redactor: &'a Redactor,
    key: Option<&'a PseudonymKey>,
    /// The number of the last numbered placeholder.
    number: u64,
    encrypted: Vec<EncryptedSpan>,
}

impl<'a> Renderer<'a> {
    pub(crate) fn new(
        redactor: &'a Redactor,
        key: Option<&'a PseudonymKey>,
    ) -> Result<Self, RedactError> {
        if redactor.needs_key() && key.is_none() {
            return Err(RedactError::NoKey);
        }
        Ok(Self {
            redactor,
            key,
            number: 0,
            encrypted: Vec::new(),
        })
    }

    pub(crate) fn redactor(&self) -> &'a Redactor {
        self.redactor
    }

    /// Appends the part `range` of a text with its findings replaced. A finding that began before the
    /// part was written there, and is left out here.
    pub(crate) fn render(
        &mut self,
        text: &[u8],
        range: Range<usize>,
        found: &[Candidate],
        out: &mut Vec<u8>,
    ) {
        let mut at = range.start;
        let first = found.partition_point(|one| one.end <= range.start);
        for one in found[first..]
            .iter()
            .take_while(|one| one.start < range.end)
        {
            if one.start >= at {
                out.extend_from_slice(&text[at..one.start]);
                self.replace(text, one, out);
            }
            at = one.end.min(range.end);
        }
        out.extend_from_slice(&text[at..range.end]);
    }

    /// Appends what stands in place of a finding.
    pub(crate) fn replace(&mut self, text: &[u8], one: &Candidate, out: &mut Vec<u8>) {
        let kind = self.redactor.kind(one.rank);
        let value = &text[one.start..one.end];
        match self.redactor.mode(one.rank) {
            Mode::Mask => return mask(kind, value, out),
            Mode::Pseudonymize => {
                placeholder::open(kind.name(), out);
                if let Some(key) = self.key {
                    out.push(b':');
                    key.token(kind, value, out);
                }
            }
            Mode::Encrypt => {
                self.number += 1;
                self.encrypted.push(EncryptedSpan {
                    number: self.number,
                    kind,
                    start: one.start,
                    end: one.end,
                    value: value.to_vec(),
                });
                placeholder::open(kind.name(), out);
                let mut number = String::new();
                // Writing to a string cannot fail.
                let _ = write!(number, "#{}", self.number);
                out.extend_from_slice(number.as_bytes());
            }
            Mode::Off | Mode::Redact => placeholder::open(kind.name(), out),
        }
        out.push(b']');
    }

    pub(crate) fn take_encrypted(&mut self) -> Vec<EncryptedSpan> {
        core::mem::take(&mut self.encrypted)
    }
}

/// The masked form of a value. It never contains the value: every form has a `*` that the value does
/// not have in that place.
fn mask(kind: Kind, value: &[u8], out: &mut Vec<u8>) {
    let from = out.len();
    match kind {
        Kind::Email => email::mask(value, out),
        Kind::Iban => iban::mask(value, out),
        Kind::CreditCard | Kind::UsSsn => phone::mask_digits(value, 4, out),
        Kind::Phone => phone::mask(value, out),
        Kind::IpAddress => ip::mask(value, out),
        Kind::MacAddress => mac::mask(value, out),
        _ => out.extend_from_slice(b"***"),
    }
    // What settling took as a whole need not have the form of its kind.
    if memchr::memmem::find(&out[from..], value).is_some() {
        out.truncate(from);
        out.extend_from_slice(b"***");
    }
}
