//! What the exchanges start from: a log in a store, and a witness that is being served.

use crate::rig::key;
use ai_audit_core::{DecodeBody, Genesis, Head, SigningKey, UnverifiedReceipt};
use ai_audit_merkle::{Tiled, TreeSize, root};
use ai_audit_note::{Checkpoint, SignedNote, VKey};
use ai_audit_store::{Batch, LogName, MemoryStore, Sealed, Store, StoreTiles};
use ai_audit_testkit::TestLog;
use ai_audit_witness::{Answer, ServerOptions, Witness, WitnessFolder, serve};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// A log in a store in memory.
pub(crate) struct Kept {
    pub(crate) store: MemoryStore,
    pub(crate) name: LogName,
    pub(crate) log: TestLog,
    pub(crate) line: VKey,
    pub(crate) key: SigningKey,
}

impl Kept {
    pub(crate) fn of(size: u64) -> Self {
        let mut log = TestLog::new(1);
        let store = MemoryStore::new();
        let name = LogName::default();
        let receipts = log.seal(size);
        append(&store, &name, &Head::EMPTY, &receipts);
        let key = TestLog::keys(1).into_iter().nth(1).unwrap();
        let first = UnverifiedReceipt::parse(receipts[0].as_bytes()).unwrap();
        let genesis = Genesis::decode(&first).unwrap();
        let origin = genesis.origin().unwrap().to_string();
        let line = VKey::ed25519(&origin, key.verifying_key()).unwrap();
        Self {
            store,
            name,
            log,
            line,
            key,
        }
    }

    pub(crate) fn grow(&mut self, count: u64) {
        let head = self.log.head();
        let receipts = self.log.seal(count);
        append(&self.store, &self.name, &head, &receipts);
    }

    pub(crate) fn checkpoint(&self) -> SignedNote {
        let size = TreeSize::new(self.log.head().size());
        let mut tiles = Tiled::new(StoreTiles::new(&self.store, &self.name));
        let checkpoint = Checkpoint {
            origin: self.line.name().into(),
            size,
            root: root(&mut tiles, size).unwrap(),
            extensions: Vec::new(),
        };
        checkpoint.sign(&self.key).unwrap()
    }

    pub(crate) fn put(&self, note: &SignedNote) {
        let size = Checkpoint::parse(note.text()).unwrap().size;
        self.store
            .put_checkpoint(&self.name, size, &note.to_string())
            .unwrap();
    }
}

fn append(store: &MemoryStore, name: &LogName, expected: &Head, receipts: &[Sealed]) {
    let batch = Batch {
        log: name,
        expected,
        receipts,
    };
    store.append(&[batch]).unwrap();
}

/// A witness that is being served.
pub(crate) struct Served {
    pub(crate) folder: PathBuf,
    pub(crate) address: SocketAddr,
    stop: Option<stopping::Stop>,
    thread: Option<JoinHandle<()>>,
    pub(crate) answers: Arc<Mutex<Vec<Answer>>>,
}

/// A future that is ready once it is told so.
mod stopping {
    use std::future::Future;
    use std::pin::Pin;
    use std::sync::{Arc, Mutex};
    use std::task::{Context, Poll, Waker};

    #[derive(Clone, Default)]
    pub(super) struct Stop(Arc<Mutex<(bool, Option<Waker>)>>);

    impl Stop {
        pub(super) fn now(&self) {
            let mut state = self.0.lock().unwrap();
            state.0 = true;
            if let Some(waker) = state.1.take() {
                waker.wake();
            }
        }
    }

    impl Future for Stop {
        type Output = ();
        fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
            let mut state = self.0.lock().unwrap();
            if state.0 {
                return Poll::Ready(());
            }
            state.1 = Some(context.waker().clone());
            Poll::Pending
        }
    }
}

impl Served {
    pub(crate) fn new(folder: &Path, seed: u8, logs: &[VKey], options: ServerOptions) -> Self {
        let opened = WitnessFolder::create(folder).unwrap();
        let name = format!("w{seed}.example");
        let witness = Witness::new(opened, &name, Box::new(key(seed)), logs).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let answers = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&answers);
        let options = ServerOptions {
            observer: Some(Arc::new(move |answer: &Answer| {
                seen.lock().unwrap().push(answer.clone());
            })),
            ..options
        };
        let stop = stopping::Stop::default();
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            serve(Arc::new(witness), listener, options, stopped).unwrap();
        });
        Self {
            folder: folder.into(),
            address,
            stop: Some(stop),
            thread: Some(thread),
            answers,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    pub(crate) fn stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            stop.now();
        }
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }

    /// Sends bytes as they are and returns everything that comes back.
    pub(crate) fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        // A server that refuses a body may close before all of it was sent.
        let _ = stream.write_all(bytes);
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all);
        String::from_utf8_lossy(&all).into_owned()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.stop();
        }
    }
}

impl Served {
    pub(crate) fn raw_latest(&self, line: &VKey) -> u64 {
        let digest = ai_audit_witness::origin_digest(line.name());
        let text = self.raw(
            format!("GET /checkpoint/{digest} HTTP/1.1\r\nHost: w\r\nConnection: close\r\n\r\n")
                .as_bytes(),
        );
        let (_, body) = text.split_once("\r\n\r\n").unwrap();
        Checkpoint::open(body.as_bytes(), line)
            .unwrap()
            .size
            .as_u64()
    }
}
