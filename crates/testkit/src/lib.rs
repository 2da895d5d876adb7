//! For the tests of this workspace: logs, the conformance suite of stores, a store that fails.
#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "tests fail by panicking"
)]

mod conformance;
mod faulty;
mod logs;
mod random;

pub use conformance::{conforms, keeps};
pub use faulty::{Fault, FaultyStore};
pub use logs::TestLog;
pub use random::{Counter, StillClock};
