//! OSCAL documents held against NIST's own schema (tests/data, public domain).

use crate::samples::{HOSTILE, crosswalk, long_word};
use ai_audit_compliance::{Crosswalk, Status};
use ai_audit_core::Timestamp;
use ai_audit_report::{MlBom, MlBomLink, OSCAL_NAMESPACE, OscalError, to_oscal};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::LazyLock;

static SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
    let text = include_str!("../data/oscal_assessment-results_schema-1.2.3.json");
    jsonschema::options()
        .should_validate_formats(true)
        .build(&serde_json::from_str(text).unwrap())
        .unwrap()
});

/// The document, which must be valid.
fn valid(crosswalk: &Crosswalk, ml_bom: Option<&MlBomLink>) -> Value {
    let document: Value = serde_json::from_str(&to_oscal(crosswalk, ml_bom).unwrap()).unwrap();
    let wrong: Vec<String> = SCHEMA
        .iter_errors(&document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    document
}

fn bill() -> MlBomLink {
    MlBomLink {
        href: "ml-bom.cdx.json".into(),
        bom: Some(MlBom::read(include_bytes!("../data/ml-bom.cdx.json")).unwrap()),
    }
}

fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn prop<'a>(of: &'a Value, name: &str) -> Option<&'a str> {
    let prop = list(of, "/props")
        .iter()
        .find(|prop| prop["name"] == name)?;
    assert_eq!(prop["ns"], OSCAL_NAMESPACE);
    prop["value"].as_str()
}

fn observations<'a>(document: &'a Value, sort: &str) -> Vec<&'a Value> {
    list(document, "/assessment-results/results/0/observations")
        .iter()
        .filter(|observation| observation["types"][0] == sort)
        .collect()
}

/// Every string in a document.
fn strings<'a>(value: &'a Value, out: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => out.push(text),
        Value::Array(them) => them.iter().for_each(|value| strings(value, out)),
        Value::Object(them) => them.values().for_each(|value| strings(value, out)),
        _ => {}
    }
}

#[test]
fn a_log_held_against_every_catalogue_is_a_valid_document() {
    let crosswalk = crosswalk(40);
    assert_eq!(crosswalk.nothing_counts, None);
    let document = valid(&crosswalk, Some(&bill()));
    let controls: usize = crosswalk.frameworks.iter().map(|f| f.controls.len()).sum();
    assert!(controls > 100, "{controls}");
    let said = observations(&document, "control-evidence");
    assert_eq!(said.len(), controls);
    for (said, control) in said
        .iter()
        .zip(crosswalk.frameworks.iter().flat_map(|f| &f.controls))
    {
        assert_eq!(prop(said, "status"), Some(control.status.words()));
    }
    let coverage = observations(&document, "coverage");
    assert_eq!(coverage.len(), crosswalk.coverage.len());
    for (said, coverage) in coverage.iter().zip(&crosswalk.coverage) {
        assert_eq!(prop(said, "matched"), Some(coverage.n.to_string().as_str()));
        assert_eq!(
            list(said, "/relevant-evidence").len(),
            coverage.pointers.len()
        );
    }
    assert_eq!(observations(&document, "gap").len(), crosswalk.gaps.len());
    let verdict = observations(&document, "verdict");
    assert_eq!(prop(verdict[0], "integrity"), Some("verified"));
    assert_eq!(
        document["assessment-results"]["metadata"]["parties"][0]["name"],
        "tenant"
    );
}

#[test]
fn the_schema_is_not_one_that_takes_everything() {
    let mut document = valid(&crosswalk(3), None);
    for (pointer, wrong) in [
        ("/assessment-results/uuid", Value::from("1")),
        (
            "/assessment-results/results/0/start",
            Value::from("yesterday"),
        ),
        (
            "/assessment-results/results/0/observations/0/props",
            Value::Array(Vec::new()),
        ),
        (
            "/assessment-results/results/0/props/0/value",
            Value::from(" a"),
        ),
    ] {
        let place = document.pointer_mut(pointer).unwrap();
        let right = std::mem::replace(place, wrong);
        assert!(!SCHEMA.is_valid(&document), "{pointer}");
        *document.pointer_mut(pointer).unwrap() = right;
    }
    assert!(SCHEMA.is_valid(&document));
}

#[test]
fn nothing_says_that_a_control_is_satisfied() {
    let text = to_oscal(&crosswalk(40), None).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let result = &document["assessment-results"]["results"][0];
    assert!(result.get("findings").is_none() && result.get("risks").is_none());
    let mut all = Vec::new();
    strings(&document, &mut all);
    for text in all {
        let lower = text.to_lowercase();
        if text == result["description"] {
            continue;
        }
        for word in ["satisfied", "compliant", "certified", "passed"] {
            // Requirements and limits may use such a word; a status may not.
            assert!(lower != word, "{text}");
        }
    }
}

#[test]
fn uuids_are_those_of_the_log_and_stand_once() {
    let (one, two) = (crosswalk(10), crosswalk(11));
    let text = to_oscal(&one, None).unwrap();
    assert_eq!(text, to_oscal(&crosswalk(10), None).unwrap());
    let first: Value = serde_json::from_str(&text).unwrap();
    let second: Value = serde_json::from_str(&to_oscal(&two, None).unwrap()).unwrap();
    assert_ne!(
        first["assessment-results"]["uuid"],
        second["assessment-results"]["uuid"]
    );
    let mut seen = BTreeSet::new();
    for observation in list(&first, "/assessment-results/results/0/observations") {
        assert!(seen.insert(observation["uuid"].as_str().unwrap()));
    }
    // What is pointed at is there.
    let resources = list(&first, "/assessment-results/back-matter/resources");
    seen.extend(
        resources
            .iter()
            .map(|resource| resource["uuid"].as_str().unwrap()),
    );
    let mut all = Vec::new();
    strings(&first, &mut all);
    for target in all.iter().filter_map(|text| text.strip_prefix('#')) {
        assert!(seen.contains(target), "{target}");
    }
}

/// Every UUID that a document gives to something.
fn uuids(value: &Value, out: &mut BTreeSet<String>) {
    match value {
        Value::Array(them) => them.iter().for_each(|value| uuids(value, out)),
        Value::Object(them) => {
            out.extend(them.get("uuid").and_then(Value::as_str).map(str::to_owned));
            them.values().for_each(|value| uuids(value, out));
        }
        _ => {}
    }
}

#[test]
fn documents_that_differ_share_no_uuid() {
    let one = crosswalk(8);
    let mut others: Vec<Crosswalk> = Vec::new();
    let mut change = |with: &dyn Fn(&mut Crosswalk)| {
        let mut other = one.clone();
        with(&mut other);
        others.push(other);
    };
    change(&|_| {});
    change(&|other| other.frameworks.truncate(2));
    change(&|other| other.frameworks.reverse());
    change(&|other| other.verdict.time = ai_audit_core::Status::Verified);
    change(&|other| other.nothing_counts = Some("no key".into()));
    change(&|other| other.frameworks[0].controls[0].requirement.push('x'));
    change(&|other| other.frameworks[0].controls[0].status = Status::NotAddressable);
    change(&|other| other.coverage[0].n += 1);
    change(&|other| other.gaps[0].says.push("more".into()));
    let mut all = BTreeSet::new();
    let mut count = 0;
    let mut take = |crosswalk: &Crosswalk, ml_bom: Option<&MlBomLink>| {
        let text = to_oscal(crosswalk, ml_bom).unwrap();
        let mut found = BTreeSet::new();
        uuids(&serde_json::from_str(&text).unwrap(), &mut found);
        assert!(found.len() > 100, "{}", found.len());
        count += found.len();
        all.extend(found);
        assert_eq!(all.len(), count, "two share a UUID");
    };
    for other in &others {
        take(other, None);
    }
    let mut link = bill();
    take(&one, Some(&link));
    link.href.push('2');
    take(&one, Some(&link));
    link.bom = None;
    take(&one, Some(&link));
}

#[test]
fn tokens_stand_once_and_carry_the_id_of_the_framework() {
    let document = valid(&crosswalk(3), None);
    let mut seen = BTreeSet::new();
    let selections = "/assessment-results/results/0/reviewed-controls/control-selections";
    for selection in list(&document, selections) {
        for control in list(selection, "/include-controls") {
            assert!(
                seen.insert(control["control-id"].as_str().unwrap()),
                "{control}"
            );
        }
    }
    for control in observations(&document, "control-evidence") {
        assert!(seen.contains(prop(control, "control-token").unwrap()));
    }
    assert!(
        seen.contains("au-3.1") && seen.contains("eu-ai-act_Art.12-1"),
        "{seen:?}"
    );
}

#[test]
fn a_bill_of_materials_is_linked_with_its_digest() {
    let link = bill();
    let document = valid(&crosswalk(3), Some(&link));
    let resources = list(&document, "/assessment-results/back-matter/resources");
    let resource = resources.last().unwrap();
    let rlink = &resource["rlinks"][0];
    assert_eq!(rlink["media-type"], "application/vnd.cyclonedx+json");
    let sha256 = link.bom.unwrap().sha256.to_string();
    assert_eq!(rlink["hashes"][0]["value"], sha256);
    let mut endless = bill();
    if let Some(bom) = &mut endless.bom {
        bom.models = vec![bom.models[0].clone(); 50];
    }
    let document = valid(&crosswalk(3), Some(&endless));
    let resources = list(&document, "/assessment-results/back-matter/resources");
    let resource = resources.last().unwrap();
    assert_eq!(prop(resource, "models-not-listed"), Some("30"));
    let props = list(resource, "/props");
    let models = props.iter().filter(|prop| prop["name"] == "model");
    assert_eq!(models.count(), 20);
    let elsewhere = MlBomLink {
        href: "https://example.org/bom one.json".into(),
        bom: None,
    };
    let document = valid(&crosswalk(3), Some(&elsewhere));
    let resources = list(&document, "/assessment-results/back-matter/resources");
    let rlink = &resources.last().unwrap()["rlinks"][0];
    assert_eq!(rlink["href"], "https://example.org/bom%20one.json");
    assert!(rlink.get("hashes").is_none());
}

#[test]
fn a40_hostile_texts_in_every_field_stay_texts_of_a_valid_document() {
    let long = long_word();
    for text in HOSTILE.into_iter().chain([long.as_str()]) {
        let mut crosswalk = crosswalk(8);
        let own = || text.to_owned();
        crosswalk.origin = Some(own());
        crosswalk.tenant = own();
        crosswalk.nothing_counts = Some(own());
        for framework in &mut crosswalk.frameworks {
            framework.name = own();
            framework.title = own();
            framework.edition = own();
            framework.notice = own();
            for control in &mut framework.controls {
                control.id = own();
                control.title = own();
                control.applies = own();
                control.requirement = own();
                control.limits = own();
                control.missing = vec![own(), own()];
            }
        }
        for coverage in &mut crosswalk.coverage {
            coverage.selector = own();
            coverage.says = own();
            coverage.fields = vec![own()];
            coverage.lacking.insert(own(), 3);
        }
        for gap in &mut crosswalk.gaps {
            gap.says = vec![own(), own()];
            gap.advice = own();
        }
        let link = MlBomLink {
            href: own(),
            ..bill()
        };
        let document = valid(&crosswalk, Some(&link));
        let mut all = Vec::new();
        strings(&document, &mut all);
        for text in all {
            assert!(
                !text.contains(|c: char| c.is_control() || c == '\u{202e}'),
                "{text:?}"
            );
        }
    }
}

#[test]
fn times_that_oscal_cannot_write_are_left_out() {
    let mut crosswalk = crosswalk(3);
    crosswalk.last_sealed_at = Some(Timestamp::MAX);
    crosswalk.frameworks.clear();
    let document = valid(&crosswalk, None);
    assert!(
        document["assessment-results"]["results"][0]
            .get("end")
            .is_none()
    );
    crosswalk.at = Timestamp::MAX;
    let error = to_oscal(&crosswalk, None).unwrap_err();
    assert!(matches!(error, OscalError::Time(Timestamp::MAX)), "{error}");
}
