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

fn unhex(digits: &str) -> Vec<u8> {
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
    let files = [
        "nist-cavp/AES-GCM-256/gcmEncryptExtIV256_iv96_tag128.rsp",
        "nist-cavp/AES-GCM-256/gcmDecrypt256_iv96_tag128.rsp",
    ];
    let (mut good, mut bad) = (0, 0);
    for text in files.into_iter().filter_map(shared) {
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
    }
    if good + bad > 0 {
        assert!(good > 100 && bad > 50, "{good} good, {bad} bad");
    }
}

#[test]
fn wycheproof_aes_256_gcm() {
    let Some(text) = shared("wycheproof/testvectors_v1/aes_gcm_test.json") else {
        return;
    };
    let file: Value = serde_json::from_str(&text).unwrap();
    let mut seen = 0;
    for group in file["testGroups"].as_array().unwrap() {
        if group["keySize"] != 256 || group["ivSize"] != 96 || group["tagSize"] != 128 {
            continue;
        }
        for test in group["tests"].as_array().unwrap() {
            let get = |name: &str| unhex(test[name].as_str().unwrap());
            let sealed = [get("ct"), get("tag")].concat();
            let aad = get("aad");
            let payload = Payload {
                msg: &sealed,
                aad: &aad,
            };
            let opened = cipher(&get("key")).decrypt(&nonce(&get("iv")), payload);
            match test["result"].as_str() {
                Some("valid") => assert_eq!(opened, Ok(get("msg")), "{test}"),
                _ => assert!(opened.is_err(), "{test}"),
            }
            seen += 1;
        }
    }
    assert!(seen >= 60, "only {seen}");
}

#[test]
fn wycheproof_hmac_sha256() {
    let Some(text) = shared("wycheproof/testvectors_v1/hmac_sha256_test.json") else {
        return;
    };
    let file: Value = serde_json::from_str(&text).unwrap();
    let mut seen = 0;
    for group in file["testGroups"].as_array().unwrap() {
        for test in group["tests"].as_array().unwrap() {
            let get = |name: &str| unhex(test[name].as_str().unwrap());
            let mut mac = Hmac::<Sha256>::new_from_slice(&get("key")).unwrap();
            mac.update(&get("msg"));
            let holds = mac.verify_truncated_left(&get("tag")).is_ok();
            assert_eq!(holds, test["result"] == "valid", "{test}");
            seen += 1;
        }
    }
    assert!(seen > 150, "only {seen}");
}
