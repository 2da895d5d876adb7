//! List, filter, receipt, path and trace of packages.

use crate::logs::Log;
use ai_audit_export::archive::ReadAt;
use ai_audit_export::{PackageContents, Selection};
use ai_audit_wasm::{Evidence, Examined, Filter, Pieces, ReadPiece, examine};
use serde_json::Value;
use std::cell::Cell;
use std::io;

/// A package as the browser gives it, in pieces.
struct Bytes(Vec<u8>);

impl ReadPiece for Bytes {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_piece(&self, start: u64, end: u64) -> io::Result<Vec<u8>> {
        let (start, end) = (
            usize::try_from(start).unwrap(),
            usize::try_from(end).unwrap(),
        );
        Ok(self.0[start..end].to_vec())
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn examined(log: &Log, package: &impl ReadAt) -> Examined {
    examine(package, &log.trust().into_policy(), |_, _| {})
}

/// Takes all receipts into the list, in small steps.
fn listed<R: ReadAt>(evidence: &mut Evidence<'_, R>) -> usize {
    loop {
        let progress = evidence.index(3);
        if progress.finished {
            assert_eq!(progress.stopped, None);
            return progress.done;
        }
    }
}

fn filtered<R: ReadAt>(evidence: &mut Evidence<'_, R>, filter: Filter) -> Vec<String> {
    evidence.filter(filter).unwrap();
    while !evidence.filter_on(5).finished {}
    let rows = json(&evidence.rows(0, 1000));
    let seqs = rows.as_array().unwrap().iter();
    seqs.map(|row| row["seq"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_whole_log_is_listed_filtered_and_proved() {
    let log = Log::of(40);
    let package = Pieces::new(Bytes(log.package(Selection::All)));
    let examined = examined(&log, &package);
    let shown = json(&examined.shown());
    assert_eq!(shown["exit"], 3, "nobody brought a checkpoint: {shown}");
    assert_eq!(json(&examined.report_json()), shown["report"]);
    let contents = PackageContents::open(&package).unwrap();
    let mut evidence = Evidence::new(&contents, examined).unwrap();
    assert_eq!(listed(&mut evidence), 40);
    assert_eq!(filtered(&mut evidence, Filter::default()).len(), 40);

    let genesis = Filter {
        kind: "genesis".into(),
        ..Filter::default()
    };
    assert_eq!(filtered(&mut evidence, genesis), ["0"]);
    let some = Filter {
        from: "7".into(),
        to: "9".into(),
        ..Filter::default()
    };
    assert_eq!(filtered(&mut evidence, some), ["7", "8", "9"]);
    let open = Filter {
        open: true,
        ..Filter::default()
    };
    assert!(
        filtered(&mut evidence, open).is_empty(),
        "all of them are verified"
    );
    let absent = Filter {
        text: "nowhere".into(),
        ..Filter::default()
    };
    assert!(filtered(&mut evidence, absent).is_empty());
    let software = Filter {
        text: "TESTKIT".into(),
        ..Filter::default()
    };
    assert_eq!(filtered(&mut evidence, software), ["1"]);

    // Forwards and back again: what was read last is gone on from, or begun anew.
    for place in [0, 39, 20, 21, 5] {
        let receipt = json(&evidence.receipt(place).unwrap());
        assert_eq!(receipt["seq"], place.to_string());
        assert_eq!(receipt["state"], "verified");
        assert_eq!(receipt["path"]["fits"], true, "{receipt}");
        assert_eq!(receipt["path"]["leaf"], receipt["hash"]);
        let hash = receipt["hash"].as_str().unwrap().to_owned();
        let found = filtered(
            &mut evidence,
            Filter {
                text: hash,
                ..Filter::default()
            },
        );
        assert_eq!(
            found[0],
            place.to_string(),
            "by its hash, and where others name it"
        );
    }
    assert!(evidence.receipt(40).is_err());
    assert_eq!(evidence.row_of(17), Some(17));
}

#[test]
fn a_trace_is_drawn_and_told() {
    let log = Log::of(20);
    let package = log.package(Selection::All);
    let examined = examined(&log, &package);
    let contents = PackageContents::open(&package).unwrap();
    let mut evidence = Evidence::new(&contents, examined).unwrap();
    listed(&mut evidence);
    let trace = json(&evidence.trace(10).unwrap());
    let steps = trace["steps"].as_array().unwrap();
    assert!(steps.iter().any(|step| step["seq"] == "10"));
    assert_eq!(trace["all"], steps.len());
    assert!(trace["svg"].as_str().unwrap().starts_with("<svg "));
    assert!(evidence.trace(0).is_err(), "the genesis is of no trace");
}

#[test]
fn a_selection_brings_its_own_paths() {
    let log = Log::of(40);
    let package = log.package(Selection::Range { from: 20, to: 24 });
    let examined = examined(&log, &package);
    let contents = PackageContents::open(&package).unwrap();
    let mut evidence = Evidence::new(&contents, examined).unwrap();
    let count = listed(&mut evidence);
    assert_eq!(count, 7, "genesis and start belong to every package");
    for place in 0..count {
        let receipt = json(&evidence.receipt(place).unwrap());
        assert_eq!(receipt["path"]["fits"], true, "{receipt}");
    }
    assert_eq!(evidence.row_of(24), Some(6));
    assert_eq!(evidence.row_of(30), None);
}

#[test]
fn what_is_no_package_has_a_verdict_and_no_receipts() {
    let log = Log::of(3);
    for package in [Vec::new(), vec![0; 1000], b"PK\x03\x04".to_vec()] {
        let shown = json(&examined(&log, &package).shown());
        assert_eq!(shown["exit"], 1, "{shown}");
        assert!(PackageContents::open(&package).is_err());
    }
}

#[test]
fn receipts_behind_a_changed_byte_are_not_verified() {
    let log = Log::of(30);
    let mut package = log.package(Selection::All);
    // In the names of the directory at the end nothing is compressed; in the receipts everything is.
    package[200] ^= 1;
    let examined = examined(&log, &package);
    assert_eq!(json(&examined.shown())["exit"], 1);
    let contents = PackageContents::open(&package).unwrap();
    let Ok(mut evidence) = Evidence::new(&contents, examined) else {
        return;
    };
    while !evidence.index(10).finished {}
    evidence.filter(Filter::default()).unwrap();
    while !evidence.filter_on(10).finished {}
    let rows = json(&evidence.rows(0, 1000));
    let mut rows = rows.as_array().unwrap().iter();
    assert!(rows.all(|row| row["state"] != "verified"), "{rows:?}");
}

/// A package whose bytes change after it was opened.
struct Changing {
    bytes: Vec<u8>,
    /// Where a byte is another one.
    flipped: Cell<Option<usize>>,
    /// From where on nothing can be read any more.
    broken: Cell<usize>,
}

impl Changing {
    fn of(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            flipped: Cell::new(None),
            broken: Cell::new(usize::MAX),
        }
    }
}

impl ReadAt for Changing {
    fn size(&self) -> io::Result<u64> {
        self.bytes.size()
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let read = self.bytes.read_at(buf, offset)?;
        let start = usize::try_from(offset).unwrap();
        if start + read > self.broken.get() {
            return Err(io::Error::other("the disk was taken out"));
        }
        if let Some(at) = self.flipped.get()
            && (start..start + read).contains(&at)
        {
            buf[at - start] ^= 0x10;
        }
        Ok(read)
    }
}

#[test]
fn a_search_ends_where_the_file_can_no_longer_be_read() {
    // More than is read ahead at once.
    let log = Log::of(1000);
    let package = Changing::of(log.package(Selection::All));
    let examined = examined(&log, &package);
    let contents = PackageContents::open(&package).unwrap();
    let mut evidence = Evidence::new(&contents, examined).unwrap();
    listed(&mut evidence);
    let wanted = Filter {
        text: "nowhere".into(),
        ..Filter::default()
    };
    evidence.filter(wanted).unwrap();
    package.broken.set(0);
    // What was read ahead is still looked at.
    let last = (0..1000)
        .map(|_| evidence.filter_on(5))
        .find(|progress| progress.finished);
    let last = last.expect("it ends");
    assert!(last.done < 1000, "{last:?}");
    let reason = last.stopped.clone().unwrap_or_default();
    assert!(reason.contains("the disk was taken out"), "{last:?}");
    assert_eq!(evidence.filter_on(5), last, "and it does not go on");
}

#[test]
fn a_file_that_changes_after_the_verdict_is_noticed() {
    let log = Log::of(12);
    let package = Changing::of(log.package(Selection::All));
    let examined = examined(&log, &package);
    let contents = PackageContents::open(&package).unwrap();
    let mut evidence = Evidence::new(&contents, examined).unwrap();
    listed(&mut evidence);
    let genuine = evidence.trace(7).unwrap();
    let receipts: Vec<String> = (0..12)
        .map(|place| evidence.receipt(place).unwrap())
        .collect();
    let (mut in_traces, mut in_receipts) = (0, 0);
    // The first bytes of the file with the receipts.
    let name = b"receipts.bin";
    let mut windows = package.bytes.windows(name.len());
    let start = windows.position(|window| window == name).unwrap();
    for at in (start..start + 2000).step_by(13) {
        package.flipped.set(Some(at));
        match evidence.trace(7) {
            Ok(trace) => assert_eq!(trace, genuine, "byte {at}"),
            Err(reason) => in_traces += usize::from(reason.contains("changed since")),
        }
        // From the first on: that one is always read anew.
        for (place, receipt) in receipts.iter().enumerate() {
            let Ok(read) = evidence.receipt(place) else {
                continue;
            };
            let told = json(&read);
            if told["state"] == "verified" && told["path"]["fits"] == true {
                assert_eq!(read, *receipt, "byte {at}");
            } else {
                in_receipts += 1;
            }
        }
    }
    assert!(
        in_traces > 0 && in_receipts > 0,
        "{in_traces} {in_receipts}"
    );
}

#[test]
fn what_the_verdict_counts_on_is_told() {
    let log = Log::of(3);
    let package = log.package(Selection::All);
    let line = log.line();
    let mut trust = log.trust();
    trust.size("2").unwrap();
    let shown = json(&examine(&package, &trust.into_policy(), |_, _| {}).shown());
    assert_eq!(shown["brought"]["keys"], serde_json::json!([line]));
    assert_eq!(shown["brought"]["size"], 2);
    assert_eq!(shown["brought"]["checkpoints"], serde_json::json!([]));
    assert!(shown["brought"]["witnesses"].is_null());
}
