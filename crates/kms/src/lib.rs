//! Signers and key-encryption keys in PKCS#11 tokens, HashiCorp Vault or OpenBao, and AWS KMS.
//!
//! How each service is asked and what is believed of its answers is specified in `docs/spec/kms.md`. The
//! public key is pinned by who opens a signer, and every signature that comes back is verified under it before
//! anybody gets it. Time and randomness are arguments, credentials are given or read from a file that
//! is named; nothing here looks at the environment (but what reads the
//! system's authorities takes `SSL_CERT_FILE` and `SSL_CERT_DIR`).
//!
//! No service is built in by default: see the features `pkcs11`, `vault` and `aws`.
//!
//! | need | use |
//! |---|---|
//! | sign without holding the secret | `Pkcs11Signer`, `VaultSigner`, `AwsKmsSigner`: each a [`Signer`](ai_audit_core::Signer) |
//! | keep the key that wraps subject keys | `Pkcs11Keks`, `VaultKeks`: each a [`KekVault`](ai_audit_shredding::KekVault) |
//! | read a seed, as the Python library kept it | `vault_seed`, `kms_seed`, `secrets_manager_seed` |
//! | know what went wrong | [`KmsError`], [`KmsErrorKind`] |
//!
//! # Example
//!
//! ```
//! use ai_audit_kms::Credential;
//!
//! let pin = Credential::new("1234".into());
//! assert_eq!(format!("{pin:?}"), "Credential(secret)");
//! ```

#![cfg_attr(
    not(any(feature = "pkcs11", feature = "vault")),
    allow(
        dead_code,
        reason = "AWS has credentials of its own; without a service nobody has any"
    )
)]

#[cfg(feature = "aws")]
mod aws;
mod credential;
mod error;
#[cfg(any(feature = "vault", feature = "aws"))]
mod http;
#[cfg(any(feature = "vault", feature = "aws"))]
mod patience;
mod pinned;
#[cfg(feature = "pkcs11")]
mod pkcs11;
#[cfg(any(feature = "vault", feature = "aws"))]
mod seed;
#[cfg(feature = "vault")]
mod vault;
#[cfg(any(feature = "pkcs11", feature = "vault"))]
mod wrapped;

#[cfg(feature = "aws")]
pub use aws::{
    AwsCredentials, AwsKmsSigner, AwsService, Clock, EncryptedSeed, kms_seed, secrets_manager_seed,
};
pub use credential::Credential;
pub use error::{KmsError, KmsErrorKind};
#[cfg(any(feature = "vault", feature = "aws"))]
pub use patience::Patience;
pub use pinned::probe;
#[cfg(feature = "pkcs11")]
pub use pkcs11::{Pkcs11Keks, Pkcs11Signer, Pkcs11Token};
#[cfg(feature = "vault")]
pub use vault::{Random, VaultAccess, VaultKeks, VaultSigner, vault_seed};
