//! The access key of a bucket, out of a file of AWS's form.

use super::without_end;
use crate::DirectoryError;
use crate::key_files::read_secret;
use ai_audit_store_object::S3Keys;
use std::path::Path;

/// The key of the profile `default`, which is for one server: the one that its `endpoint_url` names, or Amazon's where
/// there is none. It is given for no other. Lines that are of no use here are passed over.
pub(super) fn read(
    file: &Path,
    private_only: bool,
    server: Option<&str>,
) -> Result<S3Keys, DirectoryError> {
    let wrong = |what: String| DirectoryError::Key {
        path: file.into(),
        what,
    };
    let text = read_secret(file, private_only)?;
    let (mut within, mut id, mut secret, mut token) = (false, None, None, None);
    let mut ours = None;
    for line in text.lines().map(str::trim) {
        let section = line.strip_prefix('[');
        if let Some(name) = section.and_then(|rest| rest.strip_suffix(']')) {
            within = name.trim() == "default";
            continue;
        }
        let Some((name, value)) = line.split_once('=').filter(|_| within) else {
            continue;
        };
        let (name, value) = (name.trim(), value.trim());
        // One that cannot be read is none of another meaning: without an address the key would be Amazon's.
        if NAMES.contains(&name) && !is_plain(value) {
            return Err(wrong(format!(
                "expected {name} in profile [default] to be one word, without a comment behind it; nothing was asked"
            )));
        }
        let value = Some(value.to_owned());
        match name {
            "aws_access_key_id" => id = value,
            "aws_secret_access_key" => secret = value,
            "aws_session_token" => token = value,
            "endpoint_url" => ours = value,
            _ => {}
        }
    }
    if ours.as_deref().map(without_end) != server {
        let name = |server: Option<&str>| server.unwrap_or("Amazon").to_owned();
        return Err(wrong(format!(
            "its key in profile [default] is for {}, and the settings name a bucket of {}; the key goes to no other, and nothing was \
             sent. Expected the line endpoint_url to be the setting cold-endpoint",
            name(ours.as_deref()),
            name(server)
        )));
    }
    match (id, secret) {
        (Some(id), Some(secret)) => Ok(S3Keys { id, secret, token }),
        _ => Err(wrong(
            "expected aws_access_key_id and aws_secret_access_key in profile [default]; nothing was asked".into(),
        )),
    }
}

/// What is read of a profile.
const NAMES: [&str; 4] = [
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "endpoint_url",
];

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|c| c.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_that_of_the_default_profile() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("credentials");
        let text = "[other]\naws_access_key_id = no\naws_secret_access_key = no\n\n[default]\nregion = x\n\
                    aws_access_key_id = AKIA\naws_secret_access_key= hunter2=\n";
        std::fs::write(&file, text).unwrap();
        let keys = read(&file, false, None).unwrap();
        assert_eq!(
            (keys.id.as_str(), keys.secret.as_str()),
            ("AKIA", "hunter2=")
        );
        assert!(keys.token.is_none());
        for bad in [
            "",
            "[other]\naws_access_key_id = a\naws_secret_access_key = hunter2\n",
            "[default]\naws_access_key_id = a\naws_secret_access_key = hunter2\nendpoint_url = https://s3.example.org # ours\n",
            "[default]\naws_access_key_id = a\naws_secret_access_key = hunter2 # ours\n",
        ] {
            std::fs::write(&file, bad).unwrap();
            let error = read(&file, false, None).unwrap_err().to_string();
            assert!(
                error.contains("[default]") && !error.contains("hunter2"),
                "{error}"
            );
        }
    }

    #[test]
    fn a113_a_key_is_for_the_server_that_its_own_file_names() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("credentials");
        let key = "[default]\naws_access_key_id = AKIA\naws_secret_access_key = hunter2\n";
        let (ours, theirs) = (
            "https://s3.example.org",
            "https://s3.example.org.evil.example",
        );
        for (line, good, bad) in [
            ("", None, Some(ours)),
            ("endpoint_url = https://s3.example.org/\n", Some(ours), None),
            (
                "endpoint_url = https://s3.example.org\n",
                Some(ours),
                Some(theirs),
            ),
            (
                "[other]\nendpoint_url = https://s3.example.org\n",
                None,
                Some(ours),
            ),
        ] {
            std::fs::write(&file, format!("{key}{line}")).unwrap();
            assert!(read(&file, false, good).is_ok(), "{line}");
            let error = read(&file, false, bad).unwrap_err().to_string();
            assert!(
                error.contains("nothing was sent") && !error.contains("hunter2"),
                "{line}: {error}"
            );
        }
    }
}
