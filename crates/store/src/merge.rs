//! Two notes of one checkpoint become one with the signatures of both.

use crate::StoreError;
use ai_audit_note::SignedNote;

/// What a store keeps of a checkpoint's note where it has one of the same size: for stores, which
/// do this within one transaction. Where the two are no notes of one text, it is `new`.
///
/// ```
/// use ai_audit_store::merge_notes;
/// let log = "origin\n7\nroot\n\n\u{2014} log AAAAAAE=\n";
/// let cosigned = format!("{log}\u{2014} witness AAAAAAI=\n");
/// assert_eq!(merge_notes(&cosigned, log)?, cosigned);
/// assert_eq!(merge_notes(log, &cosigned)?, cosigned);
/// assert_eq!(merge_notes(&cosigned, "something else")?, "something else");
/// # Ok::<(), ai_audit_store::StoreError>(())
/// ```
///
/// # Errors
///
/// [`StoreError::Full`] where there is no room for the signatures of both.
pub fn merge_notes(kept: &str, new: &str) -> Result<String, StoreError> {
    let parse = |text: &str| SignedNote::parse(text.as_bytes()).ok();
    let (Some(mut merged), Some(newer)) = (parse(kept), parse(new)) else {
        return Ok(new.to_owned());
    };
    if merged.text() != newer.text() {
        return Ok(new.to_owned());
    }
    merged.merge(&newer).map_err(|error| StoreError::Full {
        what: format!("checkpoint: {error}"),
    })?;
    Ok(merged.to_string())
}
