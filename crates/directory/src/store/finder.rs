//! Where the writer of a directory on a PostgreSQL takes what reached another instance.

use crate::{DirectoryError, Settings};
use core::fmt;

/// Looks where the one writer takes requests, as its [`StoreSettings::advertise`](super::StoreSettings::advertise) said.
///
/// Whoever has the writer's password can say anything there: hold it against addresses that are known before
/// anything is sent.
pub struct WriterFinder {
    #[cfg(feature = "postgres")]
    inner: ai_audit_store_postgres::WriterFinder,
}

impl WriterFinder {
    /// For a directory with these settings. It connects when it looks first.
    ///
    /// # Errors
    ///
    /// [`DirectoryError::Settings`] where they name no PostgreSQL, and where its password cannot be read.
    pub fn new(settings: &Settings) -> Result<Self, DirectoryError> {
        match &settings.store.address {
            Some(address) if address.is_postgres() => Self::of(address, settings),
            _ => Err(super::wrong(
                "nothing says where the writer is reached: expected the address of a PostgreSQL"
                    .into(),
            )),
        }
    }

    #[cfg(feature = "postgres")]
    fn of(address: &super::StoreAddress, settings: &Settings) -> Result<Self, DirectoryError> {
        let mut options = super::postgres_options(address, settings)?;
        // Somebody waits for each look.
        options.timeout = core::time::Duration::from_secs(5);
        let inner = ai_audit_store_postgres::WriterFinder::new(address.as_str(), &options);
        Ok(Self {
            inner: inner.map_err(crate::error::opening)?,
        })
    }

    #[cfg(not(feature = "postgres"))]
    fn of(address: &super::StoreAddress, _: &Settings) -> Result<Self, DirectoryError> {
        Err(super::not_built_in(address, "PostgreSQL", "postgres"))
    }

    /// What the present writer said; none where there is no writer, or it said nothing.
    ///
    /// # Errors
    ///
    /// Where the server does not answer.
    pub fn find(&self) -> Result<Option<String>, DirectoryError> {
        #[cfg(feature = "postgres")]
        let found = self.inner.find()?;
        #[cfg(not(feature = "postgres"))]
        let found = None;
        Ok(found)
    }
}

impl fmt::Debug for WriterFinder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriterFinder").finish_non_exhaustive()
    }
}
