//! What an authority signs: `TSTInfo` (RFC 3161 section 2.4.2).

use crate::{HashAlgorithm, TimestampError};
use ai_audit_core::Timestamp;
use alloc::vec::Vec;
use core::time::Duration;
use der::asn1::{Any, Int, ObjectIdentifier, OctetString};
use der::{DateTime, Decode, Sequence, Tag, Tagged};
use x509_cert::ext::Extensions;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::spki::AlgorithmIdentifierOwned;

/// `MessageImprint`.
#[derive(Debug, Clone, PartialEq, Eq, Sequence)]
pub(crate) struct MessageImprint {
    pub(crate) hash_algorithm: AlgorithmIdentifierOwned,
    pub(crate) hashed_message: OctetString,
}

/// `Accuracy`: each part is absent or from 1 to 999, seconds apart.
#[derive(Debug, Clone, PartialEq, Eq, Sequence)]
struct Accuracy {
    #[asn1(optional = "true")]
    seconds: Option<u32>,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    millis: Option<u16>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    micros: Option<u16>,
}

/// `TSTInfo` as it is encoded. The time is taken apart here, because it may have fractions.
#[derive(Debug, Clone, PartialEq, Eq, Sequence)]
struct Encoded {
    version: u8,
    policy: ObjectIdentifier,
    message_imprint: MessageImprint,
    serial_number: Int,
    gen_time: Any,
    #[asn1(optional = "true")]
    accuracy: Option<Accuracy>,
    #[asn1(default = "no")]
    ordering: bool,
    #[asn1(optional = "true")]
    nonce: Option<Int>,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    tsa: Option<GeneralName>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    extensions: Option<Extensions>,
}

/// What a token says; nobody's word until its signature is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Info {
    pub(crate) policy: ObjectIdentifier,
    pub(crate) hash: HashAlgorithm,
    pub(crate) imprint: Vec<u8>,
    /// Contents of the INTEGER, big-endian.
    pub(crate) serial: Vec<u8>,
    pub(crate) time: Timestamp,
    pub(crate) accuracy: Duration,
    /// Contents of the INTEGER, big-endian.
    pub(crate) nonce: Option<Vec<u8>>,
    pub(crate) tsa: Option<GeneralName>,
}

const PART: &str = "TSTInfo";

/// For the DER default of flags.
pub(crate) const fn no() -> bool {
    false
}

impl Info {
    pub(crate) fn parse(der: &[u8]) -> Result<Self, TimestampError> {
        let info = Encoded::from_der(der).map_err(TimestampError::form(PART))?;
        let odd = |reason| Err(TimestampError::odd(PART, reason));
        if info.version != 1 {
            return odd("version: expected 1");
        }
        let MessageImprint {
            hash_algorithm,
            hashed_message,
        } = info.message_imprint;
        let Some(hash) = HashAlgorithm::from_identifier(&hash_algorithm) else {
            return Err(TimestampError::Algorithm {
                part: "imprint",
                oid: alloc::format!("{}", hash_algorithm.oid),
            });
        };
        let extensions = info.extensions.unwrap_or_default();
        if extensions.iter().any(|extension| extension.critical) {
            return odd("a critical extension that is not known here");
        }
        let Some((time, exact)) = time(&info.gen_time) else {
            return odd("genTime: expected YYYYMMDDhhmmss[.f]Z from 1970 on");
        };
        let Some(mut accuracy) = accuracy(info.accuracy.as_ref()) else {
            return odd("accuracy: expected milliseconds and microseconds from 1 to 999");
        };
        if !exact {
            accuracy += Duration::from_micros(1);
        }
        Ok(Self {
            policy: info.policy,
            hash,
            imprint: hashed_message.as_bytes().to_vec(),
            serial: info.serial_number.as_bytes().to_vec(),
            time,
            accuracy,
            nonce: info.nonce.map(|nonce| nonce.as_bytes().to_vec()),
            tsa: info.tsa,
        })
    }
}

fn accuracy(accuracy: Option<&Accuracy>) -> Option<Duration> {
    let Some(accuracy) = accuracy else {
        return Some(Duration::ZERO);
    };
    let part = |part: Option<u16>| match part {
        None => Some(0),
        Some(part @ 1..=999) => Some(u64::from(part)),
        Some(_) => None,
    };
    let seconds = Duration::from_secs(accuracy.seconds.unwrap_or(0).into());
    Some(
        seconds
            + Duration::from_millis(part(accuracy.millis)?)
            + Duration::from_micros(part(accuracy.micros)?),
    )
}

/// A GeneralizedTime in UTC with seconds and, unlike certificates', fractions of them (RFC 3161
/// section 2.4.2). Also says whether whole microseconds are all of it.
fn time(any: &Any) -> Option<(Timestamp, bool)> {
    if any.tag() != Tag::GeneralizedTime {
        return None;
    }
    let text = core::str::from_utf8(any.value()).ok()?;
    let text = text.strip_suffix('Z')?;
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    if whole.len() != 14 || !is_digits(whole) {
        return None;
    }
    let number = |from: usize, to: usize| whole.get(from..to)?.parse::<u16>().ok();
    let small = |from, to| number(from, to).and_then(|number| u8::try_from(number).ok());
    let date = DateTime::new(
        number(0, 4)?,
        small(4, 6)?,
        small(6, 8)?,
        small(8, 10)?,
        small(10, 12)?,
        small(12, 14)?,
    );
    let seconds = date.ok()?.unix_duration().as_secs();
    let (micros, exact) = match fraction {
        None => (0, true),
        // DER: no trailing zeros, and so no empty fraction either.
        Some(fraction) if !is_digits(fraction) || fraction.ends_with('0') => return None,
        Some(fraction) => {
            let digits = fraction.bytes().chain(core::iter::repeat(b'0')).take(6);
            let micros = digits.fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
            (micros, fraction.len() <= 6)
        }
    };
    let micros = seconds.checked_mul(1_000_000)?.checked_add(micros)?;
    Some((Timestamp::from_micros(micros), exact))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(String, bool)> {
        let any = Any::new(Tag::GeneralizedTime, text.as_bytes()).unwrap();
        time(&any).map(|(time, exact)| (time.to_string(), exact))
    }

    #[test]
    fn times_have_one_form() {
        for (text, expected, exact) in [
            ("20241008154032Z", "2024-10-08T15:40:32.000000Z", true),
            ("20241008154032.5Z", "2024-10-08T15:40:32.500000Z", true),
            (
                "20241008154032.000001Z",
                "2024-10-08T15:40:32.000001Z",
                true,
            ),
            (
                "20241008154032.9999999Z",
                "2024-10-08T15:40:32.999999Z",
                false,
            ),
        ] {
            assert_eq!(read(text), Some((expected.into(), exact)), "{text}");
        }
        for text in [
            "",
            "Z",
            "20241008154032",
            "202410081540Z",
            "20241008154032.Z",
            "20241008154032.50Z",
            "20241008154032.5",
            "20241008154032+0000",
            "20241308154032Z",
            "20240230154032Z",
            "20241008154060Z",
            "19691231235959Z",
            "2024100815403\u{e9}Z",
            "20241008154032.-1Z",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
