//! Keys of a log that are in a token or service of others: a file beside the other keys says where, and which.

mod address;
#[cfg(feature = "kms")]
mod open;
mod service;

pub use address::SignerAddress;
pub use service::SignerService;

use crate::key_files::{read_secret, write_secret};
use crate::{DirectoryError, Settings};
use ai_audit_core::{Signature, Signer, SignerError, SigningKey, VerifyingKey};
use ai_audit_verify::Pin;
use std::fmt;
use std::path::{Path, PathBuf};

/// How a service is asked: what no file in a directory may say. Who opens a directory that a stranger wrote
/// would otherwise load the stranger's library, or send his own token to the stranger's server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SignerSettings {
    /// The service that the credential is for. It goes to no other, whatever a directory says.
    pub service: Option<SignerService>,
    /// File with the credential: the PIN of a token, the token of a Vault, access keys in AWS's form.
    pub credentials: Option<PathBuf>,
    /// The PKCS#11 module, an absolute path.
    pub module: Option<PathBuf>,
}

/// A key in a service: where it is, and the public key against which every signature is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceKey {
    /// Where it is.
    pub address: SignerAddress,
    /// Its public key, pinned by who opened the log.
    pub key: VerifyingKey,
}

const HEAD: &str = "\
# The secret of this key is in a service: its address, and the public key that each signature is held against.
";

impl ServiceKey {
    /// What a file says; none where there is no such file.
    pub(crate) fn read(file: &Path) -> Result<Option<Self>, DirectoryError> {
        let text = match read_secret(file, false) {
            Ok(text) => text,
            Err(DirectoryError::Io { error, .. })
                if error.kind() == std::io::ErrorKind::NotFound =>
            {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let wrong = |what: String| DirectoryError::Key {
            path: file.into(),
            what,
        };
        let mut lines = text
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty());
        let (Some(line), None) = (lines.next(), lines.next()) else {
            return Err(wrong(
                "expected one line with an address and a public key".into(),
            ));
        };
        let (address, key) = line
            .split_once(' ')
            .ok_or_else(|| wrong("expected an address, a space and a public key".into()))?;
        let address = SignerAddress::parse(address).map_err(wrong)?;
        match Pin::parse(key) {
            Ok(Pin::Key(key)) => Ok(Some(Self { address, key })),
            _ => Err(wrong(
                "expected a public key of 64 hexadecimal digits".into(),
            )),
        }
    }

    /// Writes the file, wholly and durably or not at all.
    pub(crate) fn write(&self, file: &Path) -> Result<(), DirectoryError> {
        let text = format!("{HEAD}{} {}\n", self.address, self.key);
        write_secret(file, text.as_bytes())
    }

    /// Has the key sign a probe.
    #[cfg(feature = "kms")]
    pub(crate) fn open(&self, settings: &Settings) -> Result<LogKey, DirectoryError> {
        open::open(self, &settings.signer).map(LogKey::Service)
    }

    /// There is nobody who could ask it.
    #[cfg(not(feature = "kms"))]
    pub(crate) fn open(&self, _: &Settings) -> Result<LogKey, DirectoryError> {
        Err(DirectoryError::Settings {
            origin: self.address.to_string(),
            what: "this program was built without tokens and key services; build it with `--features kms`"
                .into(),
        })
    }
}

/// A key of a log that signs: out of a file, or in a service.
#[non_exhaustive]
#[allow(
    clippy::large_enum_variant,
    reason = "there are one or two, and a secret is copied no more than it has to be"
)]
pub enum LogKey {
    /// Out of its file, in this process's memory.
    File(SigningKey),
    /// In a service.
    Service(Box<dyn Signer + Send + Sync>),
}

impl LogKey {
    fn signer(&self) -> &dyn Signer {
        match self {
            Self::File(key) => key,
            Self::Service(signer) => &**signer,
        }
    }
}

impl Signer for LogKey {
    fn verifying_key(&self) -> VerifyingKey {
        self.signer().verifying_key()
    }

    fn try_sign(&self, message: &[u8]) -> Result<Signature, SignerError> {
        self.signer().try_sign(message)
    }

    fn shared(&self) -> Option<&(dyn Signer + Sync)> {
        self.signer().shared()
    }
}

impl fmt::Debug for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self {
            Self::File(_) => "a file",
            Self::Service(_) => "a service",
        };
        write!(f, "LogKey({} in {place})", self.verifying_key().id())
    }
}
