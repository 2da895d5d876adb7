//! moto's server, with its check of signatures and policies on.

use super::runs;
use crate::servers::{Server, patient};
use ai_audit_core::SigningKey;
use ai_audit_kms::{
    AwsCredentials, AwsKmsSigner, AwsService, EncryptedSeed, KmsErrorKind, kms_seed,
    secrets_manager_seed,
};
use base64ct::{Base64, Encoding as _};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

const REGION: &str = "eu-central-1";

/// moto, set up by AWS's own client for Python, which has to be there for moto anyway.
struct Moto {
    server: Server,
    made: Value,
}

/// Makes keys and secrets with boto3, and a user whose signature moto checks from then on.
const SETUP: &str = r#"
import base64, json, sys, urllib.request
import boto3
url, seed = sys.argv[1], bytes.fromhex(sys.argv[2])
def client(name, region="eu-central-1"):
    return boto3.client(name, endpoint_url=url, region_name=region, aws_access_key_id="x", aws_secret_access_key="x")
kms, sm, iam = client("kms"), client("secretsmanager"), client("iam")
key = kms.create_key()["KeyMetadata"]["Arn"]
kms.create_alias(AliasName="alias/seed", TargetKeyId=key)
def encrypt(text, **more):
    return base64.b64encode(kms.encrypt(KeyId=key, Plaintext=text, **more)["CiphertextBlob"]).decode()
made = {"key": key, "plain": encrypt(seed), "context": encrypt(seed, EncryptionContext={"log": "a"}), "short": encrypt(seed[:31])}
made["p256"] = kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P256")["KeyMetadata"]["KeyId"]
sm.create_secret(Name="bare", SecretString=seed.hex())
sm.create_secret(Name="object", SecretString=json.dumps({"seed_hex": seed.hex(), "note": [1]}))
sm.create_secret(Name="other", SecretString="cd" * 32)
sm.create_secret(Name="binary", SecretBinary=seed)
def user(name, actions):
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}))
    access = iam.create_access_key(UserName=name)["AccessKey"]
    return [access["AccessKeyId"], access["SecretAccessKey"]]
made["audit"] = user("audit", ["kms:Decrypt", "kms:Sign", "secretsmanager:GetSecretValue"])
made["narrow"] = user("narrow", ["s3:ListBucket"])
# From now on it checks who asks.
urllib.request.urlopen(urllib.request.Request(url + "/moto-api/reset-auth", data=b"0", headers={"content-type": "text/plain"}, method="POST")).read()
print(json.dumps(made))
"#;

fn seed_key() -> SigningKey {
    SigningKey::from_bytes(&[0xab; 32])
}

fn start() -> Option<Moto> {
    let server = Server::start("AWS", "moto_server", |command, port| {
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
    })?;
    let output = std::process::Command::new("python3")
        .args(["-c", SETUP, &server.url, &"ab".repeat(32)])
        .output()
        .unwrap();
    let cried = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{cried}");
    let made = serde_json::from_slice(&output.stdout).unwrap();
    Some(Moto { server, made })
}

impl Moto {
    fn text(&self, name: &str) -> &str {
        self.made[name].as_str().unwrap()
    }

    fn service(&self, user: &str) -> AwsService {
        let [id, secret] = [0, 1].map(|at| self.made[user][at].as_str().unwrap());
        self.as_who(AwsCredentials::new(id, secret.into(), None), REGION)
    }

    fn as_who(&self, who: AwsCredentials, region: &str) -> AwsService {
        let clock = runs();
        let service = AwsService::new(region, who, patient(), clock).unwrap();
        service.at(&self.server.url).unwrap()
    }

    fn encrypted(&self, key: &str, ciphertext: &str) -> EncryptedSeed {
        EncryptedSeed {
            key: key.into(),
            ciphertext: Base64::decode_vec(self.text(ciphertext)).unwrap(),
            context: BTreeMap::new(),
        }
    }
}

#[test]
fn seeds_are_read_as_the_python_library_keeps_them() {
    let Some(moto) = start() else { return };
    let service = moto.service("audit");
    let key = seed_key();
    let pinned = key.verifying_key();
    let arn = moto.text("key").to_owned();
    for name in [arn.as_str(), "alias/seed"] {
        let read = kms_seed(&service, &moto.encrypted(name, "plain"), &pinned).unwrap();
        assert_eq!(read.sign(b"m"), key.sign(b"m"));
    }
    let mut bound = moto.encrypted(&arn, "context");
    let refused = kms_seed(&service, &bound, &pinned).unwrap_err();
    assert_eq!(refused.kind(), KmsErrorKind::Refused, "{refused}");
    bound.context.insert("log".into(), "a".into());
    kms_seed(&service, &bound, &pinned).unwrap();
    for name in ["bare", "object"] {
        let read = secrets_manager_seed(&service, name, "seed_hex", &pinned).unwrap();
        assert_eq!(read.sign(b"m"), key.sign(b"m"));
    }
}

#[test]
fn seeds_that_do_not_fit_are_refused() {
    let Some(moto) = start() else { return };
    let service = moto.service("audit");
    let pinned = seed_key().verifying_key();
    let arn = moto.text("key");
    let kms = |service: &AwsService, key: &str, ciphertext: &str| {
        let error = kms_seed(service, &moto.encrypted(key, ciphertext), &pinned).unwrap_err();
        println!("{error}");
        assert!(!error.to_string().contains("abab"), "{error}");
        error.kind()
    };
    assert_eq!(kms(&service, arn, "short"), KmsErrorKind::Answer);
    assert_eq!(
        kms(&service, &arn.replace(REGION, "us-east-1"), "plain"),
        KmsErrorKind::Settings
    );
    let secret = |service: &AwsService, name: &str| {
        let error = secrets_manager_seed(service, name, "seed_hex", &pinned).unwrap_err();
        println!("{error}");
        assert!(
            !error.to_string().contains("abab") && !error.to_string().contains("cdcd"),
            "{error}"
        );
        error.kind()
    };
    // A92: another seed, put there by whoever may write it.
    assert_eq!(secret(&service, "other"), KmsErrorKind::OtherKey);
    assert_eq!(secret(&service, "none"), KmsErrorKind::NoSuchKey);
    assert_eq!(secret(&service, "binary"), KmsErrorKind::Answer);
    // Who may not, whose secret is wrong, whose clock is, and who asks in another region.
    assert_eq!(
        secret(&moto.service("narrow"), "bare"),
        KmsErrorKind::Denied
    );
    let id = moto.made["audit"][0].as_str().unwrap();
    let wrong = moto.as_who(AwsCredentials::new(id, "wrong-secret".into(), None), REGION);
    // moto says so in XML, without which one of the two it is.
    let either = [KmsErrorKind::Credentials, KmsErrorKind::Denied];
    assert!(either.contains(&secret(&wrong, "bare")));
    assert!(either.contains(&kms(&wrong, arn, "plain")));
    let secret_key = moto.made["audit"][1].as_str().unwrap().to_owned();
    let elsewhere = moto.as_who(AwsCredentials::new(id, secret_key, None), "us-east-1");
    let error = secrets_manager_seed(&elsewhere, "bare", "seed_hex", &pinned).unwrap_err();
    assert_eq!(error.kind(), KmsErrorKind::NoSuchKey);
    assert!(error.to_string().contains("region us-east-1"), "{error}");
}

#[test]
fn a_key_that_is_none_for_ed25519_does_not_sign() {
    let Some(moto) = start() else { return };
    let service = Arc::new(moto.service("audit"));
    let pinned = seed_key().verifying_key();
    for (name, kinds) in [
        (
            "1234abcd-12ab-34cd-56ef-1234567890ab",
            [KmsErrorKind::NoSuchKey; 2],
        ),
        (
            moto.text("p256"),
            [KmsErrorKind::Refused, KmsErrorKind::KeyUnusable],
        ),
        (
            moto.text("key"),
            [KmsErrorKind::Refused, KmsErrorKind::KeyUnusable],
        ),
    ] {
        let error = AwsKmsSigner::open(service.clone(), name, pinned).unwrap_err();
        println!("{error}");
        assert!(kinds.contains(&error.kind()), "{error}");
    }
}
