//! Records of the Python library: read, rebuilt, verified.

use ai_audit_import::{Record, RecordKind};

use crate::packages::genuine;

#[test]
fn genuine_receipts_verify() {
    let Some((mut keys, lines)) = genuine() else {
        return;
    };
    assert_eq!(lines.len(), 25 + 1 + 300 + 3);
    for line in &lines {
        let mut record = Record::parse(line).unwrap();
        assert_eq!(record.kind(), RecordKind::Decision);
        let before = record.signed_bytes().to_vec();
        let examined = record.examine(&mut keys);
        assert_eq!(examined.problem, None, "{line}");
        assert_eq!(examined.hash, Some(record.hash()));
        assert_eq!(Some(&*record.hash().to_string()), record.named_hash());
        assert_eq!(examined.key.as_ref(), keys.iter().next());
        assert_eq!(record.signed_bytes(), before, "no number had to be tried");
        assert!(record.time().is_some());
        assert!(record.content().is_some());
    }
}
