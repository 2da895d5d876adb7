//! Heads: what is of one connection alone, and what is told to the proxy and to nobody behind it.

use crate::wishes::Client;
use ai_audit_listen::end_to_end;
use hyper::header::{self, HeaderMap};

/// What stands in the head of a request about whom and what it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) subject: String,
    pub(crate) session: String,
    /// Empty where nothing was said.
    pub(crate) trace: String,
    /// Who sends it.
    pub(crate) client: Client,
}

const SUBJECT: &str = "x-ai-audit-subject";
const SESSION: &str = "x-ai-audit-session";
const TRACE: &str = "x-ai-audit-trace";
const TRACEPARENT: &str = "traceparent";
/// The longest of them.
const MOST: usize = 256;

impl Told {
    /// Reads what is told.
    ///
    /// # Errors
    ///
    /// What is wrong with it, without its value.
    pub(crate) fn read(headers: &HeaderMap) -> Result<Self, String> {
        let one = |name: &str| {
            let mut values = headers.get_all(name).iter();
            let (value, more) = (values.next(), values.next());
            let Some(value) = value else {
                return Ok(String::new());
            };
            let text = core::str::from_utf8(value.as_bytes()).unwrap_or_default();
            let plain = !text.is_empty() && !text.chars().any(char::is_control);
            match more.is_none() && text.len() <= MOST && plain {
                true => Ok(text.to_owned()),
                false => Err(format!(
                    "header {name}: expected one text of 1 to {MOST} bytes"
                )),
            }
        };
        let mut told = Self {
            subject: one(SUBJECT)?,
            session: one(SESSION)?,
            trace: one(TRACE)?,
            client: Client::default(),
        };
        if told.trace.is_empty() {
            let parent = headers.get(TRACEPARENT);
            let parent = parent.and_then(|value| value.to_str().ok());
            told.trace = parent.and_then(trace_of).unwrap_or_default().to_owned();
        }
        Ok(told)
    }
}

/// The trace id of a `traceparent` (W3C Trace Context, 3.2). What is none says nothing.
fn trace_of(parent: &str) -> Option<&str> {
    let mut parts = parent.split('-');
    let (_version, trace) = (parts.next()?, parts.next()?);
    let hex = trace
        .bytes()
        .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    (trace.len() == 32 && hex && trace.bytes().any(|byte| byte != b'0')).then_some(trace)
}

/// Takes what is for the proxy alone out of a request.
pub(crate) fn for_upstream(headers: &HeaderMap) -> HeaderMap {
    let mut kept = HeaderMap::with_capacity(headers.len());
    for (name, value) in &end_to_end(headers) {
        // The body is there already: nobody needs to be asked for it.
        let ours = [SUBJECT, SESSION, TRACE].contains(&name.as_str());
        if !ours && name != header::EXPECT {
            kept.append(name.clone(), value.clone());
        }
    }
    kept
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn what_is_of_one_connection_stays_there() {
        let headers = headers(&[
            ("accept", "a"),
            ("connection", "keep-alive, X-Named"),
            ("x-named", "b"),
            ("te", "trailers"),
            ("transfer-encoding", "chunked"),
            ("x-ai-audit-subject", "c-17"),
            ("authorization", "Bearer x"),
            ("expect", "100-continue"),
            ("accept", "d"),
        ]);
        let kept: Vec<String> = (for_upstream(&headers).iter())
            .map(|(name, value)| format!("{name}={}", value.to_str().unwrap()))
            .collect();
        assert_eq!(kept, ["accept=a", "accept=d", "authorization=Bearer x"]);
    }

    #[test]
    fn what_is_told_is_read_strictly() {
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let told = Told::read(&headers(&[("traceparent", parent)])).unwrap();
        assert_eq!(told.trace, "4bf92f3577b34da6a3ce929d0e0e4736");
        let both = [("traceparent", parent), ("x-ai-audit-trace", "mine")];
        assert_eq!(Told::read(&headers(&both)).unwrap().trace, "mine");
        for wrong in ["", "00-0-1", "00-00000000000000000000000000000000-1-1"] {
            assert_eq!(
                Told::read(&headers(&[("traceparent", wrong)])).unwrap(),
                Told::default()
            );
        }
        let twice = [("x-ai-audit-subject", "a"), ("x-ai-audit-subject", "b")];
        assert!(Told::read(&headers(&twice)).is_err());
        let long = "x".repeat(257);
        let error = Told::read(&headers(&[("x-ai-audit-session", &long)])).unwrap_err();
        assert!(error.contains("x-ai-audit-session") && !error.contains("xxx"));
    }
}
