//! What the host says and hears, the time that it brings, and the file that it makes of it.

use std::fs;

use ai_audit_core::{
    ClockAnomaly, DecodeBody as _, Genesis, Kind, SigningKey, Timestamp, UnverifiedReceipt,
};
use ai_audit_firmware::{Buffers, Device, LineError, LineWriter, Session, Work, read_line};

use crate::common::{decide, decision, provision};
use crate::flash::Nor;
use crate::host::collect;

/// A folder that is removed in the end.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ai-audit-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn asked(session: &mut Session<'_, '_, Nor<8>>, words: &str, running: u64) -> String {
    let mut out = String::new();
    assert_eq!(
        session.answer(words, running, &mut out),
        Ok(Work::Done),
        "{words}"
    );
    out
}

#[test]
fn an_export_becomes_a_receipts_file_and_its_acknowledgement_makes_room() {
    let (place, provision, mut buffers) = (Folder::new("export"), provision(), Buffers::new());
    let device = Device::start(Nor::<8>::new(5), &provision, &mut buffers).unwrap();
    let mut session = Session::new(device, &provision);
    let mut from = 0;
    for _ in 0..6 {
        while decide(session.device(), "planner").is_ok() {}
        let said = collect(&place.0, &asked(&mut session, &format!("export {from}"), 0)).unwrap();
        let words = read_line(&said).unwrap();
        assert!(
            asked(&mut session, words, 0).starts_with("ok acknowledge *"),
            "{words}"
        );
        from = session.device().ring().head().size();
    }
    let file = fs::read(place.0.join("receipts")).unwrap();
    assert!(file.starts_with(b"ai-audit/receipts/v1\n"));
    // Only what the host has not is asked for, and all that it has is still in the file.
    let status = asked(&mut session, "status", 0);
    assert!(
        status.contains(&format!("size={from} acknowledged={from} ")),
        "{status}"
    );
    let whole = asked(&mut session, "export 0", 0);
    assert!(!whole.contains("receipt 1 "), "the oldest are overwritten");
    assert!(
        collect(&Folder::new("late").0, &whole)
            .unwrap_err()
            .to_string()
            .contains("without a hole")
    );
}

#[test]
fn a_transcript_that_was_changed_is_refused() {
    let (place, provision, mut buffers) = (Folder::new("changed"), provision(), Buffers::new());
    let device = Device::start(Nor::<8>::new(8), &provision, &mut buffers).unwrap();
    let mut session = Session::new(device, &provision);
    decide(session.device(), "planner").unwrap();
    let good = asked(&mut session, "export 0", 0);
    let refused = |text: &str| collect(&place.0, text).unwrap_err().to_string();
    for at in (0..good.len()).step_by(7) {
        let mut bytes = good.clone().into_bytes();
        bytes[at] ^= 1;
        refused(&String::from_utf8(bytes).unwrap());
    }
    let lines: Vec<_> = good.lines().collect();
    for left_out in 1..lines.len() {
        let mut lines = lines.clone();
        lines.remove(left_out);
        refused(&lines.join("\n"));
    }
    assert!(!place.0.join("receipts").exists());
    collect(&place.0, &good).unwrap();
    // A key line that comes later and is another one is no key line of this log.
    let other = good.replacen("key example.org/arm/7/", "key example.org/arm/8/", 1);
    let LineError::Checksum { computed } = read_line(other.lines().next().unwrap()).unwrap_err()
    else {
        panic!("a checksum of another line");
    };
    let digits = good.lines().next().unwrap().rsplit_once('*').unwrap().1;
    let other = other.replacen(digits, &format!("{computed:08x}"), 1);
    assert!(refused(&other).contains("key line is not the one"));
}

#[test]
fn the_key_line_is_the_genesis_s() {
    let (provision, mut buffers) = (provision(), Buffers::new());
    let device = Device::start(Nor::<8>::new(8), &provision, &mut buffers).unwrap();
    let line = device.key_line(&provision).to_string();
    let receipt_key = SigningKey::from_bytes(&crate::common::SEED).verifying_key();
    let genesis = Genesis::new(
        provision.name,
        provision.tenant,
        &receipt_key,
        &provision.checkpoint_key,
        &provision.recovery_key,
        provision.salt,
    );
    let origin = genesis.origin().unwrap().to_string();
    let (name, rest) = line.split_once('+').unwrap();
    assert_eq!(name, origin);
    let (hash, key) = rest.split_once('+').unwrap();
    // C2SP signed-note: the hash is of name, line feed, kind and key.
    let mut hashed = origin.into_bytes();
    hashed.extend(b"\n\x01");
    hashed.extend(provision.checkpoint_key.as_bytes());
    assert_eq!(hash, &ai_audit_core::Digest::of(&hashed).to_string()[..8]);
    assert!(key.starts_with("AY") && key.len() == 44);
}

#[test]
fn an_unknown_time_is_said_and_a_known_one_is_taken() {
    let (provision, mut buffers) = (provision(), Buffers::new());
    let device = Device::start(Nor::<8>::new(8), &provision, &mut buffers).unwrap();
    let mut session = Session::new(device, &provision);
    let seal = |session: &mut Session<'_, '_, Nor<8>>, running| {
        let now = session.now(running);
        session
            .device()
            .record(&decision("planner"), "", now)
            .unwrap()
            .sealed_at()
    };
    // It runs for two seconds: no receipt is from before its genesis, and the log says what it knows.
    let made = provision.now.as_micros();
    assert_eq!(
        seal(&mut session, 2_000_000),
        Timestamp::from_micros(made + 2_000_000)
    );
    asked(
        &mut session,
        &format!("time {}", made + 900_000_000),
        5_000_000,
    );
    assert_eq!(
        seal(&mut session, 6_000_000),
        Timestamp::from_micros(made + 901_000_000)
    );
    // A host with a clock that is behind changes nothing but what is said.
    asked(&mut session, "time 1000", 7_000_000);
    assert_eq!(
        seal(&mut session, 7_000_000),
        Timestamp::from_micros(made + 901_000_000)
    );
    let mut observed = Vec::new();
    let mut position = session.device().ring().first();
    while let Some(sealed) = session.device().ring().next(&mut position) {
        let receipt = UnverifiedReceipt::parse(sealed).unwrap();
        if receipt.header().kind == Kind::CLOCK_ANOMALY {
            observed.push(ClockAnomaly::decode(&receipt).unwrap().observed.as_micros());
        }
    }
    assert_eq!(observed, [2_000_000, 1_000]);
}

#[test]
fn commands_that_are_none_are_refused_or_left() {
    let (provision, mut buffers) = (provision(), Buffers::new());
    let device = Device::start(Nor::<8>::new(8), &provision, &mut buffers).unwrap();
    let mut session = Session::new(device, &provision);
    for words in [
        "",
        "export",
        "export -1",
        "export 0 0",
        "acknowledge 1",
        "time soon",
        "format",
    ] {
        let mut out = String::new();
        assert_eq!(
            session.answer(words, 0, &mut out),
            Ok(Work::NotMine),
            "{words}"
        );
        assert_eq!(out, "");
    }
    for words in [
        "acknowledge 2 00",
        &format!("acknowledge 9 {}", "0".repeat(64)),
    ] {
        assert!(
            asked(&mut session, words, 0).starts_with("error acknowledge"),
            "{words}"
        );
    }
    assert_eq!(read_line("export 0"), Err(LineError::NoChecksum));
    assert_eq!(read_line("export 0 *0123456"), Err(LineError::NoChecksum));
    assert_eq!(read_line("export 0 *+1234567"), Err(LineError::NoChecksum));
}

/// A line with its checksum, as a device writes it.
fn line(words: &str) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    let mut line = LineWriter::new(&mut text);
    line.write_str(words).unwrap();
    line.end().unwrap();
    text
}

/// The transcript with another line in place of the one that begins so, its checksum in order.
fn with_line(transcript: &str, begins: &str, change: impl Fn(&str) -> String) -> String {
    let lines = transcript.lines().map(|found| {
        let words = read_line(found).unwrap();
        let changed = words.starts_with(begins).then(|| change(words));
        line(changed.as_deref().unwrap_or(words))
    });
    lines.collect()
}

#[test]
fn what_does_not_verify_leaves_the_host_as_it_was() {
    let (place, provision, mut buffers) = (Folder::new("poison"), provision(), Buffers::new());
    let device = Device::start(Nor::<8>::new(8), &provision, &mut buffers).unwrap();
    let mut session = Session::new(device, &provision);
    let refused = |text: &str| collect(&place.0, text).unwrap_err().to_string();
    // The last digit is the signature's.
    let forged = |words: &str| {
        let (words, digit) = words.split_at(words.len() - 1);
        format!("{words}{}", if digit == "0" { "1" } else { "0" })
    };
    let mut before = None;
    for visit in 0..2 {
        for _ in 0..2 {
            decide(session.device(), "planner").unwrap();
        }
        let good = asked(&mut session, "export 0", 0);
        let (first_new, last) = (1 + 3 * visit, 2 + 2 * visit);
        for seq in first_new.min(last)..=last {
            let begins = format!("receipt {seq} ");
            let why = refused(&with_line(&good, &begins, forged));
            assert!(why.contains(&format!("receipt {seq}")), "{why}");
        }
        let other = with_line(&good, "key ", |words| words.replace("arm/7", "arm/8"));
        refused(&other);
        // Neither the file nor the key line is a forger's.
        assert_eq!(fs::read(place.0.join("receipts")).ok(), before);
        assert_eq!(place.0.join("log.pub").exists(), before.is_some());
        collect(&place.0, &good).unwrap();
        before = fs::read(place.0.join("receipts")).ok();
        assert!(before.is_some());
    }
}

#[test]
fn a_time_far_ahead_is_refused() {
    let (provision, mut buffers) = (provision(), Buffers::new());
    let device = Device::start(Nor::<8>::new(8), &provision, &mut buffers).unwrap();
    let mut session = Session::new(device, &provision);
    let made = provision.now.as_micros();
    let latest = made + 315_576_000_000_000;
    for micros in [
        u64::MAX,
        Timestamp::MAX.as_micros() + 1,
        Timestamp::MAX.as_micros(),
        latest + 1,
    ] {
        let said = asked(&mut session, &format!("time {micros}"), 1_000_000);
        assert!(said.starts_with("error time: at most "), "{said}");
    }
    let seal = |session: &mut Session<'_, '_, Nor<8>>, running| {
        let now = session.now(running);
        let device = session.device();
        device.record(&decision("planner"), "", now).unwrap()
    };
    // What was refused is forgotten: the device still knows nothing but how long it runs.
    let head = seal(&mut session, 2_000_000);
    assert_eq!(head.sealed_at().as_micros(), made + 2_000_000);
    let said = asked(&mut session, &format!("time {latest}"), 3_000_000);
    assert!(said.starts_with("ok time"), "{said}");
    let head = seal(&mut session, 3_000_000);
    assert_eq!(head.sealed_at().as_micros(), latest);
}
