//! A proxy in front of a model's API: what is asked is in the log before it goes out, and what came of it
//! is recorded whatever happened.
//!
//! [`serve`] forwards requests to one [`Upstream`] and its answers back, bytes unchanged in both directions,
//! streams as they come. Before a request goes out, its intent is durable. When the answer ended, was cut or
//! never came, the outcome is sealed, and for the known shapes (OpenAI's chat completions, responses and
//! embeddings, Anthropic's messages) the model's decision and the tool calls that it asks for. What becomes
//! what, the limits, and what happens when the log fails is in `docs/spec/proxies.md`. Credentials pass; they
//! are in no receipt, log or message.
//!
//! # Example
//!
//! ```no_run
//! use ai_audit_directory::{Settings, Writer};
//! use ai_audit_ingest::Keep;
//! use ai_audit_intake::Intake;
//! use ai_audit_proxy::{ProxyOptions, Upstream, serve};
//! use ai_audit_store::LogName;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let writer = Writer::open("audit".as_ref(), Settings::default(), "my-app")?;
//! let intake = Intake::new(writer, Keep::default())?;
//! let listener = std::net::TcpListener::bind("127.0.0.1:8788")?;
//! let upstream = Upstream::parse("https://api.openai.com")?;
//! let options = ProxyOptions::new(LogName::default());
//! let counts = serve(intake, listener, upstream, options, std::future::pending())?;
//! println!("{} calls", counts.forwarded);
//! # Ok(()) }
//! ```

mod body;
mod call;
mod copy;
mod counts;
mod decode;
mod forms;
mod forward;
mod headers;
mod intent;
mod json;
mod options;
mod outcome;
mod serve;
mod shared;
mod sse;
mod tap;
mod upstream;
mod wishes;

pub use ai_audit_listen::Troubles;
pub use counts::Counts;
pub use options::{FailMode, ProxyOptions};
pub use serve::{ProxyError, check, serve};
pub use upstream::Upstream;
