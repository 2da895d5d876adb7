//! Hardware addresses: EUI-48 and EUI-64 in the written forms of IEEE 802, and in fours with dots.

use alloc::vec::Vec;

use crate::context::{Words, before};
use crate::text::{ends_word, starts_word};

/// Words before six pairs of digits that make them an address and not two times of day.
#[rustfmt::skip]
static MAC_WORDS: Words = Words::new(
    &[
        "mac", "ether", "ethernet", "hwaddr", "lladdr", "bssid", "wifi", "wlan", "device",
        "physical", "hardware", "address", "adresse", "neighbor", "interface", "bluetooth",
    ],
    &[],
);

/// The address in pairs whose first pair stands before the separator at a place.
pub(crate) fn find_pairs(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let start = at.checked_sub(2)?;
    let separator = *text.get(at)?;
    let mut pairs = 0;
    let mut end = start;
    loop {
        match text.get(end..end + 2) {
            Some(pair) if pair.iter().all(u8::is_ascii_hexdigit) => pairs += 1,
            _ => return None,
        }
        end += 2;
        if text.get(end) != Some(&separator) || pairs > 8 {
            break;
        }
        // A separator that ends a sentence or begins something else.
        if !text.get(end + 1).is_some_and(u8::is_ascii_hexdigit) {
            break;
        }
        end += 1;
    }
    let goes_on = text.get(end) == Some(&separator) && pairs > 8;
    let times = pairs == 6 && separator == b':' && is_span_of_times(&text[start..end]);
    checked(text, start, end, separator).filter(|_| {
        (pairs == 6 || pairs == 8)
            && !goes_on
            && !(times && before(text, start, &MAC_WORDS).is_none())
    })
}

/// Whether six pairs read as two times of day, as `03:28:29:15:51:47`.
fn is_span_of_times(pairs: &[u8]) -> bool {
    pairs
        .split(|&byte| byte == b':')
        .enumerate()
        .all(|(at, pair)| match *pair {
            [tens, ones] if tens.is_ascii_digit() && ones.is_ascii_digit() => {
                (tens, ones)
                    < if at % 3 == 0 {
                        (b'2', b'4')
                    } else {
                        (b'6', b'0')
                    }
            }
            _ => false,
        })
}

/// The address in fours (`0011.2233.4455`) whose first four stand before the dot at a place.
pub(crate) fn find_fours(text: &[u8], dot: usize) -> Option<(usize, usize)> {
    let start = dot.checked_sub(4)?;
    let end = start + 14;
    let form = text.get(start..end)?;
    let fits = form.iter().enumerate().all(|(at, byte)| {
        if at % 5 == 4 {
            *byte == b'.'
        } else {
            byte.is_ascii_hexdigit()
        }
    });
    let goes_on =
        text.get(end) == Some(&b'.') && text.get(end + 1).is_some_and(u8::is_ascii_hexdigit);
    // Digits alone are rather a long number with thousands parted, or a version.
    let letters = form.iter().any(u8::is_ascii_alphabetic) || form.starts_with(b"00");
    checked(text, start, end, b'.').filter(|_| fits && letters && !goes_on)
}

/// The digits of an address without anything between.
pub(crate) const BARE_LEN: usize = 12;

/// Words right before twelve hex digits that say what they are.
static BARE_WORDS: Words = Words::new(
    &[
        "mac",
        "macaddr",
        "macaddress",
        "hwaddr",
        "lladdr",
        "bssid",
        "ether",
    ],
    &[],
);

/// The address of twelve hex digits that begins at `start`, behind a word for it.
pub(crate) fn find_bare(text: &[u8], start: usize) -> Option<(usize, usize)> {
    let end = start + BARE_LEN;
    let hex = text.get(start..end)?.iter().all(u8::is_ascii_hexdigit);
    let near = |distance: &usize| *distance <= 16;
    if !hex || before(text, start, &BARE_WORDS).filter(near).is_none() {
        return None;
    }
    checked(text, start, end, b':')
}

/// The range, if it is a word of its own and neither all zeros nor all ones.
fn checked(text: &[u8], start: usize, end: usize, separator: u8) -> Option<(usize, usize)> {
    let value = text.get(start..end)?;
    let only = |digit: u8| {
        value
            .iter()
            .all(|&byte| byte == separator || byte.eq_ignore_ascii_case(&digit))
    };
    let tied = start > 1 && text[start - 1] == separator && text[start - 2].is_ascii_hexdigit();
    (starts_word(text, start) && ends_word(text, end) && !tied && !only(b'0') && !only(b'f'))
        .then_some((start, end))
}

/// The first three bytes, which name the maker.
pub(crate) fn mask(value: &[u8], out: &mut Vec<u8>) {
    let mut digits = 0;
    for &byte in value {
        let hex = byte.is_ascii_hexdigit();
        digits += usize::from(hex);
        out.push(if hex && digits > 6 { b'*' } else { byte });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_and_fours() {
        let pairs = |text: &str, separator| {
            let at = text.find(separator).unwrap();
            find_pairs(text.as_bytes(), at).map(|(start, end)| text[start..end].len())
        };
        assert_eq!(pairs("00:1B:44:11:3a:b7", ':'), Some(17));
        assert_eq!(pairs("x 00-1B-44-11-3a-b7.", '-'), Some(17));
        assert_eq!(pairs("00:1B:44:11:3a:b7:00:01", ':'), Some(23));
        for text in [
            "00:00:00:00:00:00",
            "ff:FF:ff:ff:ff:ff",
            "00:1B:44:11:3a",
            "00:1B:44:11:3a:b7:00",
            "00:1B:44:11:3a:b7x",
            "00:1b:44:11:3a:b7:00:01:02:03",
            "03:28:29:15:51:47",
        ] {
            assert_eq!(pairs(text, ':'), None, "{text}");
        }
        assert_eq!(pairs("MAC 03-28-29-15-51-47", '-'), Some(17));
        assert!(find_pairs(b"mac 03:28:29:15:51:47", 6).is_some());
        assert!(find_bare(b"mac_address=001b44113ab7", 12).is_some());
        assert!(find_bare(b"commit 001b44113ab7", 7).is_none());
        assert!(find_fours(b"001b.4411.3ab7", 4).is_some());
        assert!(find_fours(b"1234.5678.9012", 4).is_none());
    }
}
