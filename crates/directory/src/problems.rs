//! What is wrong with a log for whoever writes to it or reveals what it keeps, as far as reading tells: its keys, its key
//! line, its witnesses' file and its high-water mark. Nothing is made or signed, and nobody else is asked.

mod subjects;

use crate::durable::plain;
use crate::error::io_at;
use crate::{
    DirectoryError, FileReceiptKeys, LogDirectory, LogPaths, read_digest_secret, read_key,
};
use ai_audit_core::VerifyingKey;
use ai_audit_store::{FileMarks, LogName, ReceiptKeys as _};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// What helps where the log's receipt key is not there.
const KEPT_OR_NEW: &str =
    "bring it back from where a copy is kept, or go on with a new one by `ai-audit key revoke`";

/// What there is of a file.
enum Seen {
    Nothing,
    /// Who looks may not read it, so he is not who uses it.
    Hidden,
    Plain,
}

impl LogDirectory {
    /// What a log is refused for when it is written to or revealed: keys that are gone, that are not the log's or, in
    /// production, that others can read; keys of subjects that do not fit its receipts; a passphrase that cannot be read; a log
    /// that is behind its high-water mark or what was moved of it; a mistake in the witnesses' file. And what makes an auditor
    /// refuse it: a `log.pub` that is not its key line.
    ///
    /// No service and no witness is asked: of a key in a service the public key that its file names is held against the log's.
    /// No passphrase is tried. Of a store for what is old [`LogDirectory::cold_health`] tells. Keys that whoever looks may not
    /// read are not looked at, nor are those of another directory's log on the same server.
    ///
    /// Receipts are read as a writer reads them before it makes a key of a subject: from where it was noted that the keys fit
    /// them, or all where nothing was noted; those that were moved are not.
    ///
    /// # Errors
    ///
    /// When the log is not there, or cannot be read.
    pub fn problems(&self, log: &LogName) -> Result<Vec<DirectoryError>, DirectoryError> {
        self.head(log)?;
        let paths = self.layout().log(log);
        let mut found = Vec::new();
        let mut take = |checked: Result<(), DirectoryError>| found.extend(checked.err());
        take(self.keys_may_be_used(log));
        let keys = fs::metadata(&paths.keys);
        if keys.is_err_and(|error| error.kind() == ErrorKind::NotFound) {
            let is_ours = self.settings().store.address.is_none() || paths.key_line.exists();
            if is_ours {
                take(Err(key_error(
                    &paths.keys,
                    "the folder of the log's keys is not there, and nothing can be recorded or revealed without it; bring it \
                     back from where a copy is kept",
                )));
            }
        } else {
            take(twice(|| self.check_receipt_key(log, &paths)));
            take(twice(|| self.check_checkpoint_key(log, &paths)));
            take(twice(|| self.check_digest_secret(&paths)));
            take(twice(|| self.check_keys_of_subjects(log, &paths)));
            take(twice(|| self.check_passphrase(log, &paths)));
        }
        take(twice(|| self.check_key_line(log, &paths)));
        take(twice(|| self.check_witnesses()));
        take(self.check_mark(log));
        // Whoever may not read how much was moved hears of nothing.
        if let Err(error @ DirectoryError::Refused(_)) = self.is_not_behind_cold(log) {
            take(Err(error));
        }
        Ok(found)
    }

    fn check_receipt_key(&self, log: &LogName, paths: &LogPaths) -> Result<(), DirectoryError> {
        let files = [
            &paths.receipt_signer,
            &paths.receipt_key,
            &paths.next_receipt_key,
        ];
        match look_at_all(&files)? {
            Seen::Hidden => return Ok(()),
            Seen::Nothing => {
                return Err(key_error(
                    &paths.receipt_key,
                    &format!(
                        "the log's receipt key is not there, and nothing can be recorded without it; {KEPT_OR_NEW}"
                    ),
                ));
            }
            Seen::Plain => {}
        }
        // What is wrong with the log itself is for verifying to say.
        if let Some(service) = self.receipt_service(log)? {
            return match self.valid_receipt_key(log) {
                Ok(valid) if service.key != valid => Err(another_key(
                    &paths.receipt_signer,
                    ("valid receipt key", &valid),
                    Some(&service.key),
                    KEPT_OR_NEW,
                )),
                _ => Ok(()),
            };
        }
        let keys = FileReceiptKeys::open(paths, self.settings().production)?;
        match self.valid_receipt_key(log) {
            Ok(valid) if keys.held(&valid).is_none() => Err(another_key(
                &paths.receipt_key,
                ("valid receipt key", &valid),
                keys.current().map(|key| key.verifying_key()).as_ref(),
                KEPT_OR_NEW,
            )),
            _ => Ok(()),
        }
    }

    fn check_checkpoint_key(&self, log: &LogName, paths: &LogPaths) -> Result<(), DirectoryError> {
        match look_at_all(&[&paths.checkpoint_signer, &paths.checkpoint_key])? {
            Seen::Hidden => return Ok(()),
            Seen::Nothing => {
                return Err(key_error(
                    &paths.checkpoint_key,
                    "the log's checkpoint key is not there, and nothing can be recorded without it; bring it back from where a \
                     copy is kept",
                ));
            }
            Seen::Plain => {}
        }
        let (path, found) = match self.checkpoint_service(log)? {
            Some(service) => (&paths.checkpoint_signer, service.key),
            None => {
                let key = read_key(&paths.checkpoint_key, self.settings().production)?;
                (&paths.checkpoint_key, key.verifying_key())
            }
        };
        match self.genesis_keys(log) {
            Ok(genesis) if genesis.checkpoint != found => Err(another_key(
                path,
                ("checkpoint key", &genesis.checkpoint),
                Some(&found),
                "bring it back from where a copy is kept",
            )),
            _ => Ok(()),
        }
    }

    fn check_digest_secret(&self, paths: &LogPaths) -> Result<(), DirectoryError> {
        let file = &paths.digest_secret;
        match look(file)? {
            Seen::Hidden => Ok(()),
            Seen::Plain => read_digest_secret(file, self.settings().production).map(drop),
            Seen::Nothing if self.settings().keyed_digests => Err(key_error(
                file,
                "the secret of the log's digests is not there, and no text can be recorded without it; bring it back from where \
                 a copy is kept, or record with `--plain-digests`",
            )),
            Seen::Nothing => Ok(()),
        }
    }

    /// The key line that is for auditors. Where it is not there the next writer writes it.
    fn check_key_line(&self, log: &LogName, paths: &LogPaths) -> Result<(), DirectoryError> {
        let file = &paths.key_line;
        if !matches!(look(file)?, Seen::Plain) {
            return Ok(());
        }
        // What is wrong with the log itself is told as that.
        match self.key_line(log) {
            Ok(line) if !self.layout().key_line_is(log, &line) => Err(key_error(
                file,
                &format!(
                    "expected the log's key line {line}, found something else, by which nobody can verify the log; take the file \
                     away, and the next `ai-audit record` writes it anew. Give that one to whoever got a copy of this one"
                ),
            )),
            _ => Ok(()),
        }
    }

    /// The file that says who cosigns: with a mistake in it nothing is cosigned, and where witnesses are asked before a log is
    /// written to nothing is recorded.
    fn check_witnesses(&self) -> Result<(), DirectoryError> {
        match look(&self.layout().witnesses())? {
            Seen::Plain => self.witnesses().map(drop),
            Seen::Hidden | Seen::Nothing => Ok(()),
        }
    }

    fn check_mark(&self, log: &LogName) -> Result<(), DirectoryError> {
        let Some(folder) = &self.settings().high_water_marks else {
            return Ok(());
        };
        let mark = FileMarks::new(folder).path(&self.head(log)?.log_id());
        match look(&mark)? {
            Seen::Hidden | Seen::Nothing => Ok(()),
            Seen::Plain => self.refused_by_mark(log)?.map_or(Ok(()), Err),
        }
    }
}

/// A running service may hand over to a new key between two looks at the files and the log: only what is still so
/// afterwards is told.
fn twice(check: impl Fn() -> Result<(), DirectoryError>) -> Result<(), DirectoryError> {
    check().or_else(|_| check())
}

fn key_error(path: &Path, what: &str) -> DirectoryError {
    DirectoryError::Key {
        path: path.into(),
        what: what.into(),
    }
}

/// A file has another key than the log's; `mend` is what helps.
fn another_key(
    path: &Path,
    (purpose, expected): (&str, &VerifyingKey),
    found: Option<&VerifyingKey>,
    mend: &str,
) -> DirectoryError {
    let found = found.map_or_else(|| "another".to_owned(), |key| key.id().to_string());
    let expected = expected.id();
    key_error(
        path,
        &format!("expected the log's {purpose} {expected}, found {found}; {mend}"),
    )
}

/// Whether one of the files is hidden, or else whether any is there.
fn look_at_all(paths: &[&PathBuf]) -> Result<Seen, DirectoryError> {
    let mut seen = Seen::Nothing;
    for path in paths {
        match look(path)? {
            Seen::Hidden => return Ok(Seen::Hidden),
            Seen::Plain => seen = Seen::Plain,
            Seen::Nothing => {}
        }
    }
    Ok(seen)
}

/// The directory may be a stranger's: what is no plain file is not opened, and told.
fn look(path: &Path) -> Result<Seen, DirectoryError> {
    seen(
        path,
        plain(path).and_then(|()| fs::File::open(path)).map(drop),
    )
}

/// The same of a database, which is not opened here: closing it would drop the locks that this process may have on it
/// (<https://sqlite.org/howtocorrupt.html>, section 2.2).
fn look_at_database(path: &Path) -> Result<Seen, DirectoryError> {
    seen(path, plain(path))
}

fn seen(path: &Path, looked: io::Result<()>) -> Result<Seen, DirectoryError> {
    match looked {
        Ok(()) => Ok(Seen::Plain),
        Err(error) => match error.kind() {
            ErrorKind::NotFound => Ok(Seen::Nothing),
            ErrorKind::PermissionDenied => Ok(Seen::Hidden),
            _ => Err(io_at(path)(error)),
        },
    }
}
