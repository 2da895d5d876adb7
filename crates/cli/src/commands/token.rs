//! `ai-audit token`

use crate::cli::serve::{CreateToken, ListTokens, RevokeToken, Scope, Token as Args, TokenCommand};
use crate::failure::{code, sentence, usage, with_code};
use crate::open::{directory, log_name, time};
use crate::output::{Output, safe};
use ai_audit_core::Timestamp;
use ai_audit_server::{Token, TokenEntry, TokenFile};
use ai_audit_store::{Clock as _, LogName, SystemClock};
use serde_json::{Value, json};
use std::path::Path;
use std::process::ExitCode;

pub(crate) fn run(args: &Args, output: Output) -> anyhow::Result<ExitCode> {
    match &args.command {
        TokenCommand::Create(args) => create(args, output),
        TokenCommand::List(args) => list(args, output),
        TokenCommand::Revoke(args) => revoke(args, output),
    }?;
    Ok(ExitCode::SUCCESS)
}

/// The tokens' file of a directory, which must be one.
fn file(dir: &Path) -> anyhow::Result<TokenFile> {
    Ok(TokenFile::new(directory(dir)?.layout().tokens()))
}

fn create(args: &CreateToken, output: Output) -> anyhow::Result<()> {
    let directory = directory(&args.dir)?;
    let mut logs: Vec<LogName> = Vec::new();
    for name in &args.log {
        let log = log_name(name)?;
        directory.head(&log)?;
        if !logs.contains(&log) {
            logs.push(log);
        }
    }
    let mut scopes: Vec<_> = args.scope.iter().map(|scope| to_scope(*scope)).collect();
    scopes.sort_unstable();
    scopes.dedup();
    if scopes.contains(&ai_audit_server::Scope::Admin) && !logs.is_empty() {
        return Err(usage(
            "--scope admin is for all logs: give it without --log, or --scope append,read",
        ));
    }
    let now = SystemClock.now();
    let token = Token::new()?;
    let mut entry = token.entry(&scopes, &logs, now);
    let expires = args.expires.as_deref().map(|when| expiry(when, now));
    entry.expires = expires.transpose()?;
    entry.note.clone_from(&args.note);
    let shown = json(&entry);
    let file = TokenFile::new(directory.layout().tokens());
    file.add(entry.clone())?;
    show(&token, &entry, shown, output).map_err(|error| {
        // Nobody has it, and it would count for ever.
        let id = &entry.id;
        let (error, code) = (sentence(&error), code(&error));
        let text = match file.revoke(id) {
            Ok(_) => format!("{error}; the new token {id} could not be shown and is revoked again"),
            Err(failed) => format!(
                "{error}; the new token {id} could not be shown, and {failed}: revoke it with `ai-audit token revoke`"
            ),
        };
        with_code(text, code)
    })
}

/// The only time that anybody sees a token.
fn show(token: &Token, entry: &TokenEntry, mut shown: Value, output: Output) -> anyhow::Result<()> {
    if let Some(fields) = shown.as_object_mut() {
        fields.insert("token".into(), token.expose().into());
    }
    output.once(&shown, token.expose())?;
    output.note(format!(
        "This is token {}, which may {}. It is not shown again.",
        entry.id,
        may(entry)
    ))
}

fn list(args: &ListTokens, output: Output) -> anyhow::Result<()> {
    let entries = file(&args.dir)?.read()?;
    if output.json {
        let all: Vec<Value> = entries.iter().map(json).collect();
        return output.json(&all);
    }
    let now = SystemClock.now();
    let mut table = output.table(["ID", "MAY", "EXPIRES", "NOTE"]);
    for entry in &entries {
        let expires = match entry.expires {
            None => "never".into(),
            Some(time) if entry.has_expired(now) => format!("{} (has)", seconds(time)),
            Some(time) => seconds(time),
        };
        table.add_row([entry.id.clone(), may(entry), expires, safe(&entry.note)]);
    }
    output.print_table(&table)
}

fn revoke(args: &RevokeToken, output: Output) -> anyhow::Result<()> {
    let revoked = file(&args.dir)?
        .revoke(&args.id)
        .map_err(|error| usage(error.to_string()))?;
    if output.json {
        return output.json(&json(&revoked));
    }
    output.line(format!("Revoked token {}.", revoked.id))
}

/// In how many days or hours, or when.
fn expiry(when: &str, now: Timestamp) -> anyhow::Result<Timestamp> {
    const HOUR: u64 = 3_600_000_000;
    let unit = match when.chars().last() {
        Some('d') => 24 * HOUR,
        Some('h') => HOUR,
        _ => return future(when, time(when)?, now),
    };
    let count: u64 = when
        .get(..when.len() - 1)
        .and_then(|count| count.parse().ok())
        .filter(|count| *count > 0)
        .ok_or_else(|| {
            usage(format!(
                "--expires {when}: expected such as 90d, 12h or a time"
            ))
        })?;
    let micros = now.as_micros().saturating_add(count.saturating_mul(unit));
    // Later ones are written and not read back.
    let last = u64::try_from(jiff::Timestamp::MAX.as_microsecond()).unwrap_or(u64::MAX);
    match micros <= last {
        true => Ok(Timestamp::from_micros(micros)),
        false => Err(usage(format!(
            "--expires {when}: expected a time before the year 10000; leave it out for a token that does not expire"
        ))),
    }
}

fn future(when: &str, time: Timestamp, now: Timestamp) -> anyhow::Result<Timestamp> {
    match time > now {
        true => Ok(time),
        false => Err(usage(format!("--expires {when}: it is past already"))),
    }
}

const fn to_scope(scope: Scope) -> ai_audit_server::Scope {
    match scope {
        Scope::Append => ai_audit_server::Scope::Append,
        Scope::Read => ai_audit_server::Scope::Read,
        Scope::Admin => ai_audit_server::Scope::Admin,
    }
}

/// What a token's owner may do, for people.
fn may(entry: &TokenEntry) -> String {
    let scopes: Vec<&str> = entry.scopes.iter().map(|scope| scope.name()).collect();
    let logs: Vec<&str> = entry.logs.iter().map(LogName::as_str).collect();
    let logs = match logs.is_empty() {
        true => "all logs".into(),
        false => logs.join(", "),
    };
    format!("{} in {logs}", scopes.join(", "))
}

fn seconds(time: Timestamp) -> String {
    let text: String = time.to_string().chars().take(19).collect();
    format!("{text}Z")
}

fn json(entry: &TokenEntry) -> Value {
    let logs: Vec<&str> = entry.logs.iter().map(LogName::as_str).collect();
    json!({
        "id": entry.id,
        "scopes": entry.scopes,
        "logs": logs,
        "created": entry.created,
        "expires": entry.expires,
        "note": entry.note,
    })
}
