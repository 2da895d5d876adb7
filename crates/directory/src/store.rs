//! Where the receipts of a directory are: in its own SQLite file, or on a server that its settings name.

mod address;
mod finder;
mod keep;
mod password_file;
mod shared;

pub use address::StoreAddress;
pub use finder::WriterFinder;
pub(crate) use keep::{Plan, plan};
pub use shared::open_leases;

use crate::error::{io_at, opening};
use crate::{DirectoryError, Layout, LogPaths, Passphrase, Settings};
use ai_audit_store::{LogName, Store};
use ai_audit_store_sqlite::SqliteStore;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

/// What the settings say of a server that has the receipts.
///
/// The address has no password: that is in a file, or in the environment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoreSettings {
    /// The server; none for `audit.db` in the directory.
    pub address: Option<StoreAddress>,
    /// The name under which a server has this directory's receipts, apart from those of others: a schema in
    /// PostgreSQL (`ai_audit` unless changed), the beginning of all keys in Redis (`ai-audit` unless changed).
    pub name: Option<String>,
    /// File with passwords, each for a host, port, database and user.
    pub password_file: Option<PathBuf>,
    /// The password itself, which only the environment gives; it wins over the file.
    pub password: Option<Passphrase>,
    /// File with the certificates, in PEM, that TLS to the server trusts; those of the system where there is
    /// none.
    pub authorities: Option<PathBuf>,
    /// Address of the same PostgreSQL for the role that deletes bytes and puts them back.
    pub eraser: Option<StoreAddress>,
    /// Takes a Redis that may lose what it acknowledged, which the genesis of each log then declares.
    pub allow_loss: bool,
    /// Where this process, once it is the writer, takes what reached another instance: found there by
    /// [`WriterFinder`]. No file says it; for a PostgreSQL alone.
    pub advertise: Option<String>,
}

impl StoreSettings {
    /// Where the receipts are, as a line that is the same whoever logs in and however.
    pub(crate) fn place(&self) -> String {
        let Some(address) = &self.address else {
            return "audit.db".into();
        };
        let (kind, name) = match address.is_postgres() {
            true => ("postgres", "ai_audit"),
            false => ("redis", "ai-audit"),
        };
        let name = self.name.as_deref().unwrap_or(name);
        let (mut hosts, mut database) = (Vec::new(), String::new());
        for login in address.logins() {
            hosts.push(format!("{}:{}", login.host, login.port));
            database = login.database;
        }
        if kind == "redis" && database.is_empty() {
            database = "0".into();
        }
        format!("{kind}://{}/{database} {name}", hosts.join(","))
    }
}

/// What a store is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// By the one writer, for a new log: what is not there may be made.
    Create,
    /// By the one writer.
    Write,
    /// By one of several writers, each of logs of its own.
    Shared,
    /// To add a checkpoint beside the one writer.
    Beside,
    /// To read.
    Read,
}

/// Opens the store of a directory.
pub(crate) fn open(
    layout: &Layout,
    settings: &Settings,
    mode: Mode,
) -> Result<Arc<dyn Store>, DirectoryError> {
    if mode == Mode::Shared {
        shared::hold(settings)?;
    }
    let Some(address) = &settings.store.address else {
        use ai_audit_store_sqlite::OpenMode;
        let mode = match mode {
            Mode::Create => OpenMode::Create,
            Mode::Write | Mode::Shared | Mode::Beside => OpenMode::ReadWrite,
            Mode::Read => OpenMode::ReadOnly,
        };
        let store = SqliteStore::open(&layout.database(), mode).map_err(opening)?;
        return Ok(Arc::new(store));
    };
    if layout.database().exists() {
        return Err(wrong(format!(
            "{} has an audit.db, and the setting `store` names {address}: one of them has the receipts. Take the \
             setting away, or move audit.db to where it is kept",
            layout.root().display()
        )));
    }
    if settings.store.allow_loss && address.is_postgres() {
        return Err(wrong(
            "store-allow-loss is for a Redis; a PostgreSQL that may lose what it acknowledged is refused in any case"
                .into(),
        ));
    }
    if settings.store.eraser.is_some() && !address.is_postgres() {
        return Err(wrong(
            "store-eraser is for a PostgreSQL; in Redis who appends also deletes".into(),
        ));
    }
    if settings.store.authorities.is_some() && !address.is_postgres() {
        return Err(wrong(
            "store-ca is for a PostgreSQL; TLS to a Redis trusts what the system does".into(),
        ));
    }
    match address.is_postgres() {
        true => postgres(address, settings, mode),
        false => redis(address, settings, mode, layout),
    }
}

#[cfg(feature = "postgres")]
fn postgres(
    address: &StoreAddress,
    settings: &Settings,
    mode: Mode,
) -> Result<Arc<dyn Store>, DirectoryError> {
    use ai_audit_store_postgres::{OpenMode, PostgresStore};
    let wanted = &settings.store;
    let mut options = postgres_options(address, settings)?;
    options.sole_writer = matches!(mode, Mode::Create | Mode::Write);
    options.shared_writer = mode == Mode::Shared;
    options.advertise = wanted.advertise.clone().filter(|_| mode == Mode::Write);
    if let Some(eraser) = &wanted.eraser {
        if !eraser.is_postgres() {
            return Err(wrong(
                "store-eraser: expected postgres://user@host/database".into(),
            ));
        }
        options.eraser_password = eraser.password(settings)?;
        options.eraser = Some(eraser.as_str().into());
    }
    let mode = match mode {
        Mode::Read => OpenMode::ReadOnly,
        Mode::Create | Mode::Write | Mode::Shared | Mode::Beside => OpenMode::ReadWrite,
    };
    let given = options.password.is_some();
    let store = PostgresStore::open(address.as_str(), mode, options)
        .map_err(|error| opening(asking(error, given)))?;
    Ok(Arc::new(store))
}

/// Says where a password is given, if it was for want of one.
#[cfg(any(feature = "postgres", feature = "redis"))]
fn asking(error: ai_audit_store::StoreError, given: bool) -> ai_audit_store::StoreError {
    use ai_audit_store::StoreError;
    match error {
        StoreError::Io { what } if !given && what.contains("password") => StoreError::Io {
            what: format!(
                "{what}: in the variable AI_AUDIT_STORE_PASSWORD, or in a file that the setting store-password-file names"
            ),
        },
        other => other,
    }
}

/// What every connection of a directory to its PostgreSQL has in common.
#[cfg(feature = "postgres")]
fn postgres_options(
    address: &StoreAddress,
    settings: &Settings,
) -> Result<ai_audit_store_postgres::Options, DirectoryError> {
    let wanted = &settings.store;
    let mut options = ai_audit_store_postgres::Options {
        password: address.password(settings)?,
        authorities: wanted.authorities.as_deref().map(text_of).transpose()?,
        ..ai_audit_store_postgres::Options::default()
    };
    if let Some(name) = &wanted.name {
        options.schema.clone_from(name);
    }
    Ok(options)
}

#[cfg(not(feature = "postgres"))]
fn postgres(
    address: &StoreAddress,
    _: &Settings,
    _: Mode,
) -> Result<Arc<dyn Store>, DirectoryError> {
    Err(not_built_in(address, "PostgreSQL", "postgres"))
}

#[cfg(feature = "redis")]
fn redis(
    address: &StoreAddress,
    settings: &Settings,
    mode: Mode,
    layout: &Layout,
) -> Result<Arc<dyn Store>, DirectoryError> {
    use ai_audit_store_redis::{OpenMode, RedisOptions, RedisStore};
    let wanted = &settings.store;
    let mut options = RedisOptions {
        password: address.password(settings)?,
        allow_loss: wanted.allow_loss,
        ..RedisOptions::default()
    };
    if let Some(name) = &wanted.name {
        options.name.clone_from(name);
    }
    let mode = match mode {
        // An empty server is a new store only for a directory that has no log yet: a replica that never heard
        // of the writes looks the same.
        Mode::Create if key_lines(layout)?.is_empty() => OpenMode::Create,
        Mode::Create | Mode::Write | Mode::Shared | Mode::Beside => OpenMode::ReadWrite,
        Mode::Read => OpenMode::ReadOnly,
    };
    let store = RedisStore::open(address.as_str(), mode, &options)
        .map_err(|error| opening(asking(error, options.password.is_some())))?;
    Ok(Arc::new(store))
}

#[cfg(not(feature = "redis"))]
fn redis(
    address: &StoreAddress,
    _: &Settings,
    _: Mode,
    _: &Layout,
) -> Result<Arc<dyn Store>, DirectoryError> {
    Err(not_built_in(address, "Redis", "redis"))
}

#[cfg(not(all(feature = "postgres", feature = "redis")))]
fn not_built_in(address: &StoreAddress, what: &str, feature: &str) -> DirectoryError {
    wrong(format!(
        "{address}: this program was built without {what}; build it with `--features {feature}`"
    ))
}

/// The policy entry by which a genesis declares that its store may lose what it acknowledged.
#[cfg(feature = "redis")]
pub(crate) const LOSS: Option<(&str, &str)> = Some(ai_audit_store_redis::LOSS);
/// No such store can be opened.
#[cfg(not(feature = "redis"))]
pub(crate) const LOSS: Option<(&str, &str)> = None;

/// A file with certificates.
#[cfg(any(feature = "postgres", feature = "s3"))]
pub(crate) fn text_of(path: &std::path::Path) -> Result<String, DirectoryError> {
    /// Longest file of authorities, in bytes.
    const MAX: usize = 1 << 20;
    let bytes = crate::durable::read(path, MAX)?
        .ok_or_else(|| io_at(path)(std::io::ErrorKind::NotFound.into()))?;
    String::from_utf8(bytes)
        .map_err(|_| wrong(format!("{}: expected certificates in PEM", path.display())))
}

/// The logs of which a key line is in a directory: they were made, since it is written afterwards.
pub(crate) fn key_lines(layout: &Layout) -> Result<Vec<LogName>, DirectoryError> {
    logs_with(layout, |paths| paths.key_line.exists())
}

/// The logs of whose files in a directory this holds, whether they are in its store or not.
pub(crate) fn logs_with(
    layout: &Layout,
    holds: impl Fn(&LogPaths) -> bool,
) -> Result<Vec<LogName>, DirectoryError> {
    let mut found = Vec::new();
    if holds(&layout.log(&LogName::default())) {
        found.push(LogName::default());
    }
    let entries = match fs::read_dir(layout.root()) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(found),
        Err(error) => return Err(io_at(layout.root())(error)),
    };
    for entry in entries {
        let name = entry.map_err(io_at(layout.root()))?.file_name();
        let Some(log) = name.to_str().and_then(|name| LogName::new(name).ok()) else {
            continue;
        };
        if log != LogName::default() && holds(&layout.log(&log)) {
            found.push(log);
        }
    }
    Ok(found)
}

fn wrong(what: String) -> DirectoryError {
    DirectoryError::Settings {
        origin: "store".into(),
        what,
    }
}
