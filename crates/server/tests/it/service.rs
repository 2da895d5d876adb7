//! A service of a directory of its own, and a client.

use ai_audit_core::{Exit, Question};
use ai_audit_directory::{InitOptions, LogDirectory, REDACTION_POLICY, Settings, Writer, init};
use ai_audit_ingest::Keep;
use ai_audit_intake::Intake;
use ai_audit_pii::Policy;
use ai_audit_server::{
    Access, Scope, ServeError, ServerOptions, Token, TokenEntry, TokenFile, serve,
};
use ai_audit_store::{LogName, SystemClock};
use ai_audit_verify::{Pin, TrustPolicy};
use serde_json::Value;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::thread::JoinHandle;
use tempfile::TempDir;
use tokio::sync::oneshot;

/// A folder with a log directory in `audit`.
pub(crate) struct Place {
    folder: TempDir,
    /// The auditor's.
    pub(crate) key_line: String,
}

/// A service that runs.
pub(crate) struct Service {
    pub(crate) place: Place,
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Result<(), ServeError>>>,
    agent: ureq::Agent,
    pub(crate) token: Option<String>,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) kind: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) retry_after: Option<String>,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        core::str::from_utf8(&self.bytes).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The JSON of an answer that must have this status.
    pub(crate) fn with(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        self.json()
    }

    /// The `detail` of a problem that must have this status.
    pub(crate) fn problem(&self, status: u16) -> String {
        assert_eq!(self.kind, "application/problem+json", "{}", self.text());
        let problem = self.with(status);
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], "about:blank");
        problem["detail"].as_str().unwrap().to_owned()
    }
}

impl Place {
    /// With the redaction policy that the command line begins with.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit");
        let mut options = InitOptions::new("example.org/test");
        let redaction = Policy::default().to_json();
        options.policy.push((REDACTION_POLICY.into(), redaction));
        let log = init(&path, &options, Settings::default(), "test").unwrap();
        Self {
            key_line: log.key_line.to_string(),
            folder,
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("audit")
    }

    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn tokens(&self) -> TokenFile {
        TokenFile::new(self.path().join("tokens.toml"))
    }

    /// Makes a token; its text and what is kept of it.
    pub(crate) fn token(&self, scopes: &[Scope], logs: &[&str]) -> (String, TokenEntry) {
        use ai_audit_store::Clock as _;
        let logs: Vec<LogName> = logs
            .iter()
            .map(|name| LogName::new(name).unwrap())
            .collect();
        let token = Token::new().unwrap();
        let entry = token.entry(scopes, &logs, SystemClock.now());
        self.tokens().add(entry.clone()).unwrap();
        (token.expose().to_owned(), entry)
    }

    pub(crate) fn add_log(&self, name: &str) {
        let options = InitOptions::new("example.org/other");
        let options = InitOptions {
            log: LogName::new(name).unwrap(),
            ..options
        };
        init(&self.path(), &options, Settings::default(), "test").unwrap();
    }

    pub(crate) fn directory(&self) -> LogDirectory {
        LogDirectory::open(&self.path(), Settings::default()).unwrap()
    }

    /// Verifies the default log with what the auditor was given; how many receipts it has.
    pub(crate) fn verify(&self) -> u64 {
        let policy = TrustPolicy::new().pin(Pin::parse(&self.key_line).unwrap());
        let directory = self.directory();
        let log = LogName::default();
        let size = directory.head(&log).unwrap().size();
        let report = directory.verify(&log, &policy.min_size(size)).unwrap();
        assert_eq!(
            report.exit(&Question::DEFAULT),
            Exit::Verified,
            "{report:?}"
        );
        size
    }

    pub(crate) fn open(self) -> Service {
        self.serve(|options| options.access = Access::Open)
    }

    pub(crate) fn serve(self, change: impl FnOnce(&mut ServerOptions)) -> Service {
        self.serve_with(Settings::default(), Keep::default(), change)
    }

    pub(crate) fn serve_with(
        self,
        settings: Settings,
        keep: Keep,
        change: impl FnOnce(&mut ServerOptions),
    ) -> Service {
        let mut options = ServerOptions::new(Access::Tokens(self.tokens()));
        change(&mut options);
        let observer = options
            .telemetry
            .as_ref()
            .map(|telemetry| telemetry.observer());
        let writer = Writer::open_observed(&self.path(), settings, "test", observer).unwrap();
        let intake = Intake::new(writer, keep).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            serve(intake, listener, options, async {
                // A sender that is gone stops it, too.
                let _ = stopped.await;
            })
        });
        Service {
            place: self,
            address,
            stop: Some(stop),
            thread: Some(thread),
            agent: agent(),
            token: None,
        }
    }
}

pub(crate) fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    config.build().new_agent()
}

impl Service {
    /// The same with this token from now on.
    pub(crate) fn with_token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[])
    }

    pub(crate) fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.agent.get(self.url(path));
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request.call().unwrap())
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Answer {
        self.post_as(path, "application/json", body)
    }

    /// Posts bytes with these headers.
    pub(crate) fn post_with(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut request = self.agent.post(self.url(path));
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request.send(body).unwrap())
    }

    pub(crate) fn post_as(&self, path: &str, kind: &str, body: &str) -> Answer {
        let mut request = self.agent.post(self.url(path));
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        answer(request.header("Content-Type", kind).send(body).unwrap())
    }

    /// Seals decisions in the default log.
    pub(crate) fn decide(&self, body: &str) -> Answer {
        self.post("/v1/logs/default/decisions", body)
    }

    /// Ends it in order.
    pub(crate) fn end(mut self) -> Place {
        let _ = self.stop.take().unwrap().send(());
        self.thread.take().unwrap().join().unwrap().unwrap();
        self.place
    }
}

pub(crate) fn answer(mut response: ureq::http::Response<ureq::Body>) -> Answer {
    let header = |name: &str| {
        let value = response.headers().get(name);
        value.map(|value| value.to_str().unwrap().to_owned())
    };
    let (kind, retry_after) = (
        header("content-type").unwrap_or_default(),
        header("retry-after"),
    );
    Answer {
        status: response.status().as_u16(),
        kind,
        retry_after,
        bytes: response.body_mut().read_to_vec().unwrap(),
    }
}

/// An id, the same for the same number.
pub(crate) fn id(number: u8) -> String {
    format!("01a0c450-6fe8-7101-8101-0101010101{number:02x}")
}
