//! The service: a log directory over HTTP.
//!
//! [`serve`] is the one writer of a directory and answers requests: appends are answered when they are
//! durable, a record that gives its receipt's id is sealed once however often it is sent, and what was
//! acknowledged survives however the process ends. Who may do what is said by tokens, of which the
//! directory keeps hashes ([`TokenFile`]). The routes, their forms and their limits are in
//! `docs/spec/service.md`, and in the OpenAPI document that the service gives at `/openapi.json`.
//!
//! Where several instances have one store, one of them is the writer. [`forward`] is for the others: it hands the writer
//! what they are sent (`docs/spec/routing.md`). Or each of them writes to the logs whose lease it holds: that is [`share`].
//!
//! # Example
//!
//! ```no_run
//! use ai_audit_directory::{Settings, Writer};
//! use ai_audit_ingest::Keep;
//! use ai_audit_intake::Intake;
//! use ai_audit_server::{Access, ServerOptions, serve};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let writer = Writer::open("audit".as_ref(), Settings::default(), "my-app")?;
//! let intake = Intake::new(writer, Keep::default())?;
//! let listener = std::net::TcpListener::bind("127.0.0.1:8787")?;
//! let forever = std::future::pending();
//! serve(intake, listener, ServerOptions::new(Access::Open), forever)?;
//! # Ok(()) }
//! ```

mod body;
mod console;
mod counts;
mod figures;
pub mod forms;
mod forward;
mod guard;
mod left_out;
mod lost;
mod moving;
mod openapi;
mod options;
mod peers;
mod place;
mod problem;
mod query;
mod readiness;
mod routes;
mod serve;
mod shared;
mod sharing;
mod token;
mod token_file;
mod troubles;
mod watch;

pub use ai_audit_listen::{TlsError, TlsFiles, Troubles};
pub use forward::{Routing, forward};
pub use options::{Access, ServerOptions};
pub use peers::{Peer, PeerCertificate, PeerError};
pub use problem::Problem;
pub use serve::{ServeError, serve, share};
pub use sharing::Sharing;
pub use token::{Scope, Token, TokenEntry};
pub use token_file::{TokenFile, TokenFileError};
