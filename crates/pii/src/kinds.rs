//! The kinds, each with what it looks like and what it must satisfy.

pub(crate) mod api_key;
pub(crate) mod card;
pub(crate) mod email;
pub(crate) mod iban;
pub(crate) mod ip;
pub(crate) mod jwt;
pub(crate) mod mac;
pub(crate) mod pem;
pub(crate) mod phone;
pub(crate) mod secret;
pub(crate) mod ssn;
pub(crate) mod url;
