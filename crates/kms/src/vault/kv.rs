//! A seed in KV version 2, as the Python library keeps it.

use super::access::{VaultAccess, part};
use crate::http::Repeat;
use crate::{KmsError, KmsErrorKind, seed};
use ai_audit_core::{SigningKey, VerifyingKey};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use ureq::http::Method;

#[derive(Deserialize)]
struct Secret<'a> {
    #[serde(borrow)]
    data: Versioned<'a>,
}

#[derive(Deserialize)]
struct Versioned<'a> {
    /// None of a version that was deleted.
    #[serde(borrow)]
    data: Option<BTreeMap<String, &'a RawValue>>,
}

/// Reads the seed of the pinned key: 64 hexadecimal digits in a field (`seed_hex` in the Python library) of the
/// newest version of a secret. The key is in this process's memory from then on.
///
/// ```no_run
/// use ai_audit_core::VerifyingKey;
/// use ai_audit_kms::{Credential, Patience, VaultAccess, vault_seed};
///
/// // The public key that was noted when the key was made: 32 bytes.
/// let pinned = VerifyingKey::from_bytes(std::fs::read("receipts.pub")?.as_slice().try_into()?)?;
/// let token = Credential::in_file("/run/credentials/vault-token");
/// let access = VaultAccess::new("https://vault.example.org:8200", token, Patience::default())?;
/// let key = vault_seed(&access, "secret", "ai-audit/signing-key", "seed_hex", &pinned)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// When the secret cannot be read, has no such field, or is the seed of another key.
pub fn vault_seed(
    access: &VaultAccess,
    mount: &str,
    path: &str,
    field: &str,
    pinned: &VerifyingKey,
) -> Result<SigningKey, KmsError> {
    let mount = part("mount", mount, true)?;
    let path = format!("{mount}/data/{}", part("path", path, true)?);
    let reply = access.exchange(&path, Repeat::Safe, &Method::GET, None)?;
    let secret: Secret<'_> = access.read(&path, &reply)?;
    let place = access.place(&path);
    let wrong = |what: String| KmsError::new(KmsErrorKind::Answer, &place, what);
    let fields = secret
        .data
        .data
        .ok_or_else(|| wrong("the newest version of the secret was deleted".into()))?;
    let raw = fields
        .get(field)
        .ok_or_else(|| wrong(format!("the secret has no field {field:?}")))?;
    // Where it stands: hexadecimal digits have nothing to unescape.
    let text = raw.get().trim().trim_matches('"');
    seed::from_hex(text, pinned, &place)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_secret_may_have_other_fields() {
        let text = r#"{"request_id":"b00f","lease_duration":0,"data":{"data":{"note":{"by":1},"seed_hex":"abab"},"metadata":{"version":1}},"auth":null}"#;
        let secret: Secret<'_> = serde_json::from_slice(text.as_bytes()).unwrap();
        let fields = secret.data.data.unwrap();
        assert_eq!(fields.get("seed_hex").unwrap().get(), "\"abab\"");
    }
}
