//! Policy files: what is read, and every mistake by its line and word.

use ai_audit_core::SigningKey;
use ai_audit_note::{MAX_POLICY_ENTRIES, MAX_POLICY_LEN, Policy, PolicyWitness, Threshold, VKey};
use proptest::prelude::*;

pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

pub(crate) fn log(seed: u8) -> VKey {
    VKey::ed25519("example.org/log", key(seed).verifying_key()).unwrap()
}

pub(crate) fn witness(seed: u8) -> VKey {
    VKey::cosignature(&format!("w{seed}.example"), key(seed).verifying_key()).unwrap()
}

/// The example of the specification: two of three of one organization, any of another.
pub(crate) fn two_levels() -> String {
    let mut text = format!("log {}\n\n", log(1));
    for (group, rule, seeds) in [("X", "2", [11, 12, 13]), ("Y", "any", [21, 22, 23])] {
        for (number, seed) in seeds.iter().enumerate() {
            text += &format!("witness {group}{number} {}\n", witness(*seed));
        }
        text += &format!("group {group}-witnesses {rule} {group}0 {group}1 {group}2\n\n");
    }
    text + "group X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n"
}

fn mistake(text: impl AsRef<[u8]>) -> String {
    Policy::parse(text.as_ref()).unwrap_err().to_string()
}

#[test]
fn the_example_of_the_specification() {
    let policy = Policy::parse(two_levels().as_bytes()).unwrap();
    assert_eq!((policy.logs().len(), policy.witnesses().len()), (1, 6));
    assert_eq!(policy.quorum().unwrap().to_string(), "X-and-Y");
    assert_eq!(policy.flat_threshold(), None);
    assert_eq!(Policy::parse(&policy.to_bytes()), Ok(policy));
}

#[test]
fn what_may_stand_in_a_file() {
    let text = format!(
        "# a comment: café \u{202e} ✓\n \t # another\n\n \t \n\tquorum\tnone  \nlog {} https://a.example/ä\n",
        log(1)
    );
    let policy = Policy::parse(text.as_bytes()).unwrap();
    assert_eq!(policy.quorum(), None);
    let url = policy.logs()[0].url().unwrap();
    assert_eq!(url.as_str(), Some("https://a.example/ä"));
    assert_eq!(Policy::parse(b"quorum none\n").unwrap().witnesses(), []);
    // Keywords, rules and the comment sign are names where a name stands; only `none` is not.
    let text = format!(
        "witness any {}\nwitness #2 {} u\ngroup all 1 any #2\ngroup quorum 01x all\nquorum quorum\n",
        witness(1),
        witness(2)
    );
    let wrong = mistake(&text);
    assert_eq!(
        wrong,
        "policy, line 4, word 3 \"01x\": expected any, all or a number from 1 to 1"
    );
    let policy = Policy::parse(text.replace("01x", "1").as_bytes()).unwrap();
    assert_eq!(policy.quorum().unwrap().as_bytes(), b"quorum");
}

#[test]
fn names_are_bytes() {
    // A Kelvin sign and a K are two names, though some would fold one into the other.
    let text = format!(
        "witness K {}\nwitness \u{212a} {}\nquorum K\n",
        witness(1),
        witness(2)
    );
    assert_eq!(Policy::parse(text.as_bytes()).unwrap().witnesses().len(), 2);
    let mut bytes = b"witness \xff\xfe ".to_vec();
    bytes.extend_from_slice(format!("{}\nquorum ", witness(1)).as_bytes());
    bytes.extend_from_slice(b"\xff\xfe\n");
    let policy = Policy::parse(&bytes).unwrap();
    let name = policy.quorum().unwrap();
    assert_eq!(name.as_bytes(), b"\xff\xfe");
    assert_eq!(
        (name.as_str(), name.to_string().as_str()),
        (None, "\\xff\\xfe")
    );
    assert_eq!(policy.to_bytes(), bytes);
}

#[test]
fn every_mistake_has_its_line_and_word() {
    let (l, w1, w2) = (log(1), witness(2), witness(3));
    let two = format!("witness a {w1}\nwitness b {w2}\n");
    let cases = [
        (String::new(), "line 1: expected a quorum line"),
        (two.clone(), "line 2: expected a quorum line"),
        (
            "quorum none".into(),
            "line 1: expected a line feed at the end",
        ),
        (
            "quorum none\n#".into(),
            "line 2: expected a line feed at the end",
        ),
        (
            "quorum none\r\n".into(),
            "line 1, word 2 \"none\\u{d}\": expected lines that end",
        ),
        (
            "quorum none\n# \u{7}\n".into(),
            "line 2, word 2 \"\\u{7}\": expected no control",
        ),
        (
            "quorum none\n\u{c}\n".into(),
            "line 2, word 1 \"\\u{c}\": expected no control",
        ),
        (
            "quorum none\nquorum none\n".into(),
            "line 2, word 1 \"quorum\": the quorum was given on line 1",
        ),
        (
            "quorum\n".into(),
            "line 1: expected a name or none as word 2, found the end",
        ),
        (
            "quorum none more\n".into(),
            "line 1, word 3 \"more\": expected the end of the line",
        ),
        (
            "quorum a\n".into(),
            "line 1, word 2 \"a\": no witness or group of this name",
        ),
        (
            "Quorum none\n".into(),
            "line 1, word 1 \"Quorum\": expected log, witness, group or quorum",
        ),
        (
            "size 5\nquorum none\n".into(),
            "line 1, word 1 \"size\": expected log, witness",
        ),
        ("log\n".into(), "line 1: expected a key line as word 2"),
        (
            "log x\n".into(),
            "line 1, word 2 \"x\": key line: expected name, hash and key",
        ),
        (format!("log {w1}\n"), "line 1, word 2 \"w2.example+"),
        (
            format!("log {l} url more\n"),
            "line 1, word 4 \"more\": expected the end",
        ),
        (
            format!("log {l}\nlog {l} again\n"),
            "line 2, word 2 \"example.org/log+",
        ),
        (
            format!("witness a {l}\n"),
            "line 1, word 3 \"example.org/log+",
        ),
        ("witness\n".into(), "line 1: expected a name as word 2"),
        (
            "witness a\n".into(),
            "line 1: expected a key line as word 3",
        ),
        (
            format!("witness none {w1}\n"),
            "line 1, word 2 \"none\": none is predefined",
        ),
        (
            format!("{two}witness a {}\n", witness(4)),
            "line 3, word 2 \"a\": the name was defined on line 1",
        ),
        (
            format!("{two}witness c {w2}\n"),
            "line 3, word 3 \"w3.example+",
        ),
        (
            format!("{two}group a any b\n"),
            "line 3, word 2 \"a\": the name was defined on line 1",
        ),
        (
            format!("{two}group none any b\n"),
            "line 3, word 2 \"none\": none is predefined",
        ),
        (
            format!("{two}group g\n"),
            "line 3: expected any, all or a number as word 3",
        ),
        (
            format!("{two}group g any\n"),
            "line 3: expected a member as word 4",
        ),
        (
            format!("{two}group g 0 a b\n"),
            "line 3, word 3 \"0\": expected any, all or a number from 1 to 2",
        ),
        (
            format!("{two}group g 3 a b\n"),
            "line 3, word 3 \"3\": expected any, all or a number from 1 to 2",
        ),
        (format!("{two}group g +1 a b\n"), "line 3, word 3 \"+1\""),
        (
            format!("{two}group g 18446744073709551616 a\n"),
            "line 3, word 3 \"18446744073709551616\"",
        ),
        (
            format!("{two}group g any a a\n"),
            "line 3, word 5 \"a\": it is a member already",
        ),
        (
            format!("{two}group g any a\ngroup h all a b\n"),
            "line 4, word 4 \"a\": it is a member already",
        ),
        (
            format!("{two}group g any none\n"),
            "line 3, word 4 \"none\": none cannot be a member",
        ),
        (
            format!("{two}group g any g\n"),
            "line 3, word 4 \"g\": no witness or group",
        ),
        (
            format!("group g any a\n{two}"),
            "line 1, word 4 \"a\": no witness or group",
        ),
        (
            format!("quorum a\n{two}"),
            "line 1, word 2 \"a\": no witness or group",
        ),
    ];
    for (text, expected) in cases {
        let found = mistake(&text);
        let start = format!("policy, {expected}");
        assert!(found.starts_with(&start), "{text:?}\n{found}\n{start}");
    }
    // A key of another kind, or again, says so.
    assert!(mistake(format!("log {w1}\n")).ends_with("found a witness's, type 4"));
    assert!(mistake(format!("witness a {l}\n")).ends_with("found a log's, type 1"));
    assert!(mistake(format!("log {l}\nlog {l}\n")).ends_with("has this public key already"));
    // The same key under another name is the same witness: it must not count twice.
    let again = VKey::cosignature("other.example", key(3).verifying_key()).unwrap();
    let found = mistake(format!("{two}witness c {again}\n"));
    assert!(
        found.ends_with("witness b above has this public key already"),
        "{found}"
    );
    let again = VKey::ed25519("example.org/other", key(1).verifying_key()).unwrap();
    assert!(mistake(format!("log {l}\nlog {again}\n")).ends_with("public key already"));
    // A key of a scheme that is not known here is refused rather than never satisfied.
    assert!(mistake("witness m m+00000000+Bg==\nquorum m\n").contains("found 6"));
}

#[test]
fn a_mistake_says_where_for_programs_too() {
    let error = Policy::parse(b"\nquorum a\n").unwrap_err();
    assert_eq!((error.line(), error.word()), (2, Some(2)));
    assert!(error.reason().starts_with("no witness"));
    let error = Policy::parse(b"quorum\n").unwrap_err();
    assert_eq!((error.line(), error.word()), (1, None));
    // However long a word is, the message is short.
    let error = mistake("x".repeat(10_000) + "\n");
    assert!(error.len() < 200, "{error}");
}

#[test]
fn sizes_are_bounded() {
    let many = |count: usize| {
        let mut text = String::new();
        let mut names = String::new();
        for number in 0..count {
            let seed = u8::try_from(number).unwrap() + 1;
            text += &format!("log {}\nwitness w{number} {}\n", log(seed), witness(seed));
            text += &format!("group g{number} any w{number}\n");
            names += &format!(" g{number}");
        }
        (text, names)
    };
    let (text, _) = many(MAX_POLICY_ENTRIES);
    let policy = Policy::parse(format!("{text}quorum g5\n").as_bytes()).unwrap();
    assert_eq!(policy.witnesses().len(), MAX_POLICY_ENTRIES);
    let (text, _) = many(MAX_POLICY_ENTRIES + 1);
    let found = mistake(format!("{text}quorum g5\n"));
    assert!(
        found.contains("expected at most 64 lines of this kind"),
        "{found}"
    );
    // Groups within groups, as deep as they go.
    let (text, _) = many(1);
    let mut text = text;
    for number in 1..MAX_POLICY_ENTRIES {
        text += &format!("group g{number} all g{}\n", number - 1);
    }
    let deep = format!("{text}quorum g{}\n", MAX_POLICY_ENTRIES - 1);
    assert!(Policy::parse(deep.as_bytes()).is_ok());
    let long = "#".repeat(MAX_POLICY_LEN) + "\nquorum none\n";
    assert!(mistake(long).contains("expected a file of at most"));
    let wide = format!("quorum {}\n", "x ".repeat(1000));
    assert!(mistake(wide).contains("word 133 \"x\": expected at most 132 words"));
}

#[test]
fn flat_policies_are_made_and_known_again() {
    let all = [
        PolicyWitness::new("a", witness(1), Some("http://127.0.0.1:1/")),
        PolicyWitness::new("b", witness(2), None),
    ];
    for threshold in [Threshold::Any, Threshold::All, Threshold::Count(2)] {
        let policy = Policy::flat(&all, "witnesses", threshold).unwrap();
        assert_eq!(policy.flat_threshold(), Some(threshold));
        assert_eq!(policy.witnesses(), all);
        assert_eq!(Policy::parse(&policy.to_bytes()), Ok(policy));
    }
    let none = Policy::flat(&[], "witnesses", Threshold::All).unwrap();
    assert_eq!(none.to_bytes(), b"quorum none\n");
    assert!(Policy::flat(&all, "witnesses", Threshold::Count(3)).is_err());
    assert!(
        Policy::flat(&all, "a", Threshold::All).is_err(),
        "a name twice"
    );
    // Names and addresses that would read as something else.
    for (name, url) in [
        ("", None),
        ("a b", None),
        ("a\nquorum", None),
        ("none", None),
        ("a\r", None),
        ("a", Some("")),
        ("a", Some("http://x y")),
        ("a", Some("http://x\nquorum none")),
    ] {
        let one = [PolicyWitness::new(name, witness(1), url)];
        let made = Policy::flat(&one, "witnesses", Threshold::All);
        assert!(made.is_err(), "{name:?} {url:?}: {made:?}");
        // Not even as a policy of something else.
        assert!(Policy::flat(&[one[0].clone(), all[0].clone()], "g", Threshold::Any).is_err());
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes: Vec<u8>, text in "((log|witness|group|quorum|#|any|all|none|[a-c]|[0-3]|\t| |\n)[ \n]?){0,40}\n") {
        for bytes in [&bytes[..], text.as_bytes()] {
            if let Ok(policy) = Policy::parse(bytes) {
                prop_assert_eq!(Policy::parse(&policy.to_bytes()), Ok(policy));
            }
        }
    }

    #[test]
    fn a_changed_file_reads_as_it_is_or_not_at_all(place: prop::sample::Index, byte: u8) {
        let mut bytes = two_levels().into_bytes();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        if let Ok(policy) = Policy::parse(&bytes) {
            prop_assert_eq!(Policy::parse(&policy.to_bytes()), Ok(policy));
        }
    }
}
