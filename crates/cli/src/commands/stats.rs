//! `ai-audit stats`

use crate::cli::Stats;
use crate::open::{directory, log_name};
use crate::output::{Output, Tone, bytes, counted, short};
use crate::progress::Progress;
use ai_audit_core::{
    Decision, DecodeBody as _, Kind, MAX_SEALED_LEN, Next, ReceiptSource as _, UnverifiedReceipt,
};
use ai_audit_store::StoreReader;
use serde::Serialize;
use std::collections::BTreeMap;
use std::process::ExitCode;

/// Counts over one log. They say what was logged, and nothing of what was not.
#[derive(Debug, Default, Serialize)]
struct Counts {
    receipts: u64,
    /// Those whose bytes are deleted; nothing below counts them.
    deleted: u64,
    bytes: u64,
    first_sealed_at: Option<String>,
    last_sealed_at: Option<String>,
    kinds: BTreeMap<String, u64>,
    actions: BTreeMap<String, u64>,
    models: BTreeMap<String, u64>,
    checks_fired: BTreeMap<String, u64>,
    days: BTreeMap<String, u64>,
}

pub(crate) fn run(args: &Stats, output: Output) -> anyhow::Result<ExitCode> {
    let directory = directory(&args.dir)?;
    let log = log_name(&args.log)?;
    let size = directory.head(&log)?.size();
    let progress = Progress::new("counting", "receipts", size, output.quiet);
    let mut counts = Counts::default();
    let mut source = StoreReader::new(directory.store(), &log)?;
    let mut buf = vec![0; MAX_SEALED_LEN];
    while let Some(next) = source.read_next(&mut buf)? {
        match next {
            Next::Sealed(len) => counts.take(&UnverifiedReceipt::parse(&buf[..len])?, len),
            Next::Deleted(_) => {
                counts.receipts += 1;
                counts.deleted += 1;
            }
        }
        progress.set(counts.receipts, size);
    }
    drop(progress);
    if output.json {
        output.json(&counts)?;
    } else {
        counts.print(output)?;
    }
    Ok(ExitCode::SUCCESS)
}

impl Counts {
    fn take(&mut self, receipt: &UnverifiedReceipt<'_>, len: usize) {
        let header = receipt.header();
        self.receipts += 1;
        self.bytes += len as u64;
        let time = header.sealed_at.to_string();
        let add = |counts: &mut BTreeMap<String, u64>, name: &str| {
            *counts.entry(name.into()).or_default() += 1;
        };
        add(&mut self.days, time.get(..10).unwrap_or_default());
        add(&mut self.kinds, &header.kind.to_string());
        self.first_sealed_at.get_or_insert_with(|| time.clone());
        self.last_sealed_at = Some(time);
        if header.kind != Kind::DECISION {
            return;
        }
        if let Ok(decision) = Decision::decode(receipt) {
            add(&mut self.actions, decision.action.name());
            if !decision.model.is_empty() {
                add(&mut self.models, &decision.model);
            }
            for check in decision.checks.iter().filter(|check| check.fired) {
                add(&mut self.checks_fired, &check.name);
            }
        }
    }

    fn print(&self, output: Output) -> anyhow::Result<()> {
        let average = self.bytes / (self.receipts - self.deleted).max(1);
        output.line(format!(
            "{}, {} ({average} bytes each)",
            counted(self.receipts, "receipt", "receipts"),
            bytes(self.bytes)
        ))?;
        if self.deleted > 0 {
            output.line(format!(
                "{} of them are deleted and not counted below",
                self.deleted
            ))?;
        }
        if let (Some(first), Some(last)) = (&self.first_sealed_at, &self.last_sealed_at) {
            output.line(format!("sealed from {first} to {last}"))?;
        }
        for (title, counts) in [
            ("kinds", &self.kinds),
            ("actions", &self.actions),
            ("models", &self.models),
            ("checks that fired", &self.checks_fired),
            ("days", &self.days),
        ] {
            if counts.is_empty() {
                continue;
            }
            output.line(output.paint(Tone::Bold, title))?;
            for (name, count) in counts {
                output.line(format!("  {:<28} {count:>9}", short(name, 28)))?;
            }
        }
        Ok(())
    }
}
