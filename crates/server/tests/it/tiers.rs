//! A service whose old epochs move to a second store while it runs.

use crate::service::{Place, Service};
use ai_audit_directory::{ColdSettings, LogDirectory, Settings, Writer};
use ai_audit_ingest::Keep;
use ai_audit_server::Troubles;
use ai_audit_store::LogName;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Epochs of ten receipts, which move as soon as they are sealed.
fn settings(cold: &Path) -> Settings {
    Settings {
        epoch_receipts: 10,
        cold: ColdSettings {
            folder: Some(cold.into()),
            days: 0,
            keep: 0,
            ..ColdSettings::default()
        },
        ..Settings::default()
    }
}

fn serve(place: Place, settings: &Settings) -> (Service, Receiver<String>) {
    let (warnings, heard) = channel();
    let service = place.serve_with(settings.clone(), Keep::default(), |options| {
        options.access = ai_audit_server::Access::Open;
        options.move_every = Some(Duration::from_millis(100));
        options.troubles = Troubles::new(move |line| drop(warnings.send(line.to_owned())));
    });
    (service, heard)
}

/// Waits until something is so.
fn until(what: &str, so: impl Fn() -> bool) {
    let start = Instant::now();
    while !so() {
        assert!(start.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn sealed_epochs_move_while_records_are_taken() {
    let place = Place::new();
    let settings = settings(&place.beside("cold"));
    let writer = Writer::open(&place.path(), settings.clone(), "test").unwrap();
    writer.make_cold_store(false).unwrap();
    writer.close("made").unwrap();
    let (service, heard) = serve(place, &settings);
    for n in 0..40 {
        let body = format!(r#"{{"model": "m{n}"}}"#);
        service.decide(&body).with(201);
    }
    // The first store alone has lost bytes; both together have not.
    let (path, log) = (service.place.path(), LogName::default());
    until("nothing was moved", || {
        let both = LogDirectory::open(&path, settings.clone()).unwrap();
        let epochs = both.epochs(&log).unwrap();
        epochs.iter().map(|epoch| epoch.moved).sum::<u64>() > 5
    });
    let page = service
        .get("/v1/logs/default/receipts?limit=1000")
        .with(200);
    let receipts = page["receipts"].as_array().unwrap();
    assert!(receipts.len() >= 40 && receipts.iter().all(|one| one["deleted"] != true));
    assert_eq!(heard.try_iter().collect::<Vec<_>>(), [""; 0]);
    let place = service.end();
    let both = LogDirectory::open(&place.path(), settings).unwrap();
    let size = both.head(&log).unwrap().size();
    assert_eq!(both.store().count_deleted(&log, 0..=size - 1).unwrap(), 0);
}

/// The folder is gone: records are taken, and somebody hears why nothing moves.
#[test]
fn a_cold_store_that_is_gone_is_said_and_costs_no_record() {
    let place = Place::new();
    let settings = settings(&place.beside("gone"));
    let (service, heard) = serve(place, &settings);
    for n in 0..15 {
        let body = format!(r#"{{"model": "m{n}"}}"#);
        service.decide(&body).with(201);
    }
    let said = heard.recv_timeout(Duration::from_secs(60)).unwrap();
    assert!(
        said.contains("log default") && said.contains("not there"),
        "{said}"
    );
    service.end().verify();
}
