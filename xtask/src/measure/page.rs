//! Figures in a document: what stands between two marks is replaced.

use std::fs;

use anyhow::{Context as _, Result};

use crate::workspace::Workspace;

/// Puts the figures into `docs/performance/NAME.md`, between `<!-- figures -->` and `<!-- end -->`.
///
/// # Errors
/// When the document lacks the marks, or cannot be read or written.
pub(crate) fn write_figures(workspace: &Workspace, name: &str, figures: &str) -> Result<()> {
    write_figures_to(workspace, &format!("docs/performance/{name}.md"), figures)
}

/// The same into any document, by its path from the root.
///
/// # Errors
/// As [`write_figures`].
pub(crate) fn write_figures_to(workspace: &Workspace, page: &str, figures: &str) -> Result<()> {
    let path = workspace.root.join(page);
    let text = fs::read_to_string(&path).with_context(|| page.to_owned())?;
    let text = replaced(&text, figures).with_context(|| lacks(page))?;
    fs::write(&path, text).with_context(|| page.to_owned())?;
    println!("written: {page}");
    Ok(())
}

/// The figures of a document, as they are between the marks.
///
/// # Errors
/// When the document lacks the marks, or cannot be read.
pub(crate) fn figures_of(workspace: &Workspace, page: &str) -> Result<String> {
    let text = fs::read_to_string(workspace.root.join(page)).with_context(|| page.to_owned())?;
    let (_, rest) = text.split_once(BEGIN).with_context(|| lacks(page))?;
    let (figures, _) = rest.split_once(END).with_context(|| lacks(page))?;
    Ok(figures.trim().to_owned())
}

fn lacks(page: &str) -> String {
    format!("{page} lacks the lines `{BEGIN}` and `{END}` between which figures go")
}

const BEGIN: &str = "<!-- figures -->";
const END: &str = "<!-- end -->";

fn replaced(text: &str, figures: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!(
        "{before}{BEGIN}\n\n{}\n\n{END}{after}",
        figures.trim()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_marks_changes() {
        let text = "a\n<!-- figures -->\nold\n<!-- end -->\nb\n";
        let new = replaced(text, "new\n").unwrap_or_default();
        assert_eq!(new, "a\n<!-- figures -->\n\nnew\n\n<!-- end -->\nb\n");
        assert_eq!(replaced(&new, "new").as_ref(), Some(&new));
        assert_eq!(replaced("no marks", "new"), None);
    }
}
