//! Encrypting and decrypting a field of 64 bytes, beside the bare derivation and AES-GCM calls.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use ai_audit_core::{LogId, ReceiptId, SubjectKeyId};
use ai_audit_shredding::{Place, SubjectKey};
use criterion::{Criterion, criterion_group, criterion_main};
use hkdf::Hkdf;
use sha2::Sha256;
use std::hint::black_box;

/// HKDF-SHA-256 to 64 bytes, and the cipher of the first half.
fn derive(salt: &[u8], key: &[u8], info: &[u8]) -> Aes256Gcm {
    let mut okm = [0; 64];
    Hkdf::<Sha256>::new(Some(salt), key)
        .expand(info, &mut okm)
        .unwrap();
    Aes256Gcm::new(<&Key<Aes256Gcm>>::try_from(&okm[..32]).unwrap())
}

fn fields(c: &mut Criterion) {
    let key = SubjectKey::new(
        SubjectKeyId::from_bytes([1; 16]),
        LogId::from_bytes([3; 32]),
        &[2; 32],
    );
    let place = Place {
        receipt: ReceiptId::from_bytes([4; 16]),
        subject: "person-7",
        field: "input",
    };
    let text = [b'x'; 64];
    let (info, aad) = ([6; 39], [7; 100]);

    let mut group = c.benchmark_group("field");
    group.bench_function("ours", |b| {
        b.iter(|| {
            let (says, ciphertext) = key.encrypt(&place, black_box(&text), [5; 12]).unwrap();
            key.decrypt(&place, &says, &ciphertext).unwrap()
        });
    });
    group.bench_function("hkdf-aes-gcm", |b| {
        b.iter(|| {
            let nonce = Nonce::from([5; 12]);
            let msg = black_box(&text);
            let payload = Payload { msg, aad: &aad };
            let sealed = derive(&[3; 32], &[2; 32], &info)
                .encrypt(&nonce, payload)
                .unwrap();
            let payload = Payload {
                msg: &sealed,
                aad: &aad,
            };
            derive(&[3; 32], &[2; 32], &info)
                .decrypt(&nonce, payload)
                .unwrap()
        });
    });
    group.finish();
}

criterion_group!(benches, fields);
criterion_main!(benches);
