//! The address of a server that has receipts: without a password, and leading to one place.

use crate::{DirectoryError, Settings};
use serde::Deserialize;
use std::fmt;

/// Parameters that an address may have. Others could name a password or lead elsewhere.
const PARAMETERS: [&str; 10] = [
    "application_name",
    "channel_binding",
    "connect_timeout",
    "keepalives",
    "keepalives_idle",
    "load_balance_hosts",
    "protocol",
    "sslmode",
    "target_session_attrs",
    "tcp_user_timeout",
];

const EXPECTED: &str =
    "expected postgres://[user@]host[:port]/database or redis://[user@]host[:port][/number]";

/// Where a server with receipts is: `postgres://user@host/database`, `redis://host` or `rediss://host`.
///
/// It has no password: an address stands in settings, in command lines and in messages.
///
/// ```
/// use ai_audit_directory::StoreAddress;
/// let address = StoreAddress::parse("postgres://audit_writer@db.example.org/audit").unwrap();
/// assert_eq!(address.to_string(), "postgres://audit_writer@db.example.org/audit");
/// let error = StoreAddress::parse("redis://:hunter2@cache.example.org").unwrap_err();
/// assert!(error.contains("password") && !error.contains("hunter2"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct StoreAddress(String);

/// What a password is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) host: String,
    pub(crate) port: String,
    pub(crate) database: String,
    pub(crate) user: String,
}

impl fmt::Display for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            host,
            port,
            database,
            user,
        } = self;
        write!(f, "{host}:{port}:{database}:{user}")
    }
}

impl StoreAddress {
    /// Reads an address.
    ///
    /// # Errors
    ///
    /// In words, without what was given, which may have a password in it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text.split_once("://").ok_or(EXPECTED)?;
        if !matches!(
            scheme,
            "postgres" | "postgresql" | "redis" | "rediss" | "valkey" | "valkeys"
        ) {
            return Err(EXPECTED.into());
        }
        // Beyond these a parser might see another end of the host than this one does.
        if !rest
            .bytes()
            .all(|c| c.is_ascii_graphic() && !matches!(c, b'\\' | b'#' | b'"' | b'<' | b'>'))
        {
            return Err(format!(
                "{EXPECTED}, with %-escapes for what is neither letter nor digit"
            ));
        }
        let before = rest.rsplit_once('@').map_or("", |(before, _)| before);
        if before.contains(':') {
            return Err(
                "it has a password, which others would see: take it out, and put it into the file of the setting \
                 store-password-file or into AI_AUDIT_STORE_PASSWORD"
                    .into(),
            );
        }
        if before.contains(['/', '?', '@']) {
            return Err(format!(
                "{EXPECTED}, with %-escapes for what is neither letter nor digit"
            ));
        }
        let query = rest.split_once('?').map_or("", |(_, query)| query);
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            let name = parameter.split('=').next().unwrap_or_default();
            if !PARAMETERS.contains(&name) {
                return Err(format!(
                    "it has a parameter that is none of {}: a host, a user or a database stands before the `?`, a password \
                     in the file of store-password-file",
                    PARAMETERS.join(", ")
                ));
            }
        }
        let address = Self(text.into());
        if address.logins().iter().any(|login| login.host.is_empty()) {
            return Err(format!("it names no host: {EXPECTED}"));
        }
        Ok(address)
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is that of a PostgreSQL; otherwise it is that of a Redis.
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        self.0.starts_with("postgres")
    }

    /// The password for this address: the one in the environment, or the one that the settings' file has for it, in lines
    /// `host:port:database:user:password` as PostgreSQL's own password files. None where the settings name neither.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or has no line for it; in production, when others can read it.
    pub fn password(&self, settings: &Settings) -> Result<Option<String>, DirectoryError> {
        let wanted = &settings.store;
        if let Some(password) = &wanted.password {
            return Ok(Some(password.text().into()));
        }
        let Some(file) = &wanted.password_file else {
            return Ok(None);
        };
        super::password_file::find(file, self, settings.production).map(Some)
    }

    /// What a password would be for, at each of its hosts.
    pub(crate) fn logins(&self) -> Vec<Login> {
        let rest = self.0.split_once("://").map_or("", |(_, rest)| rest);
        let rest = rest.split('?').next().unwrap_or_default();
        let (user, rest) = rest.split_once('@').unwrap_or(("", rest));
        let (hosts, database) = rest.split_once('/').unwrap_or((rest, ""));
        let default = if self.is_postgres() { "5432" } else { "6379" };
        hosts
            .split(',')
            .map(|host| {
                let (host, port) =
                    match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
                        Some((inner, port)) => (inner, port.strip_prefix(':')),
                        None => match host.split_once(':') {
                            Some((host, port)) => (host, Some(port)),
                            None => (host, None),
                        },
                    };
                Login {
                    host: unescaped(host),
                    port: port
                        .filter(|port| !port.is_empty())
                        .unwrap_or(default)
                        .into(),
                    database: unescaped(database),
                    user: unescaped(user),
                }
            })
            .collect()
    }
}

/// A text with its %-escapes read; as it stands where they are none.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after
            .get(..2)
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .filter(|digits| digits.bytes().all(|c| c.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (first, digits) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl TryFrom<String> for StoreAddress {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl fmt::Display for StoreAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_place_and_no_secret() {
        for good in [
            "postgres://db.example.org/audit",
            "postgresql://a%40b@[::1]:5433/audit?sslmode=require",
            "postgres://w@one:5432,two/audit?target_session_attrs=read-write",
            "redis://127.0.0.1:6379/2",
            "rediss://writer@cache",
            "postgres://w@%2Frun%2Fpostgresql/audit",
        ] {
            assert_eq!(StoreAddress::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "audit.db",
            "mysql://db/audit",
            "postgres:///audit",
            "redis://",
            "postgres://u:hunter2@h/d",
            "postgres://u:@h/d",
            "redis://:hunter2@h",
            "postgres://h/d?password=hunter2",
            "postgres://h/d?passw%6Frd=hunter2",
            "postgres://h/d?host=evil&sslmode=require",
            "postgres://h/d?hostaddr=192.0.2.1",
            "redis+unix:///run/redis?pass=hunter2",
            "postgres://a@evil/x@good/d",
            "postgres://h /d",
            "postgres://h\\@evil/d",
            "postgres://h/d#hunter2",
            "postgres://u@h/d\nstore-name = \"x\"",
        ] {
            let error = StoreAddress::parse(bad).unwrap_err();
            assert!(
                !error.contains("hunter2") && !error.contains('\n'),
                "{bad}: {error}"
            );
        }
    }

    #[test]
    fn a_login_is_read_as_the_clients_read_it() {
        let logins = |text: &str| -> Vec<String> {
            let address = StoreAddress::parse(text).unwrap();
            address.logins().iter().map(ToString::to_string).collect()
        };
        assert_eq!(
            logins("postgres://w%40x@one:5433,[::1]/audit?sslmode=require"),
            ["one:5433:audit:w@x", "::1:5432:audit:w@x"]
        );
        assert_eq!(logins("redis://cache/3"), ["cache:6379:3:"]);
    }
}
