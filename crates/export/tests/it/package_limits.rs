//! A25 through the contents of packages, and any change to one under both verifiers.

use crate::files::{Files, pack, remanifest, unpack};
use crate::logs::{Auditor, Log};
use crate::package_lies::{both, older, sign, with};
use ai_audit_agentic::ToolIntent;
use ai_audit_core::{Exit, Question, SigningKey};
use ai_audit_export::{Selection, verify_package};
use ai_audit_note::{Checkpoint, VKey};
use ai_audit_verify::Report;
use base64ct::{Base64, Encoding as _};
use proptest::prelude::*;

/// Most bytes that verifying a package holds at once.
fn most_bytes(files: &Files, auditor: &Auditor) -> (u64, Report) {
    let package = pack(files);
    let mut report = None;
    let counted = allocation_counter::measure(|| {
        report = Some(verify_package(&package[..], auditor, |_, _| {}).report);
    });
    (counted.bytes_max, report.unwrap())
}

#[test]
fn a25_checkpoints_in_a_package_take_bounded_memory() {
    let log = Log::of(1, 12);
    let key = &log.checkpoint_key;
    let files = |notes: &[Vec<u8>]| {
        with(
            unpack(&log.package(Selection::All, false)),
            "checkpoints.bin",
            older(notes),
            key,
        )
    };
    // Megabytes of short lines, by somebody who has no key; the same one over and over; many.
    let text = Checkpoint::parse(Log::of(1, 5).checkpoint().text())
        .unwrap()
        .to_text();
    let long: Vec<Vec<u8>> = (0..20)
        .map(|number| {
            let lines: String = noise(number, 500_000)
                .chars()
                .flat_map(|c| [c, '\n'])
                .collect();
            let text = text.replacen("\n5\n", &format!("\n{number}\n"), 1);
            let key = SigningKey::from_bytes(&[99; 32]);
            sign(&format!("{text}{lines}"), &log.origin, &key)
        })
        .collect();
    let many: Vec<Vec<u8>> = (0..20_000)
        .map(|size| {
            let text = format!(
                "{}\n{size}\n{}",
                log.origin,
                text.splitn(3, '\n').nth(2).unwrap()
            );
            sign_badly(&text, &log.origin, key)
        })
        .collect();
    for notes in [long, many] {
        let (most, report) = most_bytes(&files(&notes), &log.policy());
        assert!(report.verdict.integrity.is_failed(), "{report:?}");
        assert!(most < 4 << 20, "{most} bytes at once");
    }
}

/// So many letters that are compressed well, but not so well that the archive refuses them.
fn noise(seed: u64, len: u64) -> String {
    let mut state = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (0..len)
        .map(|place| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            match place % 32 {
                0 => char::from(b'b' + u8::try_from(state % 24).unwrap()),
                _ => 'a',
            }
        })
        .collect()
}

/// A signature line that does not verify, without the time that signing takes.
fn sign_badly(text: &str, origin: &str, key: &SigningKey) -> Vec<u8> {
    let line = VKey::ed25519(origin, key.verifying_key()).unwrap();
    let mut blob = line.hash().to_vec();
    blob.extend_from_slice(&[0; 64]);
    format!(
        "{text}\n\u{2014} {origin} {}\n",
        Base64::encode_string(&blob)
    )
    .into_bytes()
}

#[test]
fn a25_tool_intents_and_revocations_in_a_package_take_bounded_memory() {
    let mut log = Log::of(1, 2);
    for number in 0..400 {
        let long = noise(number, 60_000);
        log.seal(
            &ToolIntent {
                tool: long.into(),
                ..ToolIntent::new()
            },
            "s1",
        );
    }
    let recovery = SigningKey::from_bytes(&[6; 32]);
    let reason = noise(999, 60_000);
    for number in 0..100 {
        let successor = SigningKey::from_bytes(&[100 + number; 32]);
        let revocation = ai_audit_core::KeyRevocation::sign(
            &log.head.log_id(),
            log.receipt_key.verifying_key(),
            log.head.size() - 1,
            ai_audit_core::Timestamp::from_micros(1),
            successor.verifying_key(),
            &reason,
            &recovery,
        )
        .unwrap();
        log.receipt_key = successor;
        log.seal(&revocation, "");
    }
    let files = unpack(&log.package(Selection::All, false));
    let contents: usize = files.iter().map(|(_, contents)| contents.len()).sum();
    let (most, report) = most_bytes(&files, &log.policy());
    assert!(contents > 25 << 20);
    assert_eq!(
        report.exit(&Question::DEFAULT),
        Exit::Verified,
        "{report:?}"
    );
    assert_eq!(report.open_tool_intents.len(), 400);
    assert!(most < 4 << 20, "{most} bytes at once");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_flipped_bit_of_a_selection_is_refused_or_without_effect(place: prop::sample::Index, bit in 0..8u8) {
        let log = Log::of(1, 6);
        let package = log.package_with(
            Selection::Session("s2".into()), true, &[Log::of(1, 4).checkpoint()],
        );
        let honest = unpack(&package);
        let mut changed = package.clone();
        let place = place.index(changed.len());
        changed[place] ^= 1 << bit;
        let report = verify_package(changed.clone(), &log.policy(), |_, _| {}).report;
        if report.verdict.integrity.is_verified() {
            prop_assert_eq!(unpack(&changed), honest, "byte {}", place);
        }
    }
}

proptest! {
    // Each case starts Python.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn both_verifiers_agree_on_any_change(
        selection: bool, file: prop::sample::Index, place: prop::sample::Index, bit in 0..8u8,
        change in 0..3u8, signed: bool,
    ) {
        let log = Log::of(1, 9);
        let chosen = if selection { Selection::Session("s2".into()) } else { Selection::All };
        let mut files = unpack(&log.package_with(chosen, true, &[Log::of(1, 4).checkpoint()]));
        let (name, contents) = file.get_mut(&mut files);
        let name = name.clone();
        let place = place.index(contents.len());
        match change {
            0 => contents[place] ^= 1 << bit,
            1 => drop(contents.remove(place)),
            _ => contents.truncate(place),
        }
        if signed && name != "manifest.note" {
            remanifest(&mut files, &log.checkpoint_key, |_| {});
        }
        both(&files, &log.policy());
    }
}
