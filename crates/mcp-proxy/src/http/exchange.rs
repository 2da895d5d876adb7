//! One request of a client's, and its answer.

use super::headers::{
    MCP_SESSION, SESSION, TRACE, agree, end_to_end, for_upstream, is_foreign, is_plain_json,
    is_stateless, is_uncoded, one,
};
use super::stream::{Stream, pass};
use super::{Out, Shared};
use crate::message::{INTERNAL_ERROR, Id, MAX_MESSAGE, Message};
use crate::session::{Ending, FromClient, Session, error_text};
use ai_audit_intake::CallHeader;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::http::response::Parts;
use hyper::{Method, Request, Response, StatusCode};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::timeout;

/// How long a request's body may take.
const BODY_TIME: Duration = Duration::from_secs(30);
/// How long the rest of one that is too long is read for nothing, and no more of it than a body may have.
const REST_TIME: Duration = Duration::from_secs(5);
/// MCP 2026-07-28: the head is not what the body says.
const HEADER_MISMATCH: i32 = -32020;

/// The answer to a request.
pub(super) async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Response<Out> {
    if shared.local && is_foreign(request.headers()) {
        return plain(
            StatusCode::FORBIDDEN,
            "only names of this machine are served\n",
        );
    }
    if request.uri().path() != "/mcp" {
        return plain(StatusCode::NOT_FOUND, "the endpoint is /mcp\n");
    }
    let (parts, body) = request.into_parts();
    match parts.method {
        Method::POST => posted(&shared, &parts.headers, body).await,
        Method::GET | Method::DELETE => {
            let asked = (parts.method, parts.headers);
            let known = one(&asked.1, MCP_SESSION).ok().flatten().map(str::to_owned);
            let session = known.as_deref().and_then(|id| shared.known(id));
            let ended = asked.0 == Method::DELETE;
            let answer = listened(&shared, asked, session).await;
            if ended
                && answer.status().is_success()
                && let Some(session) = known.and_then(|id| shared.forget(&id))
            {
                let _ = session.end(Ending::Gone("session ended")).await;
            }
            answer
        }
        _ => plain(
            StatusCode::METHOD_NOT_ALLOWED,
            "expected POST, GET or DELETE\n",
        ),
    }
}

/// The answer where one could not be made.
pub(super) fn broken() -> Response<Out> {
    plain(StatusCode::INTERNAL_SERVER_ERROR, "the proxy failed\n")
}

fn plain(status: StatusCode, text: &'static str) -> Response<Out> {
    with(status, "text/plain", Bytes::from_static(text.as_bytes()))
}

fn json(status: StatusCode, text: String) -> Response<Out> {
    with(status, "application/json", text.into())
}

fn with(status: StatusCode, kind: &'static str, body: Bytes) -> Response<Out> {
    let mut response = Response::new(Out::Whole(Some(body)));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static(kind);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

async fn drop_rest(body: &mut Incoming) {
    let mut left = MAX_MESSAGE;
    while let Some(Ok(frame)) = body.frame().await {
        let read = frame.data_ref().map_or(0, Bytes::len);
        match left.checked_sub(read) {
            Some(less) => left = less,
            None => return,
        }
    }
}

/// A message.
async fn posted(shared: &Arc<Shared>, headers: &HeaderMap, mut body: Incoming) -> Response<Out> {
    // A body that does not tell its length may be the longest there is.
    let length = body.size_hint().exact().unwrap_or(u64::MAX);
    let kib = length.min(MAX_MESSAGE as u64).div_ceil(1024);
    let kib = u32::try_from(kib).unwrap_or(u32::MAX);
    let room = (
        Arc::clone(&shared.calls).try_acquire_owned(),
        Arc::clone(&shared.held).try_acquire_many_owned(kib),
    );
    let (Ok(call), Ok(_held)) = room else {
        return plain(
            StatusCode::SERVICE_UNAVAILABLE,
            "too many requests are open; expected answers to some of them first\n",
        );
    };
    if !is_plain_json(headers) {
        return plain(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "expected application/json in UTF-8, not compressed\n",
        );
    }
    let whole = Limited::new(&mut body, MAX_MESSAGE).collect();
    let Ok(whole) = timeout(BODY_TIME, whole).await else {
        return plain(
            StatusCode::REQUEST_TIMEOUT,
            "the body did not come in time\n",
        );
    };
    let Ok(whole) = whole else {
        // Who still sends would find the connection broken, and not hear why.
        let _ = timeout(REST_TIME, drop_rest(&mut body)).await;
        return plain(
            StatusCode::PAYLOAD_TOO_LARGE,
            "the body is cut off, or longer than 8 MiB\n",
        );
    };
    let body = whole.to_bytes();
    let told = (
        one(headers, MCP_SESSION),
        one(headers, SESSION),
        one(headers, TRACE),
    );
    let (Ok(of), Ok(session), Ok(trace)) = told else {
        return plain(StatusCode::BAD_REQUEST, "a header is there twice\n");
    };
    let known = of.and_then(|id| shared.known(id));
    let session = known.unwrap_or_else(|| {
        shared.new_session(CallHeader {
            session_id: session.unwrap_or(&shared.own_session).to_owned(),
            trace_id: trace.unwrap_or_default().to_owned(),
            ..CallHeader::default()
        })
    });
    let message = match Message::of_client(&body) {
        Ok(message) => message,
        Err(error) => {
            return match session.malformed(&error) {
                FromClient::Answer(text) => json(StatusCode::BAD_REQUEST, text),
                _ => plain(StatusCode::BAD_REQUEST, "the answer cannot be read\n"),
            };
        }
    };
    if let Err(what) = agree(headers, &message) {
        let id = match &message {
            Message::Request { id, .. } => Some(id),
            _ => None,
        };
        let text = error_text(id, HEADER_MISMATCH, &what);
        return json(StatusCode::BAD_REQUEST, text);
    }
    match session.client_said(message).await {
        FromClient::Answer(text) => json(StatusCode::OK, text),
        FromClient::Drop => plain(StatusCode::BAD_REQUEST, "nothing asked for that answer\n"),
        FromClient::Forward => {
            let sent = shared
                .upstream
                .send(Method::POST, for_upstream(headers), body);
            match timeout(shared.gate.options.timeout, sent).await {
                Ok(Ok(answer)) => told_back(shared, answer).await,
                _ => plain(StatusCode::BAD_GATEWAY, "the server was not reached\n"),
            }
        }
        FromClient::Ask(id) => asked(shared, (headers, body), session, id, call).await,
    }
}

/// A request that the server is to answer.
async fn asked(
    shared: &Arc<Shared>,
    (headers, body): (&HeaderMap, Bytes),
    session: Arc<Session>,
    id: Id,
    room: OwnedSemaphorePermit,
) -> Response<Out> {
    let sent = shared
        .upstream
        .send(Method::POST, for_upstream(headers), body);
    let answer = match timeout(shared.gate.options.timeout, sent).await {
        Err(_) => return gave_up(&session, &id, Ending::Silent).await,
        Ok(Err(error)) => {
            let why = match error.is_connect() {
                true => "server not reached",
                false => "cut off after 0 bytes",
            };
            return gave_up(&session, &id, Ending::Gone(why)).await;
        }
        Ok(Ok(answer)) => answer,
    };
    let status = answer.status();
    if status.is_redirection() || !is_uncoded(answer.headers()) {
        // Who followed it would go past us; what is compressed cannot be read on the way.
        let why = format!("HTTP {} that is not passed on", status.as_u16());
        return gave_up(&session, &id, Ending::Gone(&why)).await;
    }
    if status.is_success()
        && let Some(value) = answer.headers().get(MCP_SESSION)
        && let Ok(name) = value.to_str()
        && let Some(oldest) = shared.remember(name)
    {
        let _ = oldest.end(Ending::Gone("session given up")).await;
    }
    if status == StatusCode::OK && is_events(answer.headers()) {
        let resumable = session_of(shared, headers).is_some();
        let stateless = is_stateless(headers);
        let stream = Stream::of(id, resumable, stateless);
        return streamed(answer, session, stream, Some(room));
    }
    let (parts, body) = answer.into_parts();
    let limit = shared.gate.options.timeout;
    let whole = timeout(limit, Limited::new(body, MAX_MESSAGE).collect()).await;
    let body = match whole {
        Err(_) => return gave_up(&session, &id, Ending::Silent).await,
        Ok(Err(_)) => {
            return gave_up(&session, &id, Ending::Gone("cut off, or longer than 8 MiB")).await;
        }
        Ok(Ok(body)) => body.to_bytes(),
    };
    let passes = !body.is_empty() && session.server_says(&body).await;
    if session.is_open(&id) {
        let why = format!("HTTP {}", status.as_u16());
        if status.is_success() {
            return gave_up(&session, &id, Ending::Gone(&why)).await;
        }
        let text = session.give_up(&id, Ending::Gone(&why)).await;
        return instead(&parts, &id, text);
    } else if !passes {
        if !status.is_success() {
            return instead(&parts, &id, None);
        }
        return plain(
            StatusCode::BAD_GATEWAY,
            "the server's answer came too late\n",
        );
    }
    let mut response = Response::new(Out::Whole(Some(body)));
    *response.status_mut() = parts.status;
    *response.headers_mut() = end_to_end(&parts.headers);
    response
}

/// A refusal of the server's with its status and headers, and the proxy's own text: the server's is no
/// message, or one that is refused.
fn instead(parts: &Parts, id: &Id, text: Option<String>) -> Response<Out> {
    let text = text.unwrap_or_else(|| {
        let what = format!("HTTP {}", parts.status.as_u16());
        error_text(Some(id), INTERNAL_ERROR, &what)
    });
    let mut response = json(parts.status, text);
    let own = response.headers().clone();
    *response.headers_mut() = end_to_end(&parts.headers);
    response.headers_mut().extend(own);
    response
}

fn session_of(shared: &Shared, headers: &HeaderMap) -> Option<Arc<Session>> {
    let id = one(headers, MCP_SESSION).ok().flatten()?;
    shared.known(id)
}

fn is_events(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    kind.and_then(|value| value.to_str().ok())
        .and_then(|kind| kind.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/event-stream"))
}

/// Ends a request without an answer of the server's.
async fn gave_up(session: &Session, id: &Id, ending: Ending<'_>) -> Response<Out> {
    let status = match ending {
        Ending::Silent => StatusCode::GATEWAY_TIMEOUT,
        Ending::Gone(_) => StatusCode::BAD_GATEWAY,
    };
    let text = session.give_up(id, ending).await;
    let text = text.unwrap_or_else(|| error_text(Some(id), INTERNAL_ERROR, "given up"));
    json(status, text)
}

fn streamed(
    answer: Response<Incoming>,
    session: Arc<Session>,
    stream: Stream,
    room: Option<OwnedSemaphorePermit>,
) -> Response<Out> {
    let (parts, body) = answer.into_parts();
    let (send, receive) = mpsc::channel(16);
    tokio::spawn(async move {
        let _room = room;
        pass(body, session, stream, send).await;
    });
    let mut response = Response::new(Out::Pieces(receive));
    *response.status_mut() = parts.status;
    *response.headers_mut() = end_to_end(&parts.headers);
    response
}

/// A stream of what the server says by itself, or the end of a session.
async fn listened(
    shared: &Arc<Shared>,
    (method, headers): (Method, HeaderMap),
    session: Option<Arc<Session>>,
) -> Response<Out> {
    let sent = shared
        .upstream
        .send(method, for_upstream(&headers), Bytes::new());
    let Ok(Ok(answer)) = timeout(shared.gate.options.timeout, sent).await else {
        return plain(StatusCode::BAD_GATEWAY, "the server was not reached\n");
    };
    let ok = answer.status() == StatusCode::OK;
    if ok && is_events(answer.headers()) && is_uncoded(answer.headers()) {
        let session = session.unwrap_or_else(|| shared.new_session(CallHeader::default()));
        return streamed(answer, session, Stream::listening(), None);
    }
    told_back(shared, answer).await
}

/// What a server says to something that is no request. It is no message.
async fn told_back(shared: &Shared, answer: Response<Incoming>) -> Response<Out> {
    let (parts, body) = answer.into_parts();
    if parts.status.is_redirection() {
        return plain(
            StatusCode::BAD_GATEWAY,
            "the server's redirection is not followed\n",
        );
    }
    let limit = shared.gate.options.timeout;
    let whole = timeout(limit, Limited::new(body, MAX_MESSAGE).collect()).await;
    let Ok(Ok(body)) = whole else {
        return plain(StatusCode::BAD_GATEWAY, "the server's answer is cut off\n");
    };
    if parts.status.is_success() && !body.to_bytes().is_empty() {
        return plain(
            StatusCode::BAD_GATEWAY,
            "the server answered what was no request\n",
        );
    }
    let mut response = Response::new(Out::Whole(None));
    *response.status_mut() = parts.status;
    *response.headers_mut() = end_to_end(&parts.headers);
    response.headers_mut().remove(header::CONTENT_TYPE);
    response
}
