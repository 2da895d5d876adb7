//! A signer whose secret is elsewhere (KMS, HSM): sealing needs its public key and its signatures.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use ai_audit_trail::core::{
    Decision, Draft, Genesis, Head, ReceiptId, Signature, Signer, SignerError, SigningKey,
    Timestamp, VerifyingKey,
};
use ai_audit_trail::verify::{LogVerifier, Pin, TrustPolicy};
use std::sync::mpsc::{Sender, channel};
use std::thread;

/// What is asked of the other side: a message, and where its signature goes.
type Request = (Vec<u8>, Sender<Signature>);

/// Speaks to a thread that alone holds the secret, as a client of a KMS speaks to its service.
struct Remote {
    public: VerifyingKey,
    requests: Sender<Request>,
}

impl Signer for Remote {
    fn verifying_key(&self) -> VerifyingKey {
        self.public
    }

    fn try_sign(&self, message: &[u8]) -> Result<Signature, SignerError> {
        let unreachable = || SignerError::new("the signing service is not reachable");
        let (answer, answered) = channel();
        self.requests
            .send((message.to_vec(), answer))
            .map_err(|_| unreachable())?;
        answered.recv().map_err(|_| unreachable())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (requests, inbox) = channel::<Request>();
    let secret = SigningKey::from_bytes(&[1; 32]);
    let public = secret.verifying_key();
    thread::spawn(move || {
        for (message, answer) in inbox {
            // Whoever asked may have gone.
            let _ = answer.send(secret.sign(&message));
        }
    });
    let signer = Remote { public, requests };

    let checkpoint = SigningKey::from_bytes(&[2; 32]).verifying_key();
    let recovery = SigningKey::from_bytes(&[3; 32]).verifying_key();
    let genesis = Genesis::new(
        "example.org/kms",
        "acme",
        &public,
        &checkpoint,
        &recovery,
        [7; 16],
    );
    let now = Timestamp::from_micros(1_790_000_000_000_000);
    let (mut first, mut second) = ([0; 1024], [0; 1024]);
    let opened = Draft::new(ReceiptId::from_parts(now, [0; 10]), now).seal(
        &genesis,
        &Head::EMPTY,
        &signer,
        &mut first,
    )?;
    let decided = Draft::new(ReceiptId::from_parts(now, [1; 10]), now).seal(
        &Decision::new(),
        &opened.head(),
        &signer,
        &mut second,
    )?;

    let policy = TrustPolicy::new().pin(Pin::Key(public)).min_size(2);
    let mut verifier = LogVerifier::new(&policy);
    verifier.push(opened.as_bytes());
    verifier.push(decided.as_bytes());
    let report = verifier.finish();
    println!(
        "integrity {}, attribution {}",
        report.verdict.integrity, report.verdict.attribution
    );
    assert!(report.verdict.attribution.is_verified());
    Ok(())
}
