//! Logs whose keys are in OpenBao and in a token of SoftHSM.
#![cfg(feature = "kms")]

use crate::run::{Done, Place, lines};
use crate::serve::agent;
use ai_audit_testkit::postgres::free_port;
use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const TOKEN: &str = "root-only-for-trying";
const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";

/// An OpenBao in memory, with transit and two keys.
struct Bao {
    child: Child,
    url: String,
}

impl Drop for Bao {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Bao {
    fn start(place: &Place) -> Option<Self> {
        for _ in 0..5 {
            let port = free_port();
            let listen = format!("-dev-listen-address=127.0.0.1:{port}");
            let child = Command::new("bao")
                .args(["server", "-dev", "-dev-no-store-token", &listen])
                .arg(format!("-dev-root-token-id={TOKEN}"))
                .env("HOME", place.path(""))
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn();
            let Ok(child) = child else {
                println!("SKIPPED: keys in Vault by the command line: bao is absent");
                return None;
            };
            let mut bao = Self {
                child,
                url: format!("http://127.0.0.1:{port}"),
            };
            let began = Instant::now();
            while began.elapsed() < Duration::from_secs(120) {
                if bao.child.try_wait().unwrap().is_some() {
                    break;
                }
                if agent()
                    .get(format!("{}/v1/sys/health", bao.url))
                    .call()
                    .is_ok()
                {
                    bao.tell("sys/mounts/transit", &json!({ "type": "transit" }));
                    for key in ["receipts", "checkpoints"] {
                        bao.tell(
                            &format!("transit/keys/{key}"),
                            &json!({ "type": "ed25519" }),
                        );
                    }
                    return Some(bao);
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        panic!("bao does not start");
    }

    fn tell(&self, path: &str, body: &Value) {
        let answer = agent()
            .post(format!("{}/v1/{path}", self.url))
            .header("X-Vault-Token", TOKEN)
            .send(body.to_string())
            .unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
    }

    fn public(&self, key: &str) -> String {
        let mut answer = agent()
            .get(format!("{}/v1/transit/keys/{key}", self.url))
            .header("X-Vault-Token", TOKEN)
            .call()
            .unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        let said: Value = serde_json::from_str(&text).unwrap();
        hex_of_base64(said["data"]["keys"]["1"]["public_key"].as_str().unwrap())
    }
}

fn hex_of_base64(text: &str) -> String {
    let digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut held, mut hex) = (0_u32, 0, String::new());
    for c in text.chars().filter(|c| *c != '=') {
        let digit = u32::try_from(digits.find(c).unwrap()).unwrap();
        bits = bits << 6 | digit;
        held += 6;
        if held >= 8 {
            held -= 8;
            hex += &format!("{:02x}", bits >> held & 0xff);
            bits &= (1 << held) - 1;
        }
    }
    hex
}

/// A command with what says how the service is asked.
fn asked(place: &Place, env: &[(&str, &str)], args: &[&str]) -> Done {
    place.with(args, env, "")
}

fn all_of_it(place: &Place, env: &[(&str, &str)], receipt: [&str; 2], checkpoint: [&str; 2]) {
    let init = [
        "init",
        "audit",
        "--name",
        "example.org/test",
        "--receipt-signer",
        receipt[0],
        "--receipt-public",
        receipt[1],
        "--checkpoint-signer",
        checkpoint[0],
        "--checkpoint-public",
        checkpoint[1],
    ];
    // Another key than the one that was pinned.
    let mut other = init;
    other[7] = checkpoint[1];
    let done = asked(place, env, &other);
    assert_eq!(done.code, 1, "{}", done.err);
    assert!(
        done.err.contains("not signed by the pinned key"),
        "{}",
        done.err
    );
    assert!(!place.path("audit/log.pub").exists());
    asked(place, env, &init).good();
    for secret in ["receipt.pem", "checkpoint.pem"] {
        assert!(!place.path("audit/keys").join(secret).exists());
    }
    place.write("lines.jsonl", &lines(5));
    asked(place, env, &["record", "audit", "lines.jsonl"]).good();
    // What an `init` or a `key revoke` that failed left beside them does not count, and is told of.
    place.run(&["init", "failed"]).good();
    for (from, to) in [
        ("receipt.pem", "receipt.pem"),
        ("recovery.pem", "receipt.next.pem"),
        ("checkpoint.pem", "checkpoint.pem"),
    ] {
        let from = place.path("failed/keys").join(from);
        std::fs::copy(from, place.path("audit/keys").join(to)).unwrap();
    }
    let done = asked(place, env, &["record", "audit", "lines.jsonl"]).good();
    for file in ["receipt.pem", "receipt.next.pem", "checkpoint.pem"] {
        let told = format!("keys/{file}: passed over");
        assert!(done.err.contains(&told), "{file}: {}", done.err);
    }
    asked(place, env, &["checkpoint", "audit", "-o", "kept.note"]).good();
    asked(place, env, &["export", "audit", "-o", "p.zip"]).good();
    let shown = place.run(&["key", "audit"]).good().out;
    assert!(
        shown.contains(receipt[0]) && shown.contains(checkpoint[0]),
        "{shown}"
    );
    let done = asked(place, env, &["key", "rotate", "audit"]);
    assert_eq!(done.code, 1);
    assert!(done.err.contains("holds one key"), "{}", done.err);
    place.write("acme.jsonl", "{\"tenant\":\"acme\",\"model\":\"m\"}\n");
    let done = asked(place, env, &["record", "audit", "acme.jsonl"]);
    assert_eq!(done.code, 1);
    assert!(done.err.contains("ai-audit init --log"), "{}", done.err);
    // Nobody says how it is asked: nothing is recorded.
    let before = place.receipts();
    let done = place.run(&["record", "audit", "lines.jsonl"]);
    assert_ne!(done.code, 0);
    assert!(
        done.err.contains("AI_AUDIT_SIGNER_CREDENTIALS"),
        "{}",
        done.err
    );
    assert_eq!(place.receipts(), before);
    // The auditor needs none of it.
    for source in ["audit", "p.zip"] {
        let verify = [
            "verify",
            source,
            "--key",
            "audit/log.pub",
            "--checkpoint",
            "kept.note",
        ];
        let done = place.run(&verify);
        assert!(
            !done.out.contains("FAILED"),
            "{source}: {}{}",
            done.out,
            done.err
        );
        assert!(done.out.contains("attribution"), "{}", done.out);
    }
    place
        .run(&[
            "verify",
            "p.zip",
            "--key",
            "audit/log.pub",
            "--checkpoint",
            "kept.note",
        ])
        .good();
}

#[test]
fn the_keys_of_a_log_are_in_vault() {
    let place = Place::empty();
    let Some(bao) = Bao::start(&place) else {
        return;
    };
    place.write("token", TOKEN);
    let file = place.path("token").display().to_string();
    let service = format!("vault:{}", bao.url);
    let env = [
        ("AI_AUDIT_SIGNER_SERVICE", service.as_str()),
        ("AI_AUDIT_SIGNER_CREDENTIALS", file.as_str()),
    ];
    let address = |key: &str| format!("vault:{}/transit/{key}", bao.url);
    let (receipts, checkpoints) = (address("receipts"), address("checkpoints"));
    let (one, two) = (bao.public("receipts"), bao.public("checkpoints"));
    all_of_it(&place, &env, [&receipts, &one], [&checkpoints, &two]);
    let shown = std::fs::read_to_string(place.path("audit/keys/receipt.signer")).unwrap();
    assert!(
        shown.contains(&receipts) && !shown.contains(TOKEN),
        "{shown}"
    );
    // Whoever has the recovery key brings in a successor, which is in a file.
    let after = (place.receipts() - 1).to_string();
    let revoke = [
        "key",
        "revoke",
        "audit",
        "--recovery-key",
        "audit/keys/recovery.pem",
        "--compromised-at",
        "2020-01-01T00:00:00Z",
        "--after",
        &after,
        "-o",
        "r.revocation",
    ];
    asked(&place, &env, &revoke).good();
    asked(&place, &env, &["record", "audit", "lines.jsonl"]).good();
    assert!(place.path("audit/keys/receipt.pem").exists());
    let shown = place.run(&["key", "audit"]).good().out;
    assert!(!shown.contains(&receipts), "{shown}");
    // A token that is none.
    place.write("token", "hunter2-hunter2");
    let before = place.receipts();
    let done = asked(&place, &env, &["record", "audit", "lines.jsonl"]);
    assert_eq!(done.code, 1, "{}", done.err);
    assert!(!done.err.contains("hunter2"), "{}", done.err);
    drop(bao);
    place.write("token", TOKEN);
    let done = asked(&place, &env, &["record", "audit", "lines.jsonl"]);
    assert_eq!(done.code, 1, "{}", done.err);
    assert!(done.err.contains("Vault http://127.0.0.1"), "{}", done.err);
    assert_eq!(place.receipts(), before);
}

#[test]
fn the_keys_of_a_log_are_in_a_token() {
    let place = Place::empty();
    let conf = place.path("softhsm2.conf").display().to_string();
    std::fs::create_dir(place.path("tokens")).unwrap();
    place.write(
        "softhsm2.conf",
        &format!(
            "directories.tokendir = {}\n",
            place.path("tokens").display()
        ),
    );
    let run = |program: &str, args: &[&str]| -> Option<String> {
        let output = Command::new(program)
            .args(args)
            .env("SOFTHSM2_CONF", &conf)
            .output()
            .ok()?;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(output.status.success(), "{program}: {said}");
        Some(said)
    };
    let token = [
        "--init-token",
        "--free",
        "--label",
        "my hsm",
        "--pin",
        "123456",
        "--so-pin",
        "654321",
    ];
    if !Path::new(MODULE).exists() || run("softhsm2-util", &token).is_none() {
        println!("SKIPPED: keys in a token by the command line: softhsm2 is absent");
        return;
    }
    let public = |label: &str| {
        let said = run(
            "pkcs11-tool",
            &[
                "--module",
                MODULE,
                "--token-label",
                "my hsm",
                "--login",
                "--pin",
                "123456",
                "--keypairgen",
                "--key-type",
                "EC:edwards25519",
                "--label",
                label,
                "--sensitive",
            ],
        )?;
        let (_, point) = said.split_once("EC_POINT:")?;
        Some(point.trim_start().get(4..68)?.to_owned())
    };
    let (Some(one), Some(two)) = (public("receipts"), public("checkpoints")) else {
        println!("SKIPPED: keys in a token by the command line: pkcs11-tool of opensc is absent");
        return;
    };
    place.write("pin", "123456\n");
    let pin = place.path("pin").display().to_string();
    let env = [
        ("AI_AUDIT_SIGNER_SERVICE", "pkcs11:token=my%20hsm"),
        ("AI_AUDIT_SIGNER_CREDENTIALS", pin.as_str()),
        ("AI_AUDIT_SIGNER_MODULE", MODULE),
        ("SOFTHSM2_CONF", conf.as_str()),
    ];
    let receipts = "pkcs11:token=my%20hsm;object=receipts";
    let checkpoints = "pkcs11:token=my%20hsm;object=checkpoints";
    all_of_it(&place, &env, [receipts, &one], [checkpoints, &two]);
}

/// A108: a directory that a stranger wrote names his service, or his library.
#[test]
fn a108_a_directory_does_not_say_with_which_token_a_service_is_asked() {
    let place = Place::new();
    let hostile = TcpListener::bind("127.0.0.1:0").unwrap();
    hostile.set_nonblocking(true).unwrap();
    let address = hostile.local_addr().unwrap();
    std::fs::remove_file(place.path("audit/keys/receipt.pem")).unwrap();
    let key = "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29";
    for at in [
        format!("vault:http://{address}/transit/receipts"),
        "pkcs11:token=a;object=b".into(),
    ] {
        place.write("audit/keys/receipt.signer", &format!("{at} {key}\n"));
        let done = place.run(&["record", "audit", "lines.jsonl"]);
        assert_ne!(done.code, 0);
        assert!(
            done.err.contains("AI_AUDIT_SIGNER_CREDENTIALS"),
            "{}",
            done.err
        );
    }
    // Ours are in the environment, for our own service: the stranger's gets nothing, nor is it asked.
    place.write("token", TOKEN);
    let file = place.path("token").display().to_string();
    let port = address.port();
    for (at, ours) in [
        (
            format!("vault:http://{address}/transit/receipts"),
            "vault:https://vault.example.org:8200",
        ),
        (
            format!("vault:http://localhost:{port}/transit/receipts"),
            "vault:http://localhost",
        ),
        (
            format!("vault:http://{address}/transit/receipts"),
            "pkcs11:token=audit",
        ),
        ("pkcs11:token=a;object=b".into(), "pkcs11:token=audit"),
        ("aws:us-east-1/b".into(), "aws:eu-central-1"),
    ] {
        place.write("audit/keys/receipt.signer", &format!("{at} {key}\n"));
        let env = [
            ("AI_AUDIT_SIGNER_SERVICE", ours),
            ("AI_AUDIT_SIGNER_CREDENTIALS", file.as_str()),
            ("AI_AUDIT_SIGNER_MODULE", "/nowhere/module.so"),
        ];
        let before = place.receipts();
        let done = asked(&place, &env, &["record", "audit", "lines.jsonl"]);
        assert_ne!(done.code, 0);
        assert!(done.err.contains("is not in"), "{at}: {}", done.err);
        assert!(done.err.contains(ours), "{at}: {}", done.err);
        // A credential that is said to be for nobody goes to nobody.
        let done = asked(&place, &env[1..], &["record", "audit", "lines.jsonl"]);
        assert_ne!(done.code, 0);
        assert!(
            done.err.contains("AI_AUDIT_SIGNER_SERVICE"),
            "{at}: {}",
            done.err
        );
        assert_eq!(place.receipts(), before);
    }
    let env = [(
        "AI_AUDIT_SIGNER_SERVICE",
        "vault:https://u:hunter2@v.example.org",
    )];
    let done = asked(&place, &env, &["info", "audit"]);
    let said = done.sentence(2);
    assert!(
        said.contains("AI_AUDIT_SIGNER_SERVICE") && !said.contains("hunter2"),
        "{said}"
    );
    for line in [
        "signer-service = \"vault:http://evil.example\"",
        "signer-module = \"/evil.so\"",
        "signer-credentials = \"/home/me/.vault-token\"",
    ] {
        place.write("audit/ai-audit.toml", &format!("{line}\n"));
        let done = place.run(&["record", "audit", "lines.jsonl"]);
        assert!(
            done.sentence(2).contains("ai-audit.toml, line 1"),
            "{}",
            done.err
        );
    }
    place.write("audit/ai-audit.toml", "");
    let library = format!("pkcs11:token=a;object=b;module-path=/evil.so {key}\n");
    place.write("audit/keys/receipt.signer", &library);
    let done = place.run(&["record", "audit", "lines.jsonl"]);
    assert!(done.err.contains("expected vault:"), "{}", done.err);
    assert!(hostile.accept().is_err());
}
