//! Whether a server holds the conditions that everything stands on: tried when a store is opened for writing.

use crate::objects::{Objects, Tag};
use ai_audit_store::StoreError;

/// The object that it is tried on. It stays.
const PROBE: &str = "probe";
const CONTENT: &[u8] = b"ai-audit object probe 1\n";
/// How often others may write to it between two looks.
const TRIES: usize = 16;

/// Refuses a place that writes what it should not, or does not write what it should.
pub(crate) fn holds_conditions(objects: &dyn Objects) -> Result<(), StoreError> {
    let refused = |what: &str| StoreError::NotAStore {
        what: format!(
            "{} cannot keep a log: {what}. Two writers would overwrite each other there; expected a service with \
             conditional writes",
            objects.place()
        ),
    };
    objects.swap(PROBE, None, CONTENT.to_vec())?;
    // It is there now, whoever wrote it.
    if objects.swap(PROBE, None, CONTENT.to_vec())?.is_some() {
        return Err(refused(
            "it was told to write an object only where there is none (If-None-Match: *), and wrote over one",
        ));
    }
    for _ in 0..TRIES {
        let Some((_, tag)) = objects.get(PROBE)? else {
            return Err(refused("an object that was just written is not there"));
        };
        if tag == Tag::default() {
            return Err(refused("its objects have no tag (ETag)"));
        }
        let other = other(&tag);
        if objects
            .swap(PROBE, Some(&other), CONTENT.to_vec())?
            .is_some()
        {
            return Err(refused(
                "it was told to replace an object only if it is another one (If-Match), and replaced it",
            ));
        }
        // Somebody else may be opening the same store.
        if objects.swap(PROBE, Some(&tag), CONTENT.to_vec())?.is_some() {
            return Ok(());
        }
    }
    Err(refused(
        "it does not replace an object that is the one that it was told (If-Match)",
    ))
}

/// A tag of the same form that the object does not have.
fn other(tag: &Tag) -> Tag {
    let turned = |text: &str| {
        text.chars()
            .map(|c| match c {
                '0' => '1',
                c if c.is_ascii_hexdigit() => '0',
                c => c,
            })
            .collect()
    };
    Tag {
        e_tag: tag.e_tag.as_deref().map(turned),
        version: tag.version.as_deref().map(turned),
    }
}
