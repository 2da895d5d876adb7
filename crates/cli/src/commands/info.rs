//! `ai-audit info`

use crate::cli::Info;
use crate::open::{directory, settings};
use crate::output::{Output, Tone, bytes, counted, safe};
use ai_audit_directory::{BucketAddress, SETTING_NAMES, Settings, StoreAddress};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

pub(crate) fn run(args: &Info, output: Output) -> anyhow::Result<ExitCode> {
    let mut settings = settings(args.dir.as_deref().unwrap_or(Path::new(".")))?;
    let mut logs = Vec::new();
    let mut health = Value::Null;
    if let Some(dir) = &args.dir {
        let directory = directory(dir)?;
        // With what a directory decides by itself.
        settings = directory.settings().clone();
        for log in directory.logs()? {
            let (head, line) = (directory.head(&log)?, directory.key_line(&log)?);
            let batched = directory.permits_batches(&log)?;
            let open = directory.open_erasures(&log)?;
            logs.push((
                log,
                head.size(),
                head.sealed_at().to_string(),
                line.name().to_string(),
                batched,
                open,
            ));
        }
        let store = directory.store().health()?;
        health = json!({ "backend": store.backend, "durable": store.durable, "logs": store.logs,
                         "receipts": store.receipts, "bytes": store.bytes });
        // One that does not answer keeps nobody from hearing of the rest.
        match directory.cold_health() {
            Ok(None) => {}
            Ok(Some((place, found))) => {
                health["cold"] = json!({ "place": place, "logs": found.logs, "receipts": found.receipts,
                                         "bytes": found.bytes });
            }
            Err(error) => health["cold"] = json!({ "error": error.to_string() }),
        }
    }
    let values = values(&settings);
    if output.json {
        let logs: Vec<_> = logs
            .iter()
            .map(|(log, size, last, origin, batched, open)| {
                json!({ "log": log.as_str(), "receipts": size, "last_sealed_at": last, "origin": origin,
                        "batched": batched, "open_erasures": open })
            })
            .collect();
        let settings: serde_json::Map<_, _> = values
            .into_iter()
            .map(|(name, value)| (name.into(), value))
            .collect();
        output.json(
            &json!({ "version": env!("CARGO_PKG_VERSION"), "format": ai_audit_core::VERSION,
                             "settings": settings, "store": health, "logs": logs }),
        )?;
        return Ok(ExitCode::SUCCESS);
    }
    output.line(format!(
        "ai-audit {}, receipt format {}",
        env!("CARGO_PKG_VERSION"),
        ai_audit_core::VERSION
    ))?;
    output.line(output.paint(Tone::Bold, "settings"))?;
    for (name, value) in values {
        let value = match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        output.line(format!("  {name:<26} {}", safe(&value)))?;
    }
    if let Some(size) = health.get("bytes").and_then(Value::as_u64) {
        output.line(output.paint(Tone::Bold, "store"))?;
        output.line(format!(
            "  {}, {}",
            health["backend"].as_str().unwrap_or_default(),
            bytes(size)
        ))?;
        if let Some(cold) = health.get("cold") {
            let text = |name: &str| safe(cold[name].as_str().unwrap_or_default());
            output.line(match cold["bytes"].as_u64() {
                Some(size) => format!("  what is old: {}, {}", text("place"), bytes(size)),
                None => format!("  what is old: {}", text("error")),
            })?;
        }
        output.line(output.paint(Tone::Bold, "logs"))?;
        for (log, size, last, origin, batched, open) in logs {
            output.line(format!("  {log}: {size} receipts, the last sealed {last}"))?;
            output.line(format!("    {}", safe(&origin)))?;
            if batched {
                output.line("    what comes together is sealed as a batch")?;
            }
            if let Some(first) = open.first() {
                let count = counted(open.len() as u64, "erasure is", "erasures are");
                output.line(format!(
                    "    {count} not completed, the first asked for by receipt {first}"
                ))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The settings in force, under the names of the file.
fn values(settings: &Settings) -> [(&'static str, Value); 29] {
    let Settings {
        store,
        cold,
        signer: _,
        checkpoint_every,
        checkpoint_after,
        epoch_receipts,
        epoch_after,
        retention_days,
        queue_capacity,
        batch_from,
        queue_timeout,
        keyed_digests,
        create_logs,
        high_water_marks,
        kek_folder,
        kek_passphrase_file,
        kek_passphrase: _,
        ask_witnesses,
        production,
    } = settings;
    let path = |path: &Option<PathBuf>| {
        let path = path.as_deref();
        json!(path.map_or("none".into(), Path::to_string_lossy))
    };
    let text = |text: Option<&str>| json!(text.unwrap_or("none"));
    let values = [
        text(store.address.as_ref().map(StoreAddress::as_str)),
        text(store.name.as_deref()),
        path(&store.password_file),
        path(&store.authorities),
        text(store.eraser.as_ref().map(StoreAddress::as_str)),
        json!(store.allow_loss),
        path(&cold.folder),
        text(
            cold.bucket
                .as_ref()
                .map(BucketAddress::to_string)
                .as_deref(),
        ),
        text(cold.region.as_deref()),
        text(cold.endpoint.as_deref()),
        path(&cold.authorities),
        json!(cold.versions_expire),
        json!(cold.days),
        json!(cold.keep),
        json!(checkpoint_every),
        json!(checkpoint_after.as_secs()),
        json!(epoch_receipts),
        json!(epoch_after.as_secs() / (60 * 60)),
        json!(retention_days.map_or("as promised".into(), |days| days.to_string())),
        json!(queue_capacity),
        json!(batch_from),
        json!(queue_timeout.map_or(0, |timeout| timeout.as_millis())),
        json!(if *keyed_digests { "keyed" } else { "plain" }),
        json!(create_logs),
        path(high_water_marks),
        path(kek_folder),
        path(kek_passphrase_file),
        json!(ask_witnesses),
        json!(if *production {
            "production"
        } else {
            "development"
        }),
    ];
    let mut named = values.into_iter();
    SETTING_NAMES.map(|name| (name, named.next().unwrap_or_default()))
}
