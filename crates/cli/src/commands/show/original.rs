//! `ai-audit show --original`: an imported record, or the source that records came from, as it was.

use crate::cli::Show;
use crate::failure::usage;
use crate::output::{Output, counted, shown_path};
use crate::save::{save, write_whole};
use ai_audit_directory::{LogDirectory, Remade};
use ai_audit_store::LogName;
use anyhow::Context as _;
use serde_json::json;
use std::fs::File;
use std::io::{self, IsTerminal as _, Seek as _};
use std::process::ExitCode;

pub(super) fn run(
    args: &Show,
    directory: &LogDirectory,
    log: &LogName,
    seq: u64,
    output: Output,
) -> anyhow::Result<ExitCode> {
    match directory.original_record(log, seq)? {
        Some(original) => record(args, seq, &original, output)?,
        None => source(args, directory, log, seq, output)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn record(args: &Show, seq: u64, original: &str, output: Output) -> anyhow::Result<()> {
    match &args.output {
        Some(path) => {
            save(path, args.force, &format!("{original}\n"))?;
            if output.json {
                output.json(&json!({ "seq": seq, "file": path }))?;
            }
            Ok(())
        }
        None if output.json => output.json(&json!({ "seq": seq, "original": original })),
        None => output.text(&format!("{original}\n")),
    }
}

fn source(
    args: &Show,
    directory: &LogDirectory,
    log: &LogName,
    seq: u64,
    output: Output,
) -> anyhow::Result<()> {
    let Some(path) = &args.output else {
        return to_stdout(directory, log, seq, output);
    };
    let remade = write_whole(path, args.force, |file| {
        Ok(directory.remake_source(log, seq, file)?)
    })?;
    if output.json {
        return output.json(&json!({
            "seq": seq,
            "file": path,
            "form": remade.form,
            "records": remade.items,
            "of": remade.of,
            "same_bytes": remade.same_bytes,
        }));
    }
    let count = counted(remade.items, "record", "records");
    output.line(format!("{}: {count}, {}", shown_path(path), said(&remade)))?;
    output.note("`ai-audit verify` with the key that you had for it tells whether it holds.")
}

fn to_stdout(
    directory: &LogDirectory,
    log: &LogName,
    seq: u64,
    output: Output,
) -> anyhow::Result<()> {
    if output.json {
        return Err(usage(
            "--json does not go with the original of a source but with -o FILE",
        ));
    }
    let mut file = tempfile::tempfile().context("a temporary file")?;
    let remade = directory.remake_source(log, seq, &mut file)?;
    if remade.form == "package" && io::stdout().is_terminal() {
        return Err(usage("a package is no text: name a file with -o FILE"));
    }
    file.rewind()?;
    copy(&mut file)?;
    output.complain(format!("receipt {seq}: {}", said(&remade)));
    Ok(())
}

fn copy(file: &mut File) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    io::copy(file, &mut out)?;
    Ok(io::Write::flush(&mut out)?)
}

fn said(remade: &Remade) -> String {
    if remade.items < remade.of {
        return format!("part of it: it had {}", remade.of);
    }
    match (remade.same_bytes, remade.form.as_str()) {
        (true, _) => "the very bytes that were imported".into(),
        (false, "package") => "the same files in a new container".into(),
        (false, _) => "the same records; what lay between them was another".into(),
    }
}
