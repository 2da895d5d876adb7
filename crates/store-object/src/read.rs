//! Ranges of receipts.

use crate::codec::corrupt;
use crate::store::ObjectStore;
use crate::tree::Go;
use ai_audit_store::{LogName, ReadLimit, StoreError, StoredContent, StoredReceipt};

impl ObjectStore {
    pub(crate) fn read_receipts(
        &self,
        log: &LogName,
        from: u64,
        limit: ReadLimit,
    ) -> Result<Vec<StoredReceipt>, StoreError> {
        self.reading(|root| {
            let (mut out, mut bytes) = (Vec::new(), 0_usize);
            let Some(state) = root.logs.get(log).filter(|_| limit.receipts > 0) else {
                return Ok(out);
            };
            self.walk(log, state, from, &|_| true, None, &mut |entry| {
                let segment = self.segment(log, entry)?;
                let first = usize::try_from(from.saturating_sub(entry.from)).unwrap_or(usize::MAX);
                let receipts = (entry.from..).zip(&segment.sealed).enumerate().skip(first);
                for (place, (seq, sealed)) in receipts {
                    bytes = bytes.saturating_add(sealed.len());
                    if bytes > limit.bytes && !out.is_empty() {
                        return Ok(Go::Stop);
                    }
                    let content = match sealed.is_empty() {
                        false => StoredContent::Sealed(sealed.clone()),
                        true => StoredContent::Deleted(segment.leaf(place).ok_or_else(|| {
                            corrupt(format!("log {log}: receipt {seq} has no hash"))
                        })?),
                    };
                    out.push(StoredReceipt { seq, content });
                    if out.len() >= limit.receipts {
                        return Ok(Go::Stop);
                    }
                }
                Ok(Go::On)
            })?;
            Ok(out)
        })
    }
}
