//! Keys in a PKCS#11 token: a shared library is the way to it.

mod failure;
mod keks;
mod signer;

pub use keks::Pkcs11Keks;
pub use signer::Pkcs11Signer;

use crate::{Credential, KmsError, KmsErrorKind};
use core::fmt;
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use failure::failure;
use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, RandomState};
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

/// What tokens of this process refused: a wrong PIN must not be sent again by opening the token anew, as a
/// service does with each request. Of the PIN a hash is kept, whose key only this process has.
static REFUSED: LazyLock<(RandomState, Mutex<Refused>)> = LazyLock::new(Default::default);

/// Modules, labels and hashes of PINs.
type Refused = BTreeSet<(PathBuf, String, u64)>;

/// A token, found by its label and opened with its PIN.
///
/// The module is initialized once in this process and never finalized, since others in it may use it, too.
pub struct Pkcs11Token {
    context: Pkcs11,
    module: PathBuf,
    label: String,
    pin: Credential,
    /// The token refused the PIN: it is not sent again, since a token locks after a few.
    refused: Mutex<bool>,
}

impl Pkcs11Token {
    /// Loads the module, whose code runs in this process, finds the token and logs in once.
    ///
    /// # Errors
    ///
    /// When the module cannot be loaded, has no token of this label or several, or the token refuses
    /// the PIN.
    pub fn open(
        module: impl Into<PathBuf>,
        label: impl Into<String>,
        pin: Credential,
    ) -> Result<Self, KmsError> {
        let (module, label) = (module.into(), label.into());
        let place = format!("PKCS#11 module {}", module.display());
        // Elsewhere it would be looked for where the loader likes, and its code runs here.
        if !module.is_absolute() {
            let what = "expected an absolute path of a shared library";
            return Err(KmsError::new(KmsErrorKind::Settings, place, what));
        }
        let context = Pkcs11::new(&module).map_err(|error| {
            let what = format!("it cannot be loaded: {error}");
            KmsError::new(KmsErrorKind::Settings, &place, what)
        })?;
        match context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(error) => return Err(failure(&error, &place, "it does not initialize")),
        }
        // A module may have threads of its own: it stays loaded, whatever becomes of this.
        core::mem::forget(context.clone());
        let token = Self {
            context,
            module,
            label,
            pin,
            refused: Mutex::new(false),
        };
        drop(token.session(false)?);
        Ok(token)
    }

    /// Its name in messages.
    pub(crate) fn place(&self) -> String {
        format!(
            "PKCS#11 token {:?} of {}",
            self.label,
            self.module.display()
        )
    }

    /// A session of who is logged in. The token is looked for again, since it may have been moved.
    pub(crate) fn session(&self, to_write: bool) -> Result<Session, KmsError> {
        let place = self.place();
        // Held until it is known what the token says of the PIN: of several threads one alone sends a wrong one.
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let not_again = |place: &str| {
            let what = "it refused the PIN, which is not sent again since a token locks after a few wrong ones; correct the PIN and start again";
            Err(KmsError::new(KmsErrorKind::Credentials, place, what))
        };
        if *refused {
            return not_again(&place);
        }
        let slot = self.slot()?;
        let session = if to_write {
            self.context.open_rw_session(slot)
        } else {
            self.context.open_ro_session(slot)
        };
        let session = session.map_err(|error| failure(&error, &place, "no session"))?;
        let pin = self.pin.reveal(&place)?;
        let (state, of_process) = &*REFUSED;
        let this = (
            self.module.clone(),
            self.label.clone(),
            state.hash_one(pin.as_str()),
        );
        // Held, too, until the token has said what it thinks of it.
        let mut of_process: MutexGuard<'_, Refused> =
            of_process.lock().unwrap_or_else(PoisonError::into_inner);
        if of_process.contains(&this) {
            return not_again(&place);
        }
        let pin = AuthPin::from(pin.as_str());
        match session.login(UserType::User, Some(&pin)) {
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(session),
            Err(error) => {
                let failed = failure(&error, &place, "no log-in");
                if failed.kind() == KmsErrorKind::Credentials {
                    *refused = true;
                    of_process.insert(this);
                }
                Err(failed)
            }
        }
    }

    fn slot(&self) -> Result<Slot, KmsError> {
        let failed = |error: Error| failure(&error, &self.place(), "its slots cannot be listed");
        let mut found = Vec::new();
        let mut others = Vec::new();
        for slot in self.context.get_slots_with_token().map_err(failed)? {
            // A slot whose token was pulled out meanwhile is not the one.
            let Ok(info) = self.context.get_token_info(slot) else {
                continue;
            };
            if info.label().trim_end() == self.label {
                found.push(slot);
            } else if info.token_initialized() {
                others.push(format!("{:?}", info.label().trim_end()));
            }
        }
        let wrong = |what: String| KmsError::new(KmsErrorKind::Settings, self.place(), what);
        match found.as_slice() {
            [slot] => Ok(*slot),
            // What is pulled out may be put back.
            [] => Err(KmsError::new(
                KmsErrorKind::Unavailable,
                self.place(),
                format!(
                    "there is no token of this label; there are [{}]",
                    others.join(", ")
                ),
            )),
            several => Err(wrong(format!(
                "{} tokens have this label, expected one",
                several.len()
            ))),
        }
    }
}

impl fmt::Debug for Pkcs11Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pkcs11Token")
            .field("module", &self.module)
            .field("label", &self.label)
            .field("pin", &self.pin)
            .finish_non_exhaustive()
    }
}
