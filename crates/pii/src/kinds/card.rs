//! Payment cards: ISO/IEC 7812 with issuers' ranges and lengths, and the Luhn digit.

use crate::candidate::sure;
use crate::context::{Words, before};
use crate::digits::{Gap, Groups};
use crate::text::{before as byte_before, ends_word, is_tied_behind, is_word, starts_word};

/// First and last prefix of an issuer (of the same number of digits), and the lengths it issues as a
/// set of bits, bit n for n digits.
const ISSUERS: &[(u32, u32, u32)] = &[
    // UATP.
    (1, 1, 1 << 15),
    // Visa.
    (4, 4, 1 << 13 | 1 << 16 | 1 << 19),
    // Mastercard.
    (51, 55, 1 << 16),
    (2221, 2720, 1 << 16),
    // American Express.
    (34, 34, 1 << 15),
    (37, 37, 1 << 15),
    // Diners Club.
    (300, 305, 1 << 14 | FROM_16),
    (3095, 3095, 1 << 14 | FROM_16),
    (36, 36, 1 << 14 | FROM_16),
    (38, 39, 1 << 14 | FROM_16),
    // Discover, and RuPay within its ranges.
    (60, 60, FROM_16),
    (644, 649, FROM_16),
    (65, 65, FROM_16),
    // UnionPay, and RuPay.
    (62, 62, FROM_16),
    (81, 82, FROM_16),
    // JCB; 353 and 356 are RuPay too.
    (3528, 3589, FROM_16),
    (2131, 2131, 1 << 15),
    (1800, 1800, 1 << 15),
    // Maestro, Dankort, Verve, Elo, Troy and other debit cards of the banking range 5 and 6.
    (5018, 5020, FROM_12),
    (5038, 5038, FROM_12),
    (5893, 5893, FROM_12),
    (6304, 6304, FROM_12),
    (6759, 6759, FROM_12),
    (6761, 6763, FROM_12),
    (500, 509, FROM_16),
    (56, 58, FROM_16),
    (63, 63, FROM_16),
    (67, 67, FROM_16),
    // Mir, Borica.
    (2200, 2205, FROM_16),
    // Napas, Humo, Troy, Uzcard.
    (9704, 9704, 1 << 16 | 1 << 19),
    (9792, 9792, 1 << 16),
    (9860, 9860, 1 << 16),
    (8600, 8600, 1 << 16),
];

const FROM_16: u32 = 1 << 16 | 1 << 17 | 1 << 18 | 1 << 19;
const FROM_12: u32 = 1 << 12 | 1 << 13 | 1 << 14 | 1 << 15 | FROM_16;

/// Words that announce a card number.
static CARD_WORDS: Words = Words::new(
    &[
        "card",
        "cards",
        "cardnumber",
        "creditcard",
        "debitcard",
        "cc",
        "ccn",
        "pan",
        "visa",
        "mastercard",
        "amex",
        "maestro",
        "credit",
        "debit",
        "karte",
        "kreditkarte",
        "kartennummer",
        "kreditkartennummer",
        "carte",
        "tarjeta",
        "carta",
        "kaart",
        "creditcardnummer",
        "karta",
        "kort",
        "kortnummer",
        "kreditkort",
    ],
    &[
        "cartão",
        "信用卡",
        "卡号",
        "カード",
        "карта",
        "карты",
        "카드",
    ],
);

/// Words for other numbers with the same check digit or of the same length.
static OTHER_WORDS: Words = Words::new(
    &[
        "imei", "isbn", "issn", "ean", "gtin", "upc", "iccid", "uuid", "guid", "barcode",
        "tracking",
    ],
    &[],
);

/// The card number whose first digits are the first of the groups, and its confidence.
pub(crate) fn find(groups: &Groups<'_>) -> Option<(usize, usize, f32)> {
    let text = groups.text;
    let all = groups.as_slice();
    let first = all.first()?;
    if first.len() > 19
        || (all.len() > 1 && first.len() < 4 && first.len() != 1)
        || !is_free(text, first.start)
    {
        return None;
    }
    let mut best = None;
    let mut total = 0;
    let parted = first.gap;
    for (at, group) in all.iter().enumerate() {
        // Beyond the first, groups of three or more; the last may be any.
        total += group.len();
        if total > 19 || (at > 0 && group.len() > 12) || at > 6 {
            break;
        }
        let last = group.gap != parted || at + 1 == all.len();
        if total >= 12
            && (at == 0 || group.len() >= 3 || last)
            && may_end(text, group.end, group.gap, at)
        {
            let digits = groups.digits(0, at + 1);
            let digits = digits.as_slice();
            let sane = at == 0 || first.len() >= 4;
            if sane && luhn(digits) && is_issued(digits) {
                best = Some((first.start, group.end, sure::CERTAIN));
            } else if best.is_none_or(|(_, _, confidence)| confidence < sure::LIKELY)
                && (13..=19).contains(&total)
                && sane
                && is_announced(text, first.start)
            {
                best = Some((first.start, group.end, sure::CAUTION));
            }
        }
        if !parted.is_plain() || group.gap != parted || (at > 0 && group.len() < 3) {
            break;
        }
    }
    let (start, end, confidence) = best?;
    let other = before(text, start, &OTHER_WORDS).is_some_and(|distance| distance <= 12);
    (!other).then_some((start, end, confidence))
}

/// Whether a number may begin here: no part of a word, a decimal or a longer number.
fn is_free(text: &[u8], start: usize) -> bool {
    let tied = match byte_before(text, start) {
        Some(b'-' | b'.' | b'/') => {
            start >= 2
                && (text[start - 2].is_ascii_digit()
                    || (byte_before(text, start) == Some(b'-') && is_hex_tail(text, start - 1)))
        }
        Some(b'+') => true,
        _ => false,
    };
    starts_word(text, start) && !tied
}

/// Whether the word before a dash is hexadecimal with a digit in it: a UUID goes on behind it.
fn is_hex_tail(text: &[u8], dash: usize) -> bool {
    let word = text[..dash]
        .iter()
        .rev()
        .take(12)
        .take_while(|&&byte| is_word(byte));
    let mut digits = false;
    let mut len = 0;
    for byte in word {
        if !byte.is_ascii_hexdigit() {
            return false;
        }
        digits |= byte.is_ascii_digit();
        len += 1;
    }
    digits && len >= 4
}

/// Whether a number may end here: nothing ties more digits to it.
fn may_end(text: &[u8], end: usize, gap: Gap, at: usize) -> bool {
    if !ends_word(text, end) {
        return false;
    }
    gap == Gap::NONE && !is_tied_behind(text, end)
        || gap == Gap::SPACE
        || (at > 0 && gap.has(Gap::SPACE))
        || gap == Gap::SLASH
}

/// Whether a card word stands before with no other number between.
fn is_announced(text: &[u8], start: usize) -> bool {
    before(text, start, &CARD_WORDS)
        .is_some_and(|distance| !text[start - distance..start].iter().any(u8::is_ascii_digit))
}

/// Whether an issuer has this prefix and issues this length.
fn is_issued(digits: &[u8]) -> bool {
    let four = crate::digits::number(&digits[..4.min(digits.len())]);
    let prefixes = [four / 1000, four / 100, four / 10, four];
    ISSUERS.iter().any(|&(first, last, lengths)| {
        let width = match first {
            0..=9 => 0,
            10..=99 => 1,
            100..=999 => 2,
            _ => 3,
        };
        (first..=last).contains(&prefixes[width]) && lengths >> digits.len() & 1 == 1
    })
}

/// ISO/IEC 7812-1 annex B. A number of one repeated digit is none.
fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| {
            let value = u32::from(digit - b'0') << (at % 2);
            if value > 9 { value - 9 } else { value }
        })
        .sum();
    sum.is_multiple_of(10) && digits.iter().any(|digit| Some(digit) != digits.first())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<(&str, f32)> {
        let at = text.find(|found: char| found.is_ascii_digit())?;
        find(&Groups::read(text.as_bytes(), at)).map(|(start, end, sure)| (&text[start..end], sure))
    }

    #[test]
    fn written_forms() {
        for text in [
            "4242424242424242",
            "4242 4242 4242 4242",
            "4242-4242-4242-4242",
            "4242.4242.4242.4242",
            "3782 822463 10005",
            "4242\u{a0}4242\u{a0}4242\u{a0}4242",
        ] {
            assert_eq!(found(text), Some((text, sure::CERTAIN)));
        }
        assert_eq!(
            found("4242 4242 4242 4242 12/27").unwrap().0,
            "4242 4242 4242 4242"
        );
        assert_eq!(
            found("card 4242424242424242.").unwrap().0,
            "4242424242424242"
        );
    }

    #[test]
    fn what_is_none() {
        for text in [
            "4242424242424241",
            "x.4242 4242",
            "1.4242424242424242",
            "4242-4242-4242-4242-1",
            "4242424242424242a",
            "0000000000000000",
            "IMEI 490154203237518",
            "1234567890123",
        ] {
            assert!(found(text).is_none(), "{text}");
        }
    }

    #[test]
    fn near_a_card_word_any_run_is_redacted() {
        assert_eq!(
            found("card number: 1234567890123"),
            Some(("1234567890123", sure::CAUTION))
        );
        assert_eq!(
            found("Karte 1234 5678 9012 3456 gesperrt"),
            Some(("1234 5678 9012 3456", sure::CAUTION))
        );
    }
}
