//! What a monitor keeps besides notes and proofs: consistency paths, one a file.
//!
//! ```text
//! ai-audit/consistency/v1
//! OLD NEW
//! <64 hexadecimal digits>
//! …
//! ```

use crate::DirectoryError;
use crate::error::io_at;
use ai_audit_core::NodeHash;
use ai_audit_merkle::{ConsistencyProof, TreeSize};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

const FIRST_LINE: &str = "ai-audit/consistency/v1";
/// 65 hashes and two numbers take less.
pub(super) const MAX_LINK_LEN: usize = 8192;

pub(super) fn print_link(proof: &ConsistencyProof) -> String {
    let mut text = format!("{FIRST_LINE}\n{} {}\n", proof.old, proof.new);
    for node in &proof.path {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{node}");
    }
    text
}

pub(super) fn parse_link(bytes: &[u8]) -> Option<ConsistencyProof> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut lines = text.strip_suffix('\n')?.split('\n');
    if lines.next() != Some(FIRST_LINE) {
        return None;
    }
    let (old, new) = lines.next()?.split_once(' ')?;
    let size = |text: &str| text.parse().ok().map(TreeSize::new);
    let path = lines.map(|line| line.parse::<NodeHash>().ok());
    Some(ConsistencyProof {
        old: size(old)?,
        new: size(new)?,
        path: path.collect::<Option<_>>()?,
    })
}

/// The files of a folder with an extension, by name. Others are none of this program's.
pub(super) fn with_extension(folder: &Path, ext: &str) -> Result<Vec<PathBuf>, DirectoryError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(io_at(folder))? {
        let path = entry.map_err(io_at(folder))?.path();
        if path.extension().is_some_and(|found| found == ext) {
            found.push(path);
        }
    }
    found.sort_unstable();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_read_as_they_were_written() {
        for len in [0, 1, 65] {
            let proof = ConsistencyProof {
                old: TreeSize::new(3),
                new: TreeSize::new(u64::MAX),
                path: vec![NodeHash::from_bytes([7; 32]); len],
            };
            let text = print_link(&proof);
            assert!(text.len() < MAX_LINK_LEN);
            assert_eq!(parse_link(text.as_bytes()), Some(proof));
        }
        for text in [
            "",
            "ai-audit/consistency/v1\n",
            "ai-audit/consistency/v1\n1\n",
            "x\n1 2\n",
        ] {
            assert_eq!(parse_link(text.as_bytes()), None);
        }
    }
}
