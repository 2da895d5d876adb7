//! Where the old receipts of a directory go: a folder, or a bucket, that its settings name.

mod address;
mod keep;
#[cfg(feature = "s3")]
mod keys;
mod lazy;
mod mark;

pub use address::BucketAddress;
pub(crate) use lazy::Lazy;
pub(crate) use mark::hold;

use crate::error::io_at;
use crate::store::Mode;
use crate::{DirectoryError, Layout, Settings, durable};
use ai_audit_store::{Store as _, StoreError, TierPolicy};
use ai_audit_store_object::{ObjectOptions, ObjectStore, OpenMode, Place};
use std::path::PathBuf;
use std::time::Duration;

/// What the settings say of a second store, which takes what is old (`docs/spec/tiers.md`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColdSettings {
    /// A folder, such as one of another disk.
    pub folder: Option<PathBuf>,
    /// A bucket, in place of a folder.
    pub bucket: Option<BucketAddress>,
    /// The bucket's region.
    pub region: Option<String>,
    /// Address of a server of S3 that is not Amazon's, such as `https://s3.example.org`. Without TLS only on the loopback.
    pub endpoint: Option<String>,
    /// File with the certificates, in PEM, that TLS to it trusts; those of the system where there is none.
    pub authorities: Option<PathBuf>,
    /// A lifecycle rule of the bucket ends versions that were deleted.
    pub versions_expire: bool,
    /// Days after its seal for which an epoch stays where it was written.
    pub days: u64,
    /// So many of the last sealed epochs stay there in any case.
    pub keep: u64,
    /// File with an access key, which only the environment names. Without one the machine's role is asked for.
    pub credentials: Option<PathBuf>,
}

impl Default for ColdSettings {
    /// No such store; a week, and the last epoch.
    fn default() -> Self {
        Self {
            folder: None,
            bucket: None,
            region: None,
            endpoint: None,
            authorities: None,
            versions_expire: false,
            days: 7,
            keep: 1,
            credentials: None,
        }
    }
}

impl ColdSettings {
    /// Whether they name a store.
    #[must_use]
    pub const fn is_named(&self) -> bool {
        self.folder.is_some() || self.bucket.is_some()
    }

    /// Which epochs move.
    #[must_use]
    pub fn policy(&self) -> TierPolicy {
        TierPolicy {
            age: Duration::from_secs(self.days.saturating_mul(86_400)),
            keep: usize::try_from(self.keep).unwrap_or(usize::MAX),
        }
    }
}

/// The store that takes what is old, not connected yet; none where the settings name none. No key is read.
pub(crate) fn open(settings: &Settings, mode: Mode) -> Result<Option<Lazy>, DirectoryError> {
    let mode = match mode {
        Mode::Create | Mode::Write => OpenMode::ReadWrite,
        Mode::Shared | Mode::Beside | Mode::Read => OpenMode::ReadOnly,
    };
    check(&settings.cold)?;
    Ok(settings
        .cold
        .is_named()
        .then(|| Lazy::new(settings.cold.clone(), settings.production, mode)))
}

/// What is looked at where a cold store is made.
pub(crate) struct Looks<M, I> {
    /// Whether what receipts were moved to is lost for good, so that an empty one may take its place.
    pub(crate) is_lost: bool,
    /// Where there is none yet: whether one may be made.
    pub(crate) may_make: M,
    /// Whether the one that is there may be this directory's. Where it is refused, the settings file stays as it is.
    pub(crate) may_be: I,
}

/// Makes it where there is none, and puts it into the directory's settings file; gives its place.
pub(crate) fn make(
    layout: &Layout,
    settings: &Settings,
    looks: Looks<
        impl FnOnce() -> Result<(), DirectoryError>,
        impl FnOnce() -> Result<(), DirectoryError>,
    >,
) -> Result<String, DirectoryError> {
    let place = place(&settings.cold, settings.production)?;
    // What the file says otherwise is refused before anybody is asked.
    let file = layout.settings();
    let kept = keep::plan(&file, &settings.cold)?;
    // An empty one in the place of one that is missing would let an erasure pass it by.
    let mode = match layout.cold_mark().exists() && !looks.is_lost {
        true => OpenMode::ReadWrite,
        false => OpenMode::Create,
    };
    let there = ObjectStore::open(&place, OpenMode::ReadOnly, &options(&settings.cold));
    match (mode, there) {
        (OpenMode::Create, Err(StoreError::NotAStore { .. })) => (looks.may_make)()?,
        // One that did not answer may be none, and is made without a look then.
        (OpenMode::Create, Err(error)) => return Err(crate::error::opening(error)),
        _ => {}
    }
    let store =
        ObjectStore::open(&place, mode, &options(&settings.cold)).map_err(|error| match error {
            StoreError::NotAStore { what } if mode == OpenMode::ReadWrite => wrong(format!(
                "{what}; receipts were moved there, as {} says, so none is made: bring it back. Where it is lost for good, \
                 `epoch move --new --lost` makes an empty one, and `epoch restore` puts back what archives have",
                layout.cold_mark().display()
            )),
            error => crate::error::opening(error),
        })?;
    store.health().map_err(crate::error::opening)?;
    (looks.may_be)()?;
    if let Some(text) = kept {
        durable::write(&file, text.as_bytes())?;
    }
    Ok(store.place().into())
}

/// Notes in the directory to which store receipts are moved. Whether none were before.
pub(crate) fn mark(layout: &Layout, settings: &Settings) -> Result<bool, DirectoryError> {
    let place = shown(&settings.cold)?.ok_or_else(none)?;
    mark::put(&layout.cold_mark(), &place)
}

/// The place that settings name, as it is seen from anywhere.
fn shown(cold: &ColdSettings) -> Result<Option<String>, DirectoryError> {
    let server = cold.endpoint.as_deref().map(without_end);
    Ok(match (&cold.folder, &cold.bucket) {
        (Some(folder), _) => {
            let folder = std::path::absolute(folder).map_err(io_at(folder))?;
            Some(format!("folder {}", folder.display()))
        }
        (None, Some(bucket)) => Some(match server {
            Some(server) => format!("{bucket} at {server}"),
            None => bucket.to_string(),
        }),
        (None, None) => None,
    })
}

/// An address of a server, written with a `/` behind it or without.
fn without_end(address: &str) -> &str {
    address.strip_suffix('/').unwrap_or(address)
}

pub(crate) fn none() -> DirectoryError {
    wrong("nothing takes what is old: set cold-folder or cold-bucket".into())
}

fn options(cold: &ColdSettings) -> ObjectOptions {
    ObjectOptions {
        versions_expire: cold.versions_expire,
        ..ObjectOptions::default()
    }
}

/// Refuses settings that make no sense, whatever the key is. No file is read, and nobody asked.
fn check(cold: &ColdSettings) -> Result<(), DirectoryError> {
    match (&cold.folder, &cold.bucket) {
        (Some(_), Some(_)) => Err(wrong(
            "both cold-folder and cold-bucket are set: what is old is in one place".into(),
        )),
        (Some(_), None) if cold.endpoint.is_some() || cold.region.is_some() => Err(wrong(
            "cold-endpoint and cold-region are for cold-bucket".into(),
        )),
        #[cfg(not(feature = "s3"))]
        (None, Some(bucket)) => Err(wrong(format!(
            "{bucket}: this program was built without buckets; build it with `--features s3`"
        ))),
        _ => Ok(()),
    }
}

/// Where it is, with the key as it is in its file now.
fn place(cold: &ColdSettings, production: bool) -> Result<Place, DirectoryError> {
    check(cold)?;
    match (&cold.folder, &cold.bucket) {
        (Some(folder), _) => Ok(Place::Folder(folder.clone())),
        (None, Some(bucket)) => bucket_of(bucket, cold, production),
        (None, None) => Err(none()),
    }
}

#[cfg(feature = "s3")]
fn bucket_of(
    address: &BucketAddress,
    cold: &ColdSettings,
    production: bool,
) -> Result<Place, DirectoryError> {
    use ai_audit_store_object::S3Bucket;
    let mut bucket = S3Bucket::new(
        address.bucket(),
        cold.region.as_deref().unwrap_or("us-east-1"),
    );
    bucket.prefix = address.prefix().into();
    bucket.endpoint.clone_from(&cold.endpoint);
    let server = cold.endpoint.as_deref().map(without_end);
    match (&cold.credentials, server) {
        (Some(file), server) => bucket.keys = Some(keys::read(file, production, server)?),
        // The settings may be a stranger's, and name his own server.
        (None, Some(server)) => {
            return Err(wrong(format!(
                "{server} is not Amazon's, and the machine's role goes to nobody else; nothing was sent. Expected the variable \
                 AI_AUDIT_COLD_CREDENTIALS to name a file with an access key for it"
            )));
        }
        (None, None) => {}
    }
    bucket.authorities = cold
        .authorities
        .as_deref()
        .map(crate::store::text_of)
        .transpose()?;
    Ok(Place::S3(bucket))
}

/// Never asked for: such settings are refused before.
#[cfg(not(feature = "s3"))]
fn bucket_of(_: &BucketAddress, _: &ColdSettings, _: bool) -> Result<Place, DirectoryError> {
    Err(none())
}

fn wrong(what: String) -> DirectoryError {
    DirectoryError::Settings {
        origin: "cold store".into(),
        what,
    }
}
