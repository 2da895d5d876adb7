//! What evidence is verified against: pins of whoever started the server, and of whoever asks.

use ai_audit_store::{Clock as _, SystemClock};
use ai_audit_verify::{Pin, TrustPolicy};
use serde::Serialize;

/// What a verdict was made with.
#[derive(Debug, Serialize)]
pub(crate) struct VerifiedAgainst {
    /// The keys.
    pub(crate) pins: Vec<Pinned>,
    /// How many checkpoints the caller brought.
    pub(crate) checkpoints: usize,
    /// Whether there was a key from elsewhere than the evidence at all, and it is not one with which a
    /// caller set aside those of the server.
    pub(crate) independent: bool,
    /// Whether the caller's key took the place of the server's, and is none of them.
    pub(crate) overrides_server_pin: bool,
    /// What that is worth, in a sentence.
    pub(crate) note: &'static str,
}

#[derive(Debug, Serialize)]
pub(crate) struct Pinned {
    /// A key line, or a key in hexadecimal.
    key: String,
    /// `server` or `caller`.
    from: &'static str,
}

const NONE: &str = "No pinned key: a verdict without an independent pin proves nothing about who wrote the log. Give `key`, as you had it before you saw this evidence.";
const CALLER: &str = "Verified against a key that the caller gave. It proves as much as the caller's source for that key does; a key that came with the evidence proves nothing.";
const OVERRIDES: &str = "Verified against a key of the caller's that is none of those this server was started with: whoever started it does not vouch for it. Ask again without `key` for a verdict against the server's.";
const SERVER: &str =
    "Verified against a key that this server was started with, independently of the evidence.";

fn text(pin: &Pin) -> String {
    match pin {
        Pin::Log(line) => line.to_string(),
        Pin::Key(key) => {
            let mut text = String::with_capacity(64);
            for byte in key.as_bytes() {
                // Writing to a String cannot fail.
                let _ = std::fmt::Write::write_fmt(&mut text, format_args!("{byte:02x}"));
            }
            text
        }
    }
}

/// The policy of one question. A caller's key counts in place of the server's: he asks about that one. Where
/// the server has keys and his is none of them, the verdict is not called independent: an agent that was
/// told a key by the evidence's maker must not make it that of the operator.
///
/// # Errors
///
/// In words, what is wrong with the arguments.
pub(crate) fn policy(
    pins: &[Pin],
    key: Option<&str>,
    checkpoint: Option<&str>,
) -> Result<(TrustPolicy, VerifiedAgainst), String> {
    let mut policy = TrustPolicy::new().now(SystemClock.now());
    let given = match key {
        None => None,
        Some(key) => Some(Pin::parse(key).map_err(|error| {
            format!("key: expected a key line (log.pub) or 64 hexadecimal digits: {error}")
        })?),
    };
    let of_server = |pin: &Pin| pins.iter().any(|other| text(other) == text(pin));
    let overrides = !pins.is_empty() && given.as_ref().is_some_and(|pin| !of_server(pin));
    let (all, from, note) = match &given {
        Some(pin) if of_server(pin) => (std::slice::from_ref(pin), "server", SERVER),
        Some(pin) if overrides => (std::slice::from_ref(pin), "caller", OVERRIDES),
        Some(pin) => (std::slice::from_ref(pin), "caller", CALLER),
        None if pins.is_empty() => (pins, "server", NONE),
        None => (pins, "server", SERVER),
    };
    let pinned = all.iter().map(|pin| Pinned {
        key: text(pin),
        from,
    });
    let against = VerifiedAgainst {
        pins: pinned.collect(),
        checkpoints: usize::from(checkpoint.is_some()),
        independent: !all.is_empty() && !overrides,
        overrides_server_pin: overrides,
        note,
    };
    for pin in all {
        policy = policy.pin(pin.clone());
    }
    if let Some(note) = checkpoint {
        policy = policy
            .checkpoint(note.as_bytes())
            .map_err(|error| format!("checkpoint: {error}"))?;
    }
    Ok((policy, against))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The public halves of two keys.
    fn keys() -> [String; 2] {
        [1, 2].map(|seed| {
            let key = ai_audit_core::SigningKey::from_bytes(&[seed; 32]);
            text(&Pin::Key(key.verifying_key()))
        })
    }

    #[test]
    fn a_callers_key_does_not_pass_for_the_operators() {
        let [own, other] = keys();
        let pins = [Pin::parse(&own).unwrap()];
        let against = |pins: &[Pin], key| policy(pins, key, None).unwrap().1;
        for (pins, key, independent, overrides, from) in [
            (&pins[..], None, true, false, "server"),
            (&pins[..], Some(own.as_str()), true, false, "server"),
            (&pins[..], Some(other.as_str()), false, true, "caller"),
            (&[][..], Some(other.as_str()), true, false, "caller"),
        ] {
            let found = against(pins, key);
            assert_eq!(
                (
                    found.independent,
                    found.overrides_server_pin,
                    found.pins[0].from
                ),
                (independent, overrides, from)
            );
        }
        assert!(!against(&[], None).independent);
    }
}
