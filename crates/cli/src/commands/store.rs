//! `ai-audit store`

use crate::cli::store::{Owner, Store, StoreCommand};
use crate::failure::usage;
use crate::output::{Output, shown_path};
use ai_audit_directory::StoreAddress;
use std::process::ExitCode;

pub(crate) fn run(args: &Store, output: Output) -> anyhow::Result<ExitCode> {
    let owner = match &args.command {
        StoreCommand::Prepare(args) => &args.owner,
        StoreCommand::Compact(args) => &args.owner,
    };
    let address = StoreAddress::parse(&owner.address).map_err(usage)?;
    if !address.is_postgres() {
        return Err(usage(format!(
            "{address}: a Redis is made by `ai-audit init --store`, and gives room back when something is deleted"
        )));
    }
    with_postgres(args, &address, owner, output)?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(not(feature = "postgres"))]
fn with_postgres(_: &Store, address: &StoreAddress, _: &Owner, _: Output) -> anyhow::Result<()> {
    Err(usage(format!(
        "{address}: this program was built without PostgreSQL; build it with `--features postgres`"
    )))
}

#[cfg(feature = "postgres")]
fn with_postgres(
    args: &Store,
    address: &StoreAddress,
    owner: &Owner,
    output: Output,
) -> anyhow::Result<()> {
    use ai_audit_store_postgres::{Options, Rights, compact, grant, migrate};
    use std::time::Duration;
    let mut options = Options {
        password: password(address, owner)?,
        authorities: match &owner.ca {
            None => None,
            Some(path) => Some(
                String::from_utf8(crate::open::read(path)?)
                    .map_err(|_| usage(format!("{}: expected a file in PEM", shown_path(path))))?,
            ),
        },
        schema: owner.name.clone(),
        ..Options::default()
    };
    let address = address.as_str();
    match &args.command {
        StoreCommand::Compact(args) => {
            options.timeout = Duration::from_secs(args.timeout);
            compact(address, &options)?;
            said(output, "compacted", &owner.name, &[])
        }
        StoreCommand::Prepare(args) => {
            migrate(address, &options)?;
            let mut granted = Vec::new();
            for (roles, rights, word) in [
                (&args.writer, Rights::Append, "append"),
                (&args.eraser, Rights::Erase, "erase"),
                (&args.reader, Rights::Read, "read"),
            ] {
                for role in roles {
                    grant(address, &options, role, rights)?;
                    granted.push((role.as_str(), word));
                }
            }
            said(output, "prepared", &owner.name, &granted)
        }
    }
}

#[cfg(feature = "postgres")]
fn said(output: Output, what: &str, schema: &str, granted: &[(&str, &str)]) -> anyhow::Result<()> {
    use crate::output::safe;
    if output.json {
        let granted: Vec<_> = granted
            .iter()
            .map(|(role, may)| serde_json::json!({ "role": role, "may": may }))
            .collect();
        return output.json(&serde_json::json!({ what: schema, "granted": granted }));
    }
    output.line(format!("The tables in schema {schema} are {what}."))?;
    for (role, may) in granted {
        output.line(format!("  role {} may {may}", safe(role)))?;
    }
    Ok(())
}

/// The environment's password, or the file's for this very address.
#[cfg(feature = "postgres")]
fn password(address: &StoreAddress, owner: &Owner) -> anyhow::Result<Option<String>> {
    if let Some(password) = std::env::var("AI_AUDIT_STORE_PASSWORD")
        .ok()
        .filter(|password| !password.is_empty())
    {
        return Ok(Some(password));
    }
    match &owner.password_file {
        Some(file) => Ok(Some(address.password_in(file)?)),
        None => Ok(None),
    }
}
