//! A33: marks on a disk that is full, and marks that are read while they are written.

use ai_audit_core::{LeafHash, LogId};
use ai_audit_store::{FileMarks, HighWaterMark, Mark};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

const VARIABLE: &str = "AI_AUDIT_TEST_MARKS";
const LOG: LogId = LogId::from_bytes([7; 32]);

fn mark(size: u64) -> Mark {
    let hash = LeafHash::of(&size.to_be_bytes());
    Mark { size, hash }
}

/// The child, which may not write a byte into any file. Does nothing where it is run as a test like
/// the others.
#[test]
fn a33_child_on_a_full_disk() {
    let Some(folder) = std::env::var_os(VARIABLE) else {
        return;
    };
    let error = FileMarks::new(folder).write(&LOG, &mark(9)).unwrap_err();
    assert!(error.to_string().contains(".mark"), "{error}");
}

/// Lets a child write a mark where files may have no more than 0 bytes.
#[cfg(unix)]
fn write_on_a_full_disk(folder: &Path) {
    let script = "trap '' XFSZ; ulimit -f 0; exec \"$0\" marks::a33_child_on_a_full_disk --exact";
    let output = Command::new("sh")
        .args(["-c", script])
        .arg(std::env::current_exe().unwrap())
        .env(VARIABLE, folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
#[cfg(unix)]
fn a33_a_full_disk_leaves_the_mark_that_was_there_and_no_other_file() {
    let folder = tempfile::tempdir().unwrap();
    let marks = FileMarks::new(folder.path());
    write_on_a_full_disk(folder.path());
    assert_eq!(
        marks.read(&LOG),
        Ok(None),
        "no half mark, which would refuse the log for ever"
    );
    marks.write(&LOG, &mark(5)).unwrap();
    write_on_a_full_disk(folder.path());
    assert_eq!(marks.read(&LOG), Ok(Some(mark(5))));
    marks.write(&LOG, &mark(6)).unwrap();
    assert_eq!(marks.read(&LOG), Ok(Some(mark(6))));
    let files = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(files, 1, "nothing is left beside it");
}

#[test]
fn a33_a_mark_is_whole_for_whoever_reads_it_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let marks = FileMarks::new(folder.path());
    marks.write(&LOG, &mark(1)).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for size in 2..20_000 {
                marks.write(&LOG, &mark(size)).unwrap();
            }
            done.store(true, Ordering::SeqCst);
        });
        let mut last = 0;
        while !done.load(Ordering::SeqCst) {
            let read = marks.read(&LOG).unwrap().unwrap();
            assert!(read == mark(read.size) && read.size >= last, "{read:?}");
            last = read.size;
        }
    });
}
