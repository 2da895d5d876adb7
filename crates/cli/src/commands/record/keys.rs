//! Ids and digest keys for what is recorded.

use super::admission::Admission;
use ai_audit_core::{DigestSecret, DisclosureKey, ReceiptId};
use ai_audit_directory::{OsRandom, Writer};
use ai_audit_ingest::Keys;
use ai_audit_store::{Clock as _, LogName, Random as _, SystemClock};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// For checking: ids and digests that nobody will see.
pub(super) struct NoKeys;

impl Keys for NoKeys {
    fn new_id(&mut self) -> ReceiptId {
        ReceiptId::from_bytes([0; 16])
    }

    fn exact_key(&self, _: Option<&str>, _: &ReceiptId, _: &str) -> Option<DisclosureKey> {
        None
    }

    fn canonical_key(&self, _: Option<&str>) -> Option<DisclosureKey> {
        None
    }
}

/// Ids, and the digest secrets of the logs, which are opened where they are not there.
pub(super) struct LogKeys<'w> {
    writer: &'w Writer,
    admission: Admission<'w>,
    found: RefCell<Found>,
}

/// What was met on the way. Errors are kept until the group at hand is looked at.
#[derive(Default)]
struct Found {
    secrets: BTreeMap<LogName, Option<DigestSecret>>,
    created: Vec<String>,
    failed: Option<anyhow::Error>,
}

impl<'w> LogKeys<'w> {
    pub(super) fn new(writer: &'w Writer, admission: Admission<'w>) -> Self {
        Self {
            writer,
            admission,
            found: RefCell::default(),
        }
    }

    /// Makes sure that the log of a group that was admitted is there, and tells what went wrong
    /// while the group was read.
    pub(super) fn ready(&self, log: &LogName) -> anyhow::Result<()> {
        let found = &mut *self.found.borrow_mut();
        match found.failed.take() {
            Some(error) => Err(error),
            None => self.load(log, found),
        }
    }

    /// The logs that were opened since the last time.
    pub(super) fn take_created(&self) -> Vec<String> {
        std::mem::take(&mut self.found.borrow_mut().created)
    }

    /// A key made from the secret of a tenant's log.
    fn key(
        &self,
        tenant: Option<&str>,
        make: impl FnOnce(&DigestSecret) -> DisclosureKey,
    ) -> Option<DisclosureKey> {
        // A group that is not admitted is not recorded: its digests are of no use.
        let log = self.admission.log(tenant).ok()?;
        let found = &mut *self.found.borrow_mut();
        if !found.secrets.contains_key(&log) {
            let there = self.writer.directory().store().head(&log);
            if matches!(there, Ok(None)) && self.admission.may_open(&log).is_err() {
                return None;
            }
            if let Err(error) = self.load(&log, found) {
                found.failed = Some(error);
            }
        }
        found.secrets.get(&log).and_then(Option::as_ref).map(make)
    }

    /// Gets to know a log, which is opened if it is not there.
    fn load(&self, log: &LogName, found: &mut Found) -> anyhow::Result<()> {
        if found.secrets.contains_key(log) {
            return Ok(());
        }
        let directory = self.writer.directory();
        if directory.store().head(log)?.is_none() {
            self.writer.create_tenant_log(log.clone())?;
            found.created.push(log.to_string());
        }
        let secret = match self.admission.keyed() {
            true => Some(directory.digest_secret(log)?),
            false => None,
        };
        found.secrets.insert(log.clone(), secret);
        Ok(())
    }
}

impl Keys for LogKeys<'_> {
    fn new_id(&mut self) -> ReceiptId {
        let mut random = [0; 10];
        if let Err(error) = OsRandom.fill(&mut random) {
            self.found.borrow_mut().failed = Some(anyhow::anyhow!("{error}"));
        }
        ReceiptId::from_parts(SystemClock.now(), random)
    }

    fn exact_key(
        &self,
        tenant: Option<&str>,
        id: &ReceiptId,
        field: &str,
    ) -> Option<DisclosureKey> {
        self.key(tenant, |secret| secret.exact_key(id, field))
    }

    fn canonical_key(&self, tenant: Option<&str>) -> Option<DisclosureKey> {
        self.key(tenant, DigestSecret::canonical_key)
    }
}
