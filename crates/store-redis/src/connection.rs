//! A connection that is made when it is needed, held against what is asked of a server, and dropped
//! when it failed.

use crate::checks;
use crate::error::{corrupt, ends_connection, failed};
use crate::keys::{Keys, MARKER};
use crate::options::{OpenMode, RedisOptions};
use crate::script::{FENCE, FIND, MAY_DELETE, WRITE};
use ai_audit_store::StoreError;
use redis::{
    Client, Cmd, Connection, ConnectionAddr, ConnectionInfo, ErrorKind, FromRedisValue,
    IntoConnectionInfo as _, Pipeline, RedisError, ServerErrorKind, Value,
};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Which script.
#[derive(Clone, Copy)]
pub(crate) enum Script {
    Write,
    Find,
}

impl Script {
    const fn text(self) -> &'static str {
        match self {
            Self::Write => WRITE,
            Self::Find => FIND,
        }
    }
}

/// Whether something may be sent twice.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Again {
    Never,
    IfCut,
}

/// A connection to the server, or the means to make one.
pub(crate) struct Link {
    info: ConnectionInfo,
    /// Address without user and password.
    pub(crate) server: String,
    mode: OpenMode,
    options: RedisOptions,
    live: Mutex<Option<Live>>,
}

struct Live {
    connection: Connection,
    digests: [String; 2],
    durable: bool,
}

impl Link {
    /// Reads the address; connects to nothing yet.
    pub(crate) fn new(
        url: &str,
        mode: OpenMode,
        options: &RedisOptions,
    ) -> Result<Self, StoreError> {
        options.check()?;
        // The client's own words: they do not repeat the address, in which a password may be.
        let info = url
            .into_connection_info()
            .map_err(|error| StoreError::Invalid {
                what: format!(
                    "the address of a Redis: {}; expected redis://[user[:password]@]host[:port][/number]",
                    error.detail().unwrap_or(error.category())
                ),
            })?;
        let mut settings = info.redis_settings().clone().set_skip_set_lib_name();
        if let (None, Some(password)) = (settings.password(), &options.password) {
            settings = settings.set_password(password);
        }
        let server = describe(info.addr());
        Ok(Self {
            info: info.set_redis_settings(settings),
            server,
            mode,
            options: options.clone(),
            live: Mutex::new(None),
        })
    }

    /// Connects, and makes the store where it may.
    pub(crate) fn open(&self, keys: &Keys) -> Result<(), StoreError> {
        let mut live = self.connect(keys)?;
        if self.mode == OpenMode::Create {
            let mut ask = Pipeline::new();
            ask.cmd("EXISTS").arg(&keys.marker);
            ask.cmd("EXISTS").arg(&keys.heads);
            let (marker, heads): (bool, bool) = ask
                .query(&mut live.connection)
                .map_err(|error| failed("looking for a store", &self.server, &error))?;
            if heads && !marker {
                return Err(corrupt(format!(
                    "{} is there, but not {}: somebody removed it",
                    keys.heads, keys.marker
                )));
            }
            if !marker {
                Cmd::new()
                    .arg("SET")
                    .arg(&keys.marker)
                    .arg(MARKER)
                    .arg("NX")
                    .query::<Value>(&mut live.connection)
                    .map_err(|error| failed("making a store", &self.server, &error))?;
            }
        }
        self.has_store(&mut live, keys)?;
        *self.lock() = Some(live);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Option<Live>> {
        // A connection in which a panic left half an answer is one that `run` had taken out.
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Drops the connection: the next one leads to where the server is by then.
    pub(crate) fn forget(&self) {
        *self.lock() = None;
    }

    /// Asks for the settings again, with a new connection.
    pub(crate) fn check_again(&self, keys: &Keys) -> Result<bool, StoreError> {
        let mut live = self.connect_to_store(keys)?;
        if matches!(self.mode, OpenMode::ReadOnly) && !self.options.allow_loss {
            // Who reads is refused nothing, and told all the same.
            let found = self.settings(&mut live.connection)?;
            live.durable = checks::settings(&self.server, found.as_ref(), false).is_ok();
        }
        let durable = live.durable;
        *self.lock() = Some(live);
        Ok(durable)
    }

    fn connect(&self, keys: &Keys) -> Result<Live, StoreError> {
        let connecting = |error: &RedisError| failed("connecting", &self.server, error);
        let mut connection = self.dial(&self.info).map_err(|error| connecting(&error))?;
        // A node of a cluster says which node has the store's slot.
        if let Err(error) =
            query::<bool>(&mut connection, Cmd::new().arg("EXISTS").arg(&keys.marker))
        {
            let moved = match error.kind() {
                ErrorKind::Server(ServerErrorKind::Moved) => error
                    .redirect_node()
                    .and_then(|(address, _)| self.moved(address)),
                _ => None,
            };
            let info = moved.ok_or_else(|| connecting(&error))?;
            connection = self.dial(&info).map_err(|error| connecting(&error))?;
        }
        let durable = match self.mode {
            OpenMode::ReadOnly => false,
            OpenMode::Create | OpenMode::ReadWrite => self.check(&mut connection)?,
        };
        let mut load = |script: Script| {
            let mut cmd = Cmd::new();
            cmd.arg("SCRIPT").arg("LOAD").arg(script.text());
            query(&mut connection, &cmd)
                .map_err(|error| failed("loading a script", &self.server, &error))
        };
        let digests = [load(Script::Write)?, load(Script::Find)?];
        Ok(Live {
            connection,
            digests,
            durable,
        })
    }

    fn dial(&self, info: &ConnectionInfo) -> Result<Connection, RedisError> {
        let timeout = self.options.timeout;
        let connection = Client::open(info.clone())?.get_connection_with_timeout(timeout)?;
        connection.set_read_timeout(Some(timeout))?;
        connection.set_write_timeout(Some(timeout))?;
        Ok(connection)
    }

    /// The same server by another address of its cluster.
    fn moved(&self, address: &str) -> Option<ConnectionInfo> {
        let (host, port) = address.rsplit_once(':')?;
        let port = port.parse().ok()?;
        let own = |host: &str| match host {
            // A node that does not know its own name.
            "" => match self.info.addr() {
                ConnectionAddr::Tcp(own, _) | ConnectionAddr::TcpTls { host: own, .. } => {
                    own.clone()
                }
                _ => String::new(),
            },
            _ => host.to_owned(),
        };
        let addr = match self.info.addr().clone() {
            ConnectionAddr::TcpTls {
                insecure,
                tls_params,
                ..
            } => ConnectionAddr::TcpTls {
                host: own(host),
                port,
                insecure,
                tls_params,
            },
            _ => ConnectionAddr::Tcp(own(host), port),
        };
        Some(self.info.clone().set_addr(addr))
    }

    /// Holds the server against what is asked of it.
    fn check(&self, connection: &mut Connection) -> Result<bool, StoreError> {
        let asking = |error: &RedisError| failed("asking for the settings", &self.server, error);
        let text: String = query(connection, Cmd::new().arg("INFO").arg("server"))
            .map_err(|error| asking(&error))?;
        checks::version(&self.server, &text)?;
        let role: Vec<Value> =
            query(connection, Cmd::new().arg("ROLE")).map_err(|error| asking(&error))?;
        let role = role.into_iter().next().map(String::from_redis_value);
        let role = role.and_then(Result::ok).unwrap_or_default();
        checks::role(&self.server, &role)?;
        let settings = self.settings(connection)?;
        let durable = checks::settings(&self.server, settings.as_ref(), self.options.allow_loss)?;
        if durable {
            self.until_file_counts(connection)?;
        }
        Ok(durable)
    }

    /// The server's settings that matter; none where it does not tell them.
    fn settings(
        &self,
        connection: &mut Connection,
    ) -> Result<Option<HashMap<String, String>>, StoreError> {
        let mut cmd = Cmd::new();
        cmd.arg("CONFIG").arg("GET");
        for name in checks::SETTINGS {
            cmd.arg(name);
        }
        match query::<HashMap<String, String>>(connection, &cmd) {
            Ok(found) => Ok(Some(found)),
            Err(error) if ends_connection(&error) => {
                Err(failed("asking for the settings", &self.server, &error))
            }
            // Forbidden, renamed or unknown.
            Err(_) => Ok(None),
        }
    }

    /// Waits until no append-only file is being made. `appendonly yes` is told as soon as it was set, and until the
    /// file was written once, what is written meanwhile is in none that a restart would read.
    fn until_file_counts(&self, connection: &mut Connection) -> Result<(), StoreError> {
        let begun = Instant::now();
        loop {
            let text: String = query(connection, Cmd::new().arg("INFO").arg("persistence"))
                .map_err(|error| failed("asking for the append-only file", &self.server, &error))?;
            if checks::file_counts(&text) {
                return Ok(());
            }
            if begun.elapsed() >= self.options.timeout {
                return Err(checks::no_file(&self.server));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn has_store(&self, live: &mut Live, keys: &Keys) -> Result<(), StoreError> {
        let mut cmd = Cmd::new();
        cmd.arg("GET").arg(&keys.marker);
        let found: Option<String> = query(&mut live.connection, &cmd)
            .map_err(|error| failed("looking for a store", &self.server, &error))?;
        match found.as_deref() {
            Some(MARKER) => Ok(()),
            Some(other) => match version(other) {
                Some(found) => Err(StoreError::TooNew {
                    found,
                    supported: 1,
                }),
                None => Err(StoreError::NotAStore {
                    what: format!(
                        "the Redis at {}: {} is {:?}; expected {MARKER:?}",
                        self.server,
                        keys.marker,
                        other.chars().take(40).collect::<String>()
                    ),
                }),
            },
            None => Err(self.no_store(keys)),
        }
    }

    pub(crate) fn no_store(&self, keys: &Keys) -> StoreError {
        StoreError::NotAStore {
            what: format!(
                "the Redis at {} has no {}: there is no store, or it was lost, as by a failover to a replica \
                 that had not heard of it. If there is to be a new one, create it",
                self.server, keys.marker
            ),
        }
    }

    /// Runs something on the connection, which is made first where there is none. A write is never sent twice; a
    /// read is where a connection that was there before turns out to be cut, as after a restart of the server.
    fn run<T>(
        &self,
        keys: &Keys,
        tried: &str,
        again: Again,
        work: impl Fn(&mut Live) -> Result<T, RedisError>,
    ) -> Result<T, StoreError> {
        let mut held = self.lock();
        let (mut live, old) = match held.take() {
            Some(live) => (live, true),
            None => (self.connect_to_store(keys)?, false),
        };
        let mut done = work(&mut live);
        if let Err(error) = &done
            && old
            && again == Again::IfCut
            && error.is_io_error()
            && !error.is_timeout()
        {
            live = self.connect_to_store(keys)?;
            done = work(&mut live);
        }
        match done {
            Ok(done) => {
                *held = Some(live);
                Ok(done)
            }
            Err(error) => {
                if !ends_connection(&error) {
                    *held = Some(live);
                }
                Err(failed(tried, &self.server, &error))
            }
        }
    }

    fn connect_to_store(&self, keys: &Keys) -> Result<Live, StoreError> {
        let mut live = self.connect(keys)?;
        self.has_store(&mut live, keys)?;
        Ok(live)
    }

    pub(crate) fn query<T: FromRedisValue>(
        &self,
        keys: &Keys,
        tried: &str,
        cmd: &Cmd,
    ) -> Result<T, StoreError> {
        self.run(keys, tried, Again::IfCut, |live| {
            query(&mut live.connection, cmd)
        })
    }

    /// Commands that are sent together, and as many answers.
    pub(crate) fn pipeline<T: FromRedisValue>(
        &self,
        keys: &Keys,
        tried: &str,
        pipeline: &Pipeline,
    ) -> Result<Vec<T>, StoreError> {
        if pipeline.is_empty() {
            return Ok(Vec::new());
        }
        let sent = pipeline.len();
        let answers: Vec<T> = self.run(keys, tried, Again::IfCut, |live| {
            pipeline.query(&mut live.connection)
        })?;
        if answers.len() == sent {
            return Ok(answers);
        }
        let (server, found) = (&self.server, answers.len());
        Err(StoreError::Io {
            what: format!("{tried} at {server}: {found} answers to {sent} commands"),
        })
    }

    /// Counts a log's fence on and gives the new number. To do it twice is as good as once.
    pub(crate) fn count_fence_on(&self, keys: &Keys, log: &str) -> Result<i64, StoreError> {
        let mut cmd = Cmd::new();
        cmd.arg("EVAL").arg(FENCE).arg(1);
        cmd.arg(&keys.fences).arg(log);
        self.query(keys, "shutting out an append that was given up", &cmd)
    }

    /// The commands of a deletion that the user may not run; none where there is no store. It writes nothing, but goes
    /// where writes go.
    pub(crate) fn refused(
        &self,
        keys: &Keys,
        tried: &str,
        (key, rewrites): (&str, bool),
    ) -> Result<Option<Vec<String>>, StoreError> {
        let mut cmd = Cmd::new();
        cmd.arg("EVAL").arg(MAY_DELETE).arg(2);
        cmd.arg(&keys.heads).arg(&keys.marker);
        cmd.arg(MARKER).arg(key).arg(u8::from(rewrites));
        let answer: Vec<Value> = self.query(keys, tried, &cmd)?;
        match <[Value; 2]>::try_from(answer) {
            Ok([_, refused]) => Vec::from_redis_value(refused)
                .map(Some)
                .map_err(|_| corrupt(format!("{tried}: an answer that the script does not give"))),
            Err(_) => Ok(None),
        }
    }

    /// Runs a script by its digest; by its text where the server has forgotten it.
    pub(crate) fn script<T: FromRedisValue>(
        &self,
        keys: &Keys,
        tried: &str,
        script: Script,
        arguments: impl Fn(&mut Cmd),
    ) -> Result<T, StoreError> {
        let again = match script {
            Script::Write => Again::Never,
            Script::Find => Again::IfCut,
        };
        self.run(keys, tried, again, |live| {
            let [write, find] = &live.digests;
            let digest = match script {
                Script::Write => write,
                Script::Find => find,
            };
            let mut cmd = Cmd::new();
            cmd.arg("EVALSHA").arg(digest);
            arguments(&mut cmd);
            match query(&mut live.connection, &cmd) {
                // It was not run, so this is no second time.
                Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                    let mut cmd = Cmd::new();
                    cmd.arg("EVAL").arg(script.text());
                    arguments(&mut cmd);
                    query(&mut live.connection, &cmd)
                }
                other => other,
            }
        })
    }
}

fn query<T: FromRedisValue>(connection: &mut Connection, cmd: &Cmd) -> Result<T, RedisError> {
    cmd.query(connection)
}

fn version(marker: &str) -> Option<u32> {
    marker
        .strip_prefix("ai-audit store ")?
        .parse()
        .ok()
        .filter(|found| *found > 1)
}

fn describe(addr: &ConnectionAddr) -> String {
    let bracketed = |host: &str| match host.contains(':') && !host.starts_with('[') {
        true => format!("[{host}]"),
        false => host.to_owned(),
    };
    match addr {
        ConnectionAddr::Tcp(host, port) => format!("{}:{port}", bracketed(host)),
        ConnectionAddr::TcpTls { host, port, .. } => format!("{}:{port} (TLS)", bracketed(host)),
        ConnectionAddr::Unix(path) => path.display().to_string(),
        _ => "an address".into(),
    }
}
