//! Another implementation as the authority: the `openssl` command.

use crate::MESSAGE;
use ai_audit_testkit::tsa::{KeyType, OpensslAuthority};
use ai_audit_timestamp::{
    TimestampError, TimestampRequest, TimestampResponse, TimestampToken, TrustedCertificates,
};

fn trusting(pem: &[u8]) -> TrustedCertificates {
    let mut trusted = TrustedCertificates::new();
    assert_eq!(trusted.add_file(pem), Ok(1));
    trusted
}

#[test]
fn keys_of_every_kind() {
    use KeyType::{Ed25519, P256, P384, Rsa2048, Rsa4096};
    let folder = tempfile::tempdir().unwrap();
    let pairs = [
        (Rsa2048, Rsa2048),
        (Rsa4096, P256),
        (P256, P384),
        (P384, Rsa4096),
        (Ed25519, P256),
    ];
    for (number, (root, own)) in pairs.into_iter().enumerate() {
        let folder = folder.path().join(number.to_string());
        let Some(authority) = OpensslAuthority::new(&folder, root, own) else {
            return;
        };
        let trusted = trusting(&authority.root());
        let mut before = "sha256";
        for digest in ["sha256", "sha384", "sha512"] {
            let setting = |digest: &str| format!("signer_digest = {digest}");
            authority.configure(&setting(before), &setting(digest));
            before = digest;
            let request = TimestampRequest::new(MESSAGE, [7; 16]).unwrap();
            let response = authority.answer(request.as_bytes());
            let token = TimestampResponse::token(&response).unwrap();
            request.check(&token).unwrap();
            let found = token.verify(MESSAGE, &trusted);
            let found = found.unwrap_or_else(|error| panic!("{root:?} {own:?} {digest}: {error}"));
            assert_eq!(found.accuracy.as_millis(), 1500);
            assert_eq!(found.policy, "1.2.3.4.1");
            assert_eq!(found.authority, "CN=Authority,O=Example");
            let other = token.verify(b"other", &trusted);
            assert_eq!(other, Err(TimestampError::Imprint));
        }
    }
}

#[test]
fn both_accept_and_refuse_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let Some(authority) = OpensslAuthority::new(folder.path(), KeyType::P256, KeyType::Rsa2048)
    else {
        return;
    };
    let trusted = trusting(&authority.root());
    let verify = |message: &[u8], response: &[u8]| {
        TimestampResponse::token(response).and_then(|token| token.verify(message, &trusted))
    };
    let answers = [
        authority.answer(&authority.query(MESSAGE, "-sha256 -cert")),
        authority.answer(&authority.query(MESSAGE, "-sha512 -cert -no_nonce")),
        authority.answer(&authority.query(b"other", "-sha384 -cert")),
    ];
    for answer in &answers {
        for message in [MESSAGE, b"other"] {
            assert_eq!(
                verify(message, answer).is_ok(),
                authority.accepts(message, answer)
            );
        }
    }
    // Ours, in the form that openssl reads.
    let token = TimestampToken::read(&answers[0]).unwrap();
    let again = TimestampResponse::around(&token).unwrap();
    assert!(authority.accepts(MESSAGE, &again));
    // The last byte is the signature's.
    let mut changed = again;
    *changed.last_mut().unwrap() ^= 1;
    assert!(!authority.accepts(MESSAGE, &changed));
    assert!(verify(MESSAGE, &changed).is_err());
}

#[test]
fn a_refusal_of_the_authority_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let Some(authority) = OpensslAuthority::new(folder.path(), KeyType::P256, KeyType::P256) else {
        return;
    };
    let answer = authority.answer(&authority.query(MESSAGE, "-sha1 -cert"));
    let error = TimestampResponse::token(&answer).unwrap_err();
    assert!(
        matches!(error, TimestampError::NotGranted { status: 2, .. }),
        "{error}"
    );
}

#[test]
fn older_authorities_name_their_certificate_by_its_sha1() {
    let folder = tempfile::tempdir().unwrap();
    let Some(authority) = OpensslAuthority::new(folder.path(), KeyType::P256, KeyType::Rsa2048)
    else {
        return;
    };
    authority.configure("ess_cert_id_alg = sha256", "ess_cert_id_alg = sha1");
    authority.configure("ess_cert_id_chain = no", "ess_cert_id_chain = yes");
    // Without the certificate in the token, the verifier has to bring it.
    let answer = authority.answer(&authority.query(MESSAGE, "-sha256"));
    let token = TimestampResponse::token(&answer).unwrap();
    let mut trusted = trusting(&authority.root());
    assert_eq!(
        token.verify(MESSAGE, &trusted),
        Err(TimestampError::NoCertificate)
    );
    trusted.add_file(&authority.certificate()).unwrap();
    assert!(token.verify(MESSAGE, &trusted).is_ok());
    // In one file of PEM, with words between, as people keep them.
    let both = [
        &authority.root()[..],
        b"\nour authority:\n",
        &authority.certificate(),
    ]
    .concat();
    let mut trusted = TrustedCertificates::new();
    assert_eq!(trusted.add_file(&both), Ok(2));
    assert!(token.verify(MESSAGE, &trusted).is_ok());
}
