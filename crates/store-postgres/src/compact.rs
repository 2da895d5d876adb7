//! Room that deleted bytes left, given back.

use crate::link::{Link, Purpose, Target};
use crate::options::Options;
use ai_audit_store::StoreError;

/// Writes the tables with receipts and ciphertexts anew, without the rows that deletions left dead: until
/// then the files may still have their bytes. It needs as much room again while it lasts, appends wait for
/// it, and [`Options::timeout`] must allow for it. What the server's own journal and backups have of them
/// is theirs to forget.
///
/// # Errors
///
/// Where the server refuses: it must be the owner's address.
pub fn compact(owner: &str, options: &Options) -> Result<(), StoreError> {
    let mut link = Link::new(Target::new(owner, options)?, Purpose::Own);
    link.once("compacting the tables", |client| {
        // Each by itself: in a transaction they are refused.
        client.batch("VACUUM (FULL, ANALYZE) receipts")?;
        client.batch("VACUUM (FULL, ANALYZE) ciphertexts")?;
        Ok(())
    })
}
