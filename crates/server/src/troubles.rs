//! What goes wrong below the service: clients hear of which kind it is, and a number; the operator all of it.

use ai_audit_listen::Troubles;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// How many troubles keep their number.
const REMEMBERED: usize = 16;

/// The number of a trouble: that of the last one which said the same, while it is remembered, or a new one.
pub(crate) fn number(whole: &str) -> u64 {
    static KNOWN: Mutex<(u64, VecDeque<(u64, String)>)> = Mutex::new((0, VecDeque::new()));
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let (last, recent) = &mut *known;
    if let Some((number, _)) = recent.iter().find(|(_, said)| said == whole) {
        return *number;
    }
    *last = last.saturating_add(1);
    recent.truncate(REMEMBERED - 1);
    recent.push_front((*last, whole.into()));
    *last
}

/// The whole of a trouble, on its way with the answer that tells its kind.
#[derive(Debug, Clone)]
pub(crate) struct Whole(pub(crate) String);

/// Tells the whole of what an answer has the kind of.
pub(crate) async fn told(
    State(troubles): State<Troubles>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    if let Some(Whole(line)) = response.extensions_mut().remove() {
        troubles.tell(&line);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_on_failing_has_one_number() {
        let [first, second] = ["numbered: a", "numbered: b"].map(number);
        assert_eq!(number("numbered: a"), first);
        assert_ne!(first, second);
    }
}
