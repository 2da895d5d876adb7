//! A crate's documentation as Markdown that is read outside of rustdoc.

/// The documentation at the head of a source file, without the comment marks.
pub(super) fn of_source(source: &str) -> String {
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    let mut text = String::new();
    for line in lines {
        text.push_str(line.strip_prefix(' ').unwrap_or(line));
        text.push('\n');
    }
    text
}

/// The same for a page: headings one level down, links to items as their names, examples whole.
pub(super) fn as_markdown(docs: &str) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut lines = docs.lines();
    while let Some(line) = lines.next() {
        match line.strip_prefix("```") {
            Some(language) => {
                let code: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
                match language {
                    "" | "no_run" => {
                        out.push("```rust".into());
                        out.extend(whole(&code));
                    }
                    other => {
                        out.push(format!("```{other}"));
                        out.extend(code.iter().map(|line| (*line).to_string()));
                    }
                }
                out.push("```".into());
            }
            None if line.starts_with('#') => out.push(format!("#{line}")),
            None => out.push(without_links(line)),
        }
    }
    out.join("\n")
}

/// An example with the lines that rustdoc hides, and with the `main` that it puts around it.
fn whole(code: &[&str]) -> Vec<String> {
    let shown = code.iter().map(|line| match line.strip_prefix("# ") {
        Some(hidden) => hidden.to_string(),
        None if *line == "#" => String::new(),
        None => (*line).to_string(),
    });
    let shown: Vec<String> = shown.collect();
    let (uses, rest) = imports(&shown);
    let (returned, body) = match rest {
        // A hidden `main`, or a hidden `Ok` for the one that rustdoc makes.
        [head, body @ .., _] if head.starts_with("fn main()") => {
            let returned = head
                .strip_prefix("fn main() -> Result<(), ")
                .and_then(|error| error.strip_suffix("> {"));
            (returned, body)
        }
        [body @ .., tail] => {
            let returned = tail
                .strip_prefix("Ok::<(), ")
                .and_then(|error| error.strip_suffix(">(())"));
            (returned, if returned.is_some() { body } else { rest })
        }
        [] => (None, rest),
    };
    let mut out = uses.to_vec();
    out.push(String::new());
    out.push(match returned {
        Some(error) => format!("fn main() -> Result<(), {error}> {{"),
        None => "fn main() {".into(),
    });
    let first = body.iter().position(|line| !line.is_empty()).unwrap_or(0);
    // A line that goes on a text over several lines must stay where it is.
    let mut in_text = false;
    for line in body.iter().skip(first) {
        let indented = !line.is_empty() && !in_text;
        out.push(if indented {
            format!("    {line}")
        } else {
            line.clone()
        });
        let quotes = line.replace("\\\"", "").matches('"').count();
        in_text ^= quotes % 2 == 1 && !line.contains("r#\"");
    }
    if returned.is_some() {
        out.push("    Ok(())".into());
    }
    out.push("}".into());
    out
}

/// The `use` lines at the beginning, and what follows them.
fn imports(lines: &[String]) -> (&[String], &[String]) {
    let mut end = 0;
    let mut open = false;
    for (at, line) in lines.iter().enumerate() {
        if open || line.starts_with("use ") {
            open = !line.ends_with(';');
            end = at + 1;
        } else if !line.is_empty() {
            break;
        }
    }
    let (uses, rest) = lines.split_at(end);
    (uses, rest)
}

/// Links that only rustdoc can follow are left as the name that they show.
fn without_links(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(start) = rest.find("[`") {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        let Some(end) = from.find("`]") else {
            out.push_str(from);
            return out;
        };
        let name = from.get(1..=end).unwrap_or_default();
        let after = from.get(end + 2..).unwrap_or_default();
        let target = after
            .strip_prefix('(')
            .and_then(|target| target.split_once(')'));
        match target {
            Some((address, after)) if address.contains("://") => {
                out.push_str(&format!("[{name}]({address})"));
                rest = after;
            }
            Some((_, after)) => {
                out.push_str(name);
                rest = after;
            }
            None => {
                out.push_str(name);
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_items_become_their_names() {
        let line = "[`A`] and [`B`](crate::B), [`c`](https://example.org), [text](docs/x.md).";
        let shown = "`A` and `B`, [`c`](https://example.org), [text](docs/x.md).";
        assert_eq!(without_links(line), shown);
    }

    #[test]
    fn examples_get_what_rustdoc_adds() {
        let source = "//! What.\n//!\n//! # Example\n//!\n//! ```\n//! use a::{\n//!     B,\n//! };\n//! # let hidden = 1;\n\
                      //! let x = \"\n//! in: text\n//! \";\n//! # Ok::<(), E>(())\n//! ```\nmod x;\n";
        let made = as_markdown(&of_source(source));
        assert_eq!(
            made,
            "What.\n\n## Example\n\n```rust\nuse a::{\n    B,\n};\n\nfn main() -> Result<(), E> {\n    \
             let hidden = 1;\n    let x = \"\nin: text\n\";\n    Ok(())\n}\n```"
        );
        let with_main = "```\nuse a;\n# fn main() {\nlet x = 1;\n# }\n```";
        assert_eq!(
            as_markdown(with_main),
            "```rust\nuse a;\n\nfn main() {\n    let x = 1;\n}\n```"
        );
        assert_eq!(as_markdown("```sh\n# no\n```"), "```sh\n# no\n```");
    }
}
