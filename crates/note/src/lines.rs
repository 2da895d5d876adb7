//! What stands in a line of more than one format: numbers, hashes, texts without control characters.

use ai_audit_core::NodeHash;
use base64ct::{Base64, Encoding};

/// What [`decimal`] reads, for error messages.
pub(crate) const DECIMAL: &str = "a decimal number below 2^64 without sign or leading zeros";

/// A number in the one decimal form that it has.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    // `parse` alone would also take a plus sign and leading zeros.
    let digits = text.bytes().all(|c| c.is_ascii_digit());
    let plain = text == "0" || !text.starts_with('0');
    text.parse().ok().filter(|_| digits && plain)
}

/// A hash of 32 bytes in canonical base64.
pub(crate) fn hash(text: &str) -> Option<NodeHash> {
    let mut hash = [0; 32];
    match Base64::decode(text, &mut hash) {
        // A shorter text leaves the rest of the array as it was.
        Ok(bytes) if bytes.len() == 32 => Some(NodeHash::from_bytes(hash)),
        _ => None,
    }
}

/// Whether a line can stand in a text of lines: it is not empty and breaks nowhere.
pub(crate) fn is_line(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_form() {
        assert_eq!(decimal("0"), Some(0));
        assert_eq!(decimal("18446744073709551615"), Some(u64::MAX));
        for text in ["", "00", "01", "+1", "-1", " 1", "1 ", "1_0", "0x1", "٣"] {
            assert_eq!(decimal(text), None, "{text:?}");
        }
        assert_eq!(decimal("18446744073709551616"), None);
    }

    #[test]
    fn hashes_have_one_length() {
        for len in [0, 31, 33] {
            assert_eq!(hash(&Base64::encode_string(&[7; 33][..len])), None);
        }
        let whole = Base64::encode_string(&[7; 32]);
        assert_eq!(hash(&whole), Some(NodeHash::from_bytes([7; 32])));
        assert_eq!(hash(whole.trim_end_matches('=')), None);
    }
}
