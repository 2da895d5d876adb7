//! What is gone, or is not what the library writes.

use std::time::Duration;

use ai_audit_import_servers::{RemarkKind, ServerError};

use super::server::Server;
use crate::servers::{Receipt, all, open, remarks};

#[test]
fn receipts_that_are_gone_are_told_by_what_still_lists_them() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let mut admin = server.admin();
    let of = |id: &str, at| Receipt::new("acme", id, at).within("s", "t");
    for receipt in [of("p1", 1.0), of("p2", 2.0), of("p3", 3.0)] {
        admin.plain(&receipt);
    }
    for receipt in [of("l1", 4.0), of("l2", 5.0), of("l3", 6.0)] {
        admin.lua(&receipt);
    }
    // The first expires, one is deleted, and of one that Lua wrote only the session's bare list is left.
    admin.text(&["PEXPIRE", "receipt:acme:p1", "1"]);
    admin.text(&["DEL", "receipt:acme:l1", "receipt:acme:l2"]);
    admin.text(&["ZREM", "receipt_tenant:acme", "l2"]);
    std::thread::sleep(Duration::from_millis(20));
    // The same in another tenant is there.
    admin.lua(&Receipt::new("other", "l1", 1.0));
    let (records, found) = all(&mut open(&server.url()), Some("acme"));
    assert_eq!(records.len(), 3);
    assert_eq!(
        remarks(&found),
        [
            (RemarkKind::Gone, None, 2, vec!["l2", "p1"]),
            (RemarkKind::Gone, Some("acme"), 1, vec!["l1"]),
        ]
    );
    assert!(found.is_incomplete());
    assert!(found.tips[0].held);

    // The end is gone: what the chain's end names is nowhere.
    admin.text(&["DEL", "receipt:acme:l3"]);
    let (records, found) = all(&mut open(&server.url()), Some("acme"));
    assert_eq!(records.len(), 2);
    assert_eq!(
        remarks(&found)[2],
        (RemarkKind::EndMissing, Some("acme"), 1, vec!["hash of l3"])
    );
    assert!(!found.tips[0].held);

    // The other tenant has nothing of it but what may be anybody's.
    let (_, found) = all(&mut open(&server.url()), Some("other"));
    assert!(found.remarks.iter().all(|remark| remark.tenant.is_none()));
}

/// Emptying a receipt and moving the chain's end to the one before shows what deleting it would show.
#[test]
fn receipts_that_were_emptied_are_missing() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let mut admin = server.admin();
    let of = |id: &str, at| Receipt::new("acme", id, at).within("s", "");
    for receipt in [of("p1", 1.0), of("p2", 2.0)] {
        admin.plain(&receipt);
    }
    // Under a tenant's and a session's list, and under a session's alone.
    for receipt in [of("l1", 3.0), of("l2", 4.0), of("l3", 5.0)] {
        admin.lua(&receipt);
    }
    admin.text(&["ZREM", "receipt_tenant:acme", "l2"]);
    let whole = all(&mut open(&server.url()), None);
    assert_eq!((whole.0.len(), whole.1.remarks), (5, Vec::new()));

    admin.text(&["SET", "receipt:acme:l3", ""]);
    admin.text(&["SET", "receipt_chain:acme", "hash of l2"]);
    let (records, found) = all(&mut open(&server.url()), Some("acme"));
    assert_eq!(records.len(), 4);
    assert_eq!(
        remarks(&found),
        [
            (RemarkKind::Gone, Some("acme"), 1, vec!["l3"]),
            (RemarkKind::Blank, Some("acme"), 1, vec!["receipt:acme:l3"]),
        ]
    );
    assert!(found.is_incomplete());

    // White space is no record either; and what was emptied since it was listed is not there any more.
    admin.text(&["SET", "receipt:acme:l2", " \t\n"]);
    admin.text(&["SET", "receipt:acme:p2", "\n"]);
    let mut source = open(&server.url());
    assert_eq!(source.tenants().unwrap(), [("acme".to_string(), 2)]);
    admin.text(&["SET", "receipt:acme:p1", ""]);
    admin.text(&["SET", "receipt:acme:l1", "\n"]);
    let (records, found) = all(&mut source, None);
    assert_eq!(records, [""; 0]);
    let blank = ["l1", "l2", "l3", "p2"].map(|id| format!("receipt:acme:{id}"));
    let told = remarks(&found);
    let mut kinds = told
        .iter()
        .map(|(kind, whose, count, _)| (*kind, *whose, *count));
    assert_eq!(
        kinds.by_ref().collect::<Vec<_>>(),
        [
            (RemarkKind::Gone, None, 2),
            (RemarkKind::Gone, Some("acme"), 1),
            (RemarkKind::Vanished, Some("acme"), 1),
            (RemarkKind::Blank, Some("acme"), 4),
            (RemarkKind::EndMissing, Some("acme"), 1),
        ]
    );
    assert_eq!(told[0].3, ["l2", "p2"]);
    let mut keys = told[3].3.clone();
    keys.sort_unstable();
    assert_eq!(keys, blank);
}

#[test]
fn a_tenant_of_whom_all_is_gone_is_not_forgotten() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let mut admin = server.admin();
    admin.plain(&Receipt::new("acme", "r1", 1.0));
    admin.text(&["DEL", "receipt:acme:r1"]);
    let (records, found) = all(&mut open(&server.url()), None);
    assert_eq!(records, [""; 0]);
    assert!(found.is_incomplete());
    assert_eq!(found.tips.len(), 1);
}

#[test]
fn what_the_library_does_not_write_is_told_and_what_is_text_is_handed_on() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let mut admin = server.admin();
    admin.plain(&Receipt::new("acme", "r1", 1.0).within("s", ""));
    // Of other types.
    admin.text(&["LPUSH", "receipt:acme:list", "x"]);
    admin.text(&["HSET", "receipt_chain:hash", "x", "y"]);
    admin.text(&["SET", "receipt_session:string", "x"]);
    admin.text(&["SADD", "receipt_tenant:set", "x"]);
    // Not UTF-8, as a value and as a key.
    admin.run(&[b"SET", b"receipt:acme:bytes", b"{\"receipt_id\":\"\xff\"}"]);
    admin.run(&[b"SET", b"receipt:acme:\xff\xfe", b"{}"]);
    // Too long by far, and as long as may be.
    let long = vec![b'x'; 20 << 20];
    admin.run(&[b"SET", b"receipt:acme:long", &long]);
    admin.run(&[b"SET", b"receipt:acme:limit", &long[..16 << 20]]);
    admin.run(&[b"SET", b"receipt:acme:limit+1", &long[..(16 << 20) + 1]]);
    // No JSON, none that is an object, one nested too deeply, none at all.
    admin.text(&["SET", "receipt:acme:not", "not JSON"]);
    admin.text(&["SET", "receipt:acme:array", "[1]"]);
    admin.text(&["SET", "receipt:acme:deep", &"[".repeat(100_000)]);
    admin.text(&["SET", "receipt:acme:empty", ""]);
    admin.text(&["SET", "receipt:x", "{\"receipt_id\":1}"]);
    // Under another tenant and id than it says.
    let other = Receipt::new("acme", "r2", 2.0).within("", "t");
    admin.text(&["SET", "receipt:a:b:c", &other.json()]);
    let (records, found) = all(&mut open(&server.url()), None);
    let times = records.iter().take(2).filter(|text| text.contains("2026-"));
    assert_eq!(times.count(), 2, "those with a time come first");
    assert_eq!(records.len(), 8);
    for text in ["not JSON", "[1]", "{}", "{\"receipt_id\":1}"] {
        assert!(records.iter().any(|record| record == text), "{text:?}");
    }
    let kinds = remarks(&found);
    let expected = [
        (RemarkKind::Blank, Some("acme"), vec!["receipt:acme:empty"]),
        (RemarkKind::WrongType, None, vec!["receipt_session:string"]),
        (
            RemarkKind::WrongType,
            Some("acme"),
            vec!["receipt:acme:list"],
        ),
        (
            RemarkKind::WrongType,
            Some("hash"),
            vec!["receipt_chain:hash"],
        ),
        (
            RemarkKind::WrongType,
            Some("set"),
            vec!["receipt_tenant:set"],
        ),
        (
            RemarkKind::NotText,
            Some("acme"),
            vec!["receipt:acme:bytes"],
        ),
        (
            RemarkKind::TooLong,
            Some("acme"),
            vec!["receipt:acme:limit+1", "receipt:acme:long"],
        ),
        (RemarkKind::Misplaced, Some("acme"), vec!["receipt:a:b:c"]),
        (RemarkKind::Unlisted, Some("acme"), vec!["receipt:a:b:c"]),
        (RemarkKind::NoTip, Some(""), vec!["receipt_chain:"]),
    ];
    let expected = expected.map(|(kind, whose, what)| (kind, whose, what.len() as u64, what));
    assert_eq!(kinds, expected);
    assert!(found.is_incomplete());
}

#[test]
fn a_record_that_goes_while_it_is_read_is_told() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let mut admin = server.admin();
    for n in 0..3 {
        admin.plain(&Receipt::new("acme", format!("r{n}"), f64::from(n)));
    }
    let mut source = open(&server.url());
    assert_eq!(source.tenants().unwrap(), [("acme".to_string(), 3)]);
    admin.text(&["DEL", "receipt:acme:r1"]);
    admin.text(&["APPEND", "receipt:acme:r2", "\u{1f600}"]);
    admin.text(&["SETRANGE", "receipt:acme:r0", "16777216", "x"]);
    // One that came since is not expected, and does not come.
    admin.plain(&Receipt::new("acme", "r3", 3.0));
    let (records, found) = all(&mut source, None);
    assert_eq!(records.len(), 1);
    assert_eq!(
        remarks(&found),
        [
            (
                RemarkKind::Vanished,
                Some("acme"),
                1,
                vec!["receipt:acme:r1"]
            ),
            (
                RemarkKind::TooLong,
                Some("acme"),
                1,
                vec!["receipt:acme:r0"]
            ),
        ]
    );
    // Nor is the listing kept for good: what is opened anew sees it.
    assert_eq!(open(&server.url()).tenants().unwrap()[0].1, 2);
    let (records, _) = all(&mut source, None);
    assert_eq!(records.len(), 1);
}

#[test]
fn who_takes_the_records_can_stop() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let mut admin = server.admin();
    for n in 0..3 {
        admin.plain(&Receipt::new("acme", format!("r{n}"), f64::from(n)));
    }
    let mut source = open(&server.url());
    let mut taken = 0;
    let stopped = source.records(None, |_| {
        taken += 1;
        Err(ServerError::Address("enough".into()))
    });
    assert_eq!(
        stopped.unwrap_err().to_string(),
        "the server's address: enough"
    );
    assert_eq!(taken, 1);
    // And take them again.
    assert_eq!(all(&mut source, None).0.len(), 3);
}
