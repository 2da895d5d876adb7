//! `ai-audit proxy`

use crate::cli::proxy::{Fail, Proxy};
use crate::failure::usage;
use crate::listening::{say_protected, say_reached, tls_files, url};
use crate::open::{SOFTWARE, log_name, settings};
use crate::output::{Output, safe, shown_path};
use crate::signals::stop;
use ai_audit_directory::{Settings, Writer};
use ai_audit_intake::Intake;
use ai_audit_proxy::{
    Counts, FailMode, ProxyError, ProxyOptions, Troubles, Upstream, check, serve,
};
use anyhow::Context as _;
use serde_json::json;
use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use std::time::Duration;

/// How long a call waits for a full queue where no setting says so.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(5);

pub(crate) fn run(args: &Proxy, output: Output) -> anyhow::Result<ExitCode> {
    let keep = super::record::keep(&args.keep, &args.keep_encrypted)?;
    let mut settings: Settings = settings(&args.dir)?;
    settings.queue_timeout.get_or_insert(QUEUE_TIMEOUT);
    // What was written there may hold a secret: it is not repeated.
    let upstream =
        Upstream::parse(&args.upstream).map_err(|error| usage(format!("--upstream: {error}")))?;
    let upstream = match &args.upstream_ca {
        Some(pem) => upstream.authorities(pem.clone()),
        None => upstream,
    };
    let mut options = options(args)?;
    options.troubles = Troubles::new(move |line| output.complain(safe(line)));
    // Before a log is opened, and before anybody hears that it listens.
    check(&upstream, &options).map_err(failure)?;
    let listener = TcpListener::bind(args.listen)
        .map_err(|error| usage(format!("--listen {}: {error}", args.listen)))?;
    let address = listener.local_addr()?;
    let writer = Writer::open(&args.dir, settings, SOFTWARE)?;
    // Not at the first call: whoever starts the proxy is there to hear of it.
    writer.attach(&options.log)?;
    for warning in writer.take_warnings() {
        output.warn(safe(&warning));
    }
    let intake = Intake::new(writer, keep)?;
    announce(args, address, &upstream, &options, output)?;
    let counts = serve(intake, listener, upstream, options, stop()).map_err(failure)?;
    told(&counts, output)?;
    Ok(ExitCode::SUCCESS)
}

fn failure(error: ProxyError) -> anyhow::Error {
    match error {
        ProxyError::Upstream(_) | ProxyError::Authorities { .. } | ProxyError::Tls(_) => {
            usage(error.to_string())
        }
        ProxyError::Checkpoint(error) => anyhow::Error::new(error).context("the last checkpoint"),
        other => other.into(),
    }
}

fn options(args: &Proxy) -> anyhow::Result<ProxyOptions> {
    let tls = tls_files(&args.tls, args.listen)?;
    let mut options = ProxyOptions::new(log_name(&args.log)?);
    options.fail = match args.fail {
        Fail::Closed => FailMode::Closed,
        Fail::Open => FailMode::Open,
    };
    options.provider.clone_from(&args.provider);
    options.silence = Duration::from_secs(args.timeout);
    options.max_calls = args.max_calls as usize;
    options.max_body = args.max_body as usize;
    // One that is allowed must have room.
    options.max_held = options.max_held.max(options.max_body);
    options.stop_reason = "SIGTERM or SIGINT".into();
    options.tls = tls;
    Ok(options)
}

fn announce(
    args: &Proxy,
    address: SocketAddr,
    upstream: &Upstream,
    options: &ProxyOptions,
    output: Output,
) -> anyhow::Result<()> {
    let url = url(options.tls.as_ref(), address);
    if output.json {
        // On one line, since more may follow on standard output only when the process ends.
        let said = json!({
            "url": url,
            "upstream": upstream.to_string(),
            "log": options.log.to_string(),
            "fail": if options.fail == FailMode::Open { "open" } else { "closed" },
            "tls": options.tls.is_some(),
        });
        return output.json_line(&said);
    }
    let shown = upstream.to_string();
    output
        .line(format!("{url} stands for {}", safe(&shown)))
        .context("nobody reads where it listens")?;
    output.note(format!(
        "  recorded   in log {} of {}, before it goes out",
        options.log,
        shown_path(&args.dir)
    ))?;
    output.note(match options.fail {
        FailMode::Closed => "  log fails  nothing goes out",
        FailMode::Open => "  log fails  calls go out, and the log declares what is missing",
    })?;
    say_reached(address, output)?;
    let leaving = "nothing leaves this machine but to the upstream";
    say_protected(&args.tls, leaving, output)?;
    if !upstream.is_encrypted() {
        output.note("  upstream   without TLS: who is on the way reads everything, keys too")?;
    }
    output.note("  stop       SIGTERM or Ctrl-C: calls under way are finished and sealed")
}

fn told(counts: &Counts, output: Output) -> anyhow::Result<()> {
    if output.json {
        let said = json!({
            "forwarded": counts.forwarded,
            "refused": counts.refused,
            "unrecorded": counts.unrecorded,
            "open": counts.open,
            "unread": counts.unread,
            "left_out": counts.left_out,
        });
        return output.json_line(&said);
    }
    output.note(format!(
        "stopped; {} calls were forwarded",
        counts.forwarded
    ))?;
    for (count, what) in [
        (counts.refused, "were refused: the log took nothing"),
        (counts.unrecorded, "went out without a durable intent"),
        (
            counts.open,
            "have no outcome in the log: `ai-audit verify` lists their intents",
        ),
        (
            counts.unread,
            "bodies could not be read: their digests are in the log",
        ),
        (
            counts.left_out,
            "decisions or tool calls are not in the log as they were",
        ),
    ] {
        if count > 0 {
            output.note(format!("  {count} {what}"))?;
        }
    }
    Ok(())
}
