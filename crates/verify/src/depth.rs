//! How deep a verifier looks.

/// How much of a log is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Depth {
    /// Every receipt: its bytes, its place in the chain, its signature, what it says.
    #[default]
    Full,
    /// Hashes, tree and checkpoint: that the receipts' payloads are those that the checkpoint commits
    /// to, and nothing else. Signatures, chain and contents are not looked at, so integrity and
    /// attribution stay unverified. It costs little more than hashing the bytes.
    ///
    /// What is no whole log, a selection or the proof of one receipt, is looked at in full.
    Tree,
}
