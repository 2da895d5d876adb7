//! What people and programs see: text that cannot harm a terminal, tables, JSON, colours.

mod text;

pub(crate) use text::{bytes, counted, safe, safe_json, short, shown_path};

use anyhow::Context as _;
use comfy_table::{Table, presets};
use serde::Serialize;
use serde_json::Value;
use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};

/// How results are printed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    pub(crate) json: bool,
    pub(crate) quiet: bool,
    color: bool,
    /// Columns to wrap sentences at; none where a program reads them.
    width: Option<usize>,
}

/// Longer lines are hard to read, however wide the terminal is.
const WIDEST: usize = 100;

/// A colour for a status.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Tone {
    Good,
    Bad,
    Open,
    Dim,
    Bold,
    Plain,
}

impl Output {
    pub(crate) fn new(json: bool, quiet: bool) -> Self {
        // https://no-color.org: any value but the empty one switches colours off.
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let color = wanted && io::stdout().is_terminal() && !json;
        Self {
            json,
            quiet,
            color,
            width: width(),
        }
    }

    /// A sentence behind a label, wrapped between words where a terminal would cut them, its
    /// further lines below the first. The tone colours the sentence.
    pub(crate) fn sentence(&self, label: &str, tone: Tone, text: &str) -> String {
        let text = safe(text);
        let indent = label.chars().count();
        let lines = match self.width {
            Some(width) if width > indent + 20 => {
                let options = textwrap::Options::new(width - indent).break_words(false);
                textwrap::wrap(&text, options)
            }
            _ => vec![text.into()],
        };
        let painted: Vec<String> = lines.iter().map(|line| self.paint(tone, line)).collect();
        let glue = format!("\n{}", " ".repeat(indent));
        format!("{label}{}", painted.join(&glue))
    }

    /// Prints a line of result.
    pub(crate) fn line(&self, text: impl AsRef<str>) -> anyhow::Result<()> {
        self.text(&format!("{}\n", text.as_ref()))
    }

    /// Prints text as it is.
    #[expect(clippy::unused_self, reason = "all printing goes through it")]
    pub(crate) fn text(&self, text: &str) -> anyhow::Result<()> {
        print(text).or_else(closed).context("standard output")
    }

    /// Prints a value as JSON or, where none was asked for, a line, which somebody must get: a reader that is
    /// gone is an error.
    pub(crate) fn once(&self, value: &Value, line: &str) -> anyhow::Result<()> {
        let text = match self.json {
            true => safe_json(&serde_json::to_string_pretty(value).context("JSON output")?),
            false => line.into(),
        };
        print(&format!("{text}\n")).context("standard output")
    }

    /// Prints a line about what was done, unless quiet or JSON was asked for.
    pub(crate) fn note(&self, text: impl AsRef<str>) -> anyhow::Result<()> {
        if self.quiet || self.json {
            Ok(())
        } else {
            self.line(text)
        }
    }

    /// Prints a warning to standard error, unless quiet was asked for.
    pub(crate) fn warn(&self, text: impl AsRef<str>) {
        if !self.quiet {
            self.complain(text);
        }
    }

    /// Prints to standard error what somebody asked to be told of, also if quiet.
    #[expect(clippy::unused_self, reason = "all printing goes through it")]
    pub(crate) fn complain(&self, text: impl AsRef<str>) {
        // A warning that nobody can read stops nothing.
        let _ = writeln!(io::stderr().lock(), "warning: {}", safe(text.as_ref()));
    }

    /// Prints a value as JSON.
    pub(crate) fn json(&self, value: &impl Serialize) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(value).context("JSON output")?;
        self.line(safe_json(&text))
    }

    /// Prints a value as JSON in one line, where a program reads one after the other.
    pub(crate) fn json_line(&self, value: &impl Serialize) -> anyhow::Result<()> {
        let text = serde_json::to_string(value).context("JSON output")?;
        self.line(safe_json(&text))
    }

    /// Colours a text where colours are wanted.
    pub(crate) fn paint(&self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Good => "32",
            Tone::Bad => "1;31",
            Tone::Open => "33",
            Tone::Dim => "2",
            Tone::Bold => "1",
            Tone::Plain => return text.into(),
        };
        if self.color {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.into()
        }
    }

    /// A table with a head, as wide as the terminal at most.
    pub(crate) fn table<const N: usize>(&self, head: [&str; N]) -> Table {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_header(head);
        table
    }

    /// Prints a table.
    pub(crate) fn print_table(&self, table: &Table) -> anyhow::Result<()> {
        let mut text = String::new();
        for line in table.lines() {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{}", line.trim_end());
        }
        self.text(&text)
    }
}

fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// What terminals have that do not say.
const USUAL: usize = 80;

/// What `COLUMNS` says, as for the help, or else the terminal.
fn width() -> Option<usize> {
    let told = std::env::var("COLUMNS")
        .ok()
        .and_then(|text| text.parse().ok());
    let seen = || {
        let size = terminal_size::terminal_size_of(io::stdout());
        let width = size.map_or(USUAL, |(width, _)| width.0.into());
        io::stdout().is_terminal().then_some(width)
    };
    told.or_else(seen).map(|width| width.min(WIDEST))
}

/// A reader that has seen enough (`| head`) is no error.
fn closed(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::BrokenPipe {
        Ok(())
    } else {
        Err(error)
    }
}
