//! Ids of receipts, times and kinds as texts.

use ai_audit_core::{Kind, ReceiptId, Timestamp};

#[test]
fn an_id_is_a_uuid_of_version_7_from_its_parts() {
    let time = Timestamp::from_micros(0x0102_0304_0506 * 1_000 + 999);
    let id = |random: [u8; 10]| ReceiptId::from_parts(time, random).to_string();
    assert_eq!(id([0; 10]), "01020304-0506-7000-8000-000000000000");
    assert_eq!(id([0xff; 10]), "01020304-0506-7fff-bfff-ffffffffffff");
    assert_eq!(id([0xa5; 10]), "01020304-0506-75a5-a5a5-a5a5a5a5a5a5");
    let id = ReceiptId::from_parts(time, [0xa5; 10]);
    assert_eq!(format!("{id:?}"), format!("ReceiptId({id})"));
    assert_eq!(ReceiptId::from_bytes(*id.as_bytes()), id);
}

#[test]
fn version_and_variant_both_count() {
    let id = ReceiptId::from_parts(Timestamp::from_micros(0), [0; 10]);
    assert!(id.is_v7());
    for (place, byte, v7) in [
        (6, 0x7f, true),
        (6, 0x40, false),
        (8, 0xbf, true),
        (8, 0xc0, false),
        (8, 0, false),
    ] {
        let mut bytes = *id.as_bytes();
        bytes[place] = byte;
        assert_eq!(
            ReceiptId::from_bytes(bytes).is_v7(),
            v7,
            "{place}: {byte:#x}"
        );
    }
}

#[test]
fn ids_are_read_back_in_one_form_only() {
    let text = "01020304-0506-75a5-a5a5-a5a5a5a5a5a5";
    assert_eq!(text.parse::<ReceiptId>().unwrap().to_string(), text);
    assert!(text.to_uppercase().parse::<ReceiptId>().is_ok());
    for at in 0..text.len() {
        for other in ["-", "g", "0"] {
            let mut changed = text.to_owned();
            changed.replace_range(at..=at, other);
            let fits = (&text[at..=at] == "-") == (other == "-") && other != "g";
            assert_eq!(changed.parse::<ReceiptId>().is_ok(), fits, "{changed}");
        }
    }
    for wrong in ["", &text[1..], &format!("{text}0"), &text.replace('-', "")] {
        assert!(wrong.parse::<ReceiptId>().is_err(), "{wrong}");
    }
}

/// Days on which calendars err: leap days, centuries, ends of months and eras.
#[test]
fn times_are_dates_of_the_gregorian_calendar() {
    let day = 86_400_000_000;
    for (days, date) in [
        (0, "1970-01-01"),
        (58, "1970-02-28"),
        (59, "1970-03-01"),
        (789, "1972-02-29"),
        (790, "1972-03-01"),
        (11_016, "2000-02-29"),
        (11_017, "2000-03-01"),
        (11_322, "2000-12-31"),
        (11_323, "2001-01-01"),
        (20_717, "2026-09-21"),
        (47_540, "2100-02-28"),
        (47_541, "2100-03-01"),
        (157_113, "2400-02-29"),
        (2_932_896, "9999-12-31"),
    ] {
        let time = Timestamp::from_micros(days * day);
        assert_eq!(time.to_string(), format!("{date}T00:00:00.000000Z"));
        let last = Timestamp::from_micros(days * day + day - 1);
        assert_eq!(last.to_string(), format!("{date}T23:59:59.999999Z"));
        assert_eq!(last.as_secs(), days * 86_400 + 86_399);
    }
    let time = Timestamp::from_micros(3_723_000_045);
    assert_eq!(time.to_string(), "1970-01-01T01:02:03.000045Z");
    assert_eq!(
        format!("{time:?}"),
        "Timestamp(1970-01-01T01:02:03.000045Z)"
    );
    assert_eq!(Timestamp::from_micros(u64::MAX), Timestamp::MAX);
    assert_eq!(Timestamp::MAX.to_string(), "9999-12-31T23:59:59.999999Z");
    let before = Timestamp::MAX.as_micros() - 1;
    assert_eq!(Timestamp::from_micros(before).as_micros(), before);
}

#[test]
fn control_kinds_are_those_of_the_specification() {
    let control = [0, 1, 7, 13, 14, 16, 17, 18, 19, 20, 21, 22, 23, 24];
    for number in (0..=300).chain([0x8000, u16::MAX]) {
        let kind = Kind::new(number);
        assert_eq!(kind.is_control(), control.contains(&number), "{number}");
        let never_batched = control.contains(&number) || number == 15;
        assert_eq!(kind.is_never_batched(), never_batched, "{number}");
        assert_eq!(kind.number(), number);
        assert_eq!(kind.name().is_some(), number < 28, "{number}");
    }
    assert_eq!(format!("{:?}", Kind::GAP), "Kind(gap)");
}
