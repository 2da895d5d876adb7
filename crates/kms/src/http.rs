//! Exchanges with a service over HTTP: bounded in time, in tries and in what is read.

use crate::{KmsError, KmsErrorKind, Patience};
use core::time::Duration;
use std::io::Read as _;
use std::sync::Arc;
use std::time::Instant;
use ureq::Agent;
use ureq::http::{HeaderName, HeaderValue, Method, Request, Uri};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use zeroize::Zeroizing;

/// The longest answer that is read, in bytes.
const MAX_ANSWER: usize = 64 << 10;
/// The longest head of an answer.
const MAX_HEAD: usize = 16 << 10;

/// One service at one address.
pub(crate) struct Http {
    agent: Agent,
    patience: Patience,
}

/// What is sent.
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) headers: Vec<(&'static str, Zeroizing<String>)>,
    /// None for a request without a body.
    pub(crate) body: Option<Zeroizing<Vec<u8>>>,
}

/// What came back. Wiped when dropped, since some answers are secrets.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Zeroizing<Vec<u8>>,
    retry_after: Option<Duration>,
}

/// Whether a call may be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// It changes nothing, or the same again.
    Safe,
    /// It makes or destroys something.
    #[cfg_attr(
        not(feature = "vault"),
        allow(dead_code, reason = "AWS is only asked what changes nothing")
    )]
    Never,
}

/// Holds an address to what is taken: https, or http to the loopback; no user, query or fragment.
/// Returns it without a slash at its end.
pub(crate) fn address(text: &str) -> Result<String, KmsError> {
    let wrong = |what: &str| {
        // It may have a password in it.
        let shown = if text.contains('@') { "…" } else { text };
        let what = format!("{what}, found {shown:?}");
        KmsError::new(KmsErrorKind::Settings, "address of a service", what)
    };
    let expected = "expected https://HOST[:PORT][/PATH], or http:// for the loopback alone, without user, query and fragment";
    let uri: Uri = text.parse().map_err(|_| wrong(expected))?;
    let host = uri.host().unwrap_or_default();
    let loopback = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    // By the text: a parser takes capital letters, too, and whoever looks for `https://` later does not.
    let scheme_fits = text.starts_with("https://") || text.starts_with("http://") && loopback;
    if !scheme_fits || host.is_empty() || text.contains(['@', '?', '#']) {
        return Err(wrong(expected));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

impl Http {
    /// A client for an address that was held to [`address`].
    pub(crate) fn new(address: &str, patience: Patience) -> Result<Self, KmsError> {
        let mut config = Agent::config_builder();
        if address.starts_with("https://") {
            config = config.tls_config(tls(address)?);
        }
        let config = config
            .http_status_as_error(false)
            // What is sent to one address is not sent to another because the first one says so.
            .max_redirects(0)
            .max_response_header_size(MAX_HEAD)
            // A library does not look at the environment.
            .proxy(None)
            .user_agent(concat!("ai-audit-kms/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self {
            agent: config.into(),
            patience,
        })
    }

    /// Asks, and where `judge` says of the answer what may pass, or none comes, asks again within the deadline.
    /// `make` makes the request anew for each try: credentials and times in it may have changed.
    pub(crate) fn ask(
        &self,
        place: &str,
        repeat: Repeat,
        make: impl Fn() -> Result<Asked, KmsError>,
        judge: impl Fn(&Reply) -> Result<(), KmsError>,
    ) -> Result<Reply, KmsError> {
        let until = Instant::now().checked_add(self.patience.deadline);
        let left = || {
            // A deadline beyond what can be counted is a day here.
            until.map_or(Duration::from_secs(86_400), |until| {
                until.saturating_duration_since(Instant::now())
            })
        };
        let tries = match repeat {
            Repeat::Safe => self.patience.tries.max(1),
            Repeat::Never => 1,
        };
        let mut pause = self.patience.backoff;
        let mut failed: Option<KmsError> = None;
        for turn in 0..tries {
            if turn > 0 {
                if left() <= pause {
                    break;
                }
                std::thread::sleep(pause);
                pause = pause.saturating_mul(2);
            }
            let limit = left().min(self.patience.timeout);
            if limit.is_zero() {
                break;
            }
            let error = match self.once(place, make()?, limit) {
                Ok(reply) => match judge(&reply) {
                    Ok(()) => return Ok(reply),
                    Err(error) => {
                        pause = pause.max(reply.retry_after.unwrap_or_default());
                        error
                    }
                },
                Err(error) => error,
            };
            if !error.kind().may_pass() {
                return Err(error);
            }
            failed = Some(error);
        }
        let over = left().is_zero();
        match failed {
            Some(error) if !over => Err(error),
            failed => Err(KmsError::new(
                KmsErrorKind::TimedOut,
                place,
                format!(
                    "no usable answer within {} ms{}",
                    self.patience.deadline.as_millis(),
                    failed.map_or_else(String::new, |last| format!("; the last try: {last}"))
                ),
            )),
        }
    }

    fn once(&self, place: &str, asked: Asked, limit: Duration) -> Result<Reply, KmsError> {
        let unusable = |what: String| KmsError::new(KmsErrorKind::Settings, place, what);
        let mut request = Request::builder().method(asked.method).uri(&asked.url);
        for (name, value) in &asked.headers {
            let mut value = HeaderValue::from_str(value)
                .map_err(|_| unusable(format!("header {name} cannot have this value")))?;
            value.set_sensitive(true);
            request = request.header(HeaderName::from_static(name), value);
        }
        let wrong = |_| unusable("no request can be made of this address".into());
        let answer = match asked.body {
            Some(body) => {
                let request = request.body(body.as_slice()).map_err(wrong)?;
                let request = self.agent.configure_request(request);
                self.agent.run(request.timeout_global(Some(limit)).build())
            }
            None => {
                let request = request.body(()).map_err(wrong)?;
                let request = self.agent.configure_request(request);
                self.agent.run(request.timeout_global(Some(limit)).build())
            }
        };
        let mut answer = answer.map_err(|error| failure(&error, place))?;
        let retry_after = answer
            .headers()
            .get("retry-after")
            .and_then(|value| value.to_str().ok()?.parse().ok())
            .map(Duration::from_secs);
        // At once, so that no part of a secret is left behind where a growing one was.
        let mut body = Zeroizing::new(Vec::with_capacity(MAX_ANSWER + 1));
        answer
            .body_mut()
            .as_reader()
            .take(MAX_ANSWER as u64 + 1)
            .read_to_end(&mut body)
            .map_err(|error| failure(&error.into(), place))?;
        if body.len() > MAX_ANSWER {
            let what = "an answer of more than 64 KiB is not read";
            return Err(KmsError::new(KmsErrorKind::Answer, place, what));
        }
        Ok(Reply {
            status: answer.status().as_u16(),
            body,
            retry_after,
        })
    }
}

/// Why no answer came. All of it may pass: a service that is being started anew refuses connections, too.
fn failure(error: &ureq::Error, place: &str) -> KmsError {
    let what = format!("it cannot be reached: {error}");
    KmsError::new(KmsErrorKind::Unavailable, place, what)
}

/// TLS with the certificates of the system.
fn tls(place: &str) -> Result<TlsConfig, KmsError> {
    let found = rustls_native_certs::load_native_certs();
    let certificates: Vec<_> = found
        .certs
        .iter()
        .map(|certificate| Certificate::from_der(certificate).to_owned())
        .collect();
    if certificates.is_empty() {
        let why = found.errors.first().map(ToString::to_string);
        let why = why.map(|why| format!(": {why}")).unwrap_or_default();
        let what = format!("this system has no certificates of authorities{why}");
        return Err(KmsError::new(KmsErrorKind::Settings, place, what));
    }
    Ok(TlsConfig::builder()
        .root_certs(RootCerts::Specific(Arc::new(certificates)))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_https_or_the_loopback() {
        for good in [
            "https://vault.example.org:8200/",
            "https://kms.eu-central-1.amazonaws.com",
            "http://127.0.0.1:8200",
            "http://localhost:8200/prefix/",
            "http://[::1]:8200",
        ] {
            assert_eq!(address(good).unwrap(), good.trim_end_matches('/'));
        }
        for bad in [
            "",
            "vault.example.org",
            "http://vault.example.org",
            "http://127.0.0.1.example.org",
            "http://localhost.example.org",
            "https://user:hunter2@vault.example.org",
            "https://vault.example.org/?token=hunter2",
            "https://vault.example.org/#x",
            "ftp://127.0.0.1",
            "https://",
        ] {
            let error = address(bad).unwrap_err();
            assert_eq!(error.kind(), KmsErrorKind::Settings, "{bad}");
        }
        let error = address("https://user:hunter2@vault.example.org").unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
