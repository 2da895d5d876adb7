//! A mixed load on a service in a process of its own: first as much as it takes, then half of that.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use serde_json::{Value, json};

use crate::client::Client;
use crate::samples::{Samples, rate};

/// Connections.
const CLIENTS: u32 = 16;
/// How long is measured what it takes at most.
const MAXIMUM: Duration = Duration::from_secs(10);
/// Between two rounds of what takes long or is followed: what a console and a collector ask for,
/// statistics, a checkpoint, a package of one trace.
const SLOW: Duration = Duration::from_secs(10);
/// So many of those rounds have no verdict of the whole log, which takes the longer the longer it is.
const VERDICT_EVERY: u64 = 30;
const LOG: &str = "/v1/logs/default";

/// What all clients share.
struct Load {
    address: SocketAddr,
    token: String,
    /// Makes names that no other request has.
    number: AtomicU64,
    /// Receipts that the service said are durable.
    acknowledged: AtomicU64,
    /// Answers with 503.
    later: AtomicU64,
}

pub(crate) fn run(address: &str, token: &str, time: Duration) -> Result<Value> {
    let load = Load {
        address: address.parse()?,
        token: token.to_owned(),
        number: AtomicU64::new(0),
        acknowledged: AtomicU64::new(0),
        later: AtomicU64::new(0),
    };
    // Once for caches and pages.
    load.all(MAXIMUM / 10, None)?;
    let (most, took) = load.all(MAXIMUM, None)?;
    let most = rate(most.count(), took);
    println!(
        "at most {most:.0} requests a second; now half of that for {} s",
        time.as_secs()
    );
    let later = load.later.swap(0, Ordering::Relaxed);
    let (mut latencies, took) = load.all(time, Some(most / 2.0))?;
    Ok(json!({
        "maximum": most,
        "later_at_the_maximum": later,
        "per_second": rate(latencies.count(), took),
        "latency": latencies.quantiles(),
        "later": load.later.into_inner(),
        "acknowledged": load.acknowledged.into_inner(),
    }))
}

impl Load {
    /// All clients, and one that asks for what takes long, on a schedule of so many requests a second or
    /// one after the other.
    fn all(&self, time: Duration, per_second: Option<f64>) -> Result<(Samples, Duration)> {
        let start = Instant::now();
        let mut all = Samples::default();
        thread::scope(|scope| -> Result<()> {
            let slow = scope.spawn(move || self.slow(start, time));
            let clients: Vec<_> = (0..CLIENTS)
                .map(|_| scope.spawn(move || self.client(start, time, per_second)))
                .collect();
            for client in clients {
                all.extend(client.join().map_err(|_| anyhow!("a client panicked"))??);
            }
            slow.join().map_err(|_| anyhow!("a client panicked"))?
        })?;
        Ok((all, start.elapsed()))
    }

    fn client(&self, start: Instant, time: Duration, per_second: Option<f64>) -> Result<Samples> {
        let mut client = Client::connect(self.address, Some(&self.token))?;
        let mut nobody = Client::connect(self.address, None)?;
        let mut samples = Samples::default();
        let pause = per_second.map(|all| Duration::from_secs_f64(f64::from(CLIENTS) / all));
        let mut due = start;
        while start.elapsed() < time {
            match pause {
                Some(pause) => {
                    due += pause;
                    thread::sleep(due.saturating_duration_since(Instant::now()));
                }
                None => due = Instant::now(),
            }
            self.request(&mut client, &mut nobody)?;
            samples.push(due.elapsed());
        }
        Ok(samples)
    }

    /// One of a hundred kinds in turn.
    fn request(&self, client: &mut Client, nobody: &mut Client) -> Result<()> {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let trace = format!("{:032x}", number / 10);
        let seq = self.acknowledged.load(Ordering::Relaxed).max(1) * (number % 97) / 97;
        match number % 100 {
            0..55 => {
                let body = decision(number, "", &trace);
                self.append(client, "decisions", &body, &[201])
            }
            55..70 => self.append(client, "traces", &tool(number, &trace), &[201]),
            70..80 => self.append(client, "otlp/v1/traces", &span(number), &[200]),
            80..85 => {
                let body = decision(number, &id(number), &trace);
                self.append(client, "decisions", &body, &[201])?;
                self.append(client, "decisions", &body, &[200])
            }
            85..88 => self.read(client, &format!("{LOG}/receipts?limit=20&trace={trace}")),
            88 => self.read(client, "/v1/logs"),
            89 => self.read(client, &format!("{LOG}/traces?trace={:032x}", 1)),
            90..95 => self.read(client, &format!("{LOG}/receipts/{seq}")),
            95..98 => self.read(client, &format!("{LOG}/receipts/{seq}/proof")),
            98 => self.append(client, "decisions", r#"{"actoin":"allow"}"#, &[400]),
            _ => self.append(nobody, "decisions", "{}", &[401]),
        }
    }

    /// Statistics, a checkpoint, a package of one trace, now and then a verdict.
    fn slow(&self, start: Instant, time: Duration) -> Result<()> {
        let mut client = Client::connect(self.address, Some(&self.token))?;
        // The trace is there after a second.
        let (mut due, mut round) = (start + Duration::from_secs(1), 0_u64);
        while due.duration_since(start) < time {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            self.read(&mut client, &format!("{LOG}/statistics"))?;
            self.read(&mut client, &format!("{LOG}/overview"))?;
            self.read(&mut client, &format!("{LOG}/paths"))?;
            self.read(&mut client, "/metrics")?;
            self.ask(&mut client, "POST", &format!("{LOG}/checkpoint"))?;
            self.read(&mut client, &format!("{LOG}/package?trace={:032x}", 1))?;
            if round % VERDICT_EVERY == VERDICT_EVERY - 1 {
                self.read(&mut client, &format!("{LOG}/verdict"))?;
            }
            round += 1;
            // Of a long log some of these take longer than the pause: what was missed is not made up for.
            due = Instant::now().max(due + SLOW);
        }
        Ok(())
    }

    /// Appends and counts what became durable; of other answers than those expected only 503 goes.
    fn append(&self, client: &mut Client, route: &str, body: &str, expected: &[u16]) -> Result<()> {
        let status = client.send("POST", &format!("{LOG}/{route}"), body)?;
        if status == 503 {
            self.later.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        }
        ensure!(
            expected.contains(&status),
            "{route}: {status}: {}",
            client.body()
        );
        let sealed = match route {
            // A decision of each span.
            "otlp/v1/traces" => 1,
            _ => client.body().matches("\"duplicate\":false").count(),
        };
        self.acknowledged
            .fetch_add(u64::try_from(sealed)?, Ordering::Relaxed);
        Ok(())
    }

    fn read(&self, client: &mut Client, path: &str) -> Result<()> {
        self.ask(client, "GET", path)
    }

    fn ask(&self, client: &mut Client, method: &str, path: &str) -> Result<()> {
        match client.send(method, path, "")? {
            200 => Ok(()),
            503 => {
                self.later.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
            status => Err(anyhow!("{path}: {status}: {}", client.body())),
        }
    }
}

/// A UUIDv7 of this moment.
fn id(number: u64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let millis = now.unwrap_or_default().as_millis();
    let time = format!("{millis:012x}");
    let (high, low) = time.split_at(8);
    format!("{high}-{low}-7000-8000-{:012x}", number & 0xffff_ffff_ffff)
}

fn decision(number: u64, id: &str, trace: &str) -> String {
    let id = match id {
        "" => String::new(),
        id => format!(r#""id":"{id}","#),
    };
    format!(
        r#"{{{id}"input":"Question {number}: may I return it?","output":"Yes, within 30 days.","model":"gpt-4o","action":"allow","trace_id":"{trace}","session_id":"s-{}","subject":"customer-{}"}}"#,
        number / 100,
        number % 1000
    )
}

fn tool(number: u64, trace: &str) -> String {
    format!(
        r#"{{"trace_id":"{trace}","steps":[{{"kind":"tool_intent","ref":"pay","tool":"refund","arguments":{{"order":{number}}},"actor":"agent-1"}},{{"kind":"tool_outcome","intent":"pay","status":"ok","result":"refunded"}}]}}"#
    )
}

fn span(number: u64) -> String {
    format!(
        r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"traceId":"{:032x}","spanId":"{:016x}","name":"chat gpt-4o","startTimeUnixNano":"1764000001000000000","endTimeUnixNano":"1764000002500000000","attributes":[{{"key":"gen_ai.operation.name","value":{{"stringValue":"chat"}}}},{{"key":"gen_ai.request.model","value":{{"stringValue":"gpt-4o"}}}}]}}]}}]}}]}}"#,
        number + 1,
        number + 1
    )
}
