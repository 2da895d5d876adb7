//! A95: a server that does not hold conditions is no place for a log.

use crate::endpoint::{Endpoint, Manner, bucket};
use crate::rig::{append, open, options, refusal, says, whole};
use ai_audit_core::Head;
use ai_audit_store::{LogName, Store, StoreError};
use ai_audit_store_object::{ObjectOptions, ObjectStore, OpenMode, Place, S3Bucket};
use ai_audit_testkit::TestLog;
use std::sync::atomic::Ordering;

#[test]
fn a95_a_server_that_ignores_conditions_is_refused() {
    let cases = [
        (
            Manner {
                none_match: false,
                ..Manner::GOOD
            },
            "If-None-Match",
        ),
        (
            Manner {
                is_match: false,
                ..Manner::GOOD
            },
            "If-Match",
        ),
    ];
    for (manner, header) in cases {
        let endpoint = Endpoint::new(manner);
        for mode in [OpenMode::Create, OpenMode::ReadWrite] {
            let error = refusal(&bucket(&endpoint), mode);
            assert!(matches!(error, StoreError::NotAStore { .. }), "{error}");
            says(&error, &[header, "cannot keep a log"]);
        }
    }
    // One that refuses whatever has a condition is no use either.
    for status in [400, 412, 501] {
        let endpoint = Endpoint::new(Manner {
            refuses: Some(status),
            ..Manner::GOOD
        });
        let error = refusal(&bucket(&endpoint), OpenMode::Create);
        println!("{error}");
    }
}

#[test]
fn a95_a_server_that_holds_them_is_taken() {
    let endpoint = Endpoint::new(Manner::GOOD);
    let place = bucket(&endpoint);
    let error = refusal(&place, OpenMode::ReadWrite);
    says(&error, &["there is no store"]);
    let (mut log, name) = (TestLog::new(1), LogName::default());
    let store = open(&place, OpenMode::Create);
    append(&store, &name, &Head::EMPTY, &log.seal(40)).unwrap();
    // One that is busy is asked again.
    endpoint.busy.store(2, Ordering::SeqCst);
    let head = log.head();
    append(&store, &name, &head, &log.seal(3)).unwrap();
    assert_eq!(endpoint.busy.load(Ordering::SeqCst), 0);
    assert_eq!(store.delete_receipts(&name, 5..=9).unwrap(), 5);
    let again = open(&place, OpenMode::ReadWrite);
    assert_eq!(again.count_deleted(&name, 0..=99).unwrap(), 5);
    // One that is busy for good is an error, and nothing is changed.
    endpoint.busy.store(usize::MAX, Ordering::SeqCst);
    let head = log.head();
    let error = append(&store, &name, &head, &log.seal(1)).unwrap_err();
    assert!(matches!(error, StoreError::Io { .. }), "{error}");
    endpoint.busy.store(0, Ordering::SeqCst);
    assert_eq!(store.head(&name).unwrap(), Some(head));
}

#[test]
fn nothing_is_deleted_where_versions_are_kept() {
    let endpoint = Endpoint::new(Manner {
        versions: true,
        ..Manner::GOOD
    });
    let place = bucket(&endpoint);
    let (mut log, name) = (TestLog::new(1), LogName::default());
    let store = open(&place, OpenMode::Create);
    append(&store, &name, &Head::EMPTY, &log.seal(9)).unwrap();
    for refused in [
        store.delete_receipts(&name, 3..=5),
        store.delete_ciphertexts(&name, &[]),
    ] {
        let error = refused.unwrap_err();
        assert!(error.is_refusal(), "{error}");
        says(&error, &["older versions", "versions_expire"]);
    }
    assert_eq!(whole(&store, &name), log.head());
    let known = ObjectOptions {
        versions_expire: true,
        ..options()
    };
    let store = ObjectStore::open(&place, OpenMode::ReadWrite, &known).unwrap();
    assert_eq!(store.delete_receipts(&name, 3..=5).unwrap(), 3);
}

/// Object lock keeps versions: appending works, deleting is refused by us before the bucket would only hide.
#[test]
fn a_bucket_with_object_lock_is_appended_to_and_nothing_is_deleted_from_it() {
    let Some(server) = crate::servers::Server::moto() else {
        return;
    };
    let place = server.locked_bucket();
    let (mut log, name) = (TestLog::new(1), LogName::default());
    let store = open(&place, OpenMode::Create);
    for _ in 0..40 {
        let head = log.head();
        append(&store, &name, &head, &log.seal(2)).unwrap();
    }
    assert_eq!(whole(&open(&place, OpenMode::ReadOnly), &name), log.head());
    let error = store.delete_receipts(&name, 3..=5).unwrap_err();
    says(&error, &["older versions", "versions_expire"]);
}

/// What was written while versions were kept stays where only new objects have none.
#[test]
fn nothing_is_deleted_of_what_a_bucket_kept_versions_of_before() {
    let Some(server) = crate::servers::Server::moto() else {
        return;
    };
    let place = server.versioned_bucket(true);
    let (mut log, name) = (TestLog::new(1), LogName::default());
    append(
        &open(&place, OpenMode::Create),
        &name,
        &Head::EMPTY,
        &log.seal(9),
    )
    .unwrap();
    server.versioned_bucket(false);
    let store = open(&place, OpenMode::ReadWrite);
    let head = log.head();
    append(&store, &name, &head, &log.seal(2)).unwrap();
    let error = store.delete_receipts(&name, 3..=5).unwrap_err();
    says(&error, &["older versions", "versions_expire"]);
    let again = open(&place, OpenMode::ReadOnly);
    assert_eq!(whole(&again, &name), log.head());
    assert_eq!(again.count_deleted(&name, 0..=9).unwrap(), 0);
}

#[test]
fn what_makes_no_sense_is_refused_and_no_secret_is_said() {
    let at = |endpoint: &str| {
        let mut bucket = S3Bucket::new("audit", "us-east-1");
        bucket.endpoint = Some(endpoint.into());
        bucket
    };
    for endpoint in [
        "",
        "http://s3.example.org",
        "ftp://127.0.0.1",
        "http://127.0.0.2",
    ] {
        let error = refusal(&Place::S3(at(endpoint)), OpenMode::ReadOnly);
        assert!(matches!(error, StoreError::Invalid { .. }), "{error}");
    }
    for prefix in ["/", "a//b", "../a", "a/"] {
        let mut bucket = at("http://127.0.0.1:1");
        bucket.prefix = prefix.into();
        let error = refusal(&Place::S3(bucket), OpenMode::ReadOnly);
        says(&error, &["prefix"]);
    }
    let mut bucket = at("https://127.0.0.1:1");
    bucket.authorities = Some("no certificate".into());
    let error = refusal(&Place::S3(bucket), OpenMode::ReadOnly);
    says(&error, &["authorities"]);
    // Nobody listens there.
    let mut bucket = at("http://127.0.0.1:1");
    bucket.keys = Some(ai_audit_store_object::S3Keys {
        id: "tests".into(),
        secret: "hunter2".into(),
        token: Some("hunter3".into()),
    });
    let place = Place::S3(bucket);
    let error = refusal(&place, OpenMode::ReadWrite);
    assert!(matches!(error, StoreError::Io { .. }), "{error}");
    for text in [error.to_string(), format!("{place:?}")] {
        assert!(!text.contains("hunter"), "{text}");
    }
    let other: Place = Place::Folder("x".into());
    assert!(format!("{other:?}").contains('x'));
}
