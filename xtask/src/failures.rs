//! Picks the tests that failed out of what test programs print, to say them again at the end with their panics.

use std::collections::BTreeMap;

/// Lines of a panic that are kept: where it was, its message, and the two sides of an assertion.
const LINES: usize = 12;

/// The most tests that are tried again: of more, something is broken.
const AGAIN: usize = 2;

/// Tests that failed so far, and what the threads of all tests said when they panicked.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    /// By the name of the thread, which is that of the test.
    panics: BTreeMap<String, Vec<String>>,
    /// The thread whose panic is being printed.
    panicking: Option<String>,
    listing: bool,
    failed: Vec<String>,
    /// How many of them, the first ones, passed when they ran again.
    passed_again: usize,
    /// Test programs that said how many of their tests failed.
    said: usize,
    /// Whether a property has a counterexample: another run would look at other cases.
    property: bool,
    /// Test programs that cargo says have failed: one that crashed says nothing itself.
    programs: usize,
}

impl Failures {
    /// Looks at the next line that a test program, or cargo, printed.
    pub(crate) fn take_line(&mut self, line: &str) {
        if let Some(thread) = panicking_thread(line) {
            // Of a thread that panics more than once, the last: names come again in other test programs.
            self.panics.insert(thread.into(), vec![line.into()]);
            self.panicking = Some(thread.into());
            return;
        }
        self.said += usize::from(line.starts_with("test result: FAILED."));
        // Behind what a program that crashed had printed, and `doctest failed` where it was one.
        self.programs += usize::from(line.contains(" failed, to rerun pass `"));
        self.property |= line.contains("minimal failing input");
        if line == "failures:" {
            self.listing = true;
            self.panicking = None;
            return;
        }
        if self.listing {
            match line.strip_prefix("    ") {
                Some(name) => self.failed.push(name.into()),
                None if line.is_empty() => {}
                None => self.listing = false,
            }
            return;
        }
        if line.starts_with("test ") || line.starts_with("note: run with `RUST_BACKTRACE") {
            self.panicking = None;
        }
        if let Some(thread) = &self.panicking
            && let Some(said) = self.panics.get_mut(thread)
            && said.len() < LINES
        {
            said.push(line.into());
        }
    }

    /// The tests to try once more, alone, of so many that failed: where few did that may have, each is known by
    /// its name, and nothing else went wrong. A numbered attack or fault that gets through once has got through;
    /// so has a crash, and what was lost is lost.
    pub(crate) fn again(&self, counted: u64) -> Option<&[String]> {
        let plain = |name: &String| !name.contains(' ') && !must_hold(name);
        let few = (1..=AGAIN).contains(&self.failed.len()) && self.said == self.programs;
        let known = counted == self.failed.len() as u64 && !self.property;
        (few && known && self.failed.iter().all(plain)).then_some(&self.failed)
    }

    /// Notes that all that failed so far passed when they ran again.
    pub(crate) const fn passed_again(&mut self) {
        self.passed_again = self.failed.len();
    }

    /// What is to be said at the end: each test that failed, below it what it said.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (number, name) in self.failed.iter().enumerate() {
            let what = match number < self.passed_again {
                true => "FLAKY: it failed, and passed when it ran again alone",
                false => "failed test",
            };
            lines.push(format!("{what}: {name}"));
            for line in self.panics.get(name).into_iter().flatten() {
                lines.push(format!("    {line}"));
            }
        }
        lines
    }
}

/// Whether a test is that of a numbered attack or fault (`a31_…`), or of a crash.
fn must_hold(name: &str) -> bool {
    let numbered = |part: &str| {
        let digits = part
            .strip_prefix('a')
            .and_then(|rest| rest.split('_').next());
        digits
            .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
    };
    let crash = ["kill", "crash", "lost", "loses", "cut_off"];
    name.split("::").any(numbered) || crash.iter().any(|word| name.contains(word))
}

/// The name in `thread 'a::b' (12) panicked at src/lib.rs:1:2:`.
fn panicking_thread(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("thread '")?;
    let (name, rest) = rest.split_once('\'')?;
    rest.contains(" panicked at ").then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_is_said_with_its_panic_and_a_panic_that_was_expected_is_not() {
        let mut failures = Failures::default();
        for line in [
            "running 3 tests",
            "",
            "thread 'attacks::a1' (71) panicked at crates/x/tests/it/attacks.rs:7:5:",
            "assertion `left == right` failed",
            "  left: 1",
            " right: 2",
            "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace",
            "test attacks::a1 ... FAILED",
            "thread 'attacks::panics' (72) panicked at crates/x/src/lib.rs:1:1:",
            "as it should",
            "test attacks::panics - should panic ... ok",
            "",
            "failures:",
            "",
            "failures:",
            "    attacks::a1",
            "",
            "test result: FAILED. 1 passed; 1 failed; 0 ignored",
            "     Running tests/other.rs",
            "    not a name",
        ] {
            failures.take_line(line);
        }
        assert_eq!(
            failures.lines(),
            [
                "failed test: attacks::a1",
                "    thread 'attacks::a1' (71) panicked at crates/x/tests/it/attacks.rs:7:5:",
                "    assertion `left == right` failed",
                "      left: 1",
                "     right: 2",
            ]
        );
    }

    #[test]
    fn few_are_tried_again_and_no_attack_no_crash_and_nothing_of_the_documentation() {
        let of = |names: &[&str], said, programs| Failures {
            failed: names.iter().map(|name| (*name).into()).collect(),
            said,
            programs,
            ..Failures::default()
        };
        let one = of(&["queue::waits"], 1, 1);
        assert_eq!(one.again(1).map(<[_]>::len), Some(1));
        assert_eq!(one.again(2), None, "one that is not known by its name");
        let property = Failures {
            property: true,
            ..one
        };
        assert_eq!(property.again(1), None);
        for (names, said, programs) in [
            (&[][..], 0, 0),
            (&["a", "b", "c"], 1, 1),
            (&["a31_kill::all"], 1, 1),
            (&["writes::a31_all"], 1, 1),
            (&["writes::sigkill_leaves_all"], 1, 1),
            (&["crates/x/src/lib.rs - Name (line 3)"], 1, 1),
            (&["queue::waits"], 1, 2),
        ] {
            let counted = names.len() as u64;
            assert_eq!(of(names, said, programs).again(counted), None, "{names:?}");
        }
        let mut crashed = Failures::default();
        crashed.take_line("halferror: test failed, to rerun pass `-p x --test it`");
        crashed.take_line("error: doctest failed, to rerun pass `-p x --doc`");
        assert_eq!(crashed.programs, 2);
    }
}
