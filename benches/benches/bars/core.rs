//! One receipt: sealed, verified, its size; and a field encrypted.

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use ai_audit_benches::compare::{Row, Runner};
use ai_audit_benches::{ACTOR, MAX_SEALED, decision};
use ai_audit_core::{
    Chain, Draft, Genesis, Head, LogId, MAX_SEALED_LEN, ReceiptId, SigningKey, SubjectKeyId,
    Timestamp, UnverifiedReceipt,
};
use ai_audit_shredding::{Place, SubjectKey};
use ai_audit_signer_aws_lc::AwsLcSigner;
use hkdf::Hkdf;
use sha2::Sha256;
use std::hint::black_box;

const GROUP: &str = "Core";
/// As long as what a receipt's signature is over.
pub(crate) const MESSAGE: [u8; 52] = [0; 52];

pub(crate) fn rows(runner: &Runner) {
    let now = Timestamp::from_micros(1_790_000_000_000_000);
    let [key, second, third] = [1, 2, 3].map(|n| SigningKey::from_bytes(&[n; 32]));
    let public = key.verifying_key();
    let others = [second.verifying_key(), third.verifying_key()];
    let genesis = Genesis::new("example.org", "", &public, &others[0], &others[1], [7; 16]);
    let mut buf = vec![0; MAX_SEALED_LEN];
    let draft = Draft::new(ReceiptId::from_parts(now, [0; 10]), now);
    let first = draft.seal(&genesis, &Head::EMPTY, &key, &mut buf).unwrap();
    let head = first.head();
    let draft = draft
        .trace("4bf92f3577b34da6a3ce929d0e0e4736")
        .session("session-42")
        .actor(ACTOR);
    let body = decision();
    let sealed = draft.seal(&body, &head, &key, &mut buf).unwrap();
    let sealed = sealed.as_bytes().to_vec();
    let signature = key.sign(&MESSAGE);

    let row = |work| Row::new(GROUP, work);
    runner.pair(
        row("seal").beside("Ed25519 sign").most(1.06),
        1,
        || {
            draft
                .seal(black_box(&body), &head, &key, &mut buf)
                .unwrap()
                .hash()
        },
        || key.sign(black_box(&MESSAGE)),
    );
    let aws_lc = AwsLcSigner::new(&key).unwrap();
    runner.pair(
        row("seal, AWS-LC").beside("Ed25519 sign").most(0.60),
        1,
        || {
            draft
                .seal(black_box(&body), &head, &aws_lc, &mut buf)
                .unwrap()
                .hash()
        },
        || key.sign(black_box(&MESSAGE)),
    );
    runner.pair(
        row("open and verify, strict")
            .beside("verify_strict")
            .most(1.06),
        1,
        || {
            let receipt = UnverifiedReceipt::parse(black_box(&sealed)).unwrap();
            receipt.verify_signature(&public).unwrap();
            Chain::resume(head).push(&receipt).unwrap()
        },
        || public.verify(black_box(&MESSAGE), &signature).unwrap(),
    );
    #[allow(clippy::cast_precision_loss, reason = "some hundred bytes")]
    let (size, most) = (sealed.len() as f64, MAX_SEALED as f64);
    runner.figure(row("sealed size").most(most), size, "B");
    field(runner);
}

/// HKDF-SHA-256 to 64 bytes, and the cipher of the first half.
fn derive(salt: &[u8], key: &[u8], info: &[u8]) -> Aes256Gcm {
    let mut okm = [0; 64];
    Hkdf::<Sha256>::new(Some(salt), key)
        .expand(info, &mut okm)
        .unwrap();
    Aes256Gcm::new(<&Key<Aes256Gcm>>::try_from(&okm[..32]).unwrap())
}

fn field(runner: &Runner) {
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
    let (text, info, aad) = ([b'x'; 64], [6; 39], [7; 100]);
    runner.pair(
        Row::new(GROUP, "field, encrypt + decrypt")
            .beside("HKDF, AES-GCM")
            .most(1.3),
        1,
        || {
            let (says, ciphertext) = key.encrypt(&place, black_box(&text), [5; 12]).unwrap();
            key.decrypt(&place, &says, &ciphertext).unwrap()
        },
        || {
            let nonce = Nonce::from([5; 12]);
            let msg = black_box(&text[..]);
            let payload = Payload { msg, aad: &aad };
            let cipher = derive(&[3; 32], &[2; 32], &info);
            let sealed = cipher.encrypt(&nonce, payload).unwrap();
            let payload = Payload {
                msg: &sealed,
                aad: &aad,
            };
            let cipher = derive(&[3; 32], &[2; 32], &info);
            cipher.decrypt(&nonce, payload).unwrap()
        },
    );
}
