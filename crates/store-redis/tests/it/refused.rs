//! A89: a server that would lose what it acknowledged, by its settings, its role or its emptiness, or that
//! somebody tampered with.

use crate::servers::{Admin, append, create, options, refusal};
use ai_audit_core::Head;
use ai_audit_store::{LogName, Store, StoreError};
use ai_audit_store_redis::{OpenMode, RedisOptions, RedisStore};
use ai_audit_testkit::{RedisServer, TestLog};

fn says(error: &StoreError, words: &[&str]) {
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "{word}: {text}");
    }
}

#[test]
fn a89_settings_that_lose_receipts_are_refused() {
    let Some(server) = RedisServer::start_in_memory(&[]) else {
        return;
    };
    let store = create(&server);
    let mut admin = Admin::to(&server);
    for (name, bad, good) in [
        ("appendonly", "no", "yes"),
        ("appendfsync", "everysec", "always"),
        ("no-appendfsync-on-rewrite", "yes", "no"),
    ] {
        admin.run(&["CONFIG", "SET", name, bad]);
        let error = refusal(&server.url(), OpenMode::ReadWrite, &options());
        assert!(matches!(error, StoreError::NotAStore { .. }));
        says(&error, &[name, bad, good, "CONFIG SET"]);
        // Who is connected learns it with the next look at its health.
        assert!(store.health().is_err(), "{name}");
        admin.run(&["CONFIG", "SET", name, good]);
        assert!(store.health().unwrap().durable);
    }
    admin.run(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    // Without a limit nothing is evicted.
    assert!(store.health().is_ok());
    admin.run(&["CONFIG", "SET", "maxmemory", "1gb"]);
    for allow_loss in [false, true] {
        let options = RedisOptions {
            allow_loss,
            ..options()
        };
        let error = refusal(&server.url(), OpenMode::ReadWrite, &options);
        says(&error, &["allkeys-lru", "noeviction"]);
    }
}

#[test]
fn a89_a_user_who_may_not_see_the_settings_is_told_what_to_do() {
    let Some(server) = RedisServer::start_in_memory(&[]) else {
        return;
    };
    create(&server);
    let mut admin = Admin::to(&server);
    let user = |name: &str, rights: &[&str]| {
        let mut all = vec!["ACL", "SETUSER", name, "on", ">secret"];
        all.extend(["~{ai-audit}:*", "+@read", "+@write", "+@scripting"]);
        all.extend(["+@connection", "+info", "+role"]);
        all.extend(rights);
        all.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    for (name, rights) in [
        ("few", &[][..]),
        ("most", &["+config|get"]),
        ("all", &["+config|get", "+bgrewriteaof"]),
        (
            "half",
            &["+config|get", "+bgrewriteaof", "-srem", "-unlink"],
        ),
        (
            "reads",
            &["+config|get", "+bgrewriteaof", "-@write", "+eval"],
        ),
    ] {
        let user = user(name, rights);
        admin.run(&user.iter().map(String::as_str).collect::<Vec<_>>());
    }
    let url = |user: &str| format!("redis://{user}@127.0.0.1:{}", server.port());
    let with = |password: &str| RedisOptions {
        password: Some(password.into()),
        ..options()
    };
    let error = refusal(&url("few"), OpenMode::ReadWrite, &with("secret"));
    says(&error, &["+config|get", "allow loss"]);
    let error = refusal(&url("few"), OpenMode::ReadWrite, &with("wrong"));
    says(&error, &["password"]);
    assert!(!error.to_string().contains("wrong"), "{error}");

    // The rights of the specification are enough for everything but deleting.
    let store = RedisStore::open(&url("most"), OpenMode::ReadWrite, &with("secret")).unwrap();
    let (mut log, name) = (TestLog::new(1), LogName::default());
    append(&store, &name, &Head::EMPTY, &log.seal(1030)).unwrap();
    assert!(store.health().unwrap().durable);
    // Which is told before anything is recorded of it, or done.
    let error = store.may_delete(&name).unwrap_err();
    assert!(error.is_refusal(), "{error}");
    says(&error, &["may not run BGREWRITEAOF,", "+bgrewriteaof"]);
    assert_eq!(store.count_deleted(&name, 0..=1029).unwrap(), 0);
    let error = store.delete_receipts(&name, 5..=9).unwrap_err();
    says(&error, &["is deleted", "bgrewriteaof", "delete again"]);
    assert!(!error.is_refusal());
    let store = RedisStore::open(&url("all"), OpenMode::ReadWrite, &with("secret")).unwrap();
    assert_eq!(store.may_delete(&name), Ok(()));
    assert_eq!(store.may_delete(&LogName::new("other").unwrap()), Ok(()));
    assert_eq!(store.count_deleted(&name, 0..=1029).unwrap(), 5);
    assert_eq!(store.delete_receipts(&name, 5..=10).unwrap(), 1);
    for (name, missing) in [
        ("half", "may not run SREM, UNLINK,"),
        ("reads", "may not run"),
    ] {
        let store = RedisStore::open(&url(name), OpenMode::ReadWrite, &with("secret")).unwrap();
        let log = LogName::default();
        says(&store.may_delete(&log).unwrap_err(), &[missing]);
        assert_eq!(store.count_deleted(&log, 0..=1029).unwrap(), 6);
        if name == "reads" {
            store.delete_receipts(&log, 20..=29).unwrap_err();
        }
    }
    let store = RedisStore::open(&url("all"), OpenMode::ReadOnly, &with("secret")).unwrap();
    assert_eq!(store.may_delete(&name), Err(StoreError::ReadOnly));
}

/// A server that takes no writes would have an erasure begun and not done.
#[test]
fn a89_a_server_that_takes_no_writes_may_not_delete() {
    let Some(server) = RedisServer::start_in_memory(&[]) else {
        return;
    };
    let (store, mut log, name) = (create(&server), TestLog::new(1), LogName::default());
    append(&store, &name, &Head::EMPTY, &log.seal(20)).unwrap();
    assert_eq!(store.may_delete(&name), Ok(()));
    let mut admin = Admin::to(&server);
    admin.run(&["CONFIG", "SET", "maxmemory", "1"]);
    let error = store.may_delete(&name).unwrap_err();
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
    let error = store.delete_receipts(&name, 5..=9).unwrap_err();
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
    admin.run(&["CONFIG", "SET", "maxmemory", "0"]);
    admin.run(&["REPLICAOF", "127.0.0.1", "1"]);
    says(&store.may_delete(&name).unwrap_err(), &["master"]);
    says(
        &store.delete_receipts(&name, 5..=9).unwrap_err(),
        &["master"],
    );
    admin.run(&["REPLICAOF", "NO", "ONE"]);
    admin.run(&["DEL", "{ai-audit}:store"]);
    says(
        &store.may_delete(&name).unwrap_err(),
        &["no {ai-audit}:store"],
    );
    admin.run(&["SET", "{ai-audit}:store", "ai-audit store 1"]);
    assert_eq!(store.may_delete(&name), Ok(()));
    assert_eq!(store.delete_receipts(&name, 5..=9), Ok(5));
}

#[test]
fn a89_replicas_and_empty_servers_are_no_stores() {
    let Some(server) = RedisServer::start_in_memory(&[]) else {
        return;
    };
    let error = refusal(&server.url(), OpenMode::ReadWrite, &options());
    says(&error, &["no {ai-audit}:store", "create it"]);
    let store = create(&server);
    let mut admin = Admin::to(&server);
    // Nobody listens on that port: a replica that has lost its master.
    admin.run(&["REPLICAOF", "127.0.0.1", "1"]);
    let error = refusal(&server.url(), OpenMode::ReadWrite, &options());
    says(&error, &["slave", "master"]);
    let (mut log, name) = (TestLog::new(1), LogName::default());
    let first = log.seal(3);
    let error = append(&store, &name, &Head::EMPTY, &first).unwrap_err();
    says(&error, &["master"]);
    admin.run(&["REPLICAOF", "NO", "ONE"]);
    append(&store, &name, &Head::EMPTY, &first).unwrap();

    // Somebody empties the server, or removes the marker alone.
    admin.run(&["DEL", "{ai-audit}:store"]);
    let head = log.head();
    let more = log.seal(1);
    let error = append(&store, &name, &head, &more).unwrap_err();
    says(&error, &["there is no store, or it was lost"]);
    let error = refusal(&server.url(), OpenMode::Create, &options());
    says(&error, &["somebody removed it"]);
    admin.run(&["SET", "{ai-audit}:store", "ai-audit store 2"]);
    let error = refusal(&server.url(), OpenMode::ReadWrite, &options());
    assert!(matches!(error, StoreError::TooNew { found: 2, .. }));
    admin.run(&["SET", "{ai-audit}:store", "something"]);
    let error = refusal(&server.url(), OpenMode::ReadWrite, &options());
    says(&error, &["something", "ai-audit store 1"]);
    admin.run(&["SET", "{ai-audit}:store", "ai-audit store 1"]);
    append(&store, &name, &head, &more).unwrap();
}

#[test]
fn a89_what_makes_no_sense_is_refused() {
    for url in [
        "",
        "http://localhost",
        "redis://:secret@[::1",
        "redis://h/x",
    ] {
        let error = refusal(url, OpenMode::ReadWrite, &options());
        assert!(matches!(error, StoreError::Invalid { .. }), "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    for name in ["", "a}b", "A", "a b"] {
        let options = RedisOptions {
            name: name.into(),
            ..options()
        };
        let error = refusal("redis://127.0.0.1:1", OpenMode::ReadWrite, &options);
        says(&error, &["name"]);
    }
    let error = refusal("redis://127.0.0.1:1", OpenMode::ReadWrite, &options());
    says(&error, &["connecting at 127.0.0.1:1"]);
}

/// Keys that were tampered with: nothing is written over what contradicts the log, and no half append stays.
#[test]
fn a89_a_tampered_key_stops_the_append_before_it_writes() {
    let Some(server) = RedisServer::start_in_memory(&[]) else {
        return;
    };
    let (store, mut log, name) = (create(&server), TestLog::new(1), LogName::default());
    append(&store, &name, &Head::EMPTY, &log.seal(20)).unwrap();
    let head = log.head();
    let more = log.seal(5);
    let mut admin = Admin::to(&server);
    // Another type, a string cut short, a sum that is no number.
    for (key, spoil) in [
        ("rows:0", &["SET", "K", "short"][..]),
        ("sealed:0", &["SET", "K", "x"]),
        ("nodes:0:0", &["HSET", "K", "a", "b"]),
    ] {
        let key = format!("{{ai-audit}}:default:{key}");
        admin.run(&["COPY", &key, "kept"]);
        admin.run(&["DEL", &key]);
        let spoil: Vec<&str> = spoil
            .iter()
            .map(|part| if *part == "K" { key.as_str() } else { part })
            .collect();
        admin.run(&spoil);
        let error = append(&store, &name, &head, &more).unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
        assert_eq!(store.head(&name).unwrap(), Some(head));
        admin.run(&["DEL", &key]);
        admin.run(&["RENAME", "kept", &key]);
    }
    admin.run(&["HSET", "{ai-audit}:totals", "bytes", "many"]);
    assert!(append(&store, &name, &head, &more).is_err());
    assert_eq!(store.head(&name).unwrap(), Some(head));
    admin.run(&["HSET", "{ai-audit}:totals", "bytes", "1"]);
    // A receipt that somebody removed is no deleted one.
    admin.run(&["HDEL", "{ai-audit}:default:sealed:0", "7"]);
    let error = store.read(&name, 0, Default::default()).unwrap_err();
    says(&error, &["receipt 7 is missing"]);
    append(&store, &name, &head, &more).unwrap();
    assert_eq!(store.head(&name).unwrap(), Some(log.head()));
}
