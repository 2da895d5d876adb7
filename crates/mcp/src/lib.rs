//! The MCP server: an agent or an auditor asks about evidence.
//!
//! Seven tools read log directories, packages, published logs, receipts files and proofs, and say what
//! they are worth: under which pin they were verified, what failed, what nobody can tell. Nothing is
//! written, nothing is signed, and no key is needed. Paths lead nowhere but below the roots that it is
//! given ([`Roots`]). Tools, answers and limits are in `docs/spec/mcp.md`.
//!
//! # Example
//!
//! ```no_run
//! use ai_audit_mcp::{McpOptions, Roots, run_stdio};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let options = McpOptions {
//!     roots: Roots::new(["evidence".as_ref()])?,
//!     ..McpOptions::default()
//! };
//! run_stdio(options, std::future::pending())?;
//! # Ok(()) }
//! ```

mod answer;
mod explain;
mod options;
mod roots;
mod serve;
mod service;
mod tools;
mod trust;

pub use options::McpOptions;
pub use roots::{MAX_BYTES, RootError, Roots};
pub use serve::{McpError, run_http, run_stdio};
