//! What the figures were taken on: they mean nothing without it.

use crate::shell::Cmd;
use crate::workspace::Workspace;
use anyhow::Result;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// What of a processor's extensions changes these figures.
const FLAGS: [&str; 8] = [
    "aes",
    "vaes",
    "sha_ni",
    "bmi2",
    "adx",
    "avx2",
    "avx512f",
    "avx512ifma",
];
/// Load above which others are using the machine.
const QUIET: f64 = 0.25;

/// The machine and the sources, read when the run begins.
#[derive(Debug)]
pub(crate) struct Machine {
    processor: String,
    flags: Vec<String>,
    cores: usize,
    memory_kib: Option<u64>,
    kernel: String,
    rustc: String,
    commit: String,
    dirty: bool,
    load: Option<f64>,
    file_system: String,
}

impl Machine {
    /// # Errors
    /// When the compiler cannot be asked.
    pub(crate) fn here(workspace: &Workspace) -> Result<Self> {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let processor = read("/proc/cpuinfo");
        let of_processor = |name: &str| field(&processor, name).unwrap_or_default();
        let has = of_processor("flags");
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let git = |args: &[&str]| Cmd::new(workspace, "git").args(args).read();
        let memory = read("/proc/meminfo");
        let memory = field(&memory, "MemTotal");
        Ok(Self {
            processor: match of_processor("model name") {
                "" => std::env::consts::ARCH.into(),
                name => name.into(),
            },
            flags: FLAGS
                .into_iter()
                .filter(|flag| has.split_whitespace().any(|word| word == *flag))
                .map(str::to_owned)
                .collect(),
            cores: std::thread::available_parallelism().map_or(1, Into::into),
            memory_kib: memory.and_then(|memory| memory.trim_end_matches(" kB").parse().ok()),
            kernel: format!(
                "{} {}",
                std::env::consts::OS,
                read("/proc/sys/kernel/osrelease").trim()
            ),
            rustc: Cmd::new(workspace, rustc)
                .arg("--version")
                .read()?
                .trim()
                .into(),
            // An unpacked archive of the sources has no history.
            commit: git(&["rev-parse", "--short=12", "HEAD"])
                .map_or_else(|_| "unknown".into(), |commit| commit.trim().into()),
            dirty: git(&["status", "--porcelain"]).is_ok_and(|changed| !changed.trim().is_empty()),
            load: read("/proc/loadavg")
                .split_whitespace()
                .next()
                .and_then(|load| load.parse().ok()),
            file_system: file_system(&read("/proc/mounts"), &workspace.target)
                .unwrap_or("unknown")
                .into(),
        })
    }

    /// Whether what is built and written lies in memory, so that a sync costs nothing.
    pub(crate) fn is_in_memory(&self) -> bool {
        ["tmpfs", "ramfs"].contains(&self.file_system.as_str())
    }

    pub(crate) fn text(&self) -> String {
        let memory = self
            .memory_kib
            .map_or_else(|| "unknown".into(), |kib| format!("{} MiB", kib >> 10));
        let load = self
            .load
            .map_or_else(|| "unknown".into(), |load| format!("{load}"));
        let dirty = if self.dirty { ", with changes" } else { "" };
        let mut text = format!(
            "processor   {}\n            {}\ncores       {}, memory {memory}\nkernel      {}\n\
             compiler    {}\ncommit      {}{dirty}\nload        {load} when this began\n\
             durable     {} (file system of the durable benches)\n",
            self.processor,
            self.flags.join(" "),
            self.cores,
            self.kernel,
            self.rustc,
            self.commit,
            self.file_system,
        );
        if self.load.is_some_and(|load| load > QUIET) {
            text +=
                "WARNING     others are using this machine: ratios hold, single figures do not\n";
        }
        text
    }

    /// The same in a sentence without its full stop, with the day.
    pub(crate) fn line(&self) -> String {
        let load = self
            .load
            .map_or_else(|| "unknown".into(), |load| format!("{load}"));
        format!(
            "{}, {} cores of {}, {}, {}, {}, commit {}{}, load {load} at the beginning",
            jiff::Timestamp::now().strftime("%Y-%m-%d"),
            self.cores,
            self.processor,
            self.kernel,
            self.file_system,
            self.rustc.split(" (").next().unwrap_or_default(),
            self.commit,
            if self.dirty { " with changes" } else { "" },
        )
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "processor": self.processor,
            "flags": self.flags,
            "cores": self.cores,
            "memory_kib": self.memory_kib,
            "kernel": self.kernel,
            "rustc": self.rustc,
            "commit": self.commit,
            "dirty": self.dirty,
            "load": self.load,
            "file_system": self.file_system,
        })
    }
}

/// The first line of this name, in a file of the kernel's.
fn field<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then_some(value.trim())
    })
}

/// The sort of file system that holds a folder: that of the longest mount point above it.
pub(crate) fn file_system<'t>(mounts: &'t str, folder: &Path) -> Option<&'t str> {
    let lines = mounts.lines().filter_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        Some((words.next()?, words.next()?))
    });
    let above = lines.filter(|(place, _)| folder.starts_with(place));
    let longest = above.max_by_key(|(place, _)| place.len());
    longest.map(|(_, sort)| sort)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_their_whole_name() {
        let text = "model\t\t: 106\nmodel name\t: A processor\nflags\t: sha_ni avx2\n";
        assert_eq!(field(text, "model name"), Some("A processor"));
        assert_eq!(field(text, "bugs"), None);
    }

    #[test]
    fn a_folder_is_on_the_mount_that_is_nearest() {
        let mounts = "/dev/a / ext4 rw 0 0\ntmpfs /run tmpfs rw 0 0\n/dev/b /home/t xfs rw 0 0\n";
        let sort = |folder: &str| file_system(mounts, Path::new(folder));
        assert_eq!(sort("/run/x"), Some("tmpfs"));
        assert_eq!(sort("/home/t/target"), Some("xfs"));
        assert_eq!(sort("/home/other"), Some("ext4"));
        assert_eq!(file_system("", Path::new("/")), None);
    }
}
