//! What a package holds, for somebody who looks at it: its receipts in their order, with their paths where it is a selection.

use crate::files::{get, pack, unpack};
use crate::logs::Log;
use ai_audit_core::UnverifiedReceipt;
use ai_audit_export::{PackageContents, Selection};
use ai_audit_merkle::{LeafIndex, inclusion_proof};

#[test]
fn a_package_shows_its_receipts_and_in_a_selection_their_paths() {
    let log = Log::of(1, 25);
    let size = log.tree.size();
    for selection in [Selection::All, Selection::Session("s1".into())] {
        let package = log.package(selection.clone(), false);
        let contents = PackageContents::open(package).unwrap();
        assert_eq!(contents.is_selection(), !selection.is_all());
        let checkpoint = contents.checkpoint().unwrap();
        assert_eq!((checkpoint.size, checkpoint.root), (size, log.tree.root()));
        assert!(contents.key_history().unwrap().is_object());
        let mut receipts = contents.receipts().unwrap();
        let mut found = Vec::new();
        while let Some(receipt) = receipts.read_next().unwrap() {
            let sealed = receipt.sealed.unwrap();
            let seq = UnverifiedReceipt::parse(sealed).unwrap().header().seq;
            assert_eq!(sealed, log.sealed[usize::try_from(seq).unwrap()]);
            let path = inclusion_proof(&mut log.tree.clone(), LeafIndex::new(seq), size);
            let path = (!selection.is_all()).then(|| path.unwrap().path);
            assert_eq!(receipt.path, path);
            found.push(seq);
        }
        let belongs = |seq: &u64| selection.is_all() || *seq < 2 || seq % 4 == 1;
        assert_eq!(found, (0..25).filter(belongs).collect::<Vec<_>>());
    }
}

#[test]
fn what_cannot_be_read_is_named_with_its_file() {
    let log = Log::of(1, 25);
    let mut files = unpack(&log.package(Selection::Session("s1".into()), false));
    get(&mut files, "receipts.bin").truncate(1000);
    get(&mut files, "checkpoint.note").truncate(10);
    get(&mut files, "key-history.json").truncate(3);
    let contents = PackageContents::open(pack(&files)).unwrap();
    let told = contents.checkpoint().unwrap_err().to_string();
    assert!(told.starts_with("package: checkpoint.note: "), "{told}");
    let told = contents.key_history().unwrap_err().to_string();
    assert!(told.starts_with("package: key-history.json: "), "{told}");
    let mut receipts = contents.receipts().unwrap();
    let error = loop {
        match receipts.read_next() {
            Ok(receipt) => assert!(receipt.is_some(), "it ends as if it were whole"),
            Err(error) => break error.to_string(),
        }
    };
    assert!(error.starts_with("package: receipts.bin: "), "{error}");
    assert!(PackageContents::open(vec![1, 2, 3]).is_err());
}
