//! Where a Vault is, who asks it, and what its answers mean.

use crate::credential::said;
use crate::http::{Asked, Http, Repeat, Reply, address};
use crate::{Credential, KmsError, KmsErrorKind, Patience};
use core::fmt;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use ureq::http::Method;
use zeroize::Zeroizing;

/// A Vault or OpenBao, and the token with which it is asked.
pub struct VaultAccess {
    address: String,
    namespace: Option<String>,
    token: Credential,
    http: Http,
}

#[derive(Deserialize)]
struct Errors {
    #[serde(default)]
    errors: Vec<String>,
}

/// What answers are in.
#[derive(Deserialize)]
struct Enveloped<T> {
    data: T,
}

impl VaultAccess {
    /// Access to a Vault at an address such as `https://vault.example.org:8200`. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// When the address is not https (or http on the loopback), or the system has no certificates.
    pub fn new(at: &str, token: Credential, patience: Patience) -> Result<Self, KmsError> {
        let address = address(at)?;
        let http = Http::new(&address, patience)?;
        Ok(Self {
            address,
            namespace: None,
            token,
            http,
        })
    }

    /// The same in a namespace.
    #[must_use]
    pub fn in_namespace(self, namespace: impl Into<String>) -> Self {
        Self {
            namespace: Some(namespace.into()),
            ..self
        }
    }

    /// Its name in messages.
    pub(super) fn place(&self, path: &str) -> String {
        format!("Vault {}, {path}", self.address)
    }

    /// Asks for one path and reads the `data` of the answer.
    pub(super) fn ask<T: DeserializeOwned>(
        &self,
        path: &str,
        repeat: Repeat,
        method: &Method,
        body: Option<&Zeroizing<Vec<u8>>>,
    ) -> Result<T, KmsError> {
        let reply = self.exchange(path, repeat, method, body)?;
        let enveloped: Enveloped<T> = self.read(path, &reply)?;
        Ok(enveloped.data)
    }

    /// Reads an answer. Nothing of what does not fit is shown: it may be a secret.
    pub(super) fn read<'a, T: Deserialize<'a>>(
        &self,
        path: &str,
        reply: &'a Reply,
    ) -> Result<T, KmsError> {
        serde_json::from_slice(&reply.body).map_err(|error| {
            let what = format!(
                "its answer is not of the form that is expected (line {}, column {})",
                error.line(),
                error.column()
            );
            KmsError::new(KmsErrorKind::Answer, self.place(path), what)
        })
    }

    pub(super) fn exchange(
        &self,
        path: &str,
        repeat: Repeat,
        method: &Method,
        body: Option<&Zeroizing<Vec<u8>>>,
    ) -> Result<Reply, KmsError> {
        let place = self.place(path);
        let make = || {
            let token = self.token.reveal(&place)?;
            let mut headers = vec![
                ("x-vault-token", token),
                ("x-vault-request", Zeroizing::new("true".to_owned())),
            ];
            if let Some(namespace) = &self.namespace {
                headers.push(("x-vault-namespace", Zeroizing::new(namespace.clone())));
            }
            if body.is_some() {
                let json = Zeroizing::new("application/json".to_owned());
                headers.push(("content-type", json));
            }
            Ok(Asked {
                method: method.clone(),
                url: format!("{}/v1/{path}", self.address),
                headers,
                body: body.cloned(),
            })
        };
        self.http
            .ask(&place, repeat, make, |reply| self.judge(&place, reply))
    }

    fn judge(&self, place: &str, reply: &Reply) -> Result<(), KmsError> {
        use KmsErrorKind as Kind;
        let errors = serde_json::from_slice::<Errors>(&reply.body)
            .map(|errors| errors.errors.join("; "))
            .unwrap_or_default();
        let has = |text: &str| errors.contains(text);
        let (kind, advice) = match reply.status {
            200 | 204 => return Ok(()),
            403 if has("invalid token") || has("bad token") => (
                Kind::Credentials,
                "it does not know the token, or it has expired; get a new one",
            ),
            401 => (Kind::Credentials, "it wants a token"),
            403 => (
                Kind::Denied,
                "the token may not do this; its policy needs this path (or the token has expired)",
            ),
            // Where something may be and is not, it says nothing more. Otherwise there is no engine: taking that
            // for an engine without keys would say that they are lost.
            404 if !errors.is_empty() => (
                Kind::Settings,
                "there is no engine at this path; is its mount right, and enabled?",
            ),
            404 => (Kind::NoSuchKey, "there is nothing at this path"),
            400 if has("not found") => (Kind::NoSuchKey, "there is no key of this name"),
            // OpenBao answers with 500, which asking again would not change.
            400 | 500 if has("requested version") => (
                Kind::KeyUnusable,
                "there is no such version of the key, or it may not be used any more",
            ),
            400 if has("not support") || has("unsupported") => {
                (Kind::KeyUnusable, "the key is of another type")
            }
            429 => (Kind::Throttled, "too many requests"),
            // A replica that is behind, one that stands by, or a balancer that reaches none.
            408 | 412 | 425 | 472 | 473 => (Kind::Unavailable, "it cannot answer now"),
            503 if has("sealed") => (Kind::Unavailable, "it is sealed; somebody has to unseal it"),
            500..=599 => (Kind::Unavailable, "an error of its own"),
            300..=399 => (
                Kind::Settings,
                "it points elsewhere, which is not followed: give the address of the active node",
            ),
            _ => (Kind::Refused, "it refused"),
        };
        // Whatever answers there got the token a moment ago and could say it again.
        let token = self.token.reveal(place)?;
        let said = said(&errors, &[&token]);
        let said = if said.is_empty() {
            String::new()
        } else {
            format!(", it said: {said}")
        };
        let what = format!("{advice} (status {}{said})", reply.status);
        Err(KmsError::new(kind, place, what))
    }
}

/// Holds a part of a path to letters, digits and `-_.`, so that it cannot become another path; with
/// slashes where those are its own.
pub(super) fn part<'a>(what: &str, text: &'a str, slashes: bool) -> Result<&'a str, KmsError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let good = |part: &str| {
        !part.is_empty() && part.chars().all(fits) && !part.trim_matches('.').is_empty()
    };
    let all_good = if slashes {
        text.split('/').all(good)
    } else {
        good(text)
    };
    if all_good {
        return Ok(text);
    }
    let what = format!("expected a {what} of letters, digits and -_., found {text:?}");
    Err(KmsError::new(KmsErrorKind::Settings, "Vault", what))
}

impl fmt::Debug for VaultAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VaultAccess")
            .field("address", &self.address)
            .field("namespace", &self.namespace)
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_become_other_paths() {
        for good in ["transit", "receipt-key", "a.b_c"] {
            assert_eq!(part("mount", good, false).unwrap(), good);
        }
        assert!(part("path", "ai-audit/signing-key", true).is_ok());
        for bad in ["", "a/b", "..", "a?b", "a b", "é", "a%2fb", "a#b"] {
            assert!(part("mount", bad, false).is_err(), "{bad}");
        }
        for bad in ["", "/a", "a//b", "a/../b", "a/", "a/./b"] {
            assert!(part("path", bad, true).is_err(), "{bad}");
        }
    }
}
