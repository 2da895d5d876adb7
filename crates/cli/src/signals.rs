//! Signals, for commands that run until they are told to stop.

use tokio::sync::watch;

/// Is there when the process is asked to end.
pub(crate) async fn stop() {
    from_now_on().await;
}

/// The same, which misses nothing from the call on, and not only from when it is waited for. Called within a runtime.
fn from_now_on() -> impl Future<Output = ()> + Send + 'static {
    let mut signals = Signals::from_now_on();
    async move {
        signals.next().await;
    }
}

/// The signals that ask the process to end, one after the other.
struct Signals {
    #[cfg(unix)]
    heard: Option<Heard>,
    #[cfg(windows)]
    heard: Option<tokio::signal::windows::CtrlC>,
}

/// What is listened to.
#[cfg(unix)]
struct Heard {
    terminate: tokio::signal::unix::Signal,
    /// None where it is ignored.
    interrupt: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Heard {
    fn new(with_interrupt: bool) -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let interrupt = || signal(SignalKind::interrupt());
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: with_interrupt.then(interrupt).transpose()?,
        })
    }
}

impl Signals {
    /// None is missed from the call on. Called within a runtime.
    fn from_now_on() -> Self {
        Self {
            #[cfg(unix)]
            heard: Heard::new(true).ok(),
            #[cfg(windows)]
            heard: tokio::signal::windows::ctrl_c().ok(),
        }
    }

    /// The same, but for an interrupt that is ignored: it stays so.
    fn not_ignored() -> Self {
        #[cfg(unix)]
        if interrupt_is_ignored() {
            return Self {
                heard: Heard::new(false).ok(),
            };
        }
        Self::from_now_on()
    }

    /// Is there when the next one is: the exit code of a process that it ends.
    async fn next(&mut self) -> i32 {
        /// 128 and the signal's number, as shells say it.
        const INTERRUPTED: i32 = 130;
        #[cfg(unix)]
        if let Some(Heard {
            terminate,
            interrupt,
        }) = &mut self.heard
        {
            /// The same of SIGTERM.
            const TERMINATED: i32 = 143;
            let interrupted = async {
                match interrupt {
                    Some(interrupt) => interrupt.recv().await,
                    None => std::future::pending().await,
                }
            };
            return tokio::select! {
                _ = terminate.recv() => TERMINATED,
                _ = interrupted => INTERRUPTED,
            };
        }
        // One that is listened to all the time: it is not missed between two calls.
        #[cfg(windows)]
        if let Some(interrupt) = &mut self.heard {
            interrupt.recv().await;
            return INTERRUPTED;
        }
        // Where signals cannot be waited for, only killing is left.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        INTERRUPTED
    }
}

/// Whether SIGINT is ignored, asked before anything listens to it. A shell that is a script starts its jobs in the background
/// so: a Ctrl-C is for the script then. Listening would undo it. Only Linux tells it to safe code; elsewhere it counts as
/// not ignored.
#[cfg(unix)]
fn interrupt_is_ignored() -> bool {
    /// The bit of SIGINT, signal 2: that of signal 1 is the lowest.
    const INTERRUPT: u128 = 1 << 1;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u128::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & INTERRUPT != 0)
}

/// Does something once the process is asked to end, by a thread of its own, and ends it at once where it is asked again. It
/// misses nothing from the call on. An interrupt that is ignored stays so.
pub(crate) fn then(act: impl FnOnce() + Send + 'static) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    // Not in the thread, which begins some time after this has returned.
    let mut signals = {
        let _within = runtime.enter();
        Signals::not_ignored()
    };
    std::thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            runtime.block_on(signals.next());
            act();
            std::process::exit(runtime.block_on(signals.next()));
        })?;
    Ok(())
}

/// The same for those who wait for it one after the other: it is not forgotten while nobody does.
#[derive(Debug, Clone)]
pub(crate) struct Asked(watch::Receiver<bool>);

impl Asked {
    /// Listens from now on, by a thread of its own.
    pub(crate) fn listen() -> anyhow::Result<Self> {
        let (tell, heard) = watch::channel(false);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        // Not in the thread, which begins some time after this has returned.
        let asked = {
            let _within = runtime.enter();
            from_now_on()
        };
        std::thread::Builder::new()
            .name("signals".into())
            .spawn(move || {
                runtime.block_on(asked);
                tell.send_replace(true);
            })?;
        Ok(Self(heard))
    }

    /// Whether the process was asked to end.
    pub(crate) fn is_so(&self) -> bool {
        *self.0.borrow()
    }

    /// Is there when the process was asked to end.
    pub(crate) async fn wait(mut self) {
        if self.0.wait_for(|asked| *asked).await.is_err() {
            // Nobody listens any more: as where signals cannot be waited for.
            std::future::pending::<()>().await;
        }
    }
}
