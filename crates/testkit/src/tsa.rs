//! A timestamp authority for tests: a root, a signing certificate, tokens, all of them changeable
//! piece by piece. It has an encoder of its own, so that it shares no mistake with what it tests.

mod der;
mod key;
mod openssl;

pub use der::{integer, octets, oid, sequence, set, tagged, tlv};

pub use openssl::{KeyType, OpensslAuthority};

use ai_audit_core::Timestamp;
use key::Key;
use sha2::{Digest, Sha256};

/// A root that issued a certificate to an authority, with keys made from a number.
#[derive(Debug)]
pub struct Authority {
    key: Key,
    /// The root's certificate.
    pub root: Vec<u8>,
    /// The authority's certificate.
    pub certificate: Vec<u8>,
}

/// What goes into a certificate.
#[derive(Debug, Clone)]
pub struct CertificatePlan {
    /// Common name.
    pub subject: String,
    /// Common name of the issuer.
    pub issuer: String,
    /// From when.
    pub from: String,
    /// Until when.
    pub to: String,
    /// Extensions, each encoded.
    pub extensions: Vec<Vec<u8>>,
}

/// What goes into a token. Every field is DER, or contents where it says so.
#[derive(Debug, Clone)]
pub struct TokenPlan {
    /// Version of the `TSTInfo`.
    pub version: u8,
    /// Hash algorithm of the imprint.
    pub imprint_algorithm: Vec<u8>,
    /// The imprint, contents.
    pub imprint: Vec<u8>,
    /// The time, contents of a GeneralizedTime.
    pub time: String,
    /// What follows the time: accuracy, ordering, nonce, name, extensions.
    pub rest: Vec<Vec<u8>>,
    /// Type of the content.
    pub content_type: Vec<u8>,
    /// Signed attributes after content type and message digest.
    pub attributes: Vec<Vec<u8>>,
    /// Message digest; that of the content if none.
    pub message_digest: Option<Vec<u8>>,
    /// Digest algorithm of the signer.
    pub digest_algorithm: Vec<u8>,
    /// Certificates in the token.
    pub certificates: Vec<Vec<u8>>,
    /// Who signed, as issuer and serial number or key identifier.
    pub signer: Vec<u8>,
    /// How often the signer is there.
    pub signers: usize,
    /// Whether the set of attributes stands in the order of DER.
    pub sorted: bool,
}

/// Object identifiers that tests need.
pub const SHA256: &str = "2.16.840.1.101.3.4.2.1";
/// The digest of authorities with Ed25519 keys.
pub const SHA512: &str = "2.16.840.1.101.3.4.2.3";
/// SHA-1, which is refused.
pub const SHA1: &str = "1.3.14.3.2.26";
/// `TSTInfo`.
pub const TST_INFO: &str = "1.2.840.113549.1.9.16.1.4";
const SIGNED_DATA: &str = "1.2.840.113549.1.7.2";
const SERIAL: &[u8] = &[7];

impl Authority {
    /// An authority with P-256 keys whose certificates hold from 2020 to 2049.
    #[must_use]
    pub fn new(number: u8) -> Self {
        Self::with(number, |_| {})
    }

    /// An authority with Ed25519 keys.
    #[must_use]
    pub fn ed25519(number: u8) -> Self {
        Self::from_keys(number, Key::ed25519, |_| {})
    }

    /// An authority whose own certificate was changed before it was signed.
    #[must_use]
    pub fn with(number: u8, change: impl FnOnce(&mut CertificatePlan)) -> Self {
        Self::from_keys(number, Key::p256, change)
    }

    fn from_keys(
        number: u8,
        key: fn(u8) -> Key,
        change: impl FnOnce(&mut CertificatePlan),
    ) -> Self {
        let ca = key(number.wrapping_mul(2).wrapping_add(1));
        let own = key(number.wrapping_mul(2).wrapping_add(2));
        let issuer = format!("Root {number}");
        let mut root = CertificatePlan::new(&issuer, &issuer);
        root.extensions = vec![extension("2.5.29.19", true, &sequence(&[&[1, 1, 0xff]]))];
        let mut plan = CertificatePlan::new(&format!("Authority {number}"), &issuer);
        plan.extensions = vec![time_stamping(true, &["1.3.6.1.5.5.7.3.8"])];
        change(&mut plan);
        Self {
            root: root.sign(&ca, &ca),
            certificate: plan.sign(&own, &ca),
            key: own,
        }
    }

    /// A token over a message.
    #[must_use]
    pub fn token(&self, message: &[u8], time: Timestamp) -> Vec<u8> {
        self.token_with(message, time, |_| {})
    }

    /// A token that was changed before it was signed.
    #[must_use]
    pub fn token_with(
        &self,
        message: &[u8],
        time: Timestamp,
        change: impl FnOnce(&mut TokenPlan),
    ) -> Vec<u8> {
        let mut plan = TokenPlan::new(message, time, self);
        change(&mut plan);
        plan.sign(&self.key)
    }
}

/// A common name as a distinguished name.
#[must_use]
pub fn name(text: &str) -> Vec<u8> {
    let pair = sequence(&[&oid("2.5.4.3"), &tlv(0x0c, text.as_bytes())]);
    sequence(&[&set(&[pair])])
}

/// An extension of a certificate or a `TSTInfo`.
#[must_use]
pub fn extension(id: &str, critical: bool, value: &[u8]) -> Vec<u8> {
    let flag: &[u8] = if critical { &[1, 1, 0xff] } else { &[] };
    sequence(&[&oid(id), flag, &octets(value)])
}

/// The extended key usage extension with these purposes.
#[must_use]
pub fn time_stamping(critical: bool, purposes: &[&str]) -> Vec<u8> {
    let purposes: Vec<u8> = purposes.iter().flat_map(|purpose| oid(purpose)).collect();
    extension("2.5.29.37", critical, &sequence(&[&purposes]))
}

/// An attribute with its values.
#[must_use]
pub fn attribute(id: &str, values: &[Vec<u8>]) -> Vec<u8> {
    sequence(&[&oid(id), &set(values)])
}

/// `signing-certificate-v2` for a certificate.
#[must_use]
pub fn signing_certificate(certificate: &[u8]) -> Vec<u8> {
    let id = sequence(&[&octets(&Sha256::digest(certificate))]);
    let value = sequence(&[&sequence(&[&id])]);
    attribute("1.2.840.113549.1.9.16.2.47", &[value])
}

impl CertificatePlan {
    fn new(subject: &str, issuer: &str) -> Self {
        Self {
            subject: subject.into(),
            issuer: issuer.into(),
            from: "20200101000000Z".into(),
            to: "20491231235959Z".into(),
            extensions: Vec::new(),
        }
    }

    fn sign(&self, own: &Key, issuer: &Key) -> Vec<u8> {
        // Until 2049 certificates have the short form of time.
        let time = |text: &str| tlv(0x17, &text.as_bytes()[2..]);
        let algorithm = issuer.algorithm();
        let extensions: Vec<u8> = self.extensions.concat();
        let body = sequence(&[
            &tagged(0, &integer(&[2])),
            &integer(SERIAL),
            &algorithm,
            &name(&self.issuer),
            &sequence(&[&time(&self.from), &time(&self.to)]),
            &name(&self.subject),
            &own.public(),
            &tagged(3, &sequence(&[&extensions])),
        ]);
        let mut signature = vec![0];
        signature.extend(issuer.sign(&body));
        sequence(&[&body, &algorithm, &tlv(3, &signature)])
    }
}

impl TokenPlan {
    fn new(message: &[u8], time: Timestamp, authority: &Authority) -> Self {
        let certificate = &authority.certificate;
        let digits = time.to_string();
        let (whole, _) = digits.split_once('.').unwrap();
        let whole: String = whole.chars().filter(char::is_ascii_digit).collect();
        // The issuer's name is the fourth field of a certificate; with one made here that is known.
        let issuer = der::field(certificate, 3);
        Self {
            version: 1,
            imprint_algorithm: sequence(&[&oid(SHA256)]),
            imprint: Sha256::digest(message).to_vec(),
            time: format!("{whole}Z"),
            rest: vec![sequence(&[&integer(&[1])])],
            content_type: oid(TST_INFO),
            attributes: vec![signing_certificate(certificate)],
            message_digest: None,
            digest_algorithm: authority.key.digest_algorithm(),
            certificates: vec![certificate.to_vec()],
            signer: sequence(&[&issuer, &integer(SERIAL)]),
            signers: 1,
            sorted: true,
        }
    }

    fn sign(&self, key: &Key) -> Vec<u8> {
        let rest: Vec<u8> = self.rest.concat();
        let content = sequence(&[
            &integer(&[self.version]),
            &oid("1.2.3.4"),
            &sequence(&[&self.imprint_algorithm, &octets(&self.imprint)]),
            &integer(&[9]),
            &tlv(0x18, self.time.as_bytes()),
            &rest,
        ]);
        let digest = self
            .message_digest
            .clone()
            .unwrap_or_else(|| key.digest(&content));
        let mut attributes = vec![
            attribute("1.2.840.113549.1.9.3", &[oid(TST_INFO)]),
            attribute("1.2.840.113549.1.9.4", &[octets(&digest)]),
        ];
        attributes.extend(self.attributes.iter().cloned());
        let mut attributes = set(&attributes);
        if !self.sorted {
            attributes = der::reversed(&attributes);
        }
        let signature = key.sign(&attributes);
        // The same set with the tag that it has inside of the signer.
        let mut implicit = attributes.clone();
        implicit[0] = 0xa0;
        let version = if self.signer[0] == 0x30 { 1 } else { 3 };
        let signer = sequence(&[
            &integer(&[version]),
            &self.signer,
            &self.digest_algorithm,
            &implicit,
            &key.algorithm(),
            &octets(&signature),
        ]);
        let mut certificates = set(&self.certificates);
        certificates[0] = 0xa0;
        let data = sequence(&[
            &integer(&[3]),
            &set(std::slice::from_ref(&self.digest_algorithm)),
            &sequence(&[&self.content_type, &tagged(0, &octets(&content))]),
            &certificates,
            &set(&vec![signer; self.signers]),
        ]);
        sequence(&[&oid(SIGNED_DATA), &tagged(0, &data)])
    }
}
