//! The trust policy that a command's flags make, as of a time or by the clock of the machine.

use crate::cli::{Times, Trust};
use crate::commands::anchor::token;
use crate::failure::usage;
use crate::open::{read, read_at_most};
use ai_audit_core::Timestamp;
use ai_audit_note::MAX_POLICY_LEN;
use ai_audit_store::{Clock as _, SystemClock};
use ai_audit_timestamp::TrustedCertificates;
use ai_audit_verify::{DetachedRevocation, Pin, TrustPolicy};
use std::path::Path;

impl Trust {
    /// The policy as of now, with every file that the flags name read.
    ///
    /// # Errors
    ///
    /// When one of them cannot be read or is not what its flag asks for.
    pub(crate) fn policy(&self) -> anyhow::Result<TrustPolicy> {
        self.policy_at(SystemClock.now())
    }

    /// The same as of another time, which ages of cosignatures are counted to.
    ///
    /// # Errors
    ///
    /// As [`Trust::policy`].
    pub(crate) fn policy_at(&self, time: Timestamp) -> anyhow::Result<TrustPolicy> {
        let mut policy = match &self.policy {
            None => TrustPolicy::new(),
            Some(path) => TrustPolicy::parse_file(&read_at_most(path, MAX_POLICY_LEN)?)
                .map_err(|error| usage(format!("{}: {error}", path.display())))?,
        }
        .now(time);
        for key in &self.key {
            policy = policy.pin(pin("--key ", key)?);
        }
        for path in &self.checkpoint {
            policy = policy
                .checkpoint(&read(path)?)
                .map_err(|error| usage(format!("{}: {error}", path.display())))?;
        }
        for path in &self.revocation {
            let revocation = DetachedRevocation::parse(&read(path)?)
                .map_err(|error| usage(format!("{}: {error}", path.display())))?;
            policy = policy.revocation(revocation);
        }
        if let Some(size) = self.size {
            policy = policy.min_size(size);
        }
        with_times(policy, &self.times)
    }
}

/// Adds timestamps and the certificates of their authorities to a policy.
fn with_times(mut policy: TrustPolicy, args: &Times) -> anyhow::Result<TrustPolicy> {
    for path in &args.timestamp {
        policy = policy.timestamp(token(path)?);
    }
    for path in &args.timestamp_authority {
        let mut certificates = TrustedCertificates::new();
        certificates
            .add_file(&read(path)?)
            .map_err(|error| usage(format!("{}: {error}", path.display())))?;
        for certificate in certificates.iter() {
            policy = policy.timestamp_authority(certificate.to_vec());
        }
    }
    Ok(policy)
}

/// A key line, a bare key, or a file that holds one. `flag` is what it was given to.
pub(crate) fn pin(flag: &str, text: &str) -> anyhow::Result<Pin> {
    let path = Path::new(text);
    if path.is_file() {
        let bytes = read(path)?;
        let line = String::from_utf8_lossy(&bytes);
        return Pin::parse(&line).map_err(|error| usage(format!("{text}: {error}")));
    }
    Pin::parse(text).map_err(|error| {
        usage(format!(
            "{flag}{text}: there is no such file, and as a key: {error}"
        ))
    })
}
