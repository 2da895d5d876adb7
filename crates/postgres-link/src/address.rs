//! Addresses as they are shown, and errors on one line.

use std::error::Error as _;

use tokio_postgres::config::Host;
use tokio_postgres::{Config, Error};

/// Every certificate is verified here: the stricter modes of libpq are what `require` does.
#[must_use]
pub fn verified(url: &str) -> String {
    url.replace("sslmode=verify-full", "sslmode=require")
        .replace("sslmode=verify-ca", "sslmode=require")
}

/// The address without user, password and parameters.
#[must_use]
pub fn shown(config: &Config) -> String {
    let port = |index: usize| {
        let ports = config.get_ports();
        let port = ports.get(index).or_else(|| ports.first());
        port.copied().unwrap_or(5432)
    };
    let hosts = config.get_hosts().iter().enumerate();
    let hosts: Vec<String> = hosts
        .map(|(index, host)| match host {
            Host::Tcp(host) if host.contains(':') => format!("[{host}]:{}", port(index)),
            Host::Tcp(host) => format!("{host}:{}", port(index)),
            // A folder of sockets, which is nobody's business.
            #[cfg(unix)]
            Host::Unix(_) => String::new(),
        })
        .collect();
    let database = config.get_dbname().unwrap_or_default();
    format!("postgres://{}/{database}", hosts.join(","))
}

/// The error with what lies behind it, on one line.
#[must_use]
pub fn reason(error: &Error) -> String {
    if let Some(error) = error.as_db_error() {
        return format!("{} ({})", error.message(), error.code().code());
    }
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text.push_str(": ");
        text.push_str(&error.to_string());
        next = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_neither_user_nor_password_nor_parameters() {
        let of = |url: &str| shown(&verified(url).parse::<Config>().unwrap());
        assert_eq!(
            of("postgres://user:secret@db.example/audit?sslmode=verify-full"),
            "postgres://db.example:5432/audit"
        );
        assert_eq!(
            of("postgresql://user@a,[::1]:5433/audit?connect_timeout=5"),
            "postgres://a:5432,[::1]:5433/audit"
        );
        assert_eq!(
            of("postgres:///audit?host=/run/postgresql"),
            "postgres:///audit"
        );
    }
}
