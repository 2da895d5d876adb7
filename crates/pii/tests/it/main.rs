//! Redaction through the public interface.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
