//! Addresses of IPv4 (dotted decimal) and IPv6 (RFC 4291 §2.2, zone of RFC 4007).

use alloc::vec::Vec;

use core::net::Ipv6Addr;

use crate::digits::{Gap, Groups, number};
use crate::text::{before, ends_word, is_line_end, is_word, starts_word};

/// The address whose first number is the first of the groups.
pub(crate) fn find_v4(groups: &Groups<'_>) -> Option<(usize, usize)> {
    let [first, second, third, fourth, ..] = groups.as_slice() else {
        return None;
    };
    if [first, second, third]
        .iter()
        .any(|group| group.gap != Gap::DOT || group.end + 1 > groups.text.len())
    {
        return None;
    }
    let text = groups.text;
    let (start, end) = (first.start, fourth.end);
    let octets = [first, second, third, fourth].iter().all(|group| {
        let digits = &text[group.start..group.end];
        matches!(digits, [_] | [b'1'..=b'9', _] | [b'1'..=b'9', _, _]) && number(digits) <= 255
    });
    let goes_on = text.get(end) == Some(&b'.')
        && text
            .get(end + 1)
            .is_some_and(|&byte| is_word(byte) && byte != b'_')
        && text.get(end + 1).is_some_and(u8::is_ascii_digit);
    let tied = before(text, start) == Some(b'.') && start >= 2 && is_word(text[start - 2]);
    if !octets || goes_on || tied || !starts_word(text, start) || !ends_word(text, end) {
        return None;
    }
    (!is_version(text, start, end)).then_some((start, end))
}

/// Words before four numbers that make them a version or a place in a document.
#[rustfmt::skip]
const VERSION_WORDS: [&str; 29] = [
    "ver", "vers", "v", "release", "section", "sec", "chapter", "clause", "build", "revision",
    "appendix", "paragraph", "firmware", "versionsnummer", "abschnitt", "kapitel", "absatz",
    "chapitre", "article", "annexe", "révision", "versión", "sección", "capítulo", "compilación",
    "versione", "capitolo", "versão", "versie",
];

/// Whether the word before names a version, or a product's name and a slash do.
fn is_version(text: &[u8], start: usize, end: usize) -> bool {
    let lead = &text[start.saturating_sub(24)..start];
    let line = lead
        .iter()
        .rposition(|&byte| is_line_end(byte))
        .map_or(0, |at| at + 1);
    let lead = &lead[line..];
    // A product of RFC 9110 §10.1.5, whose version browsers have frozen.
    if let [.., letter, b'/'] = lead
        && letter.is_ascii_alphabetic()
        && text[start..end].ends_with(b".0.0")
    {
        return true;
    }
    let word_end = lead
        .iter()
        .rposition(|byte| !matches!(byte, b' ' | b':' | b'=' | b'"' | b'\'' | b'\\' | b'.'))
        .map_or(0, |at| at + 1);
    let word = &lead[..word_end];
    let from = word
        .iter()
        .rposition(|&byte| !byte.is_ascii_alphabetic() && byte < 0x80)
        .map_or(0, |at| at + 1);
    let word = &word[from..];
    // `appVersion` is one too.
    let tail = &word[word.len().saturating_sub(b"version".len())..];
    tail.eq_ignore_ascii_case(b"version")
        || VERSION_WORDS
            .iter()
            .any(|known| word.eq_ignore_ascii_case(known.as_bytes()))
        || word.ends_with("§".as_bytes())
}

/// A run of hex digits, colons and dots around the colon at a place: its start and end.
pub(crate) fn token(text: &[u8], colon: usize) -> (usize, usize) {
    let floor = colon.saturating_sub(5);
    let lead = text[floor..colon]
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_hexdigit())
        .count();
    let tail = text[colon..]
        .iter()
        .take_while(|&&byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.'))
        .count();
    (colon - lead, colon + tail)
}

/// The IPv6 address that fills a token, with its zone.
pub(crate) fn find_v6(text: &[u8], start: usize, end: usize) -> Option<(usize, usize)> {
    // The longest form has 45 bytes; a sentence or a port may follow it.
    if end - start > 48 || end - start < 3 || !starts_word(text, start) {
        return None;
    }
    let mut stop = end;
    while stop > start
        && (text[stop - 1] == b'.'
            || (text[stop - 1] == b':' && !text[start..stop].ends_with(b"::")))
    {
        stop -= 1;
    }
    if stop < end
        && text
            .get(stop + 1)
            .is_some_and(|&byte| byte.is_ascii_alphanumeric())
        && text[stop] == b'.'
        && stop + 1 < end
    {
        return None;
    }
    let written = core::str::from_utf8(&text[start..stop]).ok()?;
    let address: Ipv6Addr = written.parse().ok()?;
    if address.is_unspecified() || (stop == end && !ends_word(text, stop)) {
        return None;
    }
    // `ab::cd` is more often a path of a programming language.
    let digits = written.bytes().any(|byte| byte.is_ascii_digit());
    let long = written
        .split(':')
        .filter(|group| !group.is_empty())
        .all(|group| group.len() == 4);
    if !digits && !long {
        return None;
    }
    Some((start, zone(text, stop)))
}

/// Where the zone behind an address ends.
fn zone(text: &[u8], end: usize) -> usize {
    if text.get(end) != Some(&b'%') {
        return end;
    }
    let name = text[end + 1..]
        .iter()
        .take(16)
        .take_while(|&&byte| is_word(byte))
        .count();
    if name == 0 { end } else { end + 1 + name }
}

/// Two numbers of IPv4, the first group of IPv6.
pub(crate) fn mask(value: &[u8], out: &mut Vec<u8>) {
    if !value.contains(&b':') {
        for (at, part) in value.split(|&byte| byte == b'.').enumerate() {
            if at > 0 {
                out.push(b'.');
            }
            out.extend_from_slice(if at < 2 { part } else { b"*" });
        }
        return;
    }
    let first = value.iter().position(|&byte| byte == b':').unwrap_or(0);
    out.extend_from_slice(&value[..first]);
    out.extend_from_slice(if first == 0 { b"***" } else { b":***" });
}

/// Lower case; IPv6 as its sixteen bytes in hex and the zone.
pub(crate) fn normal(value: &[u8], out: &mut Vec<u8>) {
    let (address, zone) = match value.iter().position(|&byte| byte == b'%') {
        Some(at) => value.split_at(at),
        None => (value, &b""[..]),
    };
    match core::str::from_utf8(address)
        .ok()
        .and_then(|text| text.parse::<Ipv6Addr>().ok())
    {
        Some(address) => {
            for byte in address.octets() {
                crate::pseudonym::push_hex(byte, out);
            }
        }
        None => out.extend(address.to_ascii_lowercase()),
    }
    out.extend(zone.to_ascii_lowercase());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v4(text: &str) -> Option<&str> {
        let at = text.find(|found: char| found.is_ascii_digit())?;
        find_v4(&Groups::read(text.as_bytes(), at)).map(|(start, end)| &text[start..end])
    }

    fn v6(text: &str) -> Option<&str> {
        let (start, end) = token(text.as_bytes(), text.find(':')?);
        find_v6(text.as_bytes(), start, end).map(|(start, end)| &text[start..end])
    }

    #[test]
    fn dotted_decimal() {
        for text in [
            "10.0.0.1",
            "10.0.0.1:8080",
            "10.0.0.1/24",
            "from 10.0.0.1.",
            "(10.0.0.1)",
            "http://10.0.0.1/x",
        ] {
            assert_eq!(v4(text), Some("10.0.0.1"), "{text}");
        }
        for text in [
            "1.2.3.4.5",
            "v1.2.3.4",
            "version 1.2.3.4",
            r#"\"appVersion\": \"1.2.3.4"#,
            "Kapitel 1.2.3.4",
            "versión 1.2.3.4",
            "256.1.1.1",
            "01.2.3.4",
            "1.2.3",
            "Chrome/114.0.0.0",
            "1.2.3.4a",
            "1 .2.3.4",
            "§ 1.2.3.4",
        ] {
            assert_eq!(v4(text), None, "{text}");
        }
    }

    #[test]
    fn colon_forms() {
        for (text, address) in [
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]:80", "2001:db8::1"),
            ("fe80::1%eth0 ", "fe80::1%eth0"),
            ("::ffff:192.0.2.1", "::ffff:192.0.2.1"),
            ("1:2:3:4:5:6:7:8.", "1:2:3:4:5:6:7:8"),
            ("fe80::", "fe80::"),
            ("::1", "::1"),
            ("dead::beef", "dead::beef"),
        ] {
            assert_eq!(v6(text), Some(address), "{text}");
        }
        for text in [
            "::",
            "12:34:56",
            "std::vec",
            "a::b",
            "1:2:3:4:5:6:7:8:9",
            "fe80::1g",
            "x2001:db8::1",
        ] {
            assert_eq!(v6(text), None, "{text}");
        }
    }
}
