//! A token of SoftHSM, in a process of its own, since SoftHSM finds its tokens by the environment alone.

use ai_audit_core::VerifyingKey;
use ai_audit_kms::{Credential, Pkcs11Token};
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

/// Where Debian puts it.
pub(crate) const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
pub(crate) const PIN: &str = "7413-pin";
/// Set in the child: the folder with the token.
pub(crate) const CHILD: &str = "AI_AUDIT_TEST_KMS_TOKEN";
/// The curve's name as a PrintableString, which is how SoftHSM 2.6 takes it.
const ED25519: &[u8] = b"\x13\x0cedwards25519";
/// The OID of P-256.
const P256: &[u8] = b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";

/// A token with the label `audit`.
pub(crate) struct Tokens {
    pub(crate) folder: PathBuf,
    module: PathBuf,
    context: Pkcs11,
    slot: Slot,
}

/// How a key is made.
pub(crate) struct Made {
    pub(crate) sign: bool,
    pub(crate) sensitive: bool,
    pub(crate) extractable: bool,
}

impl Default for Made {
    fn default() -> Self {
        Self {
            sign: true,
            sensitive: true,
            extractable: false,
        }
    }
}

/// In the child of this test, its token. Elsewhere makes one and runs the test of this name again as a child, which must
/// succeed; none then, and none, said aloud, where there is no SoftHSM.
pub(crate) fn in_child(test: &str) -> Option<Tokens> {
    if let Some(folder) = std::env::var_os(CHILD) {
        return Some(Tokens::new(Path::new(&folder), MODULE));
    }
    let folder = prepare()?;
    let output = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(CHILD, folder.path())
        .env("SOFTHSM2_CONF", folder.path().join("softhsm2.conf"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let cried = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{cried}");
    assert!(said.contains("1 passed"), "{test} is no test: {said}");
    None
}

/// A folder with a token in it.
pub(crate) fn prepare() -> Option<tempfile::TempDir> {
    if !Path::new(MODULE).exists() {
        println!("SKIPPED: keys in a token: {MODULE} (Debian's softhsm2) is absent");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens");
    std::fs::create_dir(&tokens).unwrap();
    let config = folder.path().join("softhsm2.conf");
    let text = format!(
        "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
        tokens.display()
    );
    std::fs::write(&config, text).unwrap();
    let output = Command::new("softhsm2-util")
        .args(["--init-token", "--free", "--label", "audit"])
        .args(["--so-pin", "so-7413", "--pin", PIN])
        .env("SOFTHSM2_CONF", &config)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    Some(folder)
}

impl Tokens {
    pub(crate) fn new(folder: &Path, module: &str) -> Self {
        let pkcs11 = Pkcs11::new(module).unwrap();
        pkcs11
            .initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))
            .unwrap();
        let slot = *pkcs11
            .get_slots_with_initialized_token()
            .unwrap()
            .first()
            .unwrap();
        Self {
            folder: folder.into(),
            module: module.into(),
            context: pkcs11,
            slot,
        }
    }

    pub(crate) fn open(&self) -> Arc<Pkcs11Token> {
        let pin = Credential::new(PIN.into());
        Arc::new(Pkcs11Token::open(&self.module, "audit", pin).unwrap())
    }

    /// In a session that is closed again, since an open one would keep everybody logged in.
    fn logged_in<T>(&self, act: impl FnOnce(&Session) -> T) -> T {
        let session = self.context.open_rw_session(self.slot).unwrap();
        let pin = AuthPin::from(PIN);
        // Whoever is tested may be logged in, and then all are.
        let _ = session.login(UserType::User, Some(&pin));
        act(&session)
    }

    pub(crate) fn create(&self, template: &[Attribute]) {
        self.logged_in(|session| session.create_object(template).unwrap());
    }

    /// Logs everybody out who is in this process.
    pub(crate) fn log_out(&self) {
        self.logged_in(|session| session.logout().unwrap());
    }

    /// Destroys all of a label.
    pub(crate) fn destroy(&self, label: &str) {
        self.logged_in(|session| {
            let template = [Attribute::Label(label.as_bytes().to_vec())];
            let found = session.find_objects(&template).unwrap();
            assert!(!found.is_empty());
            for key in found {
                session.destroy_object(key).unwrap();
            }
        });
    }

    /// Puts the key of a seed into the token.
    pub(crate) fn import(&self, label: &str, seed: &[u8; 32], made: &Made) {
        self.create(&[
            Attribute::Class(ObjectClass::PRIVATE_KEY),
            Attribute::KeyType(KeyType::EC_EDWARDS),
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sign(made.sign),
            Attribute::Sensitive(made.sensitive),
            Attribute::Extractable(made.extractable),
            Attribute::EcParams(ED25519.to_vec()),
            Attribute::Value(seed.to_vec()),
            Attribute::Label(label.as_bytes().to_vec()),
        ]);
    }

    fn pair(&self, mechanism: &Mechanism<'_>, label: &str, curve: &[u8]) -> Vec<u8> {
        let label = Attribute::Label(label.as_bytes().to_vec());
        let public = [
            Attribute::Token(true),
            Attribute::Verify(true),
            Attribute::EcParams(curve.to_vec()),
            label.clone(),
        ];
        let private = [
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sign(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            label,
        ];
        self.logged_in(|session| {
            let (public, _) = session
                .generate_key_pair(mechanism, &public, &private)
                .unwrap();
            let found = session
                .get_attributes(public, &[AttributeType::EcPoint])
                .unwrap();
            match found.as_slice() {
                [Attribute::EcPoint(point)] => point.clone(),
                other => panic!("no point: {other:?}"),
            }
        })
    }

    /// Has the token make a key, as an operator does; the public key is what he pins.
    pub(crate) fn generate(&self, label: &str) -> VerifyingKey {
        let point = self.pair(&Mechanism::EccEdwardsKeyPairGen, label, ED25519);
        // An OCTET STRING of 32 bytes.
        let bytes = point.strip_prefix(&[0x04, 0x20]).unwrap();
        VerifyingKey::from_pinned_bytes(bytes.try_into().unwrap()).unwrap()
    }

    pub(crate) fn generate_p256(&self, label: &str) {
        self.pair(&Mechanism::EccKeyPairGen, label, P256);
    }

    pub(crate) fn generate_aes(&self, label: &str, extractable: bool) {
        let mut id = [0; 16];
        getrandom::fill(&mut id).unwrap();
        let template = [
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(extractable),
            Attribute::ValueLen(32.into()),
            Attribute::Encrypt(true),
            Attribute::Decrypt(true),
            Attribute::Label(label.as_bytes().to_vec()),
            Attribute::Id(id.to_vec()),
        ];
        self.logged_in(|session| {
            session
                .generate_key(&Mechanism::AesKeyGen, &template)
                .unwrap();
        });
    }
}
