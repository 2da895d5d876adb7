//! Settings: from the file of the directory, then the environment, then flags; the later wins.

use crate::DirectoryError;
use crate::error::io_at;
use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a log directory's writer is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// A checkpoint is made after this many receipts; 0 for never.
    pub checkpoint_every: u64,
    /// A checkpoint is made after this time, if anything was appended; zero for never.
    pub checkpoint_after: Duration,
    /// An epoch is sealed when it has this many receipts; 0 for never.
    pub epoch_receipts: u64,
    /// An epoch is sealed when it is this old, if it has anything; zero for never.
    pub epoch_after: Duration,
    /// For how many days bytes stay after their epoch was sealed: what the log's genesis promises
    /// where this is none, 183 where that promises nothing, and never less than it promises.
    pub retention_days: Option<u64>,
    /// How many submissions may wait for the writer.
    pub queue_capacity: usize,
    /// How long a producer waits for a full queue; none for as long as it takes.
    pub queue_timeout: Option<Duration>,
    /// Whether texts are digested under the log's secret. Plain digests of short texts can be
    /// guessed.
    pub keyed_digests: bool,
    /// Whether a record line may open a log for a tenant that has none.
    pub create_logs: bool,
    /// Folder outside the directory in which high-water marks are kept.
    pub high_water_marks: Option<PathBuf>,
    /// Refuses ephemeral keys, key files that others can read, and a database that everybody can.
    pub production: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            checkpoint_every: 1000,
            checkpoint_after: Duration::ZERO,
            epoch_receipts: 0,
            epoch_after: Duration::ZERO,
            retention_days: None,
            queue_capacity: 10_000,
            queue_timeout: None,
            keyed_digests: true,
            create_logs: true,
            high_water_marks: None,
            production: false,
        }
    }
}

/// The settings' names, as the file writes them; the environment's are `AI_AUDIT_` and the name in
/// capitals with `_` for `-`.
pub const SETTING_NAMES: [&str; 11] = [
    "checkpoint-every",
    "checkpoint-after-seconds",
    "epoch-receipts",
    "epoch-hours",
    "retention-days",
    "queue-capacity",
    "queue-timeout-ms",
    "digests",
    "create-logs",
    "high-water-marks",
    "env",
];

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct File {
    checkpoint_every: Option<u64>,
    checkpoint_after_seconds: Option<u64>,
    epoch_receipts: Option<u64>,
    epoch_hours: Option<u64>,
    retention_days: Option<u64>,
    queue_capacity: Option<usize>,
    queue_timeout_ms: Option<u64>,
    digests: Option<Digests>,
    create_logs: Option<bool>,
    high_water_marks: Option<PathBuf>,
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

impl Settings {
    /// Defaults, changed by the file if there is one, changed by the environment, which is asked
    /// through `env` by the name of a variable.
    ///
    /// # Errors
    ///
    /// Names the file or variable that does not hold.
    pub fn load(file: &Path, env: impl Fn(&str) -> Option<String>) -> Result<Self, DirectoryError> {
        let mut settings = Self::default();
        match fs::read_to_string(file) {
            Ok(text) => settings.apply(parse(&text, &file.display().to_string())?, file.parent()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(io_at(file)(error)),
        }
        for name in SETTING_NAMES {
            let variable = format!("AI_AUDIT_{}", name.to_ascii_uppercase().replace('-', "_"));
            if let Some(value) = env(&variable) {
                settings.apply(from_variable(name, &value, &variable)?, None);
            }
        }
        Ok(settings)
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
        if let Some(millis) = file.queue_timeout_ms {
            self.queue_timeout = (millis > 0).then(|| Duration::from_millis(millis));
        }
        if let Some(digests) = file.digests {
            self.keyed_digests = matches!(digests, Digests::Keyed);
        }
        self.create_logs = file.create_logs.unwrap_or(self.create_logs);
        if let Some(path) = file.high_water_marks {
            self.high_water_marks = Some(match relative_to {
                Some(folder) => folder.join(path),
                None => path,
            });
        }
        if let Some(env) = file.env {
            self.production = matches!(env, Env::Production);
        }
    }
}

fn parse(text: &str, origin: &str) -> Result<File, DirectoryError> {
    toml::from_str(text).map_err(|error| DirectoryError::Settings {
        origin: origin.into(),
        what: error.to_string().trim_end().into(),
    })
}

/// A variable is the line of the file that it stands for.
fn from_variable(name: &str, value: &str, variable: &str) -> Result<File, DirectoryError> {
    let bare = value.parse::<u64>().is_ok() || matches!(value, "true" | "false");
    let value = if bare {
        value.to_string()
    } else {
        toml::Value::from(value).to_string()
    };
    parse(&format!("{name} = {value}"), variable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_wins_over_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ai-audit.toml");
        fs::write(
            &path,
            "checkpoint-every = 5\ndigests = \"plain\"\nhigh-water-marks = \"../m\"\n",
        )
        .unwrap();
        let env = |name: &str| match name {
            "AI_AUDIT_CHECKPOINT_EVERY" => Some("7".into()),
            "AI_AUDIT_ENV" => Some("production".into()),
            _ => None,
        };
        let settings = Settings::load(&path, env).unwrap();
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
        fs::write(&path, "checkpoint-evry = 5\n").unwrap();
        let error = Settings::load(&path, |_| None).unwrap_err().to_string();
        assert!(
            error.contains("checkpoint-evry") && error.contains("ai-audit.toml"),
            "{error}"
        );
        let env = |name: &str| (name == "AI_AUDIT_DIGESTS").then(|| "none".to_string());
        let error = Settings::load(Path::new("/nowhere"), env)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("AI_AUDIT_DIGESTS") && error.contains("keyed"),
            "{error}"
        );
    }
}
