//! What an authority answers: `TimeStampResp` (RFC 3161 section 2.4.2).

use crate::{MAX_TOKEN_LEN, TimestampError, TimestampToken};
use alloc::string::String;
use alloc::vec::Vec;
use der::asn1::{Any, BitString};
use der::{Decode, Encode, Sequence};

/// `TimeStampResp`.
#[derive(Debug, Clone, PartialEq, Eq, Sequence)]
struct Encoded {
    status: StatusInfo,
    #[asn1(optional = "true")]
    token: Option<Any>,
}

/// `PKIStatusInfo`.
#[derive(Debug, Clone, PartialEq, Eq, Sequence)]
struct StatusInfo {
    status: u64,
    #[asn1(optional = "true")]
    text: Option<Vec<String>>,
    #[asn1(optional = "true")]
    failure: Option<BitString>,
}

/// Reading and writing the answers of authorities.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::exhaustive_structs, reason = "a name for two functions")]
pub struct TimestampResponse;

const PART: &str = "response";
/// Tag and form of a SEQUENCE.
const SEQUENCE: u8 = 0x30;
/// Longest text of an authority that is repeated, in characters.
const MAX_TEXT: usize = 200;

impl TimestampResponse {
    /// The media type of a response sent by HTTP.
    pub const MEDIA_TYPE: &'static str = "application/timestamp-reply";

    /// Takes the token out of a response.
    ///
    /// # Errors
    ///
    /// [`TimestampError::NotGranted`] when the authority refused, and when the response or its token
    /// cannot be read.
    pub fn token(der: &[u8]) -> Result<TimestampToken, TimestampError> {
        check_len(der)?;
        let form = TimestampError::form(PART);
        let response = Encoded::from_der(der).map_err(&form)?;
        let status = response.status.status;
        // Granted, or granted with modifications, which verifying will meet.
        if status > 1 {
            return Err(TimestampError::NotGranted {
                status,
                text: printable(&response.status.text.unwrap_or_default().join("; ")),
            });
        }
        let Some(token) = response.token else {
            return Err(TimestampError::odd(PART, "granted, but without a token"));
        };
        TimestampToken::parse(&token.to_der().map_err(&form)?)
    }

    /// A token as the response that grants it, which is the form that other tools read
    /// (`openssl ts -verify -in`).
    ///
    /// # Errors
    ///
    /// [`TimestampError::Form`], which does not happen with a token that was read.
    pub fn around(token: &TimestampToken) -> Result<Vec<u8>, TimestampError> {
        let form = TimestampError::form(PART);
        let response = Encoded {
            status: StatusInfo {
                status: 0,
                text: None,
                failure: None,
            },
            token: Some(Any::from_der(token.as_bytes()).map_err(&form)?),
        };
        response.to_der().map_err(&form)
    }
}

impl TimestampToken {
    /// Reads a token, or the response that it came in.
    ///
    /// # Errors
    ///
    /// As [`TimestampToken::parse`] and [`TimestampResponse::token`].
    pub fn read(der: &[u8]) -> Result<Self, TimestampError> {
        check_len(der)?;
        // A token begins with an object identifier, a response with a sequence.
        let any = Any::from_der(der).map_err(TimestampError::form(PART))?;
        if any.value().first() == Some(&SEQUENCE) {
            TimestampResponse::token(der)
        } else {
            Self::parse(der)
        }
    }
}

/// Refuses what is longer than any token before it is copied.
pub(crate) const fn check_len(der: &[u8]) -> Result<(), TimestampError> {
    if der.len() > MAX_TOKEN_LEN {
        return Err(TimestampError::TooLong {
            found: der.len(),
            allowed: MAX_TOKEN_LEN,
        });
    }
    Ok(())
}

/// A stranger's text, short and without what a terminal would act on.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .take(MAX_TEXT)
        .map(|c| {
            if c.is_ascii_graphic() || c == ' ' {
                c
            } else {
                '?'
            }
        })
        .collect()
}
