//! `ai-audit report`

mod forms;
mod recipe;
mod sign;

use crate::assessed::{assess, at, period};
use crate::cli::crosswalk::Scope;
use crate::cli::report::Report as Args;
use crate::evidence::note_of;
use crate::failure::usage;
use crate::open::read_at_most;
use crate::output::{Output, Tone, bytes, safe, shown_path};
use crate::save::NewFile;
use ai_audit_compliance::Crosswalk;
use ai_audit_core::Question;
use ai_audit_report::{
    Block, Event, FigureData, FigureOptions, Figures, MAX_ML_BOM, MlBom, MlBomLink, RECEIPTS,
    Recipe, Section, compose,
};
use forms::Form;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What a report has where nobody asks for a framework.
const USUAL: [&str; 3] = ["eu-ai-act", "iso-42001", "nist-ai-rmf"];

pub(crate) fn run(args: &Args, output: Output) -> anyhow::Result<ExitCode> {
    let forms = args
        .output
        .iter()
        .map(|path| Form::of(path))
        .collect::<anyhow::Result<Vec<Form>>>()?;
    let mut signing = sign::Signing::of(args)?;
    let scope = scope(&args.scope)?;
    let made = at(&scope)?;
    let (policy, trusted) = args.trust.policy_at(made)?;
    let recipe = recipe::recipe(args, &scope, &trusted)?;
    let bom = args.ml_bom.as_deref().map(ml_bom).transpose()?;
    // Before anything is verified: whether the files can be written.
    check_places(&args.output)?;
    let mut files = Vec::new();
    for path in &args.output {
        let note = match signing.is_some() {
            true => {
                sign::check_name(path)?;
                Some(NewFile::create(&note_of(path), args.force)?)
            }
            false => None,
        };
        files.push((path, NewFile::create(path, args.force)?, note));
    }
    let figures =
        Figures::new(&figure_options(args, &scope)?).map_err(|error| usage(error.to_string()))?;
    let mut data = None;
    let named = |figures: Figures| {
        let figures = data.insert(figures.finish());
        figures.receipts.values().cloned().collect()
    };
    let (outcome, crosswalk) = assess(&args.path, &scope, made, &policy, figures, named, output)?;
    // A statement is of a log from its first receipt to its size.
    if !crosswalk.whole && args.sign_key.is_some() {
        return Err(usage(
            "a report of a selection is not signed: a statement speaks of all receipts of a log up to its size; leave out --sign-key",
        ));
    }
    let all = crosswalk.whole && crosswalk.tree.is_some();
    if !all && args.sign_key.is_none() && signing.take().is_some() {
        output.note("Not signed: not all receipts of the log could be read.")?;
    }
    let mut written = Vec::new();
    for ((path, mut file, note), form) in files.into_iter().zip(forms) {
        let contents = contents(form, &crosswalk, data.as_ref(), &recipe, bom.as_ref())?;
        if let (Some(signing), Some(mut note)) = (&signing, note) {
            note.write(&signing.sign(path, &contents, &crosswalk)?.to_string())?;
            note.finish()?;
        }
        std::io::Write::write_all(file.file(), &contents)?;
        file.finish()?;
        written.push((path, contents.len() as u64));
    }
    let exit = outcome.report.exit(&Question::DEFAULT).code();
    if output.json {
        let files: Vec<_> = written
            .iter()
            .map(|(path, len)| json!({ "file": path, "bytes": len }))
            .collect();
        output.json(&json!({
            "files": files,
            "signed": signing.is_some(),
            "made": crosswalk.at,
            "verdict": crosswalk.verdict,
            "exit": exit,
        }))?;
        return Ok(ExitCode::from(exit));
    }
    for (path, len) in &written {
        let signed = match signing.is_some() {
            true => format!("; signed in {}", shown_path(&note_of(path))),
            false => String::new(),
        };
        let said = format!("Wrote {} ({}){signed}.", shown_path(path), bytes(*len));
        output.line(output.sentence("", Tone::Plain, &said))?;
    }
    output.note(format!("  made for {}", crosswalk.at))?;
    if let Some(why) = &crosswalk.nothing_counts {
        let said = format!("nothing counts as evidence in it: {}", safe(why));
        output.line(output.sentence("  ", Tone::Bad, &said))?;
    }
    Ok(ExitCode::from(exit))
}

fn contents(
    form: Form,
    crosswalk: &Crosswalk,
    figures: Option<&FigureData>,
    recipe: &Recipe,
    bom: Option<&MlBomLink>,
) -> anyhow::Result<Vec<u8>> {
    let recipe = Recipe {
        file: form.usual_name().into(),
        ..recipe.clone()
    };
    let document = || {
        let mut document = compose(crosswalk, figures, &recipe);
        if let Some(bom) = bom {
            let models = crosswalk.models.iter().map(String::as_str);
            let section = Section {
                id: "bill-of-materials".into(),
                level: 2,
                title: "Bill of materials of the models".into(),
                new_page: false,
                blocks: vec![Block::Facts(bom.facts(models))],
            };
            let sections = &mut document.sections;
            let annex = sections.iter().position(|section| section.id == RECEIPTS);
            sections.insert(annex.unwrap_or(sections.len()), section);
        }
        document
    };
    form.write(crosswalk, figures, &document, bom)
}

/// Refuses files that are named twice, or that lead into no folder.
fn check_places(files: &[PathBuf]) -> anyhow::Result<()> {
    let mut places = BTreeSet::new();
    for path in files {
        let shown = shown_path(path);
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let Ok(place) = folder.canonicalize() else {
            let folder = shown_path(folder);
            return Err(usage(format!("{shown}: there is no folder {folder}")));
        };
        if !places.insert(place.join(path.file_name().unwrap_or_default())) {
            return Err(usage(format!(
                "-o {shown}: it is named twice; expected another file for each form"
            )));
        }
    }
    Ok(())
}

/// The frameworks that are asked for, or the usual ones and the caller's own.
fn scope(scope: &Scope) -> anyhow::Result<Scope> {
    let mut scope = scope.clone();
    if scope.framework.is_empty() {
        scope.framework = USUAL.map(String::from).to_vec();
        for path in &scope.catalogue {
            let own = crate::assessed::own_id(path)?;
            scope.framework.push(own);
        }
    }
    Ok(scope)
}

fn figure_options(args: &Args, scope: &Scope) -> anyhow::Result<FigureOptions> {
    let figures = &args.figures;
    Ok(FigureOptions {
        period: period(scope)?,
        event: figures
            .event
            .parse::<Event>()
            .map_err(|error| usage(format!("--event: {error}")))?,
        p0: figures.p0,
        p1: figures.p1,
        trace_id: figures.case.clone(),
        ..FigureOptions::default()
    })
}

/// A bill of materials: a file is read, a URI is only named.
fn ml_bom(text: &str) -> anyhow::Result<MlBomLink> {
    let path = Path::new(text);
    if !path.is_file() && text.contains("://") {
        return Ok(MlBomLink {
            href: text.into(),
            bom: None,
        });
    }
    let bom = MlBom::read(&read_at_most(path, MAX_ML_BOM)?)
        .map_err(|error| usage(format!("--ml-bom {text}: {error}")))?;
    let name = path.file_name().map(|name| name.to_string_lossy());
    Ok(MlBomLink {
        href: name.unwrap_or_default().into_owned(),
        bom: Some(bom),
    })
}
