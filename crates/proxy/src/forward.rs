//! A request from its head to the head of its answer.

use crate::body::{Once, Out, Problem};
use crate::call::{Call, start};
use crate::forms::Form;
use crate::headers::{Told, for_upstream};
use crate::outcome::How;
use crate::shared::Shared;
use crate::tap::Tap;
use ai_audit_listen::{Patience, end_to_end};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode, Version};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

/// Bytes a second that a body must come with, over all.
const BODY_RATE: u64 = 16 << 10;

/// Forwards a request, and what comes back.
pub(crate) async fn forward(shared: Arc<Shared>, request: Request<Incoming>) -> Response<Out> {
    match passed(&shared, request).await {
        Ok(response) => response,
        Err(problem) => problem.response(),
    }
}

async fn passed(
    shared: &Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Out>, Problem> {
    let unavailable = |detail| Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail);
    if shared.closing.load(Ordering::Relaxed) {
        return Err(unavailable("the proxy is closing"));
    }
    if shared.local {
        local_host(request.headers())?;
        no_page(request.headers())?;
    }
    let (mut parts, body) = request.into_parts();
    let bad = |detail: &str| Problem::new(StatusCode::BAD_REQUEST, detail);
    if parts.method == Method::CONNECT {
        let detail = "this proxy stands for one upstream and connects to nothing else";
        return Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail));
    }
    // Only the path counts: where calls go is not for a request to say.
    let path = parts
        .uri
        .path_and_query()
        .filter(|path| path.path().starts_with('/'));
    let address = path.and_then(|path| shared.connections.address(path));
    let address = address.ok_or_else(|| bad("expected the path of a request"))?;
    let form = Form::of(address.path()).filter(|_| parts.method == Method::POST);
    let mut told = Told::read(&parts.headers).map_err(|detail| bad(&detail))?;
    told.client = shared.wishes.client(&parts.headers, &told.session);
    let (body, held) = whole(shared, &parts, body).await?;
    // Now that all of it is there: who sends slowly takes nobody's place.
    let place = Arc::clone(&shared.room)
        .try_acquire_owned()
        .map_err(|_| unavailable("too many calls are under way"))?;
    // In a task of its own: what is in the log must have its outcome, also where the client goes away
    // meanwhile.
    let begun = start(Arc::clone(shared), (place, held), form, told, body.clone());
    let call = tokio::spawn(begun).await.unwrap_or_else(|_| {
        let detail = "the work on this request broke off; this is a mistake of the proxy's";
        Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail))
    })?;
    parts.headers = for_upstream(&parts.headers);
    let host = shared.connections.host().clone();
    parts.headers.insert(header::HOST, host);
    parts.uri = address;
    parts.version = Version::HTTP_11;
    let request = Request::from_parts(parts, Once::new(body));
    answered(shared, call, request).await
}

/// Sends a request and waits for the head of the answer.
async fn answered(
    shared: &Arc<Shared>,
    mut call: Call,
    request: Request<Once>,
) -> Result<Response<Out>, Problem> {
    let mut cut = shared.cut.clone();
    let sent = tokio::time::timeout(shared.options.silence, shared.connections.send(request));
    let sent = tokio::select! {
        sent = sent => sent,
        _ = cut.wait_for(|cut| *cut) => {
            call.end(How::Stopped);
            let detail = "the proxy was stopped before the answer";
            return Err(Problem::new(StatusCode::BAD_GATEWAY, detail));
        }
    };
    let response = match sent {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => {
            let (how, detail) = match error.is_connect() {
                true => (How::Unreachable, "the upstream takes no connection"),
                false => (How::Cut, "the upstream broke off before its answer"),
            };
            call.end(how);
            return Err(Problem::new(StatusCode::BAD_GATEWAY, detail));
        }
        Err(_) => {
            call.end(How::TimedOut);
            let detail = "the upstream said nothing for too long";
            return Err(Problem::new(StatusCode::GATEWAY_TIMEOUT, detail));
        }
    };
    let (mut parts, body) = response.into_parts();
    let text = |name| {
        let value: Option<&HeaderValue> = parts.headers.get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    call.answered(
        parts.status,
        text(header::CONTENT_TYPE),
        text(header::CONTENT_ENCODING),
    );
    parts.headers = end_to_end(&parts.headers);
    parts.version = Version::HTTP_11;
    let tap = Tap::new(body, call, shared);
    Ok(Response::from_parts(parts, Out::Passed(Box::new(tap))))
}

/// The whole body of a request: its digest is in the intent, and no byte of it goes out before that.
async fn whole(
    shared: &Shared,
    parts: &Parts,
    mut body: Incoming,
) -> Result<(Bytes, Option<OwnedSemaphorePermit>), Problem> {
    let too_long = || {
        let detail = format!(
            "expected a body of at most {} bytes",
            shared.options.max_body
        );
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    };
    let said = parts.headers.get(header::CONTENT_LENGTH);
    let said = said.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if said.is_some_and(|said| said > shared.options.max_body) {
        return Err(too_long());
    }
    let patience = Patience {
        wait: shared.options.head_timeout,
        rate: BODY_RATE,
    };
    let begun = Instant::now();
    let (mut bytes, mut held) = (Vec::new(), None::<OwnedSemaphorePermit>);
    loop {
        let until = begun + patience.time_for(bytes.len() as u64);
        let until = until.min(Instant::now() + shared.options.head_timeout);
        let frame = poll_fn(|context| Pin::new(&mut body).poll_frame(context));
        let frame = match tokio::time::timeout_at(until, frame).await {
            Ok(None) => break,
            Ok(Some(Ok(frame))) => frame,
            Ok(Some(Err(_))) => {
                let detail = "the body is not as long as it should be";
                return Err(Problem::new(StatusCode::BAD_REQUEST, detail));
            }
            Err(_) => {
                let detail = "the body took too long to come";
                return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, detail));
            }
        };
        let Ok(piece) = frame.into_data() else {
            continue;
        };
        let len = bytes.len().saturating_add(piece.len());
        if len > shared.options.max_body {
            return Err(too_long());
        }
        let charged = held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let more = len.div_ceil(1024).saturating_sub(charged);
        if more > 0 {
            let more = u32::try_from(more).unwrap_or(u32::MAX);
            let permit = Arc::clone(&shared.held).try_acquire_many_owned(more);
            let permit = permit.map_err(|_| {
                let detail = "too much is being held for other calls";
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
            })?;
            match &mut held {
                Some(held) => held.merge(permit),
                None => held = Some(permit),
            }
        }
        // Copied: a piece keeps the whole buffer that it came in.
        bytes.extend_from_slice(&piece);
    }
    Ok((bytes.into(), held))
}

/// No page in a browser may call it, also not blindly: a page need not be able to read the answer to write
/// into the log. Browsers say where a request comes from; others do not.
fn no_page(headers: &HeaderMap) -> Result<(), Problem> {
    let of_this_machine = |value: &HeaderValue| {
        let origin = value.to_str().unwrap_or_default();
        let host = origin.split_once("://").map(|(_, host)| host);
        host.is_some_and(ai_audit_listen::is_this_machine)
    };
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let mut sites = headers.get_all("sec-fetch-site").iter();
    let expected = |value: &HeaderValue| value == "same-origin" || value == "none";
    match origins.all(of_this_machine) && sites.all(expected) {
        true => Ok(()),
        false => Err(Problem::new(
            StatusCode::FORBIDDEN,
            "this proxy is for this machine alone and no web page may call it",
        )),
    }
}

/// A page in a browser must not reach the proxy under a name of its own that leads here.
fn local_host(headers: &HeaderMap) -> Result<(), Problem> {
    let host = headers.get(header::HOST);
    let host = host.map(|host| host.to_str().unwrap_or_default());
    match host.is_none_or(ai_audit_listen::is_this_machine) {
        true => Ok(()),
        false => Err(Problem::new(
            StatusCode::FORBIDDEN,
            "this proxy is for this machine alone and answers under localhost",
        )),
    }
}
