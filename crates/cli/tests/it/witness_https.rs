//! A witness behind TLS, with an authority that the system knows and with one that it does not.
#![cfg(unix)]

use crate::run::Place;
use crate::witnesses::Serving;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What stands in front of a witness: takes TLS off and hands requests on.
struct Proxy {
    port: u16,
    handed_on: Arc<AtomicUsize>,
}

impl Proxy {
    fn before(
        address: &str,
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let (config, address) = (Arc::new(config), address.to_owned());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let handed_on = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&handed_on);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                let stream = StreamOwned::new(connection, stream.unwrap());
                // A client that does not believe the certificate hangs up.
                let _ = hand_on(stream, &address, &count);
            }
        });
        Self { port, handed_on }
    }
}

fn hand_on(
    stream: StreamOwned<ServerConnection, TcpStream>,
    address: &str,
    count: &AtomicUsize,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    while !head.ends_with("\r\n\r\n") {
        let start = head.len();
        if stream.read_line(&mut head)? == 0 {
            return Ok(());
        }
        let line = head[start..].to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    count.fetch_add(1, Ordering::SeqCst);
    let mut witness = TcpStream::connect(address)?;
    let head = head.replacen("\r\n", "\r\nConnection: close\r\n", 1);
    witness.write_all(head.as_bytes())?;
    witness.write_all(&body)?;
    let mut answer = Vec::new();
    witness.read_to_end(&mut answer)?;
    let mut stream = stream.into_inner();
    stream.write_all(&answer)?;
    stream.conn.send_close_notify();
    stream.flush()
}

#[test]
fn https_is_spoken_with_whom_the_system_trusts() {
    let place = Place::new();
    place
        .run(&["witness", "keygen", "w1", "--name", "w1.example"])
        .good();
    let served = Serving::start(&place, "w1", "127.0.0.1:0");
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["localhost".to_owned()])
        .unwrap()
        .signed_by(&key, &authority)
        .unwrap();
    std::fs::write(place.path("ca.pem"), authority.pem()).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let proxy = Proxy::before(&served.address, vec![certificate.der().clone()], key);
    let url = |host: &str| format!("https://{host}:{}/", proxy.port);
    let line = "w1/witness.pub";
    place
        .run(&["witness", "add", "audit", "w1", line, &url("localhost")])
        .good();
    let cosign = |authorities: &str| {
        let path = place.path(authorities);
        let env = [
            ("SSL_CERT_FILE", path.to_str().unwrap()),
            ("SSL_CERT_DIR", "/nowhere"),
        ];
        place.with(&["witness", "cosign", "audit", "--timeout", "2"], &env, "")
    };
    // An authority that the system does not know: nothing is sent.
    let other =
        CertifiedIssuer::self_signed(CertificateParams::default(), KeyPair::generate().unwrap())
            .unwrap();
    std::fs::write(place.path("other.pem"), other.pem()).unwrap();
    let done = cosign("other.pem");
    assert_eq!(done.code, 3);
    assert!(
        done.out.contains("invalid peer certificate"),
        "{}",
        done.out
    );
    let none = cosign("missing.pem");
    assert!(
        none.out.contains("no certificates of authorities"),
        "{}",
        none.out
    );
    assert_eq!(proxy.handed_on.load(Ordering::SeqCst), 0);
    // One that it knows.
    let done = cosign("ca.pem").good();
    assert!(done.out.contains("QUORUM reached"), "{}", done.out);
    assert_eq!(proxy.handed_on.load(Ordering::SeqCst), 1);
    // A certificate of another name.
    place.run(&["witness", "remove", "audit", "w1"]).good();
    place
        .run(&["witness", "add", "audit", "w1", line, &url("127.0.0.1")])
        .good();
    place.record("{\"model\":\"m\"}\n");
    let done = cosign("ca.pem");
    assert_eq!(done.code, 3);
    assert!(
        done.out.contains("invalid peer certificate"),
        "{}",
        done.out
    );
    assert_eq!(proxy.handed_on.load(Ordering::SeqCst), 1);
}
