//! What is wrong beside the receipts, which are gone through to their end all the same.

/// The first thing that is wrong beside the receipts.
#[derive(Debug, Default)]
pub(crate) struct Beside(Option<String>);

impl Beside {
    pub(crate) fn wrong(&mut self, reason: String) {
        self.0.get_or_insert(reason);
    }

    /// The value, or none where something is wrong, which is kept.
    pub(crate) fn good<T>(&mut self, outcome: Result<T, String>) -> Option<T> {
        outcome.map_err(|reason| self.wrong(reason)).ok()
    }

    pub(crate) const fn is_wrong(&self) -> bool {
        self.0.is_some()
    }

    pub(crate) fn into_first(self) -> Option<String> {
        self.0
    }
}
