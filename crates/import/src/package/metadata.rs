//! `chain_metadata.json`: what the package says of its receipts, held against them.

use ai_audit_core::VerifyingKey;
use alloc::format;
use alloc::string::{String, ToString};

use super::{PYTHON_KEY, PYTHON_METADATA, differ, fingerprint};
use crate::finding::{Fails, FindingClass, shown};
use crate::{EvidenceVerifier, Json, JsonValue};

/// What the metadata says of the receipts.
#[derive(Debug)]
pub(super) struct Metadata {
    pub(super) total: u64,
    tenant: String,
    fingerprint: Option<String>,
    first: End,
    last: End,
}

/// The first or last receipt by time.
#[derive(Debug)]
struct End {
    id: String,
    time: String,
}

impl Metadata {
    pub(super) fn read(contents: &[u8]) -> Result<Self, String> {
        let text = core::str::from_utf8(contents)
            .map_err(|error| format!("no UTF-8 at byte {}", error.valid_up_to()))?;
        let json = Json::parse(text).map_err(|error| error.to_string())?;
        let root = json.root();
        let total = root.get("total_receipts").and_then(|total| total.integer());
        let total = total.ok_or("total_receipts: expected a number of receipts")?;
        let end = |id, time| {
            Ok::<_, String>(End {
                id: text_of(&root, id)?,
                time: text_of(&root, time)?,
            })
        };
        Ok(Self {
            total,
            tenant: text_of(&root, "tenant_id").unwrap_or_default(),
            fingerprint: root
                .get("key_fingerprint")
                .and_then(|value| value.string())
                .map(|text| text.to_ascii_lowercase()),
            first: end("first_receipt_id", "first_timestamp")?,
            last: end("last_receipt_id", "last_timestamp")?,
        })
    }

    /// Holds it against the receipts. Their number is the verifier's matter.
    pub(super) fn hold(&self, verifier: &mut EvidenceVerifier<'_>, inside: Option<&VerifyingKey>) {
        let own = inside.map(fingerprint);
        if differ(&self.fingerprint, &own) {
            let reason = format!("{PYTHON_METADATA}: key_fingerprint is not that of {PYTHON_KEY}");
            verifier
                .findings
                .add(FindingClass::ForgedManifest, Fails::Both, reason);
        }
        let times = verifier.times();
        for (end, which, time) in [
            (&self.first, "first", times.map(|(first, _)| first)),
            (&self.last, "last", times.map(|(_, last)| last)),
        ] {
            if let Some(reason) = end.hold(verifier, which, time) {
                let reason = format!("{PYTHON_METADATA}: {reason}");
                verifier
                    .findings
                    .add(FindingClass::Missing, Fails::Completeness, reason);
            }
        }
        // The library takes any name here, so that it says nothing against the receipts.
        if !self.tenant.is_empty() && !verifier.all_are_of(&self.tenant) {
            verifier.remarks.push(format!(
                "{PYTHON_METADATA} names the tenant \"{}\"; not all receipts do",
                shown(&self.tenant)
            ));
        }
    }
}

impl End {
    /// What does not fit; `time` is the earliest or latest of the receipts.
    fn hold(
        &self,
        verifier: &EvidenceVerifier<'_>,
        which: &str,
        time: Option<u64>,
    ) -> Option<String> {
        if verifier.counts().all() == 0 {
            let empty = self.id.is_empty() && self.time.is_empty();
            return (!empty).then(|| format!("it names a {which} receipt, and there is none"));
        }
        let id = shown(&self.id);
        let Some((line, own)) = verifier.receipt(&self.id) else {
            // It may be what a line held that could not be read.
            return (verifier.counts().unread == 0)
                .then(|| format!("its {which} receipt {id} is not here"));
        };
        if time.is_some() && own != time {
            return Some(format!(
                "its {which} receipt {id}, in line {line}, is not the {which} one by time"
            ));
        }
        let said = crate::time::parse(&self.time).map(|time| time.as_micros());
        (said != own).then(|| {
            format!(
                "{which}_timestamp is {}, not the time of its {which} receipt in line {line}",
                shown(&self.time)
            )
        })
    }
}

fn text_of(root: &JsonValue<'_, '_>, name: &str) -> Result<String, String> {
    let text = root.get(name).and_then(|value| value.string());
    let text = text.ok_or_else(|| format!("{name}: expected a text"))?;
    Ok(text.to_string())
}
