//! Hostile sources: whatever comes, there is a report, and nothing in it is verified.

use crate::sources::{classes, own, pinned, verify_files, verify_text};
use ai_audit_testkit::python::{PythonFiles, batch_seal, decisions, epoch_seal, lines};
use proptest::prelude::*;
use std::sync::LazyLock;

/// Receipts and seals, as lines.
static RECORDS: LazyLock<String> = LazyLock::new(|| {
    let receipts = decisions(6, "acme", &own());
    let seals = [
        batch_seal(1, &receipts[..4], "", &own()),
        epoch_seal(1, &receipts, "", &own()),
    ];
    lines(&[&receipts[..], &seals].concat())
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// A byte of any record is another one, or gone, or there twice.
    #[test]
    fn a01_any_byte(place: prop::sample::Index, byte: u8, how in 0..3) {
        let mut text = RECORDS.clone().into_bytes();
        let place = place.index(text.len());
        match how {
            0 => text[place] = byte,
            1 => drop(text.remove(place)),
            _ => text.insert(place, byte),
        }
        let report = verify_text(&text, &pinned());
        // White space around a value means nothing.
        if report.verdict.integrity.is_verified() {
            let changed: String = String::from_utf8(text).unwrap();
            let bare = |text: &str| text.split_ascii_whitespace().collect::<String>();
            prop_assert_eq!(bare(&changed), bare(&RECORDS));
        } else {
            prop_assert!(!report.verdict.completeness.is_verified());
        }
    }

    /// Any bytes for any file of a package.
    #[test]
    fn a22_any_file(file in 0_usize..5, contents in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut files = PythonFiles::new(&decisions(3, "acme", &own()), &own()).files();
        files[file].1 = contents;
        let report = verify_files(&files, &pinned());
        prop_assert!(report.verdict.integrity.is_failed());
        prop_assert!(!classes(&report).is_empty());
    }

    /// Records in any order and number: gone, twice, and all in between.
    #[test]
    fn a03_to_a08_any_selection(taken in proptest::collection::vec(0_usize..6, 0..9)) {
        let receipts = decisions(6, "acme", &own());
        let records: Vec<_> = taken.iter().map(|place| receipts[*place].clone()).collect();
        let report = verify_text(lines(&records).as_bytes(), &crate::sources::sized(6));
        let mut places = taken.clone();
        places.sort_unstable();
        let all = places == [0, 1, 2, 3, 4, 5];
        prop_assert_eq!(report.verdict.completeness.is_verified(), all);
        // Sound is what is there from some receipt to some other, each once.
        let run = places.windows(2).all(|pair| pair[0] + 1 == pair[1]);
        prop_assert_eq!(report.verdict.integrity.is_verified(), run && !places.is_empty());
    }

    /// Links of all sorts among records that nobody vouches for: circles, forks, trees.
    #[test]
    fn any_links(links in proptest::collection::vec((0_u8..6, 0_u8..6), 1..12)) {
        let text: String = links.iter().map(|(own, before)| format!(
            "{{\"receipt_id\":\"{own}{before}\",\"tool_name\":\"\",\"receipt_hash\":\"{own:064}\",\"prev_receipt_hash\":\"{}\"}}\n",
            if *before == 0 { String::new() } else { format!("{before:064}") },
        )).collect();
        let report = verify_text(text.as_bytes(), &pinned());
        prop_assert!(report.verdict.integrity.is_failed() && report.verdict.attribution.is_failed());
        let in_chains: u64 = report.chains.iter().map(|chain| chain.receipts).sum();
        prop_assert!(in_chains <= links.len() as u64);
    }
}
