//! Pins: the keys that a verifier had before he saw the data.

use ai_audit_core::{KeyError, PUBLIC_KEY_LEN, VerifyingKey};
use ai_audit_note::{VKey, VKeyError, VKeyKind};
use core::fmt;

/// A key that the verifier trusts for a log.
#[derive(Debug, Clone)]
pub enum Pin {
    /// A log's key line (`log.pub`): checkpoint key, and the origin that commits to all three
    /// genesis keys.
    Log(VKey),
    /// A bare key, which says nothing of the origin: the genesis's receipt key, or its checkpoint
    /// key where a checkpoint signed by it covers the genesis. Beside a key line it counts for
    /// nothing: the line says more.
    Key(VerifyingKey),
}

/// A text that is no pin.
#[derive(Debug)]
pub enum PinError {
    /// It has the form of a key line and does not hold.
    Line(VKeyError),
    /// It is the key line of a witness, which signs no receipts and no checkpoints of its own.
    Witness,
    /// It is hexadecimal and no public key that may be pinned.
    Key(KeyError),
    /// It is neither.
    Neither,
}

impl Pin {
    /// Reads a key line in C2SP vkey form, or 64 hexadecimal digits. White space around it is
    /// ignored.
    ///
    /// # Errors
    ///
    /// When it is neither, or the key has small order or torsion.
    pub fn parse(text: &str) -> Result<Self, PinError> {
        let text = text.trim();
        if text.contains('+') {
            let line = VKey::parse(text).map_err(PinError::Line)?;
            return match line.kind() {
                VKeyKind::Ed25519 => Ok(Self::Log(line)),
                _ => Err(PinError::Witness),
            };
        }
        let mut bytes = [0; PUBLIC_KEY_LEN];
        if text.len() != 2 * PUBLIC_KEY_LEN || !text.is_ascii() {
            return Err(PinError::Neither);
        }
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16)
                .map_err(|_| PinError::Neither)?;
        }
        VerifyingKey::from_pinned_bytes(&bytes)
            .map(Self::Key)
            .map_err(PinError::Key)
    }
}

impl fmt::Display for PinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(error) => write!(f, "key line: {error}"),
            Self::Witness => f.write_str(
                "key line: expected type 1, a log's (Ed25519), found type 4, a witness's (cosignatures)",
            ),
            Self::Key(error) => write!(f, "public key: {error}"),
            Self::Neither => f.write_str(
                "expected a key line (name+hash+key, as in log.pub) or 64 hexadecimal digits",
            ),
        }
    }
}

impl core::error::Error for PinError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_are_no_pins() {
        for text in [
            "",
            "abc",
            "é",
            &"g".repeat(64),
            &"é".repeat(32),
            &"00".repeat(33),
            "+a b",
        ] {
            assert!(Pin::parse(text).is_err(), "{text}");
        }
        // The identity point: small order.
        let weak = alloc::format!("01{}", "00".repeat(31));
        assert!(matches!(Pin::parse(&weak), Err(PinError::Key(_))));
    }
}
