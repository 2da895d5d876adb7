//! E-mail addresses: RFC 5321 and 5322, letters beyond ASCII by RFC 6531.

use alloc::vec::Vec;

use crate::text::{before, char_at, char_before, escape_len, is_word};

/// The longest local part, RFC 5321 §4.5.3.1.1.
const MAX_LOCAL: usize = 64;

/// The longest domain, RFC 5321 §4.5.3.1.2.
const MAX_DOMAIN: usize = 255;

/// The address around the `@` at a place.
pub(crate) fn find(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let end = domain(text, at + 1)?;
    let start = if before(text, at) == Some(b'"') {
        quoted(text, at)?
    } else {
        dot_atom(text, at)?
    };
    (!is_remote(&text[start..at], &text[end..])).then_some((start, end))
}

/// Whether it is a repository as the version control system itself names it, `git@host:path`: the
/// user is a program, and the host no domain of mail.
fn is_remote(local: &[u8], rest: &[u8]) -> bool {
    let path = matches!(rest, [b':', next, ..] if *next == b'/' || *next == b'~' || is_word(*next));
    path && matches!(local, b"git" | b"hg" | b"svn")
}

/// Letters of scripts that part their words, so that a run of them is a name.
fn is_letter(found: char) -> bool {
    matches!(found, '\u{c0}'..='\u{6ff}' | '\u{900}'..='\u{dff}' | '\u{1e00}'..='\u{1fff}')
        && found.is_alphanumeric()
}

/// Whether what follows a backslash is `u` and four hex digits.
fn is_letter_escape(rest: &[u8]) -> bool {
    matches!(rest, [b'u', digits @ ..] if digits.len() > 4 && digits[..4].iter().all(u8::is_ascii_hexdigit))
}

/// Where a local part of atoms and dots begins.
fn dot_atom(text: &[u8], at: usize) -> Option<usize> {
    let mut start = at;
    let floor = at.saturating_sub(MAX_LOCAL);
    while start > floor {
        let byte = text[start - 1];
        if is_word(byte)
            || matches!(
                byte,
                b'.' | b'+' | b'-' | b'%' | b'~' | b'&' | b'\'' | b'!' | b'#' | b'$' | b'*' | b'^'
            )
        {
            if byte == b'.' && text.get(start) == Some(&b'.') {
                break;
            }
            start -= 1;
        } else if byte >= 0x80 {
            match char_before(text, start) {
                Some((found, from)) if is_letter(found) && from >= floor => start = from,
                _ => break,
            }
        } else if byte == b'\\' {
            // The escape of a letter beyond ASCII belongs to the word, any other ends it.
            match escape_len(text, start - 1) {
                1 if is_letter_escape(&text[start..at]) => start -= 1,
                1 => break,
                len => {
                    start = start - 1 + len;
                    break;
                }
            }
        } else {
            break;
        }
    }
    // Longer than a local part can be: a word of that length has no address in it.
    if start == floor && start > 0 && is_word(text[start - 1]) {
        return None;
    }
    // Signs that an atom may have but that in running text stand before it.
    let is_lead = |byte: u8| !(is_word(byte) || byte >= 0x80 || byte == b'\\');
    while start < at && is_lead(text[start]) {
        start += 1;
    }
    // A query or a list of settings: what counts is behind the last sign that parts them.
    let local = &text[start..at];
    if let Some(cut) = local
        .iter()
        .rposition(|byte| matches!(byte, b'&' | b'*' | b'^' | b'$'))
    {
        start += cut + 1;
    }
    if let Some(cut) = text[start..at].iter().rposition(|&byte| byte == b'\'') {
        // An apostrophe inside of a name stays: o'brien.
        let inside = cut > 0
            && cut + 1 < at - start
            && text[start + cut - 1].is_ascii_alphabetic()
            && text[start + cut + 1].is_ascii_alphabetic();
        if !inside || before(text, start) == Some(b'\'') {
            start += cut + 1;
        }
    }
    let last = before(text, at)?;
    (start < at && last != b'.').then_some(start)
}

/// Where a quoted local part begins: the quote must stand where an address may begin.
fn quoted(text: &[u8], at: usize) -> Option<usize> {
    let close = at - 1;
    let floor = close.saturating_sub(MAX_LOCAL);
    let open = floor + text[floor..close].iter().rposition(|&byte| byte == b'"')?;
    let inner = &text[open + 1..close];
    let edge = |byte: Option<&u8>| byte.is_some_and(|&byte| is_word(byte));
    let fits = edge(inner.first())
        && edge(inner.last())
        && inner
            .iter()
            .all(|&byte| (b' '..0x7f).contains(&byte) && !matches!(byte, b'\\' | b','));
    let free = before(text, open).is_none_or(|byte| {
        matches!(
            byte,
            b' ' | b'<' | b'(' | b':' | b';' | b',' | b'\n' | b'\t'
        )
    });
    (fits && free).then_some(open)
}

/// Where the domain that begins at `start` ends.
fn domain(text: &[u8], start: usize) -> Option<usize> {
    if text.get(start) == Some(&b'[') {
        return literal(text, start);
    }
    // After an ASCII beginning only scripts that part their words go on; else the next sentence of a
    // Chinese text would be taken for a part of the name.
    let any_script = text.get(start).is_some_and(|&byte| byte >= 0x80);
    let mut at = start;
    let mut label = start;
    // The end, and the beginning of the last label, of the longest name so far.
    let mut good = None;
    let mut labels = 0;
    while at - start <= MAX_DOMAIN {
        match text.get(at) {
            Some(&byte) if byte.is_ascii_alphanumeric() => at += 1,
            Some(b'-') if at > label => at += 1,
            Some(&byte) if byte >= 0x80 => match char_at(text, at) {
                Some((found, len))
                    if is_letter(found) || (any_script && found.is_alphanumeric()) =>
                {
                    at += len
                }
                _ => break,
            },
            Some(b'.') if at > label => {
                if before(text, at) == Some(b'-') || at - label > 63 {
                    break;
                }
                good = Some((at, label));
                labels += 1;
                at += 1;
                label = at;
            }
            _ => break,
        }
    }
    let mut end = at;
    while end > label && text[end - 1] == b'-' {
        end -= 1;
    }
    if end > label && end - label <= 63 {
        good = Some((end, label));
        labels += 1;
    }
    let (end, label) = good?;
    let top = &text[label..end];
    let top_fits = top
        .iter()
        .any(|byte| byte.is_ascii_alphabetic() || *byte >= 0x80)
        && (top.len() >= 2)
        && (top
            .iter()
            .all(|&byte| byte.is_ascii_alphabetic() || byte >= 0x80)
            || top.len() > 4 && top[..4].eq_ignore_ascii_case(b"xn--"));
    (labels >= 2 && top_fits && end - start <= MAX_DOMAIN && !is_scale(&text[start..end]))
        .then_some(end)
}

/// Whether it is the scale of an image, as in `icon@2x.png` or `icon@1.5x.png`.
fn is_scale(domain: &[u8]) -> bool {
    let scale = match domain {
        [b'0'..=b'9', b'.', b'0'..=b'9', rest @ ..] | [b'1'..=b'9', rest @ ..] => rest,
        _ => return false,
    };
    matches!(scale, [b'x' | b'X', b'.', ..])
}

/// An address in brackets, RFC 5321 §4.1.3.
fn literal(text: &[u8], start: usize) -> Option<usize> {
    let rest = text.get(start + 1..)?;
    let close = rest.iter().take(50).position(|&byte| byte == b']')?;
    let inner = &rest[..close];
    let inner = inner.strip_prefix(b"IPv6:").unwrap_or(inner);
    let inner = core::str::from_utf8(inner).ok()?;
    inner.parse::<core::net::IpAddr>().ok()?;
    Some(start + 1 + close + 1)
}

/// The address with ASCII letters in lower case.
pub(crate) fn mask(value: &[u8], out: &mut Vec<u8>) {
    let at = value.iter().rposition(|&byte| byte == b'@').unwrap_or(0);
    let (local, domain) = value.split_at(at);
    first_letter(local, out);
    out.extend_from_slice(b"***@");
    let domain = &domain[1.min(domain.len())..];
    if domain.first() == Some(&b'[') {
        out.extend_from_slice(b"***");
        return;
    }
    first_letter(domain, out);
    out.extend_from_slice(b"***");
    if let Some(dot) = domain.iter().rposition(|&byte| byte == b'.') {
        out.extend_from_slice(&domain[dot..]);
    }
}

fn first_letter(name: &[u8], out: &mut Vec<u8>) {
    let start = usize::from(name.first() == Some(&b'"'));
    if let Some((_, len)) = char_at(name, start) {
        out.extend_from_slice(&name[start..start + len]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<&str> {
        let at = text.find('@')?;
        find(text.as_bytes(), at).map(|(start, end)| &text[start..end])
    }

    #[test]
    fn addresses_in_running_text() {
        for (text, address) in [
            ("a@b.co", "a@b.co"),
            (
                "mail john.doe+tag@mail.example.co.uk.",
                "john.doe+tag@mail.example.co.uk",
            ),
            ("<mailto:x_y@example.org>", "x_y@example.org"),
            ("'o'brien@example.org'", "brien@example.org"),
            ("Mr o'brien@example.org", "o'brien@example.org"),
            ("user=bob@example.org&x=1", "bob@example.org"),
            ("\"john doe\"@example.org", "\"john doe\"@example.org"),
            ("jörg@müller.de", "jörg@müller.de"),
            ("邮箱foo@bar.com请回复", "foo@bar.com"),
            ("x@例子.中国", "x@例子.中国"),
            ("root@[192.168.0.1]", "root@[192.168.0.1]"),
            ("a@xn--mller-kva.xn--p1ai,", "a@xn--mller-kva.xn--p1ai"),
            ("..a@b.com", "a@b.com"),
            ("x..a@b.com", "a@b.com"),
            (r"a\nbob@example.org\n", "bob@example.org"),
            (r"\u003cbob@example.org\u003e", "bob@example.org"),
            (r"J\u00f6rg@example.org", r"J\u00f6rg@example.org"),
            ("git@example.org:", "git@example.org"),
        ] {
            assert_eq!(found(text), Some(address), "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_one() {
        for text in [
            "@home.now",
            "a@localhost",
            "icon@2x.png",
            "icon@1.5x.webp",
            "git@github.com:infra/website.git",
            r"\n@b.com",
            "pkg@1.2.3",
            "a.@b.com",
            "a@-b.com",
            "{\"a\":\"@foo.com\"}",
            "a @ b.com",
            "a@b..com",
            "x@y.c",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }

    #[test]
    fn masks_show_the_first_letters() {
        let mut out = Vec::new();
        mask(b"alice@company.com", &mut out);
        assert_eq!(out, b"a***@c***.com");
    }
}
