//! What all servers of these tests need: a port, a wait, certificates, records to write.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::Child;
use std::time::{Duration, Instant};

use ai_audit_import_servers::{Found, Options, RemarkKind, ServerError, Source};

/// Longest time in which a server starts.
const START: Duration = Duration::from_secs(60);

/// A port of the loopback that nobody has at the moment.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// Waits until something listens there; false where the program ended instead, as it does when somebody
/// took the port meanwhile.
pub(crate) fn is_up(child: &mut Child, port: u16) -> bool {
    let start = Instant::now();
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        assert!(start.elapsed() < START, "the server does not start");
        std::thread::sleep(Duration::from_millis(20));
    }
    true
}

/// Options with little patience.
pub(crate) fn options() -> Options {
    Options {
        timeout: Duration::from_secs(20),
        ..Options::default()
    }
}

pub(crate) fn open(url: &str) -> Source {
    Source::open(url, &options()).unwrap()
}

pub(crate) fn refused(url: &str) -> ServerError {
    Source::open(url, &options()).unwrap_err()
}

/// All records of a tenant, or of all.
pub(crate) fn all(source: &mut Source, tenant: Option<&str>) -> (Vec<String>, Found) {
    let mut records = Vec::new();
    let found = source
        .records(tenant, |json| {
            records.push(json.to_string());
            Ok::<(), ServerError>(())
        })
        .unwrap();
    assert_eq!(found.records, records.len() as u64);
    (records, found)
}

/// Kinds, tenants, counts and examples of what was remarked.
pub(crate) fn remarks(found: &Found) -> Vec<(RemarkKind, Option<&str>, u64, Vec<&str>)> {
    let remarks = found.remarks.iter();
    remarks
        .map(|remark| {
            let examples = remark.examples.iter().map(String::as_str).collect();
            (
                remark.kind,
                remark.tenant.as_deref(),
                remark.count,
                examples,
            )
        })
        .collect()
}

/// A receipt as far as a server's layout has to do with it.
#[derive(Clone)]
pub(crate) struct Receipt {
    pub(crate) tenant: &'static str,
    pub(crate) id: String,
    /// Seconds of its minute.
    pub(crate) at: f64,
    pub(crate) session: &'static str,
    pub(crate) trace: &'static str,
}

impl Receipt {
    pub(crate) fn new(tenant: &'static str, id: impl Into<String>, at: f64) -> Self {
        Self {
            tenant,
            id: id.into(),
            at,
            session: "",
            trace: "",
        }
    }

    #[cfg(feature = "redis")]
    pub(crate) fn within(self, session: &'static str, trace: &'static str) -> Self {
        Self {
            session,
            trace,
            ..self
        }
    }

    pub(crate) fn timestamp(&self) -> String {
        // Whole seconds have no fraction, as the library writes them.
        let text = format!("2026-03-01T10:00:{:09.6}Z", self.at);
        text.replace(".000000Z", "Z")
    }

    pub(crate) fn hash(&self) -> String {
        format!("hash of {}", self.id)
    }

    pub(crate) fn json(&self) -> String {
        serde_json::json!({
            "receipt_id": self.id, "timestamp": self.timestamp(), "tenant_id": self.tenant,
            "session_id": self.session, "trace_id": self.trace, "receipt_hash": self.hash(),
            "checks": [{"name": "a \"quoted\" \\ name", "score": 1.0, "detail": {"é": "\u{1f600}"}}],
        })
        .to_string()
    }
}

/// An authority's certificate, and the certificate and key of `localhost` by it, in PEM.
pub(crate) fn certificates() -> [String; 3] {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap();
    let issuer = Issuer::new(params, key);
    let own = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".into()]).unwrap();
    let certificate = params.signed_by(&own, &issuer).unwrap();
    [authority.pem(), certificate.pem(), own.serialize_pem()]
}
