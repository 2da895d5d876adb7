//! A connection that is made when it is needed, and what must be known of the one before it.

use crate::client::Client;
use crate::error::{Answer, Fail, Trouble, invalid, io};
use crate::options::Options;
use crate::sole::Hold;
use crate::{open, sole, writer};
use ai_audit_postgres_link::{MakeTls, shown, verified};
use ai_audit_store::StoreError;
use core::time::Duration;
use std::time::Instant;
use tokio_postgres::Config;

/// How long a connection that is only looked at may take to answer.
const LOOK: Duration = Duration::from_secs(10);

/// What is tried with the writer's address.
const SAYING: &str = "saying where the writer is reached";

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Reads, from a standby too.
    Read,
    /// Appends, or deletes.
    Write,
    /// Makes tables and grants rights: nothing is asked of the schema.
    Own,
}

/// Where to connect.
pub(crate) struct Target {
    config: Config,
    tls: MakeTls,
    pub(crate) schema: String,
    /// The address without user, password and parameters.
    pub(crate) name: String,
    pub(crate) limit: Duration,
}

impl Target {
    pub(crate) fn new(address: &str, options: &Options) -> Result<Self, StoreError> {
        // The parser's own words may repeat parts of the address, and one of those is a password.
        let mut config: Config = verified(address).parse().map_err(|_| {
            invalid(
                "the address of the database cannot be read; expected postgres://[user[:password]@]host[:port]/database[?sslmode=disable|prefer|require], where the user and the password have %-escapes for what is neither letter nor digit",
            )
        })?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(invalid("the address of the database names no host"));
        }
        if let (None, Some(password)) = (config.get_password(), &options.password) {
            config.password(password);
        }
        if config.get_application_name().is_none() {
            config.application_name("ai-audit");
        }
        // Of each host, so that one that does not answer leaves time for the next.
        let hosts = config.get_hosts().len().max(config.get_hostaddrs().len());
        let hosts = u32::try_from(hosts).unwrap_or(u32::MAX).max(1);
        config.connect_timeout(options.timeout / hosts);
        let name = shown(&config);
        check_schema(&options.schema)?;
        let tls = MakeTls::new(&config, options.authorities.as_deref()).map_err(invalid)?;
        Ok(Self {
            config,
            tls,
            schema: options.schema.clone(),
            name,
            limit: options.timeout,
        })
    }
}

/// A name that needs no quotes and no care.
fn check_schema(schema: &str) -> Result<(), StoreError> {
    let fits = |c: u8| matches!(c, b'_' | b'a'..=b'z' | b'0'..=b'9');
    let begins = schema.starts_with(|c: char| c.is_ascii_lowercase());
    if begins && schema.len() <= 63 && schema.bytes().all(fits) && !schema.starts_with("pg_") {
        return Ok(());
    }
    Err(invalid(format!(
        "schema {schema:?}: expected 1 to 63 of a-z, 0-9 and '_', a letter first, not pg_"
    )))
}

/// The server's process behind a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backend {
    pub(crate) pid: i32,
    /// When it began, in microseconds: numbers of processes come again.
    pub(crate) since: i64,
}

/// A connection, made when it is needed.
pub(crate) struct Link {
    target: Target,
    purpose: Purpose,
    client: Option<(Client, Backend)>,
    /// The process of a connection that was lost. It may still be at work on what it was given.
    former: Option<Backend>,
    /// How often there was a connection.
    made: u64,
    /// How the connection is to hold the store's lock, which keeps a second writer out; none where it is not to.
    lock: Option<Hold>,
    /// What is said then of where the writer is reached.
    advertised: Option<String>,
}

impl Link {
    pub(crate) const fn new(target: Target, purpose: Purpose) -> Self {
        Self {
            target,
            purpose,
            client: None,
            former: None,
            made: 0,
            lock: None,
            advertised: None,
        }
    }

    /// The same, which is refused while another one holds the store's lock, and says where its holder is reached.
    pub(crate) fn alone(mut self, advertised: Option<String>) -> Self {
        self.lock = Some(Hold::Alone);
        self.advertised = advertised;
        self
    }

    /// The same, which is refused while a writer holds the store's lock alone, and keeps such a one out.
    pub(crate) fn among_others(mut self) -> Self {
        self.lock = Some(Hold::Shared);
        self
    }

    /// How often there was a connection: another one may lead to another server.
    pub(crate) const fn made(&self) -> u64 {
        self.made
    }

    pub(crate) const fn target(&self) -> &Target {
        &self.target
    }

    /// Whether there is a connection, as far as is known.
    pub(crate) const fn is_there(&self) -> bool {
        self.client.is_some()
    }

    /// A connection that was alive just now, and no other one of this link's at work behind it.
    pub(crate) fn ready(&mut self) -> Result<&mut Client, StoreError> {
        if self
            .client
            .as_mut()
            .is_some_and(|(client, _)| client.is_closed())
        {
            self.lose();
        }
        if self.client.is_none() {
            let tried = "setting a connection up";
            let target = &self.target;
            let mut client = Client::connect(&target.config, target.tls.clone(), target.limit)
                .map_err(|trouble| told_of_login(trouble, &target.name))?;
            let backend = open::check(&mut client, target, self.purpose)
                .map_err(|fail| told(fail, tried, &target.name))?;
            if let Some(former) = self.former {
                end(&mut client, former, target)?;
                // Whatever comes of the lock.
                self.former = None;
            }
            if let Some(how) = self.lock {
                if let Err(error) = sole::hold(&mut client, target, how) {
                    // Where no answer came, the process may hold the lock, and against us: the next try ends it.
                    if !matches!(error, StoreError::Locked { .. }) {
                        self.former = Some(backend);
                    }
                    return Err(error);
                }
                if let Some(address) = &self.advertised
                    && let Err(trouble) = writer::advertise(&mut client, backend, address)
                {
                    let cut = matches!(trouble, Trouble::Cut { .. });
                    let error = trouble.told(SAYING, &target.name);
                    // What the server refuses costs no lock, and is tried again at the next look. Who opens the store
                    // hears of what does not mend itself, such as a right that is missing.
                    let lasts = self.made == 0 && !matches!(error, StoreError::Io { .. });
                    if cut || lasts {
                        self.former = Some(backend);
                        return Err(error);
                    }
                }
            }
            self.client = Some((client, backend));
            self.made += 1;
        }
        match &mut self.client {
            Some((client, _)) => Ok(client),
            None => Err(io("no connection")),
        }
    }

    /// Makes sure that nothing of a lost connection goes on: also where another writer holds the store's lock by
    /// now, so that it can be told whether that one has written.
    pub(crate) fn settle(&mut self) -> Result<(), StoreError> {
        let ready = self.ready().map(drop);
        match ready {
            Err(StoreError::Locked { .. }) if self.former.is_none() => Ok(()),
            other => other,
        }
    }

    /// Forgets the connection; the next one makes sure that nothing of it goes on.
    pub(crate) fn lose(&mut self) {
        if let Some((client, backend)) = self.client.take() {
            drop(client);
            self.former = Some(backend);
        }
    }

    /// Whether the connection answers, and with it the lock is held; if not, one that does is made. What is said of
    /// where the writer is reached is said anew where somebody changed it. What is wrong with that is given, and is no
    /// error: whoever may write the row could otherwise hide for ever that the lock was lost.
    pub(crate) fn look(&mut self) -> Result<Option<StoreError>, StoreError> {
        self.answers()?;
        let Some(address) = self.advertised.clone() else {
            return Ok(None);
        };
        let said = self.work(|client, backend| {
            writer::advertise_again(client, backend, &address).map_err(Fail::from)
        })?;
        let Err(fail) = said else {
            return Ok(None);
        };
        let cut = matches!(fail, Fail::Server(Trouble::Cut { .. }));
        let trouble = told(fail, SAYING, &self.target.name);
        if cut {
            // The lock went with the connection. Whose it is now, the next one finds.
            self.answers()?;
        }
        Ok(Some(trouble))
    }

    /// One round trip, on another connection where this one was cut.
    fn answers(&mut self) -> Result<(), StoreError> {
        let ask = |client: &mut Client, _: Backend| client.answers(LOOK).map_err(Fail::from);
        let mut done = self.work(ask)?;
        if matches!(done, Err(Fail::Server(Trouble::Cut { .. }))) {
            done = self.work(ask)?;
        }
        let tried = "looking after the writer's connection";
        done.map_err(|fail| told(fail, tried, &self.target.name))
    }

    /// Does something once.
    pub(crate) fn once<T>(
        &mut self,
        tried: &str,
        work: impl FnOnce(&mut Client) -> Answer<T>,
    ) -> Result<T, StoreError> {
        let done = self.work(|client, _| work(client))?;
        done.map_err(|fail| told(fail, tried, &self.target.name))
    }

    /// The connection is taken out meanwhile: where the work panics it is gone, and with it a transaction that was
    /// begun, into which the next append would fall.
    fn work<T>(
        &mut self,
        work: impl FnOnce(&mut Client, Backend) -> Answer<T>,
    ) -> Result<Answer<T>, StoreError> {
        self.ready()?;
        let Some((mut client, backend)) = self.client.take() else {
            return Err(io("no connection"));
        };
        self.former = Some(backend);
        let done = work(&mut client, backend);
        if !matches!(done, Err(Fail::Server(Trouble::Cut { .. }))) {
            self.client = Some((client, backend));
            self.former = None;
        }
        Ok(done)
    }

    /// Does something that changes nothing, and again where the connection was lost meanwhile.
    pub(crate) fn reading<T>(
        &mut self,
        tried: &str,
        mut work: impl FnMut(&mut Client) -> Answer<T>,
    ) -> Result<T, StoreError> {
        let done = self.work(|client, _| work(client))?;
        if !matches!(done, Err(Fail::Server(Trouble::Cut { .. }))) {
            return done.map_err(|fail| told(fail, tried, &self.target.name));
        }
        self.once(tried, work)
    }
}

/// Logs in, and does nothing: for whoever tells a wrong address, role or password from what is done then. Tables need not
/// be there.
///
/// # Errors
///
/// Where the server does not answer or refuses the login, or is one that is not written to.
pub fn log_in(address: &str, options: &Options) -> Result<(), StoreError> {
    let mut link = Link::new(Target::new(address, options)?, Purpose::Own);
    link.ready().map(drop)
}

fn told(fail: Fail, tried: &str, server: &str) -> StoreError {
    match fail {
        Fail::Store(error) => error,
        Fail::Server(trouble) => trouble.told(tried, server),
        Fail::NotDone => io(format!("{tried} in {server}: nothing was done; try again")),
    }
}

/// Why there is no connection. Nothing was written, but the next try may fare better.
fn told_of_login(trouble: Trouble, server: &str) -> StoreError {
    let (Trouble::Cut { what } | Trouble::Said { what, .. }) = trouble;
    io(format!("connecting to {server}: {what}"))
}

/// Ends the process of a lost connection, so that what it was given is either done or never will be.
///
/// Without this, a head could be read while an append that is believed to have failed is still on its
/// way: in a buffer of the network, or waiting for the disk.
fn end(client: &mut Client, former: Backend, target: &Target) -> Result<(), StoreError> {
    let told = |trouble: Trouble| trouble.told("ending a lost connection's work", &target.name);
    let began = Instant::now();
    loop {
        let running = client
            .rows(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE pid = $1 AND (extract(epoch FROM backend_start) * 1000000)::bigint = $2",
                &[&former.pid, &former.since],
            )
            .map_err(told)?;
        if running.is_empty() {
            return Ok(());
        }
        if began.elapsed() > target.limit {
            return Err(io(format!(
                "{}: process {} of a connection that was lost still works on what it was given, so where the log ends cannot be told yet",
                target.name, former.pid
            )));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
