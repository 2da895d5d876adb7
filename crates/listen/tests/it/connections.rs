//! Limits on connections, and an end in order.

use ai_audit_listen::{Options, Patience, serve};
use hyper::service::service_fn;
use hyper::{Request, Response, body::Incoming};
use std::convert::Infallible;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

struct Served {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<std::io::Result<()>>,
}

/// Answers `/N` after N milliseconds, with a body of as many bytes as the query says.
async fn answer(request: Request<Incoming>) -> Result<Response<String>, Infallible> {
    let millis = request.uri().path()[1..].parse().unwrap();
    let bytes = request
        .uri()
        .query()
        .map_or(2, |text| text.parse().unwrap());
    tokio::time::sleep(Duration::from_millis(millis)).await;
    Ok(Response::new("x".repeat(bytes)))
}

fn start(options: Options) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let thread = std::thread::spawn(move || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_io().enable_time().build().unwrap();
        runtime.block_on(serve(listener, options, service_fn(answer), async {
            let _ = stopped.await;
        }))
    });
    Served {
        address,
        stop,
        thread,
    }
}

impl Served {
    fn send(&self, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let wait = Some(Duration::from_secs(20));
        stream.set_read_timeout(wait).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        stream
    }

    fn end(self) {
        // It may have ended by itself.
        let _ = self.stop.send(());
        self.thread.join().unwrap().unwrap();
    }
}

/// All that is answered until the connection is closed.
fn rest(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    // A connection that is reset has said what it had to say.
    let _ = stream.read_to_end(&mut text);
    String::from_utf8(text).unwrap()
}

const CLOSE: &str = "HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

#[test]
fn an_end_waits_for_the_answer_that_is_under_way_and_takes_nobody_else() {
    let served = start(Options::default());
    let (idle, slow) = (served.send(""), served.send(&format!("GET /400 {CLOSE}")));
    std::thread::sleep(Duration::from_millis(100));
    let address = served.address;
    served.end();
    let begun = Instant::now();
    assert!(rest(slow).ends_with("\r\n\r\nxx"));
    assert_eq!(rest(idle), "");
    assert!(begun.elapsed() < Duration::from_secs(5));
    let refused = TcpStream::connect(address).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn an_end_waits_no_longer_than_its_grace() {
    let served = start(Options {
        grace: Duration::from_millis(100),
        ..Options::default()
    });
    let slow = served.send(&format!("GET /60000 {CLOSE}"));
    std::thread::sleep(Duration::from_millis(100));
    let begun = Instant::now();
    served.end();
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert_eq!(rest(slow), "");
}

#[test]
fn more_connections_than_it_may_serve_wait_for_their_turn() {
    let served = start(Options {
        max_connections: 1,
        ..Options::default()
    });
    let begun = Instant::now();
    let first = served.send(&format!("GET /300 {CLOSE}"));
    let second = served.send(&format!("GET /0 {CLOSE}"));
    assert!(rest(second).ends_with("xx"));
    assert!(begun.elapsed() >= Duration::from_millis(290));
    assert!(rest(first).ends_with("xx"));
    served.end();
}

#[test]
fn who_is_slow_with_a_head_or_takes_nothing_of_an_answer_is_given_up() {
    let served = start(Options {
        head_timeout: Duration::from_millis(200),
        patience: Patience {
            wait: Duration::from_millis(300),
            rate: 1 << 30,
        },
        ..Options::default()
    });
    let begun = Instant::now();
    assert_eq!(rest(served.send("GET / HT")), "");
    // More than sockets hold by themselves.
    let taken = served.send(&format!("GET /0?50000000 {CLOSE}"));
    std::thread::sleep(Duration::from_millis(1000));
    assert!(rest(taken).len() < 50_000_000);
    assert!(begun.elapsed() < Duration::from_secs(15));
    served.end();
}
