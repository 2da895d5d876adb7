//! The auditor's page, written beside a package.

use crate::cli::Export;
use crate::evidence::note_of;
use crate::failure::usage;
use crate::open::read_at_most;
use crate::output::{Output, Tone, bytes, shown_path};
use crate::save::NewFile;
use ai_audit_export::ManifestFile;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The page that was there when this program was built.
#[cfg(has_page)]
const BUILT_IN: Option<&[u8]> = Some(include_bytes!("../../../page/ai-audit-page.html"));
#[cfg(not(has_page))]
const BUILT_IN: Option<&[u8]> = None;

/// Its name beside the program.
const NAME: &str = "ai-audit-page.html";
/// Longest page, in bytes.
const MAX_PAGE: usize = 64 << 20;
/// What every page has, and hardly a file that was named by mistake.
const TITLE: &[u8] = b"<title>ai-audit: the auditor's page</title>";

/// A page that is being written.
pub(super) struct Page {
    contents: Cow<'static, [u8]>,
    path: PathBuf,
    file: NewFile,
}

impl Page {
    /// Finds the page, and begins its file beside the package; none where none was asked for.
    ///
    /// # Errors
    ///
    /// When there is no page, its file is there already, or would take the place of one that was named
    /// for something else.
    pub(super) fn begin(args: &Export) -> anyhow::Result<Option<Self>> {
        if !args.with_page {
            return Ok(None);
        }
        let contents = find(args.page.as_deref())?;
        let path = beside(&args.output);
        is_free(&path, args)?;
        let file = NewFile::create(&path, args.force)?;
        Ok(Some(Self {
            contents,
            path,
            file,
        }))
    }

    /// Writes it. Gives what is told of it.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub(super) fn finish(mut self) -> anyhow::Result<Told> {
        self.file.file().write_all(&self.contents)?;
        self.file.finish()?;
        let file = ManifestFile::of("", &self.contents);
        Ok(Told {
            path: self.path,
            file,
        })
    }
}

/// What is told of a page that was written.
pub(super) struct Told {
    path: PathBuf,
    file: ManifestFile,
}

impl Told {
    /// As JSON.
    pub(super) fn json(&self) -> Value {
        json!({
            "file": self.path,
            "bytes": self.file.size,
            "sha256": self.file.digest.to_string(),
            "notice": NOTICE,
        })
    }

    /// In words.
    pub(super) fn print(&self, output: Output) -> anyhow::Result<()> {
        let said = format!(
            "Wrote {}: the auditor's page, {}.",
            shown_path(&self.path),
            bytes(self.file.size)
        );
        output.line(output.sentence("", Tone::Plain, &said))?;
        output.note(format!("  SHA-256 {}", self.file.digest))?;
        output.note(output.sentence("  ", Tone::Plain, NOTICE))
    }
}

/// Why it is for looking only.
const NOTICE: &str = "a page that comes with the package proves nothing: the auditor should verify with one \
                      that he got by another way, built from the source or out of a release";

/// Where the page goes: the package's name with `.html` for `.zip`, or behind any other name.
fn beside(package: &Path) -> PathBuf {
    let zip = package.extension();
    if zip.is_some_and(|zip| zip.eq_ignore_ascii_case("zip")) {
        return package.with_extension("html");
    }
    let mut name = package.as_os_str().to_owned();
    name.push(".html");
    name.into()
}

/// Refuses what `--force` must not reach: nobody named the page's file, so it may take the place of an
/// older page only.
fn is_free(path: &Path, args: &Export) -> anyhow::Result<()> {
    let at = real(path);
    let notes = args.report.iter().map(|report| note_of(report));
    let reports = args.report.iter().cloned().chain(notes);
    let named = [(args.output.clone(), "the package")]
        .into_iter()
        .chain(reports.map(|report| (report, "a report that goes into it, or its note")))
        .chain(
            args.timestamp
                .clone()
                .map(|token| (token, "the timestamp that goes into it")),
        )
        .chain(
            args.page
                .clone()
                .map(|page| (page, "the page that --page names")),
        );
    for (other, what) in named {
        if real(&other) == at {
            return Err(usage(format!(
                "--with-page: the page would be written to {}, which is {what}; give the package another name",
                shown_path(path)
            )));
        }
    }
    if args.force && path.is_file() && !is_page(path) {
        return Err(usage(format!(
            "--with-page: {} is there and is no auditor's page, so --force does not replace it; give the \
             package another name, or remove that file",
            shown_path(path)
        )));
    }
    Ok(())
}

/// Where a file really is, links followed; where it is not there, where it would be.
fn real(path: &Path) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    match (folder.canonicalize(), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path.into(),
    }
}

fn is_page(path: &Path) -> bool {
    read_at_most(path, MAX_PAGE).is_ok_and(|page| has_title(&page))
}

fn has_title(page: &[u8]) -> bool {
    page.windows(TITLE.len())
        .take(1 << 20)
        .any(|part| part == TITLE)
}

fn find(given: Option<&Path>) -> anyhow::Result<Cow<'static, [u8]>> {
    if let Some(path) = given {
        return load(path).map(Cow::Owned);
    }
    if let Some(page) = BUILT_IN {
        return Ok(Cow::Borrowed(page));
    }
    let program = std::env::current_exe().ok();
    let beside = program.map(|program| program.with_file_name(NAME));
    match beside {
        Some(path) if path.is_file() => load(&path).map(Cow::Owned),
        _ => Err(usage(format!(
            "--with-page: this build has no page in it, and there is no {NAME} beside it; build it from \
             the source with `cargo xtask page`, or take it from the release, and name it with --page FILE"
        ))),
    }
}

fn load(path: &Path) -> anyhow::Result<Vec<u8>> {
    let page = read_at_most(path, MAX_PAGE)?;
    if !has_title(&page) {
        return Err(usage(format!(
            "{}: expected the auditor's page, which `cargo xtask page` builds",
            shown_path(path)
        )));
    }
    Ok(page)
}
