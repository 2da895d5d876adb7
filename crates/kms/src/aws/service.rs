//! Calls to AWS's JSON services, and what their answers mean.

use super::credentials::AwsCredentials;
use super::sigv4::{ToSign, amz_date, authorization};
use crate::credential::said;
use crate::http::{Asked, Http, Repeat, Reply, address};
use crate::{KmsError, KmsErrorKind, Patience};
use ai_audit_core::Timestamp;
use core::fmt;
use serde::Deserialize;
use std::sync::Arc;
use ureq::http::{Method, Uri};
use zeroize::Zeroizing;

/// Which of AWS's services is asked.
#[derive(Clone, Copy)]
pub(super) enum Api {
    Kms,
    SecretsManager,
}

impl Api {
    const fn name(self) -> &'static str {
        match self {
            Self::Kms => "kms",
            Self::SecretsManager => "secretsmanager",
        }
    }

    const fn target(self) -> &'static str {
        match self {
            Self::Kms => "TrentService",
            Self::SecretsManager => "secretsmanager",
        }
    }
}

/// The time now, which is in each signature of a request.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// AWS in one region, asked as one user.
pub struct AwsService {
    region: String,
    endpoint: Option<String>,
    credentials: AwsCredentials,
    patience: Patience,
    clock: Clock,
    http: Http,
}

#[derive(Deserialize)]
struct Failed {
    #[serde(rename = "__type", default)]
    kind: String,
    #[serde(alias = "Message", default)]
    message: String,
}

impl AwsService {
    /// AWS in a region such as `eu-central-1`, at its public addresses. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// When the region cannot be one, or the system has no certificates.
    pub fn new(
        region: &str,
        credentials: AwsCredentials,
        patience: Patience,
        clock: Clock,
    ) -> Result<Self, KmsError> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if region.is_empty() || region.len() > 40 || !region.chars().all(fits) {
            let what = format!("expected a region such as eu-central-1, found {region:?}");
            return Err(KmsError::new(KmsErrorKind::Settings, "AWS", what));
        }
        Ok(Self {
            region: region.into(),
            endpoint: None,
            credentials,
            patience,
            clock,
            http: Http::new("https://", patience)?,
        })
    }

    /// The same at another address, such as that of an endpoint in one's own network.
    ///
    /// # Errors
    ///
    /// When it is not https (or http on the loopback), or has a path.
    pub fn at(self, endpoint: &str) -> Result<Self, KmsError> {
        let endpoint = address(endpoint)?;
        if endpoint.split('/').count() > 3 {
            let what = format!("expected an address without a path, found {endpoint:?}");
            return Err(KmsError::new(KmsErrorKind::Settings, "AWS", what));
        }
        Ok(Self {
            http: Http::new(&endpoint, self.patience)?,
            endpoint: Some(endpoint),
            ..self
        })
    }

    fn address(&self, api: Api) -> String {
        self.endpoint.clone().unwrap_or_else(|| {
            let end = if self.region.starts_with("cn-") {
                ".cn"
            } else {
                ""
            };
            format!("https://{}.{}.amazonaws.com{end}", api.name(), self.region)
        })
    }

    /// Its name in messages.
    pub(super) fn place(&self, api: Api, of: &str) -> String {
        format!("AWS {} in {}, {of}", api.name(), self.region)
    }

    /// Refuses what is an ARN of another region, before anything is sent.
    pub(super) fn check_region(&self, api: Api, name: &str) -> Result<(), KmsError> {
        let region = name
            .strip_prefix("arn:")
            .and_then(|rest| rest.split(':').nth(2));
        match region {
            Some(region) if region != self.region => {
                let what = format!("its ARN is of region {region:?}; nothing was sent");
                Err(KmsError::new(
                    KmsErrorKind::Settings,
                    self.place(api, name),
                    what,
                ))
            }
            _ => Ok(()),
        }
    }

    /// One call. `of` is what it is about, for messages.
    pub(super) fn call(
        &self,
        api: Api,
        action: &str,
        of: &str,
        body: &serde_json::Value,
    ) -> Result<Reply, KmsError> {
        let place = self.place(api, of);
        let url = self.address(api);
        let host = host(&url);
        let target = format!("{}.{action}", api.target());
        let body = body.to_string().into_bytes();
        let make = || {
            let keys = self.credentials.keys(&place)?;
            let date = amz_date((self.clock)());
            let mut headers = vec![
                ("content-type", "application/x-amz-json-1.1"),
                ("x-amz-target", target.as_str()),
            ];
            if let Some(session) = &keys.session {
                headers.push(("x-amz-security-token", session.as_str()));
            }
            let to_sign = ToSign {
                region: &self.region,
                service: api.name(),
                host: &host,
                headers: headers.clone(),
                body: &body,
            };
            let signed = authorization(&to_sign, &keys, &date);
            let mut sent: Vec<(&'static str, Zeroizing<String>)> = headers
                .into_iter()
                .map(|(name, value)| (name, Zeroizing::new(value.to_owned())))
                .collect();
            sent.push(("x-amz-date", Zeroizing::new(date)));
            sent.push(("authorization", Zeroizing::new(signed)));
            Ok(Asked {
                method: Method::POST,
                url: format!("{url}/"),
                headers: sent,
                body: Some(Zeroizing::new(body.clone())),
            })
        };
        // All that is asked changes nothing.
        self.http.ask(&place, Repeat::Safe, make, |reply| {
            self.judge(&place, reply)
        })
    }

    /// Reads an answer. Nothing of what does not fit is shown: it may be a secret.
    pub(super) fn read<'a, T: Deserialize<'a>>(
        place: &str,
        reply: &'a Reply,
    ) -> Result<T, KmsError> {
        serde_json::from_slice(&reply.body).map_err(|error| {
            let what = format!(
                "its answer is not of the form that is expected (line {}, column {})",
                error.line(),
                error.column()
            );
            KmsError::new(KmsErrorKind::Answer, place, what)
        })
    }

    fn judge(&self, place: &str, reply: &Reply) -> Result<(), KmsError> {
        use KmsErrorKind as Kind;
        if reply.status == 200 {
            return Ok(());
        }
        let failed = serde_json::from_slice(&reply.body).unwrap_or(Failed {
            kind: String::new(),
            message: String::new(),
        });
        let name = failed.kind.rsplit('#').next().unwrap_or_default();
        let region = &self.region;
        let (kind, advice) = match name {
            "DisabledException" => (Kind::KeyUnusable, "the key is disabled; enable it".to_owned()),
            "KMSInvalidStateException" => (
                Kind::KeyUnusable,
                "the key is in a state in which it cannot be used, such as to be deleted".into(),
            ),
            "InvalidKeyUsageException" | "UnsupportedOperationException" => (
                Kind::KeyUnusable,
                "the key is not for this: a signing key is ECC_NIST_EDWARDS25519".into(),
            ),
            "NotFoundException" | "ResourceNotFoundException" => (
                Kind::NoSuchKey,
                format!("there is none in region {region}; is it in another one?"),
            ),
            "AccessDeniedException" => {
                (Kind::Denied, "the policies of user and key do not permit it".into())
            }
            "UnrecognizedClientException" | "InvalidClientTokenId" | "ExpiredTokenException"
            | "ExpiredToken" | "InvalidSignatureException" | "SignatureDoesNotMatch"
            | "IncompleteSignature" | "IncompleteSignatureException"
            | "MissingAuthenticationToken" | "MissingAuthenticationTokenException"
            | "RequestExpired" => (
                Kind::Credentials,
                "it does not take the credentials, they have expired, or this machine's clock is wrong".into(),
            ),
            "ThrottlingException" | "Throttling" | "TooManyRequestsException"
            | "LimitExceededException" | "RequestLimitExceeded" => {
                (Kind::Throttled, "too many requests".into())
            }
            "IncorrectKeyException" | "InvalidCiphertextException" | "DecryptionFailure" => (
                Kind::Refused,
                "what was encrypted does not open with this key and this encryption context".into(),
            ),
            "KMSInternalException" | "DependencyTimeoutException" | "KeyUnavailableException"
            | "InternalServiceError" | "InternalFailure" | "ServiceUnavailable"
            | "ServiceUnavailableException" => (Kind::Unavailable, "an error of its own".into()),
            _ => match reply.status {
                429 => (Kind::Throttled, "too many requests".into()),
                500..=599 => (Kind::Unavailable, "an error of its own".into()),
                403 => (Kind::Denied, "it refused".into()),
                _ => (Kind::Refused, "it refused".into()),
            },
        };
        // Whatever answers there got these a moment ago and could say them again.
        let keys = self.credentials.keys(place)?;
        let session = keys.session.as_deref().map_or("", String::as_str);
        let secrets = [keys.secret.as_str(), session];
        let name = said(name, &secrets);
        let text = said(&failed.message, &secrets);
        let what = format!("{advice} (status {}, {name}: {text})", reply.status);
        Err(KmsError::new(kind, place, what))
    }
}

/// What the client sends as `host` for an address.
fn host(url: &str) -> String {
    let uri: Option<Uri> = url.parse().ok();
    let host = uri.as_ref().and_then(Uri::host).unwrap_or_default();
    let usual = if url.starts_with("https://") { 443 } else { 80 };
    match uri.as_ref().and_then(Uri::port_u16) {
        Some(port) if port != usual => format!("{host}:{port}"),
        _ => host.to_owned(),
    }
}

impl fmt::Debug for AwsService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsService")
            .field("region", &self.region)
            .field("endpoint", &self.endpoint)
            .field("credentials", &self.credentials)
            .finish_non_exhaustive()
    }
}
