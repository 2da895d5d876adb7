//! `ai-audit report`: its flags and help.

use super::Trust;
use super::crosswalk::Scope;
use clap::Args;
use std::path::PathBuf;

/// Writes what evidence a log holds as a report: HTML, PDF, Markdown, JSON, CSV, OSCAL.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit report audit -o report.html --key log.pub
  ai-audit report audit -o q.pdf -o q.html --key log.pub --checkpoint kept.note
  ai-audit report p.zip -o mine.html --key log.pub --at 2026-11-28T12:00:00Z
  ai-audit report audit -o oscal.json --key log.pub --framework iso-42001

PATH is a log directory, a published log, a package or a receipts file. The
form follows from the file's ending: .html, .pdf, .md, .csv, .json, and OSCAL
assessment results for oscal.json and NAME.oscal.json.

The report is of the verdict under what you trust, as of `ai-audit verify`; the
same evidence, trust and --at give the same bytes. Where PATH is a directory,
the log's checkpoint key signs: FILE.note beside each FILE. A report of a
selection is never signed. Check a note with
  ai-audit verify report.html.note --key log.pub
and put a report into a package with `ai-audit export --report report.html`.

Without --framework it has the EU AI Act, ISO/IEC 42001, the NIST AI RMF and
your own catalogues; `--framework all` has all that `ai-audit crosswalk --list`
lists.

Exit codes are those of `ai-audit verify`; the report is written all the same.")]
pub(crate) struct Report {
    /// The evidence.
    pub(crate) path: PathBuf,
    /// Where to write it; may be repeated, one file for each form.
    #[arg(short, long, value_name = "FILE", required = true)]
    pub(crate) output: Vec<PathBuf>,
    /// Replaces files that are there.
    #[arg(long)]
    pub(crate) force: bool,
    /// Writes no FILE.note, also for a log directory.
    #[arg(long, conflicts_with = "sign_key")]
    pub(crate) unsigned: bool,
    /// Signs with this key (PKCS#8 PEM) in place of the log's checkpoint key.
    #[arg(long, value_name = "PEM")]
    pub(crate) sign_key: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) trust: Trust,
    #[command(flatten)]
    pub(crate) scope: Scope,
    #[command(flatten)]
    pub(crate) figures: Figures,
    /// A CycloneDX bill of materials of the models: a JSON file, or a URI, which is not fetched.
    #[arg(long, value_name = "FILE|URI")]
    pub(crate) ml_bom: Option<String>,
}

/// What figures are made of.
#[derive(Debug, Args)]
pub(crate) struct Figures {
    /// What counts as an event of the rate: action=NAME,…, check=NAME, or check=*.
    #[arg(long, value_name = "EVENT", default_value = "action=reject")]
    pub(crate) event: String,
    /// The rate of events as usual.
    #[arg(long, value_name = "RATE", default_value_t = 0.01)]
    pub(crate) p0: f64,
    /// The rate of events that is to be noticed.
    #[arg(long, value_name = "RATE", default_value_t = 0.05)]
    pub(crate) p1: f64,
    /// The trace that is drawn. [default: one with an incident or escalation, or a large one]
    #[arg(long, value_name = "TRACE_ID")]
    pub(crate) case: Option<String>,
}
