//! Appends over HTTP: clients with a connection each, beside as many callers in the process, who bring the
//! same records.

use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ai_audit_directory::{InitOptions, Settings, Writer, init};
use ai_audit_ingest::{Keep, read_record};
use ai_audit_intake::Intake;
use ai_audit_server::{Access, ServerOptions, serve};
use ai_audit_store::LogName;
use anyhow::{Result, anyhow, ensure};
use serde_json::{Value, json};

use crate::client::Client;
use crate::latency::Size;
use crate::samples::{Samples, median, rate};

/// Connections, each of a client that waits for its answer; and callers in the process.
const CLIENTS: usize = 64;
const SOFTWARE: &str = "measure";

/// Records as a client sends them, a trace of ten and a session of a hundred.
#[derive(Debug, Default)]
struct Bodies(AtomicU64);

impl Bodies {
    fn next(&self, body: &mut String) -> Result<()> {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        body.clear();
        let (trace, session) = (number / 10, number / 100);
        write!(
            body,
            r#"{{"input":"Question {number}: may I return it?","output":"Yes, within 30 days.","model":"gpt-4o","action":"allow","trace_id":"{trace:032x}","session_id":"s-{session}"}}"#
        )?;
        Ok(())
    }
}

/// In the process and over HTTP in turn, each with a directory of its own.
pub(crate) fn run(folder: &Path, size: Size) -> Result<Value> {
    let bodies = Bodies::default();
    let inside = intake(&folder.join("inside"))?;
    let outside = Served::start(intake(&folder.join("outside"))?)?;
    let (mut in_process, mut over_http) = (Samples::default(), Samples::default());
    let (mut in_time, mut http_time) = (Duration::ZERO, Duration::ZERO);
    let mut ratios = Vec::new();
    // The first round is not counted: pages, connections and caches are new.
    for round in 0..=size.rounds {
        let (calls, took) = callers(size.round, || caller(&inside, &bodies))?;
        let (answers, http_took) = callers(size.round, || client(outside.address, &bodies))?;
        if round == 0 {
            continue;
        }
        ratios.push(rate(answers.count(), http_took) / rate(calls.count(), took));
        in_process.extend(calls);
        over_http.extend(answers);
        in_time += took;
        http_time += http_took;
    }
    outside.stop()?;
    Ok(json!({
        "clients": CLIENTS,
        "in_process_per_second": rate(in_process.count(), in_time),
        "in_process_latency": in_process.quantiles(),
        "per_second": rate(over_http.count(), http_time),
        "latency": over_http.quantiles(),
        "ratio": median(&mut ratios),
    }))
}

fn intake(folder: &Path) -> Result<Intake> {
    let settings = Settings::default();
    init(
        folder,
        &InitOptions::new("example.org/measure"),
        settings.clone(),
        SOFTWARE,
    )?;
    Ok(Intake::new(
        Writer::open(folder, settings, SOFTWARE)?,
        Keep::default(),
    )?)
}

/// What does one append after the other.
type Append<'a> = Box<dyn FnMut() -> Result<()> + 'a>;

/// Has so many callers append for a time.
fn callers<'a>(
    time: Duration,
    make: impl Fn() -> Result<Append<'a>> + Sync,
) -> Result<(Samples, Duration)> {
    let start = Instant::now();
    let call = || -> Result<Samples> {
        let mut append = make()?;
        let mut samples = Samples::default();
        while start.elapsed() < time {
            let began = Instant::now();
            append()?;
            samples.push(began.elapsed());
        }
        Ok(samples)
    };
    let mut all = Samples::default();
    thread::scope(|scope| -> Result<()> {
        let threads: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(call)).collect();
        for thread in threads {
            all.extend(thread.join().map_err(|_| anyhow!("a caller panicked"))??);
        }
        Ok(())
    })?;
    Ok((all, start.elapsed()))
}

fn caller<'a>(intake: &'a Intake, bodies: &'a Bodies) -> Result<Append<'a>> {
    let log = LogName::default();
    let mut body = String::new();
    Ok(Box::new(move || {
        bodies.next(&mut body)?;
        let read = |keys: &mut dyn ai_audit_ingest::Keys, keep| {
            Ok(vec![read_record(body.as_bytes(), "record", keep, keys)?])
        };
        let sealed = intake.take(&log, read)?.wait()?;
        ensure!(sealed.len() == 1, "one record became {}", sealed.len());
        Ok(())
    }))
}

fn client<'a>(address: SocketAddr, bodies: &'a Bodies) -> Result<Append<'a>> {
    let mut client = Client::connect(address, None)?;
    let mut body = String::new();
    Ok(Box::new(move || {
        bodies.next(&mut body)?;
        let status = client.send("POST", "/v1/logs/default/decisions", &body)?;
        ensure!(status == 201, "{status}: {}", client.body());
        Ok(())
    }))
}

/// A service in this process, on threads of its own.
struct Served {
    address: SocketAddr,
    stop: tokio::sync::oneshot::Sender<()>,
    thread: thread::JoinHandle<Result<(), ai_audit_server::ServeError>>,
}

impl Served {
    fn start(intake: Intake) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let thread = thread::spawn(move || {
            let stopped = async {
                let _ = stopped.await;
            };
            serve(intake, listener, ServerOptions::new(Access::Open), stopped)
        });
        Ok(Self {
            address,
            stop,
            thread,
        })
    }

    fn stop(self) -> Result<()> {
        let _ = self.stop.send(());
        let ended = self.thread.join();
        ended.map_err(|_| anyhow!("the service panicked"))??;
        Ok(())
    }
}
