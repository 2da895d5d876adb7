//! Trust policy files: every line, and every mistake by its line and word.

use ai_audit_core::{KeyRevocation, LogId, SigningKey, Timestamp, encode_body};
use ai_audit_note::VKey;
use ai_audit_testkit::tsa::Authority;
use ai_audit_verify::TrustPolicy;
use base64ct::{Base64, Encoding};
use core::time::Duration;

fn witness(seed: u8) -> VKey {
    let key = SigningKey::from_bytes(&[seed; 32]).verifying_key();
    VKey::cosignature("witness.example", key).unwrap()
}

fn log(seed: u8) -> VKey {
    let key = SigningKey::from_bytes(&[seed; 32]).verifying_key();
    VKey::ed25519("example.org/log/00112233445566778899aabbccddeeff", key).unwrap()
}

/// The body of a revocation in base64.
fn revocation() -> String {
    let key = |seed| SigningKey::from_bytes(&[seed; 32]);
    let (stolen, successor) = (key(7).verifying_key(), key(8).verifying_key());
    let time = Timestamp::from_micros(1);
    let body =
        KeyRevocation::sign(&LogId::ZERO, stolen, 5, time, successor, "stolen", &key(9)).unwrap();
    Base64::encode_string(&encode_body(&body).unwrap())
}

fn mistake(text: &str) -> String {
    TrustPolicy::parse_file(text.as_bytes())
        .unwrap_err()
        .to_string()
}

#[test]
fn a_file_with_every_line() {
    let root = Authority::new(1).root;
    let text = format!(
        "ai-audit/policy/v1\n\
         # what the auditor was given in January\n\
         log {0} https://log.example/\nlog {2}\n\
         witness W {3} https://w.example/\n\
         size 41\nmax-age 7d\nclock-skew 90s\n\
         revocation example.org/log/00112233445566778899aabbccddeeff {1}\n\
         revocation example.org/other/00112233445566778899aabbccddeeff {1}\n\
         timestamp-authority {4}\n\
         quorum W\n",
        log(1),
        revocation(),
        log(2),
        witness(3),
        Base64::encode_string(&root)
    );
    let policy = TrustPolicy::parse_file(text.as_bytes()).unwrap();
    assert_eq!(policy.pins().len(), 2);
    assert_eq!(policy.quorum().unwrap().witnesses().len(), 1);
    assert_eq!(policy.age_limit(), Some(Duration::from_secs(7 * 86_400)));
    assert_eq!(policy.skew(), Duration::from_secs(90));
    assert_eq!(policy.revocations().len(), 2);
    let revoked = policy.revocations()[0].revocation().unwrap();
    assert_eq!((revoked.after, &*revoked.reason), (5, "stolen"));
    assert!(
        policy.revocations()[1]
            .origin()
            .starts_with("example.org/other/")
    );
    let authorities: Vec<&[u8]> = policy.timestamp_authorities().collect();
    assert_eq!(authorities, [root]);
    assert_eq!(policy.verification_time(), None);
}

#[test]
fn a_plain_policy_of_c2sp_is_one() {
    let text = format!("log {}\nquorum none\n", log(1));
    let policy = TrustPolicy::parse_file(text.as_bytes()).unwrap();
    assert_eq!((policy.pins().len(), policy.age_limit()), (1, None));
    assert_eq!(policy.skew(), Duration::from_secs(300));
    for line in [
        "size 5",
        "max-age 24h",
        "clock-skew 1s",
        "revocation a AQ==",
        "timestamp-authority AQ==",
    ] {
        let found = mistake(&format!("quorum none\n{line}\n"));
        let keyword = line.split(' ').next().unwrap();
        assert_eq!(
            found,
            format!(
                "policy, line 2, word 1 \"{keyword}\": expected the first line ai-audit/policy/v1 \
                 in a file with such a line"
            )
        );
    }
}

#[test]
fn every_mistake_has_its_line_and_word() {
    let cases = [
        (
            "ai-audit/policy/v1",
            "line 2, word 1 \"ai-audit/policy/v1\": expected ai-audit/policy/v1, and as",
        ),
        (
            "ai-audit/policy/v2",
            "line 2, word 1 \"ai-audit/policy/v2\": expected ai-audit/policy/v1",
        ),
        (
            "sise 5",
            "line 2, word 1 \"sise\": expected log, witness, group, quorum, size, max-age",
        ),
        (
            "size",
            "line 2: expected a number of receipts as word 2, found the end",
        ),
        (
            "size 05",
            "line 2, word 2 \"05\": expected a decimal number",
        ),
        (
            "size -1",
            "line 2, word 2 \"-1\": expected a decimal number",
        ),
        (
            "size 18446744073709551616",
            "line 2, word 2 \"18446744073709551616\"",
        ),
        (
            "size 5 6",
            "line 2, word 3 \"6\": expected the end of the line",
        ),
        (
            "size 5\nsize 6",
            "line 3, word 1 \"size\": it was given on line 2 already",
        ),
        ("max-age", "line 2: expected a duration as word 2"),
        (
            "max-age 24",
            "line 2, word 2 \"24\": expected a duration such as 90s",
        ),
        ("max-age h", "line 2, word 2 \"h\": expected a duration"),
        (
            "max-age 1.5h",
            "line 2, word 2 \"1.5h\": expected a duration",
        ),
        ("max-age 24H", "line 2, word 2 \"24H\": expected a duration"),
        (
            "max-age 0s",
            "line 2, word 2 \"0s\": expected a duration above zero",
        ),
        (
            "max-age 18446744073709551615d",
            "line 2, word 2 \"18446744073709551615d\"",
        ),
        (
            "max-age 1h\nmax-age 1h",
            "line 3, word 1 \"max-age\": it was given on line 2",
        ),
        (
            "clock-skew 5\u{e4}",
            "line 2, word 2 \"5ä\": expected a duration",
        ),
        (
            "clock-skew 0s\nclock-skew 1s",
            "line 3, word 1 \"clock-skew\"",
        ),
        ("revocation a", "line 2: expected base64 as word 3"),
        ("revocation a AQID", "line 2, word 3 \"AQID\": revocation: "),
        (
            "revocation a AQ",
            "line 2, word 3 \"AQ\": expected canonical base64",
        ),
        (
            "revocation a =",
            "line 2, word 3 \"=\": expected canonical base64",
        ),
        (
            "revocation a AR==",
            "line 2, word 3 \"AR==\": expected canonical base64",
        ),
        ("timestamp-authority", "line 2: expected base64 as word 2"),
        (
            "timestamp-authority -_8=",
            "line 2, word 2 \"-_8=\": expected canonical base64",
        ),
        (
            "quorum W",
            "line 2, word 2 \"W\": no witness or group of this name",
        ),
    ];
    for (line, expected) in cases {
        let found = mistake(&format!("ai-audit/policy/v1\n{line}\nquorum none\n"));
        let start = format!("policy, {expected}");
        assert!(found.starts_with(&start), "{line:?}\n{found}\n{start}");
    }
    // Behind a comment it is not the first line.
    assert!(mistake("#\nai-audit/policy/v1\nquorum none\n").starts_with("policy, line 2, word 1"));
    assert!(
        mistake("ai-audit/policy/v1 x\nquorum none\n").contains("word 2 \"x\": expected the end")
    );
    assert!(mistake("ai-audit/policy/v1\n").contains("expected a quorum line"));
}
