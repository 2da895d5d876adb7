//! A98: an older root that was put back, or a copy that is behind: refused by whoever remembers more.

use crate::rig::{folder, ledger, open, submit};
use ai_audit_store::{LogName, Store};
use ai_audit_store_object::{OpenMode, Place};
use ai_audit_testkit::TestLog;
use std::fs;
use std::sync::Arc;

#[test]
fn a98_an_older_root_is_refused() {
    let (folder, marks) = (folder(), tempfile::tempdir().unwrap());
    let place = Place::Folder(folder.path().into());
    let name = LogName::default();
    let root = folder.path().join("root");
    let empty = {
        drop(open(&place, OpenMode::Create));
        fs::read(&root).unwrap()
    };
    let running = ledger(Arc::new(open(&place, OpenMode::ReadWrite)), marks.path());
    running
        .create_log(name.clone(), TestLog::new_log(1))
        .unwrap();
    submit(&running, 5).wait().unwrap();
    let behind = fs::read(&root).unwrap();
    submit(&running, 5).wait().unwrap();
    // The running writer meets a log that ends elsewhere, and stops.
    fs::write(&root, &behind).unwrap();
    let told = submit(&running, 1).wait().unwrap_err().to_string();
    assert!(told.contains("was expected to end"), "{told}");
    running.close("stopped").ok();
    // One that is opened anew remembers how far the log had come. Of an empty store there is no such log.
    for (older, expected) in [(&behind, "older copy"), (&empty, "default")] {
        fs::write(&root, older).unwrap();
        let store = Arc::new(open(&place, OpenMode::ReadWrite));
        let before = store.head(&name).unwrap();
        let again = ledger(store.clone(), marks.path());
        let error = again
            .attach_log(name.clone(), TestLog::signers(1))
            .unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        again.close("refused").ok();
        assert_eq!(store.head(&name).unwrap(), before, "nothing was written");
    }
}

#[test]
fn a_log_is_attached_again_and_goes_on() {
    let (folder, marks) = (folder(), tempfile::tempdir().unwrap());
    let place = Place::Folder(folder.path().into());
    let name = LogName::default();
    let first = ledger(Arc::new(open(&place, OpenMode::Create)), marks.path());
    first.create_log(name.clone(), TestLog::new_log(1)).unwrap();
    submit(&first, 3).wait().unwrap();
    first.close("done").unwrap();
    let again = ledger(Arc::new(open(&place, OpenMode::ReadWrite)), marks.path());
    again.attach_log(name.clone(), TestLog::signers(1)).unwrap();
    submit(&again, 3).wait().unwrap();
    again.close("done").unwrap();
    // Genesis, start, three, stop; start, three, stop.
    let store = open(&place, OpenMode::ReadOnly);
    assert_eq!(crate::rig::whole(&store, &name).size(), 11);
}
