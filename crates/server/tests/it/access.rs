//! Who is let in, to what, and for how long.

use crate::service::{Place, Service};
use ai_audit_directory::{Settings, Writer};
use ai_audit_ingest::Keep;
use ai_audit_intake::Intake;
use ai_audit_server::{Access, Scope, ServeError, ServerOptions, serve};
use std::net::TcpListener;
use std::time::Duration;

const READ: [&str; 7] = [
    "/v1/logs/default/receipts",
    "/v1/logs/default/receipts/0",
    "/v1/logs/default/receipts/0/proof",
    "/v1/logs/default/checkpoint",
    "/v1/logs/default/verdict",
    "/v1/logs/default/package",
    "/v1/logs/default/statistics",
];
const APPEND: [&str; 4] = ["decisions", "traces", "reviews", "incidents"];

fn statuses(service: &Service, log: &str) -> (Vec<u16>, Vec<u16>, u16) {
    let read = READ
        .iter()
        .map(|path| service.get(&path.replace("default", log)).status);
    let append = APPEND.iter();
    let append = append.map(|what| service.post(&format!("/v1/logs/{log}/{what}"), "{}").status);
    let sign = service
        .post(&format!("/v1/logs/{log}/checkpoint"), "")
        .status;
    (read.collect(), append.collect(), sign)
}

#[test]
fn without_a_token_only_health_and_the_document_are_given() {
    let place = Place::new();
    place.token(&[Scope::Admin], &[]);
    let service = place.serve(|_| {});
    for path in ["/healthz", "/readyz", "/openapi.json"] {
        assert_eq!(service.get(path).status, 200, "{path}");
    }
    let (read, append, sign) = statuses(&service, "default");
    assert_eq!((read, append, sign), (vec![401; 7], vec![401; 4], 401));
    assert_eq!(service.get("/v1/logs").status, 401);
    // Which logs there are is not told either.
    let (read, append, sign) = statuses(&service, "other");
    assert_eq!((read, append, sign), (vec![401; 7], vec![401; 4], 401));
    service.end().verify();
}

#[test]
fn a_token_does_what_its_scopes_say() {
    let place = Place::new();
    let (append_token, _) = place.token(&[Scope::Append], &[]);
    let (read_token, _) = place.token(&[Scope::Read], &[]);
    let (admin_token, _) = place.token(&[Scope::Admin], &[]);
    let service = place.serve(|_| {}).with_token(&append_token);
    let (read, append, sign) = statuses(&service, "default");
    assert_eq!((read, sign), (vec![403; 7], 403));
    // Let in: an empty record is a decision, and no trace, review or incident.
    assert_eq!(append, [201, 400, 400, 400]);
    assert_eq!(service.get("/v1/logs").status, 403);

    let service = service.with_token(&admin_token);
    let (read, append, sign) = statuses(&service, "default");
    // The checkpoint that is read is signed behind it, unless a proof was made before.
    assert_eq!(
        (read, append, sign),
        (vec![200; 7], vec![201, 400, 400, 400], 200)
    );

    let service = service.with_token(&read_token);
    let (read, append, sign) = statuses(&service, "default");
    assert_eq!((read, append, sign), (vec![200; 7], vec![403; 4], 403));
    service.end().verify();
}

#[test]
fn a_token_of_one_log_does_not_see_the_others() {
    let place = Place::new();
    place.add_log("acme");
    let (token, _) = place.token(&[Scope::Append, Scope::Read], &["acme"]);
    let service = place.serve(|_| {}).with_token(&token);
    let logs = service.get("/v1/logs").with(200);
    assert_eq!(logs["logs"].as_array().unwrap().len(), 1);
    assert_eq!(logs["logs"][0]["name"], "acme");
    service.post("/v1/logs/acme/decisions", "{}").with(201);
    for path in READ {
        // One that is there and one that is not are told apart by nobody.
        let there = service.get(path).problem(404);
        let missing = service.get(&path.replace("default", "nolog")).problem(404);
        assert_eq!(there.replace("default", "nolog"), missing, "{path}");
    }
    service.decide("{}").problem(404);
    service.end();
}

#[test]
fn a_revoked_token_is_none_while_the_service_runs() {
    let place = Place::new();
    let (token, entry) = place.token(&[Scope::Append], &[]);
    place.token(&[Scope::Read], &[]);
    let service = place.serve(|_| {}).with_token(&token);
    service.decide("{}").with(201);
    service.place.tokens().revoke(&entry.id).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    assert!(service.decide("{}").problem(401).contains("was revoked"));
    let (token, _) = service.place.token(&[Scope::Append], &[]);
    std::thread::sleep(Duration::from_millis(300));
    let service = service.with_token(&token);
    service.decide("{}").with(201);
    service.end().verify();
}

#[test]
fn nobody_is_let_in_by_default() {
    let place = Place::new();
    let start = |options: ServerOptions, address: &str| {
        let writer = Writer::open(&place.path(), Settings::default(), "test").unwrap();
        let intake = Intake::new(writer, Keep::default()).unwrap();
        let listener = TcpListener::bind(address).unwrap();
        serve(intake, listener, options, async {})
    };
    let tokens = Access::Tokens(place.tokens());
    let refused = start(ServerOptions::new(tokens), "127.0.0.1:0");
    assert!(
        matches!(refused, Err(ServeError::NoTokens(_))),
        "{refused:?}"
    );
    let refused = start(ServerOptions::new(Access::Open), "0.0.0.0:0");
    assert!(
        matches!(refused, Err(ServeError::OpenToAll(_))),
        "{refused:?}"
    );
    start(ServerOptions::new(Access::Open), "127.0.0.1:0").unwrap();
}

#[test]
fn an_open_service_is_not_reached_by_web_pages() {
    let service = Place::new().open();
    // A name of the page's own that leads here.
    let answer = service.get_with("/v1/logs", &[("Host", "evil.example")]);
    assert!(answer.problem(403).contains("localhost"));
    // A form, which browsers send to anybody.
    let answer = service.post_as("/v1/logs/default/decisions", "text/plain", "{}");
    answer.problem(415);
    service.end().verify();
}
