//! Signature algorithms, for tokens and for the certificates behind them.

use crate::hash::is_plain;
use crate::{HashAlgorithm, oid};
use ai_audit_core::{PUBLIC_KEY_LEN, SIGNATURE_LEN, Signature, VerifyingKey};
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use rsa::pkcs1::DecodeRsaPublicKey;
use rsa::traits::PublicKeyParts;
use rsa::{Pkcs1v15Sign, PublicKey};
use rustls_pki_types::{
    AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id,
};
use sha2::{Sha256, Sha384, Sha512};
use x509_cert::spki::AlgorithmIdentifierOwned;

/// A key type with a hash function.
#[derive(Debug)]
struct Algorithm {
    key: Key,
    hash: HashAlgorithm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Rsa,
    P256,
    P384,
    Ed25519,
}

/// Bits of RSA moduli: from what is still safe to what is quickly checked.
const RSA_BITS: core::ops::RangeInclusive<u32> = 2048..=4096;

const fn algorithm(key: Key, hash: HashAlgorithm) -> Algorithm {
    Algorithm { key, hash }
}

const RSA_SHA256: Algorithm = algorithm(Key::Rsa, HashAlgorithm::Sha256);
const RSA_SHA384: Algorithm = algorithm(Key::Rsa, HashAlgorithm::Sha384);
const RSA_SHA512: Algorithm = algorithm(Key::Rsa, HashAlgorithm::Sha512);
const P256_SHA256: Algorithm = algorithm(Key::P256, HashAlgorithm::Sha256);
const P256_SHA384: Algorithm = algorithm(Key::P256, HashAlgorithm::Sha384);
const P256_SHA512: Algorithm = algorithm(Key::P256, HashAlgorithm::Sha512);
const P384_SHA256: Algorithm = algorithm(Key::P384, HashAlgorithm::Sha256);
const P384_SHA384: Algorithm = algorithm(Key::P384, HashAlgorithm::Sha384);
const P384_SHA512: Algorithm = algorithm(Key::P384, HashAlgorithm::Sha512);
/// Its own hash is SHA-512, and so is that of the attributes it signs (RFC 8419 section 2.3).
const ED25519: Algorithm = algorithm(Key::Ed25519, HashAlgorithm::Sha512);

/// All of them, for certificates.
pub(crate) const ALL: [&dyn SignatureVerificationAlgorithm; 10] = [
    &RSA_SHA256,
    &RSA_SHA384,
    &RSA_SHA512,
    &P256_SHA256,
    &P256_SHA384,
    &P256_SHA512,
    &P384_SHA256,
    &P384_SHA384,
    &P384_SHA512,
    &ED25519,
];

/// The algorithms that a token's signature may be of: one for each type of key that fits. None
/// where the identifier is not accepted or contradicts the digest.
pub(crate) fn of_token(
    identifier: &AlgorithmIdentifierOwned,
    digest: HashAlgorithm,
) -> &'static [&'static dyn SignatureVerificationAlgorithm] {
    use HashAlgorithm::{Sha256, Sha384, Sha512};
    let plain = is_plain(identifier.parameters.as_ref());
    let absent = identifier.parameters.is_none();
    match (identifier.oid, digest) {
        (oid::RSA | oid::RSA_SHA256, Sha256) if plain => &[&RSA_SHA256],
        (oid::RSA | oid::RSA_SHA384, Sha384) if plain => &[&RSA_SHA384],
        (oid::RSA | oid::RSA_SHA512, Sha512) if plain => &[&RSA_SHA512],
        (oid::ECDSA_SHA256, Sha256) if absent => &[&P256_SHA256, &P384_SHA256],
        (oid::ECDSA_SHA384, Sha384) if absent => &[&P256_SHA384, &P384_SHA384],
        (oid::ECDSA_SHA512, Sha512) if absent => &[&P256_SHA512, &P384_SHA512],
        (oid::ED25519, Sha512) if absent => &[&ED25519],
        _ => &[],
    }
}

impl SignatureVerificationAlgorithm for Algorithm {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let valid = match self.key {
            Key::Rsa => rsa(self.hash, public_key, message, signature),
            Key::P256 => p256(&self.hash.digest(message), public_key, signature),
            Key::P384 => p384(&self.hash.digest(message), public_key, signature),
            Key::Ed25519 => ed25519(public_key, message, signature),
        };
        valid.ok_or(InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        match self.key {
            Key::Rsa => alg_id::RSA_ENCRYPTION,
            Key::P256 => alg_id::ECDSA_P256,
            Key::P384 => alg_id::ECDSA_P384,
            Key::Ed25519 => alg_id::ED25519,
        }
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        match (self.key, self.hash) {
            (Key::Rsa, HashAlgorithm::Sha256) => alg_id::RSA_PKCS1_SHA256,
            (Key::Rsa, HashAlgorithm::Sha384) => alg_id::RSA_PKCS1_SHA384,
            (Key::Rsa, HashAlgorithm::Sha512) => alg_id::RSA_PKCS1_SHA512,
            (Key::P256 | Key::P384, HashAlgorithm::Sha256) => alg_id::ECDSA_SHA256,
            (Key::P256 | Key::P384, HashAlgorithm::Sha384) => alg_id::ECDSA_SHA384,
            (Key::P256 | Key::P384, HashAlgorithm::Sha512) => alg_id::ECDSA_SHA512,
            (Key::Ed25519, _) => alg_id::ED25519,
        }
    }
}

fn rsa(hash: HashAlgorithm, key: &[u8], message: &[u8], signature: &[u8]) -> Option<()> {
    let key = PublicKey::from_pkcs1_der(key).ok()?;
    if !RSA_BITS.contains(&key.n().bit_width()) {
        return None;
    }
    let scheme = match hash {
        HashAlgorithm::Sha256 => Pkcs1v15Sign::new::<Sha256>(),
        HashAlgorithm::Sha384 => Pkcs1v15Sign::new::<Sha384>(),
        HashAlgorithm::Sha512 => Pkcs1v15Sign::new::<Sha512>(),
    };
    key.verify(scheme, &hash.digest(message), signature).ok()
}

fn p256(digest: &[u8], key: &[u8], signature: &[u8]) -> Option<()> {
    // Uncompressed points only: 4, x, y.
    let key = Some(key).filter(|key| key.first() == Some(&4))?;
    let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(key).ok()?;
    let signature = p256::ecdsa::Signature::from_der(signature).ok()?;
    key.verify_prehash(digest, &signature).ok()
}

fn p384(digest: &[u8], key: &[u8], signature: &[u8]) -> Option<()> {
    let key = Some(key).filter(|key| key.first() == Some(&4))?;
    let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(key).ok()?;
    let signature = p384::ecdsa::Signature::from_der(signature).ok()?;
    key.verify_prehash(digest, &signature).ok()
}

fn ed25519(key: &[u8], message: &[u8], signature: &[u8]) -> Option<()> {
    let key: [u8; PUBLIC_KEY_LEN] = key.try_into().ok()?;
    let signature: [u8; SIGNATURE_LEN] = signature.try_into().ok()?;
    let key = VerifyingKey::from_bytes(&key).ok()?;
    key.verify(message, &Signature::from_bytes(signature)).ok()
}
