//! What every client of PostgreSQL here has in common: TLS by rustls that always verifies the server's
//! certificate, and addresses and errors that can be shown.
//!
//! ```
//! use ai_audit_postgres_link::{MakeTls, shown, verified};
//!
//! let address = "postgres://audit:secret@db.example.org/audit?sslmode=verify-full";
//! let config: tokio_postgres::Config = verified(address).parse()?;
//! assert_eq!(shown(&config), "postgres://db.example.org:5432/audit");
//! let tls = MakeTls::new(&config, None)?; // for `config.connect(tls)`
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod address;
mod tls;

pub use address::{reason, shown, verified};
pub use tls::{Connect, MakeTls, TlsStream};
