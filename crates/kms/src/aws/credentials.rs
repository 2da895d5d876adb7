//! Access keys: given, or in a file of AWS's form.

use crate::credential::read;
use crate::{KmsError, KmsErrorKind};
use core::fmt;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// Who asks AWS. `Debug` says nothing of the secrets.
pub struct AwsCredentials(Source);

enum Source {
    Given(Keys),
    File { path: PathBuf, profile: String },
}

/// An access key.
#[derive(Clone)]
pub(super) struct Keys {
    pub(super) id: String,
    pub(super) secret: Zeroizing<String>,
    pub(super) session: Option<Zeroizing<String>>,
}

impl AwsCredentials {
    /// An access key that somebody has in memory, such as out of the environment; with a session token where it is a
    /// temporary one.
    #[must_use]
    pub fn new(id: impl Into<String>, secret: String, session: Option<String>) -> Self {
        Self(Source::Given(Keys {
            id: id.into(),
            secret: Zeroizing::new(secret),
            session: session.map(Zeroizing::new),
        }))
    }

    /// A profile of a file of AWS's form, which is read for each request: so what writes the file may
    /// change it while the program runs. It has at most 16 KiB.
    #[must_use]
    pub fn in_file(path: impl Into<PathBuf>, profile: impl Into<String>) -> Self {
        Self(Source::File {
            path: path.into(),
            profile: profile.into(),
        })
    }

    pub(super) fn keys(&self, place: &str) -> Result<Keys, KmsError> {
        let (keys, origin) = match &self.0 {
            Source::Given(keys) => (Some(keys.clone()), String::new()),
            Source::File { path, profile } => (
                profile_of(&read(path, place)?, profile),
                format!(" in profile {profile:?} of {}", path.display()),
            ),
        };
        let plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic());
        keys.filter(|keys| {
            plain(&keys.id)
                && plain(&keys.secret)
                && keys.session.as_deref().is_none_or(|token| plain(token))
        })
        .ok_or_else(|| {
            let what = format!(
                "expected aws_access_key_id and aws_secret_access_key{origin}, found none; nothing was asked"
            );
            KmsError::new(KmsErrorKind::Credentials, place, what)
        })
    }
}

/// The keys of one profile. Lines that are of no use here are passed over, as AWS's own tools do.
fn profile_of(text: &str, profile: &str) -> Option<Keys> {
    let (mut within, mut id, mut secret, mut session) = (false, None, None, None);
    for line in text.lines().map(str::trim) {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            within = name.trim() == profile;
        } else if within && let Some((name, value)) = line.split_once('=') {
            let value = value.trim();
            match name.trim() {
                "aws_access_key_id" => id = Some(value.to_owned()),
                "aws_secret_access_key" => secret = Some(Zeroizing::new(value.to_owned())),
                "aws_session_token" => session = Some(Zeroizing::new(value.to_owned())),
                _ => {}
            }
        }
    }
    Some(Keys {
        id: id?,
        secret: secret?,
        session,
    })
}

impl fmt::Debug for AwsCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Given(keys) => write!(f, "AwsCredentials({}, secret)", keys.id),
            Source::File { path, profile } => {
                write!(f, "AwsCredentials({profile} in {})", path.display())
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    #[test]
    fn one_profile_of_a_file_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credentials");
        std::fs::write(
            &path,
            "# ours\n[default]\naws_access_key_id = A\naws_secret_access_key = hunter2\n\n[ audit ]\n\
             aws_access_key_id=B\naws_secret_access_key=s=/+\naws_session_token = t\nregion = x\n[half]\naws_access_key_id = C\n",
        )
        .unwrap();
        let keys = |profile: &str| AwsCredentials::in_file(&path, profile).keys("kms");
        let one = keys("default").unwrap();
        assert_eq!((one.id.as_str(), one.secret.as_str()), ("A", "hunter2"));
        assert!(one.session.is_none());
        let other = keys("audit").unwrap();
        assert_eq!((other.id.as_str(), other.secret.as_str()), ("B", "s=/+"));
        assert_eq!(other.session.unwrap().as_str(), "t");
        for missing in ["half", "none"] {
            let error = keys(missing).err().unwrap();
            assert_eq!(error.kind(), KmsErrorKind::Credentials);
            assert!(error.to_string().contains(missing), "{error}");
        }
    }

    #[test]
    fn a94_debug_shows_no_secret() {
        let keys = AwsCredentials::new("AKID", "hunter2".into(), Some("correct horse".into()));
        let shown = format!("{keys:?} {keys:#?}");
        assert!(shown.contains("AKID"));
        assert!(
            !shown.contains("hunter2") && !shown.contains("correct"),
            "{shown}"
        );
    }
}
