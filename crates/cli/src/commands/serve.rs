//! `ai-audit serve`

mod routing;
mod sharing;

use crate::cli::serve::Serve;
use crate::failure::usage;
use crate::listening::{say_protected, say_reached, tls_files, url};
use crate::open::{SOFTWARE, settings};
use crate::output::{Output, counted, safe, shown_path};
use crate::signals::{Asked, stop};
use crate::supervisor;
use ai_audit_directory::{DirectoryError, Settings, Writer};
use ai_audit_intake::Intake;
use ai_audit_server::{Access, ServeError, ServerOptions, TokenFile, Troubles, serve};
use ai_audit_store::StoreError;
use ai_audit_telemetry::{Telemetry, TelemetryOptions};
use anyhow::Context as _;
use serde_json::json;
use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// How long an append waits for a full queue where no setting says so: after it the client is told to
/// come back.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(5);

pub(crate) fn run(args: &Serve, output: Output) -> anyhow::Result<ExitCode> {
    let keep = super::record::keep(&args.keep, &args.keep_encrypted)?;
    let mut settings: Settings = settings(&args.dir)?;
    settings.queue_timeout.get_or_insert(QUEUE_TIMEOUT);
    let mut options = options(args)?;
    options.stop_reason = "SIGTERM or SIGINT".into();
    options.troubles = Troubles::new(move |line| output.complain(safe(line)));
    // Read once more when it serves: what is wrong with them is said before anybody hears of an address.
    if let Some(files) = &options.tls {
        files.acceptor().map_err(|error| usage(error.to_string()))?;
    }
    options.telemetry = telemetry(args)?;
    if args.shared {
        return sharing::run(args, &settings, options, keep, output);
    }
    let routing = routing::of(args, options.tls.as_ref(), &mut settings)?;
    options.end_when_taken_over = routing.is_some();
    let observer = options
        .telemetry
        .as_ref()
        .map(|telemetry| telemetry.observer());
    let directory = args.dir.clone();
    let open = {
        let settings = settings.clone();
        move || Writer::open_observed(&directory, settings.clone(), SOFTWARE, observer.clone())
    };
    let mut asked = None;
    // Who waits and hands nothing on does not listen: a balancer sends nothing to a port that nobody has.
    let (writer, listener) = match (args.standby, routing) {
        (true, Some(routing)) => {
            let listener = listen(args)?;
            // Before anybody hears that it is there, and may tell it to end.
            let ends = asked.insert(Asked::listen()?).clone();
            announce(args, listener.local_addr()?, &options, output)?;
            let in_turn = move || in_turn(&settings, output, open);
            match routing::until(in_turn, &listener, &options, routing, ends)? {
                Some(writer) => (writer, listener),
                None => {
                    output.note("stopped")?;
                    return Ok(ExitCode::SUCCESS);
                }
            }
        }
        (true, None) => (in_turn(&settings, output, open)?, listen(args)?),
        (false, _) => {
            let listener = listen(args)?;
            (open()?, listener)
        }
    };
    let address = listener.local_addr()?;
    // Not at the first append: whoever starts the service is there to hear of it.
    let logs = writer.directory().logs()?;
    let mut usable = 0_usize;
    for log in &logs {
        // One that cannot be written to keeps nobody from the others.
        match writer.attach(log) {
            Ok(_) => usable += 1,
            Err(error) => {
                output.warn(safe(&format!("log {log} takes nothing: {error}")));
                options.unattached.push(log.clone());
            }
        }
    }
    for warning in writer.take_warnings() {
        output.warn(safe(&warning));
    }
    if args.standby && usable == 0 && !logs.is_empty() {
        // Another instance may be able to: what keeps it out is the place that this one took.
        anyhow::bail!(
            "none of the {} can be written to from here; --standby: the writer's place is given back, and whoever waits for it \
             takes it. See what is said of each log, mend it and start again",
            counted(logs.len() as u64, "log", "logs")
        );
    }
    let intake = Intake::new(writer, keep)?;
    match args.advertise.is_some() {
        true => output.warn(safe(&format!("the writer now, on {address}"))),
        false => announce(args, address, &options, output)?,
    }
    // It reads also where nothing can be written; who waits for it waits for somebody to write to.
    if usable > 0 || logs.is_empty() {
        supervisor::ready();
    }
    let stop = async {
        match asked {
            Some(asked) => asked.wait().await,
            None => stop().await,
        }
        supervisor::stopping();
    };
    serve(intake, listener, options, stop).map_err(failed)?;
    output.note("stopped")?;
    Ok(ExitCode::SUCCESS)
}

/// Why it does not serve, or did not end in order.
fn failed(error: ServeError) -> anyhow::Error {
    match error {
        ServeError::NoTokens(_)
        | ServeError::OpenToAll(_)
        | ServeError::Peers(_)
        | ServeError::Tls(_)
        | ServeError::Tokens(_) => usage(error.to_string()),
        ServeError::Checkpoint(error) => anyhow::Error::new(error).context("the last checkpoint"),
        other => other.into(),
    }
}

fn listen(args: &Serve) -> anyhow::Result<TcpListener> {
    TcpListener::bind(args.listen)
        .map_err(|error| usage(format!("--listen {}: {error}", args.listen)))
}

/// How often a standby looks whether the writer is gone, where the lock itself does not wait.
const LOOK: Duration = Duration::from_millis(250);

/// The writer, as soon as no other one has the directory or its log.
fn in_turn(
    settings: &Settings,
    output: Output,
    open: impl Fn() -> Result<Writer, DirectoryError>,
) -> anyhow::Result<Writer> {
    if let Some(address) = &settings.store.address
        && !address.is_postgres()
    {
        return Err(usage(format!(
            "--standby: {address} has no lock that could be waited for; a PostgreSQL has, and so has a directory of its own"
        )));
    }
    // Each reason once, as long as it stays the reason.
    let mut said = String::new();
    let mut say = |error: &StoreError| {
        let why = error.to_string();
        if why != said {
            output.warn(safe(&format!("standing by: {why}")));
            said = why;
        }
    };
    let mut waits = false;
    loop {
        let pause = match open() {
            Err(DirectoryError::Store(error @ StoreError::Locked { .. })) => {
                say(&error);
                LOOK
            }
            // The servers change places, too: until this one is promoted nobody can write to it.
            Err(DirectoryError::Store(error @ StoreError::Replica { .. })) => {
                say(&error);
                LOOK * 4
            }
            // It ends, or the network does: what could not be asked is asked again.
            Err(DirectoryError::Open(error @ StoreError::Io { .. })) if waits => {
                say(&error);
                LOOK * 8
            }
            other => return Ok(other?),
        };
        waits = true;
        std::thread::sleep(pause);
    }
}

fn options(args: &Serve) -> anyhow::Result<ServerOptions> {
    if args.open && !args.listen.ip().is_loopback() {
        return Err(usage(format!(
            "--open lets everybody in, and {} is no loopback address; make tokens with `ai-audit token create`",
            args.listen
        )));
    }
    let tls = tls_files(&args.tls, args.listen)?;
    let access = match args.open {
        true => Access::Open,
        false => {
            let layout = ai_audit_directory::Layout::new(&args.dir);
            let file = TokenFile::new(layout.tokens());
            let tokens = file.read().map_err(|error| usage(error.to_string()))?;
            if tokens.is_empty() {
                return Err(usage(format!(
                    "{} has no tokens, so nobody could be let in; make one with `ai-audit token create {}`, or give --open for trying out",
                    shown_path(&args.dir),
                    shown_path(&args.dir)
                )));
            }
            Access::Tokens(file)
        }
    };
    let mut options = ServerOptions::new(access);
    options.tls = tls;
    options.max_body = args.max_body as usize;
    options.timeout = Duration::from_secs(args.timeout);
    options.max_requests = args.max_requests as usize;
    options.max_downloads = args.max_downloads as usize;
    options.min_rate = args.min_rate;
    options.threads = args.threads as usize;
    options.rate = args.rate;
    Ok(options)
}

/// What is asked for of metrics and traces; nothing else is made.
fn telemetry(args: &Serve) -> anyhow::Result<Option<Arc<Telemetry>>> {
    let mut options = TelemetryOptions::new(env!("CARGO_PKG_VERSION"));
    options.prometheus = args.metrics;
    options.endpoint = args.otlp_endpoint.clone().filter(|url| !url.is_empty());
    if !options.is_any() {
        return Ok(None);
    }
    let telemetry = Telemetry::start(&options);
    let telemetry = telemetry.map_err(|error| usage(format!("--otlp-endpoint: {error}")))?;
    Ok(Some(Arc::new(telemetry)))
}

fn announce(
    args: &Serve,
    address: SocketAddr,
    options: &ServerOptions,
    output: Output,
) -> anyhow::Result<()> {
    let url = url(options.tls.as_ref(), address);
    let access = match &options.access {
        Access::Open => "open",
        Access::Tokens(_) => "tokens",
    };
    if output.json {
        // On one line, since more may follow on standard output only when the process ends.
        let said = json!({
            "url": url,
            "access": access,
            "tls": options.tls.is_some(),
            "client_certificates": args.tls.client_ca.is_some(),
        });
        return output.line(said.to_string());
    }
    output
        .line(format!("{} listens on {url}", shown_path(&args.dir)))
        .context("nobody reads where it listens")?;
    output.note(format!("  looked at  on {url}/console"))?;
    say_reached(address, output)?;
    output.note(match (&options.access, &args.tls.client_ca) {
        (Access::Open, _) => "  let in     everybody, who may do everything",
        (Access::Tokens(_), None) => "  let in     who has a token (`ai-audit token list`)",
        (Access::Tokens(_), Some(_)) => "  let in     who has a token and a client certificate",
    })?;
    if args.metrics {
        output.note(format!(
            "  metrics    {url}/metrics, for who may read all logs"
        ))?;
    }
    if let Some(endpoint) = args.otlp_endpoint.as_ref().filter(|url| !url.is_empty()) {
        output.note(safe(&format!("  tells      {endpoint} of its own work")))?;
    }
    say_protected(&args.tls, "nothing leaves this machine", output)
}
