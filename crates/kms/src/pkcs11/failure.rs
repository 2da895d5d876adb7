//! What a module's return codes mean to who has to do something about them.

use crate::{KmsError, KmsErrorKind};
use cryptoki::error::{Error, RvError};

/// `doing` is what did not work.
pub(super) fn failure(error: &Error, place: &str, doing: &str) -> KmsError {
    let (kind, advice) = match error {
        Error::Pkcs11(code, _) => of_code(code),
        _ => (
            KmsErrorKind::Answer,
            "the module does not do what PKCS#11 says",
        ),
    };
    let said = match error {
        // Its own texts are paragraphs.
        Error::Pkcs11(code, function) => format!("{function}: {code:?}"),
        other => other.to_string(),
    };
    KmsError::new(kind, place, format!("{doing} ({said}): {advice}"))
}

fn of_code(code: &RvError) -> (KmsErrorKind, &'static str) {
    match code {
        RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange => (
            KmsErrorKind::Credentials,
            "the token refuses the PIN; it is not sent again",
        ),
        RvError::PinLocked => (
            KmsErrorKind::Credentials,
            "the token is locked after wrong PINs; its security officer can unlock it",
        ),
        RvError::PinExpired | RvError::UserPinNotInitialized => (
            KmsErrorKind::Credentials,
            "the token wants a new PIN of its user first",
        ),
        RvError::SessionHandleInvalid
        | RvError::SessionClosed
        | RvError::SessionCount
        | RvError::UserNotLoggedIn
        | RvError::DeviceRemoved
        | RvError::DeviceError
        | RvError::DeviceMemory
        | RvError::TokenNotPresent
        | RvError::TokenNotRecognized
        | RvError::SlotIdInvalid
        | RvError::ObjectHandleInvalid
        | RvError::KeyHandleInvalid
        | RvError::FunctionFailed
        | RvError::GeneralError
        | RvError::HostMemory => (
            KmsErrorKind::Unavailable,
            "the token or the way to it is not there; it is looked for again with the next call",
        ),
        RvError::KeyFunctionNotPermitted
        | RvError::KeyTypeInconsistent
        | RvError::KeySizeRange
        | RvError::MechanismInvalid
        | RvError::MechanismParamInvalid
        | RvError::FunctionNotSupported
        | RvError::CurveNotSupported => (
            KmsErrorKind::KeyUnusable,
            "the token cannot do this, or not with this key",
        ),
        RvError::ActionProhibited | RvError::TokenWriteProtected | RvError::SessionReadOnly => {
            (KmsErrorKind::Denied, "the token does not permit it")
        }
        _ => (KmsErrorKind::Refused, "see the module's own log"),
    }
}
