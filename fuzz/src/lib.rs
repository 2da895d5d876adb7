//! What the fuzz targets do, all in one library so that everything is built once.
//!
//! A target takes any bytes and panics where something does not hold. Those whose input has a structure
//! make it of the bytes. `cargo xtask fuzz` runs them; docs/fuzzing.md says what each covers.

mod crypto;
mod edits;
mod json;
mod logs;
mod made;
mod notes;
mod otlp;
mod packages;
mod python;
mod receipts;
mod texts;

use arbitrary::{Arbitrary, Unstructured};
use std::fmt::Debug;
use std::sync::LazyLock;

pub use libfuzzer_sys;

/// A target.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name, that of its program.
    pub name: &'static str,
    /// Runs it on an input.
    pub run: fn(&[u8]),
    seeds: fn() -> Vec<Vec<u8>>,
}

macro_rules! targets {
    ($($name:ident: $run:expr, $seeds:expr;)*) => {
        /// The targets.
        pub const TARGETS: &[Target] =
            &[$(Target { name: stringify!($name), run: $run, seeds: $seeds }),*];
    };
}

targets! {
    archive: packages::archive, packages::archive_seeds;
    body: receipts::body, receipts::body_seeds;
    ciphertexts_file: receipts::ciphertexts_file, receipts::ciphertexts_file_seeds;
    contract: texts::contract, texts::contract_seeds;
    ed25519: |data| structured(data, crypto::ed25519), noise;
    equivocation: notes::equivocation, notes::equivocation_seeds;
    erasure: |data| structured(data, crypto::erasure), noise;
    imported: python::imported, python::imported_seeds;
    json: json::json, texts::record_lines_seeds;
    log: |data| structured(data, logs::log), noise;
    merkle: |data| structured(data, crypto::merkle), noise;
    note: notes::note, notes::note_seeds;
    otlp: otlp::otlp, otlp::otlp_seeds;
    package: packages::package, packages::package_seeds;
    package_edited: |data| structured(data, packages::package_edited), noise;
    policy: notes::policy, notes::policy_seeds;
    proof: notes::proof, notes::proof_seeds;
    proof_edited: |data| structured(data, notes::proof_edited), noise;
    python_edited: |data| structured(data, python::python_edited), noise;
    python_json: python::python_json, python::python_records_seeds;
    python_package: python::python_package, python::python_package_seeds;
    python_records: python::python_records, python::python_records_seeds;
    receipt: receipts::receipt, receipts::receipt_seeds;
    receipts_file: receipts::receipts_file, receipts::receipts_file_seeds;
    record_lines: texts::record_lines, texts::record_lines_seeds;
    redaction: texts::redaction, texts::redaction_seeds;
    redaction_json: texts::redaction_json, texts::redaction_json_seeds;
    selection: |data| structured(data, logs::selection), noise;
    statement: notes::statement, notes::statement_seeds;
    tiles: |data| structured(data, packages::tiles), noise;
    timestamp: crypto::timestamp, crypto::timestamp_seeds;
}

/// Makes a case of the bytes and runs it. With `AI_AUDIT_FUZZ_SHOW` set it shows the case.
fn structured<'a, T: Arbitrary<'a> + Debug>(data: &'a [u8], run: impl FnOnce(T)) {
    static SHOW: LazyLock<bool> =
        LazyLock::new(|| std::env::var_os("AI_AUDIT_FUZZ_SHOW").is_some());
    if let Ok(case) = T::arbitrary_take_rest(Unstructured::new(data)) {
        if *SHOW {
            eprintln!("{case:#?}");
        }
        run(case);
    }
}

/// Seeds of targets whose cases are made of the bytes: some that are long enough for a case.
fn noise() -> Vec<Vec<u8>> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut byte = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    [16, 64, 128, 256, 512, 1024]
        .map(|len| (0..len).map(|_| byte()).collect())
        .to_vec()
}

/// Where `AI_AUDIT_FUZZ_SEEDS` names a folder, writes the target's seeds there and ends the program.
pub fn begin(target: &Target) {
    let Some(folder) = std::env::var_os("AI_AUDIT_FUZZ_SEEDS") else {
        return;
    };
    for (number, seed) in (target.seeds)().iter().enumerate() {
        let path = std::path::Path::new(&folder).join(format!("seed-{number:02}"));
        std::fs::write(path, seed).expect("the folder can be written to");
    }
    std::process::exit(0);
}

/// The program of a target. Its name is looked up while it is compiled, so that the program has nothing
/// of the others: what it counts of them would have to be read after every run.
#[macro_export]
macro_rules! target {
    ($name:literal) => {
        const TARGET: $crate::Target = $crate::target_of($name);
        $crate::libfuzzer_sys::fuzz_target!(init: $crate::begin(&TARGET), |data: &[u8]| {
            (TARGET.run)(data);
        });
    };
}

/// The target of this name.
///
/// # Panics
///
/// Where there is none, while it is compiled.
#[must_use]
pub const fn target_of(name: &str) -> Target {
    let mut at = 0;
    while at < TARGETS.len() {
        if same(TARGETS[at].name.as_bytes(), name.as_bytes()) {
            return TARGETS[at];
        }
        at += 1;
    }
    panic!("there is no target of this name");
}

const fn same(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}
