//! Which events, and how many may wait.

/// Which events are recorded, and how many may wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditOptions {
    /// The target of the events.
    pub target: String,
    /// How many events may wait; at least 1.
    pub events: usize,
    /// How many bytes of theirs may wait. An event that alone has more is not recorded.
    pub bytes: usize,
    /// How many events are recorded together, at most; at least 1.
    pub together: usize,
}

impl Default for AuditOptions {
    /// `audit`; 4,096 events and 32 MiB; 256 together.
    fn default() -> Self {
        Self {
            target: "audit".into(),
            events: 4096,
            bytes: 32 << 20,
            together: 256,
        }
    }
}
