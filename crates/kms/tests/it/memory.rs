//! What of a secret is in the memory of a process that signs with it: a child signs, we know the secret and look.

use ai_audit_core::{Signer, SigningKey, VerifyingKey};
use base64ct::Encoding as _;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::FileExt as _;
use std::process::{Child, Command, Stdio};

/// Set in the child: which way it signs. The others are what it needs for that.
const CHILD: &str = "AI_AUDIT_TEST_KMS_MEMORY";
const PINNED: &str = "AI_AUDIT_TEST_KMS_PINNED";
#[cfg(any(feature = "vault", feature = "aws"))]
const URL: &str = "AI_AUDIT_TEST_KMS_URL";

fn pinned() -> VerifyingKey {
    let text = std::env::var(PINNED).unwrap();
    let byte = |at: usize| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap();
    VerifyingKey::from_pinned_bytes(&std::array::from_fn(byte)).unwrap()
}

/// In the child: signs, says so, and stays until its input ends.
fn sign_and_stay(signer: &dyn Signer) {
    for number in 0..50_u8 {
        let signature = signer.try_sign(&[number; 64]).unwrap();
        pinned().verify(&[number; 64], &signature).unwrap();
    }
    println!("\nsigned");
    std::io::stdin().read_line(&mut String::new()).unwrap();
}

/// A child of this test that signs one way.
struct Signs(Child);

impl Signs {
    fn start(test: &str, way: &str, pinned: &VerifyingKey, set: &[(&str, &str)]) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([test, "--exact", "--nocapture", "--test-threads=1"])
            .env(CHILD, way)
            .env(PINNED, pinned.to_string())
            .envs(set.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said = Vec::new();
        for line in lines {
            let line = line.unwrap();
            if line == "signed" {
                return Self(child);
            }
            said.push(line);
        }
        child.wait().unwrap();
        panic!("the child did not sign: {}", said.join("\n"));
    }

    /// How often the secret is there: as bytes, in hexadecimal and in base64.
    fn finds(&self, seed: &[u8; 32]) -> Option<[usize; 3]> {
        let id = self.0.id();
        let maps = fs::read_to_string(format!("/proc/{id}/maps")).unwrap();
        let Ok(memory) = File::open(format!("/proc/{id}/mem")) else {
            println!("SKIPPED: the memory of a child cannot be read here");
            return None;
        };
        let hex: String = seed.iter().map(|byte| format!("{byte:02x}")).collect();
        let base64 = base64ct::Base64::encode_string(seed);
        // Without its end, which depends on what follows.
        let needles = [seed.as_slice(), hex.as_bytes(), &base64.as_bytes()[..40]];
        let mut found = [0; 3];
        let mut read = 0;
        for line in maps.lines() {
            let mut parts = line.split(' ');
            let (from, to) = parts.next().unwrap().split_once('-').unwrap();
            if !parts.next().unwrap().starts_with('r') {
                continue;
            }
            let [from, to] = [from, to].map(|text| u64::from_str_radix(text, 16).unwrap());
            let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
            // Regions of the kernel's own cannot be read.
            let Ok(()) = memory.read_exact_at(&mut bytes, from) else {
                continue;
            };
            read += bytes.len();
            for (needle, found) in needles.iter().zip(&mut found) {
                *found += count(&bytes, needle);
            }
        }
        assert!(read > 1 << 20, "only {read} bytes could be read");
        Some(found)
    }
}

fn count(bytes: &[u8], needle: &[u8]) -> usize {
    let first = needle[0];
    let mut found = 0;
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| *byte == first) {
        found += usize::from(rest[at..].starts_with(needle));
        rest = &rest[at + 1..];
    }
    found
}

impl Drop for Signs {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[cfg(feature = "vault")]
fn vault_access() -> std::sync::Arc<ai_audit_kms::VaultAccess> {
    let token = ai_audit_kms::Credential::new("root-7413-token".into());
    let patience = crate::servers::patient();
    let url = std::env::var(URL).unwrap();
    ai_audit_kms::VaultAccess::new(&url, token, patience)
        .unwrap()
        .into()
}

/// A94, and that the scan finds what is there: the same seed, read from KV, is in the child's memory.
#[cfg(feature = "vault")]
#[test]
fn a94_the_secret_of_transit_is_never_in_our_memory() {
    use ai_audit_kms::{VaultSigner, vault_seed};
    use serde_json::json;
    let name = "memory::a94_the_secret_of_transit_is_never_in_our_memory";
    match std::env::var(CHILD).as_deref() {
        Ok("transit") => {
            let signer = VaultSigner::open(vault_access(), "transit", "receipts", 1, pinned());
            return sign_and_stay(&signer.unwrap());
        }
        Ok("kv") => {
            let key = vault_seed(&vault_access(), "secret", "key", "seed_hex", &pinned());
            return sign_and_stay(&key.unwrap());
        }
        _ => {}
    }
    let Some(bao) = crate::vault::Bao::start() else {
        return;
    };
    // Exportable, so that we know what to look for.
    bao.post(
        "transit/keys/receipts",
        &json!({"type": "ed25519", "exportable": true}),
    );
    let pinned = bao.public_key("receipts");
    let exported = bao.get("transit/export/signing-key/receipts/1");
    let text = exported["data"]["keys"]["1"].as_str().unwrap();
    let secret = base64ct::Base64::decode_vec(text).unwrap();
    let seed: [u8; 32] = secret[..32].try_into().unwrap();
    assert_eq!(SigningKey::from_bytes(&seed).verifying_key(), pinned);
    let url = [(URL, bao.url())];
    let child = Signs::start(name, "transit", &pinned, &url);
    let Some(found) = child.finds(&seed) else {
        return;
    };
    assert_eq!(found, [0; 3]);
    let hex: String = seed.iter().map(|byte| format!("{byte:02x}")).collect();
    bao.post("secret/data/key", &json!({"data": {"seed_hex": hex}}));
    let child = Signs::start(name, "kv", &pinned, &url);
    let found = child.finds(&seed).unwrap();
    assert!(found[0] > 0, "the scan finds nothing: {found:?}");
    println!("KV: {found:?}");
}

#[cfg(feature = "aws")]
#[test]
fn a94_the_secret_of_kms_is_never_in_our_memory() {
    use crate::servers::{Answer, Endpoint, patient};
    use ai_audit_kms::{AwsCredentials, AwsKmsSigner, AwsService};
    use serde_json::json;
    let name = "memory::a94_the_secret_of_kms_is_never_in_our_memory";
    if std::env::var_os(CHILD).is_some() {
        let who = AwsCredentials::new("AKIDEXAMPLE", "secret".into(), None);
        let clock = crate::aws::runs();
        let service = AwsService::new("eu-central-1", who, patient(), clock).unwrap();
        let service = service.at(&std::env::var(URL).unwrap()).unwrap();
        let signer = AwsKmsSigner::open(service.into(), "alias/receipts", pinned()).unwrap();
        return sign_and_stay(&signer);
    }
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).unwrap();
    let key = SigningKey::from_bytes(&seed);
    let pinned = key.verifying_key();
    let endpoint = Endpoint::new(move |came, _| {
        let message = came.json()["Message"].as_str().unwrap().to_owned();
        let message = base64ct::Base64::decode_vec(&message).unwrap();
        let signature = base64ct::Base64::encode_string(key.sign(&message).as_bytes());
        Answer::Says(200, "", json!({"Signature": signature}).to_string())
    });
    let child = Signs::start(name, "kms", &pinned, &[(URL, &endpoint.url)]);
    if let Some(found) = child.finds(&seed) {
        assert_eq!(found, [0; 3]);
    }
}
