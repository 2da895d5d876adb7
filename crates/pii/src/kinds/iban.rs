//! International bank account numbers: ISO 13616, checked by ISO 7064 MOD 97-10.

use alloc::vec::Vec;

use crate::candidate::sure;
use crate::text::{Separator, ends_word, separator_at, starts_word};

/// Country and structure of what follows the check digits: `n` digits, `a` letters, `c` either. From
/// the registry of ISO 13616, with the territories that write their own code.
#[rustfmt::skip]
const REGISTRY: &[(&[u8; 2], &str)] = &[
    (b"AD", "8n12c"), (b"AE", "19n"), (b"AL", "8n16c"), (b"AT", "16n"), (b"AX", "14n"),
    (b"AZ", "4a20c"), (b"BA", "16n"), (b"BE", "12n"), (b"BG", "4a6n8c"), (b"BH", "4a14c"),
    (b"BI", "23n"), (b"BL", "10n11c2n"), (b"BR", "23n1a1c"), (b"BY", "4c4n16c"), (b"CH", "5n12c"),
    (b"CR", "18n"), (b"CY", "8n16c"), (b"CZ", "20n"), (b"DE", "18n"), (b"DJ", "23n"),
    (b"DK", "14n"), (b"DO", "4c20n"), (b"EE", "16n"), (b"EG", "25n"), (b"ES", "20n"),
    (b"FI", "14n"), (b"FK", "2a12n"), (b"FO", "14n"), (b"FR", "10n11c2n"), (b"GB", "4a14n"),
    (b"GE", "2a16n"), (b"GF", "10n11c2n"), (b"GG", "4a14n"), (b"GI", "4a15c"), (b"GL", "14n"),
    (b"GP", "10n11c2n"), (b"GR", "7n16c"), (b"GT", "24c"), (b"HR", "17n"), (b"HU", "24n"),
    (b"IE", "4a14n"), (b"IL", "19n"), (b"IM", "4a14n"), (b"IQ", "4a15n"), (b"IS", "22n"),
    (b"IT", "1a10n12c"), (b"JE", "4a14n"), (b"JO", "4a4n18c"), (b"KW", "4a22c"), (b"KZ", "3n13c"),
    (b"LB", "4n20c"), (b"LC", "4a24c"), (b"LI", "5n12c"), (b"LT", "16n"), (b"LU", "3n13c"),
    (b"LV", "4a13c"), (b"LY", "21n"), (b"MC", "10n11c2n"), (b"MD", "20c"), (b"ME", "18n"),
    (b"MF", "10n11c2n"), (b"MK", "3n10c2n"), (b"MN", "16n"), (b"MQ", "10n11c2n"), (b"MR", "23n"),
    (b"MT", "4a5n18c"), (b"MU", "4a19n3a"), (b"NC", "10n11c2n"), (b"NI", "4a20n"),
    (b"NL", "4a10n"), (b"NO", "11n"), (b"OM", "3n16c"), (b"PF", "10n11c2n"), (b"PK", "4a16c"),
    (b"PL", "24n"), (b"PM", "10n11c2n"), (b"PS", "4a21c"), (b"PT", "21n"), (b"QA", "4a21c"),
    (b"RE", "10n11c2n"), (b"RO", "4a16c"), (b"RS", "18n"), (b"RU", "14n15c"), (b"SA", "2n18c"),
    (b"SC", "4a20n3a"), (b"SD", "14n"), (b"SE", "20n"), (b"SI", "15n"), (b"SK", "20n"),
    (b"SM", "1a10n12c"), (b"SO", "19n"), (b"ST", "21n"), (b"SV", "4a20n"), (b"TF", "10n11c2n"),
    (b"TL", "19n"), (b"TN", "20n"), (b"TR", "6n16c"), (b"UA", "6n19c"), (b"VA", "18n"),
    (b"VG", "4a16n"), (b"WF", "10n11c2n"), (b"XK", "16n"), (b"YT", "10n11c2n"),
];

/// Countries that use the form without being in the registry.
#[rustfmt::skip]
const PARTIAL: &[(&[u8; 2], &str)] = &[
    (b"AO", "21n"), (b"BF", "2c22n"), (b"BJ", "2c22n"), (b"CF", "23n"), (b"CG", "23n"),
    (b"CI", "2a22n"), (b"CM", "23n"), (b"CV", "21n"), (b"DZ", "22n"), (b"GA", "23n"),
    (b"GQ", "23n"), (b"GW", "2c19n"), (b"HN", "4a20n"), (b"IR", "22n"), (b"KM", "23n"),
    (b"MA", "24n"), (b"MG", "23n"), (b"ML", "2c22n"), (b"MZ", "21n"), (b"NE", "2a22n"),
    (b"SN", "2a22n"), (b"TD", "23n"), (b"TG", "2a22n"), (b"YE", "4a22c"),
];

/// The longest number, ISO 13616.
const MAX_LEN: usize = 34;

/// Whether a word that begins so can be one: two letters and two digits.
pub(crate) fn may_begin(text: &[u8], at: usize) -> bool {
    matches!(text.get(at..at + 4), Some([a, b, c, d])
        if c.is_ascii_digit() && d.is_ascii_digit() && a.is_ascii_alphabetic() && b.is_ascii_alphabetic())
}

/// The number that begins at `start`, and its confidence.
pub(crate) fn find(text: &[u8], start: usize) -> Option<(usize, usize, f32)> {
    if !starts_word(text, start) || !may_begin(text, start) {
        return None;
    }
    let country = [
        text[start].to_ascii_uppercase(),
        text[start + 1].to_ascii_uppercase(),
    ];
    let of = |list: &'static [(&[u8; 2], &'static str)]| {
        list.iter()
            .find(|(code, _)| **code == country)
            .map(|(_, structure)| *structure)
    };
    let (structure, confidence) = match of(REGISTRY) {
        Some(structure) => (structure, sure::CERTAIN),
        None => (of(PARTIAL)?, sure::FORM),
    };
    // `a` is a capital in the registry; who types without capitals writes none at all.
    let small = text[start].is_ascii_lowercase();
    if text[start + 1].is_ascii_lowercase() != small {
        return None;
    }
    let mut chars = [0; MAX_LEN];
    let mut len = 4;
    chars[..2].copy_from_slice(&country);
    chars[2..4].copy_from_slice(&text[start + 2..start + 4]);
    let mut at = start + 4;
    for (count, class) in parts(structure) {
        for _ in 0..count {
            let byte = next_char(text, &mut at)?;
            let fits = match class {
                b'n' => byte.is_ascii_digit(),
                b'a' => byte.is_ascii_alphabetic() && byte.is_ascii_lowercase() == small,
                _ => byte.is_ascii_alphanumeric(),
            };
            if !fits {
                return None;
            }
            *chars.get_mut(len)? = byte.to_ascii_uppercase();
            len += 1;
        }
    }
    let check = (chars[2] - b'0') * 10 + (chars[3] - b'0');
    let whole = ends_word(text, at);
    let valid = (2..=98).contains(&check) && remainder(&chars[..len]) == 1;
    (whole && valid).then_some((start, at, confidence))
}

/// The parts of a structure such as `8n12c`.
fn parts(structure: &str) -> impl Iterator<Item = (usize, u8)> {
    structure
        .split_inclusive(|found: char| found.is_ascii_alphabetic())
        .filter_map(|part| {
            let (count, class) = part.split_at_checked(part.len() - 1)?;
            Some((count.parse().ok()?, *class.as_bytes().first()?))
        })
}

/// The next letter or digit, behind at most one space or dash.
fn next_char(text: &[u8], at: &mut usize) -> Option<u8> {
    if let Some((Separator::Space | Separator::Dash, len)) = separator_at(text, *at) {
        *at += len;
    }
    let byte = *text.get(*at)?;
    *at += 1;
    Some(byte)
}

/// The number with its first four characters last, modulo 97; letters count from 10 on.
fn remainder(chars: &[u8]) -> u32 {
    let (head, tail) = chars.split_at(4.min(chars.len()));
    tail.iter().chain(head).fold(0, |sum, &byte| {
        if byte.is_ascii_digit() {
            (sum * 10 + u32::from(byte - b'0')) % 97
        } else {
            (sum * 100 + u32::from(byte - b'A') + 10) % 97
        }
    })
}

/// The country and the last four, separators as they were.
pub(crate) fn mask(value: &[u8], out: &mut Vec<u8>) {
    let all = value
        .iter()
        .filter(|byte| byte.is_ascii_alphanumeric())
        .count();
    let mut seen = 0;
    for &byte in value {
        let counts = byte.is_ascii_alphanumeric();
        seen += usize::from(counts);
        out.push(if counts && seen > 2 && seen + 4 <= all {
            b'*'
        } else {
            byte
        });
    }
}

#[cfg(test)]
#[allow(clippy::print_stdout, reason = "a skipped test says so")]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<&str> {
        find(text.as_bytes(), 0).map(|(start, end, _)| &text[start..end])
    }

    #[test]
    fn written_forms() {
        for text in [
            "DE89370400440532013000",
            "DE89 3704 0044 0532 0130 00",
            "de89-3704-0044-0532-0130-00",
            "DE89\u{a0}3704\u{a0}0044\u{a0}0532\u{a0}0130\u{a0}00",
        ] {
            assert_eq!(found(text), Some(text));
        }
        assert_eq!(
            found("GB29 NWBK 6016 1331 9268 19, please"),
            Some("GB29 NWBK 6016 1331 9268 19")
        );
        for text in [
            "DE88370400440532013000",
            "DE89 3704 0044 0532 0130 0",
            "DE893704004405320130001",
            "XX89370400440532013000",
            "GB29 nwbk 6016 1331 9268 19",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }

    /// Classes and lengths of our structure, or of the registry's (`4!n14!n`), letter by letter.
    fn spelled(structure: &str) -> String {
        parts(&structure.replace('!', ""))
            .flat_map(|(count, class)| std::iter::repeat_n(char::from(class), count))
            .collect()
    }

    #[test]
    fn structures_are_those_of_the_registry() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../../shared/vectors/pii-recognizer-cases/iban_registry_lengths.json"
        );
        let Ok(text) = std::fs::read_to_string(path) else {
            println!("SKIPPED: iban_registry_lengths.json: ../shared is absent");
            return;
        };
        let registry: serde_json::Value = serde_json::from_str(&text).unwrap();
        let listed = registry.as_object().unwrap();
        assert!(listed.len() > 80);
        for (country, entry) in listed {
            let ours = REGISTRY.iter().chain(PARTIAL);
            let Some((_, structure)) = ours
                .clone()
                .find(|(code, _)| code[..] == *country.as_bytes())
            else {
                panic!("{country} is missing");
            };
            let theirs = entry["bban_spec"].as_str().unwrap();
            assert_eq!(spelled(structure), spelled(theirs), "{country}");
            assert_eq!(
                spelled(structure).len() + 4,
                usize::try_from(entry["iban_length"].as_u64().unwrap()).unwrap(),
                "{country}"
            );
        }
    }

    #[test]
    fn mask_shows_country_and_last_four() {
        let mut out = Vec::new();
        mask(b"DE89 3704 0044 0532 0130 00", &mut out);
        assert_eq!(out, b"DE** **** **** **** **30 00");
    }
}
