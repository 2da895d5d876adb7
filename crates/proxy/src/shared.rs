//! What all calls share.

use crate::ProxyOptions;
use crate::call::Calls;
use crate::counts::Counters;
use crate::upstream::Connections;
use crate::wishes::Wishes;
use ai_audit_intake::Intake;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};

/// What all calls share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) intake: Intake,
    pub(crate) options: ProxyOptions,
    pub(crate) connections: Connections,
    pub(crate) provider: String,
    pub(crate) counts: Counters,
    pub(crate) wishes: Wishes,
    pub(crate) calls: Calls,
    /// A place for each call, held until its outcome is sealed.
    pub(crate) room: Arc<Semaphore>,
    /// KiB of request bodies that may be held.
    pub(crate) held: Arc<Semaphore>,
    /// How many requests are read at once: what is made of one while it is read takes many times its length.
    pub(crate) reading: Semaphore,
    pub(crate) closing: AtomicBool,
    /// Is true when calls that are under way have had their time.
    pub(crate) cut: watch::Receiver<bool>,
    pub(crate) runtime: Handle,
    /// Whether the proxy is reached from this machine alone.
    pub(crate) local: bool,
}
