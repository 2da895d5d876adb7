//! Processor time and memory of this process, where the system tells them.

use std::fs;
use std::time::Duration;

/// Processor time that this thread has had; where no clock tells, the time that went by.
#[cfg(unix)]
pub(crate) fn thread() -> Duration {
    clock(rustix::time::ClockId::ThreadCPUTime)
}

/// Processor time that this process has had, threads that have ended included.
#[cfg(unix)]
pub(crate) fn process() -> Option<Duration> {
    Some(clock(rustix::time::ClockId::ProcessCPUTime))
}

#[cfg(unix)]
fn clock(id: rustix::time::ClockId) -> Duration {
    // Of these clocks the time is never negative.
    Duration::try_from(rustix::time::clock_gettime(id)).unwrap_or_default()
}

#[cfg(not(unix))]
pub(crate) fn thread() -> Duration {
    static BEGIN: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    BEGIN.get_or_init(std::time::Instant::now).elapsed()
}

#[cfg(not(unix))]
pub(crate) const fn process() -> Option<Duration> {
    None
}

/// Has sleeps of the main thread end on time: Linux lets them be late by 50 µs, so as to wake up for
/// several at once. Elsewhere, and where it may not be set, the schedule is later and its table says so.
pub(crate) fn punctual_sleeps() {
    let _ = fs::write("/proc/self/timerslack_ns", "1");
}

/// Peak resident memory of this process in KiB; 0 where `/proc` does not say.
pub(crate) fn peak_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse().ok())
        .unwrap_or(0)
}
