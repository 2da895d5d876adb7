//! `ai-audit store`

use crate::cli::store::{Owner, Store, StoreCommand};
use crate::failure::usage;
use crate::output::Output;
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
    use ai_audit_directory::DirectoryError;
    use ai_audit_store_postgres::{Rights, compact, grant, log_in, migrate};
    use std::time::Duration;
    let mut options = options(address, owner)?;
    let schema = options.schema.clone();
    let given = options.password.is_some();
    let address = address.as_str();
    // Apart from what is done then: who does not get in has changed nothing, and named something that is not so.
    log_in(address, &options).map_err(|error| refused(&error, given))?;
    // With the exit codes of all that opens a store.
    let failed = DirectoryError::Store;
    match &args.command {
        StoreCommand::Compact(args) => {
            options.timeout = Duration::from_secs(args.timeout);
            compact(address, &options).map_err(failed)?;
            said(output, "compacted", &schema, &[])
        }
        StoreCommand::Prepare(args) => {
            migrate(address, &options).map_err(failed)?;
            let mut granted = Vec::new();
            for (roles, rights, word) in [
                (&args.writer, Rights::Append, "append"),
                (&args.eraser, Rights::Erase, "erase"),
                (&args.reader, Rights::Read, "read"),
            ] {
                for role in roles {
                    grant(address, &options, role, rights).map_err(failed)?;
                    granted.push((role.as_str(), word));
                }
            }
            said(output, "prepared", &schema, &granted)
        }
    }
}

/// How to connect: what the flags say, and for the rest the settings of a directory's store.
#[cfg(feature = "postgres")]
fn options(
    address: &StoreAddress,
    owner: &Owner,
) -> anyhow::Result<ai_audit_store_postgres::Options> {
    use crate::output::shown_path;
    use ai_audit_directory::DirectoryError;
    let mut settings = crate::open::settings(std::path::Path::new("."))?;
    let store = &mut settings.store;
    store.name = owner.name.clone().or(store.name.take());
    let file = owner.password_file.clone();
    store.password_file = file.or(store.password_file.take());
    store.authorities = owner.ca.clone().or(store.authorities.take());
    let password = match address.password(&settings) {
        // The file that a directory goes by has the writer's line; the owner may need none.
        Err(DirectoryError::NoLine { .. }) if owner.password_file.is_none() => None,
        Err(error @ (DirectoryError::Key { .. } | DirectoryError::NoLine { .. })) => {
            return Err(usage(error.to_string()));
        }
        other => other?,
    };
    let mut options = ai_audit_store_postgres::Options {
        password,
        ..ai_audit_store_postgres::Options::default()
    };
    if let Some(path) = &settings.store.authorities {
        let text = String::from_utf8(crate::open::read(path)?);
        let text =
            text.map_err(|_| usage(format!("{}: expected a file in PEM", shown_path(path))))?;
        options.authorities = Some(text);
    }
    if let Some(name) = settings.store.name {
        options.schema = name;
    }
    Ok(options)
}

/// Why there is no connection, and where a password is given if it was for want of one.
#[cfg(feature = "postgres")]
fn refused(error: &ai_audit_store::StoreError, given: bool) -> anyhow::Error {
    let mut what = error.to_string();
    if !given && what.contains("password") {
        what += "; give it in a file (--password-file, or the setting store-password-file) or in AI_AUDIT_STORE_PASSWORD";
    }
    usage(what)
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
