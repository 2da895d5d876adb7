//! Batch seals and epoch seals beside the receipts that they seal.

use crate::sources::{expect, other, own, pinned, sized, verify};
use ai_audit_core::Digest;
use ai_audit_testkit::python::{
    batch_seal, chain, decision, decisions, epoch_seal, seal, sign_seal, signed_bytes, text_of,
};
use serde_json::{Value, json};

/// Seals over batches of these sizes, linked to each other.
fn batches(receipts: &[Value], sizes: &[usize]) -> Vec<Value> {
    let (mut seals, mut rest, mut before) = (Vec::new(), receipts, String::new());
    for (n, size) in (0..).zip(sizes) {
        let (batch, behind) = rest.split_at(*size);
        let seal = batch_seal(n, batch, &before, &own());
        (before, rest) = (text_of(&seal, "merkle_root"), behind);
        seals.push(seal);
    }
    seals
}

/// Seals over epochs of these sizes, linked to each other.
fn epochs(receipts: &[Value], sizes: &[usize]) -> Vec<Value> {
    let (mut seals, mut rest, mut before) = (Vec::new(), receipts, String::new());
    for (n, size) in (1..).zip(sizes) {
        let (epoch, behind) = rest.split_at(*size);
        let seal = epoch_seal(n, epoch, &before, &own());
        (before, rest) = (Digest::of(&signed_bytes(&seal)).to_string(), behind);
        seals.push(seal);
    }
    seals
}

/// A chain whose times are not in its order.
fn shuffled(count: usize, step: usize) -> Vec<Value> {
    let mut records: Vec<Value> = (0..count).map(|n| decision(n as u64, "acme")).collect();
    let times: Vec<Value> = records
        .iter()
        .map(|record| record["timestamp"].clone())
        .collect();
    for (n, record) in records.iter_mut().enumerate() {
        record["timestamp"] = times[n * step % count].clone();
    }
    chain(&mut records, &own());
    records
}

#[test]
fn genuine_seals() {
    let receipts = decisions(23, "acme", &own());
    for sizes in [&[23][..], &[1, 22], &[7, 8, 8], &[1, 2, 3, 4, 5]] {
        for seals in [batches(&receipts, sizes), epochs(&receipts, sizes)] {
            let report = verify(&[&receipts[..], &seals].concat(), &sized(23));
            expect(&report, "vvv", &[]);
            // The last seal could be missing.
            assert_eq!(report.remarks.len(), 1, "{report:?}");
            assert!(report.remarks[0].contains("how many seals"), "{report:?}");
            let report = verify(&[&receipts[..], &seals].concat(), &pinned());
            assert!(report.remarks.is_empty(), "{report:?}");
            // In front of them and backwards.
            let mut backwards = [&receipts[..], &seals].concat();
            backwards.reverse();
            expect(&verify(&backwards, &sized(23)), "vvv", &[]);
            // Without them.
            let report = verify(&seals, &sized(seals.len() as u64));
            expect(&report, "vvv", &[]);
            assert_eq!(report.remarks.len(), 1);
        }
    }
    let both = [
        &receipts[..],
        &batches(&receipts, &[10, 13]),
        &epochs(&receipts, &[20, 3]),
        &decisions(3, "other", &own()),
    ]
    .concat();
    let report = verify(&both, &sized(26));
    expect(&report, "vvu", &[]);
    assert_eq!(
        (report.counts.batch_seals, report.counts.epoch_seals),
        (2, 2)
    );
    assert_eq!(report.chain_count, 4);
    // Seals alone, of two kinds: one less of these, one more of those.
    let seals = [batches(&receipts, &[10]), epochs(&receipts, &[20, 3])].concat();
    expect(&verify(&seals, &sized(3)), "vvu", &[]);
}

#[test]
fn epochs_whose_times_overlap() {
    // Steps that mix the times of all epochs, and of neighbours.
    for (count, step) in [(23, 5), (30, 7), (50, 49), (12, 11)] {
        let receipts = shuffled(count, step);
        let half = count / 2;
        for sizes in [&[count][..], &[half, count - half], &[3, 4, 5]] {
            let seals = epochs(&receipts, sizes);
            let report = verify(&[&receipts[..], &seals].concat(), &pinned());
            expect(&report, "vvu", &[]);
            assert!(report.remarks.is_empty());
        }
    }
    // All at the same time: the order is the chain's.
    let mut receipts = decisions(9, "acme", &own());
    for record in &mut receipts {
        record["timestamp"] = "2026-05-01T00:00:00Z".into();
    }
    chain(&mut receipts, &own());
    let seals = epochs(&receipts, &[4, 5]);
    let mut all = [&receipts[..], &seals].concat();
    expect(&verify(&all, &pinned()), "vvu", &[]);
    all.reverse();
    expect(&verify(&all, &pinned()), "vvu", &[]);
}

#[test]
fn an_epoch_without_those_before_it() {
    let receipts = shuffled(30, 7);
    let seals = epochs(&receipts, &[10, 10, 10]);
    let report = verify(&[&receipts[..], &seals[1..2]].concat(), &pinned());
    expect(&report, "vvf", &["missing"]);
    assert_eq!(report.findings[0].id, "acme-epoch-2");
}

#[test]
fn forged_batch_seals() {
    let receipts = decisions(12, "acme", &own());
    type Change = fn(&mut Value);
    let changes: [(&str, Change); 6] = [
        ("root", |seal| seal["merkle_root"] = "0".repeat(64).into()),
        ("no root", |seal| seal["merkle_root"] = "x".into()),
        ("count", |seal| seal["leaf_count"] = 5.into()),
        ("order", |seal| {
            seal["receipt_ids"].as_array_mut().unwrap().swap(0, 1);
        }),
        ("one less", |seal| {
            seal["receipt_ids"].as_array_mut().unwrap().pop();
            seal["leaf_count"] = 3.into();
        }),
        ("one twice", |seal| {
            let ids = seal["receipt_ids"].as_array_mut().unwrap();
            ids.push(ids[0].clone());
            seal["leaf_count"] = 5.into();
        }),
    ];
    for (what, change) in changes {
        let mut seals = batches(&receipts, &[4, 4, 4]);
        change(&mut seals[2]);
        sign_seal(&mut seals[2], &own());
        let report = verify(&[&receipts[..], &seals].concat(), &pinned());
        expect(&report, "fvu", &["forged-seal"]);
        assert_eq!(report.findings[0].line, Some(15), "{what}");
    }
    // Without a signature of its own it is tampered with.
    let mut seals = batches(&receipts, &[12]);
    seals[0]["leaf_count"] = 11.into();
    let report = verify(&[&receipts[..], &seals].concat(), &pinned());
    expect(&report, "ffu", &["tampered", "forged-seal"]);
    let mut seals = batches(&receipts, &[12]);
    sign_seal(&mut seals[0], &other());
    let report = verify(&[&receipts[..], &seals].concat(), &pinned());
    expect(&report, "ffu", &["tampered"]);
    // A hash that fits, of a seal that is otherwise genuine: outside of what is signed.
    for mut seals in [batches(&receipts, &[12]), epochs(&receipts, &[12])] {
        for hash in [
            Digest::of(&signed_bytes(&seals[0])).to_string(),
            String::new(),
        ] {
            seals[0]["receipt_hash"] = hash.into();
            let report = verify(&[&receipts[..], &seals].concat(), &pinned());
            expect(&report, "fvu", &["tampered"]);
        }
    }
    // What it says is not what seals say.
    for (name, value) in [
        ("leaf_count", json!("12")),
        ("receipt_ids", json!([1])),
        ("receipt_ids", Value::Null),
    ] {
        let mut seals = batches(&receipts, &[12]);
        seals[0][name] = value;
        sign_seal(&mut seals[0], &own());
        let report = verify(&[&receipts[..], &seals].concat(), &pinned());
        expect(&report, "fvu", &["malformed"]);
    }
}

#[test]
fn forged_epoch_seals() {
    let receipts = decisions(12, "acme", &own());
    let hash = |n: usize| receipts[n]["receipt_hash"].clone();
    let changes: [(&str, &str, Value); 7] = [
        ("root", "merkle_root", "0".repeat(64).into()),
        ("no root", "merkle_root", Value::from("")),
        ("less", "receipt_count", 3.into()),
        ("more", "receipt_count", 5.into()),
        ("very many", "receipt_count", u64::MAX.into()),
        ("first", "first_receipt_hash", hash(7)),
        ("last", "last_receipt_hash", hash(10)),
    ];
    for (what, name, value) in changes {
        let mut seals = epochs(&receipts, &[4, 4, 4]);
        seals[2][name] = value;
        sign_seal(&mut seals[2], &own());
        let report = verify(&[&receipts[..], &seals].concat(), &pinned());
        expect(&report, "fvu", &["forged-seal"]);
        assert_eq!(report.findings[0].line, Some(15), "{what}");
    }
    // First and last the other way round.
    let mut seals = epochs(&receipts, &[12]);
    seals[0]["first_receipt_hash"] = hash(11);
    seals[0]["last_receipt_hash"] = hash(0);
    sign_seal(&mut seals[0], &own());
    let report = verify(&[&receipts[..], &seals].concat(), &pinned());
    expect(&report, "fvu", &["forged-seal"]);
    // Receipts of another tenant.
    let mut seals = epochs(&receipts, &[12]);
    seals[0]["tenant_id"] = "other".into();
    sign_seal(&mut seals[0], &own());
    let report = verify(&[&receipts[..], &seals].concat(), &pinned());
    expect(&report, "vvu", &[]);
    assert_eq!(report.remarks.len(), 1);
}

#[test]
fn a_receipt_signed_again_behind_a_seal() {
    for place in [0, 5, 11] {
        let mut receipts = decisions(12, "acme", &own());
        let seals = [batches(&receipts, &[12]), epochs(&receipts, &[12])];
        receipts[place]["action"] = "reject".into();
        chain(&mut receipts, &own());
        let report = verify(&[&receipts[..], &seals[0]].concat(), &pinned());
        expect(&report, "fvu", &["forged-seal"]);
        let report = verify(&[&receipts[..], &seals[1]].concat(), &pinned());
        // Of an epoch the ends are named by their hashes, which are others now.
        expect(&report, "vvf", &["missing"]);
    }
    // One that does not hold says so itself; its seal is not to blame.
    let mut receipts = decisions(12, "acme", &own());
    let seals = [batches(&receipts, &[12]), epochs(&receipts, &[12])];
    receipts[5]["action"] = "reject".into();
    for seals in seals {
        let report = verify(&[&receipts[..], &seals].concat(), &pinned());
        expect(&report, "ffu", &["tampered"]);
        assert_eq!(report.remarks.len(), 1);
    }
}

#[test]
fn receipts_that_a_seal_misses() {
    let receipts = decisions(12, "acme", &own());
    let seals = batches(&receipts, &[4, 4, 4]);
    // The end cut off in a batch.
    let report = verify(&[&receipts[..10], &seals].concat(), &pinned());
    expect(&report, "vvf", &["missing"]);
    assert!(
        report.findings[0].reason.contains("2 of the 4"),
        "{report:?}"
    );
    // Between two: all that the last one seals.
    for seals in [&seals, &epochs(&receipts, &[4, 4, 4])] {
        let report = verify(&[&receipts[..8], seals].concat(), &pinned());
        expect(&report, "vvf", &["missing"]);
        assert_eq!(report.findings[0].line, Some(11));
        // Without any receipts they say nothing of what is missing.
        let foreign = decisions(2, "other", &own());
        let report = verify(&[&foreign[..], seals].concat(), &pinned());
        expect(&report, "vvu", &[]);
        assert!(report.remarks[0].contains("3 seals"), "{report:?}");
    }
    let seals = epochs(&receipts, &[4, 4, 4]);
    let report = verify(&[&receipts[..10], &seals].concat(), &pinned());
    expect(&report, "vvf", &["missing"]);
    // In the middle of an epoch.
    let gap = [&receipts[..5], &receipts[6..], &seals].concat();
    expect(&verify(&gap, &pinned()), "fvf", &["missing"]);
}

#[test]
fn chains_of_seals() {
    let receipts = decisions(12, "acme", &own());
    for seals in [
        batches(&receipts, &[3, 3, 3, 3]),
        epochs(&receipts, &[3, 3, 3, 3]),
    ] {
        let gap = [&receipts[..], &seals[..1], &seals[2..]].concat();
        expect(&verify(&gap, &pinned()), "fvu", &["missing"]);
        let cut = [&receipts[..], &seals[1..]].concat();
        expect(&verify(&cut, &pinned()), "vvf", &["missing"]);
        let twice = [&receipts[..], &seals, &seals[1..2]].concat();
        expect(&verify(&twice, &pinned()), "fvu", &["replayed"]);
    }
    // Started again: the library counts epochs anew.
    let (first, second) = receipts.split_at(6);
    let again = [&receipts[..], &epochs(first, &[6]), &epochs(second, &[6])].concat();
    expect(&verify(&again, &sized(12)), "uvu", &[]);
    // Two seals behind one.
    let mut fork = batches(&receipts, &[3, 9])[1].clone();
    fork["batch_id"] = "b".into();
    sign_seal(&mut fork, &own());
    let forked = [&receipts[..], &batches(&receipts, &[3, 3]), &[fork]].concat();
    expect(&verify(&forked, &pinned()), "fvu", &["forked"]);
}

/// Seals over these parts of the receipts, one after the other; parts may come again.
fn sealed(receipts: &[Value], parts: &[std::ops::Range<usize>]) -> Vec<Value> {
    let (mut seals, mut before) = (Vec::new(), String::new());
    for (n, part) in (0..).zip(parts) {
        let seal = batch_seal(n, &receipts[part.clone()], &before, &own());
        before = text_of(&seal, "merkle_root");
        seals.push(seal);
    }
    seals
}

#[test]
fn receipts_that_were_sealed_twice() {
    let receipts = decisions(9, "acme", &own());
    let (a, b, c) = (0..3, 3..6, 6..9);
    for parts in [
        vec![a.clone(), a.clone()],
        vec![a.clone(), a.clone(), b.clone()],
        vec![a.clone(), a.clone(), a.clone(), b.clone()],
        vec![a.clone(), b.clone(), a.clone(), b.clone()],
        vec![a.clone(), b.clone(), a.clone(), c.clone(), a.clone()],
        vec![
            a.clone(),
            b.clone(),
            c.clone(),
            b.clone(),
            a.clone(),
            c.clone(),
        ],
        (0..20).map(|n| [&a, &b, &b, &c][n % 4].clone()).collect(),
    ] {
        let seals = sealed(&receipts, &parts);
        let mut all = [&receipts[..], &seals].concat();
        for step in 0..all.len() {
            let report = verify(&all, &sized(9));
            expect(&report, "vvv", &[]);
            assert_eq!(report.chain_count, 2, "{parts:?} {step}");
            all.rotate_left(5);
            let last = all.len() - 1;
            all.swap(step % 3, last);
        }
        // One more behind the last root than there are seals with it.
        let mut fork = sealed(&receipts, &[parts[0].clone(), 0..9])[1].clone();
        fork["batch_id"] = "fork".into();
        sign_seal(&mut fork, &own());
        let ends_so = parts.last() == Some(&parts[0]);
        let mut forked = [&receipts[..], &seals, &[fork.clone()]].concat();
        let classes: &[&str] = if ends_so { &[] } else { &["forked"] };
        expect(
            &verify(&forked, &pinned()),
            if ends_so { "vvu" } else { "fvu" },
            classes,
        );
        fork["batch_id"] = "fork again".into();
        sign_seal(&mut fork, &own());
        forked.push(fork);
        expect(&verify(&forked, &pinned()), "fvu", &["forked"]);
    }
    // A circle that nothing leads into is no chain.
    let mut seals = sealed(&receipts, &[a.clone(), b.clone(), a, b]);
    seals.remove(0);
    seals.remove(0);
    seals[0]["prev_batch_root"] = seals[1]["merkle_root"].clone();
    sign_seal(&mut seals[0], &own());
    let circle = [&receipts[..], &seals].concat();
    expect(
        &verify(&circle, &pinned()),
        "fvf",
        &["missing", "reordered"],
    );
}

#[test]
fn seals_that_ask_for_too_much_work() {
    // Every one over all receipts: no library seals a receipt twice, let alone 200 times.
    let receipts = decisions(200, "acme", &own());
    let mut seals = Vec::new();
    for n in 0..200 {
        let mut seal = epochs(&receipts, &[200])[0].clone();
        seal["epoch_id"] = format!("e{n}").into();
        seal["merkle_root"] = "0".repeat(64).into();
        sign_seal(&mut seal, &own());
        seals.push(seal);
    }
    let report = verify(&[&receipts[..], &seals].concat(), &pinned());
    expect(&report, "fvu", &["forged-seal"]);
    let refused = report
        .findings
        .iter()
        .filter(|finding| finding.reason.contains("many times more"));
    assert!(refused.count() > 0);
    // Ids that other receipts have as well.
    let mut twins = decisions(3, "acme", &own());
    for twin in &mut twins {
        twin["receipt_id"] = "same".into();
    }
    chain(&mut twins, &own());
    let seal_ = batch_seal(1, &twins, "", &own());
    let report = verify(&[&twins[..], &[seal_]].concat(), &pinned());
    expect(&report, "fvu", &["replayed", "forged-seal"]);
    let mut foreign = decision(5, "other");
    foreign["receipt_id"] = receipts[0]["receipt_id"].clone();
    seal(&mut foreign, &own());
    let all = [&[foreign], &receipts[..], &batches(&receipts, &[200])].concat();
    expect(&verify(&all, &pinned()), "vvu", &[]);
}
