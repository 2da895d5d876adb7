//! Mutants: the code changed in one place at a time, and whether a test notices; by cargo-mutants.

mod known;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};

use crate::shell::Cmd;
use crate::tools;
use crate::workspace::Workspace;

const VERSION: &str = "27.1.0";

/// What a verdict stands on: bytes and chain, trees, packages.
const CRATES: [&str; 3] = ["core", "merkle", "export"];

/// How many mutants of `core` CI tries: always the same ones, since a run must fail by what was changed and
/// never by the day.
const SHORT: usize = 8;

/// Tests of a crate that take most of its time, by parts of their names: they are for what the others let through.
const SLOW: [(&str, &[&str]); 1] = [(
    "export",
    &[
        "a01_any",
        "a03_ours",
        "a23_a_file",
        "a27_",
        "a28_",
        "a42_a_folder",
        "a53_",
        "any_steps",
        "approvals::",
        "both_verifiers",
        "ciphertexts_may_be_missing",
        "package_lies::",
        "tile_attacks::",
        "tile_faults::",
    ],
)];

/// The list of what did not compile.
const UNVIABLE: &str = "unviable.txt";

const SECONDS_A_DAY: u64 = 24 * 60 * 60;

/// How a run went, in numbers of mutants.
#[derive(Debug, Default)]
struct Tally {
    caught: usize,
    unviable: usize,
    timeout: usize,
    /// Survivors that have a reason.
    known: usize,
    /// Survivors that have none.
    unknown: Vec<String>,
}

/// Some of a crate's mutants.
#[derive(Clone, Copy, Debug)]
struct Sample {
    /// About how many.
    size: usize,
    /// Which part of so many; beyond the last one they begin again.
    part: usize,
}

/// Tries all mutants of the crates, or as many as the arguments say.
///
/// # Errors
/// When a mutant survives that is not known, or the tests fail without one.
pub(crate) fn run(workspace: &Workspace, args: &[String]) -> Result<()> {
    let (mut folders, mut sample, mut fresh) = (Vec::new(), None, false);
    let mut part = day()?;
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--short" => {
                folders = vec!["core"];
                sample = Some(SHORT);
                part = 0;
            }
            "--sample" => {
                let number = args.next().and_then(|number| number.parse().ok());
                sample = Some(
                    number
                        .filter(|n| *n > 0)
                        .context("--sample takes a number above 0")?,
                );
            }
            "--fresh" => fresh = true,
            name => {
                let known = CRATES.iter().find(|folder| **folder == name);
                folders.push(known.with_context(|| {
                    format!("mutants: expected --short, --sample N, --fresh or one of {CRATES:?}, found {name:?}")
                })?);
            }
        }
    }
    if folders.is_empty() {
        folders.extend(CRATES);
    }
    let program = tools::cargo_tool(workspace, "cargo-mutants", VERSION)?;
    let known = known::Known::read()?;
    let mut unknown = Vec::new();
    for folder in folders {
        let sample = sample.map(|size| Sample { size, part });
        let tally = try_crate(workspace, &program, folder, sample, fresh, &known)?;
        let survivors = tally.known + tally.unknown.len();
        println!(
            "{folder}: {} caught, {survivors} survived ({} of them explained), {} did not compile, \
             {} ran out of time",
            tally.caught, tally.known, tally.unviable, tally.timeout
        );
        unknown.extend(tally.unknown);
    }
    if !unknown.is_empty() {
        bail!(
            "{} mutants survived: write a test that notices, or the reason into {}\n{}",
            unknown.len(),
            known::FILE,
            unknown.join("\n")
        );
    }
    Ok(())
}

/// Tries one crate's mutants with its own tests, in a copy of the workspace.
fn try_crate(
    workspace: &Workspace,
    program: &Path,
    folder: &str,
    sample: Option<Sample>,
    fresh: bool,
    known: &known::Known,
) -> Result<Tally> {
    let package = format!("ai-audit-{folder}");
    let at = workspace.target.join("mutants").join(folder);
    if fresh && at.is_dir() {
        fs::remove_dir_all(&at)?;
    }
    fs::create_dir_all(&at)?;
    let mutants = || Cmd::new(workspace, program).args(["mutants", "-p", &package]);
    let mut chosen = Vec::new();
    if let Some(sample) = sample {
        let list = mutants().args(["--list", "--colors", "never"]).read()?;
        let all: Vec<&str> = list.lines().collect();
        let parts = all.len().div_ceil(sample.size).max(1);
        let part = sample.part % parts;
        println!(
            "{folder}: {} mutants, of which part {part} of {parts}",
            all.len()
        );
        // Every so-manyth one, so that a part has some of every file. By name: `--shard` counts without those that
        // `--iterate` leaves out, and would be another part each time.
        let names: String = all
            .iter()
            .skip(part)
            .step_by(parts)
            .map(|name| format!("    '{}',\n", exactly(name)))
            .collect();
        let file = at.join("sample.toml");
        fs::write(&file, format!("examine_re = [\n{names}]\n"))?;
        chosen = vec![OsString::from("--config"), file.into()];
    }
    // Goes on where a run before was ended: what was caught is not tried again.
    let out = at.join("mutants.out");
    let run = |skipped: &[&str]| {
        put_aside(&out)?;
        let mut cmd = mutants().arg("--iterate").args(&chosen).args([
            "--colors",
            "never",
            "--minimum-test-timeout",
            "20",
            "--output",
        ]);
        cmd = cmd.arg(&at).args(["--", "--lib", "--tests", "--"]);
        for name in skipped {
            cmd = cmd.args(["--skip", name]);
        }
        // Never the workspace's own: tests that ran later would run mutants.
        cmd.env("CARGO_TARGET_DIR", workspace.target.join("mutants/build"))
            .env("CARGO_INCREMENTAL", "1")
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("CARGO_PROFILE_TEST_DEBUG", "0")
            .env("PROPTEST_CASES", "32")
            .run()
    };
    let slow = SLOW.iter().find(|(of, _)| *of == folder);
    if let Some((_, slow)) = slow {
        // It fails where something survived, and then all tests are tried on that.
        if run(slow).is_ok() {
            return tally(&out, known);
        }
    }
    let ran = run(&[]);
    let tally = tally(&out, known)?;
    let survived = tally.known + tally.unknown.len() + tally.timeout > 0;
    // It also ends with a failure where a mutant survived; that is for the tally to judge.
    match ran {
        Err(error) if !survived => Err(error),
        _ => Ok(tally),
    }
}

/// A regular expression for this text and no other.
fn exactly(text: &str) -> String {
    // Also no quote that would end a text of TOML.
    let means_more = |letter: char| "\\.+*?()|[]{}^$#&-~'".contains(letter);
    let letter = |letter: char| match letter {
        letter if means_more(letter) => format!("\\x{{{:x}}}", u32::from(letter)),
        letter => letter.to_string(),
    };
    let text: String = text.chars().map(letter).collect();
    format!("^{text}$")
}

/// What a run before said of survivors is none of the next one's; and what did not compile would count as caught there.
fn put_aside(out: &Path) -> Result<()> {
    for name in ["missed.txt", "timeout.txt"] {
        match fs::remove_file(out.join(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    let unviable = unviable(out)?;
    if !unviable.is_empty() {
        let lines: String = unviable.iter().map(|name| format!("{name}\n")).collect();
        fs::write(out.with_file_name(UNVIABLE), lines)?;
    }
    Ok(())
}

/// What did not compile, in this run and those before it.
fn unviable(out: &Path) -> Result<BTreeSet<String>> {
    let mut all = BTreeSet::from_iter(lines(&out.with_file_name(UNVIABLE))?);
    all.extend(lines(&out.join(UNVIABLE))?);
    Ok(all)
}

/// The lines of a file; none where it is not there.
fn lines(path: &Path) -> Result<Vec<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text.lines().map(str::to_owned).collect()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error).with_context(|| path.display().to_string()),
    }
}

fn tally(out: &Path, known: &known::Known) -> Result<Tally> {
    let lines = |name: &str| lines(&out.join(name));
    let missed = lines("missed.txt")?;
    let unknown = known.unexplained(&missed);
    let unviable = unviable(out)?;
    // cargo-mutants leaves both out the next time, and lists them together.
    let mut caught = lines("previously_caught.txt")?;
    caught.retain(|name| !unviable.contains(name));
    Ok(Tally {
        caught: lines("caught.txt")?.len() + caught.len(),
        unviable: unviable.len(),
        timeout: lines("timeout.txt")?.len(),
        known: missed.len() - unknown.len(),
        unknown,
    })
}

/// Days since 1970.
fn day() -> Result<usize> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(usize::try_from(now.as_secs() / SECONDS_A_DAY)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mutant_is_chosen_by_all_of_its_name() {
        assert_eq!(
            exactly("a.rs:7: -> S<'a> é"),
            r"^a\x{2e}rs:7: \x{2d}> S<\x{27}a> é$"
        );
    }

    #[test]
    fn survivors_are_told_apart_by_their_reasons() {
        let at = std::env::temp_dir().join(format!("xtask-mutants-{}", std::process::id()));
        let folder = at.join("mutants.out");
        fs::create_dir_all(&folder).expect("a folder");
        let missed =
            "crates/a/src/b.rs:7:9: replace + with - in f\ncrates/a/src/b.rs:8:9: replace g\n";
        fs::write(folder.join("missed.txt"), missed).expect("a file");
        fs::write(folder.join("caught.txt"), "x\ny\n").expect("a file");
        let known = known::Known::parse("crates/a/src/b.rs: replace + with - in f\n    why\n");
        let tally = tally(&folder, &known.expect("known ones")).expect("lists");
        fs::remove_dir_all(&at).expect("the folder");
        assert_eq!(
            (tally.caught, tally.known, tally.unviable, tally.timeout),
            (2, 1, 0, 0)
        );
        assert_eq!(tally.unknown, ["crates/a/src/b.rs:8:9: replace g"]);
    }

    #[test]
    fn a_second_run_counts_what_did_not_compile_in_the_first_and_none_of_its_survivors() {
        let folder = std::env::temp_dir().join(format!("xtask-mutants-2-{}", std::process::id()));
        let out = folder.join("mutants.out");
        fs::create_dir_all(&out).expect("a folder");
        let write = |name: &str, text: &str| fs::write(out.join(name), text).expect("a file");
        write("unviable.txt", "u\nv\n");
        write("missed.txt", "crates/a/src/b.rs:8:9: replace g\n");
        put_aside(&out).expect("put aside");
        // As cargo-mutants leaves it where all that was left was caught.
        write("previously_caught.txt", "u\nv\nx\n");
        write("unviable.txt", "");
        write("caught.txt", "g\n");
        let known = known::Known::parse("").expect("none");
        let tally = tally(&out, &known).expect("lists");
        fs::remove_dir_all(&folder).expect("the folder");
        assert_eq!((tally.caught, tally.unviable), (2, 2));
        assert!(tally.unknown.is_empty() && tally.known == 0);
    }
}
