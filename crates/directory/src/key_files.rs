//! Keys and secrets in files: PKCS#8 PEM (RFC 5958, RFC 8410), which OpenSSL reads, with mode 0600.

use crate::DirectoryError;
use crate::error::io_at;
use ai_audit_core::{DigestSecret, SECRET_KEY_LEN, SigningKey};
use pkcs8::der::asn1::OctetStringRef;
use pkcs8::der::{Decode, Encode};
use pkcs8::{
    AlgorithmIdentifierRef, LineEnding, ObjectIdentifier, PrivateKeyInfoRef, SecretDocument,
};
use std::ffi::OsString;
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use zeroize::{Zeroize, Zeroizing};

/// id-Ed25519 (RFC 8410 section 3).
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
/// What PEM files of PKCS#8 keys say they are.
const LABEL: &str = "PRIVATE KEY";
/// How files of secrets are named that are not whole yet.
pub(crate) const UNFINISHED: &str = ".new-";
/// No key file is longer.
const MAX_LEN: u64 = 64 << 10;

/// Reads a signing key.
///
/// # Errors
///
/// When the file cannot be read or holds no Ed25519 key in PKCS#8 PEM form. With `private_only`,
/// also when others than its owner can read the file.
pub fn read_key(path: &Path, private_only: bool) -> Result<SigningKey, DirectoryError> {
    let wrong = |what: &str| DirectoryError::Key {
        path: path.into(),
        what: what.into(),
    };
    let pem = read_secret(path, private_only)?;
    let (label, document) = SecretDocument::from_pem(&pem)
        .map_err(|_| wrong("expected a PKCS#8 key in PEM form (-----BEGIN PRIVATE KEY-----)"))?;
    if label != LABEL {
        return Err(wrong(
            "expected an unencrypted PKCS#8 key (-----BEGIN PRIVATE KEY-----)",
        ));
    }
    let info = PrivateKeyInfoRef::from_der(document.as_bytes())
        .map_err(|_| wrong("the PEM block holds no PKCS#8 key"))?;
    if info.algorithm.oid != ED25519 {
        return Err(wrong(
            "expected an Ed25519 key; make one with `openssl genpkey -algorithm ed25519`",
        ));
    }
    // CurvePrivateKey is an octet string inside the octet string (RFC 8410 section 7).
    let seed = <&OctetStringRef>::from_der(info.private_key.as_bytes())
        .ok()
        .and_then(|inner| <&[u8; SECRET_KEY_LEN]>::try_from(inner.as_bytes()).ok())
        .ok_or_else(|| wrong("expected 32 bytes of Ed25519 key"))?;
    Ok(SigningKey::from_bytes(seed))
}

/// Writes a signing key to a new file that only its owner can read.
///
/// # Errors
///
/// When the file exists or cannot be written.
pub fn write_key(path: &Path, key: &SigningKey) -> Result<(), DirectoryError> {
    let wrong = |_| DirectoryError::Key {
        path: path.into(),
        what: "the key cannot be encoded".into(),
    };
    let seed = key.to_seed();
    let inner = OctetStringRef::new(seed.as_slice()).and_then(|inner| inner.to_der());
    let inner = Zeroizing::new(inner.map_err(wrong)?);
    let info = PrivateKeyInfoRef::new(
        AlgorithmIdentifierRef {
            oid: ED25519,
            parameters: None,
        },
        OctetStringRef::new(&inner).map_err(wrong)?,
    );
    let document = SecretDocument::encode_msg(&info).map_err(wrong)?;
    let pem = document.to_pem(LABEL, LineEnding::LF).map_err(wrong)?;
    write_secret(path, pem.as_bytes())
}

/// Reads a digest secret: 64 hexadecimal digits.
///
/// # Errors
///
/// As [`read_key`].
pub fn read_digest_secret(path: &Path, private_only: bool) -> Result<DigestSecret, DirectoryError> {
    let text = read_secret(path, private_only)?;
    let digits = text.trim_end();
    let wrong = || DirectoryError::Key {
        path: path.into(),
        what: "expected 64 hexadecimal digits".into(),
    };
    let mut bytes = Zeroizing::new([0; 32]);
    if digits.len() != 64 || !digits.is_ascii() {
        return Err(wrong());
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[2 * index..2 * index + 2], 16).map_err(|_| wrong())?;
    }
    Ok(DigestSecret::from_bytes(*bytes))
}

/// Writes a digest secret to a new file that only its owner can read.
///
/// # Errors
///
/// When the file exists or cannot be written.
pub fn write_digest_secret(path: &Path, secret: &[u8; 32]) -> Result<(), DirectoryError> {
    let mut text = Zeroizing::new(String::with_capacity(65));
    for byte in secret {
        for digit in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(digit.into(), 16));
        }
    }
    text.push('\n');
    write_secret(path, text.as_bytes())
}

/// Makes a folder that only its owner can enter, durably with those above it that are not there.
pub(crate) fn private_folder(path: &Path) -> Result<(), DirectoryError> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    make_folder(path, &mut builder)
}

/// Makes a folder and those above it that are not there, durably.
pub(crate) fn durable_folder(path: &Path) -> Result<(), DirectoryError> {
    make_folder(path, &mut fs::DirBuilder::new())
}

fn make_folder(path: &Path, builder: &mut fs::DirBuilder) -> Result<(), DirectoryError> {
    let mut missing: Vec<&Path> = path
        .ancestors()
        .take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists())
        .collect();
    // One that is there may have been made by a run that was cut off before it was durable.
    missing.push(path);
    builder.recursive(true).create(path).map_err(io_at(path))?;
    missing
        .into_iter()
        .try_for_each(|folder| sync_folder(folder_of(folder)))
}

/// Reads a secret text.
pub(crate) fn read_secret(
    path: &Path,
    private_only: bool,
) -> Result<Zeroizing<String>, DirectoryError> {
    let mut file = fs::File::open(path).map_err(io_at(path))?;
    #[cfg(unix)]
    if private_only {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = file.metadata().map_err(io_at(path))?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(DirectoryError::KeyMode {
                path: path.into(),
                mode,
            });
        }
    }
    #[cfg(not(unix))]
    let _ = private_only;
    // Room for all of it and for seeing its end, so that growing leaves no copy behind.
    let len = file.metadata().map_err(io_at(path))?.len().min(MAX_LEN);
    let room = usize::try_from(len).unwrap_or(0) + 64;
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    Read::by_ref(&mut file)
        .take(MAX_LEN)
        .read_to_end(&mut bytes)
        .map_err(io_at(path))?;
    match String::from_utf8(std::mem::take(&mut *bytes)) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(error) => {
            error.into_bytes().zeroize();
            Err(DirectoryError::Key {
                path: path.into(),
                what: "expected a text file".into(),
            })
        }
    }
}

/// How what is not whole yet of a secret's file is named, up to something random.
pub(crate) fn unfinished(path: &Path) -> OsString {
    let mut name = OsString::from(UNFINISHED);
    name.push(path.file_name().unwrap_or_default());
    name.push("-");
    name
}

/// Writes a new file that only its owner can read: wholly and durably under its name, or not at all.
pub(crate) fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), DirectoryError> {
    let folder = folder_of(path);
    // Beside it, under a name that nobody has and for the owner alone; removed after an error.
    let mut file = tempfile::Builder::new()
        .prefix(&unfinished(path))
        .tempfile_in(folder)
        .map_err(io_at(path))?;
    file.write_all(bytes)
        .and_then(|()| file.as_file().sync_all())
        .map_err(io_at(path))?;
    file.persist_noclobber(path)
        .map_err(|error| io_at(path)(error.error))?;
    sync_folder(folder)
}

/// The folder that a file is in.
pub(crate) fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), DirectoryError> {
    #[cfg(unix)]
    match fs::File::open(folder) {
        Ok(open) => open.sync_all().map_err(io_at(folder))?,
        // Somebody else's, such as the one in which an administrator made the log's: that it is
        // durable is his matter.
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {}
        Err(error) => return Err(io_at(folder)(error)),
    }
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}
