//! Whoever answers in Vault's place.

use crate::keks::{LOG, subject_key};
use crate::servers::{Answer, Came, Endpoint, patient};
use ai_audit_core::{Signer as _, SigningKey};
use ai_audit_kms::{
    Credential, KmsError, KmsErrorKind, Patience, VaultAccess, VaultKeks, VaultSigner, vault_seed,
};
use ai_audit_shredding::{KekId, KekVault as _};
use base64ct::{Base64, Encoding as _};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::time::Duration;

const TOKEN: &str = "hvs.SECRET0token1SECRET2token3";

fn key() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}

fn access(endpoint: &Endpoint, patience: Patience) -> Arc<VaultAccess> {
    let token = Credential::new(TOKEN.into());
    Arc::new(VaultAccess::new(&endpoint.url, token, patience).unwrap())
}

fn open_with(endpoint: &Endpoint, patience: Patience) -> Result<VaultSigner, KmsError> {
    let access = access(endpoint, patience);
    let opened = VaultSigner::open(access, "transit", "k", 1, key().verifying_key());
    if let Err(error) = &opened {
        println!("{error}");
        for part in [TOKEN, "SECRET0", "token3"] {
            assert!(!format!("{error} {error:?}").contains(part), "{error:?}");
        }
    }
    opened
}

fn open(endpoint: &Endpoint) -> Result<VaultSigner, KmsError> {
    open_with(endpoint, patient())
}

fn ok(signature: &str) -> Answer {
    let body = json!({"data": {"signature": signature, "key_version": 1}});
    Answer::Says(200, "", body.to_string())
}

fn signed(key: &SigningKey, message: &[u8]) -> Answer {
    let signature = Base64::encode_string(key.sign(message).as_bytes());
    ok(&format!("vault:v1:{signature}"))
}

fn input(came: &Came) -> Vec<u8> {
    let body: Value = serde_json::from_str(&came.body).unwrap();
    Base64::decode_vec(body["input"].as_str().unwrap()).unwrap()
}

#[test]
fn a92_what_is_not_signed_by_the_pinned_key_is_never_used() {
    let other = SigningKey::from_bytes(&[2; 32]);
    type Act = Box<dyn Fn(&Came) -> Answer + Send + Sync>;
    let acts: Vec<(&str, KmsErrorKind, Act)> = vec![
        (
            "another key",
            KmsErrorKind::OtherKey,
            Box::new(move |came| signed(&other, &input(came))),
        ),
        (
            "another message",
            KmsErrorKind::OtherKey,
            Box::new(|_| signed(&key(), b"pay 1000")),
        ),
        (
            "zeros",
            KmsErrorKind::OtherKey,
            Box::new(|_| ok(&format!("vault:v1:{}", Base64::encode_string(&[0; 64])))),
        ),
        (
            "short",
            KmsErrorKind::OtherKey,
            Box::new(|_| ok("vault:v1:AAAA")),
        ),
        ("no prefix", KmsErrorKind::Answer, Box::new(|_| ok("AAAA"))),
        (
            "another version",
            KmsErrorKind::Answer,
            Box::new(|_| ok("vault:v2:AAAA")),
        ),
        (
            "no base64",
            KmsErrorKind::Answer,
            Box::new(|_| ok("vault:v1:%%%")),
        ),
        (
            "no JSON",
            KmsErrorKind::Answer,
            Box::new(|_| Answer::Says(200, "", "<html>".into())),
        ),
        (
            "nothing",
            KmsErrorKind::Answer,
            Box::new(|_| Answer::Says(204, "", String::new())),
        ),
        (
            "null",
            KmsErrorKind::Answer,
            Box::new(|_| Answer::Says(200, "", "{\"data\":null}".into())),
        ),
        (
            "deep",
            KmsErrorKind::Answer,
            Box::new(|_| Answer::Says(200, "", "[".repeat(50_000))),
        ),
        (
            "long",
            KmsErrorKind::Answer,
            Box::new(|_| Answer::Says(200, "", " ".repeat(1 << 20))),
        ),
    ];
    for (what, kind, act) in acts {
        let endpoint = Endpoint::new(move |came, _| act(came));
        assert_eq!(open(&endpoint).unwrap_err().kind(), kind, "{what}");
        // It is not asked for a better one.
        assert_eq!(endpoint.asked(), 1, "{what}");
    }
}

#[test]
fn a92_a_service_that_turns_after_it_was_opened_is_noticed() {
    let endpoint = Endpoint::new(|came, number| match number {
        0 | 1 => signed(&key(), &input(came)),
        // What it signed before, again.
        _ => signed(&key(), b"first"),
    });
    let signer = open(&endpoint).unwrap();
    signer.try_sign(b"first").unwrap();
    let error = signer.try_sign(b"second").unwrap_err().to_string();
    assert!(error.contains("not signed by the pinned key"), "{error}");
}

#[test]
fn what_may_pass_is_tried_again_and_nothing_else() {
    for (status, head) in [
        (500, ""),
        (502, ""),
        (503, "retry-after: 0\r\n"),
        (429, "retry-after: 0\r\n"),
    ] {
        let endpoint = Endpoint::new(move |came, number| match number {
            0 => Answer::Says(status, head, String::new()),
            1 => Answer::Nothing,
            _ => signed(&key(), &input(came)),
        });
        open(&endpoint).unwrap();
        assert_eq!(endpoint.asked(), 3, "{status}");
        // The same message each time.
        let came = endpoint.came.lock().unwrap().clone();
        assert!(came.iter().all(|one| one.body == came[0].body));
        assert!(came.iter().all(|one| one.header("x-vault-token") == TOKEN));
        assert!(
            came[0].line.starts_with("POST /v1/transit/sign/k "),
            "{}",
            came[0].line
        );
    }
    for (status, kind) in [
        (400, KmsErrorKind::Refused),
        (401, KmsErrorKind::Credentials),
        (403, KmsErrorKind::Denied),
        (404, KmsErrorKind::NoSuchKey),
        (307, KmsErrorKind::Settings),
    ] {
        let head = "location: http://127.0.0.1:1/elsewhere\r\n";
        let endpoint = Endpoint::new(move |_, _| Answer::Says(status, head, String::new()));
        assert_eq!(open(&endpoint).unwrap_err().kind(), kind, "{status}");
        assert_eq!(endpoint.asked(), 1, "{status}");
    }
    let endpoint = Endpoint::new(|_, _| Answer::Says(429, "", String::new()));
    assert_eq!(open(&endpoint).unwrap_err().kind(), KmsErrorKind::Throttled);
    assert_eq!(endpoint.asked(), 4);
    // Whoever asks for a pause beyond the deadline has refused.
    let endpoint = Endpoint::new(|_, _| Answer::Says(429, "retry-after: 86400\r\n", String::new()));
    assert_eq!(open(&endpoint).unwrap_err().kind(), KmsErrorKind::Throttled);
    assert_eq!(endpoint.asked(), 1);
}

/// Transit with one key-encryption key, whose ciphertexts have everything in the clear.
fn transit(came: &Came) -> Answer {
    let data = |data: Value| Answer::Says(200, "", json!({ "data": data }).to_string());
    if came.line.contains("/keys?list=true ") {
        return data(json!({"keys": [format!("log-{}", "0a".repeat(16))]}));
    }
    if came.line.starts_with("GET ") {
        return data(json!({
            "type": "aes256-gcm96", "min_encryption_version": 1, "exportable": false,
            "allow_plaintext_backup": false,
        }));
    }
    let body: Value = serde_json::from_str(&came.body).unwrap();
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    let bound = text("associated_data");
    if came.line.contains("/encrypt/") {
        return data(json!({"ciphertext": format!("vault:v1:{}|{bound}", text("plaintext"))}));
    }
    let sealed = text("ciphertext");
    match sealed["vault:v1:".len()..].split_once('|') {
        Some((plain, to)) if to == bound => data(json!({ "plaintext": plain })),
        _ => {
            let errors = json!({"errors": ["cipher: message authentication failed"]});
            Answer::Says(400, "", errors.to_string())
        }
    }
}

/// A Vault that is away, or a balancer before it that answers by itself, says nothing of a wrapped key.
#[test]
fn an_outage_is_not_told_as_a_wrapped_key_that_was_changed() {
    // What everything that has to do with the key is answered with, if not 0.
    let status = Arc::new(AtomicU16::new(0));
    // Whether that is so of the next question alone.
    let once = Arc::new(AtomicBool::new(false));
    let (now, hiccup) = (Arc::clone(&status), Arc::clone(&once));
    let endpoint = Endpoint::new(move |came, _| {
        let status = match hiccup.swap(false, Ordering::SeqCst) {
            true => now.swap(0, Ordering::SeqCst),
            false => now.load(Ordering::SeqCst),
        };
        match status {
            0 => transit(came),
            status => Answer::Says(status, "retry-after: 0\r\n", "<html>".into()),
        }
    });
    let random = |out: &mut [u8]| getrandom::fill(out).map_err(|error| error.to_string());
    let access = access(&endpoint, patient());
    let keks = VaultKeks::new(access, "transit", "log", Arc::new(random)).unwrap();
    let held = keks.held(&KekId::from_bytes([0x0a; 16])).unwrap().unwrap();
    let key = subject_key();
    let wrapped = held.wrap("person-7", &key, [0; 12]).unwrap();
    let refused = |person: &str| {
        let refused = held.unwrap(&LOG, person, key.id(), &wrapped);
        refused.unwrap_err().to_string()
    };
    // Of this one alone, while others open.
    let said = refused("person-8");
    assert!(said.contains("was changed"), "{said}");
    for down in [400, 403, 404, 405, 408, 412, 418, 429, 473, 500, 503] {
        status.store(down, Ordering::SeqCst);
        let said = refused("person-7");
        assert!(said.contains(&format!("(status {down}")), "{said}");
        assert!(!said.contains("the wrapped key was changed"), "{said}");
    }
    status.store(0, Ordering::SeqCst);
    let opened = held.unwrap(&LOG, "person-7", key.id(), &wrapped).unwrap();
    assert_eq!(opened.to_bytes(), key.to_bytes());
    // It is back before the second question: what was refused once is asked again.
    status.store(400, Ordering::SeqCst);
    once.store(true, Ordering::SeqCst);
    let opened = held.unwrap(&LOG, "person-7", key.id(), &wrapped).unwrap();
    assert_eq!(opened.to_bytes(), key.to_bytes());
    assert_eq!(status.load(Ordering::SeqCst), 0);
}

#[test]
fn silence_ends_with_the_deadline() {
    let endpoint = Endpoint::new(|_, _| Answer::Silence);
    let patience = Patience {
        timeout: Duration::from_millis(50),
        deadline: Duration::from_millis(120),
        tries: 1000,
        backoff: Duration::from_millis(1),
    };
    let kind = open_with(&endpoint, patience).unwrap_err().kind();
    assert!(
        matches!(kind, KmsErrorKind::TimedOut | KmsErrorKind::Unavailable),
        "{kind:?}"
    );
    assert!(endpoint.asked() < 1000);
}

#[test]
fn a94_a_service_that_says_the_token_again_does_not_get_it_into_a_message() {
    for status in [400, 401, 403, 404, 500] {
        let endpoint = Endpoint::new(move |came, _| {
            let token = came.header("x-vault-token").to_owned();
            let (half, other) = token.split_at(token.len() / 2);
            let said = format!("\u{1b}[31mno: {token} and {half} and {other}\n\u{202e}");
            Answer::Says(status, "", json!({"errors": [said]}).to_string())
        });
        let error = open(&endpoint).unwrap_err().to_string();
        assert!(error.contains("no: "), "{error}");
        assert!(
            !error.contains(char::is_control) && !error.contains('\u{202e}'),
            "{error:?}"
        );
    }
}

#[test]
fn a94_a_secret_in_an_answer_that_does_not_fit_is_not_shown() {
    for body in [
        json!({"data": {"data": {"seed_hex": "5eed".repeat(16)}}}),
        json!({"data": {"data": {"seed_hex": format!("5eed{}", "zz".repeat(30))}}}),
        json!({"data": {"data": "5eed5eed"}}),
        json!({"data": "5eed5eed"}),
        json!("5eed5eed"),
    ] {
        let endpoint = Endpoint::new(move |_, _| Answer::Says(200, "", body.to_string()));
        let access = access(&endpoint, patient());
        let pinned = key().verifying_key();
        let error = vault_seed(&access, "secret", "k", "seed_hex", &pinned).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("5eed"), "{error:?}");
    }
}
