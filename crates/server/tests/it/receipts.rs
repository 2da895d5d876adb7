//! Paging through receipts.

use crate::service::{Place, id};
use serde_json::{Value, json};

#[test]
fn pages_follow_each_other_to_the_end() {
    let service = Place::new().open();
    let records: Vec<Value> = (0..50)
        .map(|n| json!({"model": format!("m{n}"), "trace_id": format!("t{}", n % 5), "session_id": "s"}))
        .collect();
    service
        .decide(&json!({"records": records}).to_string())
        .with(201);
    service
        .decide(&json!({"id": id(9), "trace_id": "t1"}).to_string())
        .with(201);
    let all = |filter: &str| {
        let mut from = 0;
        let mut seqs = Vec::new();
        loop {
            let path = format!("/v1/logs/default/receipts?limit=7&from={from}{filter}");
            let page = service.get(&path).with(200);
            assert_eq!(page["size"], 55);
            let receipts = page["receipts"].as_array().unwrap();
            assert!(receipts.len() <= 7);
            seqs.extend(receipts.iter().map(|one| one["seq"].as_u64().unwrap()));
            match page["next"].as_u64() {
                Some(next) => from = next,
                None => return seqs,
            }
        }
    };
    assert_eq!(all(""), (0..55).collect::<Vec<u64>>());
    assert_eq!(all("&kind=decision"), (4..55).collect::<Vec<u64>>());
    let of_trace: Vec<u64> = (4..55)
        .filter(|seq| (seq - 4) % 5 == 1 || *seq == 54)
        .collect();
    assert_eq!(all("&trace=t1"), of_trace);
    let both: Vec<u64> = of_trace.iter().copied().filter(|seq| *seq != 54).collect();
    assert_eq!(all("&trace=t1&session=s"), both);
    assert_eq!(all("&session=s&kind=genesis"), [0; 0]);
    assert_eq!(all(&format!("&id={}", id(9))), [54]);
    assert_eq!(all(&format!("&id={}&trace=t2", id(9))), [0; 0]);
    service.end().verify();
}

#[test]
fn wrong_parameters_are_named() {
    let service = Place::new().open();
    for (query, said) in [
        ("limit=0", "`limit`: expected a number from 1 to 1000"),
        ("limit=1001", "`limit`"),
        ("limit=x", "`limit`"),
        ("from=-1", "`from`: expected a receipt's seq"),
        ("kind=decison", "`kind`"),
        ("id=7", "`id`"),
        ("trace=", "`trace`: it is empty"),
        ("from=1&from=2", "stands there twice"),
        (
            "form=1",
            "unknown; known are from, limit, kind, trace, session, id",
        ),
    ] {
        let detail = service
            .get(&format!("/v1/logs/default/receipts?{query}"))
            .problem(400);
        assert!(detail.contains(said), "{query}: {detail}");
    }
    for path in [
        "/v1/logs/default/receipts/9",
        "/v1/logs/default/receipts/x",
        "/nothing",
        "/v1/logs/%ff/receipts",
        "/v1/logs/No/receipts",
    ] {
        service.get(path).problem(404);
    }
    service.post("/v1/logs", "{}").problem(405);
    service.end().verify();
}
