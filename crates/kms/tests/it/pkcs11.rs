//! SoftHSM of Debian as the token.

mod token;

pub(crate) use token::{MODULE, Tokens, in_child};

use crate::keks::{LOG, lifecycle, subject_key};
use ai_audit_core::{Signer as _, SigningKey, VerifyingKey};
use ai_audit_kms::{Credential, KmsErrorKind, Pkcs11Keks, Pkcs11Signer, Pkcs11Token};
use ai_audit_shredding::KekVault as _;
use cryptoki::object::{Attribute, KeyType};
use std::sync::Arc;
use token::Made;

fn open(tokens: &Tokens, key: &str, pinned: VerifyingKey) -> Result<Pkcs11Signer, KmsErrorKind> {
    Pkcs11Signer::open(tokens.open(), key, pinned).map_err(|error| {
        println!("{error}");
        assert!(!error.to_string().contains(token::PIN), "{error}");
        error.kind()
    })
}

#[test]
fn signs_with_a_key_that_the_token_made() {
    let Some(tokens) = in_child("pkcs11::signs_with_a_key_that_the_token_made") else {
        return;
    };
    let pinned = tokens.generate("receipts");
    let signer = open(&tokens, "receipts", pinned).unwrap();
    assert_eq!(signer.verifying_key(), pinned);
    std::thread::scope(|scope| {
        for thread in 0..4_u8 {
            let signer = signer.shared().unwrap();
            scope.spawn(move || {
                for number in 0..20_u8 {
                    let message = [thread, number].repeat(50);
                    let signature = signer.try_sign(&message).unwrap();
                    pinned.verify(&message, &signature).unwrap();
                }
            });
        }
    });
    let shown = format!("{signer:?} {:?}", tokens.open());
    assert!(
        !shown.contains(token::PIN) && shown.contains("receipts"),
        "{shown}"
    );
}

#[test]
fn signs_byte_for_byte_as_the_core_does() {
    let Some(tokens) = in_child("pkcs11::signs_byte_for_byte_as_the_core_does") else {
        return;
    };
    let key = SigningKey::from_bytes(&[7; 32]);
    tokens.import("receipts", &[7; 32], &Made::default());
    let signer = open(&tokens, "receipts", key.verifying_key()).unwrap();
    for len in [0, 1, 53, 4096, 65_535] {
        let message = vec![5; len];
        assert_eq!(signer.try_sign(&message).unwrap(), key.sign(&message));
    }
}

#[test]
fn a92_a_key_that_was_replaced_is_noticed() {
    let Some(tokens) = in_child("pkcs11::a92_a_key_that_was_replaced_is_noticed") else {
        return;
    };
    let [key, other] = [1, 2].map(|seed| SigningKey::from_bytes(&[seed; 32]).verifying_key());
    tokens.import("receipts", &[1; 32], &Made::default());
    assert_eq!(
        open(&tokens, "receipts", other).err(),
        Some(KmsErrorKind::OtherKey)
    );
    let signer = open(&tokens, "receipts", key).unwrap();
    signer.try_sign(b"before").unwrap();
    // Whoever has the PIN puts another key in its place, under the running signer.
    tokens.destroy("receipts");
    let gone = signer.try_sign(b"between").unwrap_err().to_string();
    assert!(gone.contains("no private key of this label"), "{gone}");
    tokens.import("receipts", &[2; 32], &Made::default());
    let error = signer.try_sign(b"after").unwrap_err().to_string();
    assert!(error.contains("not signed by the pinned key"), "{error}");
    // And when the true one is back, it goes on.
    tokens.destroy("receipts");
    tokens.import("receipts", &[1; 32], &Made::default());
    let signature = signer.try_sign(b"again").unwrap();
    key.verify(b"again", &signature).unwrap();
}

#[test]
fn keys_that_are_not_fit_are_refused() {
    let Some(tokens) = in_child("pkcs11::keys_that_are_not_fit_are_refused") else {
        return;
    };
    let pinned = SigningKey::from_bytes(&[1; 32]).verifying_key();
    let refused = |label: &str| open(&tokens, label, pinned).err().unwrap();
    assert_eq!(refused("none"), KmsErrorKind::NoSuchKey);
    for (label, made) in [
        (
            "extractable",
            Made {
                extractable: true,
                ..Made::default()
            },
        ),
        (
            "readable",
            Made {
                sensitive: false,
                ..Made::default()
            },
        ),
        (
            "idle",
            Made {
                sign: false,
                ..Made::default()
            },
        ),
    ] {
        tokens.import(label, &[1; 32], &made);
        assert_eq!(refused(label), KmsErrorKind::KeyUnusable, "{label}");
    }
    tokens.import("twice", &[1; 32], &Made::default());
    tokens.import("twice", &[1; 32], &Made::default());
    assert_eq!(refused("twice"), KmsErrorKind::KeyUnusable);
    tokens.generate_p256("p256");
    assert_eq!(refused("p256"), KmsErrorKind::KeyUnusable);
}

#[test]
fn tokens_that_are_not_there_are_said() {
    let Some(tokens) = in_child("pkcs11::tokens_that_are_not_there_are_said") else {
        return;
    };
    let open = |module: &str, label: &str, pin: &str| {
        let error = Pkcs11Token::open(module, label, Credential::new(pin.into())).unwrap_err();
        println!("{error}");
        assert!(!error.to_string().contains(pin), "{error}");
        (error.kind(), error.to_string())
    };
    let (kind, said) = open("/nowhere/module.so", "audit", "hunter2");
    assert!(kind == KmsErrorKind::Settings && said.contains("/nowhere/module.so"));
    assert_eq!(
        open("libsofthsm2.so", "audit", "hunter2").0,
        KmsErrorKind::Settings
    );
    let (kind, said) = open(MODULE, "other", "hunter2");
    assert!(
        kind == KmsErrorKind::Unavailable && said.contains("\"audit\""),
        "{said}"
    );
    let (kind, _) = open(MODULE, "audit", "hunter2");
    assert_eq!(kind, KmsErrorKind::Credentials);
    tokens.open();
}

#[test]
fn a_pin_that_was_refused_is_not_sent_again() {
    let Some(tokens) = in_child("pkcs11::a_pin_that_was_refused_is_not_sent_again") else {
        return;
    };
    let file = tokens.folder.join("pin");
    std::fs::write(&file, token::PIN).unwrap();
    let token = Pkcs11Token::open(MODULE, "audit", Credential::in_file(&file)).unwrap();
    let keks = Pkcs11Keks::new(Arc::new(token), "log");
    keks.ids().unwrap();
    std::fs::write(&file, "wrong").unwrap();
    let first = keks.ids().unwrap_err().to_string();
    assert!(first.contains("refuses the PIN"), "{first}");
    // A token locks after a few: even the right one waits for a new start.
    std::fs::write(&file, token::PIN).unwrap();
    let second = keks.ids().unwrap_err().to_string();
    assert!(second.contains("not sent again"), "{second}");
    // Nor does who opens it anew send the wrong one, however often; the right one goes through.
    std::fs::write(&file, "wrong").unwrap();
    for _ in 0..20 {
        let again = Pkcs11Token::open(MODULE, "audit", Credential::in_file(&file));
        let again = again.unwrap_err().to_string();
        assert!(again.contains("not sent again"), "{again}");
    }
    tokens.open();
}

#[test]
fn a28_keys_that_wrap_live_and_die_in_the_token() {
    let Some(tokens) = in_child("pkcs11::a28_keys_that_wrap_live_and_die_in_the_token") else {
        return;
    };
    let keks = Pkcs11Keks::new(tokens.open(), "log 02");
    lifecycle(&keks);
    // Those of another log are others.
    let other = Pkcs11Keks::new(tokens.open(), "log 03");
    assert_eq!(other.settled().unwrap(), None);
    lifecycle(&other);
    assert!(keks.settled().unwrap().is_some());
}

/// An erasure wraps every key of a log anew: a log-in for each would take a token minutes.
#[test]
fn many_keys_are_wrapped_and_opened_in_one_session() {
    let Some(tokens) = in_child("pkcs11::many_keys_are_wrapped_and_opened_in_one_session") else {
        return;
    };
    let file = tokens.folder.join("pin");
    std::fs::write(&file, token::PIN).unwrap();
    let token = Pkcs11Token::open(MODULE, "audit", Credential::in_file(&file)).unwrap();
    let keks = Pkcs11Keks::new(Arc::new(token), "log");
    let made = keks.prepare().unwrap();
    keks.settle(&made.id()).unwrap();
    let held = keks.held(&made.id()).unwrap().unwrap();
    let (key, person) = (subject_key(), "person-7");
    let wrapped = made.wrap(person, &key, [4; 12]).unwrap();
    // Nobody can log in any more.
    std::fs::remove_file(&file).unwrap();
    assert!(keks.ids().is_err());
    for number in 0..20 {
        let again = held.wrap(person, &key, [number; 12]).unwrap();
        let opened = made.unwrap(&LOG, person, key.id(), &again).unwrap();
        assert_eq!(opened.to_bytes(), key.to_bytes());
    }
    // One that was changed is told as that, and ends no session.
    let mut changed = wrapped.clone();
    changed[40] ^= 1;
    let refused = held.unwrap(&LOG, person, key.id(), &changed).unwrap_err();
    assert!(refused.to_string().contains("was changed"), "{refused}");
    held.unwrap(&LOG, person, key.id(), &wrapped).unwrap();
}

/// In a session that was logged out no key is found, which is not to say that there is none.
#[test]
fn a_kept_session_that_was_logged_out_is_left_for_a_new_one() {
    let Some(tokens) = in_child("pkcs11::a_kept_session_that_was_logged_out_is_left_for_a_new_one")
    else {
        return;
    };
    let keks = Pkcs11Keks::new(tokens.open(), "log");
    let made = keks.prepare().unwrap();
    keks.settle(&made.id()).unwrap();
    let (key, person) = (subject_key(), "person-7");
    let wrapped = made.wrap(person, &key, [4; 12]).unwrap();
    tokens.log_out();
    let opened = made.unwrap(&LOG, person, key.id(), &wrapped).unwrap();
    assert_eq!(opened.to_bytes(), key.to_bytes());
    tokens.log_out();
    made.wrap(person, &key, [5; 12]).unwrap();
    // One that is gone is, in whatever session.
    tokens.destroy("log current");
    let gone = made.unwrap(&LOG, person, key.id(), &wrapped).unwrap_err();
    assert!(gone.to_string().contains("not here any more"), "{gone}");
}

#[test]
fn a93_a_wrapping_key_of_which_there_may_be_a_copy_is_refused() {
    let Some(tokens) =
        in_child("pkcs11::a93_a_wrapping_key_of_which_there_may_be_a_copy_is_refused")
    else {
        return;
    };
    let keks = |name: &str| Pkcs11Keks::new(tokens.open(), name);
    // The operator brings a key of his own, of which he keeps the bytes beyond an erasure.
    tokens.create(&[
        Attribute::Class(cryptoki::object::ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::AES),
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Encrypt(true),
        Attribute::Decrypt(true),
        Attribute::Value(vec![5; 32]),
        Attribute::Label(b"brought current".to_vec()),
        Attribute::Id(vec![6; 16]),
    ]);
    for said in [
        keks("brought").settled().unwrap_err().to_string(),
        keks("brought").prepare().err().unwrap().to_string(),
        keks("brought").ids().unwrap_err().to_string(),
    ] {
        assert!(said.contains("outlive an erasure"), "{said}");
    }
    tokens.destroy("brought current");
    keks("brought").prepare().unwrap();
    // One that the token made, and that can be taken out.
    tokens.generate_aes("loose current", true);
    let said = keks("loose").settled().unwrap_err().to_string();
    assert!(said.contains("outlive an erasure"), "{said}");
    // Two that both say they are the current one.
    tokens.generate_aes("two current", false);
    tokens.generate_aes("two current", false);
    let said = keks("two").settled().unwrap_err().to_string();
    assert!(said.contains("expected one"), "{said}");
}
