//! What the Python library `ai-audit-trail` wrote: its signed bytes rebuilt, its proofs verified, its
//! records as bodies of a log of ours. Specified in `docs/spec/python-library.md`.
#![cfg_attr(not(test), no_std)]

extern crate alloc;

mod item;
mod json;
mod keys;
mod number;
mod record;
mod time;

pub use item::{Item, ItemError, ItemTooLong, check_item};
pub use json::{Json, JsonError, JsonErrorKind, JsonValue};
pub use keys::Keys;
pub use record::{BatchSeal, EpochSeal, Examined, Problem, Record, RecordError, RecordKind};
