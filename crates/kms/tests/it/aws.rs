//! AWS: moto of PyPI where it can stand in, an endpoint of ours for the signature that it has not.

mod moto;
mod sign;
mod signature;

use ai_audit_core::Timestamp;
use ai_audit_kms::Clock;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
pub(crate) const SESSION: &str = "SESSION0token1SESSION2token3";

/// A clock that stands.
pub(crate) fn stands(micros: u64) -> Clock {
    Arc::new(move || Timestamp::from_micros(micros))
}

/// The system's clock.
pub(crate) fn runs() -> Clock {
    Arc::new(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Timestamp::from_micros(since.as_micros().try_into().unwrap())
    })
}
