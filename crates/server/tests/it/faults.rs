//! Clients that vanish, and an end in the middle of it all.

use crate::service::{Place, agent, id};
use ai_audit_core::{ReceiptId, UnverifiedReceipt};
use ai_audit_store::{LogName, Query};
use serde_json::{Value, json};
use std::io::Write as _;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[test]
fn what_a_client_sent_before_it_vanished_is_there_once() {
    let service = Place::new().open();
    for number in 0..30 {
        let body = json!({"id": id(number), "input": format!("{number}")}).to_string();
        let head = format!(
            "POST /v1/logs/default/decisions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let mut stream = TcpStream::connect(service.address).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        // Sooner or later, but before the answer is read.
        std::thread::sleep(Duration::from_micros(u64::from(number) * 100));
        drop(stream);
    }
    std::thread::sleep(Duration::from_millis(200));
    // Whatever became of them, it can be sent again.
    for number in 0..30 {
        let body = json!({"id": id(number), "input": format!("{number}")});
        let answer = service.decide(&body.to_string());
        assert!([200, 201].contains(&answer.status), "{}", answer.text());
    }
    let place = service.end();
    assert_eq!(place.verify(), 35);
}

#[test]
fn nothing_acknowledged_is_lost_when_it_is_stopped_under_load() {
    let service = Place::new().open();
    let url = service.url("/v1/logs/default/decisions");
    let over = Arc::new(AtomicBool::new(false));
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let (url, over) = (url.clone(), Arc::clone(&over));
            std::thread::spawn(move || {
                let agent = agent();
                let mut acknowledged = Vec::new();
                while !over.load(Ordering::Relaxed) {
                    let sent = agent
                        .post(&url)
                        .header("Content-Type", "application/json")
                        .send(r#"{"records": [{"model": "a"}, {"model": "b"}]}"#);
                    // The service is gone: nothing was acknowledged.
                    let Ok(mut answer) = sent else { continue };
                    let status = answer.status().as_u16();
                    let text = answer.body_mut().read_to_string().unwrap();
                    assert!([201, 503].contains(&status), "{status} {text}");
                    if status == 201 {
                        let answer: Value = serde_json::from_str(&text).unwrap();
                        for receipt in answer["receipts"].as_array().unwrap() {
                            let id: ReceiptId = receipt["id"].as_str().unwrap().parse().unwrap();
                            acknowledged.push((receipt["seq"].as_u64().unwrap(), id));
                        }
                    }
                }
                acknowledged
            })
        })
        .collect();
    std::thread::sleep(Duration::from_millis(700));
    let place = service.end();
    over.store(true, Ordering::Relaxed);
    let size = place.verify();
    let (directory, log) = (place.directory(), LogName::default());
    let mut count = 0;
    for (seq, id) in threads
        .into_iter()
        .flat_map(|thread| thread.join().unwrap())
    {
        assert_eq!(
            directory
                .store()
                .find(&log, &Query::Id(id), None, 2)
                .unwrap(),
            [seq]
        );
        count += 1;
    }
    assert!(count >= 16, "{count}");
    // It was closed in order, and its last checkpoint covers the stop receipt.
    let last = directory.receipt(&log, size - 1).unwrap();
    let last = UnverifiedReceipt::parse(&last).unwrap();
    assert_eq!(last.header().kind, ai_audit_core::Kind::STOP);
    let checkpoint = directory.store().latest_checkpoint(&log).unwrap().unwrap();
    assert_eq!(checkpoint.size.as_u64(), size);
}

#[test]
fn a_disk_that_takes_nothing_is_told_before_anybody_appends() {
    let service = Place::new().open();
    assert_eq!(service.get("/readyz").text(), "ready\n");
    // What was found is not asked again for a second.
    let later = || std::thread::sleep(Duration::from_millis(1100));
    let (path, away) = (service.place.path(), service.place.beside("away"));
    std::fs::rename(&path, &away).unwrap();
    later();
    let detail = service.get("/readyz").problem(503);
    assert!(detail.contains("nothing can be written"), "{detail}");
    assert!(!detail.contains(path.to_str().unwrap()), "{detail}");
    std::fs::rename(&away, &path).unwrap();
    later();
    assert_eq!(service.get("/readyz").text(), "ready\n");
    service.end().verify();
}
