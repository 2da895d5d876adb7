//! `cargo xtask service`: what clients of others make of the running service: the OpenTelemetry SDK, as the
//! quickstart says it, and schemathesis, which tries what the API's own description allows and forbids.

mod quickstart;
mod running;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::program;
use crate::shell::{Cmd, Show};
use crate::venv;
use crate::workspace::Workspace;

pub(crate) use quickstart::{Quickstart, Upstream};
pub(crate) use running::Running;

const CASSETTE: &str = "../shared/vectors/otel-openai-cassettes/instrumentation-genai/opentelemetry-instrumentation-openai-v2/tests/cassettes/test_chat_completion_with_content.yaml";
/// Requests that schemathesis makes up for each operation.
const SHORT: u32 = 5;
const WHOLE: u32 = 50;

/// Runs the quickstart of OpenTelemetry and schemathesis, or says why not.
///
/// # Errors
/// When the service answers anything that its description does not say, or with 500; when the quickstart
/// fails or leaves a log that is not verified.
pub(crate) fn run(workspace: &Workspace, short: bool) -> Result<Option<String>> {
    let list = workspace.root.join("xtask/src/service/requirements.txt");
    let python = match venv::with(workspace, "service-python", &list)? {
        Ok(python) => python,
        Err(why) => return Ok(Some(format!("SKIPPED: clients of the service: {why}"))),
    };
    let audit = program::ai_audit(workspace)?;
    schemathesis(
        workspace,
        &audit,
        &python,
        if short { SHORT } else { WHOLE },
    )?;
    let cassette = workspace.root.join(CASSETTE);
    if !cassette.is_file() {
        return Ok(Some(
            "SKIPPED: the quickstart of OpenTelemetry: its recorded answer, ../shared, is absent"
                .into(),
        ));
    }
    let upstream = Upstream::start(
        &python,
        &workspace.root.join("xtask/src/service/upstream.py"),
        &cassette,
    )?;
    Quickstart::new(
        "opentelemetry",
        &[
            "the agent was told: This is a test.",
            "gpt-4o-mini-2024-07-18",
            "VERIFIED: integrity, attribution, completeness",
        ],
    )
    .with("OPENAI_BASE_URL", &upstream.url)
    .with("OPENAI_API_KEY", "sk-of-nobody")
    .run(workspace, &audit)?;
    Ok(None)
}

/// Has requests made from the description that the service gives of itself, and verifies what they left.
fn schemathesis(workspace: &Workspace, audit: &Path, python: &Path, examples: u32) -> Result<()> {
    let folder = scratch(workspace, "schemathesis")?;
    let log = folder.join("audit");
    Cmd::new(workspace, audit)
        .arg("init")
        .arg(&log)
        .args(["--name", "example.org/service", "--quiet"])
        .run()?;
    let running = Running::start(audit, &log, &["--open"])?;
    let program = python.with_file_name(format!("schemathesis{}", std::env::consts::EXE_SUFFIX));
    let checks = "not_a_server_error,content_type_conformance,response_schema_conformance,status_code_conformance";
    let mut last = String::new();
    // It keeps a folder of its own where it is run.
    let tried = Cmd::new(workspace, "env")
        .arg("-C")
        .arg(&folder)
        .arg(program)
        .arg("run")
        .arg(format!("{}/openapi.json", running.url))
        .args(["--checks", checks, "--max-examples", &examples.to_string()])
        // The same requests each time: a run fails by what was changed.
        .args(["--generation-deterministic", "--workers", "1", "--no-color"])
        .run_lines(|line| {
            if !line.trim().is_empty() {
                line.clone_into(&mut last);
            }
            Show::Yes
        });
    running.stop()?;
    tried.with_context(|| format!("schemathesis ends with {last:?}"))?;
    verified(workspace, audit, &log)
}

/// Holds a log that nobody writes to against its key and its newest checkpoint.
///
/// # Errors
/// When it is not verified, also where something could only not be verified.
pub(crate) fn verified(workspace: &Workspace, audit: &Path, log: &Path) -> Result<()> {
    let kept = log.with_extension("note");
    Cmd::new(workspace, audit)
        .arg("checkpoint")
        .arg(log)
        .args(["--latest", "--force", "--output"])
        .arg(&kept)
        .run()?;
    Cmd::new(workspace, audit)
        .arg("verify")
        .arg(log)
        .arg("--key")
        .arg(log.join("log.pub"))
        .arg("--checkpoint")
        .arg(&kept)
        .run()
}

/// An empty folder for one purpose.
///
/// # Errors
/// When it cannot be made.
pub(crate) fn scratch(workspace: &Workspace, name: &str) -> Result<std::path::PathBuf> {
    let folder = workspace.target.join("service").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
    }
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    Ok(folder)
}
