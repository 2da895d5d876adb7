//! The few commands that are sent to a Redis, all of the category `@read`, and what its refusals mean.

use std::time::Duration;

use redis::{
    Cmd, Connection, ConnectionAddr, ErrorKind, FromRedisValue, IntoConnectionInfo, Pipeline,
    RedisError, ServerErrorKind, TlsCertificates,
};

use crate::{Options, ServerError};

/// What a user needs who may not read.
const HELP: &str = "its ACL needs `+@read` and `~receipt*`, for the sessions' and traces' indexes `~*`, \
                    and for a database other than 0 `+select`";

/// Keys of different slots. The nodes of a cluster refuse those that they do not hold.
const PROBES: usize = 32;

/// Sets that are asked for at once: each may give some hundred members.
const SETS: usize = 64;

/// Part of what a scan gives: where it goes on, zero where it does not, and what it found.
type Page = (u64, Vec<Vec<u8>>);

/// What a key holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    None,
    String,
    Set,
    SortedSet,
    Other,
}

pub(super) struct Client {
    connection: Connection,
    name: String,
    timeout: Duration,
}

impl Client {
    pub(super) fn open(url: &str, options: &Options) -> Result<Self, ServerError> {
        let wrong = |error: RedisError| {
            ServerError::Address(format!(
                "{error}; expected redis://[user[:password]@]host[:port][/number]"
            ))
        };
        let info = url.into_connection_info().map_err(wrong)?;
        let (address, tls) = match info.addr() {
            ConnectionAddr::Tcp(host, port) => {
                (format!("redis://{}:{port}", bracketed(host)), false)
            }
            ConnectionAddr::TcpTls { host, port, .. } => {
                (format!("rediss://{}:{port}", bracketed(host)), true)
            }
            // The folder is nobody's business.
            ConnectionAddr::Unix(path) => {
                let file = path.file_name().unwrap_or_default();
                (format!("redis+unix://{}", file.to_string_lossy()), false)
            }
            _ => return Err(ServerError::Address("no address that is known here".into())),
        };
        let name = format!("{address}/{}", info.redis_settings().db());
        // It is sent beside the login, and is no command of `@read`.
        let mut settings = info.redis_settings().clone().set_skip_set_lib_name();
        if let (None, Some(password)) = (settings.password(), &options.password) {
            settings = settings.set_password(password);
        }
        let info = info.set_redis_settings(settings);
        let client = match &options.authorities {
            Some(pem) if tls => redis::Client::build_with_tls(
                info,
                TlsCertificates {
                    client_tls: None,
                    root_cert: Some(pem.clone().into_bytes()),
                },
            ),
            _ => redis::Client::open(info),
        }
        .map_err(wrong)?;
        let timeout = options.timeout;
        let connection = client
            .get_connection_with_timeout(timeout)
            .map_err(|error| refused(&error, &name, tls, timeout))?;
        let limits = connection
            .set_read_timeout(Some(timeout))
            .and_then(|()| connection.set_write_timeout(Some(timeout)));
        let mut client = Self {
            connection,
            name,
            timeout,
        };
        limits.map_err(|error| client.error(&error))?;
        client.is_whole().map_err(|error| match error {
            // TLS begins with the first command, which may be this one.
            ServerError::Cut { server, reason, .. } if tls => no_tls(server, reason),
            ServerError::Cut { server, reason, .. } => ServerError::Unreachable { server, reason },
            other => other,
        })?;
        Ok(client)
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// A node of a cluster would show its own keys only, and nobody would miss the others.
    fn is_whole(&mut self) -> Result<(), ServerError> {
        let probes: Vec<String> = (0..PROBES).map(|n| format!("receipt:?:{n}")).collect();
        self.types(probes.iter().map(String::as_bytes)).map(drop)
    }

    /// All keys that match a pattern, each once, in their order.
    pub(super) fn keys(&mut self, pattern: &str) -> Result<Vec<Box<[u8]>>, ServerError> {
        let mut keys: Vec<Box<[u8]>> = Vec::new();
        let mut cursor = 0;
        loop {
            let mut cmd = Cmd::new();
            cmd.arg("SCAN").arg(cursor);
            cmd.arg("MATCH").arg(pattern).arg("COUNT").arg(super::KEYS);
            let (next, found) = self.page(&cmd)?;
            keys.extend(found.into_iter().map(Vec::into_boxed_slice));
            if next == 0 {
                break;
            }
            cursor = next;
        }
        // It may name a key several times.
        keys.sort_unstable();
        keys.dedup();
        Ok(keys)
    }

    /// The members of sets or sorted sets, with the index of the set; one may come several times. Small sets,
    /// which most are, are asked for together.
    pub(super) fn members(
        &mut self,
        sets: &[(&[u8], Type)],
        mut each: impl FnMut(usize, &[u8]),
    ) -> Result<(), ServerError> {
        for (at, sets) in sets.chunks(SETS).enumerate() {
            let pages: Vec<Page> = self.each(sets.iter(), |set| members_from(*set, 0))?;
            for (index, (set, page)) in sets.iter().zip(pages).enumerate() {
                // Of a sorted set members and scores come by turns.
                let step = if set.1 == Type::SortedSet { 2 } else { 1 };
                let (mut cursor, mut found) = page;
                loop {
                    for member in found.iter().step_by(step) {
                        each(at * SETS + index, member);
                    }
                    if cursor == 0 {
                        break;
                    }
                    (cursor, found) = self.page(&members_from(*set, cursor))?;
                }
            }
        }
        Ok(())
    }

    fn page(&mut self, command: &Cmd) -> Result<Page, ServerError> {
        command
            .query(&mut self.connection)
            .map_err(|error| self.error(&error))
    }

    pub(super) fn types<'a>(
        &mut self,
        keys: impl Iterator<Item = &'a [u8]>,
    ) -> Result<Vec<Type>, ServerError> {
        let names: Vec<String> = self.each(keys, |key| one("TYPE", key))?;
        Ok(names
            .iter()
            .map(|name| match name.as_str() {
                "none" => Type::None,
                "string" => Type::String,
                "set" => Type::Set,
                "zset" => Type::SortedSet,
                _ => Type::Other,
            })
            .collect())
    }

    /// Bytes of the strings that keys hold.
    pub(super) fn lengths<'a>(
        &mut self,
        keys: impl Iterator<Item = &'a [u8]>,
    ) -> Result<Vec<u64>, ServerError> {
        self.each(keys, |key| one("STRLEN", key))
    }

    /// Milliseconds until keys go; below zero where they do not.
    pub(super) fn expiries<'a>(
        &mut self,
        keys: impl Iterator<Item = &'a [u8]>,
    ) -> Result<Vec<i64>, ServerError> {
        self.each(keys, |key| one("PTTL", key))
    }

    /// The strings that keys hold, cut one byte behind `limit`, which bounds what the server sends in any
    /// case; empty where there is no such key.
    pub(super) fn values<'a>(
        &mut self,
        keys: impl Iterator<Item = &'a [u8]>,
        limit: usize,
    ) -> Result<Vec<Vec<u8>>, ServerError> {
        self.each(keys, |key| {
            let mut cmd = one("GETRANGE", key);
            cmd.arg(0).arg(limit);
            cmd
        })
    }

    /// Whether sorted sets have members.
    pub(super) fn are_members<'a>(
        &mut self,
        pairs: impl Iterator<Item = (&'a [u8], &'a [u8])>,
    ) -> Result<Vec<bool>, ServerError> {
        let scores: Vec<Option<Vec<u8>>> = self.each(pairs, |(key, member)| {
            let mut cmd = one("ZSCORE", key);
            cmd.arg(member);
            cmd
        })?;
        Ok(scores.iter().map(Option::is_some).collect())
    }

    /// One command a thing, sent together.
    fn each<T, R: FromRedisValue>(
        &mut self,
        things: impl Iterator<Item = T>,
        command: impl Fn(T) -> Cmd,
    ) -> Result<Vec<R>, ServerError> {
        let mut pipeline = Pipeline::new();
        for thing in things {
            pipeline.add_command(command(thing));
        }
        if pipeline.is_empty() {
            return Ok(Vec::new());
        }
        let sent = pipeline.len();
        let answers: Vec<R> = pipeline
            .query(&mut self.connection)
            .map_err(|error| self.error(&error))?;
        if answers.len() == sent {
            Ok(answers)
        } else {
            Err(ServerError::Answer {
                server: self.name.clone(),
                reason: format!("{} answers to {sent} commands", answers.len()),
            })
        }
    }

    fn error(&self, error: &RedisError) -> ServerError {
        let server = self.name.clone();
        if error.is_timeout() {
            return ServerError::TimedOut {
                server,
                limit: self.timeout,
            };
        }
        let reason = error.to_string();
        match error.kind() {
            ErrorKind::Io => ServerError::Cut {
                server,
                records: 0,
                reason,
            },
            ErrorKind::AuthenticationFailed => ServerError::Login { server, reason },
            ErrorKind::Server(ServerErrorKind::NoPerm) => ServerError::Permission {
                server,
                reason,
                help: HELP,
            },
            ErrorKind::Server(
                ServerErrorKind::Moved | ServerErrorKind::Ask | ServerErrorKind::ClusterDown,
            ) => ServerError::Answer {
                server,
                reason: "it is a node of a cluster, which holds only some of the keys; clusters are not \
                         supported: restore a backup of all nodes into one server, and read that"
                    .into(),
            },
            _ if reason.contains("NOAUTH") => ServerError::Login { server, reason },
            _ => ServerError::Answer { server, reason },
        }
    }
}

fn members_from((key, holds): (&[u8], Type), cursor: u64) -> Cmd {
    let mut cmd = one(
        if holds == Type::SortedSet {
            "ZSCAN"
        } else {
            "SSCAN"
        },
        key,
    );
    cmd.arg(cursor).arg("COUNT").arg(super::KEYS);
    cmd
}

fn one(command: &str, key: &[u8]) -> Cmd {
    let mut cmd = Cmd::new();
    cmd.arg(command).arg(key);
    cmd
}

/// An IPv6 address as an address has it.
fn bracketed(host: &str) -> String {
    if host.contains(':') && !host.starts_with('[') {
        format!("[{host}]")
    } else {
        host.into()
    }
}

/// Why there is no connection.
fn refused(error: &RedisError, name: &str, tls: bool, limit: Duration) -> ServerError {
    let server = name.to_string();
    let reason = error.to_string();
    if error.is_timeout() {
        return ServerError::TimedOut { server, limit };
    }
    match error.kind() {
        ErrorKind::AuthenticationFailed => ServerError::Login { server, reason },
        ErrorKind::Io if error.is_connection_refusal() || !tls => {
            ServerError::Unreachable { server, reason }
        }
        ErrorKind::Io => no_tls(server, reason),
        _ if reason.contains("NOPERM") || reason.contains("no permissions") => {
            ServerError::Permission {
                server,
                reason,
                help: HELP,
            }
        }
        _ if reason.contains("switch database") || reason.contains("DB index") => {
            ServerError::Database { server, reason }
        }
        _ => ServerError::Answer { server, reason },
    }
}

fn no_tls(server: String, reason: String) -> ServerError {
    ServerError::Tls {
        server,
        reason,
        help: "name the host as its certificate does, give the authority's certificate, or use redis:// where \
               the network is trusted",
    }
}
