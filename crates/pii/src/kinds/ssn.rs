//! Social security numbers of the United States: the rules of the Social Security Administration.

use crate::candidate::sure;
use crate::context::{Words, before, behind};
use crate::digits::{Gap, Groups, number};
use crate::text::{ends_word, is_tied_before, is_tied_behind, starts_word};

static SSN_WORDS: Words = Words::new(
    &[
        "ssn",
        "ssns",
        "social",
        "security",
        "socialsecurity",
        "socialsecuritynumber",
        "ss",
        "tin",
        "taxpayer",
        "sociale",
        "sozialversicherungsnummer",
    ],
    &["社会保障", "社会安全"],
);

/// Words for other numbers that are written in the same groups.
static OTHER_WORDS: Words = Words::new(
    &[
        "part", "parts", "sku", "order", "invoice", "ticket", "model", "serial", "item", "article",
        "product", "catalog", "batch", "lot", "tracking", "siret", "siren", "isbn",
    ],
    &[],
);

/// Numbers that were printed on sample cards and in advertisements, and are no person's.
const SPECIMENS: [&[u8]; 2] = [b"078051120", b"219099999"];

/// How near a word stands before a number that is parted once, in bytes.
const NEAR: usize = 8;

/// The number whose first digits are the first of the groups.
pub(crate) fn find(groups: &Groups<'_>) -> Option<(usize, usize, f32)> {
    let text = groups.text;
    let all = groups.as_slice();
    let lengths = |count: usize| {
        all.get(..count)
            .map(|some| some.iter().map(crate::digits::Group::len))
    };
    let is = |shape: &[usize]| {
        lengths(shape.len()).is_some_and(|lengths| lengths.eq(shape.iter().copied()))
    };
    let same = |count: usize| {
        let gap = all[0].gap;
        gap.is_plain() && all[..count - 1].iter().all(|group| group.gap == gap)
    };
    let (count, needs_word, parted_once) = if is(&[3, 2, 4]) && same(3) {
        (3, false, false)
    } else if (is(&[3, 6]) || is(&[5, 4])) && same(2) {
        // A postal code with four more digits is written so too.
        (2, true, true)
    } else if is(&[9]) {
        (1, true, false)
    } else {
        return None;
    };
    let (start, end) = (all[0].start, all[count - 1].end);
    let after = all[count - 1].gap;
    let ends = ends_word(text, end)
        && (after == Gap::SPACE
            || after == Gap::SPACE.with(Gap::OPEN)
            || after == Gap::NONE && !is_tied_behind(text, end));
    let named = before(text, start, &SSN_WORDS);
    // `SSN#536-22-8726`
    let tied = is_tied_before(text, start) && named.is_none_or(|distance| distance > 2);
    if !starts_word(text, start) || tied || text[..start].ends_with(b"+") || !ends {
        return None;
    }
    let digits = groups.digits(0, count);
    if !is_issued(digits.as_slice()) {
        return None;
    }
    let other =
        named.is_none() && before(text, start, &OTHER_WORDS).is_some_and(|distance| distance <= 16);
    if other {
        return None;
    }
    let word = match parted_once {
        true => named.is_some_and(|distance| distance <= NEAR),
        false => named.is_some() || behind(text, end, &SSN_WORDS),
    };
    // In spaces it may be the middle of a longer number.
    let goes_on = all[0].gap == Gap::SPACE
        && (after == Gap::SPACE
            || matches!(text[..start], [.., digit, b' '] if digit.is_ascii_digit()));
    let needs_word = needs_word || goes_on;
    let confidence = match (word, needs_word) {
        (true, false) => sure::FORM,
        (true, true) => sure::CONTEXT,
        (false, false) if all[0].gap == Gap::DASH => 0.85,
        (false, false) => sure::LIKELY,
        (false, true) => return None,
    };
    Some((start, end, confidence))
}

/// Whether the number can have been issued.
fn is_issued(digits: &[u8]) -> bool {
    let [area @ .., _, _, _, _, _, _] = digits else {
        return false;
    };
    let (group, serial) = (&digits[3..5], &digits[5..]);
    let area = number(area);
    (1..=899).contains(&area)
        && area != 666
        && group != b"00"
        && serial != b"0000"
        && !SPECIMENS.contains(&digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> bool {
        let at = text.find(|found: char| found.is_ascii_digit()).unwrap();
        find(&Groups::read(text.as_bytes(), at)).is_some()
    }

    #[test]
    fn forms_and_rules() {
        for text in [
            "536-22-8726",
            "536 22 8726",
            "536.22.8726",
            "SSN: 536228726",
            "SSN#536-22-8726",
            "ssn 536 22 8726 17",
            "Numéro de sécurité sociale 536228726",
            "536-22-8726.",
            "536-22-8726 (725) 657-3451",
            "ssn: 53622-8726",
        ] {
            assert!(found(text), "{text}");
        }
        for text in [
            "000-22-8726",
            "666-22-8726",
            "900-22-8726",
            "536-00-8726",
            "536-22-0000",
            "078-05-1120",
            "536-22.8726",
            "536228726",
            "536-22-87261",
            "536-22-8726-1",
            "1-536-22-8726",
            "part no. 536-22-8726",
            "536 22 8726 17",
            "zip 53622-8726",
            "zip=53622-8726 for this person, ssn",
        ] {
            assert!(!found(text), "{text}");
        }
    }
}
