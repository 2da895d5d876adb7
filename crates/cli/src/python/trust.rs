//! What a verifier trusts of records of the Python library: keys that he brought, and a number.

use crate::cli::Trust;
use crate::failure::usage;
use crate::output::Output;
use crate::trust::pin;
use ai_audit_core::VerifyingKey;
use ai_audit_import::SourceTrust;
use ai_audit_verify::{Pin, TrustPolicy};

/// Takes from the flags and the policy what applies, and warns of what does not.
pub(crate) fn source_trust(args: &Trust, policy: &TrustPolicy, output: Output) -> SourceTrust {
    let mut keys = Vec::new();
    let mut lines = 0;
    for pin in policy.pins() {
        match pin {
            Pin::Key(key) => keys.push(*key),
            Pin::Log(_) => lines += 1,
        }
    }
    if lines > 0 {
        output.warn(
            "a key line (log.pub) is that of a log of ours; records of the Python library need the \
             public key of the process that signed them: --key HEX",
        );
    }
    let asked = [
        ("--checkpoint", !args.checkpoint.is_empty()),
        ("--revocation", !args.revocation.is_empty()),
        ("--timestamp", !args.times.timestamp.is_empty()),
    ];
    for (flag, _) in asked.iter().filter(|(_, given)| *given) {
        output.warn(format!(
            "{flag} does not apply: the Python library has nothing that it could be held against"
        ));
    }
    SourceTrust {
        keys,
        min_size: args.size,
    }
}

/// A public key of the old system.
pub(crate) fn key(text: &str) -> anyhow::Result<VerifyingKey> {
    match pin("--key ", text)? {
        Pin::Key(key) => Ok(key),
        Pin::Log(_) => Err(usage(format!(
            "--key {text}: this is the key line of a log of ours; expected the public key of the \
             Python library's process, 64 hexadecimal digits"
        ))),
    }
}
