//! The five files of a package, and the archive around them as Python's `zipfile` writes it.

use super::{lines, text_of, written};
use ai_audit_core::{Digest, SigningKey};
use serde_json::{Value, json};

/// The files of a package, before they are in an archive.
#[derive(Debug, Clone)]
pub struct PythonFiles {
    /// `receipts.jsonl`.
    pub receipts: String,
    /// `chain_metadata.json`.
    pub metadata: Value,
    /// `public_key.hex`.
    pub key: String,
    /// `verify.py`.
    pub script: String,
    /// `manifest.json`.
    pub manifest: Value,
}

impl PythonFiles {
    /// A package of these records, made with `key`.
    #[must_use]
    pub fn new(records: &[Value], key: &SigningKey) -> Self {
        let mut records = records.to_vec();
        records.sort_by_key(|record| text_of(record, "timestamp"));
        let public = key.verifying_key().to_string();
        let end = |record: Option<&Value>, name: &str| match record {
            Some(record) => text_of(record, name),
            None => String::new(),
        };
        let (first, last) = (records.first(), records.last());
        // Python writes its own times with an offset, pydantic with a Z.
        let time = |record| end(record, "timestamp").replace('Z', "+00:00");
        let mut files = Self {
            receipts: lines(&records),
            metadata: json!({
                "tenant_id": "",
                "epoch_id": "",
                "total_receipts": records.len(),
                "first_receipt_id": end(first, "receipt_id"),
                "last_receipt_id": end(last, "receipt_id"),
                "first_timestamp": time(first),
                "last_timestamp": time(last),
                "exported_at": "2026-11-23T16:03:13.497850+00:00",
                "key_fingerprint": &public[..16],
            }),
            key: public.clone(),
            script: "print('never run')\n".into(),
            manifest: json!({
                "version": "1.0",
                "format": "ai-audit-evidence-package",
                "key_fingerprint": &public[..16],
                "created_at": "2026-11-23T16:03:13.497906+00:00",
                "maker": "é\u{1f600}\u{7f}",
            }),
        };
        files.cover(key);
        files
    }

    /// Makes the checksums those of the files as they are now, and signs the manifest.
    pub fn cover(&mut self, key: &SigningKey) {
        let sum = |contents: &[u8]| Digest::of(contents).to_string();
        self.manifest["checksums"] = json!({
            "receipts.jsonl": sum(self.receipts.as_bytes()),
            "chain_metadata.json": sum(pretty(&self.metadata).as_bytes()),
            "public_key.hex": sum(self.key.as_bytes()),
            "verify.py": sum(self.script.as_bytes()),
        });
        self.sign(key);
    }

    /// Signs the manifest as it is.
    pub fn sign(&mut self, key: &SigningKey) {
        let mut signed = self.manifest.clone();
        signed.as_object_mut().unwrap().remove("signature");
        let signature = key.sign(spaced(&signed).as_bytes());
        self.manifest["signature"] = signature.to_string().into();
    }

    /// Names and contents in the order in which the library writes them.
    #[must_use]
    pub fn files(&self) -> Vec<(String, Vec<u8>)> {
        [
            ("receipts.jsonl", self.receipts.clone()),
            ("chain_metadata.json", pretty(&self.metadata)),
            ("public_key.hex", self.key.clone()),
            ("verify.py", self.script.clone()),
            ("manifest.json", pretty(&self.manifest)),
        ]
        .map(|(name, contents)| (name.into(), contents.into_bytes()))
        .into()
    }

    /// The archive.
    #[must_use]
    pub fn zip(&self) -> Vec<u8> {
        python_zip(&self.files())
    }
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

/// As Python's `json.dumps` with sorted names writes it.
fn spaced(value: &Value) -> String {
    let ascii = |text: &str| {
        let mut out = String::new();
        for c in Value::from(text).to_string().chars() {
            if matches!(c, ' '..='~') {
                out.push(c);
            } else {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out += &format!("\\u{unit:04x}");
                }
            }
        }
        out
    };
    written(value, ", ", ": ", &ascii)
}

/// An archive of files as `ZipFile.writestr` with `ZIP_DEFLATED` makes it on Unix.
#[must_use]
pub fn python_zip(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for (name, contents) in files {
        let offset = u32::try_from(out.len()).unwrap();
        let data = miniz_oxide::deflate::compress_to_vec(contents, 6);
        let mut common = Vec::new();
        // Version, flags, method, 16:03:12 on 2026-11-23.
        for field in [20_u16, 0, 8, 16 << 11 | 3 << 5 | 6, 46 << 9 | 11 << 5 | 23] {
            common.extend(field.to_le_bytes());
        }
        common.extend(crc32fast::hash(contents).to_le_bytes());
        for len in [data.len(), contents.len()] {
            common.extend(u32::try_from(len).unwrap().to_le_bytes());
        }
        common.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        common.extend([0; 2]);
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend(name.as_bytes());
        out.extend(data);
        directory.extend(b"PK\x01\x02\x14\x03");
        directory.extend(common);
        directory.extend([0; 6]);
        directory.extend((0o600_u32 << 16).to_le_bytes());
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (offset, size) = (out.len(), directory.len());
    out.extend(directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    for count in [files.len(), files.len()] {
        out.extend(u16::try_from(count).unwrap().to_le_bytes());
    }
    for number in [size, offset] {
        out.extend(u32::try_from(number).unwrap().to_le_bytes());
    }
    out.extend([0; 2]);
    out
}
