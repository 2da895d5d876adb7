//! Both of the library's ways of writing, mixed, for several tenants.

use std::time::Duration;

use ai_audit_import_servers::Tip;

use super::server::Server;
use crate::servers::{Receipt, all, open};

/// Among them tenants that are prefixes and patterns of each other, and ids with `:` and of patterns.
fn receipts() -> Vec<Receipt> {
    let of = Receipt::new;
    vec![
        of("acme", "r2", 0.5).within("s1", "t1"),
        of("acme", "r1", 0.0).within("s1", "t2"),
        of("acme", "r3", 0.000_001).within("s2", ""),
        of("acme:eu", "b:c", 7.0).within("s1", "t1"),
        of("acme:eu", "*", 6.0),
        of("a*", "[x]?", 5.0).within("receipt_tenant:acme", ""),
        of("", "n", 4.0).within("", "t\u{e9}"),
        of("acme", "r5", 8.0),
        of("acme", "r4", 8.0),
    ]
}

#[test]
fn records_come_in_the_order_of_their_times_then_of_their_ids() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let mut admin = server.admin();
    for (n, receipt) in receipts().iter().enumerate() {
        // Tenants are mixed, and so are their sessions.
        if n % 2 == 0 {
            admin.plain(receipt);
        } else {
            admin.lua(receipt);
        }
    }
    // Other data of the same server.
    admin.text(&["SET", "receipts", "none"]);
    admin.text(&["SET", "receipt", "none"]);
    admin.text(&["ZADD", "s9", "1", "somebody"]);
    let mut source = open(&server.url());
    assert_eq!(
        source.name(),
        format!("redis://127.0.0.1:{}/0", server.port)
    );
    assert_eq!(source.form(), "redis");
    let (records, found) = all(&mut source, None);
    let mut expected = receipts();
    expected.sort_by(|a, b| a.at.total_cmp(&b.at).then_with(|| a.id.cmp(&b.id)));
    let expected: Vec<_> = expected.iter().map(Receipt::json).collect();
    assert_eq!(records, expected);
    assert_eq!(found.remarks, []);
    assert!(!found.is_incomplete());
    let expiry = found.expiry.unwrap();
    assert_eq!(expiry.records, 9);
    let month = Duration::from_secs(2_592_000);
    assert!(expiry.soonest <= month && expiry.soonest > month - Duration::from_secs(60));
    let tip = |tenant: &str, id: &str| Tip {
        tenant: tenant.into(),
        hash: format!("hash of {id}"),
        held: true,
    };
    let tips = [
        tip("", "n"),
        tip("a*", "[x]?"),
        tip("acme", "r4"),
        tip("acme:eu", "*"),
    ];
    assert_eq!(found.tips, tips);
}

#[test]
fn tenants_are_those_that_the_records_name() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let mut admin = server.admin();
    for receipt in &receipts() {
        admin.lua(receipt);
    }
    let mut source = open(&server.url());
    let tenants = source.tenants().unwrap();
    let named = |name: &str, count| (name.to_string(), count);
    assert_eq!(
        tenants,
        [
            named("", 1),
            named("a*", 1),
            named("acme", 5),
            named("acme:eu", 2)
        ]
    );
    for (tenant, count) in tenants {
        let (records, found) = all(&mut source, Some(&tenant));
        assert_eq!(records.len() as u64, count, "{tenant}");
        assert!(
            found
                .tips
                .iter()
                .all(|tip| tip.tenant == tenant && tip.held)
        );
        assert_eq!(found.tips.len(), 1);
    }
    let (records, found) = all(&mut source, Some("nobody"));
    assert_eq!(records, [""; 0]);
    assert_eq!(found.tips, []);
}

#[test]
fn an_empty_server_has_nothing() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let mut source = open(&server.url());
    assert_eq!(source.tenants().unwrap(), []);
    let (records, found) = all(&mut source, None);
    assert_eq!(records, [""; 0]);
    assert_eq!(found, ai_audit_import_servers::Found::default());
}
