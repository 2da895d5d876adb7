//! A report as Markdown, with tables as GitHub's extension has them. Charts are told by their words and
//! by the tables behind them.

use crate::document::{Block, Document, Fact, Figure, Section, Span, Table, Tone};
use crate::text::clean;
use std::fmt::Write as _;

/// Writes a report as Markdown. Every text is escaped: it is neither markup nor HTML.
#[must_use]
pub fn markdown(document: &Document) -> String {
    let mut out = format!("# {}\n\n", escaped(&document.title));
    facts(&mut out, &document.facts);
    for section in &document.sections {
        write_section(&mut out, section);
    }
    out
}

fn write_section(out: &mut String, section: &Section) {
    let level = usize::from(section.level.clamp(2, 6));
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{} {}\n", "#".repeat(level), escaped(&section.title));
    for block in &section.blocks {
        match block {
            Block::Text(spans) => {
                let _ = writeln!(out, "{}\n", line(spans));
            }
            Block::Notice(tone, spans) => {
                let word = match tone {
                    Tone::Good => "Verified",
                    Tone::Bad => "Attention",
                    Tone::Open => "Open",
                    Tone::Plain => "Note",
                };
                let _ = writeln!(out, "> **{word}:** {}\n", line(spans));
            }
            Block::Facts(all) => facts(out, all),
            Block::List(points) => {
                for point in points {
                    let _ = writeln!(out, "- {}", line(point));
                }
                out.push('\n');
            }
            Block::Steps(steps) => {
                for (place, step) in (1..).zip(steps) {
                    let _ = writeln!(out, "{place}. {}", line(step));
                }
                out.push('\n');
            }
            Block::Table(table) => write_table(out, table),
            Block::Figure(figure) => write_figure(out, figure),
        }
    }
}

fn write_figure(out: &mut String, figure: &Figure) {
    let _ = writeln!(
        out,
        "**{}.** {}\n",
        escaped(&figure.title),
        escaped(&figure.description)
    );
    write_table(out, &figure.table);
}

fn facts(out: &mut String, facts: &[Fact]) {
    for fact in facts {
        let _ = writeln!(out, "- **{}:** {}", escaped(&fact.name), line(&fact.value));
    }
    out.push('\n');
}

fn write_table(out: &mut String, table: &Table) {
    let _ = writeln!(out, "*{}*\n", escaped(&table.caption));
    let head: Vec<String> = table.head.iter().map(|title| escaped(title)).collect();
    let _ = writeln!(out, "| {} |", head.join(" | "));
    let rule: Vec<&str> = (0..table.head.len())
        .map(|at| {
            if table.numeric.get(at).copied().unwrap_or(false) {
                "---:"
            } else {
                "---"
            }
        })
        .collect();
    let _ = writeln!(out, "| {} |", rule.join(" | "));
    for row in &table.rows {
        let cells: Vec<String> = row.iter().map(|cell| line(cell)).collect();
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    out.push('\n');
}

fn line(spans: &[Span]) -> String {
    let mut out = String::new();
    let mut code_before = false;
    for span in spans {
        let is_code = matches!(span, Span::Code(_));
        if is_code && code_before {
            out.push(' ');
        }
        code_before = is_code;
        match span {
            Span::Text(text) => out.push_str(&escaped(text)),
            Span::Strong(text) | Span::Toned(_, text) => {
                let text = escaped(text);
                if !text.trim().is_empty() {
                    let _ = write!(out, "**{}**", text.trim());
                }
            }
            Span::Code(text) => out.push_str(&code(text)),
            Span::Status(status) => {
                let _ = write!(out, "**{}**", status.words());
            }
            Span::Receipt(seq) => {
                let _ = write!(out, "{seq}");
            }
            Span::Section { text, .. } => out.push_str(&escaped(text)),
        }
    }
    out.trim().to_owned()
}

/// A text in which nothing is markup: every mark of ASCII that Markdown or HTML could read is escaped
/// by a backslash or an entity (CommonMark 0.31, section 2.4).
fn escaped(text: &str) -> String {
    let text = clean(text);
    let mut out = String::with_capacity(text.len());
    for (place, c) in text.chars().enumerate() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '!' | '$' | '{' | '}' => {
                out.push('\\');
                out.push(c);
            }
            '@' => out.push_str("&#64;"),
            // At the beginning of a line these make lists.
            '-' | '+' | '=' if place == 0 => {
                out.push('\\');
                out.push(c);
            }
            // Digits before it make a list, too.
            '.' | ')' if place > 0 && out.bytes().all(|b| b.is_ascii_digit()) => {
                out.push('\\');
                out.push(c);
            }
            other => out.push(other),
        }
    }
    // Bare addresses would become links.
    out.replace("://", "&#58;//").replace("www.", "www&#46;")
}

/// Code. In a table a pipe ends a cell even inside of backticks, so texts with one are no code.
fn code(text: &str) -> String {
    let text = clean(text);
    if text.contains(['`', '|', '\\', '<', '>', '&']) || text.trim() != text || text.is_empty() {
        return escaped(&text);
    }
    format!("`{text}`")
}
