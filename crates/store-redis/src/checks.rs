//! What is asked of a server before its answers count for anything.

use ai_audit_store::StoreError;
use std::collections::HashMap;

/// The settings that are looked at.
pub(crate) const SETTINGS: [&str; 5] = [
    "appendonly",
    "appendfsync",
    "no-appendfsync-on-rewrite",
    "maxmemory",
    "maxmemory-policy",
];

/// A value of `INFO`.
pub(crate) fn info<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines()
        .find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(':'))
}

/// Scripts are refused as a whole from 7.0 on. Valkey says a version of Redis, too.
pub(crate) fn version(server: &str, text: &str) -> Result<(), StoreError> {
    let found = info(text, "redis_version").unwrap_or("none");
    let major = found.split('.').next().unwrap_or_default().parse::<u32>();
    match major {
        Ok(major) if major >= 7 => Ok(()),
        _ => Err(refused(
            server,
            &format!("it is of version {found}; expected Redis 7.0 or later, or a Valkey"),
        )),
    }
}

/// A master, or not.
pub(crate) fn role(server: &str, role: &str) -> Result<(), StoreError> {
    if role == "master" {
        return Ok(());
    }
    Err(refused(
        server,
        &format!("its role is {role}; expected the master: give its address"),
    ))
}

/// The settings, and whether what is acknowledged is on disk. `None` where the server does not tell
/// them.
pub(crate) fn settings(
    server: &str,
    found: Option<&HashMap<String, String>>,
    allow_loss: bool,
) -> Result<bool, StoreError> {
    let Some(found) = found else {
        return match allow_loss {
            true => Ok(false),
            false => Err(refused(
                server,
                "it does not tell its settings, so nobody knows whether a write is on disk when it is \
                 answered: permit the user +config|get, or allow loss, which each log must then declare",
            )),
        };
    };
    let get = |name: &str| found.get(name).map_or("", String::as_str);
    // Also of a store that may lose something: this would lose it in daily use.
    let limited = get("maxmemory") != "0";
    if limited && get("maxmemory-policy") != "noeviction" {
        return Err(refused(
            server,
            &format!(
                "maxmemory-policy is {:?}, which throws receipts away when memory is full; expected noeviction",
                get("maxmemory-policy")
            ),
        ));
    }
    let expected = [
        ("appendonly", "yes"),
        ("appendfsync", "always"),
        ("no-appendfsync-on-rewrite", "no"),
    ];
    let lossy = expected
        .iter()
        .find(|(name, expected)| get(name) != *expected);
    match lossy {
        None => Ok(!allow_loss),
        Some(_) if allow_loss => Ok(false),
        Some((name, expected)) => Err(refused(
            server,
            &format!(
                "{name} is {:?}; expected {expected}: a write would not be on disk when it is answered. Set it \
                 (CONFIG SET, and in redis.conf), or allow loss, which each log must then declare",
                get(name)
            ),
        )),
    }
}

/// Whether the append-only file is on, and neither being made nor about to be.
pub(crate) fn file_counts(text: &str) -> bool {
    let is = |name, expected| info(text, name) == Some(expected);
    is("aof_enabled", "1") && is("aof_rewrite_in_progress", "0") && is("aof_rewrite_scheduled", "0")
}

pub(crate) fn no_file(server: &str) -> StoreError {
    refused(
        server,
        "its append-only file is being written anew (INFO persistence), and until that ended nobody knows whether \
         what is written meanwhile would be read after a restart: try again then",
    )
}

fn refused(server: &str, what: &str) -> StoreError {
    StoreError::NotAStore {
        what: format!("the Redis at {server} is refused: {what}"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    fn with(changes: &[(&str, &str)]) -> HashMap<String, String> {
        let good = [
            ("appendonly", "yes"),
            ("appendfsync", "always"),
            ("no-appendfsync-on-rewrite", "no"),
            ("maxmemory", "0"),
            ("maxmemory-policy", "noeviction"),
        ];
        let all = good.iter().chain(changes);
        all.map(|(name, value)| ((*name).into(), (*value).into()))
            .collect()
    }

    #[test]
    fn each_setting_counts() {
        assert!(settings("s", Some(&with(&[])), false).unwrap());
        for change in [
            ("appendonly", "no"),
            ("appendfsync", "everysec"),
            ("no-appendfsync-on-rewrite", "yes"),
        ] {
            let found = with(&[change]);
            let said = settings("s", Some(&found), false).unwrap_err().to_string();
            assert!(said.contains(change.0) && said.contains(change.1), "{said}");
            assert!(!settings("s", Some(&found), true).unwrap());
        }
        let evicts = with(&[
            ("maxmemory", "9000000"),
            ("maxmemory-policy", "allkeys-lru"),
        ]);
        for allow_loss in [false, true] {
            let said = settings("s", Some(&evicts), allow_loss).unwrap_err();
            assert!(said.to_string().contains("allkeys-lru"));
        }
        // Without a limit nothing is evicted, and what a server does not say is not good.
        assert!(
            settings(
                "s",
                Some(&with(&[("maxmemory-policy", "allkeys-lru")])),
                false
            )
            .unwrap()
        );
        assert!(settings("s", Some(&HashMap::new()), false).is_err());
        assert!(settings("s", None, false).is_err() && !settings("s", None, true).unwrap());
        // Durable settings make no promise of a store that was opened for less.
        assert!(!settings("s", Some(&with(&[])), true).unwrap());
    }

    #[test]
    fn a_file_that_is_being_made_does_not_count() {
        let good = "aof_enabled:1\r\naof_rewrite_in_progress:0\r\naof_rewrite_scheduled:0\r\n";
        assert!(file_counts(good));
        for (from, to) in [
            ("enabled:1", "enabled:0"),
            ("progress:0", "progress:1"),
            ("scheduled:0", "scheduled:1"),
        ] {
            assert!(!file_counts(&good.replace(from, to)), "{to}");
        }
        assert!(!file_counts(""));
    }

    #[test]
    fn old_versions_and_replicas_are_refused() {
        assert!(version("s", "# Server\r\nredis_version:7.0.15\r\n").is_ok());
        for text in ["redis_version:6.2.14\r\n", "", "redis_version:x"] {
            assert!(version("s", text).is_err(), "{text}");
        }
        assert!(role("s", "master").is_ok() && role("s", "slave").is_err());
    }
}
