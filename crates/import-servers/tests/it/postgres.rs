//! A PostgreSQL as a source.

mod library;
mod logins;
mod refusals;
mod server;
mod tables;
