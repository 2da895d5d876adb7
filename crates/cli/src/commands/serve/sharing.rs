//! `ai-audit serve --shared`: one of several instances, each of which writes to the logs whose lease it holds.

use super::{announce, failed, listen, routing};
use crate::cli::serve::Serve;
use crate::failure::usage;
use crate::open::SOFTWARE;
use crate::output::{Output, safe};
use crate::signals::Asked;
use crate::supervisor;
use ai_audit_directory::{Settings, Writer, open_leases};
use ai_audit_ingest::Keep;
use ai_audit_intake::Intake;
use ai_audit_server::{ServerOptions, Sharing, share};
use ai_audit_store::LeaseRules;
use std::process::ExitCode;
use std::time::Duration;

/// The longest that an answer about leases is waited for, where a part of their length is not shorter.
const WAIT: Duration = Duration::from_secs(5);

pub(super) fn run(
    args: &Serve,
    settings: &Settings,
    options: ServerOptions,
    keep: Keep,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let Some((own, peers)) = routing::peers(args)? else {
        return Err(usage("--shared: expected --advertise and --peer beside it"));
    };
    // Before anybody hears of an address, and whatever the directory is.
    if peers.contains(&own) {
        return Err(usage(format!(
            "--peer: {own} is what this instance advertises itself; give the addresses of the others"
        )));
    }
    let length = Duration::from_secs(args.lease);
    // What the clocks of two machines may differ meanwhile.
    let rules = LeaseRules::new(length, length / 10)?;
    let certificate = routing::certificate(args)?;
    let listener = listen(args)?;
    let observer = options
        .telemetry
        .as_ref()
        .map(|telemetry| telemetry.observer());
    let writer = Writer::open_shared(&args.dir, settings.clone(), SOFTWARE, observer)?;
    // One that gets no answer can be tried again before the lease is over.
    let leases = open_leases(settings, (length / 4).min(WAIT))?;
    let claims = open_leases(settings, (length / 4).min(WAIT))?;
    let sharing = Sharing {
        own,
        peers,
        authorities: args.peer_ca.clone(),
        certificate,
        leases,
        claims,
        rules,
    };
    sharing.hold(options.tls.as_ref()).map_err(failed)?;
    for warning in writer.take_warnings() {
        output.warn(safe(&warning));
    }
    let intake = Intake::new(writer, keep)?;
    // Before anybody hears that it is there, and may tell it to end.
    let asked = Asked::listen()?;
    announce(args, listener.local_addr()?, &options, output)?;
    supervisor::ready();
    let stop = async {
        asked.wait().await;
        supervisor::stopping();
    };
    share(intake, listener, options, sharing, stop).map_err(failed)?;
    output.note("stopped")?;
    Ok(ExitCode::SUCCESS)
}
