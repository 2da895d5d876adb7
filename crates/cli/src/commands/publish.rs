//! `ai-audit publish`

use crate::cli::Publish;
use crate::open::{directory, log_name};
use crate::output::{Output, bytes, shown_path};
use crate::progress::Progress;
use ai_audit_export::tiles::PublishOptions;
use serde_json::json;
use std::process::ExitCode;

pub(crate) fn run(args: &Publish, output: Output) -> anyhow::Result<ExitCode> {
    let directory = directory(&args.dir)?;
    let log = log_name(&args.log)?;
    let options = PublishOptions {
        hashes_only: args.hashes_only,
    };
    let size = directory.head(&log)?.size();
    let progress = Progress::new("publishing", "receipts", size, output.quiet);
    let published = directory.publish(&log, &args.out, options, |done, total| {
        progress.set(done, total);
    })?;
    drop(progress);
    let (size, before) = (
        published.size.as_u64(),
        published.before.map(|size| size.as_u64()),
    );
    if output.json {
        output.json(&json!({
            "out": args.out,
            "log": log.as_str(),
            "origin": directory.key_line(&log)?.name(),
            "size": size,
            "before": before,
            "hashes_only": args.hashes_only,
            "files": published.files,
            "bytes": published.bytes,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let out = shown_path(&args.out);
    output.line(match before {
        Some(before) if before == size && published.files == 0 => {
            format!("{out} has all {size} receipts of log {log} already.")
        }
        _ => format!(
            "Published log {log} to {out}: {} new receipts, {size} in all; {} files, {}.",
            size - before.unwrap_or(0),
            published.files,
            bytes(published.bytes)
        ),
    })?;
    Ok(ExitCode::SUCCESS)
}
