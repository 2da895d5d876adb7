//! The canonicalizer against `serde_json` and against itself.

use crate::edits::long;
use ai_audit_json::{ErrorKind, canonicalize, canonicalize_bytes, is_canonical, to_canonical};
use serde_json::Value;

/// Any bytes as JSON text.
pub fn json(data: &[u8]) {
    for long in long(data) {
        let _ = canonicalize_bytes(&long);
    }
    let ours = canonicalize_bytes(data);
    let theirs = serde_json::from_slice::<Value>(data);
    match &ours {
        Ok(canonical) => {
            let value = theirs.expect("serde_json reads whatever has a canonical form");
            assert!(is_canonical(canonical));
            assert_eq!(canonicalize(canonical).as_ref(), Ok(canonical));
            assert_eq!(to_canonical(&value).as_ref(), Ok(canonical));
            let again: Value = serde_json::from_str(canonical).expect("canonical form is JSON");
            assert_eq!(to_canonical(&again).as_ref(), Ok(canonical));
            // The nearest double, as the standard library reads it.
            if let Ok(Ok(exact)) = std::str::from_utf8(data).map(|text| text.trim().parse::<f64>())
            {
                let read: f64 = canonical.parse().expect("a number");
                assert!(read == exact, "{read:e} and {exact:e}");
            }
        }
        Err(error) => {
            assert!(error.offset <= data.len() && error.line >= 1 && error.column >= 1);
            let grammar = matches!(
                error.kind,
                ErrorKind::Empty
                    | ErrorKind::InvalidUtf8
                    | ErrorKind::Syntax { .. }
                    | ErrorKind::UnexpectedEnd
                    | ErrorKind::TrailingData
                    | ErrorKind::LoneSurrogate
                    | ErrorKind::NotFinite
                    | ErrorKind::NumberOverflow
            );
            assert!(!grammar || theirs.is_err(), "{error}");
        }
    }
}
