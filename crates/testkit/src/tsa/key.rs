//! The keys of an authority for tests.

use super::der::{oid, sequence, tlv};
use super::{SHA256, SHA512};
use ai_audit_core::Signer;
use p256::ecdsa::Signature;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use sha2::{Digest, Sha256, Sha512};

#[derive(Debug)]
pub(super) enum Key {
    P256(p256::ecdsa::SigningKey),
    Ed25519(ai_audit_core::SigningKey),
}

impl Key {
    pub(super) fn p256(number: u8) -> Self {
        Self::P256(p256::ecdsa::SigningKey::from_slice(&[number; 32]).unwrap())
    }

    pub(super) fn ed25519(number: u8) -> Self {
        Self::Ed25519(ai_audit_core::SigningKey::from_bytes(&[number; 32]))
    }

    pub(super) fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::P256(key) => {
                let signature: Signature = key.sign_prehash(&Sha256::digest(bytes)).unwrap();
                signature.to_der().as_bytes().to_vec()
            }
            Self::Ed25519(key) => key.try_sign(bytes).unwrap().as_bytes().to_vec(),
        }
    }

    /// The signature's algorithm.
    pub(super) fn algorithm(&self) -> Vec<u8> {
        sequence(&[&oid(match self {
            Self::P256(_) => "1.2.840.10045.4.3.2",
            Self::Ed25519(_) => "1.3.101.112",
        })])
    }

    /// The digest of a content, for the attributes.
    pub(super) fn digest(&self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::P256(_) => Sha256::digest(bytes).to_vec(),
            Self::Ed25519(_) => Sha512::digest(bytes).to_vec(),
        }
    }

    /// Its algorithm.
    pub(super) fn digest_algorithm(&self) -> Vec<u8> {
        sequence(&[&oid(match self {
            Self::P256(_) => SHA256,
            Self::Ed25519(_) => SHA512,
        })])
    }

    /// The public key as certificates have it.
    pub(super) fn public(&self) -> Vec<u8> {
        let (algorithm, key) = match self {
            Self::P256(key) => (
                sequence(&[&oid("1.2.840.10045.2.1"), &oid("1.2.840.10045.3.1.7")]),
                key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            ),
            Self::Ed25519(key) => (
                sequence(&[&oid("1.3.101.112")]),
                key.verifying_key().as_bytes().to_vec(),
            ),
        };
        let mut bits = vec![0];
        bits.extend(key);
        sequence(&[&algorithm, &tlv(3, &bits)])
    }
}
