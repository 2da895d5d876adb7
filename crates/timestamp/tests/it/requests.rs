//! Requests and responses.

use crate::{MESSAGE, time, verify};
use ai_audit_testkit::tsa::{Authority, integer, sequence, tlv};
use ai_audit_timestamp::{
    MAX_TOKEN_LEN, TimestampError, TimestampRequest, TimestampResponse, TimestampToken,
};

#[test]
fn the_answer_to_a_request_has_its_imprint_and_nonce() {
    let authority = Authority::new(1);
    for byte in [0, 7, 0x7f, 0x80, 0xff] {
        let request = TimestampRequest::new(MESSAGE, [byte; 16]).unwrap();
        let der = request.as_bytes();
        // The nonce stands before the flag at the end: 16 bytes, positive, without a leading zero.
        let (rest, flag) = der.split_at(der.len() - 3);
        assert_eq!(flag, [1, 1, 0xff]);
        let (rest, nonce) = rest.split_at(rest.len() - 16);
        assert_eq!(rest[rest.len() - 2..], [2, 16]);
        assert!((0x40..0x80).contains(&nonce[0]));
        let nonce = integer(nonce);
        let answer = |nonce: Vec<u8>, message: &[u8]| {
            let token = authority.token_with(message, time(), |plan| plan.rest.push(nonce));
            TimestampToken::read(&token).unwrap()
        };
        assert_eq!(request.check(&answer(nonce.clone(), MESSAGE)), Ok(()));
        let other = answer(nonce, b"other");
        assert_eq!(request.check(&other), Err(TimestampError::Imprint));
        for nonce in [vec![], integer(&[0x41; 16])] {
            let other = answer(nonce, MESSAGE);
            assert_eq!(request.check(&other), Err(TimestampError::Nonce));
        }
    }
}

fn response(status: u8, text: &str, token: &[u8]) -> Vec<u8> {
    let text = sequence(&[&tlv(0x0c, text.as_bytes())]);
    sequence(&[&sequence(&[&integer(&[status]), &text]), token])
}

#[test]
fn only_what_was_granted_is_a_token() {
    let authority = Authority::new(1);
    let token = authority.token(MESSAGE, time());
    for status in [0, 1] {
        let granted = response(status, "fine", &token);
        assert_eq!(
            TimestampResponse::token(&granted).unwrap().as_bytes(),
            token
        );
        assert!(verify(&granted, &authority).is_ok());
    }
    for status in 2..7 {
        let error = TimestampResponse::token(&response(status, "no\u{1b}[31m\u{202e}", &token));
        let error = error.unwrap_err();
        assert_eq!(
            error,
            TimestampError::NotGranted {
                status: status.into(),
                text: "no?[31m?".into()
            }
        );
        assert!(
            error.to_string().contains(&format!("status {status}")),
            "{error}"
        );
    }
    let error = TimestampResponse::token(&response(0, "", &[])).unwrap_err();
    assert!(error.to_string().contains("without a token"), "{error}");
    assert!(TimestampResponse::token(&token).is_err());
}

#[test]
fn a_token_is_wrapped_as_the_response_that_brings_it() {
    let authority = Authority::new(1);
    let token = TimestampToken::read(&authority.token(MESSAGE, time())).unwrap();
    let wrapped = TimestampResponse::around(&token).unwrap();
    assert_eq!(TimestampResponse::token(&wrapped), Ok(token.clone()));
    assert_eq!(TimestampToken::read(&wrapped), Ok(token));
}

#[test]
fn what_is_too_long_is_not_read() {
    let long = vec![0x30; MAX_TOKEN_LEN + 1];
    for result in [
        TimestampToken::read(&long),
        TimestampToken::parse(&long),
        TimestampResponse::token(&long),
    ] {
        assert!(matches!(result, Err(TimestampError::TooLong { .. })));
    }
}
