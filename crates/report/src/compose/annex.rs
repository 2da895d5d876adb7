//! Annexes for auditors: every receipt that is named, and how to check the report oneself.

use super::cells::{code, moment, section, table, text};
use crate::document::{Block, Section, Span};
use crate::figures::FigureData;
use crate::text::{counted, grouped};
use ai_audit_compliance::{Crosswalk, Pointer};
use std::collections::BTreeMap;

/// How a reader makes a report again. Nothing in it depends on where the evidence lies.
///
/// Its commands are there to be pasted into a shell, and some of their values were chosen by whoever
/// wrote into the log. So options are made by [`Recipe::option`], which quotes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// The report's file name, such as `report.html`.
    pub file: String,
    /// What the evidence is called in commands, such as `package.zip` or `LOG`.
    pub evidence: String,
    /// The options that say what else was trusted than the log's key, such as `--policy FILE`. The size
    /// is the crosswalk's.
    pub trust: Vec<String>,
    /// The files that `trust` names: each one's name and its SHA-256 in hexadecimal.
    pub files: Vec<(String, String)>,
    /// The options that shaped the report, as they are typed: frameworks, period, event. Without
    /// `--at`, which is the crosswalk's.
    pub options: Vec<String>,
}

impl Recipe {
    /// An option as one types it into a POSIX shell, which takes the value for one word and reads
    /// nothing in it.
    ///
    /// ```
    /// use ai_audit_report::Recipe;
    /// assert_eq!(Recipe::option("--case", "trace-7"), "--case trace-7");
    /// assert_eq!(Recipe::option("--case", "x; reboot #"), "--case 'x; reboot #'");
    /// assert_eq!(Recipe::option("--case", "-x"), "--case=-x");
    /// ```
    #[must_use]
    pub fn option(flag: &str, value: &str) -> String {
        // A value that begins as a flag does would be read as one.
        let between = if value.starts_with('-') { '=' } else { ' ' };
        format!("{flag}{between}{}", word(value))
    }
}

/// A text as one word of a POSIX shell (POSIX.1-2017, XCU 2.2.2).
fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._:/@=,+-".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.into();
    }
    // An apostrophe ends the quoted part and stands in double quotes. A backslash in front of it would
    // do as well here, and not in the source of a report in Markdown, where backslashes are doubled.
    format!("'{}'", text.replace('\'', "'\"'\"'"))
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            file: "report.html".into(),
            evidence: "package.zip".into(),
            trust: Vec::new(),
            files: Vec::new(),
            options: Vec::new(),
        }
    }
}

/// All receipts that a report names.
pub(super) fn named<'a>(
    crosswalk: &'a Crosswalk,
    figures: Option<&'a FigureData>,
) -> BTreeMap<u64, &'a Pointer> {
    let mut all: BTreeMap<u64, &Pointer> = BTreeMap::new();
    all.extend(
        figures
            .iter()
            .flat_map(|f| &f.receipts)
            .map(|(seq, p)| (*seq, p)),
    );
    // These have proofs, so they come last.
    all.extend(crosswalk.pointers.iter().map(|(seq, p)| (*seq, p)));
    all
}

/// The annex of receipts.
pub(super) fn receipts(crosswalk: &Crosswalk, named: &BTreeMap<u64, &Pointer>) -> Section {
    let mut section = section(super::RECEIPTS, 2, "Receipts named in this report");
    section.new_page = true;
    let mut words = text(counted(named.len() as u64, "receipt", "receipts"));
    match crosswalk.tree {
        Some(tree) => words.extend([
            Span::text(format!(
                ". The inclusion paths (RFC 6962, lowest hash first) lead from a receipt's hash, which \
                 is its leaf hash, to the root of the tree of size {} in the summary. Receipts without \
                 a path are named by figures; ",
                grouped(tree.size)
            )),
            Span::Code("ai-audit prove".into()),
            Span::text(" makes theirs."),
        ]),
        None => words.push(Span::text(". No tree was read, so none has an inclusion path.")),
    }
    section.blocks.push(Block::Text(words));
    let mut table = table(
        "Receipts, their hashes, and the paths that prove that they are in the log",
        &[
            ("Receipt", true),
            ("Kind", false),
            ("Sealed", false),
            ("Id", false),
            ("Hash", false),
            ("Inclusion path", false),
        ],
    );
    for (seq, pointer) in named {
        let path = match &pointer.path {
            None => text("none here"),
            Some(path) if path.is_empty() => text("empty: the only leaf"),
            Some(path) => path
                .iter()
                .flat_map(|hash| code(hash.to_string()))
                .collect(),
        };
        table.rows.push(vec![
            vec![Span::Receipt(*seq)],
            text(pointer.kind.to_string()),
            text(moment(pointer.sealed_at)),
            code(pointer.id.to_string()),
            code(pointer.hash.to_string()),
            path,
        ]);
    }
    section.blocks.push(Block::Table(table));
    section
}

/// What files the trust came out of.
fn files(files: &[(String, String)]) -> Vec<Span> {
    let mut words = Vec::new();
    for (place, (name, digest)) in files.iter().enumerate() {
        words.push(Span::text(match place {
            0 => {
                " What was trusted besides the key is in these files, which you need as they are: "
            }
            _ => ", ",
        }));
        words.extend([
            Span::Strong(name.clone()),
            Span::text(" (SHA-256 "),
            Span::Code(digest.clone()),
            Span::text(")"),
        ]);
    }
    if !words.is_empty() {
        words.push(Span::text("."));
    }
    words
}

/// The annex of checking.
pub(super) fn check(
    crosswalk: &Crosswalk,
    recipe: &Recipe,
    named: &BTreeMap<u64, &Pointer>,
) -> Section {
    let mut section = section("check", 2, "Check this report yourself");
    section.new_page = true;
    section.blocks.push(Block::Text(text(
        "You need the evidence, this report with the note beside it, the program ai-audit, and a way \
         of your own to the keeper of the log. KEYLINE stands for what you get in the first step.",
    )));
    let origin = crosswalk.origin.as_deref().unwrap_or("the log");
    let (file, evidence) = (word(&recipe.file), word(&recipe.evidence));
    let (note, again) = (
        word(&format!("{}.note", recipe.file)),
        word(&format!("again-{}", recipe.file)),
    );
    let mut first = text("Get the key line of ");
    first.push(Span::Code(origin.into()));
    first.push(Span::text(
        " from the log's keeper, by another way than the one by which this report came. A key that is \
         found inside the evidence proves nothing.",
    ));
    // What the reader of this report brought for completeness came down to a size.
    let complete = crosswalk.verdict.completeness.is_verified();
    let size = match crosswalk.tree {
        Some(tree) if complete => format!(" --size {}", tree.size),
        _ => String::new(),
    };
    let mut second = text(match complete {
        true => {
            "Verify the evidence. The answers must be those at the top of this report. Completeness hangs \
             on --size: ask the keeper, or a witness, whether the log really ended there."
        }
        false => {
            "Verify the evidence. The answers must be those at the top of this report. Bring a size or a \
             checkpoint that you kept (--size, --checkpoint) to have completeness answered."
        }
    });
    if let Some(tree) = crosswalk.tree {
        second.push(Span::text(format!(
            " The root of {} must be ",
            grouped(tree.size)
        )));
        second.push(Span::Code(tree.root.to_string()));
        second.push(Span::text("."));
    }
    let typed = |options: &[String]| -> String {
        let options = options.iter().map(|option| format!(" {option}"));
        options.collect()
    };
    let trust = size + &typed(&recipe.trust);
    second.push(Span::Code(format!(
        "ai-audit verify {evidence} --key KEYLINE{trust}"
    )));
    let third = vec![
        Span::text(
            "Check who issued these bytes. The signature says that the holder of the log's checkpoint \
             key did, not that they are right.",
        ),
        Span::Code(format!(
            "ai-audit verify {note} --key KEYLINE --require integrity,attribution"
        )),
    ];
    let mut fourth = text(
        "Make the report again as of the same time, and compare. The same evidence, trust and time give \
         the same bytes; a difference means that one of the two was not made from this evidence.",
    );
    fourth.extend(files(&recipe.files));
    fourth.extend([
        Span::Code(format!(
            "ai-audit report {evidence} --key KEYLINE{trust} --at {}{} -o {again}",
            crosswalk.at,
            typed(&recipe.options)
        )),
        Span::Code(format!("cmp {again} {file}")),
    ]);
    let mut fifth = text("Pull any receipt that is named here, and check its proof");
    if let Some((seq, pointer)) = named.iter().next_back() {
        fifth.extend([
            Span::text(", for example receipt "),
            Span::Receipt(*seq),
            Span::text(". The keeper makes the proof by the first command, and you check it by the second; the hash must be "),
            Span::Code(pointer.hash.to_string()),
            Span::text("."),
            Span::Code(format!("ai-audit prove LOG {seq} -o {seq}.proof")),
            Span::Code(format!("ai-audit verify {seq}.proof --key KEYLINE")),
        ]);
    } else {
        fifth.push(Span::text("."));
    }
    section
        .blocks
        .push(Block::Steps(vec![first, second, third, fourth, fifth]));
    section
}
