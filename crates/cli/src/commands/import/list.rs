//! `ai-audit import --list`: what was imported into a log.

use crate::output::{Output, counted, safe};
use ai_audit_directory::{ImportInfo, LogDirectory};
use ai_audit_store::LogName;
use std::process::ExitCode;

pub(super) fn run(
    directory: &LogDirectory,
    log: &LogName,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let imports = directory.imports(log)?;
    let deleted = directory.imports_deleted(log)?;
    if output.json {
        output.json(&serde_json::json!({
            "log": log.as_str(),
            "imports": imports,
            "deleted": deleted,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    if imports.is_empty() && deleted == 0 {
        output.line(format!("log {log}: nothing was imported"))?;
        return Ok(ExitCode::SUCCESS);
    }
    if deleted > 0 {
        output.line(super::told_deleted(deleted))?;
    }
    if imports.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = output.table(["receipt", "sealed", "form", "records", "source"]);
    for import in &imports {
        table.add_row([
            import.receipt.to_string(),
            import.sealed_at.to_string(),
            safe(&import.form),
            records(import),
            safe(&import.name),
        ]);
    }
    output.print_table(&table)?;
    let partial = imports.iter().filter(|it| it.present < it.items).count();
    // Where some are deleted it is not known which were cut off.
    if partial > 0 && deleted == 0 {
        let count = counted(partial as u64, "import was", "imports were");
        output.note(format!(
            "{count} cut off: run the same import again and it goes on where it stopped."
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn records(import: &ImportInfo) -> String {
    match import.present == import.items {
        true => import.items.to_string(),
        false => format!("{} of {}", import.present, import.items),
    }
}
