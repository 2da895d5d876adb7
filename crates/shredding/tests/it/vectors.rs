//! The primitives as they are used here, on the vectors of NIST CAVP and Wycheproof.

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use hmac::{Hmac, Mac as _};
use serde_json::Value;
use sha2::Sha256;
use std::fs;
use std::path::Path;

fn shared(path: &str) -> Option<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors");
    let text = fs::read_to_string(root.join(path)).ok();
    if text.is_none() {
        println!("SKIPPED: ../shared/vectors/{path} is not there");
    }
    text
}

pub(crate) fn unhex(digits: &str) -> Vec<u8> {
    let digit = |c: u8| char::from(c).to_digit(16).unwrap();
    let pairs = digits.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::try_from(digit(pair[0]) * 16 + digit(pair[1])).unwrap())
        .collect()
}

fn cipher(key: &[u8]) -> Aes256Gcm {
    let key: [u8; 32] = key.try_into().unwrap();
    Aes256Gcm::new(&Key::<Aes256Gcm>::from(key))
}

fn nonce(bytes: &[u8]) -> Nonce<aes_gcm::aead::consts::U12> {
    <[u8; 12]>::try_from(bytes).unwrap().into()
}

/// Groups of `NAME = VALUE` lines, each beginning with `Count`; a lone `FAIL` is a name without a
/// value.
fn groups(text: &str) -> Vec<std::collections::HashMap<&str, &str>> {
    let mut out: Vec<std::collections::HashMap<&str, &str>> = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with(['#', '[']) {
            continue;
        }
        let (name, value) = line.split_once('=').unwrap_or((line, ""));
        if name.trim() == "Count" {
            out.push(std::collections::HashMap::new());
        }
        out.last_mut().unwrap().insert(name.trim(), value.trim());
    }
    out
}

#[test]
fn nist_cavp_aes_256_gcm() {
    // The first file has no failures.
    let files = [
        ("gcmEncryptExtIV256_iv96_tag128.rsp", 0),
        ("gcmDecrypt256_iv96_tag128.rsp", 50),
    ];
    for (name, failures) in files {
        let Some(text) = shared(&format!("nist-cavp/AES-GCM-256/{name}")) else {
            continue;
        };
        let (mut good, mut bad) = (0, 0);
        for case in groups(&text) {
            let get = |name: &str| unhex(case[name]);
            let (cipher, iv, aad) = (cipher(&get("Key")), nonce(&get("IV")), get("AAD"));
            let sealed = [get("CT"), get("Tag")].concat();
            let payload = Payload {
                msg: &sealed,
                aad: &aad,
            };
            let opened = cipher.decrypt(&iv, payload);
            if case.contains_key("FAIL") {
                assert!(opened.is_err(), "{case:?}");
                bad += 1;
                continue;
            }
            let plain = get("PT");
            assert_eq!(opened.as_ref(), Ok(&plain), "{case:?}");
            let payload = Payload {
                msg: &plain,
                aad: &aad,
            };
            assert_eq!(cipher.encrypt(&iv, payload), Ok(sealed));
            good += 1;
        }
        assert!(good > 100 && bad >= failures, "{good} good, {bad} bad");
    }
}

/// The tests of a Wycheproof file whose groups are wanted; none where the file is not there.
fn wycheproof(name: &str, wanted: impl Fn(&Value) -> bool) -> Option<Vec<Value>> {
    let text = shared(&format!("wycheproof/testvectors_v1/{name}"))?;
    let file: Value = serde_json::from_str(&text).unwrap();
    let groups = file["testGroups"].as_array().unwrap().iter();
    let tests = groups.filter(|group| wanted(group));
    let tests = tests.flat_map(|group| group["tests"].as_array().unwrap().clone());
    Some(tests.collect())
}

fn bytes(test: &Value, name: &str) -> Vec<u8> {
    unhex(test[name].as_str().unwrap())
}

#[test]
fn wycheproof_aes_256_gcm() {
    let ours =
        |group: &Value| group["keySize"] == 256 && group["ivSize"] == 96 && group["tagSize"] == 128;
    let Some(tests) = wycheproof("aes_gcm_test.json", ours) else {
        return;
    };
    assert!(tests.len() >= 60, "only {}", tests.len());
    for test in tests {
        let sealed = [bytes(&test, "ct"), bytes(&test, "tag")].concat();
        let payload = Payload {
            msg: &sealed,
            aad: &bytes(&test, "aad"),
        };
        let opened = cipher(&bytes(&test, "key")).decrypt(&nonce(&bytes(&test, "iv")), payload);
        match test["result"].as_str() {
            Some("valid") => assert_eq!(opened, Ok(bytes(&test, "msg")), "{test}"),
            _ => assert!(opened.is_err(), "{test}"),
        }
    }
}

#[test]
fn wycheproof_hmac_sha256() {
    let Some(tests) = wycheproof("hmac_sha256_test.json", |_| true) else {
        return;
    };
    assert!(tests.len() > 150, "only {}", tests.len());
    for test in tests {
        let mut mac = Hmac::<Sha256>::new_from_slice(&bytes(&test, "key")).unwrap();
        mac.update(&bytes(&test, "msg"));
        let holds = mac.verify_truncated_left(&bytes(&test, "tag")).is_ok();
        assert_eq!(holds, test["result"] == "valid", "{test}");
    }
}
