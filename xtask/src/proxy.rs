//! The model proxy with the clients that people use: the official openai and anthropic packages call through it,
//! the quickstart is run as it stands, and what it adds to a call is measured.

mod latency;

pub(crate) use latency::{Length, latency};

use std::path::Path;

use anyhow::{Context, Result};

use crate::program;
use crate::service::{Quickstart, Upstream, scratch};
use crate::shell::Cmd;
use crate::venv;
use crate::workspace::Workspace;

const SCRIPTS: &str = "crates/proxy/tests/python";
const CASSETTES: &str = "../shared/vectors/otel-openai-cassettes/instrumentation-genai/opentelemetry-instrumentation-openai-v2/tests/cassettes";
/// What the quickstart must print.
const EXPECTED: [&str; 3] = [
    "Yes, within 30 days.",
    "gpt-4o-2024-08-06",
    "VERIFIED: integrity, attribution, completeness",
];

/// Installs the clients from PyPI, lets them call through the real program, and runs the quickstart; or says
/// what it did not do.
///
/// # Errors
/// When pip cannot install them, a receipt is not what a client saw, or the quickstart does not work.
pub(crate) fn run(workspace: &Workspace) -> Result<Option<String>> {
    let scripts = workspace.root.join(SCRIPTS);
    let list = scripts.join("requirements.txt");
    let python = match venv::with(workspace, "proxy-python", &list)? {
        Ok(python) => python,
        Err(reason) => {
            return Ok(Some(format!(
                "SKIPPED: the model proxy with real clients: {reason}"
            )));
        }
    };
    let program = program::ai_audit(workspace)?;
    let cassettes = workspace.root.join(CASSETTES);
    let recorded = cassettes.is_dir();
    let given = if recorded { cassettes } else { "-".into() };
    Cmd::new(workspace, &python)
        .arg(scripts.join("drive.py"))
        .arg(&program)
        .arg(given)
        .arg(scratch(workspace, "proxy")?)
        .run()
        .context("what the clients saw is not what is in the log")?;
    quickstart(workspace, &python, &program)?;
    Ok((!recorded).then(|| {
        "SKIPPED: the recorded answers of OpenAI through the model proxy: ../shared is absent"
            .into()
    }))
}

/// Runs the quickstart as it stands, with a local upstream in place of the service.
fn quickstart(workspace: &Workspace, python: &Path, program: &Path) -> Result<()> {
    let script = workspace.root.join(SCRIPTS).join("upstream.py");
    let upstream = Upstream::start(python, &script, Path::new("--print"))?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = [python.parent(), program.parent()];
    let folders = folders.into_iter().flatten().map(Path::to_path_buf);
    let path = std::env::join_paths(folders.chain(std::env::split_paths(&path)))?;
    Quickstart::new("openai-agent", &EXPECTED)
        .with("PATH", &path.to_string_lossy())
        .with("UPSTREAM", &upstream.url)
        .with("OPENAI_API_KEY", "sk-of-nobody")
        .run(workspace, program)
}
