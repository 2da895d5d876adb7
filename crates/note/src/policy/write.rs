//! Writing a policy as a file.

use super::{Policy, PolicyWitness};
use alloc::format;
use alloc::vec::Vec;

impl Policy {
    /// The file: logs, witnesses, groups, quorum, one line each, without comments. It reads as the
    /// same policy.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for log in &self.logs {
            out.extend_from_slice(format!("log {}", log.key).as_bytes());
            if let Some(url) = &log.url {
                out.push(b' ');
                out.extend_from_slice(url.as_bytes());
            }
            out.push(b'\n');
        }
        for witness in &self.witnesses {
            out.extend_from_slice(b"witness ");
            witness.write_to(&mut out);
            out.push(b'\n');
        }
        for group in &self.groups {
            out.extend_from_slice(b"group ");
            out.extend_from_slice(group.name.as_bytes());
            out.extend_from_slice(format!(" {}", group.threshold).as_bytes());
            for member in &group.members {
                out.push(b' ');
                out.extend_from_slice(self.name_of(*member).as_bytes());
            }
            out.push(b'\n');
        }
        out.extend_from_slice(b"quorum ");
        out.extend_from_slice(match self.quorum() {
            Some(name) => name.as_bytes(),
            None => b"none",
        });
        out.push(b'\n');
        out
    }
}

impl PolicyWitness {
    /// The words behind `witness`.
    pub(super) fn write_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.name.as_bytes());
        out.extend_from_slice(format!(" {}", self.key).as_bytes());
        if let Some(url) = &self.url {
            out.push(b' ');
            out.extend_from_slice(url.as_bytes());
        }
    }
}
