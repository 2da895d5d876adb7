//! From candidates to findings: passes over what remains until nothing is found any more.

mod repeats;

use alloc::vec::Vec;

use crate::candidate::{Candidate, PLACEHOLDER_RANK, resolve, sure};
use crate::placeholder::{self, Form};
use crate::redactor::Redactor;
use crate::text::is_line_end;

/// After how many rounds a piece that still has a finding is one as a whole.
const MAX_ROUNDS: u8 = 8;

/// A part of the unit that is looked at as if it were all.
#[derive(Clone, Copy, Debug)]
struct Piece {
    start: usize,
    end: usize,
    round: u8,
}

/// All findings of a unit, by place; none overlaps another.
pub(crate) fn settle(redactor: &Redactor, text: &[u8]) -> Vec<Candidate> {
    if redactor.on.is_empty() && redactor.patterns.is_empty() && !redactor.encrypts {
        return Vec::new();
    }
    let mut settling = Settling::new(redactor, text);
    settling.all();
    settling.found
}

struct Settling<'a> {
    redactor: &'a Redactor,
    text: &'a [u8],
    found: Vec<Candidate>,
    /// Pieces in which nothing is found.
    quiet: Vec<Piece>,
    /// Pieces to look at.
    work: Vec<Piece>,
    /// How many bytes were looked at so far.
    #[cfg(test)]
    looked: usize,
}

impl<'a> Settling<'a> {
    const fn new(redactor: &'a Redactor, text: &'a [u8]) -> Self {
        Self {
            redactor,
            text,
            found: Vec::new(),
            quiet: Vec::new(),
            work: Vec::new(),
            #[cfg(test)]
            looked: 0,
        }
    }

    fn all(&mut self) {
        if placeholder::all(self.text).next().is_none() {
            // Most texts have nothing: they end here, without an allocation.
            let all = Piece {
                start: 0,
                end: self.text.len(),
                round: 0,
            };
            let mut candidates = Vec::new();
            self.look(all, &mut candidates);
            if candidates.is_empty() {
                return;
            }
            self.take(all, &mut candidates);
        } else {
            self.cut_at_placeholders();
        }
        self.run();
        self.repeats();
        self.found.sort_by_key(|one| one.start);
    }

    fn cut_at_placeholders(&mut self) {
        let mut start = 0;
        for one in placeholder::all(self.text) {
            let takes = self.redactor.encrypts && matches!(one.form, Form::Numbered(_));
            if takes {
                self.found.push(Candidate {
                    start: one.start,
                    end: one.end,
                    rank: PLACEHOLDER_RANK,
                    confidence: 1.0,
                });
            } else if !self.redactor.knows(one.name) {
                continue;
            }
            self.add(start, one.start, 0);
            start = one.end;
        }
        self.add(start, self.text.len(), 0);
    }

    fn add(&mut self, start: usize, end: usize, round: u8) {
        if start < end {
            self.work.push(Piece { start, end, round });
        }
    }

    /// Looks at pieces until none is left.
    fn run(&mut self) {
        let mut candidates = Vec::new();
        while let Some(piece) = self.work.pop() {
            self.look(piece, &mut candidates);
            self.take(piece, &mut candidates);
        }
    }

    /// Finds what is in a piece, by place in it.
    fn look(&mut self, piece: Piece, candidates: &mut Vec<Candidate>) {
        candidates.clear();
        #[cfg(test)]
        {
            self.looked += piece.end - piece.start;
        }
        let part = &self.text[piece.start..piece.end];
        crate::scan::scan(part, self.redactor.on, candidates);
        if !self.redactor.patterns.is_empty() {
            crate::custom::scan(part, &self.redactor.patterns, candidates);
        }
        resolve(candidates);
    }

    /// Cuts a piece at what was found in it.
    fn take(&mut self, piece: Piece, candidates: &mut Vec<Candidate>) {
        let Some(first) = candidates.first() else {
            self.quiet.push(piece);
            return;
        };
        if piece.round >= MAX_ROUNDS {
            self.whole(piece, first.rank);
            return;
        }
        let mut start = piece.start;
        for one in candidates.iter_mut() {
            one.start += piece.start;
            one.end += piece.start;
            self.cut(start, one.start, piece.round + 1);
            start = one.end;
        }
        self.cut(start, piece.end, piece.round + 1);
        self.found.append(candidates);
    }

    fn whole(&mut self, piece: Piece, rank: u8) {
        self.found.push(Candidate {
            start: piece.start,
            end: piece.end,
            rank,
            confidence: sure::CAUTION,
        });
    }

    /// A piece that was cut off: only its first and last line can have become different, since no
    /// finding crosses a line end; but a private key may begin anywhere in it.
    fn cut(&mut self, start: usize, end: usize, round: u8) {
        let text = &self.text[start..end];
        let first = memchr::memchr2(b'\n', b'\r', text);
        let last = memchr::memrchr2(b'\n', b'\r', text);
        let (Some(first), Some(last)) = (first, last) else {
            self.add(start, end, round);
            return;
        };
        if self.redactor.on.has_pem() && memchr::memmem::find(text, b"-----BEGIN ").is_some() {
            self.add(start, end, round);
            return;
        }
        self.add(start, start + first, round);
        self.add(start + last + 1, end, round);
        if first < last {
            self.quiet.push(Piece {
                start: start + first,
                end: start + last,
                round,
            });
        }
    }

    /// Takes out what was found elsewhere in the unit, where borders hid it.
    fn repeats(&mut self) {
        let mut known = 0;
        for iteration in 0..=MAX_ROUNDS {
            if known == self.found.len() {
                return;
            }
            let values = repeats::Values::of(self.text, &self.found[known..]);
            if values.is_empty() {
                return;
            }
            let quiet = core::mem::take(&mut self.quiet);
            let mut hits = Vec::new();
            for piece in quiet {
                values.find(&self.text[piece.start..piece.end], &mut hits);
                if hits.is_empty() {
                    self.quiet.push(piece);
                    continue;
                }
                let mut start = piece.start;
                for mut hit in hits.drain(..) {
                    hit.start += piece.start;
                    hit.end += piece.start;
                    if iteration == MAX_ROUNDS {
                        hit = self.line_around(hit, start, piece.end);
                    }
                    if hit.start < start {
                        continue;
                    }
                    self.cut(
                        start,
                        hit.start,
                        piece.round.saturating_add(1).min(MAX_ROUNDS),
                    );
                    start = hit.end;
                    self.found.push(hit);
                }
                self.cut(
                    start,
                    piece.end,
                    piece.round.saturating_add(1).min(MAX_ROUNDS),
                );
            }
            // The values of repeats are known; what they uncover is not.
            known = self.found.len();
            self.run();
        }
    }

    /// The rest of the line around a repeat, taken with it so that it uncovers nothing.
    fn line_around(&self, hit: Candidate, from: usize, to: usize) -> Candidate {
        let before = &self.text[from.min(hit.start)..hit.start];
        let start = before
            .iter()
            .rposition(|&byte| is_line_end(byte))
            .map_or(from.min(hit.start), |at| from + at + 1);
        let behind = &self.text[hit.end..to];
        let end = behind
            .iter()
            .position(|&byte| is_line_end(byte))
            .map_or(to, |at| hit.end + at);
        Candidate { start, end, ..hit }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;

    /// What could make pieces be looked at again and again, or many values be found.
    const HOSTILE: &[&str] = &[
        "@",
        "a@",
        "a@b.co",
        "a@b.co ",
        "1 ",
        "4242 ",
        "4242424242424242",
        "4242 4242 4242 4242 ",
        ":",
        "1:",
        "::1 ",
        "-----BEGIN PRIVATE KEY-----",
        "ghp_",
        "sk-",
        "eyJ.",
        "password=a1b2c3d4 ",
        "https://a:b@",
        "[A",
        "[EMAIL]",
        "(1)",
        "+1 ",
        "+49 30 901820",
        "\"a\"@b.co",
        "\\n",
        "DE89 3704 0044 0532 0130 00",
        "00:1b:",
        "T: 1",
        "00 ",
        "020 7946 0958 4242424242424242x",
        "1 536-22-8726 020 7946 0958",
    ];

    #[test]
    fn hostile_texts_are_looked_at_so_many_times_at_most() {
        let redactor = Redactor::new(&Policy::default()).unwrap();
        for pattern in HOSTILE {
            let text = pattern.repeat(64 * 1024 / pattern.len());
            let mut settling = Settling::new(&redactor, text.as_bytes());
            settling.all();
            let times = settling.looked as f64 / text.len() as f64;
            // Each round of cutting once, and one after the repeats.
            assert!(times <= f64::from(MAX_ROUNDS) + 2.0, "{pattern:?}: {times}");
        }
    }
}
