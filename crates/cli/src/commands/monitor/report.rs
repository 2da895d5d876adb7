//! What a monitor tells: per log what was seen, what contradicts, what is open.

use crate::output::{Output, Tone, counted, safe, shown_path};
use ai_audit_core::Exit;
use ai_audit_directory::{Kept, SourceReport, WatchedLog};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// One log, as JSON.
#[derive(Serialize)]
pub(super) struct LogReport {
    origin: String,
    key: String,
    /// `consistent`, `unverified` or `equivocation`.
    status: &'static str,
    /// What the files of this call were.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    taken: Vec<Taken>,
    seen: Vec<Point>,
    equivocations: Vec<Proof>,
    /// Neighbours by size of which nobody knows whether the larger continues the smaller.
    unverified: Vec<Pair>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct Point {
    size: u64,
    root: String,
}

#[derive(Serialize)]
struct Pair {
    smaller: Point,
    larger: Point,
}

#[derive(Serialize)]
struct Proof {
    file: PathBuf,
    #[serde(flatten)]
    pair: Pair,
}

/// A checkpoint that was taken.
#[derive(Serialize)]
pub(super) struct Taken {
    file: PathBuf,
    size: u64,
    new: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    older_than: Option<u64>,
}

/// A file that is no checkpoint of the log that it names.
#[derive(Serialize)]
pub(super) struct Refused {
    file: PathBuf,
    reason: String,
}

impl Taken {
    /// `before` is the largest size that was seen before this call.
    pub(super) fn new(file: &Path, kept: &Kept, before: Option<u64>) -> Self {
        Self {
            file: file.into(),
            size: kept.size,
            new: kept.new,
            older_than: before.filter(|before| kept.size < *before),
        }
    }
}

impl Refused {
    pub(super) fn new(file: &Path, reason: String) -> Self {
        Self {
            file: file.into(),
            reason,
        }
    }
}

impl LogReport {
    pub(super) fn new(log: &WatchedLog) -> Self {
        let point = |checkpoint: &ai_audit_note::Checkpoint| Point {
            size: checkpoint.size.as_u64(),
            root: checkpoint.root.to_string(),
        };
        let monitor = log.monitor();
        let equivocations: Vec<Proof> = log
            .equivocations()
            .iter()
            .map(|(file, proof)| Proof {
                file: file.clone(),
                pair: Pair {
                    smaller: point(proof.smaller().1),
                    larger: point(proof.larger().1),
                },
            })
            .collect();
        let open = monitor.open_pairs();
        let unverified: Vec<Pair> = open
            .iter()
            .map(|(a, b)| Pair {
                smaller: point(&a.checkpoint),
                larger: point(&b.checkpoint),
            })
            .collect();
        let status = if monitor.convicted() {
            "equivocation"
        } else if unverified.is_empty() {
            "consistent"
        } else {
            "unverified"
        };
        let seen = monitor.seen().iter();
        Self {
            origin: log.origin().into(),
            key: monitor.key().to_string(),
            status,
            taken: Vec::new(),
            seen: seen.map(|seen| point(&seen.checkpoint)).collect(),
            equivocations,
            unverified,
            warnings: Vec::new(),
        }
    }

    /// With what this call has brought.
    pub(super) fn after(log: &WatchedLog, taken: Vec<Taken>, sources: Vec<SourceReport>) -> Self {
        let mut report = Self::new(log);
        for taken in &taken {
            if let Some(largest) = taken.older_than {
                let shown = shown_path(&taken.file);
                report.warnings.push(format!(
                    "{shown} has size {}, and one of size {largest} was seen before: whoever showed it as the newest shows an older state",
                    taken.size
                ));
            }
        }
        for source in sources {
            report.warnings.extend(source.warnings);
            for size in source.not_matching {
                report.warnings.push(format!(
                    "the source does not have the root of the checkpoint of size {size}, nor that of a larger one: it is of another history or damaged, and proves nothing about this one"
                ));
            }
            if let (Some(end), [beyond, ..]) = (source.size, source.beyond.as_slice()) {
                report.warnings.push(format!(
                    "the source ends at size {end}, before the checkpoint of size {beyond}"
                ));
            }
        }
        report.taken = taken;
        report
    }

    fn exit(&self) -> Exit {
        match self.status {
            "equivocation" => Exit::Failed,
            "unverified" => Exit::Unverified,
            _ => Exit::Verified,
        }
    }

    fn print(&self, state: &Path, output: Output) -> anyhow::Result<()> {
        output.line(output.paint(Tone::Bold, &safe(&self.origin)))?;
        for taken in &self.taken {
            let known = if taken.new { "new" } else { "known" };
            let shown = shown_path(&taken.file);
            output.note(format!("  {shown}: size {}, {known}", taken.size))?;
        }
        let sizes: Vec<String> = self.seen.iter().map(|seen| seen.size.to_string()).collect();
        output.note(format!(
            "  {} seen, of size {}",
            counted(sizes.len() as u64, "checkpoint", "checkpoints"),
            listed(&sizes)
        ))?;
        for warning in &self.warnings {
            output.warn(safe(warning));
        }
        for proof in &self.equivocations {
            let (a, b) = (&proof.pair.smaller, &proof.pair.larger);
            let said = if a.size == b.size {
                format!("two roots for size {}", a.size)
            } else {
                format!("size {} does not continue size {}", b.size, a.size)
            };
            output.line(format!("  {said}; proof: {}", shown_path(&proof.file)))?;
        }
        for pair in self.unverified.iter().take(10) {
            output.line(format!(
                "  unverified: whether size {} continues size {}",
                pair.larger.size, pair.smaller.size
            ))?;
        }
        if self.unverified.len() > 10 {
            let more = self.unverified.len() - 10;
            output.line(format!("  … and {more} more (--json lists all)"))?;
        }
        let (tone, said) = match self.status {
            "equivocation" => (
                Tone::Bad,
                "EQUIVOCATION: this log signed two histories".to_owned(),
            ),
            "unverified" => (
                Tone::Open,
                format!(
                    "UNVERIFIED: give the larger one's tree with --from, and run `monitor checkpoint` on {} again",
                    shown_path(state)
                ),
            ),
            _ => (
                Tone::Good,
                "CONSISTENT: each continues those before".to_owned(),
            ),
        };
        output.line(output.paint(tone, &said))
    }
}

/// A few of them, where there are many.
fn listed(sizes: &[String]) -> String {
    match sizes {
        [first, .., last] if sizes.len() > 8 => format!("{first} to {last}"),
        _ => sizes.join(", "),
    }
}

/// Prints all logs and gives the exit code: what failed before what is open.
pub(super) fn print(
    state: &Path,
    logs: &[LogReport],
    refused: &[Refused],
    output: Output,
) -> anyhow::Result<ExitCode> {
    let exits = || logs.iter().map(LogReport::exit);
    let exit = if !refused.is_empty() || exits().any(|exit| exit == Exit::Failed) {
        Exit::Failed
    } else if exits().any(|exit| exit == Exit::Unverified) {
        Exit::Unverified
    } else {
        Exit::Verified
    };
    if output.json {
        output.json(&serde_json::json!({
            "state": state,
            "logs": logs,
            "refused": refused,
            "exit": exit.code(),
        }))?;
        return Ok(ExitCode::from(exit.code()));
    }
    for log in logs {
        log.print(state, output)?;
    }
    for file in refused {
        let shown = shown_path(&file.file);
        output.line(output.paint(
            Tone::Bad,
            &format!("REFUSED: {shown}: {}", safe(&file.reason)),
        ))?;
    }
    if logs.is_empty() && refused.is_empty() {
        output.line("No log is watched yet.")?;
    }
    Ok(ExitCode::from(exit.code()))
}
