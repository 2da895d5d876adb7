//! The options of commands that listen and may be reached by others: how they are protected.

use clap::Args;
use std::path::PathBuf;

/// How a service is protected on its address.
#[derive(Debug, Args)]
pub(crate) struct Tls {
    /// The service's certificate and those between it and its authority (PEM).
    #[arg(long, value_name = "PEM", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The key of that certificate (PEM).
    #[arg(long, value_name = "PEM", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Let in only clients with a certificate of one of these authorities (PEM), beside whatever else is asked of them.
    #[arg(long, value_name = "PEM", requires = "tls_cert")]
    pub(crate) client_ca: Option<PathBuf>,
    /// Speak no TLS on an address that others reach, since something in front of it does.
    #[arg(long, conflicts_with = "tls_cert")]
    pub(crate) plaintext: bool,
}
