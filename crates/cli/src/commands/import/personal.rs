//! Whether records to be imported hold what the log's redaction policy keeps out.

use crate::failure::usage;
use crate::python::Gathered;
use ai_audit_directory::LogDirectory;
use ai_audit_import::Json;
use ai_audit_pii::Redactor;
use ai_audit_store::LogName;

/// From which confidence on a finding counts: names and digits of records are no prose.
const CERTAIN: f32 = 0.9;
/// Members that hold digests and identifiers of the library itself.
const ITS_OWN: [&str; 10] = [
    "receipt_id",
    "receipt_version",
    "timestamp",
    "input_c14n",
    "state_digest",
    "output_hash",
    "config_digest",
    "prev_receipt_hash",
    "receipt_hash",
    "signature",
];

/// Refuses a source with personal data. Its records cannot be redacted: every byte of them is signed.
pub(super) fn check(
    directory: &LogDirectory,
    log: &LogName,
    gathered: &Gathered,
) -> anyhow::Result<()> {
    let Some(policy) = directory.redaction(log)? else {
        return Ok(());
    };
    let redactor = Redactor::new(&policy).map_err(|error| usage(error.to_string()))?;
    let mut found: Option<String> = None;
    let mut records = 0_u64;
    gathered.each(&mut |line, record| {
        let Ok(text) = record else { return };
        if let Some(kind) = tells(text, &redactor) {
            records += 1;
            found.get_or_insert_with(|| format!("line {line} ({kind})"));
        }
    })?;
    match found {
        None => Ok(()),
        Some(first) => Err(usage(format!(
            "{records} of the records hold personal data that the log's redaction policy keeps out, the \
             first at {first}. They are signed as they are and cannot be redacted, and no erasure reaches \
             them: import them into a log without a redaction policy, or with --allow-personal-data"
        ))),
    }
}

/// The kind of the first finding in a record's texts; in all of its text where it cannot be read.
fn tells(text: &str, redactor: &Redactor) -> Option<String> {
    let Ok(json) = Json::parse(text) else {
        return finding(text, redactor);
    };
    let mut open = vec![json.root()];
    while let Some(value) = open.pop() {
        if let Some(kind) = value.string().and_then(|text| finding(&text, redactor)) {
            return Some(kind);
        }
        open.extend(value.items());
        for (name, value) in value.members() {
            if let Some(kind) = finding(&name, redactor) {
                return Some(kind);
            }
            if !ITS_OWN.contains(&name.as_ref()) {
                open.push(value);
            }
        }
    }
    None
}

fn finding(text: &str, redactor: &Redactor) -> Option<String> {
    let found = redactor.find(text.as_bytes());
    let certain = found.iter().find(|it| it.confidence >= CERTAIN);
    certain.map(|finding| finding.kind.to_string())
}
