//! What `init` was told of a store, kept in the directory's settings file.

use super::StoreSettings;
use crate::error::io_at;
use crate::settings::{MAX_SETTINGS, hold};
use crate::{DirectoryError, durable};
use std::path::{Path, PathBuf};

/// What a settings file is to say, and what it says now.
pub(crate) struct Plan {
    file: PathBuf,
    before: Option<Vec<u8>>,
    /// None where it says all of it already.
    text: Option<String>,
    warnings: Vec<String>,
}

/// Adds to a settings file where the receipts are, in so far as it does not say so already. Where it names the
/// server, only the name there is added: what else it says, each run may have otherwise from its environment, and
/// that is told. Nothing is written yet.
///
/// `new` is the text of a file that is not there yet.
///
/// # Errors
///
/// When the file cannot be read, or says otherwise than this run: what is made now would not be found by it.
pub(crate) fn plan(file: &Path, new: &str, store: &StoreSettings) -> Result<Plan, DirectoryError> {
    let wrong = |what: String| DirectoryError::Settings {
        origin: file.display().to_string(),
        what,
    };
    let before = durable::read(file, MAX_SETTINGS)?;
    let mut text = match before.clone() {
        Some(bytes) => {
            String::from_utf8(bytes).map_err(|_| wrong("expected a text in UTF-8".into()))?
        }
        None => new.into(),
    };
    hold(&text, file)?;
    let said: toml::Table =
        toml::from_str(&text).map_err(|error| wrong(error.message().trim().into()))?;
    let whole = Whole::new(file)?;
    let told = told(store, &whole)?;
    let names_server = said.contains_key("store");
    let (mut added, mut warnings) = (false, Vec::new());
    for (name, value) in &told {
        // Where the log is, every later command has to find.
        let where_it_is = matches!(*name, "store" | STORE_NAME);
        if let Some(what) = differs(&said, &told, &whole, name) {
            if where_it_is || !names_server {
                return Err(wrong(format!(
                    "{what}: every later command goes by the file. Change one of them"
                )));
            }
            warnings.push(format!(
                "{}: {what}: later commands go by the file, unless their environment says the same as this run's",
                file.display()
            ));
            continue;
        }
        let Some(value) = value.as_ref().filter(|_| !said.contains_key(*name)) else {
            continue;
        };
        if where_it_is || !names_server {
            if !text.ends_with('\n') {
                text.push('\n');
            }
            added = true;
            text.push_str(name);
            text.push_str(" = ");
            text.push_str(&value.to_string());
            text.push('\n');
        } else {
            warnings.push(format!(
                "{}: it says nothing of {name}, and this run has {value}: later commands need it from their environment \
                 or the file",
                file.display()
            ));
        }
    }
    // What is written must be read by every later command.
    hold(&text, file)?;
    Ok(Plan {
        file: file.into(),
        before,
        text: added.then_some(text),
        warnings,
    })
}

/// The settings of a store by their names in the file, with what a run was told.
type Told = [(&'static str, Option<toml::Value>); 6];

const STORE_NAME: &str = "store-name";
const PASSWORD_FILE: &str = "store-password-file";
const AUTHORITIES: &str = "store-ca";

fn told(store: &StoreSettings, whole: &Whole) -> Result<Told, DirectoryError> {
    let path = |path: &Option<PathBuf>| -> Result<Option<toml::Value>, DirectoryError> {
        let Some(path) = path else {
            return Ok(None);
        };
        // Whoever runs it next may be in another folder.
        let path = std::path::absolute(path).map_err(io_at(path))?;
        let text = path.to_str().ok_or_else(|| DirectoryError::Settings {
            origin: path.display().to_string(),
            what: "a path in the settings file has to be UTF-8".into(),
        })?;
        Ok(Some(whole.of(text)))
    };
    let address = store.address.as_ref();
    let eraser = store.eraser.as_ref();
    Ok([
        ("store", address.map(|address| address.as_str().into())),
        (STORE_NAME, store.name.as_deref().map(Into::into)),
        (PASSWORD_FILE, path(&store.password_file)?),
        (AUTHORITIES, path(&store.authorities)?),
        ("store-eraser", eraser.map(|eraser| eraser.as_str().into())),
        ("store-allow-loss", store.allow_loss.then(|| true.into())),
    ])
}

/// In what way a file says otherwise of a setting than a run was told.
fn differs(said: &toml::Table, told: &Told, whole: &Whole, name: &str) -> Option<String> {
    let there = said.get(name)?;
    let told = told
        .iter()
        .find(|(known, _)| *known == name)
        .and_then(|(_, value)| value.as_ref());
    let read = match there.as_str() {
        Some(path) if matches!(name, PASSWORD_FILE | AUTHORITIES) => whole.of(path),
        _ => there.clone(),
    };
    let unset = toml::Value::from(false);
    let same = match told {
        Some(told) => read == *told,
        None => read == unset,
    };
    let told = match told {
        Some(told) => format!("has {told}"),
        None => "has none".into(),
    };
    (!same).then(|| format!("it says {name} = {there}, and this run {told}"))
}

/// How paths in a settings file are read: from the folder that it is in.
struct Whole(PathBuf);

impl Whole {
    fn new(file: &Path) -> Result<Self, DirectoryError> {
        let file = std::path::absolute(file).map_err(io_at(file))?;
        Ok(Self(file.parent().unwrap_or(Path::new("/")).into()))
    }

    fn of(&self, path: &str) -> toml::Value {
        let joined = self.0.join(path);
        let path = std::path::absolute(&joined).unwrap_or(joined);
        toml::Value::from(path.to_string_lossy().into_owned())
    }
}

impl Plan {
    /// In what way the file says otherwise than the run was told, where that is allowed.
    pub(crate) fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Writes the file, wholly and durably or not at all. None where there was nothing to write.
    pub(crate) fn write(self) -> Result<Option<Kept>, DirectoryError> {
        let Some(text) = self.text else {
            return Ok(None);
        };
        durable::write(&self.file, text.as_bytes())?;
        Ok(Some(Kept {
            file: self.file,
            before: self.before,
        }))
    }
}

/// A settings file that was written, and what it was before.
pub(crate) struct Kept {
    file: PathBuf,
    before: Option<Vec<u8>>,
}

impl Kept {
    pub(crate) fn undo(self) -> Result<(), DirectoryError> {
        match self.before {
            Some(before) => durable::write(&self.file, &before),
            None => durable::remove(&self.file).map_err(io_at(&self.file)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Settings, StoreAddress};
    use std::fs;

    const NEW: &str = "# store = \"postgres://example\"\n# env = \"development\"\n";

    fn store(folder: &Path) -> StoreSettings {
        StoreSettings {
            address: Some(StoreAddress::parse("postgres://w@db/audit").unwrap()),
            name: Some("of_acme".into()),
            password_file: Some(folder.join("passwords")),
            ..StoreSettings::default()
        }
    }

    #[test]
    fn what_a_run_was_told_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ai-audit.toml");
        let told = store(folder.path());
        let kept = plan(&file, NEW, &told).unwrap().write().unwrap().unwrap();
        assert_eq!(Settings::load(&file, []).unwrap().store, told);
        // Told again there is nothing to do; and told otherwise in what the environment may change, which is said.
        let again = plan(&file, NEW, &told).unwrap();
        assert!(again.text.is_none() && again.warnings.is_empty());
        let mut again = told.clone();
        again.password_file = None;
        again.allow_loss = true;
        let again = plan(&file, NEW, &again).unwrap();
        assert!(again.text.is_none());
        let [file_of, loss] = again.warnings() else {
            panic!("{:?}", again.warnings());
        };
        assert!(file_of.contains("store-password-file") && file_of.contains("this run has none"));
        assert!(loss.contains("nothing of store-allow-loss"), "{loss}");
        kept.undo().unwrap();
        assert!(!file.exists());
    }

    #[test]
    fn a_file_that_names_the_server_gets_the_name_there_or_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ai-audit.toml");
        let mut told = store(folder.path());
        told.password_file = None;
        let before = "store = \"postgres://w@db/audit\"";
        fs::write(&file, before).unwrap();
        let kept = plan(&file, NEW, &told).unwrap().write().unwrap().unwrap();
        assert_eq!(Settings::load(&file, []).unwrap().store, told);
        told.name = Some("other".into());
        let error = plan(&file, NEW, &told).err().unwrap().to_string();
        assert!(error.contains("store-name = \"of_acme\""), "{error}");
        told.name = None;
        let error = plan(&file, NEW, &told).err().unwrap().to_string();
        assert!(error.contains("this run has none"), "{error}");
        kept.undo().unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), before);
    }

    #[test]
    fn a_file_that_says_part_of_it_gets_the_rest_and_can_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ai-audit.toml");
        let told = store(folder.path());
        // Without an end of its last line, and with a path from its own folder.
        let before = "store-name = \"of_acme\"\nstore-allow-loss = false\nstore-password-file = \"passwords\"";
        fs::write(&file, before).unwrap();
        let kept = plan(&file, NEW, &told).unwrap().write().unwrap().unwrap();
        assert_eq!(Settings::load(&file, []).unwrap().store, told);
        let text = fs::read_to_string(&file).unwrap();
        assert_eq!(
            text,
            format!("{before}\nstore = \"postgres://w@db/audit\"\n")
        );
        kept.undo().unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), before);
    }

    #[test]
    fn a_file_that_says_otherwise_is_left_alone_and_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ai-audit.toml");
        let told = store(folder.path());
        for (before, expected) in [
            ("store = \"postgres://w@other/audit\"\n", "other"),
            ("store-name = \"other\"\n", "has \"of_acme\""),
            (
                "store-password-file = \"../passwords\"\n",
                "store-password-file",
            ),
            ("store-eraser = \"postgres://e@db/audit\"\n", "has none"),
            ("store-allow-loss = true\n", "has none"),
            ("store-name = \"of_acme\"\nstor = 1\n", "line 2"),
            ("[more]\n", "more"),
            ("store-name = \"a\"\nstore-name = \"b\"\n", "line 2"),
        ] {
            fs::write(&file, before).unwrap();
            let error = plan(&file, NEW, &told).err().unwrap().to_string();
            assert!(
                error.contains("ai-audit.toml") && error.contains(expected),
                "{before}: {error}"
            );
            assert_eq!(fs::read_to_string(&file).unwrap(), before);
        }
    }
}
