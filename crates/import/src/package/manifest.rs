//! `manifest.json`: checksums of the other files, signed.

use ai_audit_core::Signature;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::{PYTHON_FILES, PYTHON_MANIFEST};
use crate::Json;
use crate::finding::shown;

const FORMAT: &str = "ai-audit-evidence-package";
const VERSION: &str = "1.0";

/// What a manifest says, and the bytes that it signs.
#[derive(Debug)]
pub(super) struct Manifest {
    checksums: BTreeMap<String, String>,
    pub(super) fingerprint: Option<String>,
    pub(super) signature: Result<Signature, &'static str>,
    pub(super) signed: Vec<u8>,
}

impl Manifest {
    pub(super) fn read(contents: &[u8]) -> Result<Self, String> {
        let text = core::str::from_utf8(contents)
            .map_err(|error| format!("no UTF-8 at byte {}", error.valid_up_to()))?;
        let json = Json::parse(text).map_err(|error| error.to_string())?;
        let root = json.root();
        for (name, expected) in [("format", FORMAT), ("version", VERSION)] {
            let found = root.get(name).and_then(|value| value.string());
            if found.as_deref() != Some(expected) {
                let found = found.map_or("none".into(), |found| shown(&found));
                return Err(format!("{name}: expected {expected}, found {found}"));
            }
        }
        let checksums = root
            .get("checksums")
            .filter(|checksums| checksums.is_object());
        let checksums = checksums.ok_or("checksums: expected an object, found none")?;
        let mut listed = BTreeMap::new();
        for (name, value) in checksums.members() {
            // What is no text is no checksum of any file.
            let value = value.string().unwrap_or_default();
            listed.insert(name.into_owned(), value.into_owned());
        }
        let signature = match root.get("signature").map(|value| value.string()) {
            None => Err("it is not signed"),
            Some(text) => read_signature(&text.unwrap_or_default()),
        };
        let fingerprint = root.get("key_fingerprint").and_then(|value| value.string());
        Ok(Self {
            checksums: listed,
            fingerprint: fingerprint.map(|text| text.to_ascii_lowercase()),
            signature,
            signed: json.to_spaced(&["signature"]),
        })
    }

    pub(super) fn checksum(&self, name: &str) -> Option<&str> {
        self.checksums.get(name).map(String::as_str)
    }

    /// What it lists beside the four files that it has to.
    pub(super) fn others(&self) -> impl Iterator<Item = String> {
        let other = |name: &&String| {
            name.as_str() == PYTHON_MANIFEST || !PYTHON_FILES.contains(&name.as_str())
        };
        self.checksums.keys().filter(other).map(|name| shown(name))
    }
}

fn read_signature(text: &str) -> Result<Signature, &'static str> {
    let wrong = "signature: expected 128 hexadecimal digits in lower case, found something else";
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(wrong);
    }
    text.parse().map_err(|_| wrong)
}
