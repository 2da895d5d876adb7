//! Seals two receipts whose key is in Vault, and holds them against the pinned keys: the program of
//! `docs/quickstarts/vault.md`.
//!
//!     receipts-by-vault ADDRESS TOKEN_FILE RECEIPT_KEY CHECKPOINT_KEY RECOVERY_KEY
//!
//! The keys are public keys in base64, as Vault shows them.
#![allow(clippy::print_stdout, reason = "it is a program")]

use ai_audit_core::{
    Chain, Decision, Draft, Genesis, Head, ReceiptId, Timestamp, UnverifiedReceipt, VerifyingKey,
};
use ai_audit_kms::{Credential, Patience, VaultAccess, VaultSigner};
use base64ct::{Base64, Encoding as _};
use std::error::Error;
use std::time::{SystemTime, UNIX_EPOCH};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, token, receipt, checkpoint, recovery] = arguments.as_slice() else {
        return Err("expected ADDRESS TOKEN_FILE RECEIPT_KEY CHECKPOINT_KEY RECOVERY_KEY".into());
    };
    let [receipt, checkpoint, recovery] =
        [pinned(receipt)?, pinned(checkpoint)?, pinned(recovery)?];

    // Signs a probe: from here on the key is the pinned one, or nothing is signed.
    let token = Credential::in_file(token);
    let access = VaultAccess::new(address, token, Patience::default())?;
    let signer = VaultSigner::open(access.into(), "transit", "receipts", 1, receipt)?;

    let micros = SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros();
    let now = Timestamp::from_micros(micros.try_into()?);
    let mut salt = [0; 16];
    getrandom::fill(&mut salt)?;
    let genesis = Genesis::new(
        "example.org/my-agent",
        "",
        &receipt,
        &checkpoint,
        &recovery,
        salt,
    );
    let decision = Decision {
        model: "gpt-4o-mini".into(),
        ..Decision::new()
    };

    let mut chain = Chain::new();
    let mut buf = [0; 1024];
    let draft = Draft::new(ReceiptId::from_parts(now, [0; 10]), now);
    let sealed = draft.seal(&genesis, &Head::EMPTY, &signer, &mut buf)?;
    let head = check(&mut chain, sealed.as_bytes(), &receipt)?;
    let draft = Draft::new(ReceiptId::from_parts(now, [1; 10]), now);
    let sealed = draft.seal(&decision, &head, &signer, &mut buf)?;
    check(&mut chain, sealed.as_bytes(), &receipt)?;
    Ok(())
}

fn pinned(text: &str) -> Result<VerifyingKey, Box<dyn Error>> {
    let mut bytes = [0; 32];
    Base64::decode(text, &mut bytes).map_err(|_| "expected a public key of 32 bytes in base64")?;
    Ok(VerifyingKey::from_pinned_bytes(&bytes)?)
}

/// What whoever has the public key does with a receipt.
fn check(chain: &mut Chain, sealed: &[u8], key: &VerifyingKey) -> Result<Head, Box<dyn Error>> {
    let receipt = UnverifiedReceipt::parse(sealed)?;
    let head = chain.push(&receipt)?;
    receipt.verify_signature(key)?;
    let seq = receipt.header().seq;
    println!(
        "receipt {seq}: {} bytes, signed by key {}",
        sealed.len(),
        key.id()
    );
    Ok(head)
}
