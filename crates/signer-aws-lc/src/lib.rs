//! Signs receipts with [AWS-LC](https://github.com/aws/aws-lc): the same signatures in half the time.
//!
//! Ed25519 is deterministic (RFC 8032): the same key gives the same signature for the same message,
//! whatever program computes it. So this is a choice of speed alone. It is for servers: it takes a C
//! compiler to build, and its assembler is for x86-64 and Arm. Nothing here verifies: that stays with
//! `ai-audit-core`, which does it more strictly.
//!
//! # Example
//!
//! ```
//! use ai_audit_core::{Signer as _, SigningKey};
//! use ai_audit_signer_aws_lc::AwsLcSigner;
//!
//! // A key as it was read from its file.
//! let key = SigningKey::from_bytes(&[1; 32]);
//! let fast = AwsLcSigner::new(&key)?;
//!
//! assert_eq!(fast.verifying_key(), key.verifying_key());
//! assert_eq!(fast.try_sign(b"receipt")?, key.sign(b"receipt"));
//! # Ok::<(), ai_audit_core::SignerError>(())
//! ```

mod signer;

pub use signer::AwsLcSigner;
