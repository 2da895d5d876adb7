//! Flash that somebody else wrote: whatever stands in it, a device starts or says why not.

use crc::{CRC_32_ISO_HDLC, Crc};
use proptest::prelude::*;

use crate::common::{decide, export, with_device};
use crate::flash::{Nor, SECTOR};

const SECTORS: usize = 5;

/// A record as the guide describes it, made independently of the library.
fn record(kind: u8, contents: &[u8]) -> Vec<u8> {
    let len = u16::try_from(contents.len()).unwrap().to_le_bytes();
    let mut checked = vec![kind, len[0], len[1]];
    checked.extend(contents);
    let check = Crc::<u32>::new(&CRC_32_ISO_HDLC).checksum(&checked);
    let mut record = vec![0xa5, kind, len[0], len[1]];
    record.extend(check.to_le_bytes());
    record.extend([0; 8]);
    let (first, rest) = contents.split_at(contents.len().min(48));
    record.extend(first);
    record.resize(64, 0xff);
    for part in rest.chunks(63) {
        record.push(0x5a);
        record.extend(part);
        record.resize(record.len().next_multiple_of(64), 0xff);
    }
    record
}

fn header(opening: u32, size: u64, acknowledged: u64) -> Vec<u8> {
    let mut contents = opening.to_le_bytes().to_vec();
    contents.extend(7_u32.to_le_bytes());
    contents.extend(size.to_le_bytes());
    contents.extend(acknowledged.to_le_bytes());
    record(1, &contents)
}

/// A flash with a seed and a genesis, and these records in a sector of its ring.
fn flash(sector: usize, records: &[Vec<u8>]) -> Nor<8> {
    let mut bytes = vec![0xff; SECTORS * SECTOR];
    let made = with_device(Nor::<8>::new(SECTORS), |device| {
        device.ring().flash().bytes.clone()
    });
    bytes[..2 * SECTOR].copy_from_slice(&made.unwrap()[..2 * SECTOR]);
    let records = records.concat();
    bytes[(2 + sector) * SECTOR..][..records.len()].copy_from_slice(&records);
    Nor::of(bytes)
}

/// Starts it, and lets it try all that it does.
fn live(flash: Nor<8>) {
    let _ = with_device(flash, |device| {
        export(device);
        let head = *device.ring().head();
        let _ = device.ring().acknowledge(head.size(), head.hash());
        for _ in 0..8 {
            let _ = decide(device, "planner");
        }
    });
}

#[test]
fn the_guide_s_form_is_the_one_that_is_read() {
    // A header of the first opening, and the receipt that a device sealed first.
    let sealed = with_device(Nor::<8>::new(SECTORS), |device| {
        decide(device, "planner").unwrap();
        export(device)
    })
    .unwrap();
    let records = [header(0, 1, 0), header(0, 1, 0), record(2, &sealed[1])];
    let read = with_device(flash(0, &records), export).unwrap();
    assert_eq!(read, sealed[..2]);
}

#[test]
fn extreme_numbers_in_headers_neither_panic_nor_hang() {
    for opening in [
        0,
        1,
        2,
        3,
        u32::MAX / 2,
        u32::MAX / 2 + 1,
        u32::MAX - 1,
        u32::MAX,
    ] {
        for number in [0, 1, u64::MAX / 2, u64::MAX] {
            for sector in 0..3 {
                let head = header(opening, number, number);
                live(flash(sector, &[head.clone(), head.clone()]));
                let word = record(3, &number.to_le_bytes());
                live(flash(
                    sector,
                    &[head.clone(), head, word, record(2, b"no receipt")],
                ));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn spoilt_flash_never_panics(
        decisions in 0..6_usize,
        spoilt in prop::collection::vec((0..SECTORS * SECTOR, any::<u8>()), 1..80),
    ) {
        let image = with_device(Nor::<8>::new(SECTORS), |device| {
            for _ in 0..decisions {
                let _ = decide(device, "planner");
            }
            device.ring().flash().bytes.clone()
        });
        let mut bytes = image.unwrap();
        for (at, byte) in spoilt {
            bytes[at] = byte;
        }
        live(Nor::of(bytes));
    }
}
