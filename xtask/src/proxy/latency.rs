//! What the proxy adds to a call: ours and a bare one of the same framework by turns, in the same run, with the
//! same upstream and the same clients.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::program::{self, Speed};
use crate::service::scratch;
use crate::shell::Cmd;
use crate::workspace::Workspace;

/// Calls a second, which come on schedule whether those before them are done or not.
const RATE: u32 = 200;
/// Clients, each with a connection of its own that is kept.
const CLIENTS: usize = 32;
/// The most that ours may add, in milliseconds, at the median and at the 99th percentile.
const BARS: [(usize, f64); 2] = [(50, 1.0), (99, 4.0)];

/// How long it is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Length {
    rounds: usize,
    calls: usize,
}

impl Length {
    /// Five rounds of ten seconds of each.
    pub(crate) const WHOLE: Self = Self {
        rounds: 5,
        calls: 2000,
    };
    /// One of three seconds.
    pub(crate) const SHORT: Self = Self {
        rounds: 1,
        calls: 600,
    };
}

/// Measures, and prints both and the difference.
///
/// # Errors
/// When something does not build or run, or, unless it was short, ours adds more than it may.
pub(crate) fn latency(workspace: &Workspace, length: Length) -> Result<()> {
    let speed = Speed::of(length.rounds <= Length::SHORT.rounds);
    let program = program::command(workspace, speed)?;
    let bare = program::example(workspace, speed, "ai-audit-proxy", "bare")?;

    let work = scratch(workspace, "proxy-latency")?;
    let upstream = upstream()?;
    let url = format!("http://{upstream}");
    Cmd::new(workspace, &program)
        .args(["init", "--quiet", "--name", "example.org/latency"])
        .arg(work.join("audit"))
        .run()?;
    let start = |program: &PathBuf, args: &[&str]| started(program, args, &work);
    let (_bare, bare) = start(&bare, &[&url])?;
    let ours = [
        "proxy",
        "audit",
        "--upstream",
        &url,
        "--listen",
        "127.0.0.1:0",
    ];
    let (_ours, ours) = start(&program, &ours)?;
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("unknown").to_owned();
    for address in [bare, ours] {
        round(address, 200)?;
    }
    let mut samples = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..length.rounds {
        for (samples, address) in samples.iter_mut().zip([upstream, bare, ours]) {
            samples.extend(round(address, length.calls)?);
        }
    }
    samples
        .iter_mut()
        .for_each(|samples| samples.sort_unstable());
    println!(
        "{RATE} calls a second, open loop, {} of each; load {load} at the beginning",
        length.rounds * length.calls
    );
    println!("{:<22} {:>9} {:>9} {:>9}", "", "p50", "p99", "max");
    for (name, samples) in ["the upstream itself", "a bare proxy", "ai-audit proxy"]
        .iter()
        .zip(&samples)
    {
        let at = |percent| shown(quantile(samples, percent));
        println!("{name:<22} {:>9} {:>9} {:>9}", at(50), at(99), at(100));
    }
    let [_, bare, ours] = &samples;
    let mut missed = Vec::new();
    for (percent, bar) in BARS {
        let added = quantile(ours, percent) - quantile(bare, percent);
        let held = speed.verdict(added <= bar);
        println!(
            "added at p{percent}: {}, bar {} or less: {held}",
            shown(added),
            shown(bar)
        );
        if added > bar {
            missed.push(percent);
        }
    }
    if !missed.is_empty() && length.rounds > 1 {
        bail!("the proxy adds more than it may at p{missed:?}");
    }
    Ok(())
}

/// Milliseconds at a percentile of sorted samples.
fn quantile(samples: &[Duration], percent: usize) -> f64 {
    let place = (samples.len() * percent).div_ceil(100).max(1) - 1;
    samples
        .get(place)
        .map_or(0.0, |sample| sample.as_secs_f64() * 1e3)
}

fn shown(millis: f64) -> String {
    format!("{millis:.3} ms")
}

/// Starts a program that says on its first line where it listens.
fn started(program: &PathBuf, args: &[&str], work: &PathBuf) -> Result<(Killed, SocketAddr)> {
    let mut child: Child = Command::new(program)
        .args(args)
        .current_dir(work)
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| program.display().to_string())?;
    let out = child.stdout.take().context("no output")?;
    let child = Killed(child);
    let mut out = BufReader::new(out);
    let mut line = String::new();
    out.read_line(&mut line)?;
    let address = line
        .split_whitespace()
        .find_map(|word| word.strip_prefix("http://"));
    let address = address.with_context(|| format!("{}: {line}", program.display()))?;
    let address = address.parse()?;
    // Whoever writes more should not wait for us.
    thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
    Ok((child, address))
}

/// A process that ends with this.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const BODY: &str = r#"{"model":"gpt-4o","temperature":0.2,"messages":[{"role":"system","content":"You answer questions about orders, briefly and kindly."},{"role":"user","content":"May I return the shoes of order 4711? They came last Tuesday and are too small, and I have worn them once at home."}]}"#;
const ANSWER: &str = r#"{"id":"chatcmpl-1","object":"chat.completion","created":1764000000,"model":"gpt-4o-2024-08-06","choices":[{"index":0,"finish_reason":"stop","logprobs":null,"message":{"role":"assistant","content":"Yes. You can return them within 30 days, as long as they were not worn outside. I have sent you a label.","refusal":null}}],"usage":{"prompt_tokens":61,"completion_tokens":27,"total_tokens":88}}"#;

/// An upstream that answers at once, on a port of its own.
fn upstream() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{ANSWER}",
        ANSWER.len()
    );
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = answer.clone();
            thread::spawn(move || {
                let _ = stream.set_nodelay(true);
                let mut stream = stream;
                while read(&mut stream).is_some_and(|len| len > 0) {
                    if stream.write_all(answer.as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    Ok(address)
}

/// Reads one message with a length; the bytes of its body.
fn read(stream: &mut TcpStream) -> Option<usize> {
    let (mut bytes, mut piece) = (Vec::new(), [0; 8192]);
    loop {
        let read = stream.read(&mut piece).ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(piece.get(..read)?);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(bytes.get(..end)?).to_lowercase();
        let len = head.split("content-length:").nth(1)?.lines().next()?;
        let len: usize = len.trim().parse().ok()?;
        if bytes.len() >= end + 4 + len {
            return Some(len);
        }
    }
}

/// Calls on schedule; how long each took from the moment at which it was due.
fn round(address: SocketAddr, calls: usize) -> Result<Vec<Duration>> {
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAuthorization: Bearer x\r\nContent-Length: {}\r\n\r\n{BODY}",
        BODY.len()
    );
    let (due, waiting) = mpsc::channel::<Instant>();
    let waiting = Arc::new(Mutex::new(waiting));
    let (done, took) = mpsc::channel();
    let mut threads = Vec::new();
    for _ in 0..CLIENTS {
        let (waiting, done, request) = (Arc::clone(&waiting), done.clone(), request.clone());
        let mut stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        threads.push(thread::spawn(move || {
            loop {
                let next = waiting.lock().ok().and_then(|waiting| waiting.recv().ok());
                let Some(due) = next else { return };
                let sent = stream.write_all(request.as_bytes());
                let answered = sent.is_ok() && read(&mut stream) == Some(ANSWER.len());
                // Whoever waits for it has given up where this fails.
                let _ = done.send(answered.then(|| due.elapsed()));
            }
        }));
    }
    drop(done);
    let (begun, step) = (Instant::now(), Duration::from_secs(1) / RATE);
    for number in 0..calls {
        let at = begun + step * u32::try_from(number)?;
        thread::sleep(at.saturating_duration_since(Instant::now()));
        due.send(at)?;
    }
    drop(due);
    let took: Option<Vec<Duration>> = took.into_iter().collect();
    took.filter(|took| took.len() == calls)
        .context("a call was not answered as the upstream answers")
}
