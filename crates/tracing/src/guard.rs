//! Who keeps the writer, and ends it.

use crate::AuditCounts;
use crate::counts::Counts;
use crate::writer::Message;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Keeps the writer of a layer. Dropping it records what waits, and blocks until that is durable; so it
/// should be kept until the program ends, and be dropped before its log is closed.
#[derive(Debug)]
#[must_use = "events are recorded only as long as it is kept"]
pub struct AuditGuard {
    queue: SyncSender<Message>,
    thread: Option<JoinHandle<()>>,
    counts: Arc<Counts>,
}

impl AuditGuard {
    pub(crate) const fn new(
        queue: SyncSender<Message>,
        thread: JoinHandle<()>,
        counts: Arc<Counts>,
    ) -> Self {
        Self {
            queue,
            thread: Some(thread),
            counts,
        }
    }

    /// Waits until what was emitted before is durable, or has been found not to be
    /// ([`AuditGuard::counts`]).
    pub fn flush(&self) {
        let (done, wait) = sync_channel(1);
        if self.queue.send(Message::Flush(done)).is_ok() {
            // A writer that is gone has nothing left to record.
            let _ = wait.recv();
        }
    }

    /// What became of the events so far.
    #[must_use]
    pub fn counts(&self) -> AuditCounts {
        self.counts.now()
    }
}

impl Drop for AuditGuard {
    fn drop(&mut self) {
        self.counts.closed.store(true, Ordering::SeqCst);
        let _ = self.queue.send(Message::End);
        // If it panicked there is nobody to be told.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
