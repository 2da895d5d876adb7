//! The address of a key in a token or service: without a secret, and without what runs code.

use std::fmt;

const EXPECTED: &str = "expected vault:https://HOST[:PORT]/MOUNT/KEY[#VERSION], pkcs11:token=LABEL;object=LABEL or aws:REGION/KEY";

/// Where a key is: `vault:https://vault.example.org:8200/transit/receipts`,
/// `pkcs11:token=audit;object=receipts` (RFC 7512) or `aws:eu-central-1/alias/receipts`.
///
/// ```
/// use ai_audit_directory::SignerAddress;
/// let address = SignerAddress::parse("vault:https://vault.example.org:8200/transit/receipts")?;
/// assert_eq!(address.to_string(), "vault:https://vault.example.org:8200/transit/receipts");
/// assert!(SignerAddress::parse("pkcs11:token=audit;object=receipts?pin-value=1234").is_err());
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignerAddress {
    text: String,
    place: Place,
}

/// What an address says.
#[cfg_attr(
    not(feature = "kms"),
    allow(dead_code, reason = "nobody is asked without it")
)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Vault {
        address: String,
        mount: String,
        key: String,
        version: u32,
    },
    Pkcs11 {
        token: String,
        object: String,
    },
    Aws {
        region: String,
        key: String,
    },
}

impl SignerAddress {
    /// Reads an address.
    ///
    /// # Errors
    ///
    /// In words, without what was given, which may have a secret in it.
    pub fn parse(text: &str) -> Result<Self, String> {
        if !text.bytes().all(|c| c.is_ascii_graphic()) {
            return Err(format!("{EXPECTED}, without spaces"));
        }
        let (service, rest) = text.split_once(':').ok_or(EXPECTED)?;
        let place = match service {
            "vault" => vault(rest),
            "pkcs11" => pkcs11(rest),
            "aws" => aws(rest),
            _ => None,
        };
        Ok(Self {
            text: text.into(),
            place: place.ok_or(EXPECTED)?,
        })
    }

    pub(crate) const fn place(&self) -> &Place {
        &self.place
    }
}

fn vault(rest: &str) -> Option<Place> {
    let (rest, version) = match rest.split_once('#') {
        Some((rest, version)) => (
            rest,
            version.parse::<u32>().ok().filter(|version| *version > 0)?,
        ),
        None => (rest, 1),
    };
    let (scheme, after) = rest.split_once("://")?;
    let (host, path) = after.split_once('/')?;
    let (mount, key) = path.rsplit_once('/')?;
    // A user and his password, or a query with a token, have no place here.
    let plain = |text: &str| !text.is_empty() && !text.contains(['@', '?', '#', '%', '\\']);
    let known = matches!(scheme, "https" | "http");
    (known && plain(host) && plain(mount) && plain(key)).then(|| Place::Vault {
        address: format!("{scheme}://{host}"),
        mount: mount.into(),
        key: key.into(),
        version,
    })
}

/// Of RFC 7512 the two attributes that name a key; where the module and the PIN are, a directory does not say.
fn pkcs11(rest: &str) -> Option<Place> {
    let (mut token, mut object) = (None, None);
    for attribute in rest.split(';') {
        let (name, value) = attribute.split_once('=')?;
        let value = unescaped(value)?;
        let to = match name {
            "token" => &mut token,
            "object" => &mut object,
            _ => return None,
        };
        if value.is_empty() || to.replace(value).is_some() {
            return None;
        }
    }
    Some(Place::Pkcs11 {
        token: token?,
        object: object?,
    })
}

fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digit = |c: Option<u8>| char::from(c?).to_digit(16);
                let value = digit(rest.next())? * 16 + digit(rest.next())?;
                u8::try_from(value).ok()?
            }
            b'?' | b'&' | b'=' => return None,
            byte => byte,
        });
    }
    String::from_utf8(bytes)
        .ok()
        .filter(|text| !text.contains(char::is_control))
}

fn aws(rest: &str) -> Option<Place> {
    let (region, key) = rest.split_once('/')?;
    (!region.is_empty() && !key.is_empty()).then(|| Place::Aws {
        region: region.into(),
        key: key.into(),
    })
}

impl fmt::Display for SignerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_key_and_no_secret() {
        let place = |text: &str| SignerAddress::parse(text).unwrap().place;
        assert_eq!(
            place("vault:https://v.example.org:8200/teams/a/transit/receipts#3"),
            Place::Vault {
                address: "https://v.example.org:8200".into(),
                mount: "teams/a/transit".into(),
                key: "receipts".into(),
                version: 3
            }
        );
        assert_eq!(
            place("pkcs11:token=my%20hsm;object=receipts"),
            Place::Pkcs11 {
                token: "my hsm".into(),
                object: "receipts".into()
            }
        );
        assert_eq!(
            place("aws:eu-central-1/arn:aws:kms:eu-central-1:1:key/ab"),
            Place::Aws {
                region: "eu-central-1".into(),
                key: "arn:aws:kms:eu-central-1:1:key/ab".into()
            }
        );
        for bad in [
            "",
            "vault:",
            "vault:https://v.example.org/receipts",
            "vault:https://u:hunter2@v.example.org/transit/receipts",
            "vault:https://v.example.org/transit/receipts?token=hunter2",
            "vault:ftp://v.example.org/transit/receipts",
            "vault:https://v.example.org/transit/receipts#0",
            "pkcs11:token=a",
            "pkcs11:token=a;token=b;object=c",
            "pkcs11:token=a;object=b?pin-value=hunter2",
            "pkcs11:token=a;object=b;module-path=/evil.so",
            "pkcs11:token=a;object=%zz",
            "aws:eu-central-1",
            "gcp:x/hunter2",
            "aws:a/b c",
        ] {
            let error = SignerAddress::parse(bad).unwrap_err();
            assert!(!error.contains("hunter2"), "{bad}: {error}");
        }
    }
}
