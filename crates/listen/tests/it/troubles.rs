//! Who hears of troubles, and how often.

use ai_audit_listen::Troubles;
use std::sync::{Arc, Mutex};

#[test]
fn what_goes_on_failing_is_said_once() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let to = Arc::clone(&heard);
    let troubles = Troubles::new(move |line| to.lock().unwrap().push(line.to_owned()));
    for line in ["a", "b", "a", "b", "a"] {
        troubles.clone().tell(line);
    }
    assert_eq!(*heard.lock().unwrap(), ["a", "b"]);
}
