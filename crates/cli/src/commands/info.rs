//! `ai-audit info`

use crate::cli::Info;
use crate::failure::{FAILED, sentence};
use crate::open::{directory, settings};
use crate::output::{Output, Tone, bytes, counted, safe};
use ai_audit_directory::{
    BucketAddress, DirectoryError, LogDirectory, SETTING_NAMES, Settings, StoreAddress,
};
use ai_audit_store::LogName;
use serde_json::{Value, json};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What is said of a log that can be read.
struct Shown {
    log: LogName,
    size: u64,
    last: String,
    origin: String,
    batched: bool,
    open: Vec<u64>,
}

impl Shown {
    fn of(directory: &LogDirectory, log: &LogName) -> Result<Self, DirectoryError> {
        let head = directory.head(log)?;
        Ok(Self {
            log: log.clone(),
            size: head.size(),
            last: head.sealed_at().to_string(),
            origin: directory.key_line(log)?.name().to_string(),
            batched: directory.permits_batches(log)?,
            open: directory.open_erasures(log)?,
        })
    }

    fn print(&self, output: Output) -> anyhow::Result<()> {
        let Self {
            log, size, last, ..
        } = self;
        output.line(format!("  {log}: {size} receipts, the last sealed {last}"))?;
        output.line(format!("    {}", safe(&self.origin)))?;
        if self.batched {
            output.line("    what comes together is sealed as a batch")?;
        }
        if let Some(first) = self.open.first() {
            let count = counted(self.open.len() as u64, "erasure is", "erasures are");
            output.line(format!(
                "    {count} not completed, the first asked for by receipt {first}"
            ))?;
        }
        Ok(())
    }
}

pub(crate) fn run(args: &Info, output: Output) -> anyhow::Result<ExitCode> {
    let mut settings = settings(args.dir.as_deref().unwrap_or(Path::new(".")))?;
    let mut logs = Vec::new();
    let mut problems: Vec<(String, String)> = Vec::new();
    let mut health = Value::Null;
    if let Some(dir) = &args.dir {
        let directory = directory(dir)?;
        // With what a directory decides by itself.
        settings = directory.settings().clone();
        // One that does not answer keeps nobody from hearing of the rest.
        let cold = directory.cold_health();
        let away = cold.as_ref().err().filter(|_| is_missed(&directory));
        for log in directory.logs()? {
            // One that cannot be read hides nothing of the others, nor what else is wrong with it.
            let mut tell = |error: DirectoryError| {
                let told = (log.to_string(), sentence(&error.into()));
                if !problems.contains(&told) {
                    problems.push(told);
                }
            };
            match Shown::of(&directory, &log) {
                Ok(shown) => logs.push(shown),
                Err(error) => tell(error),
            }
            match directory.problems(&log) {
                Ok(found) => found.into_iter().for_each(tell),
                Err(error) => tell(error),
            }
            // Without it no log has what was moved of it, and none erases anything.
            if let Some(error) = away {
                problems.push((log.to_string(), error.to_string()));
            }
        }
        let store = directory.store().health()?;
        health = json!({ "backend": store.backend, "durable": store.durable, "logs": store.logs,
                         "receipts": store.receipts, "bytes": store.bytes });
        match cold {
            Ok(None) => {}
            Ok(Some((place, found))) => {
                health["cold"] = json!({ "place": place, "logs": found.logs, "receipts": found.receipts,
                                         "bytes": found.bytes });
            }
            Err(error) => health["cold"] = json!({ "error": error.to_string() }),
        }
    }
    // What would be refused is no success, as a verification that fails is none.
    let code = match problems.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(FAILED),
    };
    let values = values(&settings);
    if output.json {
        let logs: Vec<_> = logs
            .iter()
            .map(|shown| {
                json!({ "log": shown.log.as_str(), "receipts": shown.size, "last_sealed_at": shown.last,
                        "origin": shown.origin, "batched": shown.batched, "open_erasures": shown.open })
            })
            .collect();
        let settings: serde_json::Map<_, _> = values
            .into_iter()
            .map(|(name, value)| (name.into(), value))
            .collect();
        let problems: Vec<_> = problems
            .iter()
            .map(|(log, what)| json!({ "log": log, "what": what }))
            .collect();
        output.json(
            &json!({ "version": env!("CARGO_PKG_VERSION"), "format": ai_audit_core::VERSION,
                             "settings": settings, "store": health, "logs": logs,
                             "problems": problems }),
        )?;
        return Ok(code);
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
        for shown in logs {
            shown.print(output)?;
        }
        output.line(output.paint(Tone::Bold, "problems"))?;
        if problems.is_empty() {
            output.line("  none that reading tells")?;
        }
        for (log, what) in problems {
            output.line(output.sentence(&format!("  {log}: "), Tone::Bad, &what))?;
        }
    }
    Ok(code)
}

/// Whether a store for what is old that does not answer is a problem: not of whoever may not look into its folder, and of a
/// bucket only where something was moved, since what needs nothing of it does not need its key.
fn is_missed(directory: &LogDirectory) -> bool {
    match &directory.settings().cold.folder {
        Some(folder) => {
            !fs::read_dir(folder).is_err_and(|error| error.kind() == ErrorKind::PermissionDenied)
        }
        None => directory.layout().cold_mark().exists(),
    }
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
