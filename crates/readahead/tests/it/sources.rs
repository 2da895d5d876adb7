//! The same receipts, deleted ones and errors, in the same order, however much is read ahead.

use ai_audit_core::{LeafHash, MAX_SEALED_LEN, Next, ReceiptSource, UnverifiedReceipt};
use ai_audit_readahead::{ReadAhead, ReadAheadError};
use ai_audit_testkit::TestLog;

/// What a source gives, one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Given {
    Sealed(Vec<u8>),
    Deleted(LeafHash),
    Error(u32),
}

pub(crate) struct List(pub(crate) std::vec::IntoIter<Given>);

impl ReceiptSource for List {
    type Error = u32;

    fn read_next(&mut self, buf: &mut [u8]) -> Result<Option<Next>, u32> {
        match self.0.next() {
            None => Ok(None),
            Some(Given::Error(number)) => Err(number),
            Some(Given::Deleted(hash)) => Ok(Some(Next::Deleted(hash))),
            Some(Given::Sealed(sealed)) => {
                buf[..sealed.len()].copy_from_slice(&sealed);
                Ok(Some(Next::Sealed(sealed.len())))
            }
        }
    }
}

pub(crate) fn log(count: u64) -> Vec<Given> {
    let sealed = TestLog::new(1).seal(count);
    let bytes = sealed.iter().map(|one| one.as_bytes().to_vec());
    bytes.map(Given::Sealed).collect()
}

/// Reads to the first error or the end, and whether each receipt's signature was known to be good.
fn read(source: &mut impl ReceiptSource<Error = ReadAheadError<u32>>) -> (Vec<Given>, Vec<bool>) {
    let mut buf = vec![0; MAX_SEALED_LEN];
    let (mut all, mut good) = (Vec::new(), Vec::new());
    loop {
        match source.read_next(&mut buf) {
            Ok(None) => return (all, good),
            Ok(Some(Next::Sealed(len))) => all.push(Given::Sealed(buf[..len].to_vec())),
            Ok(Some(Next::Deleted(hash))) => all.push(Given::Deleted(hash)),
            Err(ReadAheadError::Source(number)) => {
                all.push(Given::Error(number));
                return (all, good);
            }
            Err(error @ ReadAheadError::Buffer { .. }) => panic!("{error}"),
        }
        good.push(source.good_signature().is_some());
    }
}

#[test]
fn every_receipt_comes_in_its_place_and_verified() {
    // Beside the sizes of chunks, and with more receipts than are read ahead.
    for count in [0, 1, 2, 511, 512, 513, 1024, 1600] {
        for threads in [0, 1, 2, 5] {
            let log = log(count);
            let mut source = ReadAhead::new(List(log.clone().into_iter()), threads, []);
            let (read, good) = read(&mut source);
            assert_eq!(read, log);
            assert_eq!(good, vec![threads > 0; log.len()]);
            let mut buf = vec![0; MAX_SEALED_LEN];
            assert_eq!(source.read_next(&mut buf), Ok(None), "and again");
        }
    }
}

#[test]
fn deleted_ones_and_errors_keep_their_places() {
    for place in [0, 1, 511, 512, 900] {
        let mut log = log(1200);
        for deleted in [3, 600, 601] {
            log[deleted] = Given::Deleted(LeafHash::of(&[7]));
        }
        log.truncate(place);
        log.push(Given::Error(9));
        let mut source = ReadAhead::new(List(log.clone().into_iter()), 2, []);
        let (found, good) = read(&mut source);
        assert_eq!(found, log);
        for (given, good) in found.iter().zip(good) {
            assert_eq!(matches!(given, Given::Sealed(_)), good);
        }
        // This source has nothing behind its error.
        assert_eq!(source.read_next(&mut vec![0; MAX_SEALED_LEN]), Ok(None));
    }
}

#[test]
fn long_receipts_fill_a_chunk_sooner() {
    // No receipts, but bytes like any.
    let log: Vec<Given> = (0..40_u8)
        .map(|n| Given::Sealed(vec![n; MAX_SEALED_LEN - usize::from(n)]))
        .collect();
    let mut source = ReadAhead::new(List(log.clone().into_iter()), 2, []);
    let (found, good) = read(&mut source);
    assert_eq!(found, log);
    assert!(good.iter().all(|good| !good));
}

#[test]
fn a_buffer_that_is_too_small_is_an_error_and_loses_nothing() {
    let log = log(3);
    let mut source = ReadAhead::new(List(log.into_iter()), 2, []);
    let mut buf = vec![0; MAX_SEALED_LEN];
    source.read_next(&mut buf).unwrap();
    let error = source.read_next(&mut [0; 8]).unwrap_err();
    assert!(
        error.to_string().ends_with("the buffer for it only 8"),
        "{error}"
    );
    let Some(Next::Sealed(len)) = source.read_next(&mut buf).unwrap() else {
        panic!("there are two more");
    };
    assert_eq!(
        UnverifiedReceipt::parse(&buf[..len]).unwrap().header().seq,
        1
    );
}

#[test]
fn it_can_be_let_go_in_the_middle() {
    let mut source = ReadAhead::new(List(log(3000).into_iter()), 3, []);
    source.read_next(&mut vec![0; MAX_SEALED_LEN]).unwrap();
    drop(source);
}

#[test]
fn without_the_genesis_the_key_is_the_callers() {
    let log = log(30);
    let key = TestLog::keys(1)[0].verifying_key();
    let later = log[5..].to_vec();
    let part = || List(later.clone().into_iter());
    let (_, good) = read(&mut ReadAhead::new(part(), 2, []));
    assert!(good.iter().all(|good| !good));
    let (_, good) = read(&mut ReadAhead::new(part(), 2, [key]));
    assert!(good.iter().all(|good| *good));
}
