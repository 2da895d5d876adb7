//! A tower layer that records what an HTTP service does.
//!
//! [`AuditLayer`] stands around a service. For each request the caller's [`Audit`] says what goes into
//! the log: a decision that the response states, or an intent before the service is called and its
//! outcome afterwards. An intent is durable before the service sees the request, a decision
//! before the response leaves, and an outcome as well where it can be recorded at all. Bodies are not touched, in neither direction: they stream as they did,
//! and nothing of them is recorded that [`Audit`] does not take from somewhere else.
//!
//! # What cannot be recorded
//!
//! - An intent: the service is not called, and the client gets 503 with `Retry-After`.
//! - A decision: it does not leave; the client gets 500. The service has run, so nothing says that the
//!   request may be sent again.
//! - An outcome: the service has done what it was asked for, so its own response leaves; an answer that
//!   said otherwise would have it done twice. An outcome that is refused, for a text that is too long
//!   or a status that there is not, is recorded as `unknown` without texts. Where the log
//!   takes nothing at all the intent stays open, and every verification lists it.
//!
//! Where a request ends in between, because the client went away or the service panicked, the outcome says
//! that it is unknown.
//!
//! # Example
//!
//! ```
//! use ai_audit_directory::{InitOptions, Settings, Writer, init};
//! use ai_audit_ingest::Keep;
//! use ai_audit_intake::Intake;
//! use ai_audit_tower::{AuditLayer, decisions};
//! use http::{Request, Response};
//! use serde_json::json;
//! use std::convert::Infallible;
//! use std::sync::Arc;
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("audit");
//! let log = init(&path, &InitOptions::new("example.org/loans"), Settings::default(), "my-app")?;
//! let writer = Writer::open(&path, Settings::default(), "my-app")?;
//! let intake = Arc::new(Intake::new(writer, Keep::default())?);
//!
//! let audit = decisions(|request, response| {
//!     let action = response.headers.get("x-decision")?.to_str().ok()?;
//!     Some(json!({"action": action, "operation": request.uri.path()}))
//! });
//! let service = ServiceBuilder::new()
//!     .layer(AuditLayer::new(Arc::clone(&intake), log.log.clone(), audit))
//!     .service(service_fn(async |_: Request<String>| {
//!         let response = Response::builder().header("x-decision", "reject");
//!         Ok::<_, Infallible>(response.body("no".to_string()).unwrap_or_default())
//!     }));
//! let response = service.oneshot(Request::get("/loans/7").body(String::new())?).await?;
//! assert_eq!(response.into_body(), "no"); // and the decision is durable
//! assert_eq!(intake.reading().head(&log.log)?.size(), 5);
//! # Ok(()) }
//! ```

mod audit;
mod call;
mod layer;
mod recorder;

pub use audit::{Answer, Audit, Intent, Outcome, Step, decisions};
pub use layer::{AuditLayer, AuditService};
