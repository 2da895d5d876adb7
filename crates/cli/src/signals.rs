//! Signals, for commands that run until they are told to stop.

use tokio::sync::watch;

/// Is there when the process is asked to end.
pub(crate) async fn stop() {
    from_now_on().await;
}

/// The same, which on Unix misses nothing from the call on, and not only from when it is waited for. Called within a runtime.
fn from_now_on() -> impl Future<Output = ()> + Send + 'static {
    #[cfg(unix)]
    let signals = {
        use tokio::signal::unix::{SignalKind, signal};
        signal(SignalKind::terminate()).and_then(|terminate| {
            let interrupt = signal(SignalKind::interrupt())?;
            Ok((terminate, interrupt))
        })
    };
    async move {
        #[cfg(unix)]
        if let Ok((mut terminate, mut interrupt)) = signals {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            return;
        }
        // Where signals cannot be waited for, only killing is left.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
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
