//! Which of the keys that are at hand for a log are the log's: those that its own receipts name. What a run that
//! failed left beside them is passed over.

use crate::{
    DirectoryError, FileReceiptKeys, InitOptions, LogDirectory, LogPaths, ServiceKey, read_key,
};
use ai_audit_core::{DecodeBody as _, Genesis, UnverifiedReceipt, VerifyingKey};
use ai_audit_store::{LogName, ReceiptKeys as _, StoreError};
use std::path::{Path, PathBuf};

/// The public keys that a stored genesis names.
pub(crate) struct GenesisKeys {
    pub(crate) receipt: VerifyingKey,
    pub(crate) checkpoint: VerifyingKey,
    pub(crate) recovery: VerifyingKey,
}

impl LogDirectory {
    pub(crate) fn genesis_keys(&self, log: &LogName) -> Result<GenesisKeys, DirectoryError> {
        let sealed = self.receipt(log, 0)?;
        let genesis =
            UnverifiedReceipt::parse(&sealed).and_then(|receipt| Genesis::decode(&receipt));
        let genesis = genesis.map_err(|error| StoreError::Corrupt {
            what: format!("genesis of log {log}: {error}"),
        })?;
        Ok(GenesisKeys {
            receipt: genesis.receipt_key,
            checkpoint: genesis.checkpoint_key,
            recovery: genesis.recovery_key,
        })
    }

    /// The receipt key with which the log's next receipt is signed, as its receipts say.
    pub(crate) fn valid_receipt_key(&self, log: &LogName) -> Result<VerifyingKey, DirectoryError> {
        match self.key_history(log)?.keys.last() {
            Some(entry) => Ok(entry.key),
            None => Ok(self.genesis_keys(log)?.receipt),
        }
    }

    /// The service that has a log's valid receipt key; none where it is in files. A log that is not there has no
    /// say yet.
    pub(crate) fn receipt_service(
        &self,
        log: &LogName,
    ) -> Result<Option<ServiceKey>, DirectoryError> {
        let paths = self.layout().log(log);
        let service = ServiceKey::read(&paths.receipt_signer);
        // Walking the history takes time in a long log, and is for those that have both.
        if matches!(service, Ok(None)) || receipt_files(&paths).is_empty() {
            return service;
        }
        let valid = self.valid_receipt_key(log)?;
        let in_files =
            || FileReceiptKeys::open(&paths, false).is_ok_and(|keys| keys.held(&valid).is_some());
        decided(service, &valid, in_files)
    }

    /// The same of the checkpoint key, which never changes.
    pub(crate) fn checkpoint_service(
        &self,
        log: &LogName,
    ) -> Result<Option<ServiceKey>, DirectoryError> {
        let paths = self.layout().log(log);
        let service = ServiceKey::read(&paths.checkpoint_signer);
        if matches!(service, Ok(None)) || !paths.checkpoint_key.exists() {
            return service;
        }
        let valid = self.genesis_keys(log)?.checkpoint;
        let in_file = || public(&paths.checkpoint_key) == Some(valid);
        decided(service, &valid, in_file)
    }

    /// What is passed over among a log's keys, since a service has the ones that count: what to say of each.
    pub(crate) fn passed_over(&self, log: &LogName) -> Result<Vec<String>, DirectoryError> {
        let paths = self.layout().log(log);
        let mut said = Vec::new();
        let mut say = |file: &Path, service: &ServiceKey| {
            said.push(format!(
                "{}: passed over, since the valid key of log {log} is the one in {}; an `ai-audit init` or `key revoke` \
                 that failed left it. Move it away, or let `key revoke` finish",
                file.display(),
                service.address
            ));
        };
        let files = receipt_files(&paths);
        if !files.is_empty()
            && let Some(service) = self.receipt_service(log)?
        {
            files.into_iter().for_each(|file| say(file, &service));
        }
        if paths.checkpoint_key.exists()
            && let Some(service) = self.checkpoint_service(log)?
        {
            say(&paths.checkpoint_key, &service);
        }
        Ok(said)
    }

    /// In what way the keys in the directory are not those of a log that is stored; none where they are.
    pub(crate) fn keys_of_another(&self, log: &LogName) -> Result<Option<String>, DirectoryError> {
        let (paths, genesis) = (self.layout().log(log), self.genesis_keys(log)?);
        let service = |file: &Path| ServiceKey::read(file).ok().flatten().map(|found| found.key);
        let receipt = [
            public(&paths.receipt_key),
            public(&paths.next_receipt_key),
            service(&paths.receipt_signer),
        ];
        let checkpoint = [
            public(&paths.checkpoint_key),
            service(&paths.checkpoint_signer),
        ];
        if let Some(what) = differ("checkpoint", &genesis.checkpoint, &checkpoint) {
            return Ok(Some(what));
        }
        if differ("receipt", &genesis.receipt, &receipt).is_none() {
            return Ok(None);
        }
        // It may have been handed over since.
        Ok(differ("receipt", &self.valid_receipt_key(log)?, &receipt))
    }

    /// In what way a run was told of other keys than those of a log that is stored.
    pub(crate) fn told_of_others(
        &self,
        log: &LogName,
        options: &InitOptions,
    ) -> Result<Option<String>, DirectoryError> {
        let genesis = self.genesis_keys(log)?;
        let of_file = |file: &Option<PathBuf>| match file {
            Some(file) => read_key(file, false).map(|key| Some(key.verifying_key())),
            None => Ok(None),
        };
        let of_service = |service: &Option<ServiceKey>| service.as_ref().map(|found| found.key);
        let told = [
            ("receipt", genesis.receipt, of_file(&options.receipt_key)?),
            (
                "receipt",
                genesis.receipt,
                of_service(&options.receipt_signer),
            ),
            (
                "checkpoint",
                genesis.checkpoint,
                of_file(&options.checkpoint_key)?,
            ),
            (
                "checkpoint",
                genesis.checkpoint,
                of_service(&options.checkpoint_signer),
            ),
            ("recovery", genesis.recovery, options.recovery_key),
        ];
        Ok(told.into_iter().find_map(|(purpose, expected, told)| {
            told.and_then(|told| differ(purpose, &expected, &[Some(told)]))
        }))
    }
}

/// The files that may have a receipt key, of those that are there.
fn receipt_files(paths: &LogPaths) -> Vec<&Path> {
    [&paths.receipt_key, &paths.next_receipt_key]
        .into_iter()
        .map(PathBuf::as_path)
        .filter(|file| file.exists())
        .collect()
}

/// The service, where it has the valid key. One that cannot be read is no matter where a file has the key.
fn decided(
    service: Result<Option<ServiceKey>, DirectoryError>,
    valid: &VerifyingKey,
    in_files: impl FnOnce() -> bool,
) -> Result<Option<ServiceKey>, DirectoryError> {
    match service {
        Ok(found) => Ok(found.filter(|found| found.key == *valid)),
        Err(_) if in_files() => Ok(None),
        Err(error) => Err(error),
    }
}

/// The public key of a file; none where it has none.
pub(crate) fn public(file: &Path) -> Option<VerifyingKey> {
    read_key(file, false).ok().map(|key| key.verifying_key())
}

fn differ(
    purpose: &str,
    expected: &VerifyingKey,
    found: &[Option<VerifyingKey>],
) -> Option<String> {
    if found.contains(&Some(*expected)) {
        return None;
    }
    let found: Vec<String> = found.iter().flatten().map(ToString::to_string).collect();
    let found = match found.as_slice() {
        [] => "none".into(),
        found => found.join(", "),
    };
    Some(format!(
        "its {purpose} key is {expected}, and the one at hand is {found}"
    ))
}
