//! `ai-audit mcp`

use crate::cli::mcp::Mcp;
use crate::failure::usage;
use crate::output::Output;
use crate::signals::stop;
use crate::trust::pin;
use ai_audit_mcp::{McpError, McpOptions, Roots, run_http, run_stdio};
use serde_json::json;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

pub(crate) fn run(args: &Mcp, output: Output) -> anyhow::Result<ExitCode> {
    let roots = Roots::new(args.root.iter().map(PathBuf::as_path))
        .map_err(|error| usage(format!("--root {error}")))?;
    let pins = args.key.iter().map(|key| pin("--key ", key));
    let options = McpOptions {
        roots,
        pins: pins.collect::<anyhow::Result<_>>()?,
        timeout: Duration::from_secs(args.timeout),
        ..McpOptions::default()
    };
    // On standard output is the protocol and nothing else.
    if args.root.is_empty() {
        output.warn("without --root no file is read");
    }
    if options.pins.is_empty() {
        output
            .warn("without --key no verdict proves who wrote a log, unless the caller gives a key");
    }
    let served = match args.listen {
        None => run_stdio(options, stop()),
        Some(address) => {
            let listener = TcpListener::bind(address)
                .map_err(|error| usage(format!("--listen {address}: {error}")))?;
            let url = format!("http://{}/mcp", listener.local_addr()?);
            match output.json {
                true => output.line(json!({ "url": url }).to_string())?,
                false => output.line(format!("answers at {url}"))?,
            }
            run_http(options, listener, stop())
        }
    };
    served.map_err(|error| match error {
        McpError::NotLocal(_) => usage(error.to_string()),
        other => other.into(),
    })?;
    Ok(ExitCode::SUCCESS)
}
