//! Its signatures beside those of the core, byte for byte.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests fail as tests do, and say what they skip"
)]

use ai_audit_core::{Signer as _, SigningKey};
use ai_audit_signer_aws_lc::AwsLcSigner;

/// Numbers that look random and are the same in every run (xorshift64*).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let random = self.next().to_le_bytes();
            chunk.copy_from_slice(&random[..chunk.len()]);
        }
    }
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

#[test]
fn a_thousand_random_messages_get_the_signatures_of_the_core() {
    let mut numbers = Numbers(0x5EED_0FA1_1B17_E5AB);
    let mut lens = std::collections::BTreeSet::new();
    for _ in 0..100 {
        let mut seed = [0; 32];
        numbers.fill(&mut seed);
        let key = SigningKey::from_bytes(&seed);
        let fast = AwsLcSigner::new(&key).unwrap();
        assert_eq!(fast.verifying_key(), key.verifying_key());
        for _ in 0..10 {
            let mut message = vec![0; usize::try_from(numbers.next() % 2048).unwrap()];
            numbers.fill(&mut message);
            lens.insert(message.len());
            let signature = fast.try_sign(&message).unwrap();
            assert_eq!(signature.as_bytes(), key.sign(&message).as_bytes());
            key.verifying_key().verify(&message, &signature).unwrap();
        }
    }
    assert!(lens.len() > 300, "messages of many lengths");
}

#[test]
fn the_vectors_of_rfc_8032_are_signed_as_they_say() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/vectors/ed25519-rfc8032/rfc8032_s7_1.json"
    );
    let Ok(bytes) = std::fs::read(path) else {
        println!("SKIPPED: RFC 8032 vectors: ../shared is absent");
        return;
    };
    let cases: Vec<serde_json::Value> = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(cases.len(), 5);
    for case in &cases {
        let field = |name: &str| unhex(case[name].as_str().unwrap());
        let seed: [u8; 32] = field("seed").try_into().unwrap();
        let signer = AwsLcSigner::new(&SigningKey::from_bytes(&seed)).unwrap();
        assert_eq!(signer.verifying_key().as_bytes()[..], field("public"));
        let signature = signer.try_sign(&field("message")).unwrap();
        assert_eq!(signature.as_bytes()[..], field("signature"));
    }
}

#[test]
fn it_signs_for_several_threads_at_once() {
    let key = SigningKey::from_bytes(&[9; 32]);
    let signer = AwsLcSigner::new(&key).unwrap();
    let shared = signer.shared().unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4_u8 {
            let key = &key;
            scope.spawn(move || {
                for n in 0..200_u8 {
                    let message = [thread, n];
                    assert_eq!(shared.try_sign(&message).unwrap(), key.sign(&message));
                }
            });
        }
    });
}
