//! Attacks on records by their numbers, with other places, sizes and combinations than the shared
//! vectors have.

use crate::sources::{expect, other, own, pinned, sized, verify, verify_text};
use ai_audit_import::{ChainBegins, SourceTrust};
use ai_audit_testkit::python::{
    chain, decision, decisions, lines, seal, text_of, tool_call, tool_calls,
};
use serde_json::{Value, json};

const SIZES: [u64; 4] = [2, 3, 8, 40];

/// First, middle and last.
fn places(len: u64) -> Vec<usize> {
    let mut places = [0, len / 2, len - 1]
        .map(|place| usize::try_from(place).unwrap())
        .to_vec();
    places.dedup();
    places
}

#[test]
fn genuine_records_in_any_order_of_lines() {
    for size in [1, 2, 7, 100] {
        let mut records = decisions(size, "acme", &own());
        expect(&verify(&records, &pinned()), "vvu", &[]);
        records.reverse();
        let report = verify(&records, &sized(size));
        expect(&report, "vvv", &[]);
        assert_eq!(report.chains[0].receipts, size);
        assert_eq!(report.chains[0].begins, ChainBegins::First);
        assert_eq!(report.chains[0].line, size);
        assert_eq!(report.keys[0].records, size);
        expect(&verify(&records, &sized(size + 1)), "vvf", &["missing"]);
    }
}

#[test]
fn genuine_records_of_several_tenants_and_kinds() {
    let records = [
        decisions(5, "acme", &own()),
        tool_calls(4, "acme", &own()),
        decisions(3, "", &own()),
        decisions(1, "zürich", &own()),
    ]
    .concat();
    let report = verify(&records, &sized(13));
    // Whole, and yet the number does not say so.
    expect(&report, "vvu", &[]);
    expect(&verify(&records, &sized(14)), "vvf", &["missing"]);
    let chains: Vec<(&str, &str, u64)> = report
        .chains
        .iter()
        .map(|chain| (chain.tenant.as_str(), chain.kind, chain.receipts))
        .collect();
    assert_eq!(
        chains,
        [
            ("acme", "decision", 5),
            ("acme", "tool_call", 4),
            ("", "decision", 3),
            ("zürich", "decision", 1)
        ]
    );
    assert_eq!((report.counts.decisions, report.counts.tool_calls), (9, 4));
}

#[test]
fn nothing_pinned_and_nothing_inside_says_nothing() {
    let records = decisions(5, "acme", &own());
    expect(&verify(&records, &SourceTrust::default()), "uuu", &[]);
    expect(&verify_text(b"\n \n", &pinned()), "uuu", &[]);
    expect(&verify_text(b"\n \n", &sized(0)), "uuu", &[]);
    // What does not hold is found nevertheless.
    let mut tampered = records.clone();
    tampered[2]["action"] = "reject".into();
    expect(
        &verify(&tampered, &SourceTrust::default()),
        "fuu",
        &["tampered"],
    );
    expect(&verify(&records[..2], &SourceTrust::default()), "uuu", &[]);
    let gap = [&records[..2], &records[3..]].concat();
    expect(&verify(&gap, &SourceTrust::default()), "fuu", &["missing"]);
}

#[test]
fn a01_a_byte_changed() {
    let fields: [(&str, Value, &str); 7] = [
        ("action", "reject".into(), "ffu"),
        ("timestamp", "2026-05-01T00:00:00Z".into(), "ffu"),
        ("model_id", "gpt-4o ".into(), "ffu"),
        ("unknown", Value::Null, "ffu"),
        ("signature", "0".repeat(128).into(), "ffu"),
        ("signature", "".into(), "ffu"),
        // The signature holds; only the hash beside it is another.
        ("receipt_hash", "0".repeat(64).into(), "fvu"),
    ];
    for size in SIZES {
        for place in places(size) {
            for (field, value, answers) in &fields {
                let mut records = decisions(size, "acme", &own());
                records[place][*field] = value.clone();
                let report = verify(&records, &pinned());
                let last = place + 1 == records.len();
                // Whoever follows names the hash that is no longer there.
                let cut = *field == "receipt_hash" && !last;
                let classes: &[&str] = if cut {
                    &["tampered", "missing"]
                } else {
                    &["tampered"]
                };
                expect(&report, answers, classes);
                assert_eq!(report.findings[0].line, Some(place as u64 + 1));
                assert_eq!(
                    report.findings[0].id,
                    text_of(&records[place], "receipt_id")
                );
            }
        }
    }
}

#[test]
fn a01_forms_of_the_same_bytes() {
    for field in ["receipt_hash", "signature"] {
        let mut records = decisions(3, "acme", &own());
        records[2][field] = text_of(&records[2], field).to_uppercase().into();
        let report = verify(&records, &pinned());
        assert!(report.verdict.integrity.is_failed(), "{field}");
    }
    let mut records = decisions(3, "acme", &own());
    records[1].as_object_mut().unwrap().remove("receipt_hash");
    assert!(verify(&records, &pinned()).verdict.integrity.is_failed());
}

#[test]
fn a02_hash_made_anew() {
    for size in SIZES {
        for place in places(size) {
            let mut records = decisions(size, "acme", &own());
            let signature = records[place]["signature"].clone();
            records[place]["action"] = "reject".into();
            seal(&mut records[place], &own());
            records[place]["signature"] = signature;
            let last = place + 1 == records.len();
            let classes: &[&str] = if last {
                &["tampered"]
            } else {
                &["tampered", "missing"]
            };
            expect(&verify(&records, &pinned()), "ffu", classes);
        }
    }
}

#[test]
fn a03_deleted_in_the_middle() {
    for size in [3, 8, 40] {
        for place in 1..usize::try_from(size).unwrap() - 1 {
            let mut records = decisions(size, "acme", &own());
            records.remove(place);
            let report = verify(&records, &pinned());
            expect(&report, "fvu", &["missing"]);
            assert_eq!(report.findings[0].line, Some(place as u64 + 1));
        }
    }
    // Two gaps, and one of several.
    let records = decisions(20, "acme", &own());
    let left = [&records[..5], &records[6..12], &records[15..]].concat();
    let report = verify(&left, &pinned());
    expect(&report, "fvu", &["missing"]);
    assert_eq!((report.findings.len(), report.chain_count), (2, 3));
    expect(&verify(&left, &sized(20)), "fvf", &["missing"]);
}

#[test]
fn a04_first_ones_cut_off() {
    for cut in [1, 2, 7] {
        let records = decisions(8, "acme", &own());
        let report = verify(&records[cut..], &pinned());
        expect(&report, "vvf", &["missing"]);
        assert_eq!(report.chains[0].begins, ChainBegins::Continues);
        // Also where their number is known, and where another tenant is whole.
        expect(&verify(&records[cut..], &sized(1)), "vvf", &["missing"]);
        let two = [&decisions(3, "other", &own())[..], &records[cut..]].concat();
        expect(&verify(&two, &pinned()), "vvf", &["missing"]);
    }
}

#[test]
fn a05_last_ones_cut_off() {
    let records = decisions(8, "acme", &own());
    for left in 1..8 {
        expect(&verify(&records[..left], &pinned()), "vvu", &[]);
        expect(&verify(&records[..left], &sized(8)), "vvf", &["missing"]);
    }
    // Repeating what is there does not make it more.
    let padded = [&records[..6], &records[4..6]].concat();
    expect(&verify(&padded, &sized(8)), "fvf", &["replayed", "missing"]);
}

/// What one chain lost is made up for by genuine records of another.
#[test]
fn a05_cut_and_made_up_for() {
    let records = decisions(20, "a", &own());
    for (left, others, of) in [
        (5, decisions(15, "b", &own()), "2 tenants and 1 kind"),
        (10, tool_calls(10, "a", &own()), "1 tenant and 2 kinds"),
        (1, tool_calls(30, "b", &own()), "2 tenants and 2 kinds"),
    ] {
        let padded = [&records[..left], &others].concat();
        let report = verify(&padded, &sized(20));
        expect(&report, "vvu", &[]);
        let why = format!("{:?}", report.verdict.completeness);
        assert!(why.contains(of), "{why}");
        let more = padded.len() as u64 + 1;
        expect(&verify(&padded, &sized(more)), "vvf", &["missing"]);
    }
}

#[test]
fn a06_swapped_and_signed_again() {
    for size in [4, 8, 40] {
        let size_ = usize::try_from(size).unwrap();
        for (a, b) in [(1, 2), (0, 1), (size_ - 2, size_ - 1), (1, size_ - 2)] {
            let mut records = decisions(size, "acme", &own());
            // Each takes the other's place and link; what follows is left as it is.
            let (link_a, link_b) = (
                records[a]["prev_receipt_hash"].clone(),
                records[b]["prev_receipt_hash"].clone(),
            );
            records.swap(a, b);
            records[a]["prev_receipt_hash"] = link_a;
            records[b]["prev_receipt_hash"] = link_b;
            seal(&mut records[a], &own());
            seal(&mut records[b], &own());
            let report = verify(&records, &pinned());
            expect(&report, "fvu", &["missing"]);
        }
    }
}

#[test]
fn a07_of_another_tenant() {
    let records = decisions(6, "acme", &own());
    let foreign = decisions(6, "other", &own());
    // In the place of one's own; as one more; with a link into the chain.
    let mut spliced = records.clone();
    spliced[3] = foreign[3].clone();
    expect(&verify(&spliced, &pinned()), "fvf", &["missing"]);
    let added = [&records[..], &foreign[3..4]].concat();
    expect(&verify(&added, &pinned()), "vvf", &["missing"]);
    let mut linked = foreign[0].clone();
    linked["prev_receipt_hash"] = records[5]["receipt_hash"].clone();
    seal(&mut linked, &own());
    let report = verify(&[&records[..], &[linked]].concat(), &pinned());
    expect(&report, "vvf", &["missing"]);
    // A tool call is in a chain of its own.
    let mut call = tool_call(9, "acme");
    call["prev_receipt_hash"] = records[2]["receipt_hash"].clone();
    seal(&mut call, &own());
    let calls = tool_calls(3, "acme", &own());
    let report = verify(&[&records[..], &calls[..], &[call]].concat(), &pinned());
    expect(&report, "fvu", &["missing"]);
    assert!(report.findings[0].reason.contains("line 3 has that hash"));
}

#[test]
fn a08_the_same_twice() {
    for place in places(8) {
        let records = decisions(8, "acme", &own());
        for again in [place + 1, 8] {
            let mut twice = records.clone();
            twice.insert(again, records[place].clone());
            let report = verify(&twice, &sized(8));
            expect(&report, "fvu", &["replayed"]);
            assert_eq!(report.findings[0].line, Some(again as u64 + 1));
        }
        // Sealed into the chain's end, under its own id.
        let mut again = records[place].clone();
        again["prev_receipt_hash"] = records[7]["receipt_hash"].clone();
        seal(&mut again, &own());
        let report = verify(&[&records[..], &[again]].concat(), &pinned());
        assert!(report.verdict.integrity.is_failed());
        assert_eq!(report.findings[0].class.name(), "replayed");
    }
    // In place of a deleted one, so that their number stays.
    let mut records = decisions(8, "acme", &own());
    records[5] = records[2].clone();
    expect(
        &verify(&records, &sized(8)),
        "fvf",
        &["replayed", "missing"],
    );
}

#[test]
fn a08_two_after_one() {
    for place in places(8) {
        let mut records = decisions(8, "acme", &own());
        let mut fork = decision(100, "acme");
        fork["prev_receipt_hash"] = records[place]["receipt_hash"].clone();
        seal(&mut fork, &own());
        records.push(fork);
        let forked = place + 1 < 8;
        let report = verify(&records, &pinned());
        expect(
            &report,
            if forked { "fvu" } else { "vvu" },
            if forked { &["forked"] } else { &[] },
        );
    }
    // Also where the one that they name is gone.
    let mut records = decisions(8, "acme", &own());
    let mut fork = decision(100, "acme");
    fork["prev_receipt_hash"] = records[3]["receipt_hash"].clone();
    seal(&mut fork, &own());
    records[3] = fork;
    expect(&verify(&records, &pinned()), "fvu", &["forked", "missing"]);
}

#[test]
fn a09_everything_by_another_key() {
    let forged = decisions(8, "acme", &other());
    expect(&verify(&forged, &pinned()), "ffu", &["tampered"]);
    // One alone, in a chain that is otherwise genuine.
    for place in places(8) {
        let mut records: Vec<Value> = (0..8).map(|n| decision(n, "acme")).collect();
        chain(&mut records, &own());
        seal(&mut records[place], &other());
        expect(&verify(&records, &pinned()), "ffu", &["tampered"]);
    }
    // Keys that were changed on the way are both brought.
    let mut records = decisions(4, "acme", &own());
    seal(&mut records[3], &other());
    let trust = SourceTrust {
        keys: vec![own().verifying_key(), other().verifying_key()],
        min_size: Some(4),
    };
    let report = verify(&records, &trust);
    expect(&report, "vvv", &[]);
    assert_eq!([report.keys[0].records, report.keys[1].records], [3, 1]);
}

#[test]
fn started_again() {
    let mut records = decisions(8, "acme", &own());
    chain(&mut records[4..], &own());
    let report = verify(&records, &sized(8));
    expect(&report, "uvu", &[]);
    assert_eq!(report.chain_count, 2);
    // What is cut out of a chain is missing all the same.
    let report = verify(&[&records[..4], &records[5..]].concat(), &pinned());
    expect(&report, "fvu", &["missing"]);
}

#[test]
fn links_in_a_circle() {
    // Nobody can make hashes that name each other; names of hashes anybody can.
    let mut records = decisions(6, "acme", &own());
    records[2]["prev_receipt_hash"] = records[4]["receipt_hash"].clone();
    records[5]["prev_receipt_hash"] = records[5]["receipt_hash"].clone();
    let report = verify(&records, &pinned());
    assert!(report.verdict.integrity.is_failed());
    let reordered = report
        .classes
        .iter()
        .find(|count| count.class.name() == "reordered");
    assert_eq!(reordered.unwrap().findings, 2);
}

#[test]
fn a22_json_that_is_refused() {
    let records = decisions(3, "acme", &own());
    let text = lines(&records);
    let second = records[1].to_string();
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    for bad in [
        second.replacen("\"action\"", "\"action\":\"x\",\"action\"", 1),
        second.replacen("\"allow\"", "\"\\ud800\"", 1),
        second.replacen("0.5", "NaN", 1),
        second.replacen("0.5", "Infinity", 1),
        second.replacen("0.5", "01", 1),
        second.replacen("0.5", &deep, 1),
        second.replacen("allow", "al\0low", 1),
        format!("{second} {second}"),
        second[..second.len() - 1].to_owned(),
        second[..second.len() / 2].to_owned(),
        "null".into(),
        "[]".into(),
        "{}".into(),
        "\0".into(),
        "no JSON".into(),
        json!({"receipt_id": "x"}).to_string(),
    ] {
        let text = text.replacen(&second, &bad, 1);
        let report = verify_text(text.as_bytes(), &pinned());
        expect(&report, "fuu", &["malformed", "missing"]);
        assert_eq!(report.findings[0].line, Some(2), "{bad}");
        assert_eq!(report.counts.unread, 1);
        assert!(
            report.findings[0].reason.len() < 400,
            "{}",
            report.findings[0].reason
        );
    }
    // A number that no double reaches is a text like any other, and somebody's change.
    let huge = text.replacen("0.5", "1e999999", 1);
    expect(
        &verify_text(huge.as_bytes(), &pinned()),
        "ffu",
        &["tampered"],
    );
}

#[test]
fn hostile_names_are_cut() {
    let mut records = decisions(2, "acme", &own());
    records[0]["receipt_id"] = format!("\u{1b}[31m\n{}", "x".repeat(1 << 20)).into();
    records[0]["tenant_id"] = "\u{1b}]0;evil".into();
    let report = verify(&records, &pinned());
    let reason = &report.findings[0].reason;
    assert!(reason.len() < 400 && !reason.contains('\u{1b}'), "{reason}");
    assert!(
        report
            .findings
            .iter()
            .all(|finding| !finding.reason.contains('\u{1b}'))
    );
}

#[test]
fn many_findings_are_counted() {
    let mut forged = decisions(300, "acme", &other());
    forged.remove(150);
    forged.remove(50);
    let report = verify(&forged, &pinned());
    expect(&report, "ffu", &["tampered", "missing"]);
    let counts: Vec<u64> = report.classes.iter().map(|count| count.findings).collect();
    assert_eq!(counts, [298, 2]);
    assert_eq!(report.findings.len(), 102);
}
