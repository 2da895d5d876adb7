//! What came of a thread's work, told also where the thread panics.

use anyhow::anyhow;
use std::sync::mpsc;

/// Says what came of a thread's work; without it, that one would be waited for for ever.
pub(crate) struct Telling<T> {
    to: mpsc::Sender<anyhow::Result<T>>,
    what: Option<anyhow::Result<T>>,
}

impl<T> Telling<T> {
    pub(crate) fn of(to: &mpsc::Sender<anyhow::Result<T>>) -> Self {
        Self {
            to: to.clone(),
            what: None,
        }
    }

    pub(crate) fn says(mut self, what: anyhow::Result<T>) {
        self.what = Some(what);
    }
}

impl<T> Drop for Telling<T> {
    fn drop(&mut self) {
        let what = self.what.take().unwrap_or_else(|| {
            Err(anyhow!(
                "standing by broke off; this is a mistake of the program's"
            ))
        });
        // Nobody hears of it where this process writes by now, or ends.
        let _ = self.to.send(what);
    }
}
