//! The store for what is old, kept in the directory's settings file: every later command goes by that.

use super::{ColdSettings, shown};
use crate::error::io_at;
use crate::settings::{MAX_SETTINGS, read};
use crate::{DirectoryError, durable};
use std::path::Path;

/// The text of a settings file that says where what is old goes; none where it does. Nothing is written yet.
///
/// # Errors
///
/// When the file cannot be read, or says otherwise than this run: what is moved now would not be found by it.
pub(super) fn plan(file: &Path, cold: &ColdSettings) -> Result<Option<String>, DirectoryError> {
    let wrong = |what: String| DirectoryError::Settings {
        origin: file.display().to_string(),
        what,
    };
    let before = durable::read(file, MAX_SETTINGS)?.unwrap_or_default();
    let before = String::from_utf8(before).map_err(|_| wrong("expected a text in UTF-8".into()))?;
    let said: toml::Table =
        toml::from_str(&before).map_err(|error| wrong(error.message().trim().into()))?;
    let mut text = before.clone();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    let is_named = said.contains_key("cold-folder") || said.contains_key("cold-bucket");
    for (name, value) in told(file, cold)? {
        if let Some(value) = value
            && !is_named
            && !said.contains_key(name)
        {
            text.push_str(&format!("{name} = {value}\n"));
        }
    }
    // Read as every later command reads it.
    let found = read(&text, file)?.cold;
    if !same(file, &found, cold)? {
        let name = |cold| Ok::<_, DirectoryError>(shown(cold)?.unwrap_or_default());
        return Err(wrong(format!(
            "by it what is old goes to {}, and by this run to {}, or one of region, certificates and versions differs: every later \
             command goes by the file. Change one of them",
            name(&found)?,
            name(cold)?
        )));
    }
    Ok((!is_named).then_some(text))
}

/// The settings that say where the store is, by their names in the file.
type Told = [(&'static str, Option<toml::Value>); 6];

fn told(file: &Path, cold: &ColdSettings) -> Result<Told, DirectoryError> {
    let path = |path: Option<&Path>| -> Result<Option<toml::Value>, DirectoryError> {
        let Some(path) = path else {
            return Ok(None);
        };
        // Whoever runs it next may be in another folder.
        let path = std::path::absolute(path).map_err(io_at(path))?;
        let text = path.to_str().ok_or_else(|| DirectoryError::Settings {
            origin: file.display().to_string(),
            what: "a path in the settings file has to be UTF-8".into(),
        })?;
        Ok(Some(text.into()))
    };
    let bucket = cold.bucket.as_ref().map(ToString::to_string);
    Ok([
        ("cold-folder", path(cold.folder.as_deref())?),
        ("cold-bucket", bucket.map(Into::into)),
        ("cold-region", cold.region.as_deref().map(Into::into)),
        ("cold-endpoint", cold.endpoint.as_deref().map(Into::into)),
        ("cold-ca", path(cold.authorities.as_deref())?),
        (
            "cold-versions-expire",
            cold.versions_expire.then(|| true.into()),
        ),
    ])
}

fn same(file: &Path, one: &ColdSettings, other: &ColdSettings) -> Result<bool, DirectoryError> {
    let of = |cold: &ColdSettings| -> Result<_, DirectoryError> {
        let told = told(file, cold)?.into_iter();
        // The server's address is in what is shown, whether or not it was written with a `/` behind it.
        let told = told.filter(|(name, _)| *name != "cold-endpoint");
        Ok((told.collect::<Vec<_>>(), shown(cold)?))
    };
    Ok(of(one)? == of(other)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BucketAddress;
    use std::fs;

    #[test]
    fn what_a_run_was_told_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ai-audit.toml");
        let told = ColdSettings {
            bucket: Some(BucketAddress::parse("s3://audit/a").unwrap()),
            region: Some("eu-central-1".into()),
            endpoint: Some("https://s3.example.org".into()),
            authorities: Some(folder.path().join("ca.pem")),
            versions_expire: true,
            ..ColdSettings::default()
        };
        for before in [
            "",
            "checkpoint-every = 3",
            "cold-ca = \"ca.pem\"\ncold-days = 9\n",
        ] {
            fs::write(&file, before).unwrap();
            let text = plan(&file, &told).unwrap().unwrap();
            assert!(text.starts_with(before), "{text}");
            fs::write(&file, &text).unwrap();
            // Told again there is nothing to do.
            assert!(plan(&file, &told).unwrap().is_none());
        }
    }

    #[test]
    fn a_file_that_says_otherwise_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ai-audit.toml");
        let told = ColdSettings {
            folder: Some(folder.path().join("cold")),
            ..ColdSettings::default()
        };
        for before in [
            "cold-folder = \"other\"\n",
            "cold-bucket = \"s3://audit\"\n",
            "cold-versions-expire = true\n",
            "cold-region = \"eu-central-1\"\n",
        ] {
            fs::write(&file, before).unwrap();
            let error = plan(&file, &told).unwrap_err().to_string();
            assert!(error.contains("Change one of them"), "{before}: {error}");
        }
        fs::write(&file, "cold-folder = \"cold\"\n").unwrap();
        assert!(plan(&file, &told).unwrap().is_none());
    }
}
