//! Where canonical text is put together: strings, and objects whose members get sorted.
//!
//! Members are written in the order in which they come. Only where that order turns out to be wrong
//! at the end of an object is its text put together once more, so that canonical input is not moved.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Ordering;

/// Canonical text under construction.
#[derive(Debug)]
pub(crate) struct Sink<'k, 'o> {
    pub(crate) out: &'o mut String,
    /// The members so far of all objects that are open, innermost last.
    members: Vec<Member<'k>>,
    /// Kept between objects to save allocations.
    scratch: String,
}

/// A member already written: `out[start..end]` is `"name":value`.
#[derive(Debug)]
struct Member<'k> {
    name: Cow<'k, str>,
    start: usize,
    end: usize,
}

/// An object whose closing brace is still to come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OpenObject {
    /// Index of its first member.
    first: usize,
    /// Offset in the output behind its opening brace.
    body: usize,
}

impl<'k, 'o> Sink<'k, 'o> {
    pub(crate) fn new(out: &'o mut String) -> Self {
        Self {
            out,
            members: Vec::new(),
            scratch: String::new(),
        }
    }

    pub(crate) fn begin_object(&mut self) -> OpenObject {
        self.out.push('{');
        OpenObject {
            first: self.members.len(),
            body: self.out.len(),
        }
    }

    /// Writes the name of a member; its value must follow, then [`Self::end_member`]. Gives what
    /// [`Self::name`] takes as long as the object is open.
    pub(crate) fn begin_member(&mut self, object: OpenObject, name: Cow<'k, str>) -> usize {
        if self.members.len() > object.first {
            self.out.push(',');
        }
        let start = self.out.len();
        self.string(&name);
        self.out.push(':');
        self.members.push(Member {
            name,
            start,
            end: start,
        });
        self.members.len() - 1
    }

    /// The name of a member of an object that is open.
    pub(crate) fn name(&self, member: usize) -> &str {
        self.members.get(member).map_or("", |member| &member.name)
    }

    pub(crate) fn end_member(&mut self) {
        if let Some(member) = self.members.last_mut() {
            member.end = self.out.len();
        }
    }

    /// Sorts the members and closes the object.
    ///
    /// # Errors
    ///
    /// A name that occurs twice.
    pub(crate) fn end_object(&mut self, object: OpenObject) -> Result<(), String> {
        let members = &mut self.members[object.first..];
        let ascending = |a: &Member<'_>, b: &Member<'_>| compare_utf16(&a.name, &b.name).is_lt();
        if !members.is_sorted_by(ascending) {
            members.sort_unstable_by(|a, b| compare_utf16(&a.name, &b.name));
            if let Some(pair) = members.windows(2).find(|p| p[0].name == p[1].name) {
                return Err(pair[0].name.clone().into_owned());
            }
            self.scratch.clear();
            for member in members.iter() {
                if !self.scratch.is_empty() {
                    self.scratch.push(',');
                }
                self.scratch.push_str(&self.out[member.start..member.end]);
            }
            self.out.truncate(object.body);
            self.out.push_str(&self.scratch);
        }
        self.members.truncate(object.first);
        self.out.push('}');
        Ok(())
    }

    /// Writes a string with its quotes (RFC 8785, section 3.2.2.2).
    pub(crate) fn string(&mut self, text: &str) {
        self.out.push('"');
        let mut rest = text;
        // The bytes looked for are ASCII, so that the text is cut between characters.
        while let Some(at) = rest.bytes().position(needs_escape) {
            self.out.push_str(&rest[..at]);
            self.escape(rest.as_bytes()[at]);
            rest = &rest[at + 1..];
        }
        self.out.push_str(rest);
        self.out.push('"');
    }

    fn escape(&mut self, byte: u8) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let short = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            0x08 => "\\b",
            0x09 => "\\t",
            0x0a => "\\n",
            0x0c => "\\f",
            0x0d => "\\r",
            _ => {
                self.out.push_str("\\u00");
                self.out.push(char::from(HEX[usize::from(byte >> 4)]));
                self.out.push(char::from(HEX[usize::from(byte & 0x0f)]));
                return;
            }
        };
        self.out.push_str(short);
    }
}

fn needs_escape(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// Compares two strings by their UTF-16 code units, without making them (RFC 8785, section 3.2.3).
///
/// UTF-8 bytes sort by code point. UTF-16 differs in one thing: characters beyond U+FFFF (first byte
/// F0 and up) are pairs of D800–DFFF, and so come before U+E000–U+FFFF (first byte EE or EF).
fn compare_utf16(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    match a.iter().zip(b).find(|(x, y)| x != y) {
        None => a.len().cmp(&b.len()),
        Some((x, y)) if *x >= 0xee && *y >= 0xee && (*x >= 0xf0) != (*y >= 0xf0) => y.cmp(x),
        Some((x, y)) => x.cmp(y),
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use proptest::prelude::*;

    use super::compare_utf16;

    fn name() -> impl Strategy<Value = String> {
        let edges = prop::sample::select(alloc::vec![
            'a',
            'b',
            '\u{7f}',
            '\u{80}',
            '\u{7ff}',
            '\u{800}',
            '\u{d7ff}',
            '\u{e000}',
            '\u{efff}',
            '\u{f000}',
            '\u{ffff}',
            '\u{10000}',
            '\u{3ffff}',
            '\u{40000}',
            '\u{10ffff}',
        ]);
        prop::collection::vec(prop_oneof![3 => edges, 1 => any::<char>()], 0..6)
            .prop_map(|chars| chars.into_iter().collect())
    }

    proptest! {
        #[test]
        fn order_is_that_of_utf16(a in name(), b in name()) {
            prop_assert_eq!(compare_utf16(&a, &b), a.encode_utf16().cmp(b.encode_utf16()));
        }
    }
}
