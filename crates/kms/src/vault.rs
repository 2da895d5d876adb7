//! HashiCorp Vault and OpenBao: transit, and seeds in KV version 2.

mod access;
mod keks;
mod kv;
mod signer;

pub use access::VaultAccess;
pub use keks::{Random, VaultKeks};
pub use kv::vault_seed;
pub use signer::VaultSigner;
