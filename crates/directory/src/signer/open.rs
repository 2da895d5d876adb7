//! Asking the service that has a key.

use super::address::Place;
use super::{ServiceKey, SignerSettings};
use crate::DirectoryError;
use ai_audit_core::Signer;
use ai_audit_kms::{
    AwsCredentials, AwsKmsSigner, AwsService, Credential, KmsError, KmsErrorKind, Patience,
    Pkcs11Signer, Pkcs11Token, VaultAccess, VaultSigner,
};
use ai_audit_store::{Clock as _, SystemClock};
use std::path::Path;
use std::sync::Arc;

/// The variables that say how a service is asked.
const SERVICE: &str = "AI_AUDIT_SIGNER_SERVICE";
const CREDENTIALS: &str = "AI_AUDIT_SIGNER_CREDENTIALS";
const MODULE: &str = "AI_AUDIT_SIGNER_MODULE";

pub(super) fn open(
    wanted: &ServiceKey,
    settings: &SignerSettings,
) -> Result<Box<dyn Signer + Send + Sync>, DirectoryError> {
    let missing = |variable: &str, what: &str| DirectoryError::Settings {
        origin: wanted.address.to_string(),
        what: format!("the variable {variable} has to name {what}; no setting of a directory may"),
    };
    let credentials = |what: &str| -> Result<&Path, DirectoryError> {
        let file = settings
            .credentials
            .as_deref()
            .ok_or_else(|| missing(CREDENTIALS, what))?;
        // Before anybody is asked: the file of the directory may be a stranger's, and name his own server.
        match &settings.service {
            Some(service) if service.has(&wanted.address) => Ok(file),
            Some(service) => Err(DirectoryError::Settings {
                origin: wanted.address.to_string(),
                what: format!(
                    "the key is not in {service}, the service that {SERVICE} names; the credential goes there alone, and nothing was sent"
                ),
            }),
            None => Err(missing(
                SERVICE,
                "the service that the credential is for (vault:https://HOST[:PORT], pkcs11:token=LABEL or aws:REGION)",
            )),
        }
    };
    let pinned = wanted.key;
    match wanted.address.place() {
        Place::Vault {
            address,
            mount,
            key,
            version,
        } => {
            let token = Credential::in_file(credentials("the file with Vault's token")?);
            let access = VaultAccess::new(address, token, Patience::default()).map_err(failed)?;
            let signer = VaultSigner::open(Arc::new(access), mount, key, *version, pinned);
            Ok(Box::new(signer.map_err(failed)?))
        }
        Place::Pkcs11 { token, object } => {
            let pin = Credential::in_file(credentials("the file with the token's PIN")?);
            let module = settings
                .module
                .as_deref()
                .ok_or_else(|| missing(MODULE, "the PKCS#11 module"))?;
            let token = Pkcs11Token::open(module, token.as_str(), pin).map_err(failed)?;
            let signer = Pkcs11Signer::open(Arc::new(token), object.as_str(), pinned);
            Ok(Box::new(signer.map_err(failed)?))
        }
        Place::Aws { region, key } => {
            let file = credentials("a file with access keys, profile `default`")?;
            let credentials = AwsCredentials::in_file(file, "default");
            let clock = Arc::new(|| SystemClock.now());
            let service = AwsService::new(region, credentials, Patience::default(), clock);
            let service = Arc::new(service.map_err(failed)?);
            let signer = AwsKmsSigner::open(service, key.as_str(), pinned);
            Ok(Box::new(signer.map_err(failed)?))
        }
    }
}

/// A key that is in a service, and was not to be used.
fn failed(error: KmsError) -> DirectoryError {
    match error.kind() {
        KmsErrorKind::Settings => DirectoryError::Settings {
            origin: "signer".into(),
            what: error.to_string(),
        },
        _ => DirectoryError::Service(error.to_string()),
    }
}
