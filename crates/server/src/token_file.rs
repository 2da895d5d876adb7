//! `tokens.toml`: the tokens of a directory, by their hashes.

use crate::token::{Scope, TokenEntry, id};
use ai_audit_core::Timestamp;
use ai_audit_store::LogName;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// The file of the tokens.
#[derive(Debug, Clone)]
pub struct TokenFile {
    path: PathBuf,
}

/// Why the tokens cannot be read or kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenFileError {
    /// The system.
    #[error("{}: {error}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What it said.
        error: io::Error,
    },
    /// The file is not what it should be.
    #[error("{}: {what}", .path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// Others can read the file.
    #[error("{}: others can read or write it (mode {mode:o}); run `chmod 600 {}`", .path.display(), .path.display())]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// There is no such token.
    #[error("{}: there is no token {id}; `ai-audit token list` shows them", .path.display())]
    NoSuchToken {
        /// The file.
        path: PathBuf,
        /// What was asked for.
        id: String,
    },
}

const ADMIN: &str = "scope admin is for all logs: give it without logs, or take append and read";

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    #[serde(default)]
    token: Vec<FormEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FormEntry {
    sha256: String,
    scopes: Vec<Scope>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    logs: Vec<String>,
    created: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    note: String,
}

impl TokenFile {
    /// The file at a path, which need not be there.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The tokens, in the order in which they were made. None where there is no file.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, is open to others, or has a mistake.
    pub fn read(&self) -> Result<Vec<TokenEntry>, TokenFileError> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(self.io(error)),
        };
        self.for_owner_alone()?;
        let form: Form = toml::from_str(&text).map_err(|error| {
            let what = error.message().trim().replace('\n', "; ");
            self.form(what)
        })?;
        form.token.into_iter().map(|one| self.entry(one)).collect()
    }

    /// Adds a token.
    ///
    /// # Errors
    ///
    /// As [`TokenFile::read`], and when the file cannot be written.
    pub fn add(&self, entry: TokenEntry) -> Result<(), TokenFileError> {
        if entry.scopes.contains(&Scope::Admin) && !entry.logs.is_empty() {
            return Err(self.form(ADMIN.into()));
        }
        let _alone = self.lock()?;
        let mut entries = self.read()?;
        entries.push(entry);
        self.write(&entries)
    }

    /// Takes a token away, by its id or as much of it as names one alone. Returns what was kept of it.
    ///
    /// # Errors
    ///
    /// [`TokenFileError::NoSuchToken`]; as [`TokenFile::add`].
    pub fn revoke(&self, id: &str) -> Result<TokenEntry, TokenFileError> {
        let _alone = self.lock()?;
        let mut entries = self.read()?;
        let fits = |entry: &TokenEntry| !id.is_empty() && entry.id.starts_with(id);
        let one = entries.iter().filter(|entry| fits(entry)).count() == 1;
        let Some(at) = entries.iter().position(fits).filter(|_| one) else {
            return Err(TokenFileError::NoSuchToken {
                path: self.path.clone(),
                id: id.into(),
            });
        };
        let revoked = entries.remove(at);
        self.write(&entries)?;
        Ok(revoked)
    }

    /// Keeps other commands from writing the file between our reading and writing it; until it is dropped.
    fn lock(&self) -> Result<fs::File, TokenFileError> {
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let locked = options
            .open(self.path.with_extension("lock"))
            .and_then(|file| file.lock().map(|()| file));
        locked.map_err(|error| self.io(error))
    }

    fn entry(&self, form: FormEntry) -> Result<TokenEntry, TokenFileError> {
        let hash = unhex(&form.sha256)
            .ok_or_else(|| self.form("sha256: expected 64 hexadecimal digits".into()))?;
        if form.scopes.is_empty() {
            return Err(self.form("scopes: expected append, read or admin".into()));
        }
        if form.scopes.contains(&Scope::Admin) && !form.logs.is_empty() {
            return Err(self.form(ADMIN.into()));
        }
        let logs = form.logs.iter().map(|name| LogName::new(name));
        let logs = logs.collect::<Result<_, _>>();
        let time = |text: &str| parse_time(text).ok_or_else(|| self.form(expected_time(text)));
        Ok(TokenEntry {
            id: id(&hash),
            scopes: form.scopes,
            logs: logs.map_err(|error| self.form(error.to_string()))?,
            created: time(&form.created)?,
            expires: form.expires.as_deref().map(time).transpose()?,
            note: form.note,
            hash,
        })
    }

    /// The file appears whole, for its owner alone: a service may be reading it.
    fn write(&self, entries: &[TokenEntry]) -> Result<(), TokenFileError> {
        let token = entries.iter().map(|entry| FormEntry {
            sha256: crate::token::hex(&entry.hash),
            scopes: entry.scopes.clone(),
            logs: entry.logs.iter().map(ToString::to_string).collect(),
            created: entry.created.to_string(),
            expires: entry.expires.map(|time| time.to_string()),
            note: entry.note.clone(),
        });
        let form = Form {
            token: token.collect(),
        };
        let text = toml::to_string(&form).map_err(|error| self.form(error.to_string()))?;
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let kept = NamedTempFile::new_in(folder).and_then(|mut file| {
            file.write_all(HEAD.as_bytes())?;
            file.write_all(text.as_bytes())?;
            file.as_file().sync_all()?;
            file.persist(&self.path).map_err(|error| error.error)?;
            // Or a token that was revoked would be back behind a power cut.
            #[cfg(unix)]
            fs::File::open(folder)?.sync_all()?;
            Ok(())
        });
        kept.map_err(|error| self.io(error))
    }

    #[cfg(unix)]
    fn for_owner_alone(&self) -> Result<(), TokenFileError> {
        use std::os::unix::fs::PermissionsExt as _;
        let metadata = fs::metadata(&self.path).map_err(|error| self.io(error))?;
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 == 0 {
            return Ok(());
        }
        Err(TokenFileError::Mode {
            path: self.path.clone(),
            mode,
        })
    }

    #[cfg(not(unix))]
    #[allow(clippy::unused_self, reason = "there are no such permissions")]
    fn for_owner_alone(&self) -> Result<(), TokenFileError> {
        Ok(())
    }

    fn io(&self, error: io::Error) -> TokenFileError {
        TokenFileError::Io {
            path: self.path.clone(),
            error,
        }
    }

    fn form(&self, what: String) -> TokenFileError {
        TokenFileError::Form {
            path: self.path.clone(),
            what,
        }
    }
}

const HEAD: &str = "# Who may use the service: `ai-audit token create | list | revoke`. Of tokens there are only\n# hashes here.\n\n";

pub(crate) fn parse_time(text: &str) -> Option<Timestamp> {
    // As an earlier version wrote a token that never expires; the last day of all is not read otherwise.
    if text == Timestamp::MAX.to_string() {
        return Some(Timestamp::MAX);
    }
    let time: jiff::Timestamp = text.parse().ok()?;
    u64::try_from(time.as_microsecond())
        .ok()
        .map(Timestamp::from_micros)
}

fn expected_time(text: &str) -> String {
    format!("{text:?}: expected a time such as 2026-11-24T09:30:00Z")
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = |pair: &[u8; 2]| u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok();
    let bytes: Option<Vec<u8>> = pairs.iter().map(byte).collect();
    rest.is_empty().then_some(bytes?)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Token;

    #[test]
    fn what_is_written_is_read_and_holds_no_token() {
        let folder = tempfile::tempdir().unwrap();
        let file = TokenFile::new(folder.path().join("tokens.toml"));
        assert_eq!(file.read().unwrap(), []);
        let token = Token::new().unwrap();
        let now = Timestamp::from_micros(1_790_000_000_000_000);
        let mut entry = token.entry(&[Scope::Read, Scope::Append], &[LogName::default()], now);
        entry.expires = Some(Timestamp::from_micros(1_800_000_000_000_000));
        entry.note = "a \"note\"".into();
        file.add(entry.clone()).unwrap();
        let other = Token::new().unwrap().entry(&[Scope::Admin], &[], now);
        file.add(other.clone()).unwrap();
        assert_eq!(file.read().unwrap(), [entry.clone(), other.clone()]);
        let text = fs::read_to_string(file.path()).unwrap();
        assert!(!text.contains(token.expose()) && text.contains(&crate::token::hex(&entry.hash)));
        assert!(file.revoke("").is_err() && file.revoke("zz").is_err());
        assert_eq!(file.revoke(&entry.id).unwrap(), entry);
        assert_eq!(file.read().unwrap(), [other]);
    }

    fn with_one_token() -> (tempfile::TempDir, TokenFile) {
        let folder = tempfile::tempdir().unwrap();
        let file = TokenFile::new(folder.path().join("tokens.toml"));
        let token = Token::new().unwrap();
        file.add(token.entry(&[Scope::Read], &[], Timestamp::from_micros(1)))
            .unwrap();
        (folder, file)
    }

    #[test]
    fn admin_is_for_all_logs() {
        let (_folder, file) = with_one_token();
        let logs = [LogName::default()];
        let token = Token::new().unwrap();
        let entry = token.entry(&[Scope::Admin], &logs, Timestamp::from_micros(1));
        assert!(
            file.add(entry)
                .unwrap_err()
                .to_string()
                .contains("all logs")
        );
        assert_eq!(file.read().unwrap().len(), 1);
        let good = fs::read_to_string(file.path()).unwrap();
        let wrong = good.replace("[\"read\"]", "[\"admin\"]\nlogs = [\"default\"]");
        fs::write(file.path(), wrong).unwrap();
        assert!(file.read().unwrap_err().to_string().contains("all logs"));
    }

    #[test]
    fn a_token_that_is_revoked_while_others_are_made_stays_revoked() {
        let (_folder, file) = with_one_token();
        let entries: Vec<TokenEntry> = (0..8)
            .map(|_| {
                Token::new()
                    .unwrap()
                    .entry(&[Scope::Read], &[], Timestamp::from_micros(1))
            })
            .collect();
        let revoked = file.read().unwrap().remove(0);
        std::thread::scope(|scope| {
            for entry in &entries {
                scope.spawn(|| file.add(entry.clone()).unwrap());
            }
            scope.spawn(|| file.revoke(&revoked.id).unwrap());
        });
        let left = file.read().unwrap();
        assert_eq!(left.len(), 8);
        assert!(entries.iter().all(|entry| left.contains(entry)));
    }

    #[test]
    fn a_file_with_a_mistake_lets_nobody_in() {
        let (_folder, file) = with_one_token();
        let good = fs::read_to_string(file.path()).unwrap();
        for (from, to, said) in [
            ("sha256 = \"", "sha256 = \"g", "64 hexadecimal digits"),
            ("read", "raed", "raed"),
            ("1970", "soon", "expected a time"),
            ("[\"read\"]", "[]", "expected append, read or admin"),
        ] {
            fs::write(file.path(), good.replace(from, to)).unwrap();
            let error = file.read().unwrap_err().to_string();
            assert!(
                error.contains("tokens.toml: ") && error.contains(said),
                "{error}"
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let (_folder, file) = with_one_token();
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(
            file.read(),
            Err(TokenFileError::Mode { mode: 0o644, .. })
        ));
    }
}
