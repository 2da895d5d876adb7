//! An erasure that dies at each of its steps is done wholly or not at all, and can be repeated.

use super::{Person, Place, ids, in_use, kek_id, people};
use ai_audit_core::{LogId, SubjectKeyId};
use ai_audit_directory::{FileKek, OsRandom, Settings};
use ai_audit_shredding::{
    KekId, KekVault, KeyWrapper, SubjectKey, SubjectKeys, SubjectKeysError, WrapsKeys,
};
use ai_audit_store_sqlite::SqliteSubjectKeys;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const PATH: &str = "AI_AUDIT_TEST_CUT_OFF_KEYS";
const STEP: &str = "AI_AUDIT_TEST_CUT_OFF_STEP";
/// So many of the keys are destroyed.
const GONE: usize = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    BeforePrepare,
    AfterPrepare,
    /// When so many keys are wrapped anew.
    Wrap(usize),
    BeforeSettle,
    AfterSettle,
}

#[derive(Clone, Copy)]
enum End {
    Error,
    Panic,
    /// Of the process.
    Abort,
}

/// The real vault, until a step of the erasure. What comes before the erasure is let through.
struct Dying {
    inner: FileKek,
    step: Step,
    end: End,
    settled: AtomicU32,
}

impl Dying {
    fn at(&self, step: Step) -> Result<(), SubjectKeysError> {
        if step != self.step {
            return Ok(());
        }
        match self.end {
            End::Error => Err(SubjectKeysError::new("the test says so")),
            End::Panic => panic!("the test says so"),
            End::Abort => std::process::abort(),
        }
    }
}

impl KekVault for Dying {
    fn held(&self, id: &KekId) -> Result<Option<Box<dyn WrapsKeys>>, SubjectKeysError> {
        self.inner.held(id)
    }

    fn ids(&self) -> Result<Vec<KekId>, SubjectKeysError> {
        self.inner.ids()
    }

    fn settled(&self) -> Result<Option<KekId>, SubjectKeysError> {
        self.inner.settled()
    }

    fn place(&self) -> String {
        self.inner.place()
    }

    fn prepare(&self) -> Result<Box<dyn WrapsKeys>, SubjectKeysError> {
        self.at(Step::BeforePrepare)?;
        let inner = self.inner.prepare()?;
        self.at(Step::AfterPrepare)?;
        let Step::Wrap(left) = self.step else {
            return Ok(inner);
        };
        let (end, left) = (self.end, AtomicUsize::new(left));
        Ok(Box::new(DyingWrapper { inner, end, left }))
    }

    fn settle(&self, valid: &KekId) -> Result<(), SubjectKeysError> {
        // At opening, before the next key is prepared, at the end.
        if self.settled.fetch_add(1, Ordering::SeqCst) < 2 {
            return self.inner.settle(valid);
        }
        self.at(Step::BeforeSettle)?;
        self.inner.settle(valid)?;
        self.at(Step::AfterSettle)
    }
}

struct DyingWrapper {
    inner: Box<dyn WrapsKeys>,
    end: End,
    left: AtomicUsize,
}

impl KeyWrapper for DyingWrapper {
    type Error = SubjectKeysError;

    fn id(&self) -> KekId {
        self.inner.id()
    }

    fn wrap(
        &self,
        subject: &str,
        key: &SubjectKey,
        nonce: [u8; 12],
    ) -> Result<Vec<u8>, SubjectKeysError> {
        if self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            match self.end {
                End::Error => return Err(SubjectKeysError::new("the test says so")),
                End::Panic => panic!("the test says so"),
                End::Abort => std::process::abort(),
            }
        }
        self.inner.wrap(subject, key, nonce)
    }

    fn unwrap(
        &self,
        log: &LogId,
        subject: &str,
        id: SubjectKeyId,
        wrapped: &[u8],
    ) -> Result<SubjectKey, SubjectKeysError> {
        self.inner.unwrap(log, subject, id, wrapped)
    }
}

fn vault(folder: &Path) -> FileKek {
    FileKek::new(folder.join("kek"), folder.join("kek.next"), None, true)
}

const LOG: LogId = LogId::from_bytes([1; 32]);

fn open<V: KekVault>(folder: &Path, vault: V) -> SqliteSubjectKeys<V> {
    let random = Arc::new(OsRandom);
    SqliteSubjectKeys::create_or_open(&folder.join("subjects.db"), LOG, vault, random).unwrap()
}

fn dying(folder: &Path, step: Step, end: End) -> SqliteSubjectKeys<Dying> {
    let vault = Dying {
        inner: vault(folder),
        step,
        end,
        settled: AtomicU32::new(0),
    };
    open(folder, vault)
}

/// A folder with keys.
fn folder(count: usize) -> (tempfile::TempDir, Vec<Person>) {
    let folder = tempfile::tempdir().unwrap();
    let all = people(&open(folder.path(), vault(folder.path())), count);
    (folder, all)
}

/// All or nothing; then done by repeating it. Returns whether it was done before.
fn check(keys: &dyn SubjectKeys, all: &[Person], requested_under: KekId) -> bool {
    let (gone, left) = all.split_at(GONE);
    assert_eq!(in_use(keys, left), left.len());
    let still = in_use(keys, gone);
    assert!(still == 0 || still == GONE, "{still}");
    assert_eq!(still == 0, keys.kek().unwrap() != requested_under);
    let new = keys.destroy(&ids(gone), requested_under).unwrap();
    assert_ne!(new, requested_under);
    assert_eq!((in_use(keys, gone), in_use(keys, left)), (0, left.len()));
    still == 0
}

fn check_files(folder: &Path, kek: KekId) {
    assert_eq!(super::id_in(&folder.join("kek")), kek.to_string());
    assert!(!folder.join("kek.next").exists());
}

const STEPS: [(Step, bool); 6] = [
    (Step::BeforePrepare, false),
    (Step::AfterPrepare, false),
    (Step::Wrap(1), false),
    (Step::Wrap(25), false),
    (Step::BeforeSettle, true),
    (Step::AfterSettle, true),
];

#[test]
fn a_step_that_fails_leaves_all_or_nothing() {
    for (step, done) in STEPS {
        for end in [End::Error, End::Panic] {
            let (folder, all) = folder(40);
            let keys = dying(folder.path(), step, end);
            let kek = kek_id(&keys);
            let destroy = || keys.destroy(&ids(&all[..GONE]), kek);
            match std::panic::catch_unwind(std::panic::AssertUnwindSafe(destroy)) {
                Ok(result) => assert!(result.is_err(), "{step:?}"),
                Err(_) => assert!(matches!(end, End::Panic), "{step:?}"),
            }
            // A reader beside it.
            let path = folder.path().join("subjects.db");
            let reader = SqliteSubjectKeys::open(&path, LOG, vault(folder.path()));
            let reader = reader.unwrap().unwrap();
            assert_eq!(
                in_use(&reader, &all),
                if done { 35 } else { 40 },
                "{step:?}"
            );
            // The same keeper goes on with what is left of the erasure.
            assert_eq!(in_use(&keys, &all[GONE..]), 35);
            drop(keys);
            let keys = open(folder.path(), vault(folder.path()));
            assert_eq!(check(&keys, &all, kek), done, "{step:?}");
            check_files(folder.path(), kek_id(&keys));
        }
    }
}

#[test]
fn a_keeper_whose_erasure_failed_at_its_end_repeats_it() {
    let (folder, all) = folder(40);
    let keys = dying(folder.path(), Step::BeforeSettle, End::Error);
    let kek = kek_id(&keys);
    let gone = ids(&all[..GONE]);
    for _ in 0..2 {
        assert!(keys.destroy(&gone, kek).is_err());
    }
    // The next key, which is the valid one by now, was not taken for one that was prepared in vain,
    // by another erasure either.
    assert!(keys.destroy(&ids(&all[..GONE + 1]), kek).is_err());
    assert_eq!(in_use(&keys, &all), 35);
    drop(keys);
    let keys = open(folder.path(), vault(folder.path()));
    assert_eq!(in_use(&keys, &all), 35);
}

/// The child, which dies at a step. Does nothing where it is run as a test like the others.
#[test]
fn a31_child_that_erases() {
    let (Some(path), Ok(step)) = (std::env::var_os(PATH), std::env::var(STEP)) else {
        return;
    };
    let step = match step.as_str() {
        "none" => Step::Wrap(usize::MAX),
        "large" => Step::Wrap(18_000),
        number => STEPS[number.parse::<usize>().unwrap()].0,
    };
    let folder = Path::new(&path);
    let keys = dying(folder, step, End::Abort);
    let ids: Vec<SubjectKeyId> = keys.subjects().unwrap()[..GONE]
        .iter()
        .map(|(_, id)| *id)
        .collect();
    keys.destroy(&ids, kek_id(&keys)).unwrap();
}

fn child(folder: &Path, step: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["subject_keys::cut_off::a31_child_that_erases", "--exact"])
        .env(PATH, folder)
        .env(STEP, step)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

#[test]
fn a31_a_process_that_dies_at_a_step_leaves_all_or_nothing() {
    for (number, (step, done)) in STEPS.into_iter().enumerate() {
        let (folder, all) = folder(40);
        let kek = kek_id(&open(folder.path(), vault(folder.path())));
        let status = child(folder.path(), &number.to_string()).status().unwrap();
        assert!(!status.success(), "{step:?}");
        let keys = open(folder.path(), vault(folder.path()));
        assert_eq!(check(&keys, &all, kek), done, "{step:?}");
        check_files(folder.path(), kek_id(&keys));
    }
}

/// So many keys that SQLite writes pages into the file before the commit: what was there is in the
/// journal, and is taken back from it.
#[test]
fn a31_a_large_erasure_that_dies_is_taken_back_from_the_journal() {
    let (folder, all) = folder(20_000);
    let kek = kek_id(&open(folder.path(), vault(folder.path())));
    assert!(!child(folder.path(), "large").status().unwrap().success());
    let journal = folder.path().join("subjects.db-journal");
    assert!(fs::metadata(&journal).unwrap().len() > 0);
    // Only who may write takes it back; a reader says so.
    let path = folder.path().join("subjects.db");
    let read = SqliteSubjectKeys::open(&path, LOG, vault(folder.path()));
    let error = read.map(drop).unwrap_err().to_string();
    assert!(error.contains("one run that writes to the log"), "{error}");
    let keys = open(folder.path(), vault(folder.path()));
    assert!(!check(&keys, &all, kek));
    assert_eq!(fs::metadata(&journal).unwrap().len(), 0);
}

#[test]
#[cfg(unix)]
fn a31_a_process_killed_at_a_random_moment_leaves_all_or_nothing() {
    let (folder, all) = folder(1_000);
    let kek = kek_id(&open(folder.path(), vault(folder.path())));
    let start = SystemTime::now();
    assert!(child(folder.path(), "none").status().unwrap().success());
    let whole = start.elapsed().unwrap();
    assert!(check(&open(folder.path(), vault(folder.path())), &all, kek));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let mut state = u64::from(now.subsec_nanos());
    let mut left = &all[GONE..];
    for _ in 0..40 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let micros = (state >> 33) % u64::try_from(whole.as_micros()).unwrap();
        let kek = kek_id(&open(folder.path(), vault(folder.path())));
        let mut running = child(folder.path(), "none").spawn().unwrap();
        std::thread::sleep(Duration::from_micros(micros));
        running.kill().unwrap();
        running.wait().unwrap();
        let keys = open(folder.path(), vault(folder.path()));
        check(&keys, left, kek);
        check_files(folder.path(), kek_id(&keys));
        left = &left[GONE..];
    }
}

/// What is left of a file at each moment of its being destroyed.
#[test]
fn a_kek_that_was_cut_off_while_it_was_destroyed_is_finished() {
    let place = Place::new();
    let person = {
        let (_writer, keys) = place.write();
        people(&*keys, 1).remove(0)
    };
    let good = fs::read(&place.paths.kek).unwrap();
    let mut half = good.clone();
    half[..20].fill(0);
    for old in [
        Some(vec![0; good.len()]),
        Some(half),
        Some(Vec::new()),
        None,
    ] {
        fs::write(&place.paths.next_kek, &good).unwrap();
        match &old {
            Some(old) => fs::write(&place.paths.kek, old).unwrap(),
            None => fs::remove_file(&place.paths.kek).unwrap(),
        }
        let reader = place.reading(Settings::default()).unwrap().unwrap();
        assert_eq!(in_use(&reader, std::slice::from_ref(&person)), 1);
        let (_writer, keys) = place.write();
        assert_eq!(in_use(&*keys, std::slice::from_ref(&person)), 1);
        assert_eq!(fs::read(&place.paths.kek).unwrap(), good);
        assert!(!place.paths.next_kek.exists());
    }
}
