//! Kinds of personal data: names, and the order in which overlaps are decided.

use core::fmt;

/// The longest name of a kind, in bytes.
pub const MAX_NAME: usize = 32;

/// A kind of personal data or secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A kind of the policy's own; before all others where findings overlap.
    Custom(CustomName),
    /// A PEM block with a private key.
    PrivateKey,
    /// A JSON web token.
    Jwt,
    /// A key or token with the prefix that its issuer gave it.
    ApiKey,
    /// The user info of a URL.
    UrlCredentials,
    /// The value after a key-like word.
    Secret,
    /// An e-mail address.
    Email,
    /// An international bank account number.
    Iban,
    /// The number of a payment card.
    CreditCard,
    /// A social security number of the United States.
    UsSsn,
    /// An address of IPv4 or IPv6.
    IpAddress,
    /// A hardware address, EUI-48 or EUI-64.
    MacAddress,
    /// A telephone number.
    Phone,
    /// Text of the input that looks like a numbered placeholder; only where a policy encrypts.
    Placeholder,
}

impl Kind {
    /// The built-in kinds in the order in which overlaps are decided.
    pub const BUILT_IN: [Self; 12] = [
        Self::PrivateKey,
        Self::Jwt,
        Self::ApiKey,
        Self::UrlCredentials,
        Self::Secret,
        Self::Email,
        Self::Iban,
        Self::CreditCard,
        Self::UsSsn,
        Self::IpAddress,
        Self::MacAddress,
        Self::Phone,
    ];

    /// The name in placeholders, policies and findings, such as `EMAIL`.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Custom(name) => name.as_str(),
            Self::PrivateKey => "PRIVATE_KEY",
            Self::Jwt => "JWT",
            Self::ApiKey => "API_KEY",
            Self::UrlCredentials => "URL_CREDENTIALS",
            Self::Secret => "SECRET",
            Self::Email => "EMAIL",
            Self::Iban => "IBAN",
            Self::CreditCard => "CREDIT_CARD",
            Self::UsSsn => "US_SSN",
            Self::IpAddress => "IP_ADDRESS",
            Self::MacAddress => "MAC_ADDRESS",
            Self::Phone => "PHONE",
            Self::Placeholder => "PLACEHOLDER",
        }
    }

    /// The built-in kind of that name.
    #[must_use]
    pub fn built_in(name: &str) -> Option<Self> {
        Self::BUILT_IN.into_iter().find(|kind| kind.name() == name)
    }

    /// The place of a built-in kind in [`Kind::BUILT_IN`].
    pub(crate) fn index(self) -> Option<usize> {
        Self::BUILT_IN.iter().position(|kind| *kind == self)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The name of a custom kind: `[A-Z][A-Z0-9_]{0,31}`, and none of the built-in ones.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CustomName {
    // Filled up with zeros, so that the derived order is that of the names.
    bytes: [u8; MAX_NAME],
}

impl CustomName {
    /// Takes a name that keeps the rules.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        let reserved = Kind::built_in(name).is_some() || name == Kind::Placeholder.name();
        if !is_name(name.as_bytes()) || reserved {
            return None;
        }
        let mut bytes = [0; MAX_NAME];
        bytes
            .get_mut(..name.len())?
            .copy_from_slice(name.as_bytes());
        Some(Self { bytes })
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let len = self
            .bytes
            .iter()
            .position(|&byte| byte == 0)
            .unwrap_or(MAX_NAME);
        core::str::from_utf8(&self.bytes[..len]).unwrap_or_default()
    }
}

impl fmt::Debug for CustomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether the bytes are a name as kinds have them.
pub(crate) fn is_name(bytes: &[u8]) -> bool {
    bytes.len() <= MAX_NAME
        && bytes.first().is_some_and(u8::is_ascii_uppercase)
        && bytes
            .iter()
            .all(|&byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        assert_eq!(
            CustomName::new("ORDER_7").map(|name| name.as_str().len()),
            Some(7)
        );
        for bad in [
            "",
            "order",
            "7UP",
            "EMAIL",
            "PLACEHOLDER",
            "A-B",
            "A123456789012345678901234567890123",
        ] {
            assert!(CustomName::new(bad).is_none(), "{bad}");
        }
        for kind in Kind::BUILT_IN {
            assert_eq!(Kind::built_in(kind.name()), Some(kind));
            assert!(is_name(kind.name().as_bytes()));
        }
    }
}
