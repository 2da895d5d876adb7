//! A seed that was read: its form, and whether it is that of the pinned key.

use crate::{KmsError, KmsErrorKind};
use ai_audit_core::{SECRET_KEY_LEN, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

/// The key of 64 hexadecimal digits.
pub(crate) fn from_hex(
    text: &str,
    pinned: &VerifyingKey,
    place: &str,
) -> Result<SigningKey, KmsError> {
    // Nothing of it is shown: it may be the half of a seed.
    let wrong = || {
        let what = format!(
            "expected a seed of 64 hexadecimal digits, found {} characters",
            text.chars().count()
        );
        KmsError::new(KmsErrorKind::Answer, place, what)
    };
    let text = text.trim();
    if text.len() != 2 * SECRET_KEY_LEN || !text.is_ascii() {
        return Err(wrong());
    }
    let mut seed = Zeroizing::new([0; SECRET_KEY_LEN]);
    for (byte, digits) in seed.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let [high, low] = digits else {
            return Err(wrong());
        };
        let digit = |c: u8| {
            char::from(c)
                .to_digit(16)
                .and_then(|d| u8::try_from(d).ok())
        };
        let (Some(high), Some(low)) = (digit(*high), digit(*low)) else {
            return Err(wrong());
        };
        *byte = high << 4 | low;
    }
    of(&seed, pinned, place)
}

/// The key of a seed, where it is the pinned one.
pub(crate) fn of(
    seed: &[u8; SECRET_KEY_LEN],
    pinned: &VerifyingKey,
    place: &str,
) -> Result<SigningKey, KmsError> {
    let key = SigningKey::from_bytes(seed);
    if key.verifying_key() != *pinned {
        let what = format!(
            "the seed there is that of key {}, expected that of the pinned key {}; it is not used",
            key.verifying_key().id(),
            pinned.id()
        );
        return Err(KmsError::new(KmsErrorKind::OtherKey, place, what));
    }
    Ok(key)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_held_to_their_form_and_the_pin() {
        let key = SigningKey::from_bytes(&[0xab; 32]).verifying_key();
        for good in [
            "ab".repeat(32),
            "AB".repeat(32),
            format!("{}\n", "aB".repeat(32)),
        ] {
            assert_eq!(from_hex(&good, &key, "p").unwrap().verifying_key(), key);
        }
        for bad in [
            "",
            &"ab".repeat(31),
            &"ag".repeat(32),
            &"é".repeat(32),
            &"+1".repeat(32),
        ] {
            let error = from_hex(bad, &key, "p").unwrap_err();
            assert_eq!(error.kind(), KmsErrorKind::Answer, "{bad}");
            assert!(bad.is_empty() || !error.to_string().contains(bad));
        }
        let other = from_hex(&"cd".repeat(32), &key, "p").unwrap_err();
        assert_eq!(other.kind(), KmsErrorKind::OtherKey);
        assert!(!other.to_string().contains("cdcd"), "{other}");
    }
}
