//! The policy and the pseudonym key of `ai-audit redact`.

use crate::cli::redact::Redact as Args;
use crate::failure::usage;
use crate::open::{read_at_most, settings};
use crate::output::shown_path;
use ai_audit_pii::{Kind, Mode, Policy, PseudonymKey};
use std::path::Path;
use zeroize::{Zeroize as _, Zeroizing};

/// The longest policy file, in bytes; the policy itself may be no longer.
const MAX_POLICY: usize = 256 * 1024;

/// The longest key file, in bytes.
const MAX_KEY: usize = 4096;

/// The policy that the flags name.
pub(super) fn of(args: &Args) -> anyhow::Result<Policy> {
    let policy = match &args.policy {
        Some(path) => {
            let shown = shown_path(path);
            let text = String::from_utf8(read_at_most(path, MAX_POLICY)?)
                .map_err(|_| usage(format!("{shown}: expected JSON in UTF-8")))?;
            Policy::from_json(&text).map_err(|error| usage(format!("{shown}: {error}")))?
        }
        None => of_modes(&args.mode)?,
    };
    let encrypted = kinds(&policy, Mode::Encrypt);
    if !encrypted.is_empty() {
        return Err(usage(format!(
            "the policy encrypts {encrypted}, and nothing keeps the values of a text that is only \
             redacted; choose redact, mask or pseudonymize for them"
        )));
    }
    Ok(policy)
}

fn of_modes(flags: &[String]) -> anyhow::Result<Policy> {
    let mode = |name: &str| {
        Mode::named(name).ok_or_else(|| {
            usage(format!(
                "--mode: there is no mode {name:?}; the modes are redact, mask, pseudonymize and off"
            ))
        })
    };
    let mut default = Mode::Redact;
    for flag in flags.iter().filter(|flag| !flag.contains('=')) {
        default = mode(flag)?;
    }
    let mut policy = Policy::new(default);
    for (kind, name) in flags.iter().filter_map(|flag| flag.split_once('=')) {
        let built_in = Kind::built_in(kind).ok_or_else(|| {
            let known: Vec<&str> = Kind::BUILT_IN.iter().map(Kind::name).collect();
            usage(format!(
                "--mode: there is no kind {kind:?}; the kinds are {}",
                known.join(", ")
            ))
        })?;
        policy = policy.with_mode(built_in, mode(name)?);
    }
    Ok(policy)
}

/// The names of the kinds that have this mode.
fn kinds(policy: &Policy, mode: Mode) -> String {
    if policy.kinds().all(|kind| policy.mode(kind) == mode) {
        return "every kind".into();
    }
    let named: Vec<String> = policy
        .kinds()
        .filter(|kind| policy.mode(*kind) == mode)
        .map(|kind| kind.to_string())
        .collect();
    named.join(", ")
}

/// The key, where the policy needs one.
pub(super) fn key(args: &Args, policy: &Policy) -> anyhow::Result<Option<PseudonymKey>> {
    match &args.key_file {
        Some(path) if policy.pseudonymizes() => read_key(path).map(Some),
        Some(path) => Err(usage(format!(
            "{}: no kind is pseudonymized, so no key is needed; leave --key-file out, or say --mode pseudonymize",
            shown_path(path)
        ))),
        None if policy.pseudonymizes() => Err(usage(format!(
            "pseudonyms for {} need a key: name it with --key-file, or make one with \
             `openssl rand -hex 32 > pseudonyms.key`",
            kinds(policy, Mode::Pseudonymize)
        ))),
        None => Ok(None),
    }
}

/// Reads 64 hexadecimal digits.
fn read_key(path: &Path) -> anyhow::Result<PseudonymKey> {
    let shown = shown_path(path);
    if settings(Path::new("."))?.production {
        refuse_if_public(path)?;
    }
    let text = Zeroizing::new(read_at_most(path, MAX_KEY)?);
    let digits = text.trim_ascii();
    let mut bytes = [0; 32];
    let wrong = || usage(format!("{shown}: expected 64 hexadecimal digits"));
    if digits.len() != 64 {
        return Err(wrong());
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |digit: u8| char::from(digit).to_digit(16);
        let value = match pair {
            [high, low] => digit(*high).zip(digit(*low)),
            _ => None,
        };
        let (high, low) = value.ok_or_else(wrong)?;
        *byte = u8::try_from(high << 4 | low)?;
    }
    let key = PseudonymKey::new(bytes);
    bytes.zeroize();
    Ok(key)
}

/// As for the keys of a log: in production nobody else may read them.
#[cfg(unix)]
fn refuse_if_public(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let shown = shown_path(path);
    let found = std::fs::metadata(path).map_err(|error| usage(format!("{shown}: {error}")))?;
    let mode = found.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(usage(format!(
            "{shown}: others can read this key (mode {mode:o}), which production refuses; chmod 600 it"
        )));
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_if_public(_path: &Path) -> anyhow::Result<()> {
    Ok(())
}
