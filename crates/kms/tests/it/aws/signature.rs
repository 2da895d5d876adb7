//! Requests as they are sent, held against `botocore`, AWS's own implementation of the signature.

use super::{SECRET, SESSION, stands};
use crate::servers::{Answer, Endpoint, patient};
use ai_audit_core::SigningKey;
use ai_audit_kms::{AwsCredentials, AwsKmsSigner, AwsService};
use serde_json::json;
use std::process::Command;

/// Signs what came once more, at the time that it says.
const BOTOCORE: &str = r#"
import datetime, json, sys
import botocore.auth, botocore.awsrequest, botocore.credentials
came = json.load(sys.stdin)
at = datetime.datetime.strptime(came["date"], "%Y%m%dT%H%M%SZ")
botocore.auth.get_current_datetime = lambda *_, **__: at
who = botocore.credentials.Credentials(came["id"], came["secret"], came["session"] or None)
asked = botocore.awsrequest.AWSRequest("POST", came["url"], headers=came["headers"], data=came["body"].encode())
botocore.auth.SigV4Auth(who, "kms", came["region"]).add_auth(asked)
print(asked.headers["Authorization"])
"#;

#[test]
fn a_request_is_signed_as_botocore_signs_it() {
    let able = Command::new("python3")
        .args(["-c", "import botocore.auth"])
        .output();
    if !able.is_ok_and(|output| output.status.success()) {
        println!("SKIPPED: signatures beside botocore's: it is absent");
        return;
    }
    for (session, micros) in [
        (None, 1_440_938_160_000_000),
        (Some(SESSION), 1_772_323_199_999_999),
        (Some(SESSION), 4_102_444_800_000_000),
    ] {
        let endpoint = Endpoint::new(|_, _| Answer::Says(400, "", "{}".into()));
        let who = AwsCredentials::new("AKIDEXAMPLE", SECRET.into(), session.map(Into::into));
        let clock = stands(micros);
        let service = AwsService::new("eu-central-1", who, patient(), clock).unwrap();
        let service = service.at(&endpoint.url).unwrap();
        let pinned = SigningKey::from_bytes(&[1; 32]).verifying_key();
        AwsKmsSigner::open(service.into(), "alias/é", pinned).unwrap_err();
        let came = endpoint.came.lock().unwrap()[0].clone();
        let asked = json!({
            "date": came.header("x-amz-date"),
            "id": "AKIDEXAMPLE",
            "secret": SECRET,
            "session": session,
            "region": "eu-central-1",
            "url": format!("{}/", endpoint.url),
            "headers": {
                "content-type": came.header("content-type"),
                "x-amz-target": came.header("x-amz-target"),
            },
            "body": came.body,
        });
        let mut python = Command::new("python3")
            .args(["-c", BOTOCORE])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = python.stdin.take().unwrap();
        std::io::Write::write_all(&mut stdin, asked.to_string().as_bytes()).unwrap();
        drop(stdin);
        let output = python.wait_with_output().unwrap();
        assert!(output.status.success());
        let expected = String::from_utf8(output.stdout).unwrap();
        assert_eq!(came.header("authorization"), expected.trim_end());
    }
}
