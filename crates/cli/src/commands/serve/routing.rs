//! An instance that stands by and answers meanwhile, by handing requests to the writer.

mod telling;

use super::failed;
use crate::cli::serve::Serve;
use crate::failure::usage;
use crate::signals::Asked;
use crate::supervisor;
use ai_audit_directory::{Settings, Writer, WriterFinder};
use ai_audit_server::{Peer, PeerCertificate, Routing, ServerOptions, TlsFiles, forward};
use anyhow::Context as _;
use std::net::TcpListener;
use std::sync::mpsc;
use std::time::Duration;
use telling::Telling;
use tokio::sync::oneshot;

/// How requests are handed on, where they are; the settings then have what this instance says as the writer.
pub(super) fn of(
    args: &Serve,
    tls: Option<&TlsFiles>,
    settings: &mut Settings,
) -> anyhow::Result<Option<Routing>> {
    let Some((own, peers)) = peers(args)? else {
        return Ok(None);
    };
    let certificate = certificate(args)?;
    let finder =
        WriterFinder::new(settings).map_err(|error| usage(format!("--advertise: {error}")))?;
    settings.store.advertise = Some(own.to_string());
    let routing = Routing {
        own,
        peers,
        authorities: args.peer_ca.clone(),
        certificate,
        find: Box::new(move || finder.find().map_err(|error| error.to_string())),
    };
    // Before anybody hears of an address.
    routing.hold(tls).map_err(failed)?;
    Ok(Some(routing))
}

/// What this instance advertises, and what the others do; none where it stands alone.
pub(super) fn peers(args: &Serve) -> anyhow::Result<Option<(Peer, Vec<Peer>)>> {
    let Some(own) = &args.advertise else {
        return Ok(None);
    };
    let peer = |flag: &str, text: &str| {
        Peer::parse(text, args.tls.plaintext).map_err(|error| usage(format!("{flag}: {error}")))
    };
    let own = peer("--advertise", own)?;
    let peers = args.peer.iter().map(|text| peer("--peer", text));
    let peers = peers.collect::<Result<_, _>>()?;
    Ok(Some((own, peers)))
}

/// What this instance shows to the others.
pub(super) fn certificate(args: &Serve) -> anyhow::Result<Option<PeerCertificate>> {
    match (&args.peer_cert, &args.peer_key) {
        (Some(certificate), Some(key)) => Ok(Some(PeerCertificate {
            certificate: certificate.clone(),
            key: key.clone(),
        })),
        _ if args.tls.client_ca.is_some() => Err(usage(
            "--client-ca with --advertise: instances let one another in by a certificate, too; give this one a certificate of one of those authorities, by --peer-cert and --peer-key",
        )),
        _ => Ok(None),
    }
}

/// What comes of standing by: the writer, or none where it is over without one.
type Outcome = anyhow::Result<Option<Writer>>;

/// Beyond the grace of a service, for its own end.
const MORE: Duration = Duration::from_secs(5);

/// Hands on what comes to the listener until it is this process's turn to write; none where it is asked to end first.
/// Then what it was handing on is finished. So it is at its turn, too, beside the service on the same port.
pub(super) fn until(
    in_turn: impl FnOnce() -> anyhow::Result<Writer> + Send + 'static,
    listener: &TcpListener,
    options: &ServerOptions,
    routing: Routing,
    asked: Asked,
) -> Outcome {
    let (listener, options) = (listener.try_clone()?, options.clone());
    let grace = options.grace;
    let ends = asked.clone();
    let (over, told) = oneshot::channel::<()>();
    let (to, outcomes) = mpsc::channel();
    let (stood, turn) = (Telling::of(&to), Telling::of(&to));
    let standing = std::thread::Builder::new().name("standing by".into());
    standing.spawn(move || {
        let stop = async {
            tokio::select! {
                _ = told => {}
                () = ends.wait() => supervisor::stopping(),
            }
        };
        let served = forward(listener, options, routing, stop);
        stood.says(served.map(|()| None).map_err(failed));
    })?;
    let waiting = std::thread::Builder::new().name("in turn".into());
    waiting.spawn(move || turn.says(in_turn().map(Some)))?;
    supervisor::ready();
    let first = outcomes.recv().context("nothing waits for its turn")?;
    // Where it is over already, nobody hears it.
    let _ = over.send(());
    match first? {
        // The next one need not wait for what is finished here.
        Some(writer) if asked.is_so() => {
            drop(writer);
            let stood = outcomes.recv_timeout(grace + MORE);
            stood.unwrap_or(Ok(None))
        }
        first => Ok(first),
    }
}
