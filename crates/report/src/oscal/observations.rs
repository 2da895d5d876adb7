//! What was observed: the verdict, what each selector found, each control's status, each gap.

use super::ids::Ids;
use super::text::{line, markup, props, value};
use super::time;
use ai_audit_compliance::{ControlResult, Coverage, Crosswalk, FrameworkResult, Gap, Pointer};
use ai_audit_core::{Question, Status as Answer};
use serde_json::{Value, json};

/// All observations of a crosswalk.
pub(super) struct Observations<'a> {
    pub(super) crosswalk: &'a Crosswalk,
    pub(super) ids: &'a Ids,
    /// The tokens of each framework's controls.
    pub(super) controls: &'a [Vec<String>],
}

/// Counts over all, as properties of the result.
pub(super) fn summary(crosswalk: &Crosswalk) -> Vec<Value> {
    let counts = &crosswalk.counts;
    let mut them = vec![
        ("receipts", counts.receipts.to_string()),
        ("receipts-verified", counts.verified.to_string()),
        ("receipts-deleted", counts.deleted.to_string()),
        ("receipts-in-period", counts.in_period.to_string()),
    ];
    let imported = &crosswalk.imported;
    if imported.all() > 0 {
        them.extend([
            ("receipts-imported", imported.all().to_string()),
            ("receipts-imported-unproven", imported.unproven.to_string()),
        ]);
    }
    if let Some(from) = crosswalk.period.from {
        them.push(("period-from", from.to_string()));
    }
    if let Some(to) = crosswalk.period.to {
        them.push(("period-to", to.to_string()));
    }
    if let Some(why) = &crosswalk.nothing_counts {
        them.push(("nothing-counts", why.clone()));
    }
    props(them.iter().map(|(name, value)| (*name, value.as_str())))
}

impl Observations<'_> {
    pub(super) fn all(&self) -> Vec<Value> {
        let crosswalk = self.crosswalk;
        let mut out = vec![self.verdict()];
        out.extend(
            crosswalk
                .coverage
                .iter()
                .enumerate()
                .map(|(at, c)| self.coverage(at, c)),
        );
        for (framework, tokens) in crosswalk.frameworks.iter().zip(self.controls) {
            let controls = framework.controls.iter().zip(tokens);
            out.extend(controls.map(|(control, token)| self.control(framework, control, token)));
        }
        out.extend(crosswalk.gaps.iter().map(|gap| self.gap(gap)));
        out
    }

    /// An observation about the log, with what is common to all.
    fn base(&self, uuid: &str, kind: &str, title: &str, description: &str) -> Value {
        json!({
            "uuid": uuid,
            "title": title,
            "description": description,
            "methods": ["EXAMINE"],
            "types": [kind],
            "origins": [{ "actors": [{
                "type": "tool",
                "actor-uuid": self.ids.of("component", "tool"),
            }] }],
            "subjects": [{
                "subject-uuid": self.ids.of("resource", "log"),
                "type": "resource",
            }],
            "collected": time(self.crosswalk.at),
        })
    }

    fn verdict(&self) -> Value {
        let verdict = &self.crosswalk.verdict;
        let mut them = Vec::new();
        let mut said = Vec::new();
        for question in Question::ALL {
            let answer = verdict.answer(question);
            let word = match answer {
                Answer::Verified => "verified",
                Answer::Failed { .. } => "failed",
                Answer::Unverified { .. } => "unverified",
                Answer::NotApplicable => "not-applicable",
            };
            them.push((question.name(), word));
            said.push(format!("{}: {answer}", question.name()));
        }
        let mut out = self.base(
            &self.ids.of("observation", "verdict"),
            "verdict",
            "Verdict on the log",
            &markup(&line(&said.join(". "))),
        );
        insert(&mut out, "methods", Some(json!(["TEST"])));
        insert(&mut out, "props", Some(json!(props(them))));
        out
    }

    fn coverage_id(&self, at: usize) -> String {
        self.ids.of("coverage", &at.to_string())
    }

    fn coverage(&self, at: usize, coverage: &Coverage) -> Value {
        let mut out = self.base(
            &self.coverage_id(at),
            "coverage",
            &markup(&value(&coverage.selector)),
            &markup(&line(&coverage.words())),
        );
        let mut them = vec![
            ("selector", coverage.selector.clone()),
            ("matched", coverage.n.to_string()),
            ("eligible", coverage.m.to_string()),
        ];
        them.extend(coverage.fields.iter().map(|field| ("field", field.clone())));
        for (field, count) in &coverage.lacking {
            them.push(("lacking", format!("{count} {field}")));
        }
        let them = props(them.iter().map(|(name, value)| (*name, value.as_str())));
        insert(&mut out, "props", Some(json!(them)));
        insert(
            &mut out,
            "relevant-evidence",
            self.evidence(&coverage.pointers),
        );
        out
    }

    fn control(&self, framework: &FrameworkResult, control: &ControlResult, token: &str) -> Value {
        let all = &self.crosswalk.coverage;
        let used: Vec<usize> = control
            .evidence
            .iter()
            .chain(&control.also)
            .copied()
            .collect();
        let mut said = vec![format!("{}.", control.status.words())];
        said.extend(
            used.iter()
                .filter_map(|at| all.get(*at))
                .map(|c| format!("{}.", c.words())),
        );
        said.push(format!(
            "Asked for, in words of the catalogue: {}",
            control.requirement
        ));
        let title = format!("{}, {}: {}", framework.name, control.id, control.title);
        let mut out = self.base(
            &self.ids.of("control", token),
            "control-evidence",
            &markup(&line(&title)),
            &markup(&line(&said.join(" "))),
        );
        let mut them = vec![
            ("framework", framework.id.as_str()),
            ("control-id", control.id.as_str()),
            ("control-token", token),
            ("status", control.status.words()),
            ("support", control.support.name()),
            ("catalogue-row", control.verification.name()),
            ("applies", control.applies.as_str()),
        ];
        for need in &control.needs {
            them.push((
                if need.verified {
                    "needs-verified"
                } else {
                    "needs-not-verified"
                },
                need.question,
            ));
        }
        them.extend(
            control
                .missing
                .iter()
                .map(|missing| ("missing", missing.as_str())),
        );
        insert(&mut out, "props", Some(json!(props(them))));
        let links: Vec<Value> = used
            .iter()
            .map(
                |at| json!({ "href": format!("#{}", self.coverage_id(*at)), "rel": "observation" }),
            )
            .collect();
        insert(&mut out, "links", (!links.is_empty()).then(|| json!(links)));
        let limits = markup(&line(&format!(
            "What a log cannot show here: {}",
            control.limits
        )));
        insert(&mut out, "remarks", Some(json!(limits)));
        out
    }

    fn gap(&self, gap: &Gap) -> Value {
        let said = match gap.says.as_slice() {
            [] => gap.state.words().to_owned(),
            says => says.join(" "),
        };
        let mut out = self.base(
            &self.ids.of("gap", gap.id),
            "gap",
            &markup(&line(gap.title)),
            &markup(&line(&said)),
        );
        let count = gap.count.to_string();
        let them = props([
            ("gap", gap.id),
            ("state", gap.state.words()),
            ("count", count.as_str()),
            ("basis", gap.basis),
        ]);
        insert(&mut out, "props", Some(json!(them)));
        insert(&mut out, "relevant-evidence", self.evidence(&gap.pointers));
        let advice = markup(&line(&gap.advice));
        insert(
            &mut out,
            "remarks",
            (!advice.is_empty()).then(|| json!(advice)),
        );
        out
    }

    /// Receipts, each as what a reader needs to find and to verify it.
    fn evidence(&self, places: &[u64]) -> Option<Value> {
        let href = format!("#{}", self.ids.of("resource", "log"));
        let them: Vec<Value> = places
            .iter()
            .filter_map(|place| self.crosswalk.pointers.get(place))
            .map(|pointer| receipt(&href, pointer))
            .collect();
        (!them.is_empty()).then(|| json!(them))
    }
}

fn receipt(href: &str, pointer: &Pointer) -> Value {
    let (seq, hash) = (pointer.seq.to_string(), pointer.hash.to_string());
    let (id, kind) = (pointer.id.to_string(), pointer.kind.to_string());
    let sealed = pointer.sealed_at.to_string();
    json!({
        "href": href,
        "description": markup(&format!("Receipt {seq}, {kind}, sealed {sealed}.")),
        "props": props([
            ("receipt-seq", seq.as_str()),
            ("receipt-id", id.as_str()),
            ("leaf-hash", hash.as_str()),
            ("kind", kind.as_str()),
            ("sealed-at", sealed.as_str()),
        ]),
    })
}

fn insert(out: &mut Value, name: &str, value: Option<Value>) {
    if let (Some(out), Some(value)) = (out.as_object_mut(), value) {
        out.insert(name.into(), value);
    }
}
