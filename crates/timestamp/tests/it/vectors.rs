//! Tokens of real authorities, and what is expected of each (`../shared/vectors/rfc3161`).

use ai_audit_timestamp::{TimestampError, TimestampToken, TrustedCertificates, VerifiedTimestamp};
use std::fs;
use std::path::{Path, PathBuf};
use std::slice::from_ref;

fn folder() -> Option<PathBuf> {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors/rfc3161/test/fixtures");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("SKIPPED: {} is not there", folder.display());
    None
}

/// The certificates beside a response; some files are PEM, one is DER.
fn chain(response: &Path) -> Vec<Vec<u8>> {
    let mut trusted = TrustedCertificates::new();
    let file = fs::read(response.with_file_name("ts_chain.pem")).unwrap();
    assert!(trusted.add_file(&file).unwrap() > 0);
    trusted.iter().map(<[u8]>::to_vec).collect()
}

fn trusting(certificates: &[Vec<u8>]) -> TrustedCertificates {
    let mut trusted = TrustedCertificates::new();
    for certificate in certificates {
        trusted.add_der(certificate).unwrap();
    }
    trusted
}

fn check(
    response: &Path,
    message: &[u8],
    trusted: &TrustedCertificates,
) -> Result<VerifiedTimestamp, TimestampError> {
    TimestampToken::read(&fs::read(response).unwrap())?.verify(message, trusted)
}

#[test]
fn each_response_is_accepted_or_refused_as_its_name_says() {
    let Some(folder) = folder() else { return };
    let payload = fs::read(folder.join("sigstore.mock/payload")).unwrap();
    // The file, what it is over, and the time if it is to be accepted with its whole chain.
    let table: [(&str, &[u8], Option<&str>); 10] = [
        (
            "test_tsa/response.tsr",
            b"hello",
            Some("2024-10-08T15:40:32"),
        ),
        // Certificates of strangers were put in beside: they are not the signer's.
        (
            "test_tsa/response-injected-certs.tsr",
            b"hello",
            Some("2024-10-08T15:40:32"),
        ),
        // By an authority of the same name and other keys.
        ("test_tsa/other_response.tsr", b"hello", None),
        (
            "sigstage/response-sha256.tsr",
            b"hello",
            Some("2025-05-09T11:58:55"),
        ),
        (
            "sigstage/response-sha384.tsr",
            b"hello",
            Some("2025-05-09T11:58:55"),
        ),
        (
            "sigstage/response-sha512.tsr",
            b"hello",
            Some("2025-05-09T11:58:56"),
        ),
        ("sigstage/response-invalid-signature.tsr", b"hello", None),
        (
            "sigstage/response-no-embedded-cert.tsr",
            b"hello",
            Some("2025-06-18T08:13:02"),
        ),
        // Expired today, valid when it was signed, which is what counts.
        (
            "sigstore.mock/response-expired.tsr",
            &payload,
            Some("2023-02-01T00:00:00"),
        ),
        // The signer's is not the first certificate; its hash is a SHA-1; the key is RSA.
        (
            "identrust/issue-104.tsr",
            b"hello",
            Some("2025-03-11T08:52:08"),
        ),
    ];
    for (file, message, expected) in table {
        let path = folder.join(file);
        let trusted = trusting(&chain(&path));
        let result = check(&path, message, &trusted);
        match expected {
            Some(time) => {
                let found = result.unwrap_or_else(|error| panic!("{file}: {error}"));
                assert!(
                    found.time.to_string().starts_with(time),
                    "{file}: {found:?}"
                );
            }
            None => assert!(result.is_err(), "{file}: {result:?}"),
        }
        // Over anything else, or trusting nobody, none of them says anything.
        let other = check(&path, b"hullo", &trusted);
        assert_eq!(other, Err(TimestampError::Imprint), "{file}");
        let nobody = check(&path, message, &TrustedCertificates::new());
        assert!(nobody.is_err(), "{file}");
    }
}

#[test]
fn refusals_have_their_reasons() {
    let Some(folder) = folder() else { return };
    let path = folder.join("test_tsa/other_response.tsr");
    let error = check(&path, b"hello", &trusting(&chain(&path))).unwrap_err();
    assert!(matches!(error, TimestampError::Untrusted { .. }), "{error}");
    let path = folder.join("sigstage/response-invalid-signature.tsr");
    let error = check(&path, b"hello", &trusting(&chain(&path))).unwrap_err();
    assert_eq!(error, TimestampError::Signature);
}

#[test]
fn any_certificate_of_the_path_may_be_the_trusted_one() {
    let Some(folder) = folder() else { return };
    let path = folder.join("test_tsa/response.tsr");
    let [leaf, intermediate, root] = chain(&path).try_into().unwrap();
    // The token brings its own certificate, not the one that issued it.
    for trusted in [vec![leaf], vec![intermediate]] {
        assert!(check(&path, b"hello", &trusting(&trusted)).is_ok());
    }
    let error = check(&path, b"hello", &trusting(&[root])).unwrap_err();
    assert!(error.to_string().contains("none of them issued"), "{error}");
}

#[test]
fn a_token_without_its_certificate_needs_it_from_the_verifier() {
    let Some(folder) = folder() else { return };
    let path = folder.join("sigstage/response-no-embedded-cert.tsr");
    let [leaf, root] = chain(&path).try_into().unwrap();
    let error = check(&path, b"hello", &trusting(from_ref(&root))).unwrap_err();
    assert_eq!(error, TimestampError::NoCertificate);
    assert!(check(&path, b"hello", &trusting(from_ref(&leaf))).is_ok());
    assert!(check(&path, b"hello", &trusting(&[leaf, root])).is_ok());
}

#[test]
fn requests_of_others_are_not_answered_by_these_responses() {
    let Some(folder) = folder() else { return };
    let response = fs::read(folder.join("test_tsa/response.tsr")).unwrap();
    let token = TimestampToken::read(&response).unwrap();
    let request = ai_audit_timestamp::TimestampRequest::new(b"hello", [1; 16]).unwrap();
    // It is over a SHA-512, and ours asks for SHA-256.
    assert_eq!(request.check(&token), Err(TimestampError::Imprint));
    let response = fs::read(folder.join("sigstage/response-sha256.tsr")).unwrap();
    let token = TimestampToken::read(&response).unwrap();
    assert_eq!(request.check(&token), Err(TimestampError::Nonce));
}
