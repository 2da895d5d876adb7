//! The one service that a credential is for: the environment names it, and no directory.

use super::address::{Place, SignerAddress};
use std::fmt;

const EXPECTED: &str =
    "expected vault:https://HOST[:PORT], pkcs11:token=LABEL or aws:REGION, without a key";

/// A service that has keys: an address without its key, `vault:https://vault.example.org:8200`,
/// `pkcs11:token=audit` or `aws:eu-central-1`.
///
/// ```
/// use ai_audit_directory::{SignerAddress, SignerService};
/// let ours = SignerService::parse("vault:https://vault.example.org:8200")?;
/// let key = SignerAddress::parse("vault:https://vault.example.org:8200/transit/receipts")?;
/// let other = SignerAddress::parse("vault:https://vault.example.com/transit/receipts")?;
/// assert!(ours.has(&key) && !ours.has(&other));
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignerService(Place);

impl SignerService {
    /// Reads the name of a service.
    ///
    /// # Errors
    ///
    /// In words, without what was given, which may have a secret in it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.strip_suffix('/').unwrap_or(text);
        // A key that nobody has, so that the rest is read as it is in an address.
        let whole = match text.split_once(':') {
            Some(("vault", rest)) if rest.matches('/').count() == 2 => format!("{text}/-/-"),
            Some(("pkcs11", rest)) if !rest.contains(';') => format!("{text};object=-"),
            Some(("aws", rest)) if !rest.contains('/') => format!("{text}/-"),
            _ => return Err(EXPECTED.into()),
        };
        let address = SignerAddress::parse(&whole).map_err(|_| EXPECTED)?;
        Ok(Self(address.place().clone()))
    }

    /// Whether a key is in this service.
    #[must_use]
    pub fn has(&self, key: &SignerAddress) -> bool {
        match (&self.0, key.place()) {
            (Place::Vault { address: ours, .. }, Place::Vault { address, .. }) => ours == address,
            (Place::Pkcs11 { token: ours, .. }, Place::Pkcs11 { token, .. }) => ours == token,
            (Place::Aws { region: ours, .. }, Place::Aws { region, .. }) => ours == region,
            _ => false,
        }
    }
}

impl fmt::Display for SignerService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Vault { address, .. } => write!(f, "vault:{address}"),
            Place::Pkcs11 { token, .. } => write!(f, "pkcs11:token={token}"),
            Place::Aws { region, .. } => write!(f, "aws:{region}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_has_its_own_keys_and_no_others() {
        let key = |text: &str| SignerAddress::parse(text).unwrap();
        for (service, own, others) in [
            (
                "vault:https://v.example.org:8200/",
                "vault:https://v.example.org:8200/teams/a/transit/receipts#3",
                [
                    "vault:https://v.example.org/transit/receipts",
                    "vault:http://v.example.org:8200/transit/receipts",
                    "vault:https://v.example.org:8200.evil.example/transit/receipts",
                    "aws:eu-central-1/receipts",
                ],
            ),
            (
                "pkcs11:token=my%20hsm",
                "pkcs11:object=receipts;token=my%20hsm",
                [
                    "pkcs11:token=my;object=receipts",
                    "pkcs11:token=other;object=my%20hsm",
                    "vault:https://my.hsm/transit/receipts",
                    "aws:my/hsm",
                ],
            ),
            (
                "aws:eu-central-1",
                "aws:eu-central-1/alias/receipts",
                [
                    "aws:eu-central-2/alias/receipts",
                    "aws:eu/central-1",
                    "vault:https://eu-central-1/transit/receipts",
                    "pkcs11:token=eu-central-1;object=receipts",
                ],
            ),
        ] {
            let ours = SignerService::parse(service).unwrap();
            assert!(ours.has(&key(own)), "{service}");
            for other in others {
                assert!(!ours.has(&key(other)), "{service}: {other}");
            }
        }
    }

    #[test]
    fn the_name_of_a_service_has_no_key_and_no_secret() {
        for bad in [
            "",
            "vault:",
            "vault:https://",
            "vault:ftp://v.example.org",
            "vault:https://v.example.org/transit",
            "vault:https://u:hunter2@v.example.org",
            "vault:https://v.example.org?token=hunter2",
            "vault:https://v.example.org#2",
            "pkcs11:",
            "pkcs11:object=receipts",
            "pkcs11:token=a;object=hunter2",
            "pkcs11:token=a?pin-value=hunter2",
            "aws:",
            "aws:eu-central-1/hunter2",
            "https://v.example.org",
            "vault:https://v example.org",
        ] {
            let error = SignerService::parse(bad).unwrap_err();
            assert!(!error.contains("hunter2"), "{bad}: {error}");
        }
    }
}
