//! Standing by: an instance that is not the writer hands requests to the one that is.

mod connect;
mod flow;

pub(crate) use connect::Connections;

use crate::guard::Guard;
use crate::peers::fits;
use crate::place::{Slot, hold};
use crate::routes::{TEXT, answer, health, other_method};
use crate::serve::{acceptor, hold_access};
use crate::troubles::told;
use crate::{Peer, PeerCertificate, Problem, ServeError, ServerOptions, TlsFiles, body};
use ai_audit_listen::{Patience, end_to_end};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::get;
use core::fmt;
use flow::Flow;
use hyper_util::service::TowerToHyperService;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};

/// Says that an instance handed this request on. Whoever stands by himself does not hand it on again, so that no
/// two instances send it to each other for ever.
const FORWARDED: HeaderName = HeaderName::from_static("ai-audit-forwarded");
/// What of a request's head goes to the writer. Nothing else of a caller goes anywhere.
const PASSED: [HeaderName; 6] = [
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    header::CONTENT_ENCODING,
    header::ACCEPT,
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("tracestate"),
];
/// How old what is known of the writer's address may be.
const FRESH: Duration = Duration::from_millis(250);
/// The longest that a look for it is waited for.
const LOOK: Duration = Duration::from_secs(5);
/// The longest that the beginning of an answer that reads is waited for: verdicts and packages take long.
const READS: Duration = Duration::from_secs(600);

/// Looks where the writer says that it is reached; none where there is none.
type Find = dyn Fn() -> Result<Option<String>, String> + Send + Sync;

/// To whom an instance that stands by hands requests.
pub struct Routing {
    /// This instance, as others know it.
    pub own: Peer,
    /// The instances that may be the writer. What the store says is held against them: nothing is sent to an
    /// address that is none of these.
    pub peers: Vec<Peer>,
    /// File with the authorities (PEM) that TLS to them trusts, in place of the system's.
    pub authorities: Option<PathBuf>,
    /// What this instance shows to them. It goes with [`TlsFiles::clients`] here: see [`Routing::hold`].
    pub certificate: Option<PeerCertificate>,
    /// Looks where the writer says that it is reached. The error may name servers: it is for the operator alone.
    pub find: Box<Find>,
}

impl Routing {
    /// Whether it fits how TLS is spoken here, which is to be the same at each instance: where clients are let in with a
    /// certificate alone, so are instances, and each shows one. What a caller showed opens the door that he stands at
    /// and nothing else: nothing of it is handed on. So an instance that has one to show, and asks its own callers for
    /// none, would let in there whoever has none.
    ///
    /// # Errors
    ///
    /// [`ServeError::Peers`] where one of the two is missing, or an address is not encrypted; [`ServeError::Tls`] where
    /// the certificate would not be let in here.
    pub fn hold(&self, tls: Option<&TlsFiles>) -> Result<(), ServeError> {
        let all = self.peers.iter().chain([&self.own]);
        fits(tls, self.certificate.as_ref(), all)
    }
}

impl fmt::Debug for Routing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Routing")
            .field("own", &self.own)
            .field("peers", &self.peers)
            .finish_non_exhaustive()
    }
}

/// Answers on a bound listener until `stop` is there, for an instance that is not the writer: what is below `/v1` goes
/// to the writer as it came, and its answer comes back as it is. Callers are let in here as they are there. Blocks; it
/// starts a runtime of its own.
///
/// # Errors
///
/// See [`ServeError`].
pub fn forward(
    listener: TcpListener,
    options: ServerOptions,
    routing: Routing,
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    hold_access(&options, listener.local_addr()?)?;
    routing.hold(options.tls.as_ref())?;
    let listening = ai_audit_listen::Options {
        max_connections: options.max_connections,
        head_timeout: options.head_timeout,
        patience: Patience {
            wait: options.timeout,
            rate: options.min_rate,
        },
        grace: options.grace,
        tls: acceptor(&options)?,
        ..ai_audit_listen::Options::default()
    };
    let standing = Standing {
        guard: Guard::new(options.access.clone(), options.rate),
        room: Arc::new(Semaphore::new(options.max_requests.max(1))),
        connections: Connections::new(
            routing.authorities.as_deref(),
            &routing.peers,
            routing.certificate.as_ref(),
        )?,
        known: Mutex::default(),
        options,
        routing: Arc::new(routing),
    };
    let troubles = standing.options.troubles.clone();
    let router: Router = Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(ready))
        .route("/openapi.json", get(health::openapi))
        .route("/v1/{*rest}", get(pass).post(pass))
        .fallback(elsewhere)
        .method_not_allowed_fallback(other_method)
        .layer(from_fn(hold))
        .layer(from_fn_with_state(troubles, told))
        .with_state(Arc::new(standing));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_io()
        .enable_time()
        .build()?;
    let router = TowerToHyperService::new(router);
    let served = runtime.block_on(ai_audit_listen::serve(listener, listening, router, stop));
    runtime.shutdown_timeout(Duration::from_secs(1));
    Ok(served?)
}

/// An instance that stands by.
struct Standing {
    guard: Guard,
    room: Arc<Semaphore>,
    options: ServerOptions,
    routing: Arc<Routing>,
    connections: Connections,
    known: Mutex<Known>,
}

/// What is known of the writer.
#[derive(Default)]
struct Known {
    /// Where it is, or why nothing can be sent there, and when that was found.
    found: Option<(Instant, Result<Peer, Problem>)>,
    /// A look that is not over. Who comes next waits for it too: a database that hangs would get one more for each.
    look: Option<JoinHandle<Result<Option<String>, String>>>,
}

impl Standing {
    /// Where the writer is. One look at a time, and what it finds is for all who wait.
    async fn writer(&self) -> Result<Peer, Problem> {
        let mut known = self.known.lock().await;
        if let Some((at, found)) = &known.found
            && at.elapsed() < FRESH
        {
            return found.clone();
        }
        let look = known.look.get_or_insert_with(|| {
            let routing = Arc::clone(&self.routing);
            tokio::task::spawn_blocking(move || (routing.find)())
        });
        let looked = timeout(LOOK, look).await;
        if looked.is_ok() {
            known.look = None;
        }
        let mut found = match looked {
            Ok(Ok(Ok(Some(said)))) => self.held(&said),
            Ok(Ok(Ok(None))) => Err(Problem::later(
                "there is no writer at the moment; an instance takes over",
            )),
            Ok(Ok(Err(what))) => Err(Problem::trouble(
                "where the writer is cannot be asked now",
                format!("looking for the writer: {what}"),
            )),
            Ok(Err(_)) => Err(Problem::trouble(
                "where the writer is cannot be asked now",
                "looking for the writer broke off; this is a mistake of the service's",
            )),
            Err(_) => Err(Problem::trouble(
                "looking for the writer took too long",
                format!("looking for the writer took more than {} s", LOOK.as_secs()),
            )),
        };
        // Once for each look. Whoever asks needs no token to be answered, and would have it told as often as he likes.
        if let Err(problem) = &mut found
            && let Some(whole) = problem.take_whole()
        {
            self.options.troubles.tell(&whole);
        }
        known.found = Some((Instant::now(), found.clone()));
        found
    }

    /// Holds what the store says against the instances that there are.
    fn held(&self, said: &str) -> Result<Peer, Problem> {
        // Whether it is encrypted was held when they were given.
        let peer = Peer::parse(said, true).ok();
        if peer.as_ref() == Some(&self.routing.own) {
            return Err(Problem::later("this instance takes over just now"));
        }
        let known = peer.filter(|peer| self.routing.peers.contains(peer));
        known.ok_or_else(|| {
            Problem::trouble(
                "the store says that the writer is at an address that is none of --peer; nothing is sent there",
                format!("the store says that the writer is at {said}, which is none of --peer"),
            )
        })
    }
}

async fn ready(State(standing): State<Arc<Standing>>) -> Result<Response, Problem> {
    standing.writer().await?;
    Ok(answer(StatusCode::OK, TEXT, "ready, standing by\n"))
}

async fn elsewhere() -> Problem {
    Problem::later(
        "this instance stands by, and hands on what is below /v1; all else is at the instance that writes",
    )
}

/// Hands a request to the writer, and its answer back.
async fn pass(
    State(standing): State<Arc<Standing>>,
    request: Request,
) -> Result<Response, Problem> {
    standing.guard.admit(request.headers())?;
    hold_once(request.headers())?;
    let place = Arc::clone(&standing.room)
        .try_acquire_owned()
        .map_err(|_| Problem::later("too many requests are being worked at once"))?;
    if let Some(slot) = request.extensions().get::<Slot>() {
        slot.fill(&Arc::new(place));
    }
    let now = Instant::now();
    let until = now + standing.options.timeout;
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let (head, body) = request.into_parts();
    let limit = standing.options.max_body;
    let body = body::whole(limit, until, &head.headers, body).await?;
    let peer = standing.writer().await?;
    let until = if reads { until.max(now + READS) } else { until };
    let patience = standing.options.timeout;
    hand_on(
        &standing.connections,
        &peer,
        (&head, body),
        (until, patience),
    )
    .await
}

/// Refuses what was handed on before.
pub(crate) fn hold_once(headers: &HeaderMap) -> Result<(), Problem> {
    match headers.contains_key(&FORWARDED) {
        true => Err(Problem::later(
            "another instance took this one for the writer, which it is not any more, or not yet",
        )),
        false => Ok(()),
    }
}

/// Hands a request to another instance, whose answer has to begin by a time, and gives that back for as long as it moves.
pub(crate) async fn hand_on(
    connections: &Connections,
    peer: &Peer,
    (head, body): (&Parts, Bytes),
    (until, patience): (Instant, Duration),
) -> Result<Response, Problem> {
    let request = request_to(peer, head, body.into())?;
    let sent = match timeout_at(until, connections.send(request)).await {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(error)) if error.is_connect() => Err(
            "the writer takes no connection, and nothing was sent to it; an instance takes over",
        ),
        Ok(Err(_)) => Err(
            "the writer broke off before its answer; what was sent may be recorded: send the same ids again",
        ),
        Err(_) => {
            Err("the writer took too long; what was sent may be recorded: send the same ids again")
        }
    };
    let (mut head, body) = sent.map_err(Problem::later)?.into_parts();
    head.headers = end_to_end(&head.headers);
    head.version = Version::HTTP_11;
    Ok(Response::from_parts(
        head,
        Body::new(Flow::new(body, patience)),
    ))
}

/// The same request for another instance: its method, path and body, and what it needs of the head.
fn request_to(peer: &Peer, head: &Parts, body: Body) -> Result<Request, Problem> {
    let path = head.uri.path_and_query();
    let address = path.and_then(|path| peer.at(path));
    let address = address.ok_or_else(|| Problem::bad("expected the path of a request"))?;
    let mut request = Request::new(body);
    *request.method_mut() = head.method.clone();
    *request.uri_mut() = address;
    let headers = request.headers_mut();
    for name in &PASSED {
        for value in head.headers.get_all(name) {
            headers.append(name.clone(), value.clone());
        }
    }
    let host = HeaderValue::from_str(peer.host())
        .map_err(|_| Problem::later("the writer's host cannot stand in a header"))?;
    headers.insert(header::HOST, host);
    headers.insert(FORWARDED, HeaderValue::from_static("1"));
    Ok(request)
}
