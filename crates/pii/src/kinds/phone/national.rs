//! Numbers as they are written inside of a country: by grouping, leading digits and length.

use super::{Said, may_end};
use crate::candidate::sure;
use crate::digits::{Gap, Group, Groups, number};

/// The end and confidence of the longest national number that begins the groups; `said` tells what the
/// words around a number with a given end say.
pub(super) fn find(
    groups: &Groups<'_>,
    open: bool,
    said: impl Fn(usize) -> Said,
) -> Option<(usize, f32)> {
    let all = groups.as_slice();
    (1..=all.len().min(7)).rev().find_map(|count| {
        let some = &all[..count];
        let last = some[count - 1];
        let total: usize = some.iter().map(Group::len).sum();
        if !(7..=13).contains(&total) || !may_end(groups.text, &last) {
            return None;
        }
        let digits = groups.digits(0, count);
        let form = Form {
            groups: some,
            digits: digits.as_slice(),
            open,
        };
        if form.is_date() {
            return None;
        }
        let plain = form.plain();
        if plain.is_none() && !form.fits_with_word() {
            return None;
        }
        let confidence = match (plain, said(last.end)) {
            (_, Said::Other) => return None,
            (Some(sure), Said::Phone) => (sure + 0.1).min(sure::FORM),
            (Some(sure), Said::Nothing) => sure,
            (None, Said::Phone) => sure::CONTEXT,
            (None, Said::Nothing) => return None,
        };
        Some((last.end, confidence))
    })
}

/// The digits of a possible number and how they are grouped.
struct Form<'a> {
    groups: &'a [Group],
    digits: &'a [u8],
    /// Whether the first group stands in brackets.
    open: bool,
}

impl Form<'_> {
    fn is(&self, shape: &[usize]) -> bool {
        self.groups.len() == shape.len() && self.starts(shape)
    }

    fn starts(&self, shape: &[usize]) -> bool {
        self.groups.len() >= shape.len()
            && self
                .groups
                .iter()
                .zip(shape)
                .all(|(group, &len)| group.len() == len)
    }

    fn gaps(&self) -> impl Iterator<Item = Gap> + '_ {
        self.groups
            .iter()
            .take(self.groups.len().saturating_sub(1))
            .map(|group| group.gap)
    }

    fn all_gaps(&self, gap: Gap) -> bool {
        self.gaps().all(|one| one == gap)
    }

    /// The gap between the last two groups.
    fn last_gap(&self) -> Gap {
        self.gaps().last().unwrap_or(Gap::NONE)
    }

    fn digit(&self, at: usize) -> u8 {
        self.digits.get(at).copied().unwrap_or(b'0')
    }

    /// The number that a group writes.
    fn value(&self, group: usize) -> u32 {
        let from: usize = self.groups[..group].iter().map(Group::len).sum();
        self.digits
            .get(from..from + self.groups[group].len())
            .map_or(0, number)
    }

    /// Whether it begins with a date, or is a span of years or a dotted address.
    fn is_date(&self) -> bool {
        let year = |group: usize| (1900..2100).contains(&self.value(group));
        let day = |group: usize| (1..=31).contains(&self.value(group));
        let plain = self
            .groups
            .first()
            .is_some_and(|group| group.gap.is_plain() || group.gap == Gap::SLASH);
        let date = plain
            && ((self.starts(&[4, 2, 2]) && year(0) && day(1) && day(2))
                || (self.starts(&[2, 2, 4]) && year(2) && day(0) && day(1))
                || (self.is(&[2, 2, 2]) && day(0) && day(1)));
        let years = self.is(&[4, 4]) && year(0) && year(1);
        let stamp = self.groups.len() > 1
            && self.groups[0].len() == 8
            && (1900..2100).contains(&number(&self.digits[..4]));
        let dotted = self.groups.len() == 4
            && self.all_gaps(Gap::DOT)
            && self.groups.iter().all(|group| group.len() <= 3);
        date || years || stamp || dotted
    }

    /// How sure the form is without any word beside it.
    fn plain(&self) -> Option<f32> {
        self.american()
            .or_else(|| self.with_trunk())
            .or_else(|| self.without_trunk())
    }

    /// The North American plan: area, exchange, line.
    fn american(&self) -> Option<f32> {
        let (from, area) = if self.starts(&[1]) && self.digit(0) == b'1' {
            (1, &self.digits[1..])
        } else {
            (0, self.digits)
        };
        let shape = &self.groups[from..];
        let lens = |wanted: &[usize]| {
            shape.len() == wanted.len()
                && shape
                    .iter()
                    .zip(wanted)
                    .all(|(group, &len)| group.len() == len)
        };
        let [a, b, c, exchange, x, y, ..] = *area else {
            return None;
        };
        if !(lens(&[3, 3, 4]) || (lens(&[3, 7]) && (self.open || shape[0].gap == Gap::DASH)))
            || a < b'2'
        {
            return None;
        }
        let spaced = shape
            .iter()
            .take(shape.len() - 1)
            .all(|group| group.gap == Gap::SPACE);
        let valid =
            b != b'9' && (b, c) != (b'1', b'1') && exchange >= b'2' && (x, y) != (b'1', b'1');
        match (valid, spaced) {
            (true, false) => Some(0.85),
            (true, true) => Some(0.7),
            // Written like a number, though the plan has no such exchange.
            (false, false) => Some(sure::LIKELY),
            (false, true) => None,
        }
    }

    /// Plans that dial a 0 first: most of Europe, Asia, Africa and Oceania.
    fn with_trunk(&self) -> Option<f32> {
        if self.digit(0) != b'0' || self.digit(1) == b'0' {
            return None;
        }
        let total = self.digits.len();
        if let [_] = self.groups {
            // Mobile ranges: GB 07; FR, NL, CH, SE, BE, AU 06, 07, 04; DE 015 to 017; JP 0x0; KR 010.
            let mobile = match (self.digit(1), self.digit(2)) {
                (b'7', b'1'..=b'9') if total == 11 => true,
                (b'7' | b'8' | b'9', b'0') if total == 11 => true,
                // … and 05: AE, SA, IL.
                (b'4'..=b'7', _) => total == 10,
                (b'1', b'5'..=b'7') => total == 11 || total == 12,
                _ => false,
            };
            return mobile.then_some(0.55);
        }
        let first = self.groups[0].len();
        let small =
            self.groups.iter().skip(1).any(|group| group.len() < 2) && self.last_gap() != Gap::DASH;
        let fours = self.is(&[4, 4, 4]) && self.digit(1) != b'8';
        let pairs = self.groups.iter().all(|group| group.len() == 2)
            && !self.gaps().all(|gap| Some(gap) == self.gaps().next());
        // In Japan and its like no exchange begins with 0 or 1, and no line number has two digits.
        let dashed = self.groups.len() == 3
            && self.all_gaps(Gap::DASH)
            && (self.groups[2].len() < 3
                || (self.is(&[4, 2, 4]) && matches!(self.digit(4), b'0' | b'1')));
        let drawn = pairs_rise(self.groups.len(), self.digits);
        let fits = !dashed
            && !drawn
            && (9..=12).contains(&total)
            && (2..=6).contains(&first)
            && self.groups.len() <= 6
            && !small
            && !fours
            && !pairs;
        fits.then_some(if self.open { 0.8 } else { 0.65 })
    }

    /// Plans without a 0, where the grouping or the bracket is peculiar to them.
    fn without_trunk(&self) -> Option<f32> {
        let uniform = self
            .gaps()
            .next()
            .is_some_and(|gap| gap.is_plain() && self.all_gaps(gap));
        let first = self.digit(0);
        if first == b'0' {
            return None;
        }
        let china = self.is(&[3, 4, 4]) && first == b'1' && self.digit(1) >= b'3' && uniform;
        let russia = (self.is(&[1, 3, 3, 2, 2]) || self.is(&[1, 3, 3, 4]))
            && first == b'8'
            && matches!(self.digit(1), b'3' | b'4' | b'8' | b'9');
        let brazil = (self.is(&[2, 5, 4]) && self.digit(2) == b'9'
            || self.open && self.is(&[2, 4, 4]))
            && self.last_gap() == Gap::DASH;
        let spain = (self.is(&[3, 2, 2, 2]) || self.is(&[2, 3, 2, 2])) && first >= b'6' && uniform;
        let italy =
            (self.is(&[3, 7]) || self.is(&[3, 3, 4])) && first == b'3' && self.all_gaps(Gap::SPACE);
        let australia = self.is(&[4, 3, 3])
            && matches!(self.digits.get(..4), Some(b"1300" | b"1800"))
            && uniform;
        let bracket = self.open
            && (8..=11).contains(&self.digits.len())
            && (2..=4).contains(&self.groups[0].len())
            && self.groups.len() <= 4;
        if russia || (brazil && self.open) {
            Some(0.8)
        } else if china || brazil || australia || bracket {
            Some(0.6)
        } else if spain || italy {
            Some(0.55)
        } else {
            None
        }
    }

    /// Whether a word beside it is enough: E.164 has no shorter or longer national numbers in use.
    fn fits_with_word(&self) -> bool {
        let total = self.digits.len();
        let decimal = self.groups.len() == 2 && self.all_gaps(Gap::DOT) && self.groups[0].len() < 3;
        (7..=13).contains(&total)
            && self.groups.len() <= 6
            && !decimal
            && (self.groups.len() == 1 || self.groups.iter().all(|group| group.len() < 9))
    }
}

/// Whether five pairs rise to 50 at most: the numbers of a lottery rather than of a telephone.
fn pairs_rise(groups: usize, digits: &[u8]) -> bool {
    groups == 5
        && digits.len() == 10
        && digits[8..] <= b"50"[..]
        && digits
            .chunks(2)
            .zip(digits.chunks(2).skip(1))
            .all(|(one, next)| one < next)
}
