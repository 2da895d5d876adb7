//! The user info of URLs: RFC 3986 §3.2.1.

/// The longest authority that is looked at.
const MAX_AUTHORITY: usize = 1024;

/// The user info behind the `://` at a place.
pub(crate) fn find(text: &[u8], colon: usize) -> Option<(usize, usize)> {
    if text.get(colon..colon + 3) != Some(b"://")
        || !text[..colon].last().is_some_and(u8::is_ascii_alphanumeric)
    {
        return None;
    }
    let start = colon + 3;
    let authority = text[start..]
        .iter()
        .take(MAX_AUTHORITY)
        .take_while(|&&byte| {
            byte > b' '
                && !matches!(
                    byte,
                    b'/' | b'?' | b'#' | b'"' | b'\'' | b'<' | b'>' | b'`' | b'\\' | b','
                )
        });
    let authority = &text[start..start + authority.count()];
    // A password may have an `@` that nobody escaped: the last one parts.
    let at = authority.iter().rposition(|&byte| byte == b'@')?;
    let host = authority.get(at + 1)?;
    let named = authority[..at].iter().any(u8::is_ascii_alphanumeric);
    (named && (host.is_ascii_alphanumeric() || *host == b'[' || *host >= 0x80))
        .then_some((start, start + at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_info_alone_is_the_span() {
        let found = |text: &str| {
            find(text.as_bytes(), text.find("://").unwrap())
                .map(|(start, end)| text[start..end].len())
        };
        assert_eq!(found("postgres://u:p@ss@db.example/x"), Some(6));
        assert_eq!(found("https://user@example.org"), Some(4));
        assert_eq!(found("https://example.org/a@b"), None);
        assert_eq!(found("https://example.org?x=a@b"), None);
        assert_eq!(found("https://@example.org"), None);
    }
}
