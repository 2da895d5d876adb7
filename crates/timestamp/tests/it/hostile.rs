//! Changed and arbitrary bytes: never accepted as something else, never a panic.

use crate::{MESSAGE, time, trusting, verify};
use ai_audit_testkit::tsa::Authority;
use ai_audit_timestamp::{
    TimestampRequest, TimestampResponse, TimestampToken, TrustedCertificates,
};
use proptest::prelude::*;

#[test]
fn no_token_with_a_flipped_bit_is_accepted() {
    for authority in [Authority::new(1), Authority::ed25519(1)] {
        let token = authority.token(MESSAGE, time());
        assert!(verify(&token, &authority).is_ok());
        for bit in 0..token.len() * 8 {
            let mut changed = token.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(verify(&changed, &authority).is_err(), "bit {bit}");
        }
    }
}

#[test]
fn no_cut_token_is_read() {
    let authority = Authority::new(1);
    let token = authority.token(MESSAGE, time());
    for end in 0..token.len() {
        assert!(TimestampToken::read(&token[..end]).is_err(), "{end}");
    }
    let mut longer = token;
    longer.push(0);
    assert!(TimestampToken::read(&longer).is_err());
}

fn flips() -> impl Strategy<Value = Vec<(prop::sample::Index, u8)>> {
    prop::collection::vec((any::<prop::sample::Index>(), 1..=255u8), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn changed_tokens_never_say_something_else(flips in flips()) {
        let authority = Authority::new(1);
        let token = authority.token(MESSAGE, time());
        let right = verify(&token, &authority).unwrap();
        let mut changed = token;
        for (place, flip) in flips {
            let at = place.index(changed.len());
            changed[at] ^= flip;
        }
        if let Ok(found) = verify(&changed, &authority) {
            prop_assert_eq!(found, right);
        }
    }

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(TimestampToken::read(&bytes).is_err());
        prop_assert!(TimestampResponse::token(&bytes).is_err());
        let mut trusted = TrustedCertificates::new();
        prop_assert!(trusted.add_der(&bytes).is_err());
        let _ = trusted.add_file(&bytes);
        prop_assert!(TimestampRequest::new(&bytes, [7; 16]).is_ok());
    }

    #[test]
    fn certificates_with_changes_do_not_panic(flips in flips()) {
        let authority = Authority::new(1);
        let token = TimestampToken::read(&authority.token(MESSAGE, time())).unwrap();
        let mut changed = authority.root.clone();
        for (place, flip) in flips {
            let at = place.index(changed.len());
            changed[at] ^= flip;
        }
        let mut trusted = TrustedCertificates::new();
        // What was trusted is the verifier's own; it only must not end the process.
        if trusted.add_der(&changed).is_ok() {
            let _ = token.verify(MESSAGE, &trusted);
        }
        prop_assert!(token.verify(MESSAGE, &trusting(&[&authority.root])).is_ok());
    }
}
