//! The trust policy that a command's flags make, as of a time or by the clock of the machine.

use crate::cli::{Times, Trust};
use crate::failure::usage;
use crate::open::{read, read_at_most};
use crate::output::shown_path;
use ai_audit_core::Timestamp;
use ai_audit_export::ManifestFile;
use ai_audit_note::MAX_POLICY_LEN;
use ai_audit_store::{Clock as _, SystemClock};
use ai_audit_timestamp::{TimestampToken, TrustedCertificates};
use ai_audit_verify::{DetachedRevocation, Pin, TrustPolicy};
use std::fmt::Display;
use std::num::NonZeroUsize;
use std::path::Path;
use std::thread::available_parallelism;

/// Threads where nobody says how many.
const MOST_THREADS: NonZeroUsize = NonZeroUsize::new(16).expect("16 is not 0");

impl Trust {
    /// The policy as of now, with every file that the flags name read.
    ///
    /// # Errors
    ///
    /// When one of them cannot be read or is not what its flag asks for.
    pub(crate) fn policy(&self) -> anyhow::Result<TrustPolicy> {
        Ok(self.policy_at(SystemClock.now())?.0)
    }

    /// The same as of another time, which ages of cosignatures are counted to, and the files that it
    /// came out of, but those of keys and checkpoints.
    ///
    /// # Errors
    ///
    /// As [`Trust::policy`].
    pub(crate) fn policy_at(
        &self,
        time: Timestamp,
    ) -> anyhow::Result<(TrustPolicy, Vec<TrustFile>)> {
        let mut files = Vec::new();
        let mut policy = match &self.policy {
            None => TrustPolicy::new(),
            Some(path) => {
                let bytes = read_at_most(path, MAX_POLICY_LEN)?;
                files.push(TrustFile::of("--policy", path, &bytes));
                TrustPolicy::parse_file(&bytes).map_err(wrong(path))?
            }
        }
        .now(time);
        for key in &self.key {
            policy = policy.pin(pin("--key ", key)?);
        }
        for path in &self.checkpoint {
            policy = policy.checkpoint(&read(path)?).map_err(wrong(path))?;
        }
        for path in &self.revocation {
            let bytes = read(path)?;
            files.push(TrustFile::of("--revocation", path, &bytes));
            policy = policy.revocation(DetachedRevocation::parse(&bytes).map_err(wrong(path))?);
        }
        // One thread where the system does not say how many there are; and each has its tables (1.3 MB and
        // more), so not as many as a large machine has unless they are asked for.
        let machine = || {
            available_parallelism()
                .ok()
                .map(|all| all.min(MOST_THREADS))
        };
        let threads = self.threads.or_else(machine);
        policy = policy.threads(threads.unwrap_or(NonZeroUsize::MIN));
        if let Some(size) = self.size {
            policy = policy.min_size(size);
        }
        let policy = with_times(policy, &self.times, &mut files)?;
        Ok((policy, files))
    }
}

/// A file that says what is trusted, as it was read.
pub(crate) struct TrustFile {
    /// The flag that it was given to.
    pub(crate) flag: &'static str,
    /// Its name without its folders, and its SHA-256.
    pub(crate) file: ManifestFile,
}

impl TrustFile {
    fn of(flag: &'static str, path: &Path, bytes: &[u8]) -> Self {
        let name = path.file_name().map(|name| name.to_string_lossy());
        let file = ManifestFile::of(name.unwrap_or_default(), bytes);
        Self { flag, file }
    }
}

fn wrong<E: Display>(path: &Path) -> impl FnOnce(E) -> anyhow::Error {
    move |error| usage(format!("{}: {error}", shown_path(path)))
}

/// Adds timestamps and the certificates of their authorities to a policy.
fn with_times(
    mut policy: TrustPolicy,
    args: &Times,
    files: &mut Vec<TrustFile>,
) -> anyhow::Result<TrustPolicy> {
    for path in &args.timestamp {
        let bytes = read(path)?;
        files.push(TrustFile::of("--timestamp", path, &bytes));
        policy = policy.timestamp(TimestampToken::read(&bytes).map_err(wrong(path))?);
    }
    for path in &args.timestamp_authority {
        let bytes = read(path)?;
        files.push(TrustFile::of("--timestamp-authority", path, &bytes));
        let mut certificates = TrustedCertificates::new();
        certificates.add_file(&bytes).map_err(wrong(path))?;
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
