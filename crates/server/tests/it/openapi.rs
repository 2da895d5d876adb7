//! The served document: whole, and true.

use crate::service::Place;
use serde_json::Value;

/// The routes of `docs/spec/service.md`.
fn routes() -> Vec<(String, String)> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/spec/service.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (_, routes) = text.split_once("\n## Routes\n").unwrap();
    let routes = routes.split("\n## ").next().unwrap();
    let lines = routes.lines().filter_map(|line| line.strip_prefix("| `"));
    lines
        .map(|line| {
            let (method, path) = line.split('`').next().unwrap().split_once(' ').unwrap();
            (method.to_lowercase(), path.to_owned())
        })
        .collect()
}

#[test]
fn the_document_has_the_routes_of_the_specification_and_they_are_there() {
    let service = Place::new().open();
    let document = service.get("/openapi.json").with(200);
    assert_eq!(document["openapi"], "3.1.0");
    let mut told: Vec<(String, String)> = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            told.push((method.clone(), path.clone()));
            let open = path.ends_with('z') || path == "/openapi.json";
            assert_eq!(operation["security"].is_null(), open, "{path}");
            assert!(operation["summary"].is_string(), "{path}");
        }
    }
    let mut specified = routes();
    specified.sort();
    told.sort();
    assert_eq!(told, specified);
    for (method, path) in told {
        let path = path.replace("{log}", "default").replace("{seq}", "0");
        let status = match method.as_str() {
            "get" => service.get(&path).status,
            _ => service.post(&path, "{}").status,
        };
        // A log without a checkpoint says so; what is nowhere would say 404 as well, with other words.
        let there = [200, 201, 400].contains(&status) || path.ends_with("/checkpoint");
        assert!(there, "{method} {path}: {status}");
    }
    service.end();
}

#[test]
fn what_it_refers_to_is_in_it() {
    let service = Place::new().open();
    let document = service.get("/openapi.json").with(200);
    let mut found = 0;
    refers(&document, &document, &mut found);
    assert!(found > 20, "{found}");
    let scheme = &document["components"]["securitySchemes"]["token"];
    assert_eq!(
        (&scheme["type"], &scheme["scheme"]),
        (&"http".into(), &"bearer".into())
    );
    service.end();
}

fn refers(document: &Value, value: &Value, found: &mut usize) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(to)) = fields.get("$ref") {
                let pointer = to.strip_prefix('#').unwrap();
                assert!(document.pointer(pointer).is_some(), "{to}");
                *found += 1;
            }
            fields
                .values()
                .for_each(|field| refers(document, field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| refers(document, item, found)),
        _ => {}
    }
}
