//! An OpenBao in memory, started for one test.

use crate::servers::{Server, patient};
use ai_audit_core::VerifyingKey;
use ai_audit_kms::{Credential, VaultAccess};
use base64ct::{Base64, Encoding as _};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(crate) const TOKEN: &str = "root-7413-token";

pub(crate) struct Bao {
    server: Server,
}

impl Bao {
    pub(crate) fn start() -> Option<Self> {
        let server = Server::start("Vault", "bao", |command, port| {
            command
                .args(["server", "-dev", "-dev-no-store-token"])
                .arg(format!("-dev-root-token-id={TOKEN}"))
                .arg(format!("-dev-listen-address=127.0.0.1:{port}"));
        })?;
        let bao = Self { server };
        // It listens before it is unsealed and has its engines.
        let start = Instant::now();
        while bao.status("GET", "secret/config", &Value::Null) != 200 {
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "it does not start"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        bao.post("sys/mounts/transit", &json!({"type": "transit"}));
        Some(bao)
    }

    pub(crate) fn url(&self) -> &str {
        &self.server.url
    }

    pub(crate) fn access(&self) -> Arc<VaultAccess> {
        self.access_as(Credential::new(TOKEN.into()))
    }

    pub(crate) fn access_as(&self, token: Credential) -> Arc<VaultAccess> {
        Arc::new(VaultAccess::new(self.url(), token, patient()).unwrap())
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}/v1/{path}", self.url()))
            .header("x-vault-token", TOKEN);
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .build()
            .into();
        let body = if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        };
        let mut answer = agent.run(request.body(body).unwrap()).unwrap();
        let status = answer.status().as_u16();
        let text = answer.body_mut().read_to_string().unwrap();
        (status, serde_json::from_str(&text).unwrap_or_default())
    }

    pub(crate) fn status(&self, method: &str, path: &str, body: &Value) -> u16 {
        self.ask(method, path, body).0
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.ask("POST", path, body);
        assert!(status < 300, "{path}: {status} {answer}");
        answer
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        let (status, answer) = self.ask("GET", path, &Value::Null);
        assert!(status < 300, "{path}: {status} {answer}");
        answer
    }

    pub(crate) fn delete(&self, path: &str) {
        let status = self.status("DELETE", path, &Value::Null);
        assert!(status < 300, "{path}: {status}");
    }

    /// Has transit make a key, as an operator does; the public key is what he pins.
    pub(crate) fn transit_key(&self, name: &str) -> VerifyingKey {
        self.post(&format!("transit/keys/{name}"), &json!({"type": "ed25519"}));
        self.public_key(name)
    }

    pub(crate) fn public_key(&self, name: &str) -> VerifyingKey {
        let answer = self.get(&format!("transit/keys/{name}"));
        let text = answer["data"]["keys"]["1"]["public_key"].as_str().unwrap();
        let bytes = Base64::decode_vec(text).unwrap();
        VerifyingKey::from_pinned_bytes(bytes.as_slice().try_into().unwrap()).unwrap()
    }

    /// A token that may do what a policy says, and no more.
    pub(crate) fn token_for(&self, policy: &str) -> String {
        self.post("sys/policies/acl/narrow", &json!({"policy": policy}));
        let asked = json!({"policies": ["narrow"], "no_default_policy": true});
        let made = self.post("auth/token/create", &asked);
        made["auth"]["client_token"].as_str().unwrap().to_owned()
    }
}
