//! How a report is made again: what was trusted, and the options that shaped it, as one types them.

use crate::cli::crosswalk::Scope;
use crate::cli::report::Report as Args;
use crate::failure::usage;
use crate::output::safe;
use crate::trust::TrustFile;
use ai_audit_report::{FigureOptions, Recipe};
use std::path::Path;

/// The most characters of all options together. Longer texts are cut in reports, and a command that
/// lost its end is another command.
const LONGEST: usize = 3_000;

/// How one makes a report again. Paths stay out of it, and checkpoints come down to a size.
///
/// # Errors
///
/// When a value has characters that no report shows as they are, or when all are too long.
pub(super) fn recipe(args: &Args, scope: &Scope, trusted: &[TrustFile]) -> anyhow::Result<Recipe> {
    let mut trust = Typed(Vec::new());
    for one in trusted {
        trust.add(one.flag, &one.file.name)?;
    }
    let options = options(args, scope)?;
    let all = trust.0.iter().chain(&options);
    let len: usize = all.map(|option| option.chars().count()).sum();
    if len > LONGEST {
        return Err(usage(format!(
            "a report says how it is made again, and its options have {len} characters: expected at most {LONGEST}"
        )));
    }
    let files = trusted.iter();
    Ok(Recipe {
        trust: trust.0,
        files: files
            .map(|one| (one.file.name.clone(), one.file.digest.to_string()))
            .collect(),
        options,
        ..Recipe::default()
    })
}

fn options(args: &Args, scope: &Scope) -> anyhow::Result<Vec<String>> {
    let mut typed = Typed(Vec::new());
    let asked = &args.scope;
    for id in &asked.framework {
        typed.add("--framework", id)?;
    }
    for path in &asked.catalogue {
        typed.add("--catalogue", &name_of(path))?;
    }
    for (flag, value) in [("--from", &scope.from), ("--to", &scope.to)] {
        if let Some(value) = value {
            typed.add(flag, value)?;
        }
    }
    let figures = &args.figures;
    let usual = FigureOptions::default();
    if figures.event != usual.event.to_string() {
        typed.add("--event", &figures.event)?;
    }
    if (figures.p0, figures.p1) != (usual.p0, usual.p1) {
        typed.add("--p0", &figures.p0.to_string())?;
        typed.add("--p1", &figures.p1.to_string())?;
    }
    if let Some(case) = &figures.case {
        typed.add("--case", case)?;
    }
    if let Some(bom) = &args.ml_bom {
        match bom.contains("://") {
            true => typed.add("--ml-bom", bom)?,
            false => typed.add("--ml-bom", &name_of(Path::new(bom)))?,
        }
    }
    Ok(typed.0)
}

struct Typed(Vec<String>);

impl Typed {
    fn add(&mut self, flag: &str, value: &str) -> anyhow::Result<()> {
        let shown = safe(value);
        if shown != value {
            return Err(usage(format!(
                "{flag} {shown}: a report says how it is made again; expected a value without control characters and characters that nobody sees"
            )));
        }
        self.0.push(Recipe::option(flag, value));
        Ok(())
    }
}

/// A file's name without its folders.
fn name_of(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy());
    name.unwrap_or_default().into_owned()
}
