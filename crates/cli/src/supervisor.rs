//! What a supervisor is told of a command that serves: systemd, by the socket that it names in
//! `NOTIFY_SOCKET` (sd_notify(3)). Without one nothing is said.

/// It listens, and takes what it is there to take.
pub(crate) fn ready() {
    #[cfg(unix)]
    say(sd_notify::NotifyState::Ready);
}

/// It was told to stop, and finishes what is under way.
pub(crate) fn stopping() {
    #[cfg(unix)]
    say(sd_notify::NotifyState::Stopping);
}

#[cfg(unix)]
fn say(state: sd_notify::NotifyState<'_>) {
    // A supervisor that cannot be told gives up on us by itself; whoever is served loses nothing.
    let _ = sd_notify::notify(&[state]);
}
