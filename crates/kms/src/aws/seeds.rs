//! Seeds that AWS encrypted or keeps, as the Python library has them. The key is in this process's memory from
//! then on.

use super::service::{Api, AwsService};
use crate::{KmsError, KmsErrorKind, seed};
use ai_audit_core::{SigningKey, VerifyingKey};
use base64ct::{Base64, Encoding as _};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// A seed that a key of KMS encrypted.
#[derive(Debug, Clone, Default)]
pub struct EncryptedSeed {
    /// The key's id, ARN or alias.
    pub key: String,
    /// What KMS returned when it encrypted the 32 bytes.
    pub ciphertext: Vec<u8>,
    /// The encryption context that it was encrypted with; may be empty.
    pub context: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Decrypted<'a> {
    #[serde(rename = "Plaintext", borrow)]
    plaintext: &'a str,
}

#[derive(Deserialize)]
struct Secret<'a> {
    #[serde(rename = "SecretString", borrow)]
    text: Option<&'a RawValue>,
}

/// Has KMS decrypt the seed of the pinned key.
///
/// # Errors
///
/// When it cannot be decrypted, is not 32 bytes, or is the seed of another key.
pub fn kms_seed(
    service: &AwsService,
    seed: &EncryptedSeed,
    pinned: &VerifyingKey,
) -> Result<SigningKey, KmsError> {
    service.check_region(Api::Kms, &seed.key)?;
    let mut body = json!({
        "KeyId": seed.key,
        "CiphertextBlob": Base64::encode_string(&seed.ciphertext),
    });
    if !seed.context.is_empty() {
        body["EncryptionContext"] = json!(seed.context);
    }
    let of = format!("seed under key {}", seed.key);
    let reply = service.call(Api::Kms, "Decrypt", &of, &body)?;
    let place = service.place(Api::Kms, &of);
    let decrypted: Decrypted<'_> = AwsService::read(&place, &reply)?;
    let mut bytes = Zeroizing::new([0; 32]);
    let full = Base64::decode(decrypted.plaintext, bytes.as_mut_slice())
        .is_ok_and(|bytes| bytes.len() == 32);
    if !full {
        let what = "expected a seed of 32 bytes in what was encrypted";
        return Err(KmsError::new(KmsErrorKind::Answer, place, what));
    }
    seed::of(&bytes, pinned, &place)
}

/// Reads the seed of the pinned key out of Secrets Manager: 64 hexadecimal digits, or a JSON object with them
/// in a field (`seed_hex` in the Python library).
///
/// # Errors
///
/// When the secret cannot be read, has another form, or is the seed of another key.
pub fn secrets_manager_seed(
    service: &AwsService,
    secret: &str,
    field: &str,
    pinned: &VerifyingKey,
) -> Result<SigningKey, KmsError> {
    service.check_region(Api::SecretsManager, secret)?;
    let of = format!("secret {secret}");
    let body = json!({"SecretId": secret});
    let reply = service.call(Api::SecretsManager, "GetSecretValue", &of, &body)?;
    let place = service.place(Api::SecretsManager, &of);
    let wrong = |what: &str| KmsError::new(KmsErrorKind::Answer, &place, what);
    let read: Secret<'_> = AwsService::read(&place, &reply)?;
    let raw = read
        .text
        .ok_or_else(|| wrong("the secret has no SecretString"))?;
    // A JSON object in a string has its quotes escaped, so it is copied here, once.
    let text: Zeroizing<String> = serde_json::from_str(raw.get())
        .map(Zeroizing::new)
        .map_err(|_| wrong("its SecretString is no string"))?;
    if !text.trim_start().starts_with('{') {
        return seed::from_hex(&text, pinned, &place);
    }
    let fields: BTreeMap<String, &RawValue> =
        serde_json::from_str(&text).map_err(|_| wrong("the secret is no JSON object"))?;
    let digits = fields
        .get(field)
        .ok_or_else(|| wrong(&format!("the secret has no field {field:?}")))?;
    seed::from_hex(digits.get().trim().trim_matches('"'), pinned, &place)
}
