//! The stacks that `perf script` prints, as a tree of functions with their samples.

use std::collections::BTreeMap;

use super::parts::{KERNEL, Part, is_kernel};

/// A function on a stack, with what it called.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// Samples in it and in what it called.
    pub(super) samples: u64,
    /// What it called, by name.
    pub(super) calls: BTreeMap<String, Node>,
}

/// All samples of one run.
#[derive(Debug, Default)]
pub(super) struct Stacks {
    /// Its children are threads, by their names.
    pub(super) root: Node,
    /// Samples by part.
    pub(super) parts: BTreeMap<Part, u64>,
    /// Samples by the innermost function of our code or a library's.
    pub(super) innermost: BTreeMap<String, u64>,
}

/// The frame of the standard library below which there is nothing of ours, in every thread.
const BEGIN: &str = "__rust_begin_short_backtrace";
/// What is below it, or alone when a thread begins or ends.
const RUNTIME: [&str; 6] = [
    "_start",
    "__libc_start",
    "main",
    "std::rt::",
    "start_thread",
    "clone3",
];
/// Most frames of the kernel on each other: what is deeper is in its caller's box.
const DEEPEST: usize = 6;

impl Stacks {
    /// Reads what `perf script -F comm,ip,sym,dso` prints: the thread's name, then its frames, innermost
    /// first, then an empty line.
    pub(super) fn parse(text: &str) -> Self {
        let mut stacks = Self::default();
        let mut thread = String::new();
        let mut frames = Vec::new();
        for line in text.lines().chain([""]) {
            if line.trim().is_empty() {
                if !frames.is_empty() {
                    stacks.add(&thread, &frames);
                    frames.clear();
                }
            } else if line.starts_with(char::is_whitespace) {
                frames.extend(frame(line));
            } else {
                line.trim().clone_into(&mut thread);
            }
        }
        stacks
    }

    /// So many samples as a percentage of all.
    #[expect(
        clippy::cast_precision_loss,
        reason = "there are fewer samples than 2^53"
    )]
    pub(super) fn percent(&self, samples: u64) -> f64 {
        100.0 * samples as f64 / self.root.samples.max(1) as f64
    }

    fn add(&mut self, thread: &str, frames: &[String]) {
        self.root.samples += 1;
        let mut node = self.root.calls.entry(thread.to_owned()).or_default();
        node.samples += 1;
        let mut part = Part::Other;
        let mut kernel = 0;
        for frame in ours(frames) {
            part = part.within(frame);
            kernel += usize::from(is_kernel(frame));
            if kernel <= DEEPEST {
                node = node.calls.entry(frame.clone()).or_default();
                node.samples += 1;
            }
        }
        *self.parts.entry(part).or_default() += 1;
        if let Some(innermost) = frames.iter().find(|frame| !is_kernel(frame)) {
            *self.innermost.entry(innermost.clone()).or_default() += 1;
        }
    }
}

/// The frames without those of the runtime, outermost first.
fn ours(frames: &[String]) -> impl Iterator<Item = &String> {
    let below = frames.iter().position(|frame| frame.contains(BEGIN));
    let above = frames.get(..below.unwrap_or(frames.len()));
    let is_runtime =
        |name: &str| name == "[unknown]" || RUNTIME.iter().any(|start| name.starts_with(start));
    let outermost_first = above.unwrap_or_default().iter().rev();
    outermost_first.skip_while(move |frame| is_runtime(frame))
}

/// `   55d5c7a1b2c3 function+0x12 (library)`; `(inlined)` may stand for the library.
fn frame(line: &str) -> Option<String> {
    let (_, rest) = line.trim().split_once(' ')?;
    let (name, library) = rest.rsplit_once(" (")?;
    let mut name = plain(name.trim());
    if library.starts_with("[kernel") || library.starts_with("[guest.kernel") {
        name += KERNEL;
    }
    Some(name)
}

/// A function's name without its hash.
fn plain(name: &str) -> String {
    let name = match name.rsplit_once("::h") {
        Some((before, hash)) if hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => {
            before
        }
        _ => name,
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
measure
\t    55d5 curve25519_dalek::field::FieldElement51::mul::h0123456789abcdef (/t/measure)
\t    55d4 ai_audit_core::seal (inlined)
\t    55d3 measure::flame::seal (/t/measure)
\t    55d2 std::sys::backtrace::__rust_begin_short_backtrace::h0123456789abcdef (/t/measure)
\t    55d1 main (/t/measure)

measure
\t    55d3 measure::flame::seal (/t/measure)
\t    55d2 std::rt::lang_start::{{closure}}::h0123456789abcdef (/t/measure)
\t    55d1 main (/t/measure)

ai-audit-writer
\tffff9 futex_wake ([kernel.kallsyms])
\t    55d7 sqlite3_step (/t/measure)

";

    #[test]
    fn frames_of_the_runtime_and_hashes_are_left_out() {
        let stacks = Stacks::parse(TEXT);
        assert_eq!(stacks.root.samples, 3);
        let thread = &stacks.root.calls["measure"];
        assert_eq!(thread.calls.len(), 1, "{:?}", thread.calls);
        let seal = &thread.calls["measure::flame::seal"];
        let core = &seal.calls["ai_audit_core::seal"];
        let field = "curve25519_dalek::field::FieldElement51::mul";
        assert_eq!(core.calls[field].samples, 1);
        assert_eq!(stacks.innermost[field], 1);
        assert_eq!(stacks.innermost["sqlite3_step"], 1);
    }

    #[test]
    fn a_sample_counts_for_its_innermost_part() {
        let stacks = Stacks::parse(TEXT);
        let parts: Vec<_> = stacks.parts.into_iter().collect();
        assert_eq!(
            parts,
            [(Part::Ed25519, 1), (Part::Threads, 1), (Part::Ours, 1)]
        );
    }
}
