//! Why a request is refused as a whole.

/// A request that cannot be read.
///
/// It says where and what was expected, and repeats no text of the request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not what the route takes: HTTP 415.
    #[error(
        "content type {0:?}: expected application/x-protobuf or application/json, without parameters but charset"
    )]
    ContentType(String),
    /// Longer than [`MAX_BYTES`](crate::MAX_BYTES): HTTP 413.
    #[error("the request has {0} bytes, expected at most {max}; export smaller batches", max = crate::MAX_BYTES)]
    TooLong(usize),
    /// More of something than a request may have: HTTP 413.
    #[error("more than {most} {what} in a request; export smaller batches")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        most: usize,
    },
    /// Not a request in its encoding: HTTP 400.
    #[error("no OTLP trace request: {place}: expected {expected}")]
    Malformed {
        /// Where: a byte of protobuf, a field of JSON.
        place: String,
        /// What was expected there.
        expected: String,
    },
}

impl Error {
    pub(crate) fn malformed(place: impl Into<String>, expected: impl Into<String>) -> Self {
        Self::Malformed {
            place: place.into(),
            expected: expected.into(),
        }
    }
}
