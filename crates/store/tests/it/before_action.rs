//! What is recorded before it is done.

use crate::rig::{record, rig};
use ai_audit_store::{LogName, Store};
use ai_audit_testkit::Fault;

#[test]
fn what_is_about_to_be_done_is_durable_before_it_is() {
    let rig = rig();
    let ledger = rig.created();
    let log = LogName::default();
    let receipt = ledger.before_action(&log, record("about to")).unwrap();
    // Nobody else had to wait for it.
    assert_eq!(
        rig.store.head(&log).unwrap().unwrap().size(),
        receipt.seq + 1
    );
    rig.store.fail_next(Fault::Full);
    let error = ledger.before_action(&log, record("not done")).unwrap_err();
    assert!(error.to_string().contains("not recorded"), "{error}");
}
