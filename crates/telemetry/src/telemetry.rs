//! The instruments, who reads them, and how they end.

use crate::client::{Client, shown};
use crate::commits::Commits;
use crate::exports::{self, Exports};
use crate::names::Names;
use crate::requests::Requests;
use crate::{Answered, Figures, Parent, TelemetryError, figures};
use ai_audit_store::{LedgerObserver, LogName};
use core::time::Duration;
use http::HeaderMap;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Meter, MeterProvider as _};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{
    MetricExporter, SpanExporter, WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::resource::{EnvResourceDetector, ResourceDetector as _};
use opentelemetry_sdk::trace::SdkTracerProvider;
use prometheus::{Registry, TextEncoder};
use std::sync::Arc;
use std::sync::mpsc;

/// Who the instruments say that they are of.
const SCOPE: &str = "ai_audit";
/// A histogram whose name in OpenTelemetry's conventions has no unit, and in Prometheus's has one.
const WITHOUT_UNIT: &str = "http_server_request_duration";
/// For how long the collector gets what is left at the end.
const LAST: Duration = Duration::from_secs(2);

/// What is asked for.
#[derive(Debug, Clone)]
pub struct TelemetryOptions {
    /// Whether metrics are kept for whoever scrapes them.
    pub prometheus: bool,
    /// Where the collector is that gets metrics and spans by OTLP over HTTP: its address without
    /// `/v1/metrics` and `/v1/traces`.
    pub endpoint: Option<String>,
    /// How long an export may take.
    pub timeout: Duration,
    /// The version of the software.
    pub version: String,
}

impl TelemetryOptions {
    /// Nothing yet; 5 seconds for an export.
    #[must_use]
    pub fn new(version: impl Into<String>) -> Self {
        Self {
            prometheus: false,
            endpoint: None,
            timeout: Duration::from_secs(5),
            version: version.into(),
        }
    }

    /// Whether anything is asked for.
    #[must_use]
    pub const fn is_any(&self) -> bool {
        self.prometheus || self.endpoint.is_some()
    }
}

/// The instruments. They are of nobody else: there are no global ones.
#[derive(Debug)]
pub struct Telemetry {
    meters: SdkMeterProvider,
    tracers: Option<SdkTracerProvider>,
    registry: Option<Registry>,
    meter: Meter,
    names: Arc<Names>,
    commits: Arc<Commits>,
    requests: Requests,
}

impl Telemetry {
    /// Makes the instruments, and starts the threads that export where a collector is named. The
    /// SDK's own variables (`OTEL_RESOURCE_ATTRIBUTES`, `OTEL_METRIC_EXPORT_INTERVAL`, `OTEL_BSP_*`,
    /// `OTEL_TRACES_SAMPLER`, `OTEL_EXPORTER_OTLP_HEADERS`) hold.
    ///
    /// # Errors
    ///
    /// [`TelemetryError::Endpoint`]. Whether the collector is there is not asked.
    pub fn start(options: &TelemetryOptions) -> Result<Self, TelemetryError> {
        let resource = resource(&options.version);
        let mut meters = SdkMeterProvider::builder().with_resource(resource.clone());
        let mut registry = None;
        if options.prometheus {
            let kept = Registry::new();
            let reader = opentelemetry_prometheus::exporter()
                .with_registry(kept.clone())
                // Names are as in the specification, and there is one scope.
                .without_units()
                .without_counter_suffixes()
                .scope_info_enabled(false)
                .without_target_info()
                .build()
                .map_err(|error| TelemetryError::Text(error.to_string()))?;
            meters = meters.with_reader(reader);
            registry = Some(kept);
        }
        let mut tracers = None;
        let signals = [("metrics", Arc::default()), ("traces", Arc::default())];
        if let Some(endpoint) = &options.endpoint {
            let [(_, of_metrics), (_, of_traces)] = &signals;
            meters = meters.with_periodic_exporter(metrics(endpoint, options.timeout, of_metrics)?);
            let spans = spans(endpoint, options.timeout, of_traces)?;
            let builder = SdkTracerProvider::builder().with_resource(resource);
            tracers = Some(builder.with_batch_exporter(spans).build());
        }
        let meters = meters.build();
        let meter = meters.meter(SCOPE);
        if options.endpoint.is_some() {
            exports::tell(&meter, signals);
        }
        let names = Arc::new(Names::default());
        let tracer = || tracers.as_ref().map(|tracers| tracers.tracer(SCOPE));
        Ok(Self {
            commits: Arc::new(Commits::new(&meter, Arc::clone(&names), tracer())),
            requests: Requests::new(&meter, tracer()),
            meters,
            registry,
            meter,
            names,
            tracers,
        })
    }

    /// Who is to hear of a ledger's commits. He waits for nobody: spans that find their queue full are
    /// dropped.
    #[must_use]
    pub fn observer(&self) -> Arc<dyn LedgerObserver> {
        Arc::clone(&self.commits) as Arc<dyn LedgerObserver>
    }

    /// Has figures asked for when somebody looks, once a second at most, on the thread of whoever
    /// looks. To be called once. `source` should not keep alive what it asks, and gives nothing when
    /// that is gone.
    pub fn watch(&self, source: impl Fn() -> Option<Figures> + Send + Sync + 'static) {
        figures::watch(&self.meter, &self.names, source);
    }

    /// Which span of the caller's a request belongs to.
    #[must_use]
    pub fn parent(&self, headers: &HeaderMap) -> Parent {
        self.requests.parent(headers)
    }

    /// A request was answered.
    pub fn request(&self, request: &Answered<'_>, parent: &Parent) {
        self.requests.answered(request, parent);
    }

    /// A log was found to be other than it was left.
    pub fn broken(&self, log: &LogName) {
        self.commits.broken(log);
    }

    /// Whether metrics are kept for whoever scrapes them.
    #[must_use]
    pub const fn is_scraped(&self) -> bool {
        self.registry.is_some()
    }

    /// The metrics in Prometheus's text format, version 0.0.4; `None` where none are kept for that.
    ///
    /// # Errors
    ///
    /// [`TelemetryError::Text`].
    pub fn scrape(&self) -> Result<Option<String>, TelemetryError> {
        let Some(registry) = &self.registry else {
            return Ok(None);
        };
        let mut families = registry.gather();
        for family in &mut families {
            if family.name() == WITHOUT_UNIT {
                family.set_name(format!("{WITHOUT_UNIT}_seconds"));
            }
        }
        let text = TextEncoder::new().encode_to_string(&families);
        text.map(Some)
            .map_err(|error| TelemetryError::Text(error.to_string()))
    }

    /// Gives the collector what is left, for two seconds at most. Nothing is exported afterwards.
    pub fn end(&self) {
        let (meters, tracers) = (self.meters.clone(), self.tracers.clone());
        let (ended, wait) = mpsc::channel();
        // The SDK waits longer for a collector that hangs than we do.
        let last = std::thread::Builder::new().name("ai-audit-telemetry".into());
        let last = last.spawn(move || {
            if let Some(tracers) = tracers {
                let _ = tracers.shutdown_with_timeout(LAST);
            }
            // How it went nobody is there to be told.
            let _ = meters.shutdown();
            let _ = ended.send(());
        });
        if last.is_ok() {
            let _ = wait.recv_timeout(LAST);
        }
    }
}

/// Who all of it is of: as the environment says, or `ai-audit`.
fn resource(version: &str) -> Resource {
    let name = KeyValue::new("service.name", "ai-audit");
    let ours = [name, KeyValue::new("service.version", version.to_owned())];
    let said = EnvResourceDetector::new().detect();
    let mut resource = Resource::builder_empty().with_attributes(ours);
    for (key, value) in said.iter() {
        resource = resource.with_attribute(KeyValue::new(key.clone(), value.clone()));
    }
    if let Some(name) = std::env::var("OTEL_SERVICE_NAME")
        .ok()
        .filter(|name| !name.is_empty())
    {
        resource = resource.with_service_name(name);
    }
    resource.build()
}

fn metrics(
    endpoint: &str,
    timeout: Duration,
    exports: &Arc<Exports>,
) -> Result<MetricExporter, TelemetryError> {
    let client = Client::new(endpoint, timeout, Arc::clone(exports))?;
    MetricExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_timeout(timeout)
        .with_endpoint(of_signal(endpoint, "metrics"))
        .build()
        .map_err(|error| refused(endpoint, &error))
}

fn spans(
    endpoint: &str,
    timeout: Duration,
    exports: &Arc<Exports>,
) -> Result<SpanExporter, TelemetryError> {
    let client = Client::new(endpoint, timeout, Arc::clone(exports))?;
    SpanExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_timeout(timeout)
        .with_endpoint(of_signal(endpoint, "traces"))
        .build()
        .map_err(|error| refused(endpoint, &error))
}

fn of_signal(endpoint: &str, signal: &str) -> String {
    format!("{}/v1/{signal}", endpoint.trim_end_matches('/'))
}

fn refused(endpoint: &str, error: &impl ToString) -> TelemetryError {
    TelemetryError::Endpoint {
        endpoint: shown(endpoint),
        what: error.to_string(),
    }
}
