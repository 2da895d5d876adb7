//! Blocking work from within asynchronous code.

/// Runs work that blocks. A thread that drives a runtime may neither block on another one nor drop
/// it: there the work is done by a thread of its own, for which this one waits.
pub(crate) fn outside<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    if tokio::runtime::Handle::try_current().is_err() {
        return work();
    }
    std::thread::scope(|scope| match scope.spawn(work).join() {
        Ok(done) => done,
        // It did not end by itself, so neither does this one.
        Err(panic) => std::panic::resume_unwind(panic),
    })
}
