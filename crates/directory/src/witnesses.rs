//! The witnesses of a log directory: a policy file of C2SP's form, and asking them.

#[cfg(feature = "witnesses")]
mod asking;

use crate::{DirectoryError, LogDirectory, durable};
use ai_audit_note::{MAX_POLICY_LEN, Policy, PolicyWitness, Threshold};

/// Name of the one group in files that are written here.
const GROUP: &str = "witnesses";
/// What such a file begins with.
const HEAD: &str = "\
# Who cosigns the checkpoints of this directory's logs, and how many of them are needed (C2SP
# tlog-policy). `ai-audit witness add|remove` rewrites the file as long as it has this form.
";

impl LogDirectory {
    /// The directory's witnesses and their quorum, as `witnesses.policy` has them; `None` where
    /// there is no such file.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or has a mistake, which is named by line and word.
    pub fn witnesses(&self) -> Result<Option<Policy>, DirectoryError> {
        let path = self.layout().witnesses();
        let Some(bytes) = durable::read(&path, MAX_POLICY_LEN)? else {
            return Ok(None);
        };
        Policy::parse(&bytes)
            .map(Some)
            .map_err(|error| DirectoryError::Witnesses { path, error })
    }

    /// Adds a witness. How many are needed stays as it is, all where nothing was said, or becomes
    /// `threshold`.
    ///
    /// # Errors
    ///
    /// When its name or key is there already or cannot be written, the threshold does not fit, or
    /// the file was written by hand in another form.
    pub fn add_witness(
        &self,
        witness: PolicyWitness,
        threshold: Option<Threshold>,
    ) -> Result<Policy, DirectoryError> {
        let taken = |other: &PolicyWitness| {
            other.name() == witness.name() || other.key().key() == witness.key().key()
        };
        if let Some(policy) = self.witnesses()?
            && let Some(other) = policy.witnesses().iter().find(|other| taken(other))
        {
            return Err(DirectoryError::Name(format!(
                "witness {} with the key {} is there already: a witness counts once",
                other.name(),
                other.key()
            )));
        }
        self.change(threshold, |witnesses| {
            witnesses.push(witness);
            true
        })
    }

    /// Takes a witness out.
    ///
    /// # Errors
    ///
    /// When there is none of this name, more are needed than remain, or the file was written by
    /// hand in another form.
    pub fn remove_witness(
        &self,
        name: &str,
        threshold: Option<Threshold>,
    ) -> Result<Policy, DirectoryError> {
        self.change(threshold, |witnesses| {
            let before = witnesses.len();
            witnesses.retain(|witness| witness.name().as_bytes() != name.as_bytes());
            witnesses.len() < before
        })
        .map_err(|error| match error {
            DirectoryError::NoSuchWitness { path, .. } => DirectoryError::NoSuchWitness {
                path,
                name: name.into(),
            },
            other => other,
        })
    }

    fn change(
        &self,
        threshold: Option<Threshold>,
        change: impl FnOnce(&mut Vec<PolicyWitness>) -> bool,
    ) -> Result<Policy, DirectoryError> {
        let path = self.layout().witnesses();
        let before = self.witnesses()?;
        let mut witnesses = Vec::new();
        let mut needed = Threshold::All;
        if let Some(policy) = &before {
            // Whoever wrote more into the file does not lose it to a command.
            if durable::read(&path, MAX_POLICY_LEN)?.as_deref() != Some(&text(policy)) {
                return Err(DirectoryError::Refused(format!(
                    "{} was written by hand: change it by hand, too",
                    path.display()
                )));
            }
            witnesses.extend_from_slice(policy.witnesses());
            needed = policy.flat_threshold().unwrap_or(needed);
        }
        if !change(&mut witnesses) {
            let name = String::new();
            return Err(DirectoryError::NoSuchWitness { path, name });
        }
        let needed = threshold.unwrap_or(needed);
        if needed.of(witnesses.len()) > witnesses.len() {
            return Err(DirectoryError::Refused(format!(
                "{needed} witnesses would be needed, and there would be {}: say how many with --quorum",
                witnesses.len()
            )));
        }
        // The mistake is the caller's, so a line of the file would lead nowhere.
        let policy = Policy::flat(&witnesses, GROUP, needed)
            .map_err(|error| DirectoryError::Name(format!("witness: {}", error.reason())))?;
        durable::write(&path, &text(&policy))?;
        Ok(policy)
    }
}

fn text(policy: &Policy) -> Vec<u8> {
    let mut text = HEAD.as_bytes().to_vec();
    text.extend_from_slice(&policy.to_bytes());
    text
}
