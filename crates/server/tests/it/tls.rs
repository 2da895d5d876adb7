//! TLS, with certificates of clients where they are asked for.

use crate::service::{Place, Service};
use ai_audit_server::{Access, TlsFiles};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::sync::Arc;
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};

pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Its own certificate, as PEM.
    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate and its key, as PEM.
    pub(crate) fn issue(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        (
            params.signed_by(&key, &self.0).unwrap().pem(),
            key.serialize_pem(),
        )
    }
}

pub(crate) fn serve(authority: &Authority, clients: Option<&Authority>) -> Service {
    let place = Place::new();
    let (certificate, key) = authority.issue("localhost");
    let file = |name: &str, text: &str| {
        let path = place.beside(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let tls = TlsFiles {
        certificate: file("cert.pem", &certificate),
        key: file("key.pem", &key),
        clients: clients.map(|clients| file("clients.pem", &clients.pem())),
    };
    place.serve(|options| {
        options.access = Access::Open;
        options.tls = Some(tls);
    })
}

/// A client that trusts an authority and may show a certificate.
pub(crate) fn agent(authority: &Authority, client: Option<(String, String)>) -> ureq::Agent {
    let root = Certificate::from_pem(authority.pem().as_bytes()).unwrap();
    let client = client.map(|(certificate, key)| {
        let chain = [Certificate::from_pem(certificate.as_bytes()).unwrap()];
        ClientCert::new_with_certs(&chain, PrivateKey::from_pem(key.as_bytes()).unwrap())
    });
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(&[root]))
        .client_cert(client)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build();
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    config.tls_config(tls).build().new_agent()
}

fn get(
    service: &Service,
    authority: &Authority,
    client: Option<(String, String)>,
) -> Result<String, String> {
    let agent = agent(authority, client);
    let url = format!("https://localhost:{}/v1/logs", service.address.port());
    let answer = agent.get(url).call().map_err(|error| error.to_string())?;
    answer
        .into_body()
        .read_to_string()
        .map_err(|error| error.to_string())
}

#[test]
fn whoever_knows_the_authority_is_answered_and_plain_http_is_not() {
    let authority = Authority::new();
    let service = serve(&authority, None);
    assert!(
        get(&service, &authority, None)
            .unwrap()
            .contains("example.org/test")
    );
    let refused = get(&service, &Authority::new(), None).unwrap_err();
    assert!(refused.contains("certificate"), "{refused}");
    let plain = format!("http://{}/healthz", service.address);
    assert!(crate::service::agent().get(plain).call().is_err());
    service.end().verify();
}

#[test]
fn where_clients_need_a_certificate_nobody_is_answered_without_one_of_that_authority() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let service = serve(&authority, Some(&clients));
    let good = get(&service, &authority, Some(clients.issue("client-1"))).unwrap();
    assert!(good.contains("example.org/test"));
    assert!(get(&service, &authority, None).is_err());
    assert!(get(&service, &authority, Some(authority.issue("client-1"))).is_err());
    service.end().verify();
}
