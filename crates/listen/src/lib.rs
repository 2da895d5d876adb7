//! Connections of an HTTP service: what every program of ours that listens does in the same way.
//!
//! [`serve`] takes connections from a listener, no more at once than it may, gives them up where a client
//! is too slow, and ends in order when it is told to: no new connections, and time for the answers that
//! are under way. With the feature `tls` it speaks TLS (`TlsFiles`). What is answered is the
//! business of the service that it is given, of hyper's or of axum's make.
//!
//! # Example
//!
//! ```no_run
//! use ai_audit_listen::{Options, serve};
//! use hyper::{Request, Response, body::Incoming, service::service_fn};
//! # async fn run() -> std::io::Result<()> {
//! let listener = std::net::TcpListener::bind("127.0.0.1:8787")?;
//! let service = service_fn(async |_: Request<Incoming>| {
//!     Ok::<_, std::convert::Infallible>(Response::new("hello".to_owned()))
//! });
//! let forever = std::future::pending();
//! serve(listener, Options::default(), service, forever).await
//! # }
//! ```

mod connections;
mod hop;
mod local;
mod patience;
#[cfg(feature = "tls")]
mod tls;
mod troubles;

pub use connections::{Options, serve};
pub use hop::end_to_end;
pub use local::is_this_machine;
pub use patience::{Patience, Patient, given_up};
#[cfg(feature = "tls")]
pub use tls::{TlsError, TlsFiles};
pub use troubles::Troubles;
