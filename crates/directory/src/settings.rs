//! Settings: from the file of the directory, then the environment, then flags; the later wins.

use crate::durable;
use crate::{
    BucketAddress, ColdSettings, DirectoryError, Passphrase, SignerService, SignerSettings,
    StoreAddress, StoreSettings,
};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Longest settings file, in bytes.
pub(crate) const MAX_SETTINGS: usize = 1 << 20;

/// What a log directory's writer is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where the receipts are, if not in the directory.
    pub store: StoreSettings,
    /// Where what is old goes, if anywhere.
    pub cold: ColdSettings,
    /// How services that have keys are asked, which only the environment says.
    pub signer: SignerSettings,
    /// A checkpoint is made after this many receipts; 0 for never.
    pub checkpoint_every: u64,
    /// A checkpoint is made after this time, if anything was appended; zero for never.
    pub checkpoint_after: Duration,
    /// An epoch is sealed when it has this many receipts; 0 for never.
    pub epoch_receipts: u64,
    /// An epoch is sealed when it is this old, if it has anything; zero for never.
    pub epoch_after: Duration,
    /// For how many days bytes stay after their epoch was sealed: what the log's genesis promises
    /// where this is none, 184 where that promises nothing, and never less than it promises.
    pub retention_days: Option<u64>,
    /// How many submissions may wait for the writer.
    pub queue_capacity: usize,
    /// From how many records of a log in one commit on they are sealed as a batch, where its genesis
    /// permits that; at least 1.
    pub batch_from: usize,
    /// How long a producer waits for a full queue; none for as long as it takes.
    pub queue_timeout: Option<Duration>,
    /// Whether texts are digested under the log's secret. Plain digests of short texts can be
    /// guessed.
    pub keyed_digests: bool,
    /// Whether a record line may open a log for a tenant that has none.
    pub create_logs: bool,
    /// Folder outside the directory in which high-water marks are kept.
    pub high_water_marks: Option<PathBuf>,
    /// Folder outside the directory for the keys that wrap subject keys; none for the log's own keys
    /// folder. A backup that has both opens what was erased after it.
    pub kek_folder: Option<PathBuf>,
    /// File with the passphrase under which such a key is kept.
    pub kek_passphrase_file: Option<PathBuf>,
    /// That passphrase itself, which only the environment gives; it wins over the file.
    pub kek_passphrase: Option<Passphrase>,
    /// Whether the witnesses are asked, before a log is written to, whether they saw more of it than
    /// is here.
    pub ask_witnesses: bool,
    /// Refuses ephemeral keys, key files that others can read, and a database that everybody can.
    pub production: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            store: StoreSettings::default(),
            cold: ColdSettings::default(),
            signer: SignerSettings::default(),
            checkpoint_every: 1000,
            checkpoint_after: Duration::ZERO,
            epoch_receipts: 0,
            epoch_after: Duration::ZERO,
            retention_days: None,
            queue_capacity: 10_000,
            batch_from: 8,
            queue_timeout: None,
            keyed_digests: true,
            create_logs: true,
            high_water_marks: None,
            kek_folder: None,
            kek_passphrase_file: None,
            kek_passphrase: None,
            ask_witnesses: false,
            production: false,
        }
    }
}

/// The settings' names, as the file writes them; the environment's are `AI_AUDIT_` and the name in
/// capitals with `_` for `-`.
pub const SETTING_NAMES: [&str; 29] = [
    "store",
    "store-name",
    "store-password-file",
    "store-ca",
    "store-eraser",
    "store-allow-loss",
    "cold-folder",
    "cold-bucket",
    "cold-region",
    "cold-endpoint",
    "cold-ca",
    "cold-versions-expire",
    "cold-days",
    "cold-keep",
    "checkpoint-every",
    "checkpoint-after-seconds",
    "epoch-receipts",
    "epoch-hours",
    "retention-days",
    "queue-capacity",
    "batch-from",
    "queue-timeout-ms",
    "digests",
    "create-logs",
    "high-water-marks",
    "kek-folder",
    "kek-passphrase-file",
    "ask-witnesses",
    "env",
];

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct File {
    store: Option<StoreAddress>,
    store_name: Option<String>,
    store_password_file: Option<PathBuf>,
    store_ca: Option<PathBuf>,
    store_eraser: Option<StoreAddress>,
    store_allow_loss: Option<bool>,
    cold_folder: Option<PathBuf>,
    cold_bucket: Option<BucketAddress>,
    cold_region: Option<String>,
    cold_endpoint: Option<String>,
    cold_ca: Option<PathBuf>,
    cold_versions_expire: Option<bool>,
    cold_days: Option<u64>,
    cold_keep: Option<u64>,
    checkpoint_every: Option<u64>,
    checkpoint_after_seconds: Option<u64>,
    epoch_receipts: Option<u64>,
    epoch_hours: Option<u64>,
    retention_days: Option<u64>,
    queue_capacity: Option<usize>,
    batch_from: Option<usize>,
    queue_timeout_ms: Option<u64>,
    digests: Option<Digests>,
    create_logs: Option<bool>,
    high_water_marks: Option<PathBuf>,
    kek_folder: Option<PathBuf>,
    kek_passphrase_file: Option<PathBuf>,
    ask_witnesses: Option<bool>,
    env: Option<Env>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Digests {
    Keyed,
    Plain,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Env {
    Development,
    Production,
}

/// Names the file with the settings in place of the directory's own.
const CONFIG: &str = "AI_AUDIT_CONFIG";
const PREFIX: &str = "AI_AUDIT_";
/// No settings: a file or a flag would show them to others.
const PASSPHRASE: &str = "AI_AUDIT_KEK_PASSPHRASE";
const PASSWORD: &str = "AI_AUDIT_STORE_PASSWORD";
/// No setting: a directory of a stranger would have us write with our key.
const COLD_CREDENTIALS: &str = "AI_AUDIT_COLD_CREDENTIALS";
/// No settings: a directory of a stranger would load his library, or send him our token.
const CREDENTIALS: &str = "AI_AUDIT_SIGNER_CREDENTIALS";
const MODULE: &str = "AI_AUDIT_SIGNER_MODULE";
const SERVICE: &str = "AI_AUDIT_SIGNER_SERVICE";

impl Settings {
    /// Defaults, changed by the file if there is one, changed by the environment: of `variables`
    /// those count whose names begin with `AI_AUDIT_`. Flags come last, by [`Settings::set`].
    ///
    /// `AI_AUDIT_CONFIG` is passed over: whoever heeds it gives another `file`.
    /// `AI_AUDIT_KEK_PASSPHRASE` is the passphrase itself, `AI_AUDIT_STORE_PASSWORD` the password of the store's
    /// server; `AI_AUDIT_COLD_CREDENTIALS` names the file with the key of the bucket for what is old;
    /// `AI_AUDIT_SIGNER_SERVICE`, `AI_AUDIT_SIGNER_CREDENTIALS` and `AI_AUDIT_SIGNER_MODULE` say which service that
    /// has keys is asked, and how.
    ///
    /// # Errors
    ///
    /// Names the file or the variable that does not hold, or that nobody knows.
    pub fn load(
        file: &Path,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, DirectoryError> {
        let mut settings = Self::default();
        if let Some(text) = text_of(file)? {
            settings = read(&text, file)?;
        }
        for (variable, value) in variables {
            let Some(name) = variable.strip_prefix(PREFIX) else {
                continue;
            };
            if variable == PASSPHRASE {
                settings.kek_passphrase = Some(secret(PASSPHRASE, value)?);
            } else if variable == PASSWORD {
                settings.store.password = Some(secret(PASSWORD, value)?);
            } else if value.is_empty()
                && [SERVICE, COLD_CREDENTIALS, CREDENTIALS, MODULE].contains(&&*variable)
            {
                // As one that is not set: no file, service or module has no name.
            } else if variable == SERVICE {
                let service = SignerService::parse(&value);
                let wrong = |what| DirectoryError::Settings {
                    origin: SERVICE.into(),
                    what,
                };
                settings.signer.service = Some(service.map_err(wrong)?);
            } else if variable == COLD_CREDENTIALS {
                settings.cold.credentials = Some(value.into());
            } else if variable == CREDENTIALS {
                settings.signer.credentials = Some(value.into());
            } else if variable == MODULE {
                settings.signer.module = Some(value.into());
            } else if variable != CONFIG {
                let name = name.to_ascii_lowercase().replace('_', "-");
                settings.set(&name, &value, &variable)?;
            }
        }
        Ok(settings)
    }

    /// Changes one setting by its name in the file. `origin` is who says so: a variable or a flag.
    ///
    /// # Errors
    ///
    /// When there is no such setting or it cannot have this value.
    pub fn set(&mut self, name: &str, value: &str, origin: &str) -> Result<(), DirectoryError> {
        let wrong = |what: String| DirectoryError::Settings {
            origin: origin.into(),
            what,
        };
        if !SETTING_NAMES.contains(&name) {
            let known = SETTING_NAMES.join(", ");
            return Err(wrong(format!(
                "there is no setting {name:?}; there are {known}"
            )));
        }
        if value.is_empty() {
            return Err(wrong("it is empty; give it a value or take it away".into()));
        }
        let line = |value: &str| {
            let text = format!("{name} = {value}");
            toml::from_str::<File>(&text).map_err(|error| wrong(one_line(error.message())))
        };
        // As a text, and where that does not fit, as the number or the truth value that it is.
        let file = line(&toml::Value::from(value).to_string()).or_else(|error| {
            let bare = value.parse::<u64>().is_ok() || matches!(value, "true" | "false");
            if bare { line(value) } else { Err(error) }
        })?;
        self.apply(file, None);
        Ok(())
    }

    fn apply(&mut self, file: File, relative_to: Option<&Path>) {
        let set = |to: &mut u64, from: Option<u64>| *to = from.unwrap_or(*to);
        set(&mut self.checkpoint_every, file.checkpoint_every);
        if let Some(seconds) = file.checkpoint_after_seconds {
            self.checkpoint_after = Duration::from_secs(seconds);
        }
        set(&mut self.epoch_receipts, file.epoch_receipts);
        if let Some(hours) = file.epoch_hours {
            self.epoch_after = Duration::from_secs(hours.saturating_mul(60 * 60));
        }
        self.retention_days = file.retention_days.or(self.retention_days);
        self.queue_capacity = file.queue_capacity.unwrap_or(self.queue_capacity).max(1);
        self.batch_from = file.batch_from.unwrap_or(self.batch_from).max(1);
        if let Some(millis) = file.queue_timeout_ms {
            self.queue_timeout = (millis > 0).then(|| Duration::from_millis(millis));
        }
        if let Some(digests) = file.digests {
            self.keyed_digests = matches!(digests, Digests::Keyed);
        }
        self.create_logs = file.create_logs.unwrap_or(self.create_logs);
        let path = |to: &mut Option<PathBuf>, from: Option<PathBuf>| {
            if let Some(path) = from {
                *to = Some(match relative_to {
                    Some(folder) => folder.join(path),
                    None => path,
                });
            }
        };
        let store = &mut self.store;
        store.address = file.store.or(store.address.take());
        store.name = file.store_name.or(store.name.take());
        store.eraser = file.store_eraser.or(store.eraser.take());
        store.allow_loss = file.store_allow_loss.unwrap_or(store.allow_loss);
        path(&mut store.password_file, file.store_password_file);
        path(&mut store.authorities, file.store_ca);
        let cold = &mut self.cold;
        path(&mut cold.folder, file.cold_folder);
        path(&mut cold.authorities, file.cold_ca);
        cold.bucket = file.cold_bucket.or(cold.bucket.take());
        cold.region = file.cold_region.or(cold.region.take());
        cold.endpoint = file.cold_endpoint.or(cold.endpoint.take());
        cold.versions_expire = file.cold_versions_expire.unwrap_or(cold.versions_expire);
        set(&mut cold.days, file.cold_days);
        set(&mut cold.keep, file.cold_keep);
        path(&mut self.high_water_marks, file.high_water_marks);
        path(&mut self.kek_folder, file.kek_folder);
        path(&mut self.kek_passphrase_file, file.kek_passphrase_file);
        self.ask_witnesses = file.ask_witnesses.unwrap_or(self.ask_witnesses);
        if let Some(env) = file.env {
            self.production = matches!(env, Env::Production);
        }
    }
}

fn secret(variable: &str, value: String) -> Result<Passphrase, DirectoryError> {
    Passphrase::new(value).ok_or_else(|| DirectoryError::Settings {
        origin: variable.into(),
        what: "it is empty; give it a value or take it away".into(),
    })
}

/// Whether a settings file names a server that has the receipts. One that cannot be read does not.
pub(crate) fn names_store(file: &Path) -> bool {
    names(file, &["store"])
}

/// Whether a settings file has one of these.
pub(crate) fn names(file: &Path, settings: &[&str]) -> bool {
    text_of(file)
        .ok()
        .flatten()
        .and_then(|text| toml::from_str::<toml::Table>(&text).ok())
        .is_some_and(|table| settings.iter().any(|name| table.contains_key(*name)))
}

/// The text of a settings file; `None` if there is none.
fn text_of(file: &Path) -> Result<Option<String>, DirectoryError> {
    let Some(bytes) = durable::read(file, MAX_SETTINGS)? else {
        return Ok(None);
    };
    let text = String::from_utf8(bytes).map_err(|_| DirectoryError::Settings {
        origin: file.display().to_string(),
        what: "expected a text in UTF-8".into(),
    })?;
    Ok(Some(text))
}

/// What the text of a settings file says, and nothing else.
pub(crate) fn read(text: &str, path: &Path) -> Result<Settings, DirectoryError> {
    let mut settings = Settings::default();
    settings.apply(parse_file(text, path)?, path.parent());
    Ok(settings)
}

/// Refuses the text of a settings file that no command could read.
pub(crate) fn hold(text: &str, path: &Path) -> Result<(), DirectoryError> {
    parse_file(text, path).map(drop)
}

fn parse_file(text: &str, path: &Path) -> Result<File, DirectoryError> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().and_then(|span| text.get(..span.start));
        let line = line.map_or(1, |before| before.matches('\n').count() + 1);
        DirectoryError::Settings {
            origin: format!("{}, line {line}", path.display()),
            what: one_line(error.message()),
        }
    })
}

fn one_line(message: &str) -> String {
    message.trim().replace('\n', "; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect()
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ai-audit.toml");
        fs::write(
            &path,
            "checkpoint-every = 5\ndigests = \"plain\"\nhigh-water-marks = \"../m\"\n",
        )
        .unwrap();
        let settings = Settings::load(
            &path,
            variables(&[
                ("AI_AUDIT_CHECKPOINT_EVERY", "7"),
                ("AI_AUDIT_ENV", "production"),
                ("AI_AUDIT_CONFIG", "elsewhere"),
                ("PATH", "/bin"),
            ]),
        )
        .unwrap();
        assert_eq!(
            (settings.checkpoint_every, settings.keyed_digests),
            (7, false)
        );
        assert!(settings.production && settings.create_logs);
        assert_eq!(settings.high_water_marks, Some(folder.path().join("../m")));
    }

    #[test]
    fn unknown_and_wrong_settings_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ai-audit.toml");
        fs::write(&path, "# one\ncheckpoint-evry = 5\n").unwrap();
        let error = Settings::load(&path, []).unwrap_err().to_string();
        assert!(
            error.contains("checkpoint-evry") && error.contains("ai-audit.toml, line 2"),
            "{error}"
        );
        for (variable, value, said) in [
            ("AI_AUDIT_DIGESTS", "none", "keyed"),
            ("AI_AUDIT_ENV", "prod", "production"),
            ("AI_AUDIT_ENV", "", "empty"),
            ("AI_AUDIT_CHECKPOINT_EVERY", "often", "often"),
            ("AI_AUDIT_CHECKPOINT_EVRY", "5", "checkpoint-every"),
        ] {
            let error = Settings::load(Path::new("/nowhere"), variables(&[(variable, value)]))
                .unwrap_err()
                .to_string();
            assert!(
                error.starts_with(variable) && error.contains(said) && !error.contains('\n'),
                "{error}"
            );
        }
    }

    #[test]
    fn a_passphrase_comes_from_the_environment_alone_and_is_never_shown() {
        let load = |pairs: &[(&str, &str)]| Settings::load(Path::new("/nowhere"), variables(pairs));
        let settings = load(&[("AI_AUDIT_KEK_PASSPHRASE", "correct horse")]).unwrap();
        assert_eq!(
            settings.kek_passphrase,
            Passphrase::new("correct horse".into())
        );
        assert_ne!(settings.kek_passphrase, Passphrase::new("correct".into()));
        let shown = format!("{settings:?} {settings:#?}");
        assert!(
            shown.contains("kek_passphrase") && !shown.contains("correct"),
            "{shown}"
        );
        let error = load(&[("AI_AUDIT_KEK_PASSPHRASE", "")])
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("AI_AUDIT_KEK_PASSPHRASE: it is empty"),
            "{error}"
        );
        let flag = Settings::default().set("kek-passphrase", "correct horse", "--set");
        assert!(!flag.unwrap_err().to_string().contains("correct"));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ai-audit.toml");
        fs::write(&path, "kek-passphrase = \"correct horse\"\n").unwrap();
        let error = Settings::load(&path, []).unwrap_err().to_string();
        assert!(!error.contains("correct"), "{error}");
        fs::write(
            &path,
            "kek-folder = \"../keks\"\nkek-passphrase-file = \"/p\"\n",
        )
        .unwrap();
        let settings = Settings::load(&path, []).unwrap();
        assert_eq!(settings.kek_folder, Some(folder.path().join("../keks")));
        assert_eq!(settings.kek_passphrase_file, Some("/p".into()));
    }

    #[test]
    fn a_path_may_look_like_a_number() {
        let mut settings = Settings::default();
        settings.set("high-water-marks", "123", "--set").unwrap();
        settings.set("checkpoint-every", "123", "--set").unwrap();
        assert_eq!(settings.high_water_marks, Some("123".into()));
        assert_eq!(settings.checkpoint_every, 123);
    }
}
