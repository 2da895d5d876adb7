//! The small types that everything is made of: texts, lists, keys, hashers, verdicts.

use crate::logs::{Log, at, key};
use ai_audit_core::{
    Action, Digest, DigestSecret, DisclosureKey, Exit, Head, LeafHash, List, NodeHash, PartsHasher,
    Question, ReceiptId, Signer, SigningKey, Status, Text, TextHasher, UnverifiedReceipt, Verdict,
};

#[test]
fn texts_are_equal_by_what_they_say() {
    let (borrowed, owned) = (Text::borrowed("ab"), Text::from("ab".to_owned()));
    assert_eq!(borrowed, owned);
    assert_ne!(borrowed, Text::borrowed("ac"));
    assert!(borrowed == *"ab" && borrowed != *"a");
    assert!(borrowed == "ab" && borrowed != "a");
    assert_eq!(
        (format!("{owned}"), format!("{owned:?}")),
        ("ab".into(), "\"ab\"".into())
    );
    assert_eq!(borrowed.clone().into_owned(), owned);
    assert_eq!(owned.into_owned().len(), 2);
    assert_eq!(Text::default(), Text::EMPTY);
}

#[test]
fn lists_are_equal_by_their_items() {
    let items = [1, 2];
    let borrowed = List::borrowed(&items);
    let owned: List<'_, i32> = vec![1, 2].into();
    assert_eq!(borrowed, owned);
    assert_ne!(borrowed, List::EMPTY);
    assert_eq!(format!("{owned:?}"), "[1, 2]");
    let mut pushed: List<'_, i32> = (&items[..1]).into();
    pushed.push(2);
    assert_eq!(pushed, owned);
    pushed.push(3);
    assert_eq!(pushed.as_slice(), [1, 2, 3]);
    assert_eq!([1, 2].into_iter().collect::<List<'_, _>>(), owned);
    assert!(List::<i32>::default().is_empty());
}

#[test]
fn keys_come_back_from_their_seeds() {
    let seed = core::array::from_fn(|n| u8::try_from(n).unwrap());
    let key = SigningKey::from_bytes(&seed);
    assert_eq!(*key.to_seed(), seed);
    let remote: &dyn Signer = &key;
    assert_eq!((&remote).verifying_key(), key.verifying_key());
    assert_eq!((&remote).try_sign(b"m"), Ok(key.sign(b"m")));
    // Several threads may sign with it at once.
    let shared = (&remote).shared().map(|signer| signer.try_sign(b"m"));
    assert_eq!(shared, Some(Ok(key.sign(b"m"))));
    let public = key.verifying_key();
    assert_eq!(format!("{public:?}"), format!("VerifyingKey({public})"));
    assert_eq!(public.to_string().len(), 64);
    assert_eq!(public.id().to_string().len(), 16);
}

#[test]
fn actions_have_the_names_of_the_view() {
    let names = Action::ALL.map(Action::name);
    let expected = [
        "allow",
        "reject",
        "fail_retry",
        "cache_hit",
        "escalate",
        "bypass",
    ];
    assert_eq!(names, expected);
    assert_eq!(names.map(Action::from_name), Action::ALL.map(Some));
    assert_eq!(Action::from_name(""), None);
}

#[test]
fn what_is_secret_or_long_is_not_shown() {
    let secret = DigestSecret::from_bytes([0x5a; 32]);
    assert_eq!(format!("{secret:?}"), "DigestSecret(secret)");
    let disclosed = secret.exact_key(&ReceiptId::from_bytes([1; 16]), "input");
    assert_eq!(format!("{disclosed:?}"), "DisclosureKey(secret)");
    let again = DisclosureKey::from_bytes(*disclosed.as_bytes());
    assert_eq!(again.as_bytes(), disclosed.as_bytes());
    assert_eq!(format!("{:?}", TextHasher::plain()), "TextHasher(..)");
    assert_eq!(format!("{:?}", PartsHasher::default()), "PartsHasher(..)");
    let log = Log::new(1);
    let receipt = UnverifiedReceipt::parse(&log.sealed[0]).unwrap();
    let shown = format!("{receipt:?}");
    assert!(
        shown.starts_with("UnverifiedReceipt { header:") && shown.ends_with(".. }"),
        "{shown}"
    );
    assert!(shown.contains(&receipt.hash().to_string()));
}

#[test]
fn hashes_are_what_they_are_of() {
    let bytes = core::array::from_fn(|n| u8::try_from(n).unwrap());
    assert_eq!(Digest::from_bytes(bytes).as_bytes(), &bytes);
    assert_eq!(Digest::from_bytes(bytes).as_ref(), bytes);
    let leaf = LeafHash::from_bytes(bytes);
    assert_eq!(leaf.to_log_id().as_bytes(), &bytes);
    assert_eq!(NodeHash::from_leaf(leaf).as_bytes(), &bytes);
    let (left, right) = (NodeHash::from_bytes([1; 32]), NodeHash::from_bytes([2; 32]));
    let block = [&[1][..], &[1; 32], &[2; 32]].concat();
    assert_eq!(
        NodeHash::parent(&left, &right).as_bytes(),
        Digest::of(&block).as_bytes()
    );
    let head = Head::from_parts(leaf.to_log_id(), 7, leaf, at(3));
    assert_eq!(
        (head.size(), head.hash(), head.sealed_at()),
        (7, leaf, at(3))
    );
    assert!(!head.is_empty() && Head::EMPTY.is_empty());
    assert_ne!(key(1).verifying_key(), key(2).verifying_key());
}

#[test]
fn a_verdict_comes_to_its_worst_answer_that_was_asked_for() {
    let all = |status: &Status| Verdict {
        integrity: status.clone(),
        attribution: status.clone(),
        completeness: status.clone(),
        time: status.clone(),
        erasure: status.clone(),
    };
    let (bad, open) = (Status::failed_at(3, "prev"), Status::unverified("no key"));
    assert_eq!(all(&Status::Verified).exit(&Question::ALL), Exit::Verified);
    assert_eq!(
        all(&Status::NotApplicable).exit(&Question::ALL),
        Exit::Verified
    );
    for question in Question::ALL {
        let one = |status: &Status| {
            let mut verdict = all(&Status::Verified);
            *match question {
                Question::Integrity => &mut verdict.integrity,
                Question::Attribution => &mut verdict.attribution,
                Question::Completeness => &mut verdict.completeness,
                Question::Time => &mut verdict.time,
                Question::Erasure => &mut verdict.erasure,
            } = status.clone();
            verdict
        };
        assert_eq!(one(&bad).answer(question), &bad);
        assert_eq!(
            one(&bad).exit(&[]),
            Exit::Failed,
            "a failure counts unasked"
        );
        assert_eq!(one(&open).exit(&[question]), Exit::Unverified);
        let others: Vec<_> = Question::ALL
            .into_iter()
            .filter(|other| *other != question)
            .collect();
        assert_eq!(one(&open).exit(&others), Exit::Verified);
    }
    assert_eq!(
        [Exit::Verified, Exit::Failed, Exit::Unverified].map(Exit::code),
        [0, 1, 3]
    );
    let names = [
        "integrity",
        "attribution",
        "completeness",
        "time",
        "erasure",
    ];
    assert_eq!(Question::ALL.map(Question::name), names);
}

#[test]
fn answers_say_what_they_are() {
    for (status, text, verified, failed) in [
        (Status::Verified, "verified", true, false),
        (Status::failed("x"), "FAILED: x", false, true),
        (
            Status::failed_at(3, "x"),
            "FAILED at receipt 3: x",
            false,
            true,
        ),
        (Status::unverified("x"), "unverified: x", false, false),
        (Status::NotApplicable, "not applicable", false, false),
    ] {
        assert_eq!(status.to_string(), text);
        assert_eq!(
            (status.is_verified(), status.is_failed()),
            (verified, failed),
            "{text}"
        );
    }
}
