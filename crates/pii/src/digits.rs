//! Groups of digits and what parts them: the raw material of cards, numbers and dotted addresses.

use crate::text::{Separator, is_word, separator_at};

/// The most groups that are looked at from one place.
pub(crate) const MAX_GROUPS: usize = 12;

/// The most digits that any kind of number has, with room to see that there are more.
const MAX_DIGITS: usize = 40;

/// What stands between two groups: a set of separators, each at most once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Gap(u8);

impl Gap {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const SPACE: Self = Self(1);
    pub(crate) const DASH: Self = Self(2);
    pub(crate) const DOT: Self = Self(4);
    pub(crate) const SLASH: Self = Self(8);
    pub(crate) const OPEN: Self = Self(16);
    pub(crate) const CLOSE: Self = Self(32);

    const fn of(separator: Separator) -> Self {
        match separator {
            Separator::Space => Self::SPACE,
            Separator::Dash => Self::DASH,
            Separator::Dot => Self::DOT,
            Separator::Slash => Self::SLASH,
            Separator::Open => Self::OPEN,
            Separator::Close => Self::CLOSE,
        }
    }

    /// Whether it has any separator of `other`.
    pub(crate) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// What has the separators of both.
    pub(crate) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether it is exactly one space, dash or dot.
    pub(crate) fn is_plain(self) -> bool {
        self == Self::SPACE || self == Self::DASH || self == Self::DOT
    }
}

/// One group of digits.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Group {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// What parts it from the group behind it; nothing if it is the last.
    pub(crate) gap: Gap,
}

impl Group {
    pub(crate) const fn len(&self) -> usize {
        self.end - self.start
    }
}

/// The groups from a place on, as far as separators join them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Groups<'a> {
    pub(crate) text: &'a [u8],
    groups: [Group; MAX_GROUPS],
    len: usize,
}

impl<'a> Groups<'a> {
    /// Reads the groups from the digit at `start` on.
    pub(crate) fn read(text: &'a [u8], start: usize) -> Self {
        let mut found = Self {
            text,
            groups: [Group::default(); MAX_GROUPS],
            len: 0,
        };
        let mut at = start;
        let mut digits = 0;
        while found.len < MAX_GROUPS && digits < MAX_DIGITS {
            let room = MAX_DIGITS - digits;
            let len = text[at..]
                .iter()
                .take(room)
                .take_while(|byte| byte.is_ascii_digit())
                .count();
            let end = at + len;
            digits += len;
            // A group that runs into letters is a word, such as the 21st, and ends the number.
            let glued = text.get(end).is_some_and(|&byte| is_word(byte));
            if len == 0 || (glued && found.len > 0 && !is_extension(text, end)) {
                if let Some(last) = found.len.checked_sub(1) {
                    found.groups[last].gap = Gap::NONE;
                }
                break;
            }
            let (gap, next) = gap_at(text, end);
            found.groups[found.len] = Group {
                start: at,
                end,
                gap,
            };
            found.len += 1;
            if gap == Gap::NONE || glued {
                break;
            }
            at = next;
        }
        found
    }

    pub(crate) fn as_slice(&self) -> &[Group] {
        &self.groups[..self.len]
    }

    /// The digits of the groups `from..to`.
    pub(crate) fn digits(&self, from: usize, to: usize) -> Digits {
        let mut digits = Digits::default();
        for group in &self.as_slice()[from..to] {
            digits.extend(&self.text[group.start..group.end]);
        }
        digits
    }
}

/// Whether an extension follows directly, as in `555-0123x45`.
pub(crate) fn is_extension(text: &[u8], at: usize) -> bool {
    matches!(text.get(at), Some(b'x' | b'X')) && text.get(at + 1).is_some_and(u8::is_ascii_digit)
}

/// The gap at a place and where the digit behind it stands; no gap if no digit follows it.
fn gap_at(text: &[u8], at: usize) -> (Gap, usize) {
    let mut gap = Gap::NONE;
    let mut next = at;
    for _ in 0..4 {
        if text.get(next).is_some_and(u8::is_ascii_digit) {
            return (gap, next);
        }
        let Some((separator, len)) = separator_at(text, next) else {
            return (Gap::NONE, at);
        };
        let one = Gap::of(separator);
        // A space may stand on both sides of another separator.
        if gap.has(one) && (one != Gap::SPACE || gap == Gap::SPACE) {
            return (Gap::NONE, at);
        }
        gap = gap.with(one);
        next += len;
    }
    if text.get(next).is_some_and(u8::is_ascii_digit) {
        return (gap, next);
    }
    (Gap::NONE, at)
}

/// Up to 40 digits without what parts them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Digits {
    bytes: [u8; MAX_DIGITS],
    len: usize,
}

impl Default for Digits {
    fn default() -> Self {
        Self {
            bytes: [0; MAX_DIGITS],
            len: 0,
        }
    }
}

impl Digits {
    pub(crate) fn extend(&mut self, digits: &[u8]) {
        for &digit in digits.iter().filter(|byte| byte.is_ascii_digit()) {
            if let Some(place) = self.bytes.get_mut(self.len) {
                *place = digit;
                self.len += 1;
            }
        }
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// The number that up to nine digits write.
pub(crate) fn number(digits: &[u8]) -> u32 {
    digits
        .iter()
        .take(9)
        .fold(0, |sum, digit| sum * 10 + u32::from(digit & 15))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> Vec<usize> {
        Groups::read(text.as_bytes(), 0)
            .as_slice()
            .iter()
            .map(Group::len)
            .collect()
    }

    #[test]
    fn groups_end_where_nothing_joins_them() {
        assert_eq!(shape("4012 8888-8888.1881"), [4, 4, 4, 4]);
        assert_eq!(shape("1\u{a0}2\u{2011}3"), [1, 1, 1]);
        assert_eq!(shape("12  34"), [2], "two spaces part columns");
        assert_eq!(shape("12 / 34"), [2, 2]);
        assert_eq!(shape("12 34th"), [2]);
        assert_eq!(shape("12, 34"), [2]);
        assert_eq!(shape("555 0123x45"), [3, 4]);
        assert_eq!(shape("1234. "), [4]);
    }
}
