//! Bodies of requests: read within their limits, and cut into records.

use crate::Problem;
use crate::shared::Caller;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use core::fmt;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::time::{Instant, timeout_at};

/// The most records of a request.
pub(crate) const MAX_RECORDS: usize = 1024;

/// The body of a request, which must be JSON.
pub(crate) async fn json(caller: &Caller, request: Request) -> Result<Bytes, Problem> {
    is_json(request.headers())?;
    bytes(caller, request).await
}

/// The body of a request, whatever it is.
pub(crate) async fn bytes(caller: &Caller, request: Request) -> Result<Bytes, Problem> {
    let (head, body) = request.into_parts();
    let limit = caller.shared.options.max_body;
    whole(limit, caller.until(), &head.headers, body).await
}

/// A body of at most so many bytes, that is there in time.
pub(crate) async fn whole(
    limit: usize,
    until: Instant,
    headers: &HeaderMap,
    body: Body,
) -> Result<Bytes, Problem> {
    let too_long = || {
        let detail = format!("the body is too long; expected at most {limit} bytes");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    };
    let told = headers.get(header::CONTENT_LENGTH);
    let told = told.and_then(|text| text.to_str().ok()?.parse::<u64>().ok());
    // Without reading it all first.
    if told.is_some_and(|told| told > limit as u64) {
        return Err(too_long());
    }
    match timeout_at(until, axum::body::to_bytes(body, limit)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if is_limit(&error) => Err(too_long()),
        Ok(Err(_)) => Err(Problem::bad("the body broke off")),
        Err(_) => Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "the body took too long to come",
        )),
    }
}

/// Whether a body was cut because it is longer than the limit.
fn is_limit(error: &axum::Error) -> bool {
    let mut cause: Option<&dyn core::error::Error> = Some(error);
    while let Some(error) = cause {
        if error.to_string() == "length limit exceeded" {
            return true;
        }
        cause = error.source();
    }
    false
}

/// A form that sends text cannot claim to send JSON, so that no web page sends records unasked.
fn is_json(headers: &HeaderMap) -> Result<(), Problem> {
    let unsupported = |detail| Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    let coding = headers.get(header::CONTENT_ENCODING);
    if coding.is_some_and(|coding| coding != "identity") {
        return unsupported("expected a body without a Content-Encoding");
    }
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    unsupported("expected Content-Type: application/json")
}

/// The records of a body, each as it stands there, with what errors call it: one object, or
/// `{"records": […]}`.
pub(crate) fn records(body: &[u8]) -> Result<Vec<(String, &[u8])>, Problem> {
    #[derive(Deserialize)]
    struct Peek {
        #[serde(default)]
        records: Option<IgnoredAny>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Many<'a> {
        #[serde(borrow)]
        records: Records<'a>,
    }
    let is_one = match serde_json::from_slice::<Peek>(body) {
        Ok(peek) => peek.records.is_none(),
        // Duplicate names and the like: whoever reads the record strictly says it better.
        Err(error) if error.is_data() => true,
        Err(error) => return Err(Problem::bad(format!("no JSON: {error}"))),
    };
    if is_one {
        return Ok(vec![("record".into(), body)]);
    }
    let many: Many<'_> = serde_json::from_slice(body).map_err(|error| no_form(&error))?;
    let raw = many.records.0.into_iter().enumerate();
    let named = raw.map(|(index, raw)| (format!("records[{index}]"), raw.get().as_bytes()));
    Ok(named.collect())
}

/// A bounded list of anything.
struct Records<'a>(Vec<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Records<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bounded;
        impl<'de> Visitor<'de> for Bounded {
            type Value = Vec<&'de RawValue>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "field `records`: a list of 1 to {MAX_RECORDS} records")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut records = Vec::new();
                while let Some(record) = list.next_element()? {
                    if records.len() == MAX_RECORDS {
                        return Err(serde::de::Error::invalid_length(MAX_RECORDS + 1, &self));
                    }
                    records.push(record);
                }
                if records.is_empty() {
                    return Err(serde::de::Error::invalid_length(0, &self));
                }
                Ok(records)
            }
        }
        deserializer.deserialize_seq(Bounded).map(Records)
    }
}

/// Why JSON is not of the form that is expected, without what stands there: it may be a text about somebody.
pub(crate) fn no_form(error: &serde_json::Error) -> Problem {
    let said = error.to_string();
    let said = match (said.find('"'), said.rfind('"')) {
        (Some(first), Some(last)) if first < last => {
            format!("{}\"…\"{}", &said[..first], &said[last + 1..])
        }
        _ => said,
    };
    let cut: String = said.chars().take(MAX_SAID).collect();
    Problem::bad(cut)
}

/// Characters of what is said of a mistake.
const MAX_SAID: usize = 256;

/// A value as JSON text.
pub(crate) fn text(value: &impl Serialize) -> String {
    // What is answered is plain data with text keys and finite numbers, which always encodes.
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(body: &str) -> Result<Vec<(String, &str)>, String> {
        let cut = records(body.as_bytes()).map_err(|problem| text(&problem))?;
        let shown = cut.into_iter();
        Ok(shown
            .map(|(place, bytes)| (place, core::str::from_utf8(bytes).unwrap()))
            .collect())
    }

    #[test]
    fn one_object_is_one_record_and_a_list_is_cut_as_it_stands() {
        assert_eq!(
            cut("{\"input\": 1}").unwrap(),
            [("record".into(), "{\"input\": 1}")]
        );
        let two = cut("{\"records\": [ {\"a\": 1.50},\n[2] ]}").unwrap();
        assert_eq!(
            two,
            [
                ("records[0]".into(), "{\"a\": 1.50}"),
                ("records[1]".into(), "[2]")
            ]
        );
        // Not ours to judge.
        assert_eq!(cut("[]").unwrap().len(), 1);
    }

    #[test]
    fn what_stands_there_is_not_repeated() {
        let error = cut("{\"records\": \"the \\\"secret\\\" of Mr X\"}").unwrap_err();
        assert!(error.contains("a list of 1 to 1024 records"), "{error}");
        assert!(
            !error.contains("secret") && !error.contains("Mr X"),
            "{error}"
        );
        let long = format!("{{\"records\": [1], \"{}\": 1}}", "x".repeat(5000));
        assert!(cut(&long).unwrap_err().len() < 1000);
    }

    #[test]
    fn what_is_no_list_of_records_is_refused() {
        let many = format!("{{\"records\": [{}0]}}", "0,".repeat(MAX_RECORDS));
        for (body, said) in [
            ("", "EOF"),
            ("{\"records\": [", "EOF"),
            ("{\"records\": []}", "a list of 1 to 1024 records"),
            ("{\"records\": 7}", "a list of 1 to 1024 records"),
            ("{\"records\": [1], \"log\": 2}", "unknown field `log`"),
            (many.as_str(), "invalid length 1025"),
        ] {
            let error = cut(body).unwrap_err();
            assert!(error.contains(said), "{body}: {error}");
        }
    }
}
