//! Reading a request: its encoding, and the limits that both encodings are held to.

mod json;
mod proto;
mod tree;
mod wire;

use crate::{Error, Request};

/// The longest request, in bytes, after decompression.
pub const MAX_BYTES: usize = 8 << 20;
/// The most spans of a request.
pub const MAX_SPANS: usize = 16_384;
/// The most attributes, members of their lists and maps, and events of a request, together.
pub const MAX_VALUES: usize = 262_144;
/// The most lists and maps in each other.
pub const MAX_DEPTH: usize = 16;

/// How a request is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Protobuf, `application/x-protobuf`.
    Protobuf,
    /// OTLP's JSON, `application/json`.
    Json,
}

impl Encoding {
    /// The encoding of a `Content-Type`.
    ///
    /// ```
    /// use ai_audit_otlp::Encoding;
    /// assert_eq!(Encoding::of("application/x-protobuf"), Some(Encoding::Protobuf));
    /// assert_eq!(Encoding::of("application/json; charset=utf-8"), Some(Encoding::Json));
    /// assert_eq!(Encoding::of("text/plain"), None);
    /// ```
    #[must_use]
    pub fn of(content_type: &str) -> Option<Self> {
        let (kind, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
        let charset = parameters.trim().to_ascii_lowercase();
        let utf8 = matches!(charset.as_str(), "" | "charset=utf-8" | "charset=\"utf-8\"");
        match kind.trim().to_ascii_lowercase().as_str() {
            "application/x-protobuf" => Some(Self::Protobuf),
            "application/json" if utf8 => Some(Self::Json),
            _ => None,
        }
    }

    /// The `Content-Type` of an answer in this encoding.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }
}

/// Reads the body of `POST /v1/traces`, after decompression.
///
/// # Errors
///
/// When it is of another content type, longer or richer than the limits, or malformed. Then nothing of it
/// was taken.
pub fn decode<'a>(content_type: &str, bytes: &'a [u8]) -> Result<Request<'a>, Error> {
    let encoding = Encoding::of(content_type)
        .ok_or_else(|| Error::ContentType(content_type.chars().take(64).collect()))?;
    if bytes.len() > MAX_BYTES {
        return Err(Error::TooLong(bytes.len()));
    }
    match encoding {
        Encoding::Protobuf => proto::read(bytes),
        Encoding::Json => json::read(bytes),
    }
}

/// What a request may still have.
struct Budget {
    spans: usize,
    values: usize,
}

impl Budget {
    const fn new() -> Self {
        Self {
            spans: MAX_SPANS,
            values: MAX_VALUES,
        }
    }

    fn span(&mut self) -> Result<(), Error> {
        let error = Error::TooMany {
            what: "spans",
            most: MAX_SPANS,
        };
        self.spans = self.spans.checked_sub(1).ok_or(error)?;
        Ok(())
    }

    /// One attribute, member or event.
    fn value(&mut self) -> Result<(), Error> {
        let error = Error::TooMany {
            what: "attributes, members of them and events",
            most: MAX_VALUES,
        };
        self.values = self.values.checked_sub(1).ok_or(error)?;
        Ok(())
    }
}

/// Whether one more level is too many.
fn deeper(depth: usize) -> Result<usize, Error> {
    if depth == MAX_DEPTH {
        return Err(Error::TooMany {
            what: "levels of lists and maps",
            most: MAX_DEPTH,
        });
    }
    Ok(depth + 1)
}
