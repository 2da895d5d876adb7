//! Headers of one connection, which nobody passes on.

use hyper::header::{self, HeaderMap, HeaderName};

/// The headers of a message without those of one connection (RFC 9110, 7.6.1), in their order. Where its body came in chunks
/// a length does not count (RFC 9112, 6.3), and must not count for anybody behind.
///
/// ```
/// use ai_audit_listen::end_to_end;
/// use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderMap};
/// let mut headers = HeaderMap::new();
/// headers.insert(CONNECTION, "x-here".parse()?);
/// headers.insert("x-here", "1".parse()?);
/// headers.insert(CONTENT_TYPE, "text/plain".parse()?);
/// let passed = end_to_end(&headers);
/// assert_eq!(passed.len(), 1);
/// assert!(passed.contains_key(CONTENT_TYPE));
/// # Ok::<(), hyper::header::InvalidHeaderValue>(())
/// ```
#[must_use]
pub fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    let chunks = headers.contains_key(header::TRANSFER_ENCODING);
    let mut kept = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let overruled = chunks && name == header::CONTENT_LENGTH;
        if !of_connection(name) && !named.contains(name) && !overruled {
            kept.append(name.clone(), value.clone());
        }
    }
    kept
}

fn of_connection(name: &HeaderName) -> bool {
    const NAMES: [HeaderName; 6] = [
        header::CONNECTION,
        header::PROXY_AUTHORIZATION,
        header::TE,
        header::TRAILER,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
    ];
    NAMES.contains(name) || name == "keep-alive" || name == "proxy-connection"
}
