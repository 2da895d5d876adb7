//! A PIN, a token or the secret of an access key: given, or in a file.

use crate::{KmsError, KmsErrorKind};
use core::fmt;
#[cfg(any(feature = "vault", feature = "aws"))]
use std::collections::HashSet;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The longest credential, in bytes.
const MAX_LEN: u64 = 16 << 10;

/// A secret with which a service is asked. Wiped when dropped; `Debug` says nothing of it.
pub struct Credential(From);

enum From {
    Given(Zeroizing<String>),
    File(PathBuf),
}

impl Credential {
    /// A secret that somebody has in memory, such as out of the environment.
    #[must_use]
    pub fn new(secret: String) -> Self {
        Self(From::Given(Zeroizing::new(secret)))
    }

    /// The first line of a file, which is read whenever the secret is needed: so what writes the file
    /// may change it while the program runs. It has at most 16 KiB.
    #[must_use]
    pub fn in_file(path: impl Into<PathBuf>) -> Self {
        Self(From::File(path.into()))
    }

    /// The secret, for one use. `place` is who wants it, for the message.
    pub(crate) fn reveal(&self, place: &str) -> Result<Zeroizing<String>, KmsError> {
        let wrong = |what: String| KmsError::new(KmsErrorKind::Credentials, place, what);
        let secret = match &self.0 {
            From::Given(secret) => secret.clone(),
            From::File(path) => first_line(&read(path, place)?),
        };
        // In a header or a call, neither could be sent.
        if secret.is_empty() || secret.chars().any(char::is_control) {
            return Err(wrong(format!(
                "expected a credential of one line without control characters{}, found none; nothing was asked",
                self.origin()
            )));
        }
        Ok(secret)
    }

    fn origin(&self) -> String {
        match &self.0 {
            From::Given(_) => String::new(),
            From::File(path) => format!(" in {}", path.display()),
        }
    }
}

fn first_line(text: &str) -> Zeroizing<String> {
    let line = text.lines().next().unwrap_or_default();
    Zeroizing::new(line.trim_end().to_owned())
}

/// A file with credentials, whole.
pub(crate) fn read(path: &Path, place: &str) -> Result<Zeroizing<String>, KmsError> {
    let wrong = |what: &str| {
        let what = format!("credentials in {}: {what}", path.display());
        KmsError::new(KmsErrorKind::Credentials, place, what)
    };
    let mut file = File::open(path).map_err(|error| wrong(&error.to_string()))?;
    // At once, so that the text is not left behind where a growing one was.
    let mut text = Zeroizing::new(String::with_capacity(20 << 10));
    file.by_ref()
        .take(MAX_LEN + 1)
        .read_to_string(&mut text)
        .map_err(|error| wrong(&error.to_string()))?;
    if text.len() as u64 > MAX_LEN {
        return Err(wrong("it has more than 16 KiB"));
    }
    Ok(text)
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            From::Given(_) => f.write_str("Credential(secret)"),
            From::File(path) => write!(f, "Credential(in {})", path.display()),
        }
    }
}

/// What somebody else said, as part of a message: on one line, without control characters and credentials,
/// at most 300 characters.
#[cfg(any(feature = "vault", feature = "aws"))]
pub(crate) fn said(text: &str, secrets: &[&str]) -> String {
    let text: Vec<char> = text.chars().take(MAX_SAID).collect();
    let mut hidden = vec![false; text.len()];
    // Also parts of them: whoever echoes half of a token gives half of it away.
    for secret in secrets {
        let secret = Zeroizing::new(secret.chars().collect::<Vec<char>>());
        let part = secret.len().clamp(1, PART);
        let parts: HashSet<&[char]> = secret.windows(part).collect();
        for (at, window) in text.windows(part).enumerate() {
            if parts.contains(window) {
                hidden
                    .iter_mut()
                    .skip(at)
                    .take(part)
                    .for_each(|hide| *hide = true);
            }
        }
    }
    let mut clean = String::new();
    let mut was_hidden = false;
    for (c, hide) in text.into_iter().zip(hidden) {
        match (hide, was_hidden) {
            (true, false) => clean.push('…'),
            (true, true) => {}
            (false, _) => clean.push(if is_plain(c) { c } else { ' ' }),
        }
        was_hidden = hide;
    }
    let words = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().take(300).collect()
}

/// How much of a text is looked at, in characters.
#[cfg(any(feature = "vault", feature = "aws"))]
const MAX_SAID: usize = 1000;
/// How long a part of a credential is that is replaced where it is echoed alone.
#[cfg(any(feature = "vault", feature = "aws"))]
const PART: usize = 6;

/// Neither a control character nor one that turns the direction of a line.
#[cfg(any(feature = "vault", feature = "aws"))]
fn is_plain(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_each_time_and_its_line_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let credential = Credential::in_file(&path);
        let error = credential.reveal("vault").unwrap_err();
        assert_eq!(error.kind(), KmsErrorKind::Credentials);
        for secret in ["first", "second"] {
            std::fs::write(&path, format!("{secret}\n")).unwrap();
            assert_eq!(credential.reveal("vault").unwrap().as_str(), secret);
        }
        for bad in ["\n", "", "to\u{1}ken"] {
            std::fs::write(&path, bad).unwrap();
            let error = credential.reveal("vault").unwrap_err().to_string();
            assert!(error.contains("token"), "{error}");
            assert!(!error.contains('\u{1}'), "{error}");
        }
        std::fs::write(&path, "x".repeat(20_000)).unwrap();
        assert!(credential.reveal("vault").is_err());
    }

    #[cfg(any(feature = "vault", feature = "aws"))]
    #[test]
    fn a94_what_is_said_carries_no_credential() {
        let token = "hvs.CAESIJabcdefghijklmnop";
        let text = said(
            &format!(
                "bad {token}\r\n\u{202e}denied: {} and {}",
                &token[..8],
                "x".repeat(500)
            ),
            &[token],
        );
        assert!(
            !text.contains("hvs.CAES") && text.starts_with("bad … denied: … and xxx"),
            "{text}"
        );
        assert!(text.chars().count() <= 300);
    }
}
