//! A01: a byte of a record was changed.

use ai_audit_import::{Keys, Record};
use proptest::prelude::*;

use crate::made::{keys, lines};
use crate::packages::genuine;

/// What changes nothing: white space that is other white space, a number written otherwise, the sign
/// of a zero. Then what is signed, hashed and said is the same; anything else is refused or does not
/// hold.
fn fails_or_says_the_same(line: &str, changed: &[u8], keys: &mut Keys) -> bool {
    let mut first = Record::parse(line).unwrap();
    assert_eq!(first.examine(keys).problem, None);
    // What is not UTF-8 no line that is read hands on.
    let Ok(text) = core::str::from_utf8(changed) else {
        return true;
    };
    let Ok(mut record) = Record::parse(text) else {
        return true;
    };
    record.examine(keys).problem.is_some()
        || (record.signed_bytes() == first.signed_bytes()
            && record.named_hash() == first.named_hash()
            && record.signature() == first.signature()
            && record.content() == first.content())
}

/// Every bit of a genuine receipt, one after the other; then each byte taken away.
#[test]
fn every_byte_of_a_genuine_receipt() {
    let Some((mut keys, lines)) = genuine() else {
        return;
    };
    // Has exponents, a negative zero and details.
    let line = lines
        .iter()
        .find(|line| line.contains("e+22") && line.contains("-0.0"))
        .unwrap();
    for at in 0..line.len() {
        let mut changed = line.as_bytes().to_vec();
        for bit in 0..8 {
            changed[at] = line.as_bytes()[at] ^ 1 << bit;
            let same = fails_or_says_the_same(line, &changed, &mut keys);
            assert!(same, "bit {bit} of byte {at} of {line}");
        }
        changed.remove(at);
        let same = fails_or_says_the_same(line, &changed, &mut keys);
        assert!(same, "without byte {at} of {line}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn any_byte_of_any_record(
        line in prop::sample::select(lines()),
        at: prop::sample::Index,
        byte in prop_oneof![
            any::<u8>(),
            prop::sample::select(b"0123456789abcdefABCDEF.eE+-\" ".to_vec()),
        ],
    ) {
        let at = at.index(line.len());
        let mut changed = line.as_bytes().to_vec();
        changed[at] = byte;
        let same = fails_or_says_the_same(line, &changed, &mut keys());
        prop_assert!(same, "{:#x} at byte {} of {}", byte, at, line);
    }
}
