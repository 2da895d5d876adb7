//! Views of frameworks: for engineers and lawyers of the EU AI Act, as a statement of applicability,
//! by the functions of the AI RMF, and as a plain list.

use super::cells::{between, fact, found, number, section, sentence, table, text};
use super::summary::{STATUS_HEAD, status_cells};
use crate::document::{Block, Section, Span, Table};
use ai_audit_compliance::{
    ControlResult, Crosswalk, FrameworkResult, GroupResult, Status, Support, Verification,
};
use std::collections::BTreeSet;

/// How the controls of a framework are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    /// The EU AI Act: dates of application, then controls by article.
    EuAiAct,
    /// ISO/IEC 42001: a statement of applicability with an empty column for the organisation.
    Iso42001,
    /// The AI RMF and its profiles: functions with sums, then what is in them.
    Nist,
    /// Any other: controls by group.
    Other,
}

impl View {
    /// The view of a framework by its catalogue's id.
    fn of(framework: &str) -> Self {
        match framework {
            "eu-ai-act" => Self::EuAiAct,
            "iso-42001" => Self::Iso42001,
            "nist-ai-rmf" | "nist-ai-600-1" => Self::Nist,
            _ => Self::Other,
        }
    }
}

/// The sections of one framework.
pub(super) fn view(crosswalk: &Crosswalk, place: usize) -> Vec<Section> {
    let Some(framework) = crosswalk.frameworks.get(place) else {
        return Vec::new();
    };
    let view = View::of(&framework.id);
    let id = super::view_id(place);
    let title = match view {
        View::EuAiAct => format!("{}: technical view", framework.name),
        View::Iso42001 => format!("{}: statement of applicability", framework.name),
        View::Nist | View::Other => framework.name.clone(),
    };
    let mut head = section(&*id, 2, title);
    head.new_page = true;
    head.blocks.push(Block::Facts(vec![
        fact("Title", text(&*framework.title)),
        fact("Edition", text(&*framework.edition)),
        fact("Checked on", text(framework.checked.to_string())),
    ]));
    if !framework.notice.is_empty() {
        head.blocks.push(Block::Text(text(&*framework.notice)));
    }
    if view == View::Iso42001 {
        head.blocks.push(Block::Text(text(
            "Whether a control is applicable, and why, only the organisation can say: that column is \
             left empty for it.",
        )));
    }
    head.blocks.push(Block::Table(totals(framework)));
    let mut sections = vec![head];
    if !framework.dates.is_empty() {
        sections.push(dates(framework, &id));
    }
    if view == View::Nist && !framework.groups.is_empty() {
        sections.push(functions(crosswalk, framework, &id));
    }
    for (part, (title, controls)) in parts(framework, view).into_iter().enumerate() {
        let mut section = section(format!("{id}-{part}"), 3, &*title);
        let table = if view == View::Iso42001 {
            applicability(crosswalk, &title, &controls)
        } else {
            technical(crosswalk, &title, &controls)
        };
        section.blocks.push(Block::Table(table));
        sections.push(section);
    }
    sections
}

fn totals(framework: &FrameworkResult) -> Table {
    let mut head = vec![("", false)];
    head.extend(STATUS_HEAD);
    let caption = format!("{}: requirements by status", framework.name);
    let mut table = table(caption, &head);
    if let Some(first) = table.head.first_mut() {
        *first = "Requirements".into();
    }
    let mut row = vec![number(framework.controls.len() as u64)];
    row.extend(status_cells(&framework.totals));
    table.rows.push(row);
    table
}

fn dates(framework: &FrameworkResult, id: &str) -> Section {
    let mut section = section(format!("{id}-dates"), 3, "Dates of application");
    let mut table = table(
        "From when what applies",
        &[("Date", false), ("What", false), ("Basis", false)],
    );
    for date in &framework.dates {
        table.rows.push(vec![
            text(date.date.to_string()),
            text(&*date.what),
            text(&*date.basis),
        ]);
    }
    section.blocks.push(Block::Table(table));
    section
}

/// Controls in parts, in their order: by article, or by group.
fn parts(framework: &FrameworkResult, view: View) -> Vec<(String, Vec<&ControlResult>)> {
    let mut parts: Vec<(&str, String, Vec<&ControlResult>)> = Vec::new();
    for control in &framework.controls {
        let (key, title) = if view == View::EuAiAct {
            let article = control.id.split('(').next().unwrap_or(&control.id).trim();
            (article, format!("{article}: {}", control.title))
        } else {
            let group = framework
                .groups
                .iter()
                .find(|group| group.id == control.group);
            (
                control.group.as_str(),
                group.map_or_else(String::new, named),
            )
        };
        match parts.iter_mut().find(|part| part.0 == key) {
            Some(part) => part.2.push(control),
            None => parts.push((key, title, vec![control])),
        }
    }
    let titled = parts.into_iter().map(|(_, title, controls)| {
        let title = if title.is_empty() {
            "Requirements".into()
        } else {
            title
        };
        (title, controls)
    });
    titled.collect()
}

fn named(group: &GroupResult) -> String {
    if group.title.is_empty() || group.title.eq_ignore_ascii_case(&group.id) {
        group.id.clone()
    } else {
        format!("{}: {}", group.id, group.title)
    }
}

/// Sums over the parts of a framework.
fn functions(crosswalk: &Crosswalk, framework: &FrameworkResult, id: &str) -> Section {
    let mut section = section(format!("{id}-functions"), 3, "Functions");
    let mut head = vec![("Function", false)];
    head.extend(STATUS_HEAD);
    head.extend([
        ("Receipts that carry what is asked", true),
        ("of", true),
        ("First and last", false),
    ]);
    let mut table = table(
        "Requirements by status, and receipts counted over the selectors of each function, each once",
        &head,
    );
    for group in &framework.groups {
        let mut row = vec![text(named(group))];
        row.extend(status_cells(&group.totals));
        row.push(number(group.n));
        row.push(number(group.m));
        let controls = framework.controls.iter().filter(|c| c.group == group.id);
        let seqs: BTreeSet<u64> = controls
            .flat_map(|control| control.evidence.iter().chain(&control.also))
            .filter_map(|place| crosswalk.coverage.get(*place))
            .flat_map(|coverage| coverage.pointers.iter().copied())
            .collect();
        row.push(match (seqs.first(), seqs.last()) {
            (Some(first), Some(last)) => between(*first, *last),
            _ => text("none"),
        });
        table.rows.push(row);
    }
    section.blocks.push(Block::Table(table));
    section
}

/// The columns of every table of controls, after the first one.
const COLUMNS: [(&str, bool); 4] = [
    ("Status", false),
    ("Evidence in this log", false),
    ("What is missing", false),
    ("What a log cannot show", false),
];

fn technical(crosswalk: &Crosswalk, title: &str, controls: &[&ControlResult]) -> Table {
    let mut head = vec![("Requirement", false)];
    head.extend(COLUMNS);
    let caption = format!("{title}: what the log holds for each requirement");
    let mut table = table(caption, &head);
    for control in controls {
        let mut row = vec![asked(control, title)];
        row.extend(held(crosswalk, control));
        table.rows.push(row);
    }
    table
}

fn applicability(crosswalk: &Crosswalk, title: &str, controls: &[&ControlResult]) -> Table {
    let mut head = vec![
        ("Control", false),
        ("Applicable? (for the organisation to say)", false),
    ];
    head.extend(COLUMNS);
    let mut table = table(format!("{title}: statement of applicability"), &head);
    for control in controls {
        let mut row = vec![asked(control, title), Vec::new()];
        row.extend(held(crosswalk, control));
        table.rows.push(row);
    }
    table
}

fn held(crosswalk: &Crosswalk, control: &ControlResult) -> [Vec<Span>; 4] {
    [
        vec![Span::Status(control.status)],
        evidence(crosswalk, control),
        missing(control),
        limits(control),
    ]
}

/// Id, title where the heading does not say it, and what is asked.
fn asked(control: &ControlResult, heading: &str) -> Vec<Span> {
    let mut name = control.id.clone();
    let title = control.own_title();
    if !title.is_empty() && title != control.id && !heading.ends_with(title) {
        name.push(' ');
        name.push_str(title);
    }
    let mut spans = vec![
        Span::Strong(name),
        Span::text(format!(" {}", sentence(&control.requirement))),
    ];
    if !control.applies.is_empty() {
        spans.push(Span::text(format!(
            " Applies: {}",
            sentence(&control.applies)
        )));
    }
    spans
}

fn evidence(crosswalk: &Crosswalk, control: &ControlResult) -> Vec<Span> {
    if control.status == Status::NotAddressable {
        return text("A log is no evidence for this.");
    }
    if crosswalk.nothing_counts.is_some() {
        return text("Nothing counts: see the verdict.");
    }
    let coverage = |place: &usize| crosswalk.coverage.get(*place);
    let mut spans: Vec<Span> = control
        .evidence
        .iter()
        .filter_map(coverage)
        .flat_map(found)
        .collect();
    for coverage in control.also.iter().filter_map(coverage) {
        spans.push(Span::text("Also: "));
        spans.extend(found(coverage));
    }
    for need in &control.needs {
        let state = if need.verified {
            "verified"
        } else {
            "not verified"
        };
        spans.push(Span::text(format!("Hangs on {}: {state}. ", need.question)));
    }
    spans
}

fn missing(control: &ControlResult) -> Vec<Span> {
    if control.missing.is_empty() {
        return text(match control.status {
            Status::NotAddressable => "Evidence from elsewhere.",
            _ => "Nothing that a log could add.",
        });
    }
    let sentences = control.missing.iter().map(|one| sentence(one));
    text(sentences.collect::<Vec<_>>().join(" "))
}

fn limits(control: &ControlResult) -> Vec<Span> {
    let mut all = control.limits.clone();
    let more = match control.support {
        Support::Context => " A log only helps to read other evidence here.",
        Support::Partial => " A log can show a part of this only.",
        Support::Direct | Support::None => "",
    };
    all.push_str(more);
    all.push_str(match control.verification {
        Verification::Verified => "",
        Verification::Secondary => " This row was read in texts about the source.",
        Verification::Unverified => " This row was not checked against its source.",
    });
    text(all.trim().to_owned())
}
