//! Who hears the whole of what goes wrong below a service, whose clients hear of which kind it is.

use std::collections::VecDeque;
use std::fmt;
use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Takes one line for each trouble that a client was told of by its kind: servers, paths and what they said are for
/// the operator alone. On standard error unless it is said otherwise. A line that was said just now is not said
/// again: a store that is away fails every request.
#[derive(Clone)]
pub struct Troubles {
    tell: Arc<dyn Fn(&str) + Send + Sync>,
    said: Arc<Mutex<VecDeque<(String, Instant)>>>,
}

/// How many lines are remembered, and for how long none of them is said again.
const REMEMBERED: usize = 16;
const AGAIN: Duration = Duration::from_secs(60);

impl Troubles {
    /// Hands each line to somebody.
    #[must_use]
    pub fn new(tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self {
            tell: Arc::new(tell),
            said: Arc::default(),
        }
    }

    /// Hands a line on, unless it was handed on just now.
    pub fn tell(&self, line: &str) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.retain(|(_, at)| at.elapsed() < AGAIN);
        if said.iter().any(|(known, _)| known == line) {
            return;
        }
        said.truncate(REMEMBERED - 1);
        said.push_front((line.into(), Instant::now()));
        drop(said);
        (self.tell)(line);
    }
}

impl Default for Troubles {
    fn default() -> Self {
        Self::new(|line| {
            // What servers say may want to move a terminal's cursor.
            let line = line.replace(char::is_control, " ");
            // Nobody is left to tell where it is closed.
            let _ = writeln!(std::io::stderr().lock(), "{line}");
        })
    }
}

impl fmt::Debug for Troubles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Troubles").finish_non_exhaustive()
    }
}
