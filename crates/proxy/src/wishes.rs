//! Tool calls that models asked for, until the agent tells their results with its next request.

use ai_audit_core::LeafHash;
use hyper::header::{self, HeaderMap};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher as _, Hash as _, Hasher as _, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// The most that are remembered; the oldest are forgotten, and stay open in the log.
const MOST: usize = 65_536;
/// How long a request waits for an answer that is being recorded, when it has results of tool calls that are
/// not known.
const WAIT: Duration = Duration::from_millis(500);

/// A tool call that a model asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wish {
    /// The receipt of its intent.
    pub(crate) intent: LeafHash,
    pub(crate) tool: String,
    pub(crate) trace: String,
}

/// Who calls, by what he authenticates with and the session that he names: one must not be able to tell
/// results of another's tool calls. Made with random keys of this process; it says nothing to anybody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Client(u64, u64);

/// What is known of an id.
#[derive(Debug, PartialEq, Eq)]
enum State {
    /// Its result was not told.
    Open(Wish),
    /// Its result is on its way into the log.
    Told(Wish),
    /// Its result is in the log. A request that is sent again belongs to the same trace.
    Answered(Wish),
    /// Two tool calls had this id at once: nobody knows whose result it is that comes. Both stay open.
    Ambiguous,
}

/// What is known of a result that is told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// It is the first one, and is to be recorded.
    First(Wish),
    /// It was told before.
    Again(Wish),
    Nothing,
}

/// All of them, by their calls' ids.
#[derive(Debug, Default)]
pub(crate) struct Wishes {
    open: Mutex<Open>,
    changed: Notify,
    keys: [RandomState; 2],
}

type Key = (Client, String);

#[derive(Debug, Default)]
struct Open {
    by_id: HashMap<Key, State>,
    order: VecDeque<Key>,
    /// Answers that are being recorded.
    recording: usize,
}

impl Wishes {
    fn lock(&self) -> MutexGuard<'_, Open> {
        // Nothing that can panic runs under this lock.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who sends a request with this head.
    pub(crate) fn client(&self, headers: &HeaderMap, session: &str) -> Client {
        let hash = |keys: &RandomState| {
            let mut hasher = keys.build_hasher();
            session.hash(&mut hasher);
            for name in [header::AUTHORIZATION.as_str(), "x-api-key", "api-key"] {
                for value in headers.get_all(name) {
                    (name, value.as_bytes()).hash(&mut hasher);
                }
            }
            hasher.finish()
        };
        let [one, two] = &self.keys;
        Client(hash(one), hash(two))
    }

    /// An answer is going to be recorded.
    pub(crate) fn begin(&self) {
        let mut open = self.lock();
        open.recording = open.recording.saturating_add(1);
    }

    /// One was recorded, with these tool calls.
    pub(crate) fn recorded(&self, client: Client, wishes: Vec<(String, Wish)>) {
        let mut open = self.lock();
        open.recording = open.recording.saturating_sub(1);
        let Open { by_id, order, .. } = &mut *open;
        for (id, wish) in wishes {
            match by_id.entry((client, id)) {
                Entry::Vacant(place) => {
                    order.push_back(place.key().clone());
                    place.insert(State::Open(wish));
                }
                Entry::Occupied(mut place) => {
                    let state = match place.get() {
                        State::Answered(_) => State::Open(wish),
                        _ => State::Ambiguous,
                    };
                    place.insert(state);
                }
            }
        }
        while open.order.len() > MOST {
            if let Some(oldest) = open.order.pop_front() {
                open.by_id.remove(&oldest);
            }
        }
        drop(open);
        self.changed.notify_waiters();
    }

    /// Waits for answers that are being recorded as long as one of these ids is not known: an agent may be
    /// faster than the disk.
    pub(crate) async fn wait(&self, client: Client, ids: &[String]) {
        let until = Instant::now() + WAIT;
        loop {
            let mut changed = core::pin::pin!(self.changed.notified());
            // What changes from here on is heard of.
            changed.as_mut().enable();
            {
                let open = self.lock();
                let known = |id: &String| open.by_id.contains_key(&(client, id.clone()));
                if open.recording == 0 || ids.iter().all(known) {
                    return;
                }
            }
            if timeout_at(until, changed).await.is_err() {
                return;
            }
        }
    }

    /// What is known of results with these ids. A first one is nobody else's until it is
    /// [settled](Self::settle).
    pub(crate) fn take<'i>(
        &self,
        client: Client,
        ids: impl Iterator<Item = &'i str>,
    ) -> Vec<Known> {
        let mut open = self.lock();
        ids.map(|id| match open.by_id.get_mut(&(client, id.to_owned())) {
            Some(state) => match state {
                State::Open(wish) => {
                    let wish = wish.clone();
                    *state = State::Told(wish.clone());
                    Known::First(wish)
                }
                State::Told(wish) | State::Answered(wish) => Known::Again(wish.clone()),
                State::Ambiguous => Known::Nothing,
            },
            None => Known::Nothing,
        })
        .collect()
    }

    /// Says of results that were first whether they are in the log now. What is not can be told again.
    pub(crate) fn settle(&self, client: Client, ids: Vec<String>, sealed: bool) {
        let mut open = self.lock();
        for id in ids {
            if let Some(state) = open.by_id.get_mut(&(client, id))
                && let State::Told(wish) = state
            {
                let wish = wish.clone();
                *state = match sealed {
                    true => State::Answered(wish),
                    false => State::Open(wish),
                };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    const ME: Client = Client(1, 1);

    fn wish(tool: &str) -> Wish {
        Wish {
            intent: LeafHash::from_bytes([1; 32]),
            tool: tool.into(),
            trace: "t".into(),
        }
    }

    fn take(wishes: &Wishes, client: Client, id: &str) -> Known {
        wishes
            .take(client, [id].into_iter())
            .pop()
            .unwrap_or(Known::Nothing)
    }

    #[tokio::test]
    async fn answers_that_are_being_recorded_are_waited_for() {
        let wishes = Arc::new(Wishes::default());
        wishes.begin();
        let later = Arc::clone(&wishes);
        let task = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(30)).await;
            later.recorded(ME, vec![("a".into(), wish("search"))]);
        });
        wishes.wait(ME, &["a".into()]).await;
        assert_eq!(take(&wishes, ME, "a"), Known::First(wish("search")));
        let begun = Instant::now();
        wishes.wait(ME, &["b".into()]).await;
        assert!(begun.elapsed() < WAIT && task.await.is_ok());
    }

    #[test]
    fn a_result_counts_once_it_is_in_the_log() {
        let wishes = Wishes::default();
        wishes.recorded(ME, vec![("a".into(), wish("x"))]);
        for sealed in [false, true] {
            assert_eq!(take(&wishes, ME, "a"), Known::First(wish("x")));
            assert_eq!(take(&wishes, ME, "a"), Known::Again(wish("x")));
            wishes.settle(ME, vec!["a".into()], sealed);
        }
        assert_eq!(take(&wishes, ME, "a"), Known::Again(wish("x")));
        // The same id for the next tool call.
        wishes.recorded(ME, vec![("a".into(), wish("y"))]);
        assert_eq!(take(&wishes, ME, "a"), Known::First(wish("y")));
    }

    #[test]
    fn nothing_is_matched_that_is_anothers_or_has_its_id_twice() {
        let wishes = Wishes::default();
        let mut headers = HeaderMap::new();
        let nobody = wishes.client(&headers, "");
        headers.insert("x-api-key", header::HeaderValue::from_static("k"));
        let (one, two) = (wishes.client(&headers, ""), wishes.client(&headers, "s"));
        assert!(nobody != one && one != two && one == wishes.client(&headers, ""));
        wishes.recorded(one, vec![("a".into(), wish("x"))]);
        assert_eq!(take(&wishes, nobody, "a"), Known::Nothing);
        assert_eq!(take(&wishes, two, "a"), Known::Nothing);
        wishes.recorded(one, vec![("a".into(), wish("y"))]);
        assert_eq!(take(&wishes, one, "a"), Known::Nothing);
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let wishes = Wishes::default();
        wishes.recorded(ME, (0..=MOST).map(|n| (n.to_string(), wish("x"))).collect());
        assert_eq!(take(&wishes, ME, "0"), Known::Nothing);
        assert_eq!(take(&wishes, ME, "1"), Known::First(wish("x")));
    }
}
