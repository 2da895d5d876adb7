//! How the server behaves.

use crate::Roots;
use ai_audit_verify::Pin;
use std::time::Duration;

/// The options of a server.
#[derive(Debug, Clone)]
pub struct McpOptions {
    /// Where it may read.
    pub roots: Roots,
    /// Keys that whoever started it has from elsewhere than the evidence.
    pub pins: Vec<Pin>,
    /// How long a tool may take.
    pub timeout: Duration,
    /// How many tools run at once.
    pub at_once: usize,
}

impl Default for McpOptions {
    fn default() -> Self {
        Self {
            roots: Roots::default(),
            pins: Vec::new(),
            timeout: Duration::from_secs(60),
            at_once: 4,
        }
    }
}
