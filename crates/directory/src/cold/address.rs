//! The address of a bucket: its name, and what all names in it begin with.

use serde::Deserialize;
use std::fmt;

const EXPECTED: &str = "expected s3://BUCKET or s3://BUCKET/PREFIX, of letters, digits, '.', '_' and '-'; keys are in the \
                        file that AI_AUDIT_COLD_CREDENTIALS names";

/// A bucket of S3: `s3://BUCKET`, or `s3://BUCKET/PREFIX` for a place of its own in it.
///
/// It has no key: an address stands in settings, in command lines and in messages.
///
/// ```
/// use ai_audit_directory::BucketAddress;
/// let address = BucketAddress::parse("s3://audit-archive/support").unwrap();
/// assert_eq!((address.bucket(), address.prefix()), ("audit-archive", "support"));
/// let error = BucketAddress::parse("s3://AKIA:hunter2@audit").unwrap_err();
/// assert!(error.contains("AI_AUDIT_COLD_CREDENTIALS") && !error.contains("hunter2"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct BucketAddress {
    bucket: String,
    prefix: String,
}

impl BucketAddress {
    /// Reads an address.
    ///
    /// # Errors
    ///
    /// In words, without what was given, which may have a key in it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let rest = text.strip_prefix("s3://").ok_or(EXPECTED)?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let good = |part: &str| {
            !part.is_empty()
                && !part.starts_with('.')
                && part
                    .bytes()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'-'))
        };
        let is_whole = !rest.ends_with('/');
        if !is_whole || !good(bucket) || (!prefix.is_empty() && !prefix.split('/').all(good)) {
            return Err(EXPECTED.into());
        }
        Ok(Self {
            bucket: bucket.into(),
            prefix: prefix.into(),
        })
    }

    /// The bucket's name.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// What all names begin with; empty for the bucket itself.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }
}

impl TryFrom<String> for BucketAddress {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl fmt::Display for BucketAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.prefix.as_str() {
            "" => write!(f, "s3://{}", self.bucket),
            prefix => write!(f, "s3://{}/{prefix}", self.bucket),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_bucket_and_no_key() {
        for good in ["s3://audit", "s3://audit.example.org/a/b_c"] {
            assert_eq!(BucketAddress::parse(good).unwrap().to_string(), good);
        }
        for bad in [
            "",
            "audit",
            "s3://",
            "s3:///a",
            "s3://audit/",
            "s3://audit//a",
            "s3://audit/../b",
            "s3://AKIA:hunter2@audit",
            "s3://audit?key=hunter2",
            "https://audit.s3.amazonaws.com/hunter2",
            "s3://audit\n/hunter2",
        ] {
            let error = BucketAddress::parse(bad).unwrap_err();
            assert!(!error.contains("hunter2"), "{bad}: {error}");
        }
    }
}
