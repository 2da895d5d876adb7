//! Telephone numbers: ITU-T E.164 with its country codes, and the national forms of common plans.

use alloc::vec::Vec;
use core::cell::OnceCell;

mod national;
mod plans;
mod words;

use crate::candidate::sure;
use crate::context::{before, behind};
use crate::digits::{Gap, Group, Groups, is_extension};
use crate::text::{before as byte_before, ends_word, is_tied_before, is_tied_behind, starts_word};
use words::{OTHER_WORDS, PHONE_WORDS};

/// What the words around a candidate say.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Said {
    /// It is a telephone number.
    Phone,
    /// It is something else.
    Other,
    /// Nothing.
    Nothing,
}

/// Whether one of the letters with a colon stands before that signatures use: `T: `, `M: `, `F: `.
fn is_labelled(text: &[u8], start: usize) -> bool {
    let lead = text[..start].strip_suffix(b" ").unwrap_or(&text[..start]);
    matches!(lead, [before @ .., b'T' | b'M' | b'F' | b't' | b'm' | b'f', b':']
        if before.last().is_none_or(|&byte| matches!(byte, b' ' | b'|' | b',' | b'\n' | b'\t' | b'(')))
}

/// The words around a number that begins at a place. Those before it are looked for once, if at all.
struct Around<'a> {
    text: &'a [u8],
    start: usize,
    before: OnceCell<Said>,
}

impl<'a> Around<'a> {
    const fn new(text: &'a [u8], start: usize) -> Self {
        Self {
            text,
            start,
            before: OnceCell::new(),
        }
    }

    /// What they say of a number that ends at `end`.
    fn say(&self, end: usize) -> Said {
        match self
            .before
            .get_or_init(|| said_before(self.text, self.start))
        {
            Said::Nothing if behind(self.text, end, &PHONE_WORDS) => Said::Phone,
            said => *said,
        }
    }
}

fn said_before(text: &[u8], start: usize) -> Said {
    // The head of another column says nothing of this one.
    let phone = before(text, start, &PHONE_WORDS)
        .filter(|&distance| distance <= 48 && !text[start - distance..start].contains(&b'|'));
    let other = before(text, start, &OTHER_WORDS).filter(|&distance| distance <= 16);
    match (phone, other) {
        (Some(phone), Some(other)) if other < phone => Said::Other,
        (Some(_), _) => Said::Phone,
        (None, Some(_)) => Said::Other,
        (None, None) if is_labelled(text, start) => Said::Phone,
        (None, None) => Said::Nothing,
    }
}

/// The number whose plus sign stands at a place.
pub(crate) fn find_plus(text: &[u8], plus: usize) -> Option<(usize, usize, f32)> {
    let free = byte_before(text, plus).is_none_or(|byte| byte != b'+' && byte != b'^')
        && starts_word(text, plus);
    let mut at = plus + 1;
    for _ in 0..2 {
        at += usize::from(matches!(text.get(at), Some(b' ' | b'(')));
    }
    if !free || !matches!(text.get(at), Some(b'1'..=b'9')) {
        return None;
    }
    let groups = Groups::read(text, at);
    let end = international(&groups, 0)?;
    let start = if byte_before(text, plus) == Some(b'(')
        && text[plus..end].contains(&b')')
        && !text[plus..end].contains(&b'(')
    {
        plus - 1
    } else {
        plus
    };
    Some((start, extension(text, end), 0.95))
}

/// The number whose first digits are the first of the groups.
pub(crate) fn find(groups: &Groups<'_>) -> Option<(usize, usize, f32)> {
    let text = groups.text;
    let all = groups.as_slice();
    let first = all.first()?;
    if all.len() == 1 && !(7..=17).contains(&first.len()) {
        return None;
    }
    let digits: usize = all.iter().map(Group::len).sum();
    let open = byte_before(text, first.start) == Some(b'(')
        && first.gap.has(Gap::CLOSE)
        && !first.gap.has(Gap::OPEN);
    let start = first.start - usize::from(open);
    if digits < 7 || first.len() > 17 || !is_free(text, start) {
        return None;
    }
    // A bracket that closes without having opened.
    if !open && first.gap.has(Gap::CLOSE) && !first.gap.has(Gap::OPEN) {
        return None;
    }
    let around = Around::new(text, start);
    let lead = &text[first.start..first.end];
    for prefix in [&b"00"[..], b"011"] {
        if lead.starts_with(prefix)
            && let Some(end) = international(groups, prefix.len())
            && (end > first.end || around.say(end) == Said::Phone)
            && around.say(end) != Said::Other
        {
            return Some((start, extension(text, end), sure::FORM));
        }
    }
    if goes_on(text, start, first.gap) {
        return None;
    }
    let (end, confidence) = national::find(groups, open, |end| around.say(end))?;
    Some((start, extension(text, end), confidence))
}

/// Whether a national number may begin here.
fn is_free(text: &[u8], start: usize) -> bool {
    let tied = match byte_before(text, start) {
        Some(b'+' | b'$' | b'#' | b'%' | b'@' | b'~' | b'^' | b'*') => true,
        Some(b':') => start >= 2 && text[start - 2].is_ascii_digit(),
        Some(byte) if byte >= 0x80 => {
            matches!(
                crate::text::char_before(text, start),
                Some(('€' | '£' | '¥' | '№' | '§', _))
            )
        }
        _ => false,
    };
    starts_word(text, start) && !is_tied_before(text, start) && !tied
}

/// Whether a longer number in groups goes on here: digits before, parted by what parts these too.
fn goes_on(text: &[u8], start: usize, gap: Gap) -> bool {
    gap == Gap::SPACE && matches!(text[..start], [.., before, b' '] if before.is_ascii_digit())
}

/// The end of the longest international number, `skip` being the digits of the prefix.
fn international(groups: &Groups<'_>, skip: usize) -> Option<usize> {
    let all = groups.as_slice();
    // `(0)` is for those who dial inside of the country.
    let trunk = (1..all.len().saturating_sub(1).min(3)).find(|&at| {
        all[at].len() == 1
            && groups.text[all[at].start] == b'0'
            && all[at - 1].gap.has(Gap::OPEN)
            && all[at].gap.has(Gap::CLOSE)
    });
    (1..=all.len()).rev().find_map(|count| {
        let last = all[count - 1];
        if !may_end(groups.text, &last)
            || (last.len() == 1 && all.len() > 1 && count > 1 && !all[count - 2].gap.has(Gap::DASH))
        {
            return None;
        }
        let digits = match trunk {
            Some(at) if count > at => {
                let mut digits = groups.digits(0, at);
                digits.extend(groups.digits(at + 1, count).as_slice());
                digits
            }
            Some(_) => return None,
            None => groups.digits(0, count),
        };
        let number = digits.as_slice().get(skip..)?;
        plans::is_number(number).then_some(last.end)
    })
}

/// Whether a number may end with this group.
fn may_end(text: &[u8], last: &Group) -> bool {
    let gap = last.gap;
    (ends_word(text, last.end) || is_extension(text, last.end))
        && (gap == Gap::NONE && !is_tied_behind(text, last.end)
            || gap.has(Gap::SPACE)
            || gap.has(Gap::OPEN)
            || gap.has(Gap::CLOSE))
        && !is_amount(text, last.end)
}

/// Whether what follows makes the digits an amount: a per cent sign or a currency.
fn is_amount(text: &[u8], end: usize) -> bool {
    let rest = &text[end..];
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    [
        &b"%"[..],
        "€".as_bytes(),
        "£".as_bytes(),
        b"EUR",
        b"USD",
        b"euro",
        b"bytes",
        b"ms",
    ]
    .iter()
    .any(|sign| rest.starts_with(sign))
        || (text.get(end) == Some(&b',')
            && text.get(end + 1).is_some_and(u8::is_ascii_digit)
            && text.get(end + 3).is_none_or(|byte| !byte.is_ascii_digit()))
}

/// What announces an extension, the longer of two that begin alike first.
const EXTENSION_WORDS: [&[u8]; 8] = [
    b"extension",
    b"ext.",
    b"ext",
    b"x",
    b"durchwahl",
    b"poste",
    b"anexo",
    b"ramal",
];

/// Where the extension behind a number ends: `x12`, `ext. 12`.
fn extension(text: &[u8], end: usize) -> usize {
    let rest = &text[end..];
    let skip = rest
        .iter()
        .take(2)
        .take_while(|&&byte| byte == b' ' || byte == b',')
        .count();
    let words = &rest[skip..];
    let word = EXTENSION_WORDS.iter().find(|word| {
        words
            .get(..word.len())
            .is_some_and(|lead| lead.eq_ignore_ascii_case(word))
    });
    let Some(word) = word else { return end };
    let mut at = end + skip + word.len();
    at += text[at..]
        .iter()
        .take(2)
        .take_while(|&&byte| matches!(byte, b' ' | b':' | b'.'))
        .count();
    let digits = text[at..]
        .iter()
        .take(8)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    if (1..=7).contains(&digits) && ends_word(text, at + digits) {
        at + digits
    } else {
        end
    }
}

/// Every digit but the last four; of short numbers but the last two.
pub(crate) fn mask(value: &[u8], out: &mut Vec<u8>) {
    let all = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    mask_digits(value, if all < 10 { 2 } else { 4 }, out);
}

/// Every digit but the last ones becomes `*`.
pub(crate) fn mask_digits(value: &[u8], shown: usize, out: &mut Vec<u8>) {
    let all = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    let mut seen = 0;
    for &byte in value {
        seen += usize::from(byte.is_ascii_digit());
        out.push(if byte.is_ascii_digit() && seen + shown <= all {
            b'*'
        } else {
            byte
        });
    }
}

/// The digits, with a plus where it is written in any form, without `(0)` and extension.
pub(crate) fn normal(value: &[u8], out: &mut Vec<u8>) {
    let cut = value
        .iter()
        .position(u8::is_ascii_alphabetic)
        .unwrap_or(value.len());
    let number = &value[..cut];
    let trunk = memchr::memmem::find(number, b"(0)");
    let is_trunk = |at: usize| trunk.is_some_and(|from| at == from + 1);
    let digits: Vec<u8> = number
        .iter()
        .enumerate()
        .filter(|&(at, byte)| byte.is_ascii_digit() && !is_trunk(at))
        .map(|(_, &byte)| byte)
        .collect();
    let plus = number.first() == Some(&b'+') || number.starts_with(b"(+");
    let abroad = |prefix: &[u8]| {
        digits
            .strip_prefix(prefix)
            .filter(|rest| plans::is_number(rest))
            .map(<[u8]>::to_vec)
    };
    let prefixed = if plus {
        Some(digits.clone())
    } else {
        abroad(b"00").or_else(|| abroad(b"011"))
    };
    if let Some(rest) = prefixed {
        out.push(b'+');
        out.extend(rest);
    } else {
        out.extend(digits);
    }
}

#[cfg(test)]
mod tests;
