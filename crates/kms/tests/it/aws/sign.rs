//! KMS's `Sign` for Ed25519, which no local service has: an endpoint written from AWS's documentation of
//! the call (`MessageType` RAW, `SigningAlgorithm` ED25519_SHA_512, keys ECC_NIST_EDWARDS25519), and one that
//! does not keep to it.

use super::{SECRET, SESSION, stands};
use crate::servers::{Answer, Came, Endpoint, patient};
use ai_audit_core::{Signer as _, SigningKey};
use ai_audit_kms::{AwsCredentials, AwsKmsSigner, AwsService, KmsError, KmsErrorKind, Patience};
use base64ct::{Base64, Encoding as _};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

const ARN: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

fn key() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}

fn service_with(endpoint: &Endpoint, patience: Patience) -> Arc<AwsService> {
    let who = AwsCredentials::new("AKIDEXAMPLE", SECRET.into(), Some(SESSION.into()));
    let clock = stands(1_440_938_160_000_000);
    let service = AwsService::new("eu-central-1", who, patience, clock).unwrap();
    Arc::new(service.at(&endpoint.url).unwrap())
}

fn open_with(
    endpoint: &Endpoint,
    name: &str,
    patience: Patience,
) -> Result<AwsKmsSigner, KmsError> {
    let service = service_with(endpoint, patience);
    let shown = format!("{service:?}");
    let opened = AwsKmsSigner::open(service, name, key().verifying_key());
    let said = match &opened {
        Ok(signer) => format!("{signer:?} {shown}"),
        Err(error) => format!("{error} {error:?} {shown}"),
    };
    println!("{said}");
    for part in [SECRET, SESSION, "K7MDENG", "SESSION2"] {
        assert!(!said.contains(part), "{said}");
    }
    opened
}

fn open(endpoint: &Endpoint) -> Result<AwsKmsSigner, KmsError> {
    open_with(endpoint, ARN, patient())
}

fn ok(signature: &[u8]) -> Answer {
    let body = json!({
        "KeyId": ARN,
        "Signature": Base64::encode_string(signature),
        "SigningAlgorithm": "ED25519_SHA_512",
    });
    Answer::Says(200, "", body.to_string())
}

fn failed(status: u16, kind: &str, message: &str) -> Answer {
    let body = json!({"__type": kind, "message": message});
    Answer::Says(status, "", body.to_string())
}

/// As KMS does by its documentation.
fn documented(came: &Came) -> Answer {
    let body = came.json();
    let message = Base64::decode_vec(body["Message"].as_str().unwrap()).unwrap();
    let known = ["KeyId", "Message", "MessageType", "SigningAlgorithm"];
    let unknown = body
        .as_object()
        .unwrap()
        .keys()
        .any(|key| !known.contains(&key.as_str()));
    if came.line != "POST / HTTP/1.1"
        || came.header("x-amz-target") != "TrentService.Sign"
        || came.header("content-type") != "application/x-amz-json-1.1"
        || unknown
    {
        return failed(400, "UnknownOperationException", "");
    }
    if !came
        .header("authorization")
        .contains("SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target,")
        || came.header("x-amz-security-token") != SESSION
        || came.header("x-amz-date") != "20150830T123600Z"
    {
        return failed(400, "IncompleteSignatureException", "");
    }
    if body["KeyId"] != ARN {
        return failed(400, "NotFoundException", "Key does not exist");
    }
    if body["MessageType"] != "RAW" || body["SigningAlgorithm"] != "ED25519_SHA_512" {
        return failed(400, "ValidationException", "Ed25519 is signed RAW");
    }
    if message.is_empty() || message.len() > 4096 {
        return failed(400, "ValidationException", "length");
    }
    ok(key().sign(&message).as_bytes())
}

#[test]
fn kms_is_asked_as_its_documentation_says() {
    let endpoint = Endpoint::new(|came, _| documented(came));
    let signer = open(&endpoint).unwrap();
    for len in [1, 53, 4096] {
        let message = vec![5; len];
        assert_eq!(signer.try_sign(&message).unwrap(), key().sign(&message));
    }
    let asked = endpoint.asked();
    let error = signer.try_sign(&[0; 4097]).unwrap_err().to_string();
    assert!(error.contains("4096 bytes, found 4097"), "{error}");
    assert_eq!(
        endpoint.asked(),
        asked,
        "nothing is sent that cannot be signed"
    );
}

#[test]
fn a92_what_is_not_signed_by_the_pinned_key_is_never_used() {
    let other = SigningKey::from_bytes(&[2; 32]);
    let signature = other.sign(b"m").as_bytes().to_vec();
    for bytes in [
        signature,
        key().sign(b"pay 1000").as_bytes().to_vec(),
        vec![0; 64],
        vec![0; 63],
        Vec::new(),
    ] {
        let endpoint = Endpoint::new(move |_, _| ok(&bytes));
        assert_eq!(open(&endpoint).unwrap_err().kind(), KmsErrorKind::OtherKey);
        assert_eq!(endpoint.asked(), 1);
    }
    for body in [
        "",
        "null",
        "{}",
        "{\"Signature\":7}",
        "{\"Signature\":\"%%%\"}",
        "<html>",
    ] {
        let endpoint = Endpoint::new(move |_, _| Answer::Says(200, "", body.into()));
        assert_eq!(
            open(&endpoint).unwrap_err().kind(),
            KmsErrorKind::Answer,
            "{body}"
        );
    }
    // The key behind an alias was changed under a running signer.
    let endpoint = Endpoint::new(move |came, number| match number {
        0 => documented(came),
        _ => ok(other.sign(b"m").as_bytes()),
    });
    let signer = open(&endpoint).unwrap();
    let error = signer.try_sign(b"m").unwrap_err().to_string();
    assert!(error.contains("not signed by the pinned key"), "{error}");
}

#[test]
fn what_kms_refuses_is_said_and_only_what_may_pass_is_tried_again() {
    use KmsErrorKind as Kind;
    for (status, name, kind, word) in [
        (400, "DisabledException", Kind::KeyUnusable, "enable it"),
        (
            400,
            "KMSInvalidStateException",
            Kind::KeyUnusable,
            "to be deleted",
        ),
        (
            400,
            "InvalidKeyUsageException",
            Kind::KeyUnusable,
            "ECC_NIST_EDWARDS25519",
        ),
        (
            400,
            "com.amazonaws.kms#NotFoundException",
            Kind::NoSuchKey,
            "eu-central-1",
        ),
        (400, "AccessDeniedException", Kind::Denied, "policies"),
        (
            400,
            "UnrecognizedClientException",
            Kind::Credentials,
            "credentials",
        ),
        (400, "ExpiredTokenException", Kind::Credentials, "expired"),
        (403, "InvalidSignatureException", Kind::Credentials, "clock"),
        (400, "ValidationException", Kind::Refused, "refused"),
        (400, "", Kind::Refused, "refused"),
        (302, "", Kind::Refused, "refused"),
    ] {
        let endpoint = Endpoint::new(move |_, _| failed(status, name, "said"));
        let error = open(&endpoint).unwrap_err();
        assert_eq!(error.kind(), kind, "{name}");
        assert!(error.to_string().contains(word), "{error}");
        assert_eq!(endpoint.asked(), 1, "{name}");
    }
    for (status, name) in [
        (400, "ThrottlingException"),
        (500, "KMSInternalException"),
        (500, "KeyUnavailableException"),
        (503, ""),
    ] {
        let endpoint = Endpoint::new(move |came, number| match number {
            0 => failed(status, name, "later"),
            1 => Answer::Nothing,
            _ => documented(came),
        });
        open(&endpoint).unwrap();
        assert_eq!(endpoint.asked(), 3, "{name}");
    }
    let endpoint = Endpoint::new(|_, _| failed(400, "ThrottlingException", "Rate exceeded"));
    assert_eq!(open(&endpoint).unwrap_err().kind(), Kind::Throttled);
    assert_eq!(endpoint.asked(), 4);
    let endpoint = Endpoint::new(|_, _| Answer::Silence);
    let patience = Patience {
        timeout: Duration::from_millis(50),
        deadline: Duration::from_millis(120),
        ..patient()
    };
    let kind = open_with(&endpoint, ARN, patience).unwrap_err().kind();
    assert!(
        matches!(kind, Kind::TimedOut | Kind::Unavailable),
        "{kind:?}"
    );
}

#[test]
fn a_key_of_another_region_is_refused_before_anything_is_sent() {
    let endpoint = Endpoint::new(|came, _| documented(came));
    let elsewhere = ARN.replace("eu-central-1", "us-east-1");
    let error = open_with(&endpoint, &elsewhere, patient()).unwrap_err();
    assert_eq!(error.kind(), KmsErrorKind::Settings);
    assert!(error.to_string().contains("us-east-1"), "{error}");
    assert_eq!(endpoint.asked(), 0);
    for region in [
        "",
        "eu central",
        "eu-central-1/x",
        "evil.example.org#",
        "EU",
    ] {
        let who = AwsCredentials::new("A", SECRET.into(), None);
        let clock = stands(0);
        assert!(
            AwsService::new(region, who, patient(), clock).is_err(),
            "{region}"
        );
    }
}

#[test]
fn a94_a_service_that_says_the_credentials_again_does_not_get_them_into_a_message() {
    let endpoint = Endpoint::new(|came, _| {
        let session = came.header("x-amz-security-token");
        let (half, other) = session.split_at(session.len() / 2);
        let said = format!("\u{1b}[31m{session} {half} {other} {SECRET}\n");
        failed(400, &format!("Odd{session}"), &said)
    });
    let error = open(&endpoint).unwrap_err().to_string();
    assert!(
        error.contains("Odd…") && !error.contains(char::is_control),
        "{error:?}"
    );
}
