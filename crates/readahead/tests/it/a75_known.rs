//! A75: a signature that was verified before is passed off as another receipt's, or another key's.

use crate::sources::{Given, List, log};
use ai_audit_core::{
    BulkVerifier, GoodSignature, MAX_SEALED_LEN, Next, ReceiptSource, SIGNATURE_LEN,
    UnverifiedReceipt,
};
use ai_audit_readahead::ReadAhead;
use ai_audit_testkit::TestLog;

fn bytes(given: &Given) -> &[u8] {
    match given {
        Given::Sealed(sealed) => sealed,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a75_it_counts_for_its_own_receipt_and_key_alone() {
    let log = log(4);
    let [key, other, _] = TestLog::keys(1).map(|key| key.verifying_key());
    let mut bulk = BulkVerifier::new();
    let receipt = UnverifiedReceipt::parse(bytes(&log[2])).unwrap();
    let good = GoodSignature::verify(&receipt, &key, &mut bulk).unwrap();
    assert!(GoodSignature::verify(&receipt, &other, &mut bulk).is_err());
    let known = receipt.known(Some(&good));
    assert!(known.verify_signature_in_bulk(&key, &mut bulk).is_ok());
    assert!(known.verify_signature_in_bulk(&other, &mut bulk).is_err());

    // Every bit of the receipt and of its signature, with what was found of the true one.
    let sealed = bytes(&log[2]);
    for bit in 0..sealed.len() * 8 {
        let mut changed = sealed.to_vec();
        changed[bit / 8] ^= 1 << (bit % 8);
        let Ok(receipt) = UnverifiedReceipt::parse(&changed) else {
            continue;
        };
        let receipt = receipt.known(Some(&good));
        assert!(
            receipt.verify_signature_in_bulk(&key, &mut bulk).is_err(),
            "bit {bit}"
        );
    }
    // Of another receipt it says nothing, and that one is verified as ever.
    let another = UnverifiedReceipt::parse(bytes(&log[3])).unwrap();
    let another = another.known(Some(&good));
    assert!(another.verify_signature_in_bulk(&key, &mut bulk).is_ok());
}

#[test]
fn a75_a_bad_signature_is_never_given_as_good() {
    for place in [1, 7, 8, 511, 512] {
        let mut log = log(600);
        let mut changed = bytes(&log[place]).to_vec();
        let at = changed.len() - SIGNATURE_LEN + 3;
        changed[at] ^= 1;
        log[place] = Given::Sealed(changed);
        let mut source = ReadAhead::new(List(log.into_iter()), 2, []);
        let mut buf = vec![0; MAX_SEALED_LEN];
        let mut at = 0;
        while let Some(Next::Sealed(_)) = source.read_next(&mut buf).unwrap() {
            assert_eq!(source.good_signature().is_some(), at != place, "{at}");
            at += 1;
        }
        assert_eq!(at, 600);
    }
}
