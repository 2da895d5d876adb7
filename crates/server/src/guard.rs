//! At the door: who a request is from, and whether he comes too often.

use crate::token::{TokenEntry, find};
use crate::{Access, Problem, TokenFile};
use ai_audit_listen::is_this_machine;
use ai_audit_store::{Clock as _, SystemClock};
use axum::http::{HeaderMap, StatusCode, header};
use core::time::Duration;
use std::collections::HashMap;
use std::fs::Metadata;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

/// How old what is known of the tokens' file may be: a token that is revoked is none so much later.
const FRESH: Duration = Duration::from_millis(200);

/// Lets requests in.
#[derive(Debug)]
pub(crate) struct Guard {
    access: Access,
    rate: Option<u32>,
    known: Mutex<Known>,
    buckets: Mutex<HashMap<String, Bucket>>,
}

/// By what a change of the tokens' file, or of who may read it, is noticed.
type Stamp = (SystemTime, u64, u64);

#[cfg(unix)]
fn stamp(found: Metadata) -> io::Result<Stamp> {
    use std::os::unix::fs::MetadataExt as _;
    Ok((found.modified()?, found.len(), found.mode().into()))
}

#[cfg(not(unix))]
fn stamp(found: Metadata) -> io::Result<Stamp> {
    Ok((found.modified()?, found.len(), 0))
}

/// What is known of the tokens' file.
#[derive(Debug, Default)]
struct Known {
    looked: Option<Instant>,
    stamp: Option<Stamp>,
    entries: Arc<[TokenEntry]>,
    /// Why nobody is let in.
    broken: bool,
}

/// The requests that a token has left, and since when.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl Guard {
    pub(crate) fn new(access: Access, rate: Option<u32>) -> Self {
        Self {
            access,
            rate,
            known: Mutex::default(),
            buckets: Mutex::default(),
        }
    }

    /// The token of a request; none where everybody is let in.
    pub(crate) fn admit(&self, headers: &HeaderMap) -> Result<Option<TokenEntry>, Problem> {
        let file = match &self.access {
            Access::Open => {
                local_host(headers)?;
                self.count("")?;
                return Ok(None);
            }
            Access::Tokens(file) => file,
        };
        let wrong = |detail: &str| Problem::new(StatusCode::UNAUTHORIZED, detail);
        let token = bearer(headers)
            .ok_or_else(|| wrong("expected a header `Authorization: Bearer` with a token"))?;
        let entries = self.entries(file)?;
        let entry = find(&entries, token)
            .filter(|entry| !entry.has_expired(SystemClock.now()))
            .ok_or_else(|| wrong("this token is unknown, was revoked, or has expired"))?;
        self.count(&entry.id)?;
        Ok(Some(entry.clone()))
    }

    fn entries(&self, file: &TokenFile) -> Result<Arc<[TokenEntry]>, Problem> {
        let mut known = lock(&self.known);
        if known.looked.is_none_or(|at| at.elapsed() > FRESH) {
            known.looked = Some(Instant::now());
            let stamp = std::fs::metadata(file.path()).and_then(stamp).ok();
            if known.broken || stamp.is_none() || stamp != known.stamp {
                let read = file.read();
                known.broken = read.is_err();
                known.entries = read.unwrap_or_default().into();
                known.stamp = stamp;
            }
        }
        if known.broken {
            return Err(Problem::later(
                "the tokens cannot be read; `ai-audit token list` says why",
            ));
        }
        Ok(Arc::clone(&known.entries))
    }

    fn count(&self, id: &str) -> Result<(), Problem> {
        let Some(rate) = self.rate else {
            return Ok(());
        };
        let (most, now) = (f64::from(rate), Instant::now());
        let mut buckets = lock(&self.buckets);
        let bucket = buckets.entry(id.to_owned()).or_insert(Bucket {
            left: most,
            at: now,
        });
        let grown = now.duration_since(bucket.at).as_secs_f64() * most;
        bucket.left = (bucket.left + grown).min(most);
        bucket.at = now;
        if bucket.left < 1.0 {
            return Err(Problem::too_fast(rate));
        }
        bucket.left -= 1.0;
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that can panic runs under these locks.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The token of RFC 6750, whose scheme is written as anybody likes.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (value, None) = (values.next()?, values.next()) else {
        return None;
    };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// Where everybody who reaches this address is let in, a web page must not reach it under a name of its
/// own that leads here.
fn local_host(headers: &HeaderMap) -> Result<(), Problem> {
    let Some(host) = headers.get(header::HOST) else {
        return Ok(());
    };
    let host = host.to_str().unwrap_or_default();
    if is_this_machine(host) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        "this service is open to everybody on this machine and answers under localhost alone",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Scope, Token};
    use ai_audit_core::Timestamp;

    fn headers(pairs: &[(header::HeaderName, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name.clone(), value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn only_tokens_of_the_file_are_let_in_and_only_as_long_as_they_are_there() {
        let folder = tempfile::tempdir().unwrap();
        let file = TokenFile::new(folder.path().join("tokens.toml"));
        let token = Token::new().unwrap();
        let entry = token.entry(&[Scope::Read], &[], Timestamp::from_micros(1));
        file.add(entry.clone()).unwrap();
        let guard = Guard::new(Access::Tokens(file.clone()), None);
        let with = |value: &str| guard.admit(&headers(&[(header::AUTHORIZATION, value)]));
        let good = format!("bEARER {}", token.expose());
        assert_eq!(with(&good).unwrap(), Some(entry.clone()));
        for wrong in [
            "",
            "Bearer",
            "Bearer ",
            token.expose(),
            &format!("Basic {}", token.expose()),
            &format!("Bearer {}x", token.expose()),
        ] {
            assert_eq!(with(wrong).unwrap_err().status(), 401, "{wrong}");
        }
        let twice = [
            (header::AUTHORIZATION, good.as_str()),
            (header::AUTHORIZATION, good.as_str()),
        ];
        assert_eq!(guard.admit(&headers(&twice)).unwrap_err().status(), 401);
        file.revoke(&entry.id).unwrap();
        std::thread::sleep(FRESH + Duration::from_millis(50));
        assert_eq!(with(&good).unwrap_err().status(), 401);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            file.add(entry).unwrap();
            std::thread::sleep(FRESH + Duration::from_millis(50));
            assert!(with(&good).is_ok());
            // Others may read it from now on: it lets nobody in.
            let mode = |mode| std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(file.path(), mode(0o644)).unwrap();
            std::thread::sleep(FRESH + Duration::from_millis(50));
            assert_eq!(with(&good).unwrap_err().status(), 503);
            std::fs::set_permissions(file.path(), mode(0o600)).unwrap();
            std::thread::sleep(FRESH + Duration::from_millis(50));
            assert!(with(&good).is_ok());
        }
        std::fs::write(file.path(), "nonsense").unwrap();
        std::thread::sleep(FRESH + Duration::from_millis(50));
        assert_eq!(with(&good).unwrap_err().status(), 503);
    }

    #[test]
    fn an_expired_token_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = TokenFile::new(folder.path().join("tokens.toml"));
        let token = Token::new().unwrap();
        let mut entry = token.entry(&[Scope::Read], &[], Timestamp::from_micros(1));
        entry.expires = Some(Timestamp::from_micros(2));
        file.add(entry).unwrap();
        let guard = Guard::new(Access::Tokens(file), None);
        let good = format!("Bearer {}", token.expose());
        let refused = guard.admit(&headers(&[(header::AUTHORIZATION, &good)]));
        assert_eq!(refused.unwrap_err().status(), 401);
    }

    #[test]
    fn an_open_service_answers_to_names_of_this_machine_alone() {
        let guard = Guard::new(Access::Open, None);
        for host in [
            "localhost:8787",
            "127.0.0.1",
            "127.0.0.1:1",
            "[::1]:8787",
            "LOCALHOST",
        ] {
            assert!(
                guard.admit(&headers(&[(header::HOST, host)])).is_ok(),
                "{host}"
            );
        }
        for host in [
            "example.org",
            "127.0.0.1.example.org",
            "10.0.0.1:80",
            "[::2]",
        ] {
            let refused = guard.admit(&headers(&[(header::HOST, host)]));
            assert_eq!(refused.unwrap_err().status(), 403, "{host}");
        }
    }

    #[test]
    fn a_rate_is_kept() {
        let guard = Guard::new(Access::Open, Some(3));
        let all: Vec<bool> = (0..5)
            .map(|_| guard.admit(&HeaderMap::new()).is_ok())
            .collect();
        assert_eq!(all, [true, true, true, false, false]);
        std::thread::sleep(Duration::from_millis(400));
        assert!(guard.admit(&HeaderMap::new()).is_ok());
    }
}
