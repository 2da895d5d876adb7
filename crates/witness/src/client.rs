//! Asking one witness over HTTP, as somebody who does not trust it.

mod answer;
mod error;

pub use error::CosignError;

use ai_audit_core::{NodeHash, Timestamp};
use ai_audit_merkle::TreeSize;
use ai_audit_note::{AddCheckpoint, Checkpoint, NoteSignature, PolicyWitness, SignedNote, VKey};
use ai_audit_store::Clock;
use core::fmt;
use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;
use ureq::Agent;
use ureq::http::StatusCode;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// The longest answer that is read, in bytes: a hundred cosignatures and more.
const MAX_ANSWER: u64 = 64 << 10;
/// The longest head of an answer.
const MAX_HEAD: usize = 16 << 10;
/// A cosignature that is further ahead of our clock than this is refused: no verifier would take
/// it before then.
const SKEW: Duration = Duration::from_secs(300);

/// How patient a client is.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// How long one exchange may take, from connecting to the last byte.
    pub timeout: Duration,
    /// How long all exchanges with one witness may take together.
    pub deadline: Duration,
    /// How often an exchange is tried that fails on the way, or for a reason that may pass.
    pub tries: u32,
    /// How long to wait before the second try; twice as long before each further one.
    pub backoff: Duration,
    /// How often a witness may say that it has another size than it was thought to.
    pub rounds: u32,
}

impl Default for ClientOptions {
    /// 10 seconds each and 30 together, three tries from 250 ms on, four rounds.
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            deadline: Duration::from_secs(30),
            tries: 3,
            backoff: Duration::from_millis(250),
            rounds: 4,
        }
    }
}

/// A client of one witness.
pub struct WitnessClient {
    agent: Agent,
    key: VKey,
    prefix: String,
    options: ClientOptions,
}

/// What a witness says that it knows of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// Nothing, or nothing that it tells.
    Nothing,
    /// This checkpoint, which the log signed and the witness cosigned.
    Checkpoint(Checkpoint),
    /// A size, which it says and does not prove.
    Size(TreeSize),
}

/// What came back.
struct Reply {
    status: StatusCode,
    body: Vec<u8>,
}

impl WitnessClient {
    /// A client of a witness with an address.
    ///
    /// # Errors
    ///
    /// [`CosignError::Address`]; [`CosignError::Unreachable`] where the address is https and the
    /// system has no certificates of authorities.
    pub fn new(witness: &PolicyWitness, options: ClientOptions) -> Result<Self, CosignError> {
        let url = witness.url().ok_or(CosignError::Address {
            found: "none".into(),
        })?;
        let text = url.as_str().filter(|text| {
            let rest = text
                .strip_prefix("https://")
                .or_else(|| text.strip_prefix("http://"));
            rest.is_some_and(|host| !host.is_empty() && !text.contains(['?', '#']))
        });
        let prefix = text.ok_or_else(|| CosignError::Address {
            found: url.to_string(),
        })?;
        let mut config = Agent::config_builder();
        if prefix.starts_with("https://") {
            config = config.tls_config(tls()?);
        }
        let config = config
            .http_status_as_error(false)
            // What is sent to one address is not sent to another because the first one says so.
            .max_redirects(0)
            .max_response_header_size(MAX_HEAD)
            // A library does not look at the environment.
            .proxy(None)
            .user_agent(concat!("ai-audit-witness/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self {
            agent: config.into(),
            key: witness.key().clone(),
            prefix: prefix.trim_end_matches('/').into(),
            options,
        })
    }

    /// Asks for a cosignature of a checkpoint, as often as the witness has to be told where to go
    /// on from. `old` is the size that it is thought to have cosigned last, 0 if nobody knows;
    /// `prove` gives the consistency proof from a size to the checkpoint's.
    ///
    /// Returned are the witness's own cosignature lines, verified over this checkpoint; those of
    /// other keys are ignored.
    ///
    /// # Errors
    ///
    /// See [`CosignError`]: what the witness did, or did not do.
    pub fn cosign<E: fmt::Display>(
        &self,
        note: &SignedNote,
        mut old: TreeSize,
        mut prove: impl FnMut(TreeSize) -> Result<Vec<NodeHash>, E>,
        clock: &dyn Clock,
    ) -> Result<(Vec<NoteSignature>, Timestamp), CosignError> {
        let until = self.until();
        let checkpoint = Checkpoint::parse(note.text()).map_err(CosignError::Checkpoint)?;
        let size = checkpoint.size;
        let mut last = old;
        for _ in 0..self.options.rounds.max(1) {
            let proof = match old {
                // Every tree continues the empty one, and one of equal size is the same.
                TreeSize::ZERO => Vec::new(),
                same if same == size => Vec::new(),
                old => prove(old).map_err(|error| CosignError::Proof {
                    old,
                    reason: error.to_string(),
                })?,
            };
            let request = AddCheckpoint {
                old,
                proof,
                checkpoint: note.clone(),
            };
            let reply = self.exchange(until, |agent, timeout| {
                agent
                    .post(format!("{}/add-checkpoint", self.prefix))
                    .config()
                    .timeout_global(Some(timeout))
                    .build()
                    .content_type("text/plain; charset=utf-8")
                    .send(request.to_string())
            })?;
            match reply.status {
                StatusCode::OK => {
                    let latest = later(clock.now(), SKEW);
                    return answer::cosignatures(&reply.body, note, &self.key, latest);
                }
                StatusCode::CONFLICT => last = answer::size(&reply.body)?,
                status => return Err(answer::refusal(status, &reply.body)),
            }
            if last > size {
                return Err(CosignError::Behind { has: last, size });
            }
            if last == old && old == size {
                return Err(CosignError::OtherRoot { size });
            }
            old = last;
        }
        Err(CosignError::Rounds {
            rounds: self.options.rounds.max(1),
            last,
        })
    }

    /// Asks what the witness cosigned last of a log, by the address that our witnesses have for
    /// it. Of a witness without one it is learned only if `ours`, a checkpoint of the log, is sent
    /// to it as if nothing had come before: it then answers with a size, or cosigns what it had
    /// nothing of.
    ///
    /// # Errors
    ///
    /// See [`CosignError`].
    pub fn known(&self, log: &VKey, ours: Option<&SignedNote>) -> Result<Known, CosignError> {
        let until = self.until();
        let digest = crate::origin_digest(log.name());
        let reply = self.exchange(until, |agent, timeout| {
            agent
                .get(format!("{}/checkpoint/{digest}", self.prefix))
                .config()
                .timeout_global(Some(timeout))
                .build()
                .call()
        })?;
        if reply.status == StatusCode::OK {
            let checkpoint = answer::checkpoint(&reply.body, log, &self.key)?;
            return Ok(Known::Checkpoint(checkpoint));
        }
        let Some(ours) = ours else {
            return Ok(Known::Nothing);
        };
        let request = AddCheckpoint {
            old: TreeSize::ZERO,
            proof: Vec::new(),
            checkpoint: ours.clone(),
        };
        let reply = self.exchange(until, |agent, timeout| {
            agent
                .post(format!("{}/add-checkpoint", self.prefix))
                .config()
                .timeout_global(Some(timeout))
                .build()
                .content_type("text/plain; charset=utf-8")
                .send(request.to_string())
        })?;
        match reply.status {
            StatusCode::OK => Ok(Known::Nothing),
            StatusCode::CONFLICT => Ok(Known::Size(answer::size(&reply.body)?)),
            status => Err(answer::refusal(status, &reply.body)),
        }
    }

    /// When all exchanges of one call have to be over.
    fn until(&self) -> Instant {
        let now = Instant::now();
        // A deadline beyond what can be counted is a day here.
        now.checked_add(self.options.deadline)
            .unwrap_or_else(|| now + Duration::from_secs(86_400))
    }

    /// One exchange, tried again while it fails on the way and there is time.
    fn exchange(
        &self,
        until: Instant,
        send: impl Fn(&Agent, Duration) -> Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<Reply, CosignError> {
        let mut pause = self.options.backoff;
        let mut failed = CosignError::TimedOut;
        for turn in 0..self.options.tries.max(1) {
            if turn > 0 {
                let left = until.saturating_duration_since(Instant::now());
                if left <= pause {
                    break;
                }
                std::thread::sleep(pause);
                pause = pause.saturating_mul(2);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let reply = send(&self.agent, left.min(self.options.timeout)).and_then(read);
            match reply {
                Ok(reply) if passes(reply.status) => {
                    failed = answer::refusal(reply.status, &reply.body);
                }
                Ok(reply) => return Ok(reply),
                Err(error) => match answer::failure(error) {
                    failure @ CosignError::TooLong { .. } => return Err(failure),
                    failure => failed = failure,
                },
            }
        }
        Err(failed)
    }
}

/// TLS with the certificates of the system.
fn tls() -> Result<TlsConfig, CosignError> {
    let found = rustls_native_certs::load_native_certs();
    let certificates: Vec<_> = found
        .certs
        .iter()
        .map(|certificate| Certificate::from_der(certificate).to_owned())
        .collect();
    if certificates.is_empty() {
        let why = found.errors.first().map(ToString::to_string);
        return Err(CosignError::Unreachable(format!(
            "this system has no certificates of authorities{}",
            why.map(|why| format!(": {why}")).unwrap_or_default()
        )));
    }
    Ok(TlsConfig::builder()
        .root_certs(RootCerts::Specific(Arc::new(certificates)))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build())
}

/// Whether a status is of the kind that may be gone with the next try.
fn passes(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
}

fn read(mut response: ureq::http::Response<ureq::Body>) -> Result<Reply, ureq::Error> {
    let status = response.status();
    let body = response
        .body_mut()
        .with_config()
        .limit(MAX_ANSWER)
        .read_to_vec()?;
    Ok(Reply { status, body })
}

/// A time so much later, or the last there is.
fn later(time: Timestamp, by: Duration) -> Timestamp {
    let by = u64::try_from(by.as_micros()).unwrap_or(u64::MAX);
    Timestamp::from_micros(time.as_micros().saturating_add(by))
}

impl fmt::Debug for WitnessClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WitnessClient")
            .field("prefix", &self.prefix)
            .field("key", &self.key.to_string())
            .finish_non_exhaustive()
    }
}
