//! What must be known of a record to put it in order and to hold it against its key.

use jiff::tz::Offset;
use jiff::{Timestamp, civil};
use serde::Deserialize;

/// Prefix of a receipt's key.
pub(super) const RECEIPT: &[u8] = b"receipt:";

/// Some members of a record; all others are skipped.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Head {
    pub(super) receipt_id: Option<String>,
    pub(super) tenant_id: Option<String>,
    pub(super) timestamp: Option<String>,
    pub(super) receipt_hash: Option<String>,
    pub(super) session_id: Option<String>,
    pub(super) trace_id: Option<String>,
}

impl Head {
    /// Nothing of a text that is no such object: judging it is not done here.
    pub(super) fn of(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    /// When the record says that it was made. Without an offset it is taken as UTC.
    pub(super) fn time(&self) -> Option<Timestamp> {
        let text = self.timestamp.as_deref()?;
        text.parse().ok().or_else(|| {
            let local: civil::DateTime = text.parse().ok()?;
            Offset::UTC.to_timestamp(local).ok()
        })
    }

    /// Session and trace, where they are not empty.
    pub(super) fn links(&self) -> impl Iterator<Item = &str> {
        let both = [&self.session_id, &self.trace_id];
        both.into_iter()
            .filter_map(|id| id.as_deref())
            .filter(|id| !id.is_empty())
    }
}

/// Tenant and id of a receipt's key, as far as it says: either may have a `:` too.
pub(super) fn of_key(key: &[u8]) -> (String, String) {
    let rest = key.strip_prefix(RECEIPT).unwrap_or(key);
    let at = rest.iter().rposition(|byte| *byte == b':');
    let (tenant, id) = at.map_or((&[][..], rest), |at| {
        let (tenant, id) = rest.split_at(at);
        (tenant, id.get(1..).unwrap_or_default())
    });
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    (text(tenant), text(id))
}

/// The key of a receipt.
pub(super) fn key_of(tenant: &str, id: &str) -> Vec<u8> {
    [RECEIPT, tenant.as_bytes(), b":", id.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_ordered_as_times() {
        let time = |text: &str| {
            let json = format!(r#"{{"timestamp":"{text}"}}"#);
            Head::of(&json).time()
        };
        let texts = [
            "2026-01-01T00:00:00Z",
            "2026-01-01T00:00:00.000001Z",
            "2026-01-01T00:00:00.5",
            "2026-01-01T02:00:01+02:00",
        ];
        let times: Vec<_> = texts.iter().map(|text| time(text)).collect();
        assert!(times.iter().all(Option::is_some), "{times:?}");
        assert!(times.is_sorted(), "{times:?}");
        assert_eq!(time("yesterday"), None);
    }

    #[test]
    fn a_key_alone_gives_what_it_can() {
        let of = |key: &str| of_key(key.as_bytes());
        assert_eq!(of("receipt:a:1"), ("a".into(), "1".into()));
        assert_eq!(of("receipt:a:b:c"), ("a:b".into(), "c".into()));
        assert_eq!(of("receipt:x"), (String::new(), "x".into()));
        assert_eq!(of("receipt::"), (String::new(), String::new()));
    }
}
