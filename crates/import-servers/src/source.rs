//! A server that is read: which one an address names, and what all of them answer.

use std::fmt;
use std::ops::ControlFlow;

use crate::{Found, Options, ServerError};

/// Takes one record after the other, and says when it wants no more.
pub(crate) type Each<'a> = dyn FnMut(&str) -> ControlFlow<()> + 'a;

/// What is done alike with every kind of server.
pub(crate) trait Server {
    fn name(&self) -> &str;
    fn form(&self) -> &'static str;
    fn tenants(&mut self) -> Result<Vec<(String, u64)>, ServerError>;
    /// All that was found but the number of records.
    fn records(&mut self, tenant: Option<&str>, each: &mut Each<'_>) -> Result<Found, ServerError>;
}

/// Whether there is no record in a value. Readers of lines skip such a one, so it must not be handed on.
#[cfg(any(feature = "redis", feature = "postgres"))]
pub(crate) fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

/// A Redis or PostgreSQL with records of the Python library, open to be read.
///
/// It blocks the thread that calls it, and must not be used inside of an asynchronous runtime.
pub struct Source(Box<dyn Server>);

impl Source {
    /// Connects to what `url` names: `redis://[user[:password]@]host[:port][/database]`, `rediss://` for TLS,
    /// `redis+unix:///path/to/socket`; or `postgres://[user[:password]@]host[:port]/database[?sslmode=require]`.
    ///
    /// Without `sslmode` PostgreSQL is asked for TLS, and spoken to without where it has none. Where there is
    /// TLS, the server's certificate must hold.
    ///
    /// # Errors
    /// Where the address is wrong, nobody answers there, or it is not the server that was expected.
    pub fn open(url: &str, options: &Options) -> Result<Self, ServerError> {
        let Some((scheme, rest)) = url.split_once("://") else {
            return Err(ServerError::Address(
                "it must start with redis://, rediss://, redis+unix:// or postgres://".into(),
            ));
        };
        if options.timeout.is_zero() {
            return Err(ServerError::Address(
                "the time for an answer must not be zero".into(),
            ));
        }
        // A slash in a password would make the host out of the user, and the rest would be shown.
        let path = rest.split_once('/').map_or("", |(_, path)| path);
        if path
            .split('?')
            .next()
            .is_some_and(|path| path.contains('@'))
        {
            return Err(ServerError::Address(
                "an @ behind the first /; write the characters / @ : ? # in a user or password as %2F %40 %3A \
                 %3F %23"
                    .into(),
            ));
        }
        match scheme {
            "redis" | "rediss" | "redis+unix" | "valkey" | "valkeys" | "valkey+unix" => {
                redis(url, options)
            }
            "postgres" | "postgresql" => postgres(url, options),
            _ => Err(ServerError::Address(
                "no such kind of server; there are redis://, rediss://, redis+unix:// and postgres://"
                    .into(),
            )),
        }
        .map(Self)
    }

    /// The address without user, password and parameters, such as `redis://localhost:6379/0`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.name()
    }

    /// `redis` or `postgres`.
    #[must_use]
    pub fn form(&self) -> &'static str {
        self.0.form()
    }

    /// Who has records there, and how many, by name. Of PostgreSQL receipts and batch seals count alike.
    ///
    /// Redis has no list of them: every record is read once, and [`Source::records`] then hands on those
    /// that were there now.
    ///
    /// # Errors
    /// Where the server cannot be read.
    pub fn tenants(&mut self) -> Result<Vec<(String, u64)>, ServerError> {
        self.0.tenants()
    }

    /// Hands on every record, or those of one tenant: its JSON text as the server has it, in the order of
    /// their times, then of their ids; in PostgreSQL the batch seals behind the receipts. Records that
    /// cannot be read as a receipt are handed on like any other; they come last in Redis.
    /// Empty values are not: they are [remarked](crate::RemarkKind::Blank).
    ///
    /// Texts are held one at a time, or a few of them; of Redis also every key, time, id and the members
    /// of all indexes, some hundred bytes a receipt.
    ///
    /// # Errors
    /// Those of `each`, which ends it; and where the server cannot be read to the end: what was handed on
    /// until then is not all.
    pub fn records<E, F>(&mut self, tenant: Option<&str>, mut each: F) -> Result<Found, E>
    where
        E: From<ServerError>,
        F: FnMut(&str) -> Result<(), E>,
    {
        let mut stopped = None;
        let mut records = 0;
        let mut take = |json: &str| match each(json) {
            Ok(()) => {
                records += 1;
                ControlFlow::Continue(())
            }
            Err(error) => {
                stopped = Some(error);
                ControlFlow::Break(())
            }
        };
        let found = self.0.records(tenant, &mut take);
        if let Some(error) = stopped {
            return Err(error);
        }
        let found = found.map_err(|error| error.after(records))?;
        Ok(Found { records, ..found })
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Source").field(&self.name()).finish()
    }
}

#[cfg(feature = "redis")]
fn redis(url: &str, options: &Options) -> Result<Box<dyn Server>, ServerError> {
    Ok(Box::new(crate::redis::Redis::open(url, options)?))
}

#[cfg(not(feature = "redis"))]
fn redis(_: &str, _: &Options) -> Result<Box<dyn Server>, ServerError> {
    Err(ServerError::NotBuilt { feature: "redis" })
}

#[cfg(feature = "postgres")]
fn postgres(url: &str, options: &Options) -> Result<Box<dyn Server>, ServerError> {
    Ok(Box::new(crate::postgres::Postgres::open(url, options)?))
}

#[cfg(not(feature = "postgres"))]
fn postgres(_: &str, _: &Options) -> Result<Box<dyn Server>, ServerError> {
    Err(ServerError::NotBuilt {
        feature: "postgres",
    })
}
