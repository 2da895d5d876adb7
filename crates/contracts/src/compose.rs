//! What a chain of agents keeps to, from what its parts do.

/// The least probability that a chain keeps its contracts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Composition {
    /// The product: true where the parts are independent, or each probability was measured where the
    /// parts before it had succeeded.
    pub independent: f64,
    /// What is certain without that assumption (Fréchet): 1 minus all that may fail.
    pub at_least: f64,
}

impl Composition {
    /// Of probabilities of agents and of hand-overs, 0 to 1 each.
    ///
    /// `None` where one of them is not in that range. No parts: 1.
    ///
    /// # Examples
    ///
    /// ```
    /// use ai_audit_contracts::Composition;
    ///
    /// // Agent a, agent b, the hand-over from one to the other.
    /// let chain = Composition::of(&[0.95, 0.98, 0.99]).unwrap();
    /// assert!((chain.independent - 0.92169).abs() < 1e-12);
    /// assert!((chain.at_least - 0.92).abs() < 1e-12);
    /// ```
    #[must_use]
    pub fn of(parts: &[f64]) -> Option<Self> {
        let valid = parts.iter().all(|part| (0.0..=1.0).contains(part));
        let fails: f64 = parts.iter().map(|part| 1.0 - part).sum();
        valid.then(|| Self {
            independent: parts.iter().product(),
            at_least: (1.0 - fails).max(0.0),
        })
    }
}
