//! Moving sealed epochs to the store for what is old, by the settings' policy, while the service runs.

use crate::shared::Shared;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;

/// Moves every so often, until what is given back is dropped. None where the directory has no such store.
///
/// A move that is under way then breaks off with the process: the next one goes on.
pub(crate) fn start(shared: &Arc<Shared>) -> io::Result<Option<Sender<()>>> {
    let settings = shared.intake.writer().directory().settings();
    let Some(every) = shared
        .options
        .move_every
        .filter(|_| settings.cold.is_named())
    else {
        return Ok(None);
    };
    let (stop, stopped) = channel();
    let shared = Arc::downgrade(shared);
    thread::Builder::new()
        .name("ai-audit-move".into())
        .spawn(move || {
            while stopped.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                let Some(shared) = shared.upgrade() else {
                    break;
                };
                move_all(&shared);
            }
        })?;
    Ok(Some(stop))
}

/// One log that cannot be moved keeps no other.
fn move_all(shared: &Shared) {
    let writer = shared.intake.writer();
    let tell = |line: String| shared.options.troubles.tell(&line);
    let policy = writer.directory().settings().cold.policy();
    let logs = match writer.directory().logs() {
        Ok(logs) => logs,
        Err(error) => return tell(format!("moving what is old: {error}")),
    };
    for log in logs {
        if let Err(error) = writer.move_epochs(&log, &policy) {
            tell(format!("moving what is old of log {log}: {error}"));
        }
    }
}
