//! After an error nothing more is read: what stands inside of a record is none of its own. Found by
//! fuzzing (`ciphertexts_file`).

use crate::logs::Log;
use ai_audit_core::{MAX_SEALED_LEN, ReceiptSource as _, UnverifiedReceipt};
use ai_audit_export::{CIPHERTEXTS_MAGIC, CiphertextsReader, ReceiptsReader, ReceiptsWriter};
use std::io::{self, Read};

/// A length that is too long, and behind it what could pass for a ciphertext.
#[test]
fn ciphertexts() {
    let inside = [&5_u64.to_be_bytes()[..], &2_u32.to_be_bytes(), b"hi"].concat();
    let head = [&1_u64.to_be_bytes()[..], &u32::MAX.to_be_bytes()].concat();
    let file = [CIPHERTEXTS_MAGIC, &head, &inside].concat();
    let mut reader = CiphertextsReader::new(file.as_slice()).unwrap();
    assert!(reader.peek().is_err());
    for _ in 0..3 {
        let error = reader.read_next().unwrap_err().to_string();
        assert!(
            error.ends_with("expected no further reading after an error"),
            "{error}"
        );
        assert!(reader.peek().is_err());
    }
    // A ciphertext during which the disk fails once.
    let head = [&1_u64.to_be_bytes()[..], &20_u32.to_be_bytes()].concat();
    let begun = [CIPHERTEXTS_MAGIC, &head, b"half"].concat();
    let file = begun.chain(Once(true)).chain(inside.as_slice());
    let mut reader = CiphertextsReader::new(file).unwrap();
    assert_eq!(reader.peek().unwrap(), Some(1));
    assert!(reader.read_next().is_err() && reader.read_next().is_err() && reader.peek().is_err());
}

/// A receipt whose seal's length is none, and behind it a genuine one.
#[test]
fn receipts() {
    let log = Log::of(1, 3);
    let mut writer = ReceiptsWriter::new(Vec::new()).unwrap();
    for sealed in &log.sealed {
        writer
            .write(&UnverifiedReceipt::parse(sealed).unwrap())
            .unwrap();
    }
    let mut file = writer.into_inner();
    // Where each begins, and what the two lengths take.
    let mut reader = ReceiptsReader::new(file.as_slice()).unwrap();
    let mut buf = vec![0; MAX_SEALED_LEN];
    let mut at = ai_audit_export::RECEIPTS_MAGIC.len() as u64;
    for sealed in &log.sealed {
        assert_eq!(reader.offset(), at);
        assert!(reader.read_next(&mut buf).unwrap().is_some());
        at += 3 + sealed.len() as u64;
    }
    assert_eq!((reader.offset(), at), (at, file.len() as u64));
    let payload = UnverifiedReceipt::parse(&log.sealed[0])
        .unwrap()
        .payload()
        .len();
    let seal = ai_audit_export::RECEIPTS_MAGIC.len() + 2 + payload;
    assert_eq!(file[seal], 64);
    file[seal] = 63;
    // So that what follows would be in step again.
    file.drain(seal + 1..seal + 65);
    let mut reader = ReceiptsReader::new(file.as_slice()).unwrap();
    let error = reader.read_next(&mut buf).unwrap_err().to_string();
    assert!(error.contains(&seal.to_string()), "{error}");
    for _ in 0..3 {
        assert!(reader.read_next(&mut buf).is_err());
    }
}

/// Fails once.
struct Once(bool);

impl Read for Once {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        match std::mem::take(&mut self.0) {
            true => Err(io::Error::other("the disk")),
            false => Ok(0),
        }
    }
}
