//! Names of this machine in a request.

use std::net::IpAddr;

/// Whether the value of a `Host` header names this machine: `localhost` or a loopback address, with a
/// port or without.
///
/// A web page that a browser has open can reach a loopback address under a name of its own that leads
/// there, and then stands at the door as if it were of this machine; the name tells.
///
/// ```
/// use ai_audit_listen::is_this_machine;
/// assert!(is_this_machine("LOCALHOST:8787") && is_this_machine("[::1]:8787"));
/// assert!(!is_this_machine("127.0.0.1.example.org") && !is_this_machine("10.0.0.1:80"));
/// ```
#[must_use]
pub fn is_this_machine(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost")
        || name
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
