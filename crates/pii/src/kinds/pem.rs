//! Private keys as PEM blocks: RFC 7468, with the headers of RFC 1421 and the armour of RFC 9580.

use crate::text::is_line_end;

/// The longest block, from the first dash to the last.
pub(crate) const MAX_BLOCK: usize = 64 * 1024;

/// The longest label between `BEGIN ` and the dashes.
const MAX_LABEL: usize = 48;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";

/// Where the line that opens a private key at `at` ends.
pub(crate) fn opening(text: &[u8], at: usize) -> Option<usize> {
    label(text, at, BEGIN)
}

/// The end of a line `-----X LABEL-----` whose label names a private key.
fn label(text: &[u8], at: usize, lead: &[u8]) -> Option<usize> {
    let rest = text.get(at..)?.strip_prefix(lead)?;
    let len = rest
        .iter()
        .take(MAX_LABEL)
        .take_while(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || **byte == b' ')
        .count();
    let name = &rest[..len];
    let private = name.ends_with(b"PRIVATE KEY") || name.ends_with(b"PRIVATE KEY BLOCK");
    (private && rest[len..].starts_with(b"-----")).then_some(at + lead.len() + len + 5)
}

/// The block that opens at `start`.
pub(crate) fn find(text: &[u8], start: usize) -> Option<(usize, usize)> {
    let head = opening(text, start)?;
    let limit = text.len().min(start + MAX_BLOCK);
    // RFC 7468 has no dashes inside of a block: the next ones end it, or it has no end.
    let end = memchr::memmem::find(&text[head..limit], b"-----")
        .and_then(|at| label(&text[..limit], head + at, END))
        .unwrap_or_else(|| body(text, head, limit));
    Some((start, end))
}

/// Where the base64 and the headers that follow an opening line end.
fn body(text: &[u8], head: usize, limit: usize) -> usize {
    let mut end = head;
    let mut at = head;
    while at < limit {
        let rest = &text[at..limit];
        let skip = rest
            .iter()
            .take_while(|&&byte| is_line_end(byte) || byte == b' ' || byte == b'\t')
            .count();
        let escapes = rest[skip..].strip_prefix(b"\\r").map_or(0, |_| 2);
        let escapes = escapes + rest[skip + escapes..].strip_prefix(b"\\n").map_or(0, |_| 2);
        let line = &rest[skip + escapes..];
        let base64 = line
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='))
            .count();
        let taken = if line.starts_with(b"Proc-Type:")
            || line.starts_with(b"DEK-Info:")
            || line.starts_with(b"Comment:")
            || line.starts_with(b"Version:")
        {
            line.iter()
                .take_while(|&&byte| !is_line_end(byte) && byte != b'\\')
                .count()
        } else if base64 >= 16 {
            base64
        } else {
            break;
        };
        at += skip + escapes + taken;
        end = at;
        let ends_line = text.get(at).is_none_or(|&byte| is_line_end(byte))
            || text[at..limit].starts_with(b"\\n")
            || text[at..limit].starts_with(b"\\r");
        if !ends_line {
            break;
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_with_and_without_an_end() {
        let block =
            "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n-----END RSA PRIVATE KEY-----";
        let text = format!("{block}\nrest");
        assert_eq!(find(text.as_bytes(), 0), Some((0, block.len())));
        let cut = "-----BEGIN PRIVATE KEY-----\nMIIEowIBAAKCAQEA\nMIIEowIBAAKCAQEA==\nrest";
        assert_eq!(find(cut.as_bytes(), 0), Some((0, cut.len() - 5)));
        let escaped =
            r#"-----BEGIN PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n-----END PRIVATE KEY-----\n"}"#;
        assert_eq!(find(escaped.as_bytes(), 0), Some((0, escaped.len() - 4)));
        assert_eq!(find(b"-----BEGIN PUBLIC KEY-----", 0), None);
        assert_eq!(find(b"-----BEGIN CERTIFICATE-----", 0), None);
    }
}
