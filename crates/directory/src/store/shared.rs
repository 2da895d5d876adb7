//! Directories whose logs several instances share: what they must be, and the leases of their logs.

use super::{StoreAddress, wrong};
use crate::{DirectoryError, Settings};
use ai_audit_store::Leases;
use core::time::Duration;
use std::sync::Arc;

/// Refuses a directory whose receipts several writers cannot share.
pub(super) fn hold(settings: &Settings) -> Result<(), DirectoryError> {
    address(settings)?;
    if settings.cold.is_named() {
        return Err(wrong(
            "instances that share the logs have no second store for what is old, since what is moved there is noted in \
             one directory: expected neither cold-folder nor cold-bucket"
                .into(),
        ));
    }
    Ok(())
}

fn address(settings: &Settings) -> Result<&StoreAddress, DirectoryError> {
    let address = settings.store.address.as_ref();
    address
        .filter(|address| address.is_postgres())
        .ok_or_else(|| {
            wrong("instances share logs in a PostgreSQL alone: expected the address of one".into())
        })
}

/// The leases of a directory's logs, by a connection of their own (`docs/spec/leases.md`). `timeout` is the longest wait
/// for an answer: below a third of the leases' length.
///
/// # Errors
///
/// [`DirectoryError::Settings`] where the settings name no PostgreSQL; when it does not answer, or its password cannot be
/// read.
pub fn open_leases(
    settings: &Settings,
    timeout: Duration,
) -> Result<Arc<dyn Leases>, DirectoryError> {
    open(address(settings)?, settings, timeout)
}

#[cfg(feature = "postgres")]
fn open(
    address: &StoreAddress,
    settings: &Settings,
    timeout: Duration,
) -> Result<Arc<dyn Leases>, DirectoryError> {
    use ai_audit_store_postgres::PostgresLeases;
    let mut options = super::postgres_options(address, settings)?;
    options.timeout = timeout;
    let leases = PostgresLeases::open(address.as_str(), &options);
    Ok(Arc::new(leases.map_err(crate::error::opening)?))
}

#[cfg(not(feature = "postgres"))]
fn open(
    address: &StoreAddress,
    _: &Settings,
    _: Duration,
) -> Result<Arc<dyn Leases>, DirectoryError> {
    Err(super::not_built_in(address, "PostgreSQL", "postgres"))
}
