//! A crosswalk as OSCAL assessment results (NIST OSCAL 1.2, JSON), for tools that track controls.
//!
//! It makes observations and no findings: OSCAL lets a finding only say `satisfied` or
//! `not-satisfied`, and a log shows neither. What stands where is in docs/spec/oscal.md.

mod ids;
mod observations;
mod text;

use crate::ml_bom::{MAX_LISTED, MlBomLink};
use ai_audit_compliance::{Crosswalk, FrameworkResult};
use ai_audit_core::Timestamp;
use ids::{Ids, Tokens};
use observations::Observations;
use serde_json::{Map, Value, json};
use text::{line, markup, value};

/// The version that the document says it is of. Its schema of 1.2.3 takes the document as well.
pub const OSCAL_VERSION: &str = "1.2.1";

/// The namespace of properties that OSCAL does not define.
pub const OSCAL_NAMESPACE: &str = "https://example.org/ai-audit/ns/oscal/1";

/// Why there is no OSCAL document.
#[derive(Debug, thiserror::Error)]
pub enum OscalError {
    /// OSCAL writes years of the form 19xx and 2xxx alone.
    #[error("the report's time is {0}, and OSCAL has no times after 2999: give an earlier one")]
    Time(Timestamp),
    /// It could not be written as JSON, which should not happen.
    #[error("the document could not be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

const NO_FINDINGS: &str = "States for each control what evidence the log holds, with counts and \
receipts. It makes no findings: an OSCAL finding says that an objective is satisfied or not \
satisfied, and a log shows neither. That is for whoever reads the evidence.";

const NO_PLAN: &str = "There was no OSCAL assessment plan. The log was verified and held against \
catalogues of requirements, as each observation says.";

/// Writes a crosswalk as OSCAL assessment results: one JSON document, indented, with a newline at its
/// end. The same crosswalk gives the same bytes; the UUIDs are of version 5, from what the document
/// is made of and what they name.
///
/// # Errors
/// [`OscalError::Time`] where the crosswalk's time is after the year 2999.
///
/// # Examples
/// ```
/// use ai_audit_compliance::{Assessment, Catalogues, Period};
/// use ai_audit_core::Timestamp;
/// use ai_audit_verify::{LogVerifier, TrustPolicy};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let catalogues = Catalogues::builtin()?.only(&["soc-2"])?;
/// let assessment = Assessment::new(catalogues, Period::default(), Timestamp::from_micros(0))?;
/// // It looks on while receipts are verified; here there are none.
/// let policy = TrustPolicy::new();
/// let crosswalk = assessment.finish(&LogVerifier::new(&policy).finish(), None);
///
/// let json = ai_audit_report::to_oscal(&crosswalk, None)?;
/// assert!(json.starts_with("{\n  \"assessment-results\": {"));
/// # Ok(()) }
/// ```
pub fn to_oscal(crosswalk: &Crosswalk, ml_bom: Option<&MlBomLink>) -> Result<String, OscalError> {
    if bounded(crosswalk.at).is_none() {
        return Err(OscalError::Time(crosswalk.at));
    }
    let ids = Ids::new(crosswalk, ml_bom)?;
    let mut tokens = Tokens::default();
    let mut root = Map::new();
    root.insert("uuid".into(), json!(ids.of("document", "")));
    root.insert("metadata".into(), metadata(crosswalk, &ids));
    root.insert(
        "import-ap".into(),
        json!({ "href": format!("#{}", ids.of("resource", "plan")) }),
    );
    root.insert(
        "results".into(),
        json!([result(crosswalk, &ids, &mut tokens)]),
    );
    root.insert("back-matter".into(), back_matter(crosswalk, ml_bom, &ids));
    let mut out = serde_json::to_string_pretty(&json!({ "assessment-results": root }))?;
    out.push('\n');
    Ok(out)
}

fn metadata(crosswalk: &Crosswalk, ids: &Ids) -> Value {
    let origin = crosswalk.origin.as_deref().map_or_else(String::new, line);
    let title = match origin.as_str() {
        "" => "Evidence in an audit trail".to_owned(),
        origin => format!("Evidence in the audit trail {}", markup(origin)),
    };
    let mut out = json!({
        "title": title,
        "last-modified": time(crosswalk.at),
        "version": crosswalk.tree.map_or(0, |tree| tree.size).to_string(),
        "oscal-version": OSCAL_VERSION,
        "remarks": "The version is the number of receipts in the log that the results are of.",
    });
    let tenant = line(&crosswalk.tenant);
    if let (Some(out), false) = (out.as_object_mut(), tenant.is_empty()) {
        let party = ids.of("party", "keeper");
        out.insert(
            "roles".into(),
            json!([{ "id": "log-keeper", "title": "Keeper of the log" }]),
        );
        out.insert(
            "parties".into(),
            json!([{
                "uuid": party,
                "type": "organization",
                "name": tenant,
                "remarks": "As the log names its keeper.",
            }]),
        );
        out.insert(
            "responsible-parties".into(),
            json!([{ "role-id": "log-keeper", "party-uuids": [party] }]),
        );
    }
    out
}

fn result(crosswalk: &Crosswalk, ids: &Ids, tokens: &mut Tokens) -> Value {
    let controls: Vec<Vec<String>> = crosswalk
        .frameworks
        .iter()
        .map(|framework| {
            let controls = framework.controls.iter();
            controls.map(|c| tokens.of(&framework.id, &c.id)).collect()
        })
        .collect();
    let selections: Vec<Value> = crosswalk
        .frameworks
        .iter()
        .zip(&controls)
        .filter(|(_, tokens)| !tokens.is_empty())
        .map(|(framework, tokens)| selection(framework, tokens, ids))
        .collect();
    let reviewed = if selections.is_empty() {
        json!({ "control-selections": [{
            "description": "No framework was asked for.",
            "include-controls": [{ "control-id": "none" }],
        }] })
    } else {
        json!({
            "description": "Controls that were held against the log, also those that no log can be \
                            evidence for. The catalogues are the log software's own; their control \
                            ids stand in the observations.",
            "control-selections": selections,
        })
    };
    let start = crosswalk.first_sealed_at.and_then(bounded);
    let end = crosswalk.last_sealed_at.and_then(bounded);
    let mut out = json!({
        "uuid": ids.of("result", ""),
        "title": "What the log shows",
        "description": NO_FINDINGS,
        "start": start.unwrap_or_else(|| time(crosswalk.at)),
        "props": observations::summary(crosswalk),
        "local-definitions": { "assessment-assets": assets(ids) },
        "reviewed-controls": reviewed,
        "observations": Observations { crosswalk, ids, controls: &controls }.all(),
        "remarks": "Start and end are the times at which the first and the last receipt that counts \
                    were sealed, by the log's own clock; without such receipts the start is the time \
                    of the report.",
    });
    if let (Some(out), Some(end)) = (out.as_object_mut(), end) {
        out.insert("end".into(), json!(end));
    }
    out
}

fn selection(framework: &FrameworkResult, tokens: &[String], ids: &Ids) -> Value {
    let controls: Vec<Value> = tokens
        .iter()
        .map(|token| json!({ "control-id": token }))
        .collect();
    json!({
        "description": markup(&line(&format!("{}, {}", framework.title, framework.edition))),
        "props": text::props([("framework", framework.id.as_str())]),
        "links": [{
            "href": format!("#{}", ids.of("framework", &framework.id)),
            "rel": "reference",
        }],
        "include-controls": controls,
    })
}

/// The tool that made the observations, as OSCAL wants its actors.
fn assets(ids: &Ids) -> Value {
    let tool = ids.of("component", "tool");
    json!({
        "components": [{
            "uuid": tool,
            "type": "software",
            "title": "ai-audit",
            "description": "Verifies the log and holds it against the catalogues.",
            "props": [{ "name": "version", "value": env!("CARGO_PKG_VERSION") }],
            "status": { "state": "operational" },
        }],
        "assessment-platforms": [{
            "uuid": ids.of("platform", "tool"),
            "title": "ai-audit",
            "uses-components": [{ "component-uuid": tool }],
        }],
    })
}

fn back_matter(crosswalk: &Crosswalk, ml_bom: Option<&MlBomLink>, ids: &Ids) -> Value {
    let mut log = vec![(
        "whole",
        if crosswalk.whole { "yes" } else { "no" }.to_owned(),
    )];
    if let Some(id) = &crosswalk.log_id {
        log.push(("log-id", id.to_string()));
    }
    if let Some(origin) = &crosswalk.origin {
        log.push(("origin", value(origin)));
    }
    if let Some(tree) = &crosswalk.tree {
        log.push(("tree-size", tree.size.to_string()));
        log.push(("tree-root", tree.root.to_string()));
    }
    let mut resources = vec![
        json!({
            "uuid": ids.of("resource", "plan"),
            "title": "No assessment plan",
            "description": NO_PLAN,
        }),
        json!({
            "uuid": ids.of("resource", "log"),
            "title": "The log, or the evidence package made from it",
            "description": "Evidence points here and names receipts by their place and leaf hash \
                            (RFC 6962). Whoever has the log or the package verifies them with: \
                            ai-audit verify.",
            "props": text::props(log.iter().map(|(name, value)| (*name, value.as_str()))),
        }),
    ];
    for framework in &crosswalk.frameworks {
        let mut resource = json!({
            "uuid": ids.of("framework", &framework.id),
            "title": markup(&value(&framework.title)),
            "props": text::props([
                ("framework", framework.id.as_str()),
                ("edition", framework.edition.as_str()),
                ("checked", framework.checked.to_string().as_str()),
            ]),
        });
        let notice = markup(&line(&framework.notice));
        if let (Some(resource), false) = (resource.as_object_mut(), notice.is_empty()) {
            resource.insert("description".into(), json!(notice));
        }
        resources.push(resource);
    }
    if let Some(link) = ml_bom {
        resources.push(bill(link, ids));
    }
    json!({ "resources": resources })
}

/// The bill of materials of the models.
fn bill(link: &MlBomLink, ids: &Ids) -> Value {
    let mut rlink = json!({
        "href": text::reference(&link.href),
        "media-type": "application/vnd.cyclonedx+json",
    });
    let mut props = Vec::new();
    if let (Some(bom), Some(rlink)) = (&link.bom, rlink.as_object_mut()) {
        rlink.insert(
            "hashes".into(),
            json!([{ "algorithm": "SHA-256", "value": bom.sha256.to_string() }]),
        );
        props.push(("spec-version", bom.spec_version.clone()));
        props.push(("bom-version", bom.version.to_string()));
        if let Some(serial) = &bom.serial_number {
            props.push(("serial-number", serial.clone()));
        }
        for model in bom.models.iter().take(MAX_LISTED) {
            props.push(("model", model.label()));
        }
        let more = bom.models.len().saturating_sub(MAX_LISTED);
        if more > 0 {
            props.push(("models-not-listed", more.to_string()));
        }
    }
    let mut out = json!({
        "uuid": ids.of("resource", "ml-bom"),
        "title": "CycloneDX bill of materials of the models",
        "rlinks": [rlink],
    });
    if let (Some(out), false) = (out.as_object_mut(), props.is_empty()) {
        let props = props.iter().map(|(name, value)| (*name, value.as_str()));
        out.insert("props".into(), json!(text::props(props)));
    }
    out
}

/// The report's time; that it can be written was checked at the beginning.
fn time(at: Timestamp) -> String {
    at.to_string()
}

/// A time that OSCAL can write: before the year 3000.
fn bounded(at: Timestamp) -> Option<String> {
    const YEAR_3000: u64 = 32_503_680_000;
    (at.as_secs() < YEAR_3000).then(|| at.to_string())
}
