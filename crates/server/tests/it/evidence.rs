//! What is taken away: proofs, packages, the keeper's verdict, statistics.

use crate::service::{Place, Service};
use ai_audit_core::{Exit, Question};
use ai_audit_directory::Statistics;
use ai_audit_export::verify_package;
use ai_audit_store::LogName;
use ai_audit_verify::{Pin, ReceiptProof, TrustPolicy};
use serde_json::{Value, json};

fn filled() -> Service {
    let service = Place::new().open();
    for number in 0..20 {
        let record = json!({
            "model": format!("m-{}", number % 3), "input": format!("{number}"),
            "trace_id": format!("t-{}", number % 2), "action": "escalate", "duration_ms": number,
        });
        service.decide(&record.to_string()).with(201);
    }
    service
}

fn policy(service: &Service) -> TrustPolicy {
    TrustPolicy::new().pin(Pin::parse(&service.place.key_line).unwrap())
}

#[test]
fn proofs_are_verified_with_the_auditors_pin() {
    let service = filled();
    for seq in [0, 4, 10, 23] {
        let proof = service.get(&format!("/v1/logs/default/receipts/{seq}/proof"));
        assert_eq!(proof.status, 200, "{}", proof.text());
        let proof = ReceiptProof::parse(&proof.bytes).unwrap();
        let report = proof.verify(&policy(&service), &[]).unwrap();
        assert_eq!(
            report.exit(&[Question::Integrity, Question::Attribution]),
            Exit::Verified
        );
        let sealed = service.get_with(
            &format!("/v1/logs/default/receipts/{seq}"),
            &[("Accept", "application/octet-stream")],
        );
        assert_eq!(sealed.bytes, proof.receipt());
    }
    service
        .get("/v1/logs/default/receipts/99/proof")
        .problem(404);
    service.end().verify();
}

#[test]
fn packages_are_verified_with_the_auditors_pin() {
    let service = filled();
    for (query, selected) in [("", 24), ("?trace=t-1", 10), ("?from=5&to=9", 5)] {
        let package = service.get(&format!("/v1/logs/default/package{query}"));
        assert_eq!(
            package.status,
            200,
            "{}",
            String::from_utf8_lossy(&package.bytes)
        );
        assert_eq!(package.kind, "application/zip");
        let found = verify_package(package.bytes.as_slice(), &policy(&service), |_, _| {});
        let asked = [Question::Integrity, Question::Attribution];
        assert_eq!(
            found.report.exit(&asked),
            Exit::Verified,
            "{:?}",
            found.report
        );
        let manifest = found.manifest.unwrap();
        assert!(
            manifest.receipts >= selected,
            "{query}: {}",
            manifest.receipts
        );
    }
    service
        .get("/v1/logs/default/package?trace=a&from=1")
        .problem(400);
    service.get("/v1/logs/default/package?from=99").problem(400);
    service.get("/v1/logs/default/package?form=1").problem(400);
    for nothing in ["?trace=nobody", "?session=nobody"] {
        let path = format!("/v1/logs/default/package{nothing}");
        let detail = service.get(&path).problem(404);
        assert!(detail.contains("nothing to export"), "{nothing}: {detail}");
    }
    // Nothing of them is left behind.
    let left = std::fs::read_dir(service.place.path()).unwrap();
    let left: Vec<String> = left
        .map(|one| one.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(".tmp"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    service.end().verify();
}

#[test]
fn the_keepers_verdict_is_that_of_the_command_line() {
    let service = filled();
    service.post("/v1/logs/default/checkpoint", "");
    let verdict = service.get("/v1/logs/default/verdict").with(200);
    assert_eq!(
        verdict["verdict"]["integrity"]["status"], "verified",
        "{verdict}"
    );
    assert_eq!(verdict["receipts"], 24);
    assert!(verdict["exit"].is_u64());
    service.end().verify();
}

#[test]
fn statistics_count_what_was_logged() {
    let service = filled();
    let counts = service.get("/v1/logs/default/statistics").with(200);
    assert_eq!(counts["kinds"]["decision"], 20);
    assert_eq!(counts["actions"]["escalate"], 20);
    assert_eq!(counts["models"]["m-0"], 7);
    assert_eq!(counts["decisions"]["decisions"], 20);
    // Asked again it goes on from there, to what is counted from the first receipt on.
    for more in 1..4_u64 {
        let record = json!({ "model": "another", "action": "reject", "duration_ms": more });
        service.decide(&record.to_string()).with(201);
        let counts = service.get("/v1/logs/default/statistics").with(200);
        assert_eq!(counts["models"]["another"], more);
        let directory = service.place.directory();
        let anew = Statistics::of(&directory, &LogName::default(), |_, _| {}).unwrap();
        let anew: Value = serde_json::from_str(&serde_json::to_string(&anew).unwrap()).unwrap();
        assert_eq!(counts, anew);
    }
    service.end().verify();
}

#[test]
fn records_are_sealed_and_others_answered_while_verdicts_are_made() {
    let service = filled();
    let verdicts = |_| {
        let answer = service.get("/v1/logs/default/verdict");
        match answer.status {
            200 => 1,
            _ => {
                let detail = answer.problem(503);
                assert!(detail.contains("another verdict is being made"), "{detail}");
                0
            }
        }
    };
    let made: u32 = std::thread::scope(|scope| {
        let threads = [(); 4].map(|()| scope.spawn(|| (0..20).map(verdicts).sum::<u32>()));
        for _ in 0..20 {
            service.decide("{}").with(201);
            // However many ask for verdicts, the other place is not theirs.
            service.get("/v1/logs/default/statistics").with(200);
        }
        threads.map(|thread| thread.join().unwrap()).iter().sum()
    });
    assert!(made > 0);
    // When nobody else has one made there is a place.
    service.get("/v1/logs/default/verdict").with(200);
    service.end().verify();
}
