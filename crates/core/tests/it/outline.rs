//! The few fields of a header that are found without reading the others.

use ai_audit_core::{Kind, Outline, SealMode, VERSION};

/// A payload with empty texts and no body, and what stands behind it.
fn sealed(version: u8, mode: u8, kind: &[u8], rest: usize) -> Vec<u8> {
    let mut bytes = vec![version];
    bytes.extend([1; 32]);
    // 300, and a time with a varint of eight bytes: 1,790,000,000,000,000.
    bytes.extend([0xac, 0x02]);
    bytes.extend([2; 32]);
    bytes.extend([0x80, 0xc0, 0x97, 0xd1, 0xed, 0xff, 0x96, 0x03]);
    bytes.extend([3; 16 + 8]);
    bytes.push(mode);
    bytes.extend(kind);
    bytes.extend([0; 3]);
    bytes.extend(std::iter::repeat_n(9, rest));
    bytes
}

#[test]
fn mode_kind_and_the_payloads_end_are_found() {
    for (mode, expected, signature) in [(0, SealMode::Signed, 64), (1, SealMode::Batched, 0)] {
        // Kinds of one byte, of two, and the last one.
        for (kind, number) in [
            (&[7][..], 7),
            (&[0x80, 0x01], 128),
            (&[0xff, 0xff, 0x03], u16::MAX),
        ] {
            for body in [0, 1, 200] {
                let bytes = sealed(VERSION, mode, kind, body + signature);
                let outline = Outline::read(&bytes).unwrap();
                assert_eq!(outline.mode, expected);
                assert_eq!(outline.kind, Kind::new(number));
                assert_eq!(outline.payload_len, bytes.len() - signature);
            }
            // One byte less than the shortest has no room for all that a receipt has.
            let shortest = sealed(VERSION, mode, kind, signature);
            assert!(Outline::read(&shortest).is_some());
            for len in 0..shortest.len() {
                assert_eq!(Outline::read(&shortest[..len]), None, "{mode}, {len} bytes");
            }
        }
    }
}

#[test]
fn what_is_no_receipt_of_this_version_has_none() {
    assert_eq!(Outline::read(&sealed(VERSION + 1, 0, &[7], 64)), None);
    assert_eq!(Outline::read(&sealed(0, 0, &[7], 64)), None);
    for mode in [2, 3, 0x80, 0xff] {
        assert_eq!(Outline::read(&sealed(VERSION, mode, &[7], 64)), None);
    }
    // A kind above 16 bits, and a varint that does not end.
    assert_eq!(
        Outline::read(&sealed(VERSION, 0, &[0x80, 0x80, 0x04], 64)),
        None
    );
    assert_eq!(Outline::read(&sealed(VERSION, 0, &[0xff; 11], 64)), None);
}
