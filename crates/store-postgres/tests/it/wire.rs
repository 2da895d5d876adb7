//! A forwarder between store and server that cuts, holds back and swallows.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What happens to what passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Way {
    /// It passes.
    Open,
    /// The next answer of the server is not handed on: the connection is cut instead.
    CutAnswer,
    /// What the store sends next is held back, the store's side is cut, and it is delivered when the way is
    /// open again: what a buffer of the network does.
    Hold,
    /// Nothing passes, and nobody is told.
    Swallow,
}

struct State {
    way: AtomicU8,
    upstream: Mutex<u16>,
    connections: AtomicU64,
    held: AtomicU64,
}

impl State {
    fn is(&self, way: Way) -> bool {
        self.way.load(Ordering::SeqCst) == way as u8
    }

    fn set(&self, way: Way) {
        self.way.store(way as u8, Ordering::SeqCst);
    }
}

/// Listens on a port of its own for as long as the test runs.
pub(crate) struct Wire {
    state: Arc<State>,
    pub(crate) port: u16,
}

impl Wire {
    pub(crate) fn to(upstream: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            way: AtomicU8::new(Way::Open as u8),
            upstream: Mutex::new(upstream),
            connections: AtomicU64::new(0),
            held: AtomicU64::new(0),
        });
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let Ok(client) = client else { return };
                let upstream = *shared.upstream.lock().unwrap();
                let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, upstream)) else {
                    continue;
                };
                client.set_nodelay(true).unwrap();
                server.set_nodelay(true).unwrap();
                shared.connections.fetch_add(1, Ordering::SeqCst);
                let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let state = Arc::clone(&shared);
                std::thread::spawn(move || up(&state, from, to));
                let state = Arc::clone(&shared);
                std::thread::spawn(move || down(&state, server, client));
            }
        });
        Self { state, port }
    }

    pub(crate) fn set(&self, way: Way) {
        self.state.set(way);
    }

    /// Where connections that come from now on go.
    pub(crate) fn turn_to(&self, upstream: u16) {
        *self.state.upstream.lock().unwrap() = upstream;
    }

    pub(crate) fn connections(&self) -> u64 {
        self.state.connections.load(Ordering::SeqCst)
    }

    /// How often something was held back.
    pub(crate) fn held(&self) -> u64 {
        self.state.held.load(Ordering::SeqCst)
    }

    pub(crate) fn url(&self, user: &str) -> String {
        format!("postgres://{user}@127.0.0.1:{}/audit", self.port)
    }
}

/// From the store to the server.
fn up(state: &State, mut from: TcpStream, mut to: TcpStream) {
    let mut buf = vec![0; 1 << 16];
    loop {
        let count = match from.read(&mut buf) {
            Ok(count) if count > 0 => count,
            _ => break,
        };
        if state.is(Way::Hold) {
            state.held.fetch_add(1, Ordering::SeqCst);
            let _ = from.shutdown(Shutdown::Both);
            while state.is(Way::Hold) {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        while state.is(Way::Swallow) {
            std::thread::sleep(Duration::from_millis(5));
        }
        if to.write_all(&buf[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

/// From the server to the store.
fn down(state: &State, mut from: TcpStream, mut to: TcpStream) {
    let mut buf = vec![0; 1 << 16];
    loop {
        let count = match from.read(&mut buf) {
            Ok(count) if count > 0 => count,
            _ => break,
        };
        if state.is(Way::CutAnswer) {
            state.set(Way::Open);
            let _ = from.shutdown(Shutdown::Both);
            break;
        }
        while state.is(Way::Swallow) {
            std::thread::sleep(Duration::from_millis(5));
        }
        if to.write_all(&buf[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}
