//! Appending: durable before it is answered, once however often it is sent, together or not at all.

use crate::service::{Place, Service, id};
use ai_audit_directory::Settings;
use ai_audit_ingest::{Keep, Keeping};
use ai_audit_server::Access;
use serde_json::{Value, json};

fn seqs(answer: &Value) -> Vec<u64> {
    let receipts = answer["receipts"].as_array().unwrap();
    receipts
        .iter()
        .map(|one| one["seq"].as_u64().unwrap())
        .collect()
}

#[test]
fn decisions_are_sealed_read_and_verified() {
    let service = Place::new().open();
    assert_eq!(service.get("/healthz").text(), "ok\n");
    assert_eq!(service.get("/readyz").text(), "ready\n");
    let one = service
        .decide(r#"{"input": "May I?", "output": "Yes.", "model": "gpt-4o", "action": "allow"}"#)
        .with(201);
    let receipt = &one["receipts"][0];
    assert_eq!(receipt["duplicate"], false);
    let seq = receipt["seq"].as_u64().unwrap();
    let two = service
        .decide(r#"{"records": [{"model": "a"}, {"model": "b"}]}"#)
        .with(201);
    assert_eq!(seqs(&two), [seq + 1, seq + 2]);

    let read = service
        .get(&format!("/v1/logs/default/receipts/{seq}"))
        .with(200);
    assert_eq!(read["hash"], receipt["hash"]);
    assert_eq!(read["id"], receipt["id"]);
    assert_eq!(read["body"]["model"], "gpt-4o");
    let page = service
        .get("/v1/logs/default/receipts?kind=decision")
        .with(200);
    let models: Vec<&str> = page["receipts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["body"]["model"].as_str().unwrap())
        .collect();
    assert_eq!(models, ["gpt-4o", "a", "b"]);
    assert_eq!(page["next"], Value::Null);

    let note = service.post("/v1/logs/default/checkpoint", "");
    assert_eq!(note.status, 200);
    assert_eq!(
        service.get("/v1/logs/default/checkpoint").text(),
        note.text()
    );
    let place = service.end();
    // Genesis, start and stop of opening it, start, three decisions, stop.
    assert_eq!(place.verify(), 8);
}

#[test]
fn the_same_record_is_sealed_once_and_another_one_under_its_id_is_refused() {
    let service = Place::new().open();
    let record = json!({
        "id": id(1), "input": "May I?", "output": {"a": 1.5}, "model": "gpt-4o", "subject": "s-1",
        "trace_id": "t", "checks": [{"name": "c", "score": 0.5, "detail": {"x": [1]}}],
        "state": ["a"], "config": {"t": 0}, "time": "2026-11-24T09:30:00Z",
    });
    let first = service.decide(&record.to_string()).with(201);
    let second = service.decide(&record.to_string()).with(200);
    assert_eq!(second["receipts"][0]["duplicate"], true);
    for field in ["seq", "id", "hash", "sealed_at"] {
        assert_eq!(first["receipts"][0][field], second["receipts"][0][field]);
    }
    for (field, value) in [
        ("input", json!("May I not?")),
        ("output", json!({"a": 1.25})),
        ("model", json!("gpt-5")),
        ("subject", json!("s-2")),
        ("trace_id", json!("u")),
        ("action", json!("reject")),
        ("time", json!("2026-11-24T09:30:01Z")),
    ] {
        let mut other = record.clone();
        other[field] = value;
        let answer = service.decide(&other.to_string());
        let detail = answer.problem(409);
        assert!(detail.contains("has its id: it"), "{field}: {detail}");
        assert_eq!(answer.json()["place"], "record");
    }
    // Together with a new one: the new one alone is sealed.
    let both = json!({"records": [{"id": id(2)}, record, {"model": "x"}]});
    let both = service.decide(&both.to_string()).with(201);
    let first = first["receipts"][0]["seq"].as_u64().unwrap();
    assert_eq!(seqs(&both), [first + 1, first, first + 2]);
    let duplicate: Vec<bool> = both["receipts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["duplicate"].as_bool().unwrap())
        .collect();
    assert_eq!(duplicate, [false, true, false]);
    service.end().verify();
}

#[test]
fn what_is_kept_encrypted_can_be_sent_again_too() {
    let keep = Keep {
        input: Keeping::Encrypted,
        output: Keeping::Plain,
    };
    let service = Place::new().serve_with(Settings::default(), keep, |options| {
        options.access = Access::Open;
    });
    let record =
        json!({"id": id(1), "input": "mail a@example.com", "output": "Yes", "subject": "s"});
    service.decide(&record.to_string()).with(201);
    let again = service.decide(&record.to_string()).with(200);
    assert_eq!(again["receipts"][0]["duplicate"], true);
    let mut other = record.clone();
    other["input"] = json!("mail b@example.com");
    service.decide(&other.to_string()).problem(409);
    other = record;
    other["output"] = json!("No");
    service.decide(&other.to_string()).problem(409);
    service.end().verify();
}

#[test]
fn all_or_nothing() {
    let service = Place::new().open();
    let size = |service: &Service| service.get("/v1/logs").with(200)["logs"][0]["size"].clone();
    let before = size(&service);
    for (records, place) in [
        (json!([{"model": "a"}, {"actoin": "allow"}]), "records[1]"),
        (json!([{"model": "a"}, 7]), "records[1]"),
        (json!([{"id": id(1)}, {"id": id(1)}]), "records[1]"),
        (json!([{"tenant": "other"}, {"model": "a"}]), "records[0]"),
        (
            json!([{"model": "a"}, {"id": "00000000-0000-4000-8000-000000000000"}]),
            "records[1]",
        ),
    ] {
        let answer = service.decide(&json!({"records": records}).to_string());
        answer.problem(400);
        assert_eq!(answer.json()["place"], place, "{}", answer.text());
    }
    assert_eq!(size(&service), before);
    service.end().verify();
}

#[test]
fn a_trace_is_sealed_with_its_links_and_found_again_by_its_ids() {
    let service = Place::new().open();
    let trace = json!({"trace_id": "t-1", "steps": [
        {"kind": "decision", "ref": "d", "id": id(1), "model": "m", "input": "x"},
        {"kind": "tool_intent", "ref": "i", "id": id(2), "tool": "send", "arguments": {"to": "x"}, "parents": ["d"]},
        {"kind": "tool_outcome", "id": id(3), "intent": "i", "status": "ok", "result": "done"},
    ]});
    let path = "/v1/logs/default/traces";
    let first = service.post(path, &trace.to_string()).with(201);
    assert_eq!(first["receipts"].as_array().unwrap().len(), 3);
    let outcome = seqs(&first)[2];
    let outcome = service
        .get(&format!("/v1/logs/default/receipts/{outcome}"))
        .with(200);
    assert_eq!(outcome["body"]["intent"], first["receipts"][1]["hash"]);
    let again = service.post(path, &trace.to_string()).with(200);
    assert_eq!(seqs(&again), seqs(&first));

    let mut other = trace.clone();
    other["steps"][2]["status"] = json!("error");
    assert!(
        service
            .post(path, &other.to_string())
            .problem(409)
            .contains("its body says")
    );
    let mut without = trace.clone();
    without["steps"][1].as_object_mut().unwrap().remove("id");
    assert!(
        service
            .post(path, &without.to_string())
            .problem(409)
            .contains("not every step")
    );
    let mut shorter = trace;
    shorter["steps"].as_array_mut().unwrap().remove(0);
    shorter["steps"][0]
        .as_object_mut()
        .unwrap()
        .remove("parents");
    assert!(
        service
            .post(path, &shorter.to_string())
            .problem(409)
            .contains("its body says")
    );

    // Two traces of one request keep their links apart.
    let small = |n: u8| {
        json!({"trace_id": format!("t-{n}"), "steps": [
            {"kind": "tool_intent", "ref": "i", "tool": "a"},
            {"kind": "tool_outcome", "intent": "i", "status": "ok"},
        ]})
    };
    let two = json!({"records": [small(2), small(3)]});
    let two = service.post(path, &two.to_string()).with(201);
    let last = service
        .get(&format!("/v1/logs/default/receipts/{}", seqs(&two)[3]))
        .with(200);
    assert_eq!(last["body"]["intent"], two["receipts"][2]["hash"]);
    assert_eq!(last["trace_id"], "t-3");
    service.end().verify();
}

#[test]
fn many_who_send_the_same_ids_at_once_get_the_same_receipts() {
    let service = Place::new().open();
    let url = service.url("/v1/logs/default/decisions");
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let url = url.clone();
            std::thread::spawn(move || {
                let agent = crate::service::agent();
                let mut hashes = Vec::new();
                for number in 0..40 {
                    let body = json!({"id": id(number), "input": format!("{number}")});
                    let mut answer = agent
                        .post(&url)
                        .header("Content-Type", "application/json")
                        .send(body.to_string())
                        .unwrap();
                    let status = answer.status().as_u16();
                    let text = answer.body_mut().read_to_string().unwrap();
                    assert!(status == 200 || status == 201, "{status} {text}");
                    let answer: Value = serde_json::from_str(&text).unwrap();
                    hashes.push((
                        status,
                        answer["receipts"][0]["hash"].as_str().unwrap().to_owned(),
                    ));
                }
                hashes
            })
        })
        .collect();
    let all: Vec<Vec<(u16, String)>> = threads.into_iter().map(|one| one.join().unwrap()).collect();
    for number in 0..40 {
        let hashes: Vec<&str> = all.iter().map(|one| one[number].1.as_str()).collect();
        assert!(hashes.iter().all(|hash| *hash == hashes[0]), "{hashes:?}");
        let sealed = all.iter().filter(|one| one[number].0 == 201).count();
        assert_eq!(sealed, 1, "record {number}");
    }
    // Genesis, start, stop, start, 40 decisions, stop.
    assert_eq!(service.end().verify(), 45);
}
