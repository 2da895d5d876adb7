//! What a function belongs to.

/// What the names of the system's functions end with.
pub(super) const KERNEL: &str = "_[k]";

pub(super) fn is_kernel(function: &str) -> bool {
    function.ends_with(KERNEL)
}

/// A part of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// Signing and verifying.
    Ed25519,
    /// Hashing, also inside of signatures.
    Sha2,
    /// The database, without the system below it.
    Sqlite,
    /// The system: files and memory.
    System,
    /// Waking and being woken.
    Threads,
    /// Our crates and the encoding.
    Ours,
    /// What is called by none of them.
    Other,
}

impl Part {
    pub(super) const ALL: [Self; 7] = [
        Self::Ed25519,
        Self::Sha2,
        Self::Sqlite,
        Self::System,
        Self::Threads,
        Self::Ours,
        Self::Other,
    ];

    /// Its name in a legend.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "Ed25519",
            Self::Sha2 => "SHA-2",
            Self::Sqlite => "SQLite",
            Self::System => "kernel",
            Self::Threads => "waking threads",
            Self::Ours => "receipts and ledger",
            Self::Other => "other",
        }
    }

    /// The class of its boxes.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Ed25519 => "ed",
            Self::Sha2 => "sh",
            Self::Sqlite => "sq",
            Self::System => "sy",
            Self::Threads => "th",
            Self::Ours => "ou",
            Self::Other => "ot",
        }
    }

    /// What a function belongs to that is called within this part. One that is nobody's, such as
    /// copying memory or SQLite's inner functions, belongs to its caller.
    pub(super) fn within(self, function: &str) -> Self {
        let has = |words: &[&str]| words.iter().any(|word| function.contains(word));
        if self == Self::Threads || has(&["futex"]) {
            Self::Threads
        } else if is_kernel(function) {
            Self::System
        } else if has(&["sha2::", "sha256", "sha512", "digest::", "block_buffer::"]) {
            Self::Sha2
        } else if has(&["curve25519_dalek", "ed25519_dalek"]) {
            Self::Ed25519
        } else if has(&["sqlite3", "rusqlite"]) {
            Self::Sqlite
        } else if has(&["ai_audit_", "postcard::", "measure::"]) {
            Self::Ours
        } else {
            self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_nobodys_belongs_to_its_caller() {
        let sqlite = Part::Other.within("sqlite3_step");
        assert_eq!(sqlite.within("balance_nonroot"), Part::Sqlite);
        assert_eq!(sqlite.within("memcpy"), Part::Sqlite);
        assert_eq!(sqlite.within("ext4_sync_file_[k]"), Part::System);
        let waking = sqlite.within("__x64_sys_futex_[k]");
        assert_eq!(waking.within("try_to_wake_up_[k]"), Part::Threads);
    }

    #[test]
    fn hashing_inside_of_a_signature_is_hashing() {
        let signing = Part::Ours.within("ed25519_dalek::signing::SigningKey::sign");
        let hashing = "<sha2::Sha512 as digest::Update>::update";
        assert_eq!(signing.within(hashing), Part::Sha2);
    }
}
