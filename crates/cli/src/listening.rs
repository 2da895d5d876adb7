//! What commands that listen have in common: TLS where others reach them, and what they say of it.

use crate::cli::tls::Tls;
use crate::failure::usage;
use crate::output::Output;
use ai_audit_server::TlsFiles;
use std::net::SocketAddr;

/// The files to speak TLS with, if it is spoken.
///
/// # Errors
///
/// Where others reach the address and it was not said that they may without TLS.
pub(crate) fn tls_files(args: &Tls, listen: SocketAddr) -> anyhow::Result<Option<TlsFiles>> {
    match (&args.tls_cert, &args.tls_key) {
        (Some(certificate), Some(key)) => Ok(Some(TlsFiles {
            certificate: certificate.clone(),
            key: key.clone(),
            clients: args.client_ca.clone(),
        })),
        _ if listen.ip().is_loopback() || args.plaintext => Ok(None),
        _ => Err(usage(format!(
            "{listen} is no loopback address: give --tls-cert and --tls-key, or --plaintext where something in front of it speaks TLS"
        ))),
    }
}

/// Where it answers.
pub(crate) fn url(tls: Option<&TlsFiles>, address: SocketAddr) -> String {
    let scheme = match tls {
        Some(_) => "https",
        None => "http",
    };
    format!("{scheme}://{address}")
}

/// Says from where it is reached.
///
/// # Errors
///
/// When nobody reads it.
pub(crate) fn say_reached(address: SocketAddr, output: Output) -> anyhow::Result<()> {
    output.note(match address.ip().is_loopback() {
        true => "  reached    from this machine alone",
        false => "  reached    from other machines",
    })
}

/// Says how it is protected; `leaving` is what leaves this machine where nobody else reaches it.
///
/// # Errors
///
/// When nobody reads it.
pub(crate) fn say_protected(args: &Tls, leaving: &str, output: Output) -> anyhow::Result<()> {
    output.note(match (&args.tls_cert, args.plaintext) {
        (Some(_), _) => "  protected  by TLS".into(),
        (None, true) => {
            "  protected  not at all here: something in front of it must speak TLS".into()
        }
        (None, false) => format!("  protected  not at all: {leaving}"),
    })
}
