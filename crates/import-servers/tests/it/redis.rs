//! A Redis as a source.

mod amiss;
mod cut;
mod library;
mod logins;
mod modes;
mod server;
