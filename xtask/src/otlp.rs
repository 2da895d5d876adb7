//! The real OpenTelemetry SDK for Python and the instrumentation of a model client, sending to us: what
//! they send is kept, and `ai-audit-otlp`'s tests hold the receipts against what the client was answered.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::shell::Cmd;
use crate::venv;
use crate::workspace::Workspace;

const SCRIPTS: &str = "crates/otlp/tests/python";
const CASSETTES: &str = "../shared/vectors/otel-openai-cassettes/instrumentation-genai/opentelemetry-instrumentation-openai-v2/tests/cassettes";

/// What the tests ask for: the folder of what the SDK sent.
pub(crate) const CAPTURED: &str = "AI_AUDIT_OTLP_CAPTURED";

/// Installs the SDK from PyPI, lets it send under former and current conventions, and runs the tests of
/// what it sent; or says why it did not.
///
/// # Errors
/// When pip cannot install it, it cannot send, or a test fails.
pub(crate) fn run(workspace: &Workspace) -> Result<Option<String>> {
    let captured = match capture(workspace)? {
        Ok(captured) => captured,
        Err(why) => return Ok(Some(why)),
    };
    Cmd::cargo(workspace)
        .args(["test", "--package", "ai-audit-otlp"])
        .args(["--test", "it", "python"])
        .env(CAPTURED, captured)
        .run()?;
    Ok(None)
}

/// Installs the SDK from PyPI, lets it send under former and current conventions, and gives the folder of what it
/// sent; or says why it did not.
///
/// # Errors
/// When pip cannot install it, or it cannot send.
pub(crate) fn capture(workspace: &Workspace) -> Result<std::result::Result<PathBuf, String>> {
    let cassettes = workspace.root.join(CASSETTES);
    if !cassettes.is_dir() {
        return Ok(Err(
            "SKIPPED: the OpenTelemetry SDK for Python: its recorded answers, ../shared, are absent".into(),
        ));
    }
    let list = workspace.root.join(SCRIPTS).join("requirements.txt");
    let python = match venv::with(workspace, "otlp-python", &list)? {
        Ok(python) => python,
        Err(why) => {
            return Ok(Err(format!(
                "SKIPPED: the OpenTelemetry SDK for Python: {why}"
            )));
        }
    };
    let captured = workspace.target.join("otlp");
    if captured.exists() {
        fs::remove_dir_all(&captured).with_context(|| captured.display().to_string())?;
    }
    for mode in ["former", "current"] {
        Cmd::new(workspace, &python)
            .arg(workspace.root.join(SCRIPTS).join("capture.py"))
            .arg(&cassettes)
            .arg(captured.join(mode))
            .arg(mode)
            .run()
            .context("the SDK could not send")?;
    }
    Ok(Ok(captured))
}
