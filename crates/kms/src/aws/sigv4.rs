//! Signature Version 4, as far as a POST without a query needs it.
//!
//! By hand: AWS's own crate for it brings `http` in two versions and some twenty crates for these few
//! lines. Held against `botocore` in `tests/it/aws`, and against AWS's published example below.

use super::credentials::Keys;
use ai_audit_core::Timestamp;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use zeroize::Zeroizing;

/// What is signed.
pub(super) struct ToSign<'a> {
    pub(super) region: &'a str,
    pub(super) service: &'a str,
    pub(super) host: &'a str,
    /// Header names in small letters, and values; `host` and `x-amz-date` are added. Sorted here.
    pub(super) headers: Vec<(&'static str, &'a str)>,
    pub(super) body: &'a [u8],
}

/// The time in AWS's form: `20150830T123600Z`.
pub(super) fn amz_date(now: Timestamp) -> String {
    // 2015-08-30T12:36:00.000000Z
    let text = now.to_string();
    let seconds = text.split(['.', 'Z']).next().unwrap_or_default();
    let mut date: String = seconds
        .chars()
        .filter(|c| !matches!(c, '-' | ':'))
        .collect();
    date.push('Z');
    date
}

/// The value of the header `authorization`.
pub(super) fn authorization(to_sign: &ToSign<'_>, keys: &Keys, date: &str) -> String {
    let mut headers = to_sign.headers.clone();
    headers.push(("host", to_sign.host));
    headers.push(("x-amz-date", date));
    headers.sort_unstable();
    let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let mut canonical = String::from("POST\n/\n\n");
    for (name, value) in &headers {
        // Writing to a string does not fail.
        let _ = writeln!(canonical, "{name}:{}", value.trim());
    }
    let _ = write!(
        canonical,
        "\n{names}\n{}",
        hex(&Sha256::digest(to_sign.body))
    );
    let day = date.get(..8).unwrap_or_default();
    let scope = format!("{day}/{}/{}/aws4_request", to_sign.region, to_sign.service);
    let text = format!(
        "AWS4-HMAC-SHA256\n{date}\n{scope}\n{}",
        hex(&Sha256::digest(canonical.as_bytes()))
    );
    let first = Zeroizing::new(format!("AWS4{}", keys.secret.as_str()).into_bytes());
    let parts = [day, to_sign.region, to_sign.service, "aws4_request"];
    let key = parts.iter().fold(first, |key, part| {
        Zeroizing::new(mac(&key, part.as_bytes()))
    });
    let signature = hex(&mac(&key, text.as_bytes()));
    format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
        keys.id
    )
}

fn mac(key: &[u8], message: &[u8]) -> Vec<u8> {
    // A key of any length is one.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return Vec::new();
    };
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    /// The case `post-vanilla` of AWS's Signature Version 4 test suite.
    #[test]
    fn the_published_example_is_signed_as_published() {
        let keys = Keys {
            id: "AKIDEXAMPLE".into(),
            secret: Zeroizing::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into()),
            session: None,
        };
        let to_sign = ToSign {
            region: "us-east-1",
            service: "service",
            host: "example.amazonaws.com",
            headers: Vec::new(),
            body: b"",
        };
        let now = Timestamp::from_micros(1_440_938_160_000_000);
        let date = amz_date(now);
        assert_eq!(date, "20150830T123600Z");
        assert_eq!(
            authorization(&to_sign, &keys, &date),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders=host;x-amz-date, \
             Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
        );
    }
}
