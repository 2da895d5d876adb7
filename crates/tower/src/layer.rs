//! The layer, and the service that it makes.

use crate::audit::Audit;
use crate::call::call;
use crate::recorder::Recorder;
use ai_audit_intake::Intake;
use ai_audit_store::LogName;
use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll};
use http::{Request, Response};
use std::sync::Arc;
use tower_layer::Layer;
use tower_service::Service;

/// Records what the services do that it stands around.
///
/// They run on tokio. Where an intent could not be recorded, and so the service was not called, the
/// response has an empty body, the status 503 and `Retry-After`. One that stands for a decision that could
/// not be recorded has an empty body and the status 500: the service has run. What an action came to is
/// told whether or not its outcome could be recorded.
pub struct AuditLayer<A> {
    recorder: Recorder,
    audit: Arc<A>,
}

impl<A: Audit> AuditLayer<A> {
    /// Records into a log of a directory what `audit` says.
    pub fn new(intake: Arc<Intake>, log: LogName, audit: A) -> Self {
        Self {
            recorder: Recorder { intake, log },
            audit: Arc::new(audit),
        }
    }
}

impl<A> Clone for AuditLayer<A> {
    fn clone(&self) -> Self {
        Self {
            recorder: self.recorder.clone(),
            audit: Arc::clone(&self.audit),
        }
    }
}

impl<A> fmt::Debug for AuditLayer<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditLayer")
            .field("log", &self.recorder.log)
            .finish_non_exhaustive()
    }
}

impl<S, A: Audit> Layer<S> for AuditLayer<A> {
    type Service = AuditService<S, A>;

    fn layer(&self, inner: S) -> Self::Service {
        AuditService {
            inner,
            layer: self.clone(),
        }
    }
}

/// A service whose requests are recorded.
#[derive(Debug)]
pub struct AuditService<S, A> {
    inner: S,
    layer: AuditLayer<A>,
}

impl<S: Clone, A> Clone for AuditService<S, A> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            layer: self.layer.clone(),
        }
    }
}

impl<S, A, B, R> Service<Request<B>> for AuditService<S, A>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    A: Audit,
    B: Send + 'static,
    R: Default + Send + 'static,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The one that said that it is ready is the one to call.
        let next = self.inner.clone();
        let ready = core::mem::replace(&mut self.inner, next);
        let AuditLayer { recorder, audit } = self.layer.clone();
        Box::pin(call(ready, recorder, audit, request))
    }
}
