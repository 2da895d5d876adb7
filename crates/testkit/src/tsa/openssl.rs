//! A timestamp authority of the `openssl` command: root, signing certificate, answers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// An authority in a folder of its own. Its certificates hold from today for a year.
#[derive(Debug)]
pub struct OpensslAuthority {
    folder: PathBuf,
}

/// What keys an authority and its root have.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs, reason = "the names say it")]
pub enum KeyType {
    Rsa2048,
    Rsa4096,
    P256,
    P384,
    Ed25519,
}

const CONFIG: &str = "
[req]
distinguished_name = dn
[dn]
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[tsa]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[authority]
serial = serial
signer_cert = tsa.pem
certs = root.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1, millisecs:500
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
";

impl OpensslAuthority {
    /// Makes keys and certificates in a folder. `None`, and a line that says so, where there is no
    /// `openssl`.
    #[must_use]
    pub fn new(folder: &Path, root: KeyType, own: KeyType) -> Option<Self> {
        if Command::new("openssl").arg("version").output().is_err() {
            println!("SKIPPED: there is no openssl command");
            return None;
        }
        let authority = Self {
            folder: folder.into(),
        };
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join("openssl.cnf"), CONFIG).unwrap();
        fs::write(folder.join("serial"), "01\n").unwrap();
        authority.make_key(root, "root.key");
        authority.make_key(own, "tsa.key");
        authority.run("req -new -x509 -config openssl.cnf -key root.key -subj /CN=Root -extensions root -days 365 -out root.pem");
        authority.run(
            "req -new -config openssl.cnf -key tsa.key -subj /O=Example/CN=Authority -out tsa.csr",
        );
        authority.run("x509 -req -in tsa.csr -CA root.pem -CAkey root.key -set_serial 2 -days 365 -extfile openssl.cnf -extensions tsa -out tsa.pem");
        Some(authority)
    }

    /// One that was made in this folder before.
    #[must_use]
    pub fn opened(folder: &Path) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// The root's certificate in PEM.
    #[must_use]
    pub fn root(&self) -> Vec<u8> {
        fs::read(self.folder.join("root.pem")).unwrap()
    }

    /// The authority's certificate in PEM.
    #[must_use]
    pub fn certificate(&self) -> Vec<u8> {
        fs::read(self.folder.join("tsa.pem")).unwrap()
    }

    /// Replaces words of the configuration for the answers from now on.
    pub fn configure(&self, from: &str, to: &str) {
        let path = self.folder.join("openssl.cnf");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from}");
        fs::write(path, text.replace(from, to)).unwrap();
    }

    /// The answer to a request; also a refusal is one.
    #[must_use]
    pub fn answer(&self, request: &[u8]) -> Vec<u8> {
        fs::write(self.folder.join("request.tsq"), request).unwrap();
        self.run("ts -reply -config openssl.cnf -section authority -queryfile request.tsq -out response.tsr");
        fs::read(self.folder.join("response.tsr")).unwrap()
    }

    /// What `openssl ts -query` with these arguments makes.
    #[must_use]
    pub fn query(&self, message: &[u8], arguments: &str) -> Vec<u8> {
        fs::write(self.folder.join("message"), message).unwrap();
        self.run(&format!(
            "ts -query -data message {arguments} -out query.tsq"
        ));
        fs::read(self.folder.join("query.tsq")).unwrap()
    }

    /// Whether `openssl ts -verify` accepts a response over a message under the root.
    #[must_use]
    pub fn accepts(&self, message: &[u8], response: &[u8]) -> bool {
        fs::write(self.folder.join("message"), message).unwrap();
        fs::write(self.folder.join("checked.tsr"), response).unwrap();
        self.try_run("ts -verify -data message -in checked.tsr -CAfile root.pem -untrusted tsa.pem")
    }

    fn make_key(&self, kind: KeyType, file: &str) {
        let kind = match kind {
            KeyType::Rsa2048 => "RSA -pkeyopt rsa_keygen_bits:2048",
            KeyType::Rsa4096 => "RSA -pkeyopt rsa_keygen_bits:4096",
            KeyType::P256 => "EC -pkeyopt ec_paramgen_curve:P-256",
            KeyType::P384 => "EC -pkeyopt ec_paramgen_curve:P-384",
            KeyType::Ed25519 => "ED25519",
        };
        self.run(&format!("genpkey -algorithm {kind} -out {file}"));
    }

    fn run(&self, arguments: &str) {
        assert!(self.try_run(arguments), "openssl {arguments}");
    }

    fn try_run(&self, arguments: &str) -> bool {
        let mut command = Command::new("openssl");
        command
            .args(arguments.split(' '))
            .current_dir(&self.folder)
            .stdin(Stdio::null());
        command.output().unwrap().status.success()
    }
}
