//! Heads: what passes, and what must be as the body is.

use crate::message::{Message, named};
use ai_audit_listen::is_this_machine;
use base64ct::{Base64, Encoding as _};
use hyper::header::{self, HeaderMap, HeaderName};

/// Sets apart what is for the proxy alone.
const OURS: &str = "x-ai-audit-";
pub(crate) const SESSION: &str = "x-ai-audit-session";
pub(crate) const TRACE: &str = "x-ai-audit-trace";
pub(crate) const MCP_SESSION: &str = "mcp-session-id";
const VERSION: &str = "mcp-protocol-version";
const METHOD: &str = "mcp-method";
const NAME: &str = "mcp-name";

/// The headers of a message that are not of one connection, without a length: that is of the body that is sent.
pub(crate) fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let mut kept = ai_audit_listen::end_to_end(headers);
    kept.remove(header::PROXY_AUTHENTICATE);
    kept.remove(header::CONTENT_LENGTH);
    kept
}

/// The same of a request, without what is for the proxy alone. An answer that is compressed could not be
/// read on the way.
pub(crate) fn for_upstream(headers: &HeaderMap) -> HeaderMap {
    let mut kept = end_to_end(headers);
    let ours: Vec<HeaderName> = kept
        .keys()
        .filter(|name| {
            name.as_str().starts_with(OURS)
                || [header::HOST, header::ACCEPT_ENCODING, header::EXPECT].contains(name)
        })
        .cloned()
        .collect();
    for name in ours {
        kept.remove(name);
    }
    kept
}

/// One header that must not be there twice.
pub(crate) fn one<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, String> {
    let mut values = headers.get_all(name).iter();
    let (value, more) = (values.next(), values.next());
    if more.is_some() {
        return Err(format!("header {name}: it is there twice"));
    }
    let text = value.map(|value| value.to_str().map(str::trim));
    text.transpose()
        .map_err(|_| format!("header {name}: expected visible characters of ASCII"))
}

/// A page of somewhere else that a browser of this machine has open.
pub(crate) fn is_foreign(headers: &HeaderMap) -> bool {
    let here = |name: HeaderName, start: &[&str]| match headers.get(name) {
        None => true,
        Some(value) => value.to_str().is_ok_and(|value| {
            let host = start.iter().find_map(|start| value.strip_prefix(start));
            host.is_some_and(is_this_machine)
        }),
    };
    !here(header::HOST, &[""]) || !here(header::ORIGIN, &["http://", "https://"])
}

/// Whether the body is one that is read as JSON in UTF-8, and as it is.
pub(crate) fn is_plain_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|value| value.to_str().ok()).unwrap_or("");
    let mut parts = kind.split(';').map(str::trim);
    let json = parts
        .next()
        .is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"));
    let utf8 = parts.all(|part| {
        let charset = part.to_ascii_lowercase();
        !charset.starts_with("charset") || charset.replace(['"', ' '], "") == "charset=utf-8"
    });
    json && utf8 && is_uncoded(headers)
}

/// Whether the body is neither compressed nor coded otherwise.
pub(crate) fn is_uncoded(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .all(|value| value.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// Whether a client speaks a protocol in which who closes a stream cancels its request.
pub(crate) fn is_stateless(headers: &HeaderMap) -> bool {
    let version = headers.get(VERSION).and_then(|value| value.to_str().ok());
    version.is_some_and(|version| version >= "2026-07-28") && !headers.contains_key(MCP_SESSION)
}

/// Refuses a head that says otherwise than the body: something on the way may look at it alone.
pub(crate) fn agree(headers: &HeaderMap, message: &Message<'_>) -> Result<(), String> {
    let (said, called) = match message {
        Message::Request { method, params, .. } => {
            let member = match method.as_str() {
                "tools/call" | "prompts/get" => Some("name"),
                "resources/read" => Some("uri"),
                _ => None,
            };
            (Some(method), member.map(|member| named(*params, member)))
        }
        Message::Notification { method, .. } => (Some(method), None),
        Message::Response { .. } => (None, None),
    };
    if let Some(method) = one(headers, METHOD)?
        && said.is_none_or(|said| said != method)
    {
        return Err("Header mismatch: Mcp-Method is not the body's method".into());
    }
    if let Some(name) = one(headers, NAME)?
        && let Some(called) = called
        && (called.is_none() || decoded(name) != called)
    {
        return Err("Header mismatch: Mcp-Name is not the body's name".into());
    }
    Ok(())
}

/// A value that a header can hold as it is, or in Base64.
fn decoded(value: &str) -> Option<String> {
    let coded = value
        .strip_prefix("=?base64?")
        .and_then(|rest| rest.strip_suffix("?="));
    match coded {
        None => Some(value.to_owned()),
        Some(coded) => String::from_utf8(Base64::decode_vec(coded).ok()?).ok(),
    }
}
