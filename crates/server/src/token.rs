//! Tokens: 256 random bits that somebody is given once, of which the directory keeps the hash.

use ai_audit_core::Timestamp;
use ai_audit_directory::OsRandom;
use ai_audit_store::{LogName, Random as _, RandomError};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use core::fmt;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// What every token begins with, so that scanners for leaked secrets find it.
const PREFIX: &str = "aat_";

/// A token as its owner has it. It is shown once, when it is made.
pub struct Token(String);

/// What a token's owner may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Append to its logs.
    Append,
    /// Read its logs.
    Read,
    /// Both, and have checkpoints signed on demand, in all logs.
    Admin,
}

/// What is kept of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenEntry {
    /// Names it when it is listed or revoked: the first 12 digits of the hash.
    pub id: String,
    /// What its owner may do.
    pub scopes: Vec<Scope>,
    /// In which logs; all of them where this is empty.
    pub logs: Vec<LogName>,
    /// When it was made.
    pub created: Timestamp,
    /// From when on it is none.
    pub expires: Option<Timestamp>,
    /// For people.
    pub note: String,
    pub(crate) hash: [u8; 32],
}

impl Token {
    /// A new one.
    ///
    /// # Errors
    ///
    /// When the system gives no random bytes.
    pub fn new() -> Result<Self, RandomError> {
        let mut bytes = [0; 32];
        OsRandom.fill(&mut bytes)?;
        Ok(Self(format!(
            "{PREFIX}{}",
            Base64UrlUnpadded::encode_string(&bytes)
        )))
    }

    /// The text to hand out.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    #[must_use]
    pub fn entry(&self, scopes: &[Scope], logs: &[LogName], created: Timestamp) -> TokenEntry {
        let hash = hash(&self.0);
        TokenEntry {
            id: id(&hash),
            scopes: scopes.to_vec(),
            logs: logs.to_vec(),
            created,
            expires: None,
            note: String::new(),
            hash,
        }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Append, Self::Read, Self::Admin];

    /// Its name in the file and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::Read => "read",
            Self::Admin => "admin",
        }
    }
}

impl TokenEntry {
    /// Whether it lets its owner do something of this scope, in some log.
    #[must_use]
    pub fn permits(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope) || self.is_admin()
    }

    /// Whether it is for a log.
    #[must_use]
    pub fn covers(&self, log: &LogName) -> bool {
        self.is_admin() || self.logs.is_empty() || self.logs.contains(log)
    }

    fn is_admin(&self) -> bool {
        self.scopes.contains(&Scope::Admin)
    }

    /// Whether it has expired.
    #[must_use]
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

/// The entry of a token that a request brought. All are looked at, each in constant time: how long it
/// takes says nothing of what is kept.
pub(crate) fn find<'e>(entries: &'e [TokenEntry], token: &str) -> Option<&'e TokenEntry> {
    let hash = hash(token);
    let mut found = None;
    for entry in entries {
        if bool::from(entry.hash.ct_eq(&hash)) {
            found = Some(entry);
        }
    }
    found
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

pub(crate) fn id(hash: &[u8; 32]) -> String {
    hex(hash).chars().take(12).collect()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use core::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_by_its_hash_alone_and_never_shown() {
        let token = Token::new().unwrap();
        assert_eq!(token.expose().len(), 47);
        let now = Timestamp::from_micros(5);
        let entry = token.entry(&[Scope::Append], &[LogName::default()], now);
        let other = Token::new().unwrap().entry(&[Scope::Read], &[], now);
        let entries = [other, entry];
        assert_eq!(find(&entries, token.expose()), Some(&entries[1]));
        assert_eq!(find(&entries, "aat_"), None);
        let text = format!("{token:?} {entries:?}");
        assert!(!text.contains(token.expose()), "{text}");
    }

    #[test]
    fn scopes_and_logs_say_what_may_be_done() {
        let token = Token::new().unwrap();
        let now = Timestamp::from_micros(5);
        let acme = LogName::new("acme").unwrap();
        let entry = token.entry(&[Scope::Append], std::slice::from_ref(&acme), now);
        assert!(entry.permits(Scope::Append) && !entry.permits(Scope::Read));
        assert!(entry.covers(&acme) && !entry.covers(&LogName::default()));
        let admin = token.entry(&[Scope::Admin], std::slice::from_ref(&acme), now);
        assert!(Scope::ALL.iter().all(|scope| admin.permits(*scope)));
        assert!(admin.covers(&LogName::default()));
        let mut entry = entry;
        entry.expires = Some(now);
        assert!(entry.has_expired(now) && !entry.has_expired(Timestamp::from_micros(4)));
    }
}
