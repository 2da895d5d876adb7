//! An instance that stands by: what it hands on, to whom, and what comes back.

use crate::service::{Answer, Place, Service, answer};
use crate::tls::{Authority, agent, serve};
use ai_audit_core::{Exit, Question};
use ai_audit_export::verify_package;
use ai_audit_server::{
    Access, Peer, PeerCertificate, Routing, Scope, ServeError, ServerOptions, TlsFiles, Troubles,
    forward,
};
use ai_audit_verify::{Pin, TrustPolicy};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

const LONG: Duration = Duration::from_secs(20);
const DECISIONS: &str = "/v1/logs/default/decisions";
const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// What is found where somebody looks for the writer.
type Found = Result<Option<String>, String>;

/// An instance that stands by.
struct Standing {
    url: String,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<Result<(), ServeError>>,
    agent: ureq::Agent,
}

impl Standing {
    fn new(options: ServerOptions, peer: &str, authorities: Option<PathBuf>, found: Found) -> Self {
        Self::finding(options, peer, authorities, move || found.clone())
    }

    fn finding(
        options: ServerOptions,
        peer: &str,
        authorities: Option<PathBuf>,
        find: impl Fn() -> Found + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let routing = Routing {
            own: Peer::parse(&url, false).unwrap(),
            peers: vec![Peer::parse(peer, false).unwrap()],
            authorities,
            certificate: None,
            find: Box::new(find),
        };
        Self::on(listener, url, options, routing)
    }

    fn on(listener: TcpListener, url: String, options: ServerOptions, routing: Routing) -> Self {
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            forward(listener, options, routing, async {
                // A sender that is gone stops it, too.
                let _ = stopped.await;
            })
        });
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(LONG));
        Self {
            url,
            stop,
            thread,
            agent: config.build().new_agent(),
        }
    }

    fn get(&self, path: &str) -> Answer {
        let url = format!("{}{path}", self.url);
        answer(self.agent.get(url).call().unwrap())
    }

    fn post(&self, path: &str, headers: &[(&str, &str)]) -> ureq::http::Response<ureq::Body> {
        let url = format!("{}{path}", self.url);
        let mut request = self.agent.post(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.header("Content-Type", "application/json");
        request.send("{}").unwrap()
    }

    fn end(self) {
        let _ = self.stop.send(());
        self.thread.join().unwrap().unwrap();
    }
}

/// One that takes requests with the body `{}`, answers each with these bytes, and then does nothing more. Where it
/// is, and what it was sent.
fn writer(answer: String) -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (tell, hears) = mpsc::channel();
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for stream in listener.incoming() {
            let (mut stream, mut request) = (stream.unwrap(), Vec::new());
            let mut part = [0; 1024];
            while !request.ends_with(b"\r\n\r\n{}") {
                match stream.read(&mut part) {
                    Ok(0) | Err(_) => break,
                    Ok(length) => request.extend_from_slice(&part[..length]),
                }
            }
            // Who looks at one of them does not look at all.
            let _ = tell.send(String::from_utf8(request).unwrap());
            let _ = stream.write_all(answer.as_bytes());
            held.push(stream);
        }
    });
    (url, hears)
}

/// A122: whoever answers on the address of a peer sends callers' tokens on to somebody else.
#[test]
fn a122_a_redirect_comes_back_as_it_is_and_nobody_follows_it() {
    let place = Place::new();
    let (token, _) = place.token(&[Scope::Append], &[]);
    let thief = TcpListener::bind("127.0.0.1:0").unwrap();
    thief.set_nonblocking(true).unwrap();
    let elsewhere = format!("http://{}{DECISIONS}", thief.local_addr().unwrap());
    let (url, hears) = writer(format!(
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: {elsewhere}\r\nX-Kept: a\r\nX-Hop: b\r\nConnection: X-Hop\r\nContent-Length: 2\r\n\r\nno"
    ));
    let options = ServerOptions::new(Access::Tokens(place.tokens()));
    let standing = Standing::new(options, &url, None, Ok(Some(url.clone())));
    let bearer = format!("Bearer {token}");
    let path = format!("{DECISIONS}?a=b");
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Cookie", "session=17"),
        ("X-Forwarded-For", "10.1.2.3"),
        ("traceparent", TRACEPARENT),
        ("tracestate", "a=b"),
    ];
    let mut back = standing.post(&path, &headers);
    assert_eq!(back.status().as_u16(), 307);
    let header = |name: &str| {
        back.headers()
            .get(name)
            .map(|value| value.to_str().unwrap())
    };
    assert_eq!(header("location"), Some(elsewhere.as_str()));
    assert_eq!((header("x-kept"), header("x-hop")), (Some("a"), None));
    assert_eq!(back.body_mut().read_to_string().unwrap(), "no");
    assert!(thief.accept().is_err(), "somebody came");
    // Of the head goes on what the writer needs, and nothing else of the caller.
    let sent = hears.recv_timeout(LONG).unwrap().to_lowercase();
    assert!(sent.starts_with(&format!("post {path} http/1.1\r\n")));
    let host = url.trim_start_matches("http://");
    for expected in [
        format!("authorization: {}", bearer.to_lowercase()),
        format!("host: {host}"),
        "content-type: application/json".into(),
        "ai-audit-forwarded: 1".into(),
        format!("traceparent: {TRACEPARENT}"),
        "tracestate: a=b".into(),
    ] {
        assert!(sent.contains(&expected), "{expected}: {sent}");
    }
    for other in ["cookie", "x-forwarded-for", "user-agent", "10.1.2.3"] {
        assert!(!sent.contains(other), "{other}: {sent}");
    }
    // Without a token nothing goes anywhere, nor what no address below takes.
    assert_eq!(standing.post(DECISIONS, &[]).status().as_u16(), 401);
    let address = format!("{}{DECISIONS}", standing.url);
    let delete = standing.agent.delete(address);
    let refused = delete.header("Authorization", bearer.as_str()).call();
    answer(refused.unwrap()).problem(405);
    assert!(hears.try_recv().is_err());
    standing.end();
}

#[test]
fn a_writer_that_does_not_answer_or_stops_in_the_middle_is_given_up() {
    let begun = "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"receipts\"";
    for (said, status) in [("", 503), (begun, 201)] {
        let (url, _hears) = writer(said.into());
        let mut options = ServerOptions::new(Access::Open);
        options.timeout = Duration::from_secs(1);
        let standing = Standing::new(options, &url, None, Ok(Some(url.clone())));
        let began = Instant::now();
        let mut back = standing.post(DECISIONS, &[]);
        assert_eq!(back.status().as_u16(), status);
        match back.body_mut().read_to_string() {
            Ok(text) => assert!(status == 503 && text.contains("may be recorded"), "{text}"),
            Err(error) => assert_eq!(status, 201, "{error}"),
        }
        assert!(began.elapsed() < LONG, "{:?}", began.elapsed());
        drop(back);
        standing.end();
    }
}

#[test]
fn a_package_comes_through_whole_from_a_peer_that_its_authority_vouches_for() {
    let authority = Authority::new();
    let service = serve(&authority, None);
    let url = format!("https://localhost:{}", service.address.port());
    let through = |name: &str, authority: &Authority| {
        let trusted = service.place.beside(name);
        std::fs::write(&trusted, authority.pem()).unwrap();
        let options = ServerOptions::new(Access::Open);
        Standing::new(options, &url, Some(trusted), Ok(Some(url.clone())))
    };
    let standing = through("peers.pem", &authority);
    assert_eq!(standing.get("/readyz").text(), "ready, standing by\n");
    for _ in 0..20 {
        let sent = answer(standing.post(DECISIONS, &[]));
        assert_eq!(sent.status, 201, "{}", sent.text());
    }
    let package = standing.get("/v1/logs/default/package");
    assert_eq!(package.status, 200);
    assert_eq!(package.kind, "application/zip");
    let policy = TrustPolicy::new().pin(Pin::parse(&service.place.key_line).unwrap());
    let found = verify_package(package.bytes.as_slice(), &policy, |_, _| {});
    assert_eq!(
        found
            .report
            .exit(&[Question::Integrity, Question::Attribution]),
        Exit::Verified
    );
    standing.get("/console").problem(503);
    standing.end();
    // Whoever else says that he is this peer is sent nothing.
    let stranger = through("strangers.pem", &Authority::new());
    let detail = answer(stranger.post(DECISIONS, &[])).problem(503);
    assert!(detail.contains("nothing was sent"), "{detail}");
    stranger.end();
    service.end().verify();
}

/// A service that asks clients for certificates, and an instance beside it that does, too.
struct Asking {
    authority: Authority,
    clients: Authority,
    service: Service,
}

impl Asking {
    fn new() -> Self {
        let (authority, clients) = (Authority::new(), Authority::new());
        let service = serve(&authority, Some(&clients));
        Self {
            authority,
            clients,
            service,
        }
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.service.place.beside(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn writer(&self) -> String {
        format!("https://localhost:{}", self.service.address.port())
    }

    /// How the instance speaks TLS; whether it asks its callers for certificates.
    fn options(&self, asks: bool) -> ServerOptions {
        let (certificate, key) = self.authority.issue("localhost");
        let mut options = ServerOptions::new(Access::Open);
        options.tls = Some(TlsFiles {
            certificate: self.file("own.pem", &certificate),
            key: self.file("own.key", &key),
            clients: asks.then(|| self.file("callers.pem", &self.clients.pem())),
        });
        options
    }

    /// What it has to show, by this authority.
    fn shown(&self, by: &Authority) -> PeerCertificate {
        let (certificate, key) = by.issue("instance-b");
        PeerCertificate {
            certificate: self.file("shown.pem", &certificate),
            key: self.file("shown.key", &key),
        }
    }

    fn routing(&self, own: &str, peer: &str, certificate: Option<PeerCertificate>) -> Routing {
        let writer = self.writer();
        Routing {
            own: Peer::parse(own, false).unwrap(),
            peers: vec![Peer::parse(peer, false).unwrap()],
            authorities: Some(self.file("peers.pem", &self.authority.pem())),
            certificate,
            find: Box::new(move || Ok(Some(writer.clone()))),
        }
    }
}

/// What a caller showed opens the door that he stands at. At the writer's the instance shows its own.
#[test]
fn where_certificates_are_asked_for_an_instance_shows_its_own_and_lets_nobody_in_by_it() {
    let all = Asking::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!(
        "https://localhost:{}",
        listener.local_addr().unwrap().port()
    );
    let routing = all.routing(&url, &all.writer(), Some(all.shown(&all.clients)));
    let standing = Standing::on(listener, url, all.options(true), routing);
    let ask = |client: Option<(String, String)>| {
        let agent = agent(&all.authority, client);
        agent.get(format!("{}/v1/logs", standing.url)).call()
    };
    let back = answer(ask(Some(all.clients.issue("caller"))).unwrap());
    assert_eq!(back.status, 200, "{}", back.text());
    assert!(back.text().contains("example.org/test"));
    // Without one, or with another authority's, he is let in here no more than there.
    assert!(ask(None).is_err());
    assert!(ask(Some(all.authority.issue("caller"))).is_err());
    standing.end();
    all.service.end().verify();
}

#[test]
fn certificates_that_would_let_in_whom_the_writer_does_not_or_nobody_are_refused() {
    let all = Asking::new();
    let (own, writer) = ("https://localhost:1", all.writer());
    let writer = writer.as_str();
    let refused = |options: ServerOptions, routing: Routing| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let ended = forward(listener, options, routing, async {});
        ended.unwrap_err().to_string()
    };
    let good = || Some(all.shown(&all.clients));
    for (asks, peer, certificate, expected) in [
        (false, writer, good(), "asks its callers for none"),
        (true, writer, None, "has none to show"),
        (true, "http://127.0.0.1:1", good(), "expected https"),
        // By an authority that nobody asks for.
        (
            true,
            writer,
            Some(all.shown(&all.authority)),
            "would not take it",
        ),
    ] {
        let said = refused(all.options(asks), all.routing(own, peer, certificate));
        assert!(said.contains(expected), "{said}");
    }
    // A key of another certificate, which shows when the connections are made ready.
    let mut mixed = all.shown(&all.clients);
    mixed.key = all.file("other.key", &all.clients.issue("other").1);
    let said = refused(all.options(true), all.routing(own, writer, Some(mixed)));
    assert!(said.contains("shown.pem"), "{said}");
    all.service.end().verify();
}

/// A117: nobody but the operator hears which server could not be asked, nor what stands in the store.
#[test]
fn a117_where_the_writer_is_said_to_be_is_told_to_the_operator_alone() {
    for (found, expected) in [
        (
            Err("connecting to 10.1.2.3: refused".to_owned()),
            "cannot be asked",
        ),
        (Ok(Some("http://10.1.2.3:80".to_owned())), "none of --peer"),
    ] {
        let heard = Arc::new(Mutex::new(String::new()));
        let to = Arc::clone(&heard);
        let mut options = ServerOptions::new(Access::Open);
        options.troubles = Troubles::new(move |line| to.lock().unwrap().push_str(line));
        let standing = Standing::new(options, "http://127.0.0.1:1", None, found);
        for detail in [
            answer(standing.post(DECISIONS, &[])).problem(503),
            standing.get("/readyz").problem(503),
        ] {
            assert!(detail.contains(expected), "{detail}");
            assert!(!detail.contains("10.1.2.3"), "{detail}");
        }
        assert!(heard.lock().unwrap().contains("10.1.2.3"));
        standing.end();
    }
}

#[test]
fn a_database_that_hangs_is_told_to_the_operator_and_who_asks_is_answered() {
    let heard = Arc::new(Mutex::new(String::new()));
    let to = Arc::clone(&heard);
    let mut options = ServerOptions::new(Access::Open);
    options.troubles = Troubles::new(move |line| to.lock().unwrap().push_str(line));
    let (go_on, hangs) = mpsc::channel::<()>();
    let hangs = Mutex::new(hangs);
    let standing = Standing::finding(options, "http://127.0.0.1:1", None, move || {
        // Until the test is over.
        let _ = hangs.lock().unwrap().recv();
        Ok(None)
    });
    let detail = standing.get("/readyz").problem(503);
    assert!(detail.contains("took too long (trouble"), "{detail}");
    assert!(heard.lock().unwrap().contains("took more than"));
    drop(go_on);
    standing.end();
}
