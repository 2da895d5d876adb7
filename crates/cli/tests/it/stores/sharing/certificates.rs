//! TLS between instances that share the logs, where certificates are asked for.

use super::super::routing::{BODY, DIRECTORIES, Fleet, killed};
use super::super::standby::LONG;
use super::{ENDLESS, LOGS, decisions, fleet, holder};
use crate::run::{clean, program};
use crate::serve::{Serving, send};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// A certificate and its key, as PEM.
    fn issue(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

/// A client that trusts an authority and may show a certificate.
fn caller(authority: &Authority, shown: Option<(String, String)>) -> ureq::Agent {
    let root = Certificate::from_pem(authority.0.pem().as_bytes()).unwrap();
    let shown = shown.map(|(certificate, key)| {
        let chain = [Certificate::from_pem(certificate.as_bytes()).unwrap()];
        ClientCert::new_with_certs(&chain, PrivateKey::from_pem(key.as_bytes()).unwrap())
    });
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(&[root]))
        .client_cert(shown)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build();
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    config.tls_config(tls).build().new_agent()
}

fn start(fleet: &Fleet, which: usize) -> Serving {
    let own = &fleet.urls[which];
    let (_, port) = own.rsplit_once(':').unwrap();
    let mut command = Command::new(program());
    command.args(["serve", DIRECTORIES[which], "--json", "--shared"]);
    command.args(["--lease", ENDLESS, "--advertise", own]);
    command.args(["--listen", &format!("127.0.0.1:{port}")]);
    for other in fleet.urls.iter().filter(|url| *url != own) {
        command.args(["--peer", other]);
    }
    command.args(["--tls-cert", "own.pem", "--tls-key", "own.key"]);
    command.args(["--client-ca", "callers.pem", "--peer-ca", "peers.pem"]);
    command.args(["--peer-cert", "shown.pem", "--peer-key", "shown.key"]);
    Serving::of(clean(command, &fleet.place.path("")))
}

#[test]
fn instances_that_ask_for_certificates_show_their_own_to_each_other() {
    let Some(mut fleet) = fleet("certificates between instances that share logs in PostgreSQL")
    else {
        return;
    };
    let urls = fleet.urls.clone();
    fleet.urls = urls.map(|url| url.replace("http://127.0.0.1", "https://localhost"));
    let (authority, callers) = (Authority::new(), Authority::new());
    let (own, shown) = (authority.issue("localhost"), callers.issue("instance"));
    for (name, text) in [
        ("peers.pem", &authority.0.pem()),
        ("callers.pem", &callers.0.pem()),
        ("own.pem", &own.0),
        ("own.key", &own.1),
        ("shown.pem", &shown.0),
        ("shown.key", &shown.1),
    ] {
        fleet.place.write(name, text);
    }
    let instances = [0, 1].map(|which| start(&fleet, which));
    let known = caller(&authority, Some(callers.issue("caller")));
    let offer = |agent: &ureq::Agent, which: usize, log: &str| {
        let url = decisions(&fleet.urls[which], log);
        send(agent, &url, Some(&fleet.token), BODY)
    };
    for (log, which) in [(LOGS[0], 0), (LOGS[0], 1), (LOGS[1], 1), (LOGS[1], 0)] {
        let began = Instant::now();
        loop {
            match offer(&known, which, log) {
                Some((201, _)) => break,
                other => assert!(began.elapsed() < LONG, "{log}: {other:?}"),
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    // Each was handed on by the other one.
    assert_eq!(holder(&fleet, LOGS[0]), Some(0));
    assert_eq!(holder(&fleet, LOGS[1]), Some(1));
    let nobody = caller(&authority, None);
    for which in [0, 1] {
        assert!(offer(&nobody, which, LOGS[0]).is_none());
    }
    killed(instances);
}
