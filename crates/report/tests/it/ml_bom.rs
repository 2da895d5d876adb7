//! Bills of materials that were written by the standard, and what is no such thing.

use ai_audit_report::{MAX_ML_BOM, MlBom, MlBomError, MlBomLink, MlModel, Span};
use std::time::{Duration, Instant};

const BOM: &[u8] = include_bytes!("../data/ml-bom.cdx.json");

#[test]
fn a_bill_says_who_it_is_and_which_models_it_names() {
    let bom = MlBom::read(BOM).unwrap();
    assert_eq!(bom.spec_version, "1.6");
    assert_eq!(
        bom.serial_number.as_deref(),
        Some("urn:uuid:3f2c9a4e-5d1b-4c7a-9e80-6b1d2f3a4c5e")
    );
    assert_eq!(bom.version, 2);
    // Of the file's bytes, as `sha256sum` has it.
    let sha256 = "049c04adcbdda82b612a1ec276dc898e6435bae8094018d29e5668b6e20e9eac";
    assert_eq!(bom.sha256.to_string(), sha256);
    let labels: Vec<String> = bom.models.iter().map(MlModel::label).collect();
    assert_eq!(
        labels,
        [
            "claims-triage 3.1.0",
            "example-labs/base-7b 2026-05",
            "toxicity"
        ]
    );
}

#[test]
fn models_are_matched_by_their_names_and_never_by_a_guess() {
    let bom = MlBom::read(BOM).unwrap();
    let seen = [
        "claims-triage",
        "claims-triage@3.1.0",
        "claims-triage-3.1",
        "base-7b",
        "example-labs/base-7b-2026-05",
        "base",
        "toxicity-",
        "scikit-learn",
    ];
    let named = bom.compare(seen);
    assert_eq!(
        named.in_both,
        [
            "base-7b",
            "claims-triage",
            "claims-triage@3.1.0",
            "example-labs/base-7b-2026-05"
        ]
    );
    assert_eq!(
        named.only_in_log,
        ["base", "claims-triage-3.1", "scikit-learn", "toxicity-"]
    );
    assert_eq!(named.only_in_bom, ["toxicity"]);
}

#[test]
fn what_is_no_bill_is_refused_with_the_reason() {
    for (bytes, why) in [
        (&b"{"[..], "no strict JSON"),
        (b"{\"bomFormat\":\"CycloneDX\",\"bomFormat\":\"CycloneDX\"}", "duplicate member"),
        (b"[]", "no CycloneDX document"),
        (b"{\"bomFormat\":\"SPDX\",\"specVersion\":\"1.6\"}", "expected \"CycloneDX\""),
        (b"{\"bomFormat\":\"CycloneDX\"}", "specVersion"),
        (b"{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"version\":-1}", "expected u64"),
        (
            b"{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"components\":[{\"name\":\"x\"}]}",
            "type",
        ),
    ] {
        let said = MlBom::read(bytes).unwrap_err().to_string();
        assert!(said.contains(why), "{said}");
        assert!(!said.contains(" at line "), "{said}");
    }
    let error = MlBom::read(&vec![b' '; MAX_ML_BOM + 1]).unwrap_err();
    assert!(matches!(error, MlBomError::TooLarge(_)), "{error}");
}

#[test]
fn a40_nesting_and_hostile_names_end_in_an_answer() {
    // As deep as strict JSON goes, and deeper.
    for depth in [60, 5_000] {
        let inner =
            "{\"type\":\"machine-learning-model\",\"name\":\"m\",\"components\":[".repeat(depth);
        let text = format!(
            "{{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"components\":[{inner}{}]}}",
            "]}".repeat(depth)
        );
        match MlBom::read(text.as_bytes()) {
            Ok(bom) => assert_eq!(bom.models.len(), depth),
            Err(error) => assert!(matches!(error, MlBomError::Json(_)), "{error}"),
        }
    }
    for name in crate::samples::HOSTILE {
        let text = serde_json::json!({
            "bomFormat": "CycloneDX",
            "specVersion": name,
            "components": [{ "type": "machine-learning-model", "name": name, "version": name }],
        });
        let bom = MlBom::read(text.to_string().as_bytes()).unwrap();
        assert_eq!(bom.compare([name]).in_both, [name]);
    }
}

#[test]
fn facts_tell_what_was_read_and_what_was_not() {
    let mut link = MlBomLink {
        href: "https://example.org/ml-bom.cdx.json".into(),
        bom: None,
    };
    let facts = link.facts(["gpt-x"]);
    assert_eq!(facts.len(), 1);
    assert!(facts[0].value.contains(&Span::text(", which was not read")));
    link.bom = Some(MlBom::read(BOM).unwrap());
    let facts = link.facts(["claims-triage", "gpt-x"]);
    let named: Vec<_> = facts
        .iter()
        .map(|fact| (fact.name.as_str(), fact.value.len()))
        .collect();
    assert_eq!(
        named[1..],
        [
            ("Models in log and bill", 1),
            ("Models in the log only", 1),
            ("Models in the bill only", 3)
        ]
    );
    assert_eq!(facts[2].value, [Span::Code("gpt-x".into())]);
}

/// As many models as a bill and a log can have, in names that begin alike.
#[test]
fn a40_endless_bills_are_compared_at_once_and_cut() {
    let named = |n: u32, version: &str| MlModel {
        group: "labs".into(),
        name: format!("model-{n}"),
        version: version.into(),
    };
    let mut bom = MlBom::read(BOM).unwrap();
    bom.models = (0..240_000).map(|n| named(n, "1.0")).collect();
    let mut seen: Vec<String> = (0..4_090).map(|n| format!("other-{n}")).collect();
    seen.extend(
        [
            "model-7",
            "model-8:1.0",
            "labs/model-9@1.0",
            "labs/model-9@",
            "model-10@2",
        ]
        .map(Into::into),
    );
    let began = Instant::now();
    let found = bom.compare(seen.iter().map(String::as_str));
    let link = MlBomLink {
        href: "bom.json".into(),
        bom: Some(bom),
    };
    let facts = link.facts(seen.iter().map(String::as_str));
    // Name by name it would be 10^9 comparisons. Built for tests, on a busy machine.
    let took = began.elapsed();
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert_eq!(
        found.in_both,
        ["labs/model-9@1.0", "model-7", "model-8:1.0"]
    );
    assert_eq!(found.only_in_log.len(), 4_092);
    assert_eq!(found.only_in_bom.len(), 240_000 - 3);
    let last = |at: usize| facts[at].value.last().unwrap().clone();
    assert_eq!(facts[3].value.len(), 40);
    assert_eq!(last(3), Span::text(" and 239,977 more"));
    assert_eq!(last(2), Span::text(" and 4,072 more"));
    assert_eq!(facts[1].value.len(), 5);
}
