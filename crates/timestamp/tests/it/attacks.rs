//! Tokens that a keen forger would make: each differs from a good one in one thing.

use crate::{MESSAGE, time, trusting, verify};
use ai_audit_testkit::tsa::{
    self, Authority, CertificatePlan, TokenPlan, attribute, extension, integer, octets, oid,
    sequence, signing_certificate, tagged, time_stamping, tlv,
};
use ai_audit_timestamp::{TimestampError, TimestampToken, TrustedCertificates};

/// What is said of a token that was changed before it was signed.
fn refused(change: impl FnOnce(&mut TokenPlan)) -> String {
    let authority = Authority::new(1);
    let token = authority.token_with(MESSAGE, time(), change);
    verify(&token, &authority).unwrap_err().to_string()
}

/// What is said of a token by an authority with another certificate.
fn certificate_refused(change: impl FnOnce(&mut CertificatePlan)) -> String {
    let authority = Authority::with(1, change);
    let token = authority.token(MESSAGE, time());
    verify(&token, &authority).unwrap_err().to_string()
}

fn assert_said(said: &str, expected: &str) {
    assert!(
        said.contains(expected),
        "{said:?} does not say {expected:?}"
    );
}

#[test]
fn the_unchanged_token_is_accepted() {
    let authority = Authority::new(1);
    let found = verify(&authority.token(MESSAGE, time()), &authority).unwrap();
    assert_eq!(found.time, time());
    assert_eq!(found.accuracy.as_secs(), 1);
    assert_eq!(found.latest().as_secs(), time().as_secs() + 1);
    assert_eq!(found.earliest().as_secs(), time().as_secs() - 1);
    assert_eq!(found.authority, "CN=Authority 1");
    assert_eq!((found.policy.as_str(), found.serial), ("1.2.3.4", vec![9]));
}

#[test]
fn an_authority_with_ed25519_keys() {
    let authority = Authority::ed25519(1);
    assert!(verify(&authority.token(MESSAGE, time()), &authority).is_ok());
    // The attributes' digest is bound to SHA-512 (RFC 8419).
    let token = authority.token_with(MESSAGE, time(), |plan| {
        plan.digest_algorithm = sequence(&[&oid(tsa::SHA256)]);
    });
    assert!(verify(&token, &authority).is_err());
    let other = Authority::ed25519(2);
    assert!(verify(&other.token(MESSAGE, time()), &authority).is_err());
}

#[test]
fn a_token_over_something_else() {
    let authority = Authority::new(1);
    let token = authority.token(b"something else", time());
    assert_eq!(verify(&token, &authority), Err(TimestampError::Imprint));
    // The right digest under the name of another hash function.
    assert_said(
        &refused(|plan| plan.imprint_algorithm = sequence(&[&oid(tsa::SHA1)])),
        "1.3.14.3.2.26",
    );
    let sha512 = sequence(&[&oid(tsa::SHA512)]);
    assert_said(
        &refused(|plan| plan.imprint_algorithm = sha512),
        "something else",
    );
    assert_said(&refused(|plan| plan.imprint.truncate(16)), "something else");
}

#[test]
fn an_authority_that_nobody_trusts() {
    let (trusted, other) = (Authority::new(1), Authority::new(2));
    let said = verify(&other.token(MESSAGE, time()), &trusted).unwrap_err();
    assert!(matches!(said, TimestampError::Untrusted { .. }), "{said}");
    let token = TimestampToken::read(&other.token(MESSAGE, time())).unwrap();
    let said = token
        .verify(MESSAGE, &TrustedCertificates::new())
        .unwrap_err();
    assert!(matches!(said, TimestampError::Untrusted { .. }), "{said}");
    // The forger brings his own root along, or the trusted one's certificates.
    for beside in [&other.root, &trusted.root, &trusted.certificate] {
        let token = other.token_with(MESSAGE, time(), |plan| {
            plan.certificates.push(beside.clone())
        });
        assert!(verify(&token, &trusted).is_err());
    }
}

#[test]
fn a_signature_by_another_key_under_the_trusted_certificate() {
    let (trusted, forger) = (Authority::new(1), Authority::new(2));
    // Everything names the trusted authority; only the signature is the forger's.
    let mut right = None;
    let _ = trusted.token_with(MESSAGE, time(), |plan| right = Some(plan.clone()));
    let right = right.unwrap();
    let token = forger.token_with(MESSAGE, time(), |plan| *plan = right);
    assert_eq!(verify(&token, &trusted), Err(TimestampError::Signature));
}

#[test]
fn the_certificate_is_the_one_whose_hash_is_signed() {
    let (one, two) = (Authority::new(1), Authority::new(2));
    let said = refused(|plan| plan.attributes = vec![signing_certificate(&two.certificate)]);
    assert_said(&said, "neither in it nor among the trusted");
    let said = refused(|plan| plan.signer = sequence(&[&tsa::name("Root 2"), &integer(&[7])]));
    assert_said(&said, "neither in it nor among the trusted");
    // Both hashes in one list: the first counts. Both as lists of their own: both must be right.
    let twice = signing_certificate(&one.certificate);
    let said = refused(|plan| plan.attributes = vec![twice.clone(), twice]);
    assert_said(&said, "signing-certificate-v2: it is there twice");
    // SHA-1 of nothing in the older attribute beside the right one.
    let older = attribute(
        "1.2.840.113549.1.9.16.2.12",
        &[sequence(&[&sequence(&[&sequence(&[&octets(&[0; 20])])])])],
    );
    let said = refused(|plan| plan.attributes.push(older));
    assert_said(&said, "neither in it nor among the trusted");
    let said = refused(|plan| plan.attributes.clear());
    assert_said(&said, "signing-certificate-v2: it is missing");
    let empty = attribute("1.2.840.113549.1.9.16.2.47", &[sequence(&[&sequence(&[])])]);
    let said = refused(|plan| plan.attributes = vec![empty]);
    assert_said(&said, "signing-certificate-v2: it is missing");
}

#[test]
fn certificates_that_are_not_for_signing_timestamps() {
    const TIME: &str = "1.3.6.1.5.5.7.3.8";
    const TLS: &str = "1.3.6.1.5.5.7.3.1";
    let with = |extension: Vec<u8>| certificate_refused(|plan| plan.extensions = vec![extension]);
    assert_said(&with(time_stamping(false, &[TIME])), "is not critical");
    assert_said(&with(time_stamping(true, &[TLS])), "is not time stamping");
    assert_said(&with(time_stamping(true, &[TIME, TLS])), "nothing else");
    assert_said(&with(time_stamping(true, &[])), "is not time stamping");
    assert_said(
        &certificate_refused(|plan| {
            plan.extensions = vec![extension("2.5.29.14", false, &octets(&[1]))]
        }),
        "has no extended key usage",
    );
    let twice = certificate_refused(|plan| plan.extensions.push(time_stamping(true, &[TIME])));
    assert_said(&twice, "cannot be read");
    // keyUsage of an issuer: keyCertSign alone.
    let usage = extension("2.5.29.15", true, &tlv(3, &[2, 4]));
    let said = certificate_refused(|plan| plan.extensions.push(usage));
    assert_said(&said, "does not allow to sign");
    // An issuer's certificate signs no timestamps.
    let issuer = extension("2.5.29.19", true, &sequence(&[&[1, 1, 0xff]]));
    let said = certificate_refused(|plan| plan.extensions.push(issuer));
    assert_said(&said, "one for issuing others");
    // What is critical and not understood.
    let unknown = extension("1.2.3.4.5", true, &[5, 0]);
    let said = certificate_refused(|plan| plan.extensions.push(unknown));
    assert_said(&said, "UnsupportedCriticalExtension");
}

#[test]
fn certificates_that_were_not_valid_at_the_time() {
    let said = certificate_refused(|plan| plan.to = "20260101000000Z".into());
    assert_said(&said, "its certificate is not valid at 2026-09-21");
    let said = certificate_refused(|plan| plan.from = "20270101000000Z".into());
    assert_said(&said, "its certificate is not valid at 2026-09-21");
    // Trusted by itself, an authority's certificate must be valid too.
    let authority = Authority::with(1, |plan| plan.to = "20260101000000Z".into());
    let token = TimestampToken::read(&authority.token(MESSAGE, time())).unwrap();
    let said = token.verify(MESSAGE, &trusting(&[&authority.certificate]));
    assert_said(&said.unwrap_err().to_string(), "not valid at");
    // The root was not there yet.
    let authority = Authority::with(1, |plan| plan.from = "20100101000000Z".into());
    let token = authority.token_with(MESSAGE, time(), |plan| plan.time = "20150101000000Z".into());
    let said = verify(&token, &authority).unwrap_err().to_string();
    assert_said(&said, "no trusted certificate is valid at 2015");
}

#[test]
fn an_authority_is_no_issuer() {
    // Trusting an authority's own certificate does not let it issue certificates to others.
    let (one, two) = (Authority::new(1), Authority::new(2));
    let token = TimestampToken::read(&two.token(MESSAGE, time())).unwrap();
    let said = token
        .verify(MESSAGE, &trusting(&[&one.certificate]))
        .unwrap_err();
    assert!(matches!(said, TimestampError::Untrusted { .. }), "{said}");
    let own = TimestampToken::read(&one.token(MESSAGE, time())).unwrap();
    assert!(own.verify(MESSAGE, &trusting(&[&one.certificate])).is_ok());
}

#[test]
fn the_content_is_what_the_attributes_say() {
    assert_said(
        &refused(|plan| plan.message_digest = Some(vec![0; 32])),
        "message-digest",
    );
    assert_said(
        &refused(|plan| plan.message_digest = Some(vec![])),
        "message-digest",
    );
    let data = oid("1.2.840.113549.1.7.1");
    assert_said(&refused(|plan| plan.content_type = data), "no timestamp");
    let second = attribute("1.2.840.113549.1.9.4", &[octets(&[0; 32])]);
    assert_said(&refused(|plan| plan.attributes.push(second)), "there twice");
    let sha1 = sequence(&[&oid(tsa::SHA1)]);
    assert_said(
        &refused(|plan| plan.digest_algorithm = sha1),
        "1.3.14.3.2.26",
    );
    // Another digest than the one that the signature algorithm is bound to.
    let sha512 = sequence(&[&oid(tsa::SHA512)]);
    let said = refused(|plan| {
        plan.digest_algorithm = sha512;
        plan.message_digest = None;
    });
    assert_said(&said, "message-digest");
}

#[test]
fn one_signer_and_canonical_attributes() {
    assert_said(&refused(|plan| plan.signers = 2), "one signer");
    assert_said(&refused(|plan| plan.signers = 0), "signed data");
    assert_said(&refused(|plan| plan.sorted = false), "not canonical");
    let certificate = Authority::new(1).certificate;
    let said = refused(|plan| plan.certificates = vec![certificate; 17]);
    assert_said(&said, "more than 16");
}

#[test]
fn certificates_of_strangers_do_not_disturb() {
    let (authority, other) = (Authority::new(1), Authority::new(2));
    let strangers = [
        vec![sequence(&[])],
        vec![other.root.clone(), other.certificate.clone()],
        // The trusted root's name and serial number, another key.
        vec![Authority::with(2, |plan| plan.subject = "Root 1".into()).certificate],
        // An attribute certificate, which is of no use here.
        vec![tlv(0xa2, &[5, 0])],
        vec![authority.root.clone(); 15],
    ];
    for strangers in strangers {
        let token = authority.token_with(MESSAGE, time(), |plan| {
            plan.certificates.splice(0..0, strangers.clone());
        });
        assert!(verify(&token, &authority).is_ok());
        let token = other.token_with(MESSAGE, time(), |plan| plan.certificates.extend(strangers));
        assert!(verify(&token, &authority).is_err());
    }
}

#[test]
fn a_timestamp_has_one_form() {
    assert_said(&refused(|plan| plan.version = 2), "version: expected 1");
    for odd in [
        "20260230000000Z",
        "20260921141320",
        "2026092114132Z",
        "20260921141320.0Z",
    ] {
        assert_said(&refused(|plan| plan.time = odd.into()), "genTime");
    }
    let accuracy = sequence(&[&tlv(0x80, &[0])]);
    assert_said(&refused(|plan| plan.rest = vec![accuracy]), "accuracy");
    let critical = tlv(0xa1, &extension("1.2.3", true, &[5, 0]));
    assert_said(
        &refused(|plan| plan.rest.push(critical)),
        "critical extension",
    );
    let trailing = tlv(0xa5, &[5, 0]);
    assert_said(&refused(|plan| plan.rest.push(trailing)), "TSTInfo");
    let plain = tlv(0xa1, &extension("1.2.3", false, &[5, 0]));
    let authority = Authority::new(1);
    let token = authority.token_with(MESSAGE, time(), |plan| plan.rest.push(plain));
    assert!(verify(&token, &authority).is_ok());
}

#[test]
fn a_name_of_the_authority_is_its_certificates() {
    let own = tagged(0, &tagged(4, &tsa::name("Authority 1")));
    let authority = Authority::new(1);
    let token = authority.token_with(MESSAGE, time(), |plan| plan.rest.push(own));
    assert!(verify(&token, &authority).is_ok());
    let other = tagged(0, &tagged(4, &tsa::name("Authority 2")));
    assert_said(
        &refused(|plan| plan.rest.push(other)),
        "names another authority",
    );
    let mail = tagged(0, &tlv(0x81, b"tsa@example.org"));
    assert_said(
        &refused(|plan| plan.rest.push(mail.clone())),
        "names another authority",
    );
    // With an alternative name of that kind in the certificate it is right.
    let names = sequence(&[&tlv(0x81, b"tsa@example.org")]);
    let authority = Authority::with(1, |plan| {
        plan.extensions.push(extension("2.5.29.17", false, &names));
    });
    let token = authority.token_with(MESSAGE, time(), |plan| plan.rest.push(mail));
    assert!(verify(&token, &authority).is_ok());
}

#[test]
fn fractions_and_accuracy_widen_the_bounds() {
    let authority = Authority::new(1);
    let token = authority.token_with(MESSAGE, time(), |plan| {
        plan.time = "20260921141320.1234567Z".into();
        plan.rest = vec![sequence(&[&tlv(0x80, &[2]), &tlv(0x81, &[3])])];
    });
    let found = verify(&token, &authority).unwrap();
    assert_eq!(found.time.to_string(), "2026-09-21T14:13:20.123456Z");
    assert_eq!(found.latest().to_string(), "2026-09-21T14:13:20.125460Z");
    assert_eq!(found.earliest().to_string(), "2026-09-21T14:13:20.121452Z");
}
