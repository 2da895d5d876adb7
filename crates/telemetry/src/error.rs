//! Why telemetry does not start, or is not told.

/// Why telemetry does not start, or is not told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TelemetryError {
    /// The collector's address is none, or its certificate could not be checked.
    #[error("collector {endpoint}: {what}")]
    Endpoint {
        /// The address as it was given.
        endpoint: String,
        /// What is wrong with it.
        what: String,
    },
    /// The metrics cannot be written as Prometheus reads them; this is a mistake of ours.
    #[error("metrics as text: {0}")]
    Text(String),
}
