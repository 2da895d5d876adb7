//! Redaction of a JSON document that stays one: what is looked at are the decoded strings, what is
//! replaced stands inside of strings.

mod view;

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write as _;
use core::ops::Range;

use serde::de::IgnoredAny;

use crate::candidate::Candidate;
use crate::pseudonym::PseudonymKey;
use crate::redactor::{EncryptedSpan, Finding, RedactError, Redacted, Redactor, count};
use crate::render::Renderer;
use crate::settle::settle;
use view::{Token, View};

impl Redactor {
    /// Replaces everything found in a JSON document, whose outline stays as it is: only strings, names
    /// of members among them, change. A number or literal with a finding becomes a string. Escapes
    /// are decoded before anything is looked for, and what is not replaced keeps the bytes it had. Where
    /// two names of an object would become the same, ` 2` and so on is put behind the later ones.
    ///
    /// Offsets are in bytes of the document. Values of [`EncryptedSpan`] are as they stand there, with
    /// their escapes, so that [`restore`](crate::restore) gives the document back, numbers as strings.
    ///
    /// # Errors
    /// [`RedactError::NotJson`] for what is no JSON document, [`RedactError::NoKey`].
    ///
    /// # Examples
    ///
    /// ```
    /// use ai_audit_pii::{Policy, Redactor};
    ///
    /// let redactor = Redactor::new(&Policy::default())?;
    /// let text = r#"{"note":"ask\nbob@example.org","card":4242424242424242}"#;
    /// let redacted = redactor.redact_json(text, None)?;
    /// assert_eq!(redacted.text, r#"{"note":"ask\n[EMAIL]","card":"[CREDIT_CARD]"}"#);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn redact_json(
        &self,
        text: &str,
        key: Option<&PseudonymKey>,
    ) -> Result<Redacted, RedactError> {
        let renderer = Renderer::new(self, key)?;
        serde_json::from_str::<IgnoredAny>(text).map_err(|error| RedactError::NotJson {
            line: error.line(),
            column: error.column(),
        })?;
        let view = View::of(text);
        let found = settle(self, &view.text);
        let mut writing = Writing {
            view: &view,
            source: text,
            renderer,
            out: String::with_capacity(text.len()),
            findings: Vec::new(),
            encrypted: Vec::new(),
            names: None,
        };
        writing.document(&found);
        Ok(Redacted {
            text: writing.out,
            counts: count(&writing.findings),
            findings: writing.findings,
            encrypted: writing.encrypted,
        })
    }
}

/// Names of members by object, decoded, and whether a finding was in them.
type Names = BTreeMap<(usize, Vec<u8>), bool>;

struct Writing<'a> {
    view: &'a View,
    source: &'a str,
    renderer: Renderer<'a>,
    out: String,
    findings: Vec<Finding>,
    encrypted: Vec<EncryptedSpan>,
    /// Kept only where a name changes.
    names: Option<Names>,
}

impl Writing<'_> {
    fn document(&mut self, found: &[Candidate]) {
        let changes = |token: &Token| {
            let from = found.partition_point(|one| one.end <= token.start);
            found.get(from).is_some_and(|one| one.start < token.end)
        };
        let named = |token: &&Token| token.object.is_some();
        if self.view.tokens.iter().filter(named).any(changes) {
            self.names = Some(Names::new());
        }
        let mut at = 0;
        let mut first = 0;
        for token in &self.view.tokens {
            while found.get(first).is_some_and(|one| one.end <= token.start) {
                first += 1;
            }
            let inside = found[first..]
                .iter()
                .take_while(|one| one.start < token.end)
                .count();
            let inside = &found[first..first + inside];
            let (start, end) = (self.view.source(token.start), self.view.source(token.end));
            if !inside.is_empty() {
                self.copy(at, start);
                at = end;
            }
            let begun = self.out.len();
            if !inside.is_empty() {
                self.token(token, inside);
            }
            if let Some(object) = token.object {
                let changed = (!inside.is_empty()).then_some(begun);
                if self.name(object, token, at..end, changed) {
                    at = end;
                }
            }
        }
        self.copy(at, self.source.len());
    }

    fn copy(&mut self, from: usize, to: usize) {
        self.out
            .push_str(self.source.get(from..to).unwrap_or_default());
    }

    /// Writes a token with findings. One that reaches beyond it is cut at its ends.
    fn token(&mut self, token: &Token, found: &[Candidate]) {
        if token.is_scalar {
            self.out.push('"');
        }
        let mut at = token.start;
        for one in found {
            let cut = Candidate {
                start: one.start.max(token.start),
                end: one.end.min(token.end),
                ..*one
            };
            let (start, end) = (self.view.source(cut.start), self.view.source(cut.end));
            self.copy(self.view.source(at), start);
            let mut replaced = Vec::new();
            self.renderer.replace(&self.view.text, &cut, &mut replaced);
            escape(&String::from_utf8_lossy(&replaced), &mut self.out);
            at = cut.end;
            for mut span in self.renderer.take_encrypted() {
                (span.start, span.end) = (start, end);
                span.value = self.source.as_bytes()[start..end].to_vec();
                self.encrypted.push(span);
            }
            if let Some(mut finding) = self.renderer.redactor().finding(one) {
                (finding.start, finding.end) = (start, end);
                self.findings.push(finding);
            }
        }
        self.copy(self.view.source(at), self.view.source(token.end));
        if token.is_scalar {
            self.out.push('"');
        }
    }

    /// Keeps the names of an object different from each other, as a reader decodes them. A name with a
    /// finding was just written, from the place `changed` of the output on; else `rest` of the source with
    /// the name at its end is not written yet, and true says that it is now.
    fn name(
        &mut self,
        object: usize,
        token: &Token,
        rest: Range<usize>,
        changed: Option<usize>,
    ) -> bool {
        let Some(names) = &mut self.names else {
            return false;
        };
        let unchanged = changed.is_none();
        let written = match changed {
            None => self.view.text[token.start..token.end].to_vec(),
            Some(begun) => view::decoded(&self.out[begun..]),
        };
        let clashes = |names: &Names, name: &[u8]| {
            names
                .get(&(object, name.to_vec()))
                .is_some_and(|changed| *changed || !unchanged)
        };
        let mut name = written.clone();
        let mut number = 1;
        while clashes(names, &name) {
            number += 1;
            name = [&written[..], format!(" {number}").as_bytes()].concat();
        }
        if number > 1 {
            if unchanged {
                self.out.push_str(self.source.get(rest).unwrap_or_default());
            }
            // Writing to a string cannot fail.
            let _ = write!(self.out, " {number}");
        }
        let changed = names.entry((object, name)).or_default();
        *changed |= !unchanged;
        number > 1
    }
}

/// Appends a text as it stands inside of a JSON string.
fn escape(text: &str, out: &mut String) {
    for found in text.chars() {
        match found {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\0'..='\u{1f}' => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(found));
            }
            _ => out.push(found),
        }
    }
}
