//! Between a client and a server: connections that can be cut before an answer, be slow, lead elsewhere, or hold a request
//! back.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Forwards connections of a port of the loopback.
#[derive(Debug)]
pub struct Forwarder {
    port: u16,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    to: Mutex<SocketAddr>,
    /// Cuts a connection when the server has answered a request of at least so many bytes.
    cut: Mutex<Option<usize>>,
    cuts: AtomicUsize,
    delay: AtomicU64,
    /// Holds the next request of at least so many bytes back.
    hold: Mutex<Option<usize>>,
    held: AtomicUsize,
    /// How often what is held back was let go.
    let_go: AtomicUsize,
}

impl State {
    /// Holds a request back until it is let go, if it is one that is to be. Its client is cut off at once.
    fn hold(&self, client: &TcpStream, request: usize) {
        let mut hold = self.hold.lock().unwrap();
        if hold.is_none_or(|least| request < least) {
            return;
        }
        *hold = None;
        drop(hold);
        let before = self.let_go.load(Ordering::SeqCst);
        self.held.fetch_add(1, Ordering::SeqCst);
        client.shutdown(Shutdown::Both).ok();
        while self.let_go.load(Ordering::SeqCst) == before {
            std::thread::sleep(Duration::from_millis(5));
        }
        self.held.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Forwarder {
    /// Forwards to this address.
    #[must_use]
    pub fn to(address: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            to: Mutex::new(address),
            cut: Mutex::new(None),
            cuts: AtomicUsize::new(0),
            delay: AtomicU64::new(0),
            hold: Mutex::new(None),
            held: AtomicUsize::new(0),
            let_go: AtomicUsize::new(0),
        });
        let shared = Arc::clone(&state);
        // Ends with the test's process: it holds nothing that somebody waits for.
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let to = *shared.to.lock().unwrap();
                if let Ok(server) = TcpStream::connect(to) {
                    connect(&shared, client, server);
                }
            }
        });
        Self { port, state }
    }

    /// The port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// New connections go there; those that are there stay.
    pub fn lead_to(&self, address: SocketAddr) {
        *self.state.to.lock().unwrap() = address;
    }

    /// The next answer to a request of at least so many bytes is not handed on: its connection is cut
    /// when the server has answered.
    pub fn cut_next(&self, request: usize) {
        *self.state.cut.lock().unwrap() = Some(request);
    }

    /// How many connections were cut before an answer.
    #[must_use]
    pub fn cuts(&self) -> usize {
        self.state.cuts.load(Ordering::SeqCst)
    }

    /// The next request of at least so many bytes is held back, and its client cut off: what a buffer of the network
    /// does. It must come in one piece.
    pub fn hold_next(&self, request: usize) {
        *self.state.hold.lock().unwrap() = Some(request);
    }

    /// How many requests are held back.
    #[must_use]
    pub fn held(&self) -> usize {
        self.state.held.load(Ordering::SeqCst)
    }

    /// Hands on what is held back.
    pub fn let_go(&self) {
        self.state.let_go.fetch_add(1, Ordering::SeqCst);
    }

    /// Answers come so much later.
    pub fn delay(&self, delay: Duration) {
        let millis = u64::try_from(delay.as_millis()).unwrap();
        self.state.delay.store(millis, Ordering::SeqCst);
    }
}

fn connect(state: &Arc<State>, client: TcpStream, server: TcpStream) {
    client.set_nodelay(true).ok();
    server.set_nodelay(true).ok();
    // Bytes of the request that was not answered yet.
    let asked = Arc::new(AtomicUsize::new(0));
    let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let (counted, held) = (Arc::clone(&asked), Arc::clone(state));
    let cut_off = client.try_clone().unwrap();
    std::thread::spawn(move || {
        pump(from, to, |read| {
            counted.fetch_add(read, Ordering::SeqCst);
            held.hold(&cut_off, read);
            true
        });
    });
    let state = Arc::clone(state);
    std::thread::spawn(move || {
        pump(server, client, |_| {
            let asked = asked.swap(0, Ordering::SeqCst);
            let mut cut = state.cut.lock().unwrap();
            if cut.is_some_and(|least| asked >= least) {
                *cut = None;
                state.cuts.fetch_add(1, Ordering::SeqCst);
                return false;
            }
            drop(cut);
            let delay = state.delay.load(Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(delay));
            true
        });
    });
}

/// Hands on until an end comes, or what was read is not to be.
fn pump(mut from: TcpStream, mut to: TcpStream, mut hand_on: impl FnMut(usize) -> bool) {
    let mut buf = vec![0; 1 << 16];
    while let Ok(read) = from.read(&mut buf) {
        if read == 0 || !hand_on(read) || to.write_all(&buf[..read]).is_err() {
            break;
        }
    }
    from.shutdown(Shutdown::Both).ok();
    to.shutdown(Shutdown::Both).ok();
}
