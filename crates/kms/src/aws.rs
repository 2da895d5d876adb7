//! AWS KMS and Secrets Manager.

mod credentials;
mod seeds;
mod service;
mod signer;
mod sigv4;

pub use credentials::AwsCredentials;
pub use seeds::{EncryptedSeed, kms_seed, secrets_manager_seed};
pub use service::{AwsService, Clock};
pub use signer::AwsKmsSigner;
