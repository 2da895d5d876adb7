//! What the auditor brings, as a trust policy.

use ai_audit_core::Timestamp;
use ai_audit_verify::{Pin, TrustPolicy};

/// Trust as it is brought to the page, field by field.
#[derive(Debug, Clone)]
pub struct Trust {
    policy: TrustPolicy,
}

impl Trust {
    /// Trusts nobody; `now` is the auditor's clock, which ages are counted to. `file` is a policy file,
    /// where he has one.
    ///
    /// # Errors
    ///
    /// Why the file is no policy.
    pub fn new(now: Timestamp, file: Option<&[u8]>) -> Result<Self, String> {
        let policy = match file {
            None => TrustPolicy::new(),
            Some(bytes) => {
                TrustPolicy::parse_file(bytes).map_err(|error| format!("trust policy: {error}"))?
            }
        };
        let policy = policy.now(now);
        Ok(Self { policy })
    }

    /// Also trusts keys: in each line that is not empty a key line, or a public key in hexadecimal.
    ///
    /// # Errors
    ///
    /// Which line is none, and why.
    ///
    /// ```
    /// use ai_audit_core::Timestamp;
    /// use ai_audit_wasm::Trust;
    ///
    /// let mut trust = Trust::new(Timestamp::from_micros(0), None)?;
    /// let error = trust.keys("not a key").unwrap_err();
    /// assert!(error.starts_with("pinned key, line 1: "));
    /// # Ok::<(), String>(())
    /// ```
    pub fn keys(&mut self, text: &str) -> Result<(), String> {
        for (number, line) in (1..).zip(text.lines()) {
            if line.trim().is_empty() {
                continue;
            }
            let pin =
                Pin::parse(line).map_err(|error| format!("pinned key, line {number}: {error}"))?;
            self.policy = self.policy.clone().pin(pin);
        }
        Ok(())
    }

    /// Also expects the log to continue a checkpoint that the auditor kept.
    ///
    /// # Errors
    ///
    /// Why it is no checkpoint.
    pub fn checkpoint(&mut self, note: &[u8]) -> Result<(), String> {
        let policy = self.policy.clone().checkpoint(note);
        self.policy = policy.map_err(|error| format!("kept checkpoint: {error}"))?;
        Ok(())
    }

    /// Also expects the log to have at least so many receipts.
    ///
    /// # Errors
    ///
    /// When the text is no whole number.
    pub fn size(&mut self, text: &str) -> Result<(), String> {
        let size = text.trim().parse();
        let size = size.map_err(|_| {
            "number of receipts: expected a whole number, at most 18446744073709551615".to_owned()
        })?;
        self.policy = self.policy.clone().min_size(size);
        Ok(())
    }

    /// The policy that all of it makes.
    #[must_use]
    pub fn into_policy(self) -> TrustPolicy {
        self.policy
    }
}
