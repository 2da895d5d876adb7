//! The MCP proxy: it stands between a client of the Model Context Protocol and a server.
//!
//! Messages pass byte for byte. Each `tools/call` has a tool intent in the log, durable before it is
//! forwarded, and a tool outcome, durable before the client has the answer. A contract, and the log's own
//! rules about approvals, can refuse one. What two parsers could read in two ways is not forwarded
//! ([`message`]). The rules are in `docs/spec/proxies.md`.
//!
//! # Example
//!
//! ```no_run
//! use ai_audit_directory::{Settings, Writer};
//! use ai_audit_ingest::Keep;
//! use ai_audit_intake::Intake;
//! use ai_audit_mcp_proxy::{ProxyOptions, run_stdio};
//! use ai_audit_store::LogName;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let writer = Writer::open("audit".as_ref(), Settings::default(), "my-app")?;
//! let intake = Intake::new(writer, Keep::default())?;
//! let command = ["npx".into(), "@modelcontextprotocol/server-everything".into()];
//! let never = std::future::pending();
//! let ended = run_stdio(intake, LogName::default(), &command, ProxyOptions::default(), never)?;
//! println!("{}", ended.counted);
//! # Ok(()) }
//! ```

mod approvals;
mod counts;
mod error;
mod gate;
mod http;
mod lines;
pub mod message;
mod options;
mod rules;
mod session;
mod stdio;
mod waiting;

pub use counts::Counts;
pub use error::{GateError, ProxyError};
pub use http::run_http;
pub use options::{Fail, ProxyOptions, Warn};
pub use session::MAX_OPEN_REQUESTS;
pub use stdio::run_stdio;

use ai_audit_core::ReceiptId;
use ai_audit_directory::OsRandom;
use ai_audit_store::{Clock as _, Random as _, SystemClock};
use std::process::ExitStatus;

/// What came of it all.
#[derive(Debug)]
pub struct Ended {
    /// How the server ended, where it was a process.
    pub status: Option<ExitStatus>,
    /// What passed and what did not, in one line.
    pub counted: String,
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
}

/// A name for a session, which nobody else gave one.
fn new_session() -> String {
    let mut random = [0; 10];
    // Without randomness no intent gets an id either, and nothing is forwarded.
    let _ = OsRandom.fill(&mut random);
    ReceiptId::from_parts(SystemClock.now(), random).to_string()
}
