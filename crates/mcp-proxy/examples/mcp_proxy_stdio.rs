//! A proxy on standard input and output: `mcp_proxy_stdio DIR [--contract FILE] [--open] [--timeout MS] [--grace MS]
//! -- COMMAND…`. What `ai-audit mcp-proxy` does, in a page.

use ai_audit_contracts::Contract;
use ai_audit_directory::{Settings, Writer};
use ai_audit_ingest::Keep;
use ai_audit_intake::Intake;
use ai_audit_mcp_proxy::{Fail, ProxyOptions, run_stdio};
use ai_audit_store::LogName;
use std::error::Error;
use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut args = std::env::args_os().skip(1);
    let dir = args.next().ok_or("expected a log directory")?;
    let mut options = ProxyOptions {
        warn: Arc::new(|text| drop(writeln!(std::io::stderr().lock(), "{text}"))),
        ..ProxyOptions::default()
    };
    let settings = Settings {
        queue_timeout: Some(Duration::from_secs(2)),
        ..Settings::default()
    };
    while let Some(arg) = args.next().filter(|arg| arg != "--") {
        let millis = |value: Option<OsString>| {
            let value = value.and_then(|value| value.to_str()?.parse().ok());
            value
                .map(Duration::from_millis)
                .ok_or("expected milliseconds")
        };
        match arg.to_str() {
            Some("--open") => options.fail = Fail::Open,
            Some("--contract") => {
                let file = args.next().ok_or("expected a file")?;
                options.contract = Some(Contract::parse(&std::fs::read_to_string(file)?)?);
            }
            Some("--timeout") => options.timeout = millis(args.next())?,
            Some("--grace") => options.grace = millis(args.next())?,
            _ => return Err("unknown option".into()),
        }
    }
    let command: Vec<OsString> = args.collect();
    let intake = Intake::new(
        Writer::open(dir.as_ref(), settings, "example")?,
        Keep::default(),
    )?;
    let ended = run_stdio(intake, LogName::default(), &command, options, stop())?;
    writeln!(std::io::stderr().lock(), "{}", ended.counted)?;
    let code = ended.status.and_then(|status| status.code());
    Ok(ExitCode::from(
        code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1),
    ))
}

/// Is there when the process is asked to end.
async fn stop() {
    #[cfg(unix)]
    if let Ok(mut terminate) =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
    {
        terminate.recv().await;
        return;
    }
    std::future::pending::<()>().await;
}
