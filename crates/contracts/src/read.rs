//! From the tree of a file to a contract. All mistakes are collected, not the first one only.

mod checks;
mod fields;

use crate::contract::{MAX_CONTRACT, Strategy};
use crate::problem::{Place, Problem, Problems};
use crate::yaml::{self, Node};
use crate::{Contract, Drift, Reliability, Rule, Satisfaction, SoftRule};
use ai_audit_core::Digest;
use fields::Reader;
use std::collections::BTreeMap;

/// The most rules, and as many strategies.
const MAX_RULES: usize = 1000;
/// What a rule has in which recovery may be named.
const RECOVERABLE: [&str; 6] = [
    "name",
    "description",
    "category",
    "check",
    "recovery",
    "recovery_window",
];
/// The types of recovery strategies.
const STRATEGIES: [&str; 4] = [
    "inject_correction",
    "reduce_autonomy",
    "pause_and_escalate",
    "graceful_shutdown",
];

pub(crate) fn contract(text: &str) -> Result<Contract, Problems> {
    let start = Place { line: 1, column: 1 };
    if text.len() > MAX_CONTRACT {
        let what = format!("{} bytes, expected at most {MAX_CONTRACT}", text.len());
        return Err(Problems(vec![Problem { place: start, what }]));
    }
    let root = yaml::read(text.strip_prefix('\u{feff}').unwrap_or(text));
    let root = root.map_err(|problem| Problems(vec![problem]))?;
    let mut reader = Reader::default();
    let contract = whole(&mut reader, &root, Digest::of(text.as_bytes()));
    let Reader {
        mut problems,
        mut warnings,
    } = reader;
    problems.sort_by_key(|problem| problem.place);
    warnings.sort_by_key(|problem| problem.place);
    match contract {
        Some(contract) if problems.is_empty() => Ok(Contract {
            warnings,
            ..contract
        }),
        _ if problems.is_empty() => Err(Problems(vec![Problem {
            place: root.place,
            what: "expected a contract".into(),
        }])),
        _ => Err(Problems(problems)),
    }
}

fn whole(reader: &mut Reader, root: &Node, digest: Digest) -> Option<Contract> {
    let known = [
        "contractspec",
        "kind",
        "name",
        "description",
        "version",
        "metadata",
        "preconditions",
        "invariants",
        "governance",
        "recovery",
        "satisfaction",
        "drift",
        "reliability",
    ];
    let map = reader.map(root, "the contract", &known)?;
    if let Some(spec) = map.get("contractspec") {
        let version = reader.label(spec, "contractspec").unwrap_or_default();
        if version != "0.1" {
            reader.problem(spec, format!("contractspec {version}, expected \"0.1\""));
        }
        for name in ["kind", "description"] {
            if map.get(name).is_none() {
                reader.warning(root, format!("ContractSpec 0.1 wants a `{name}`"));
            }
        }
    }
    if let Some(kind) = map.get("kind") {
        reader.one_of(kind, "kind", &["agent", "pipeline"]);
    }
    if let Some(description) = map.get("description") {
        reader.words(description, "description");
    }
    if let Some(metadata) = map.get("metadata") {
        // For catalogues: whatever is in it changes nothing.
        reader.any_map(metadata, "metadata");
    }
    let name = reader.required(&map, root, "name", Reader::name);
    let version = reader.required(&map, root, "version", Reader::label);
    if let (Some(node), Some("")) = (map.get("version"), version.as_deref()) {
        reader.problem(node, "`version` is empty".into());
    }
    let mut rules = Rules::default();
    let preconditions = map.get("preconditions").map(|node| {
        let entries = reader.list(node, "preconditions");
        let read = entries.iter().filter_map(|node| {
            let known = ["name", "description", "category", "check"];
            rules.rule(reader, node, &known).map(|(rule, _)| rule)
        });
        read.collect()
    });
    let (mut hard, mut soft) = (Vec::new(), Vec::new());
    for section in ["invariants", "governance"] {
        if let Some(node) = map.get(section)
            && let Some(map) = reader.map(node, section, &["hard", "soft"])
        {
            if let Some(node) = map.get("hard") {
                rules.hard(reader, node, &mut hard);
            }
            if let Some(node) = map.get("soft") {
                rules.soft(reader, node, &mut soft);
            }
        }
    }
    if hard.is_empty() && soft.is_empty() && reader.problems.is_empty() {
        reader.warning(root, "no rule: every state is compliant".into());
    }
    let strategies = map
        .get("recovery")
        .map(|node| rules.recovery(reader, node))
        .unwrap_or_default();
    rules.references(reader, &strategies);
    Some(Contract {
        digest,
        satisfaction: map
            .get("satisfaction")
            .map_or_else(Satisfaction::default, |node| satisfaction(reader, node)),
        drift: map
            .get("drift")
            .map_or_else(Drift::default, |node| drift(reader, node)),
        reliability: map
            .get("reliability")
            .map_or_else(Reliability::default, |node| reliability(reader, node)),
        name: name?,
        version: version?,
        preconditions: preconditions.unwrap_or_default(),
        hard,
        soft,
        strategies,
        warnings: Vec::new(),
    })
}

/// What rules have in common: one name each, and references to strategies.
#[derive(Default)]
struct Rules<'n> {
    names: BTreeMap<String, Place>,
    references: Vec<(&'n Node, String)>,
}

impl<'n> Rules<'n> {
    fn rule(
        &mut self,
        reader: &mut Reader,
        node: &'n Node,
        known: &[&str],
    ) -> Option<(Rule, fields::Fields<'n>)> {
        let map = reader.map(node, "a rule", known)?;
        for words in ["description", "category"] {
            if let Some(node) = map.get(words) {
                reader.words(node, words);
            }
        }
        let name = reader.required(&map, node, "name", Reader::name);
        if let (Some(name), Some(named)) = (&name, map.get("name")) {
            if let Some(first) = self.names.get(name) {
                let line = first.line;
                reader.problem(named, format!("`{name}` is a rule already, in line {line}"));
            } else if self.names.len() == MAX_RULES {
                reader.problem(named, format!("more than {MAX_RULES} rules"));
            }
            self.names.entry(name.clone()).or_insert(named.place);
        }
        let check = reader.required(&map, node, "check", checks::check);
        let rule = Rule {
            name: name?,
            check: check?,
        };
        Some((rule, map))
    }

    fn hard(&mut self, reader: &mut Reader, node: &'n Node, to: &mut Vec<Rule>) {
        for node in reader.list(node, "hard") {
            let Some((rule, map)) = self.rule(reader, node, &RECOVERABLE) else {
                continue;
            };
            for name in ["recovery", "recovery_window"] {
                if let Some(node) = map.get(name) {
                    let what = format!("`{name}` changes nothing for a hard rule");
                    reader.warning(node, what);
                }
            }
            to.push(rule);
        }
    }

    fn soft(&mut self, reader: &mut Reader, node: &'n Node, to: &mut Vec<SoftRule>) {
        for node in reader.list(node, "soft") {
            let Some((rule, map)) = self.rule(reader, node, &RECOVERABLE) else {
                continue;
            };
            let recovery = map
                .get("recovery")
                .and_then(|node| Some((node, reader.label(node, "recovery")?)))
                .filter(|(_, name)| !name.is_empty());
            let window = map
                .get("recovery_window")
                .and_then(|node| reader.integer(node, "recovery_window", 1..=1000));
            self.references.extend(recovery.clone());
            to.push(SoftRule {
                rule,
                recovery: recovery.map(|(_, name)| name),
                window: window.unwrap_or(3),
            });
        }
    }

    fn recovery(&mut self, reader: &mut Reader, node: &'n Node) -> Vec<Strategy> {
        let mut found: Vec<Strategy> = Vec::new();
        let Some(map) = reader.map(node, "recovery", &["strategies"]) else {
            return found;
        };
        let Some(node) = map.get("strategies") else {
            return found;
        };
        for node in reader.list(node, "strategies") {
            let known = [
                "name",
                "description",
                "type",
                "actions",
                "max_attempts",
                "fallback",
            ];
            let Some(map) = reader.map(node, "a strategy", &known) else {
                continue;
            };
            if let Some(description) = map.get("description") {
                reader.words(description, "description");
            }
            let name = reader.required(&map, node, "name", Reader::name);
            let kind = reader.required(&map, node, "type", |reader, node, what| {
                reader.one_of(node, what, &STRATEGIES)
            });
            let actions = map.get("actions").map(|node| {
                let actions = reader.list(node, "actions");
                let words = actions
                    .iter()
                    .filter_map(|node| reader.words(node, "an action"));
                words.collect()
            });
            let fallback = map
                .get("fallback")
                .and_then(|node| Some((node, reader.label(node, "fallback")?)))
                .filter(|(_, name)| !name.is_empty());
            self.references.extend(fallback.clone());
            let attempts = map
                .get("max_attempts")
                .and_then(|node| reader.integer(node, "max_attempts", 1..=100));
            let (Some(name), Some(kind)) = (name, kind) else {
                continue;
            };
            if found.iter().any(|one| one.name == name) {
                reader.problem(node, format!("`{name}` is a strategy already"));
            } else if found.len() == MAX_RULES {
                reader.problem(node, format!("more than {MAX_RULES} strategies"));
                break;
            }
            found.push(Strategy {
                name,
                kind,
                actions: actions.unwrap_or_default(),
                max_attempts: attempts.unwrap_or(1),
                fallback: fallback.map(|(_, name)| name),
            });
        }
        found
    }

    fn references(&self, reader: &mut Reader, strategies: &[Strategy]) {
        for (node, name) in &self.references {
            if !strategies.iter().any(|strategy| strategy.name == *name) {
                reader.problem(node, format!("no strategy `{name}` in recovery.strategies"));
            }
        }
    }
}

fn satisfaction(reader: &mut Reader, node: &Node) -> Satisfaction {
    let mut found = Satisfaction::default();
    if let Some(map) = reader.map(node, "satisfaction", &["p", "delta", "k"]) {
        reader.share(&map, "p", &mut found.p);
        reader.share(&map, "delta", &mut found.delta);
        if let Some(node) = map.get("p")
            && found.p <= 0.0
        {
            reader.problem(node, "p, expected above 0".into());
        }
        let k = map
            .get("k")
            .and_then(|node| reader.integer(node, "k", 1..=1000));
        found.k = k.unwrap_or(found.k);
        if found.p >= 1.0 {
            let what = "p of 1: no number of sessions can show it, only refute it".into();
            reader.warning(node, what);
        }
    }
    found
}

fn drift(reader: &mut Reader, node: &Node) -> Drift {
    let mut found = Drift::default();
    let Some(map) = reader.map(node, "drift", &["weights", "window", "thresholds"]) else {
        return found;
    };
    if let Some(node) = map.get("weights")
        && let Some(map) = reader.map(node, "weights", &["compliance", "distributional"])
    {
        reader.share(&map, "compliance", &mut found.compliance);
        reader.share(&map, "distributional", &mut found.distributional);
        reader.sum(node, &[found.compliance, found.distributional]);
    }
    if let Some(node) = map.get("thresholds")
        && let Some(map) = reader.map(node, "thresholds", &["warning", "critical"])
    {
        reader.share(&map, "warning", &mut found.warning);
        reader.share(&map, "critical", &mut found.critical);
    }
    let window = map
        .get("window")
        .and_then(|node| reader.integer(node, "window", 1..=10_000));
    found.window = window.unwrap_or(found.window);
    found
}

fn reliability(reader: &mut Reader, node: &Node) -> Reliability {
    let mut found = Reliability::default();
    let Some(map) = reader.map(node, "reliability", &["weights", "deployment_threshold"]) else {
        return found;
    };
    reader.share(
        &map,
        "deployment_threshold",
        &mut found.deployment_threshold,
    );
    if let Some(node) = map.get("weights") {
        // ContractSpec has two names for each of the last two.
        let known = [
            "compliance",
            "drift",
            "event_freq",
            "stress",
            "recovery_success",
            "recovery",
        ];
        if let Some(map) = reader.map(node, "weights", &known) {
            reader.share(&map, "compliance", &mut found.compliance);
            reader.share(&map, "drift", &mut found.drift);
            for (names, to) in [
                (["event_freq", "stress"], &mut found.event_freq),
                (
                    ["recovery_success", "recovery"],
                    &mut found.recovery_success,
                ),
            ] {
                for name in names {
                    reader.share(&map, name, to);
                }
                if let [Some(_), Some(second)] = names.map(|name| map.get(name)) {
                    let [first, other] = names;
                    reader.problem(second, format!("`{first}` and `{other}` are one weight"));
                }
            }
            let Reliability {
                compliance,
                drift,
                event_freq,
                recovery_success,
                ..
            } = found;
            reader.sum(node, &[compliance, drift, event_freq, recovery_success]);
        }
    }
    found
}
