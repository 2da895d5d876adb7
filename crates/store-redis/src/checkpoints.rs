//! Checkpoint notes: kept, joined with one of the same size, read.

use crate::read::get_field;
use crate::script::{Change, number};
use crate::store::RedisStore;
use ai_audit_merkle::TreeSize;
use ai_audit_store::{LogName, StoreError, StoredCheckpoint};
use redis::Cmd;
use std::collections::BTreeMap;

impl RedisStore {
    pub(crate) fn keep_checkpoint(
        &self,
        log: &LogName,
        size: TreeSize,
        note: &str,
    ) -> Result<(), StoreError> {
        let key = self.keys.of(log).checkpoints();
        self.until_made("keeping a checkpoint", || {
            let held = self.read_head(log)?.map_or(0, |head| head.size());
            if !(1..=held).contains(&size.as_u64()) {
                let log = log.clone();
                return Err(StoreError::Beyond { log, size, held });
            }
            let field = size.as_u64().to_string();
            let old: Option<String> = self.ask("reading a checkpoint", &get_field(&key, &field))?;
            let latest = self.latest_size(log)?;
            let joined = match &old {
                Some(old) => StoredCheckpoint {
                    size,
                    note: old.clone(),
                }
                .joined(log, note)?,
                None => note.to_owned(),
            };
            let mut change = Change::default();
            change.guard(&key, &field, old.unwrap_or_default().into_bytes());
            change.fields(&key, vec![field.clone().into_bytes(), joined.into_bytes()]);
            if latest.is_none_or(|latest| latest < size.as_u64()) {
                let expected = latest.map(number).unwrap_or_default();
                change.guard(&self.keys.latest, log.as_str(), expected);
                let pair = vec![log.as_str().into(), field.into_bytes()];
                change.fields(&self.keys.latest, pair);
            }
            Ok((change, ()))
        })
    }

    fn latest_size(&self, log: &LogName) -> Result<Option<u64>, StoreError> {
        let cmd = get_field(&self.keys.latest, log.as_str());
        self.ask("reading the latest checkpoint", &cmd)
    }

    pub(crate) fn read_checkpoints(
        &self,
        log: &LogName,
    ) -> Result<Vec<StoredCheckpoint>, StoreError> {
        let mut cmd = Cmd::new();
        cmd.arg("HGETALL").arg(self.keys.of(log).checkpoints());
        let found: BTreeMap<u64, String> = self.ask("reading checkpoints", &cmd)?;
        let kept = |(size, note)| StoredCheckpoint {
            size: TreeSize::new(size),
            note,
        };
        Ok(found.into_iter().map(kept).collect())
    }

    pub(crate) fn read_latest(
        &self,
        log: &LogName,
    ) -> Result<Option<StoredCheckpoint>, StoreError> {
        let Some(size) = self.latest_size(log)? else {
            return Ok(None);
        };
        let cmd = get_field(&self.keys.of(log).checkpoints(), &size.to_string());
        let note: Option<String> = self.ask("reading the latest checkpoint", &cmd)?;
        match note {
            Some(note) => Ok(Some(StoredCheckpoint {
                size: TreeSize::new(size),
                note,
            })),
            None => Err(crate::error::corrupt(format!(
                "log {log}: its latest checkpoint, of {size} receipts, is missing"
            ))),
        }
    }
}
