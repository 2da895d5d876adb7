//! `ai-audit mcp-proxy`

use crate::cli::mcp::{FailMode, McpProxy};
use crate::failure::usage;
use crate::open::{SOFTWARE, log_name, settings};
use crate::output::{Output, safe, shown_path};
use crate::signals::stop;
use ai_audit_directory::{Settings, Writer};
use ai_audit_ingest::Keep;
use ai_audit_intake::Intake;
use ai_audit_mcp_proxy::{Fail, ProxyError, ProxyOptions, run_http, run_stdio};
use serde_json::json;
use std::io::{self, Write as _};
use std::net::TcpListener;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// How long a call waits for a full queue where no setting says so.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(5);

pub(crate) fn run(args: &McpProxy, output: Output) -> anyhow::Result<ExitCode> {
    let log = log_name(&args.log)?;
    let mut settings: Settings = settings(&args.dir)?;
    settings.queue_timeout.get_or_insert(QUEUE_TIMEOUT);
    let contract = args.contract.as_deref().map(super::contract::contract);
    let options = ProxyOptions {
        fail: match args.fail {
            FailMode::Closed => Fail::Closed,
            FailMode::Open => Fail::Open,
        },
        contract: contract.transpose()?,
        timeout: Duration::from_secs(args.timeout),
        grace: Duration::from_secs(args.grace),
        actor: args.actor.clone(),
        warn: Arc::new(move |text| output.warn(safe(text))),
        ..ProxyOptions::default()
    };
    let listener = match &args.upstream {
        None => None,
        Some(_) if !args.listen.ip().is_loopback() => {
            return Err(usage(format!(
                "--listen {}: expected a loopback address; whoever reaches it acts as its clients do",
                args.listen
            )));
        }
        Some(_) => Some(
            TcpListener::bind(args.listen)
                .map_err(|error| usage(format!("--listen {}: {error}", args.listen)))?,
        ),
    };
    let writer = Writer::open(&args.dir, settings, SOFTWARE)?;
    for warning in writer.take_warnings() {
        output.warn(safe(&warning));
    }
    let intake = Intake::new(writer, Keep::default())?;
    let ended = match (&args.upstream, listener) {
        (Some(upstream), Some(listener)) => {
            let url = format!("http://{}/mcp", listener.local_addr()?);
            match output.json {
                true => output.line(json!({ "url": url }).to_string())?,
                false => {
                    output.line(format!("{} records calls at {url}", shown_path(&args.dir)))?
                }
            }
            run_http(intake, log, listener, upstream, options, stop())
        }
        // On standard output is the protocol and nothing else.
        _ => run_stdio(intake, log, &args.command, options, stop()),
    };
    let ended = ended.map_err(|error| match error {
        ProxyError::Upstream(_) | ProxyError::Command { .. } => usage(error.to_string()),
        other => other.into(),
    })?;
    if !output.quiet {
        // Whoever reads it or not: it changes nothing.
        let _ = writeln!(io::stderr().lock(), "ai-audit mcp-proxy: {}", ended.counted);
    }
    let code = ended.status.map_or(Some(0), |status| status.code());
    let code = code.and_then(|code| u8::try_from(code).ok());
    Ok(ExitCode::from(code.unwrap_or(crate::failure::FAILED)))
}
