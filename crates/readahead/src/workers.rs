//! The threads that help.

use crate::chunk::Chunk;
use crate::keys::Keys;
use ai_audit_core::BulkVerifier;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

/// Chunks that wait for a thread at most.
const WAITING: usize = 3;

/// Threads that verify what they are given, until they are dropped.
#[derive(Debug)]
pub(crate) struct Workers {
    /// One for each thread.
    queues: Vec<SyncSender<Arc<Chunk>>>,
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    /// As many threads, or as many as the system gives: some, such as WebAssembly in a browser, give
    /// none.
    pub(crate) fn start(count: usize, keys: &Arc<Keys>) -> Self {
        let (mut queues, mut threads) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let (queue, chunks) = sync_channel(WAITING);
            let keys = Arc::clone(keys);
            let thread = Builder::new()
                .name("ai-audit-verify".into())
                .spawn(move || run(&chunks, &keys));
            let Ok(thread) = thread else {
                break;
            };
            queues.push(queue);
            threads.push(thread);
        }
        Self { queues, threads }
    }

    /// Gives all of them a chunk to share.
    pub(crate) fn submit(&self, chunk: &Arc<Chunk>) {
        for queue in &self.queues {
            // Without one of them the others do its part; and one that gets no turn keeps no chunks alive.
            let _ = queue.try_send(Arc::clone(chunk));
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        // They end when nothing more can come.
        self.queues.clear();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn run(chunks: &Receiver<Arc<Chunk>>, keys: &Keys) {
    let mut bulk = BulkVerifier::new();
    while let Ok(chunk) = chunks.recv() {
        chunk.work(&mut bulk, keys);
    }
}
