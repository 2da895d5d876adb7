//! How a proxy behaves.

use ai_audit_contracts::Contract;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What becomes of a call whose intent cannot be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fail {
    /// It is not forwarded.
    #[default]
    Closed,
    /// It is forwarded, and the loss declared as soon as the log takes that.
    Open,
}

/// Told what should be known of a proxy at work, a sentence at a time.
pub type Warn = Arc<dyn Fn(&str) + Send + Sync>;

/// The options of a proxy.
#[derive(Clone)]
pub struct ProxyOptions {
    /// What becomes of a call whose intent cannot be recorded.
    pub fail: Fail,
    /// A contract that calls are held against.
    pub contract: Option<Contract>,
    /// How long a call may go without its answer.
    pub timeout: Duration,
    /// How long a server has to end, and to answer what was cancelled.
    pub grace: Duration,
    /// Who acts, as a pseudonym or a system's name: into the header of each receipt.
    pub actor: String,
    /// What stop receipts say.
    pub stop_reason: String,
    /// Who is told.
    pub warn: Warn,
}

impl Default for ProxyOptions {
    fn default() -> Self {
        Self {
            fail: Fail::Closed,
            contract: None,
            timeout: Duration::from_secs(600),
            grace: Duration::from_secs(5),
            actor: String::new(),
            stop_reason: "mcp-proxy ended".into(),
            warn: Arc::new(|_| {}),
        }
    }
}

impl fmt::Debug for ProxyOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyOptions")
            .field("fail", &self.fail)
            .field("timeout", &self.timeout)
            .field("grace", &self.grace)
            .finish_non_exhaustive()
    }
}
