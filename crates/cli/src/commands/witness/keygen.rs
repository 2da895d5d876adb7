//! `ai-audit witness keygen`

use crate::cli::witness::Keygen;
use crate::failure::usage;
use crate::output::{Output, shown_path};
use ai_audit_core::SigningKey;
use ai_audit_directory::{OsRandom, read_key, write_key};
use ai_audit_note::VKey;
use ai_audit_store::Random as _;
use ai_audit_witness::WitnessFolder;
use anyhow::Context as _;
use serde_json::json;
use std::io::Write as _;
use std::process::ExitCode;
use zeroize::Zeroizing;

pub(crate) fn run(args: &Keygen, output: Output) -> anyhow::Result<ExitCode> {
    let (key_file, line_file) = (
        args.folder.join("witness.pem"),
        args.folder.join("witness.pub"),
    );
    for path in [&key_file, &line_file] {
        if path.exists() {
            return Err(usage(format!(
                "{} exists already: a witness's key is not replaced",
                shown_path(path)
            )));
        }
    }
    let key = match &args.key {
        Some(path) => read_key(path, false)?,
        None => {
            let mut seed = Zeroizing::new([0; 32]);
            OsRandom.fill(&mut *seed)?;
            SigningKey::from_bytes(&seed)
        }
    };
    let line = VKey::cosignature(&args.name, key.verifying_key())
        .map_err(|error| usage(format!("--name {}: {error}", args.name)))?;
    WitnessFolder::create(&args.folder)?;
    write_key(&key_file, &key)?;
    std::fs::File::create_new(&line_file)
        .and_then(|mut file| {
            writeln!(file, "{line}")?;
            file.sync_all()
        })
        .with_context(|| shown_path(&line_file))?;
    if output.json {
        output.json(&json!({ "name": args.name, "key_line": line.to_string(),
                             "key": key_file, "key_line_file": line_file }))?;
        return Ok(ExitCode::SUCCESS);
    }
    output.note(format!(
        "Made witness {} in {}. Its key line, to publish:",
        args.name,
        shown_path(&args.folder)
    ))?;
    output.line(line.to_string())?;
    Ok(ExitCode::SUCCESS)
}
