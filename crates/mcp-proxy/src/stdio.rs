//! A server that is a process: messages as lines of its standard input and output.

use crate::gate::{End, Gate};
use crate::lines::{Line, Lines, without_end};
use crate::message::{INVALID_REQUEST, MAX_MESSAGE, Malformed};
use crate::options::ProxyOptions;
use crate::session::{Ending, FromClient, MAX_OPEN_REQUESTS, NOT_GIVEN, Session};
use crate::{Ended, ProxyError, counts};
use ai_audit_intake::{CallHeader, Intake};
use ai_audit_store::LogName;
use std::collections::VecDeque;
use std::ffi::OsString;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

/// How often it is looked whether a call waits for too long.
const SWEEP: Duration = Duration::from_millis(100);
/// How long output is waited for that a process left in a pipe.
const DRAIN: Duration = Duration::from_secs(1);

/// Stands between a client on this process's standard input and output and the server that `command`
/// starts, until one of them ends or `stop` is there. Blocks; it starts a runtime of its own.
///
/// # Errors
///
/// See [`ProxyError`].
pub fn run_stdio(
    intake: Intake,
    log: LogName,
    command: &[OsString],
    options: ProxyOptions,
    stop: impl Future<Output = ()>,
) -> Result<Ended, ProxyError> {
    let gate = Arc::new(Gate::new(intake, log, options)?);
    let runtime = crate::runtime()?;
    let ended = runtime.block_on(run(&gate, command, stop));
    // A read of standard input cannot be called off.
    runtime.shutdown_background();
    let closed = gate.close();
    let status = ended?;
    closed?;
    Ok(Ended {
        status: Some(status),
        counted: gate.counts.to_string(),
    })
}

/// How many messages wait for a client that does not read; then the server's are not read either.
const UNREAD: usize = 4;

/// What all loops write to: messages with their line breaks.
type Out = mpsc::Sender<Vec<u8>>;

async fn run(
    gate: &Arc<Gate>,
    command: &[OsString],
    stop: impl Future<Output = ()>,
) -> Result<ExitStatus, ProxyError> {
    let (mut child, input, output) = start(command)?;
    let header = CallHeader {
        session_id: crate::new_session(),
        ..CallHeader::default()
    };
    let session = Arc::new(Session::new(Arc::clone(gate), header));
    let (out, unwritten) = mpsc::channel(UNREAD);
    let writer = tokio::spawn(write_loop(unwritten));
    let (closing, closed) = watch::channel(false);
    // Loops that record are told to end, and waited for: a call that one of them took out of the table has
    // its outcome from nobody else.
    let (ending, ended) = watch::channel(false);
    let mut client = tokio::spawn(client_loop(
        Arc::clone(&session),
        input,
        out.clone(),
        closed,
    ));
    let mut server = tokio::spawn(server_loop(
        Arc::clone(&session),
        output,
        out.clone(),
        ended.clone(),
    ));
    let sweeper = tokio::spawn(sweep_loop(
        Arc::clone(gate),
        Arc::clone(&session),
        out.clone(),
        ended,
    ));
    let by_itself = tokio::select! {
        _ = &mut client => false,
        () = stop => false,
        _ = &mut server => true,
        _ = child.wait() => true,
    };
    // Nobody takes more from the client; a server that reads nothing does not keep us.
    let _ = closing.send(true);
    let grace = gate.options.grace;
    if !client.is_finished() && timeout(grace, &mut client).await.is_err() {
        client.abort();
    }
    let (status, gone) = match by_itself {
        true => {
            let status = end_of(&mut child, grace).await?;
            // It may have been what ended first; a task is not waited for twice.
            if !server.is_finished() {
                let _ = timeout(DRAIN, &mut server).await;
            }
            (status, true)
        }
        false => finish(&mut child, &mut server, grace).await?,
    };
    let _ = ending.send(true);
    let _ = sweeper.await;
    if !server.is_finished() {
        let _ = server.await;
    }
    let told = told(status);
    let why = match gone {
        true => Ending::Gone(&told),
        false => Ending::Silent,
    };
    let answers = session.end(why).await;
    for call in gate.waiting.expired(Duration::ZERO) {
        gate.outcome(&call, End::Failed(NOT_GIVEN)).await;
    }
    // All is recorded. A client that does not read does not keep us.
    let last = async {
        for answer in answers {
            let _ = out.send(line_of(answer)).await;
        }
        drop(out);
        let _ = writer.await;
    };
    let _ = timeout(grace, last).await;
    Ok(status)
}

fn start(command: &[OsString]) -> Result<(Child, ChildStdin, ChildStdout), ProxyError> {
    let failed = |error| ProxyError::Command {
        command: command
            .first()
            .map(|program| program.to_string_lossy().into_owned())
            .unwrap_or_default(),
        error,
    };
    let (program, arguments) = command
        .split_first()
        .ok_or_else(|| failed(std::io::ErrorKind::InvalidInput.into()))?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    match (child.stdin.take(), child.stdout.take()) {
        (Some(input), Some(output)) => Ok((child, input, output)),
        _ => Err(failed(std::io::ErrorKind::BrokenPipe.into())),
    }
}

/// Forwards what the client says. When its input ends, or `closed` says so, the server's ends too: as soon
/// as nothing is open, or what is open had its time.
async fn client_loop(
    session: Arc<Session>,
    mut input: ChildStdin,
    out: Out,
    mut closed: watch::Receiver<bool>,
) {
    let mut lines = Lines::new(BufReader::new(tokio::io::stdin()));
    loop {
        let line = tokio::select! {
            line = lines.next() => line,
            _ = closed.changed() => return,
        };
        let taken = match line {
            Ok(Line::Whole(line)) => {
                let message = without_end(&line);
                if message.iter().all(u8::is_ascii_whitespace) {
                    continue;
                }
                match session.client_says(message).await {
                    FromClient::Forward | FromClient::Ask(_) => {
                        // Nobody reads there any more: the server ends, and what is open with it.
                        if input.write_all(&line).await.is_err() || input.flush().await.is_err() {
                            return;
                        }
                        continue;
                    }
                    taken => taken,
                }
            }
            Ok(Line::TooLong(length)) => session.malformed(&Malformed::new(
                INVALID_REQUEST,
                format!("a line of {length} bytes; expected at most {MAX_MESSAGE}"),
            )),
            Ok(Line::Cut) => session.malformed(&Malformed::new(
                INVALID_REQUEST,
                "standard input ended in a line; expected a line break after each message",
            )),
            Ok(Line::End) | Err(_) => break,
        };
        if let FromClient::Answer(answer) = taken {
            let _ = out.send(line_of(answer)).await;
        }
    }
    let grace = session.grace();
    let until = Instant::now() + grace;
    while !session.is_idle() && Instant::now() < until && !*closed.borrow() {
        tokio::select! {
            () = sleep(Duration::from_millis(5)) => {}
            _ = closed.changed() => {}
        }
    }
}

/// Forwards what the server says. Who vanished on the client's side changes nothing about what is
/// recorded.
async fn server_loop(
    session: Arc<Session>,
    output: ChildStdout,
    out: Out,
    mut ended: watch::Receiver<bool>,
) {
    let mut lines = Lines::new(BufReader::new(output));
    loop {
        let line = tokio::select! {
            line = lines.next() => line,
            _ = ended.changed() => return,
        };
        match line {
            Ok(Line::Whole(line)) => {
                let message = without_end(&line);
                if !message.iter().all(u8::is_ascii_whitespace)
                    && session.server_says(message).await
                {
                    tokio::select! {
                        _ = out.send(line) => {}
                        _ = ended.changed() => return,
                    }
                }
            }
            Ok(Line::TooLong(_)) => session.dropped(),
            Ok(Line::Cut) => {
                session.dropped();
                return;
            }
            Ok(Line::End) | Err(_) => return,
        }
    }
}

/// Gives up what waits for too long. What the client is told of it waits for the client, not this loop.
async fn sweep_loop(
    gate: Arc<Gate>,
    session: Arc<Session>,
    out: Out,
    mut ended: watch::Receiver<bool>,
) {
    let mut untold: VecDeque<Vec<u8>> = VecDeque::new();
    loop {
        tokio::select! {
            () = sleep(SWEEP) => {}
            _ = ended.changed() => return,
        }
        untold.extend(session.sweep().await.into_iter().map(line_of));
        while let Some(line) = untold.pop_front() {
            if let Err(TrySendError::Full(line)) = out.try_send(line) {
                untold.push_front(line);
                break;
            }
        }
        // A client that reads nothing and asks on is told of the newest.
        untold.drain(..untold.len().saturating_sub(MAX_OPEN_REQUESTS));
        for call in gate.waiting.expired(gate.options.timeout) {
            gate.outcome(&call, End::Failed(NOT_GIVEN)).await;
        }
    }
}

fn line_of(text: String) -> Vec<u8> {
    let mut line = text.into_bytes();
    line.push(b'\n');
    line
}

/// Writes to the client. Whoever does not read any more also closes our input.
async fn write_loop(mut unwritten: mpsc::Receiver<Vec<u8>>) {
    let mut out = tokio::io::stdout();
    while let Some(line) = unwritten.recv().await {
        let _ = out.write_all(&line).await;
        let _ = out.flush().await;
    }
}

/// Waits for a server whose input has ended, and kills it where it stays. Its status, and whether it
/// ended by itself.
async fn finish(
    child: &mut Child,
    server: &mut JoinHandle<()>,
    grace: Duration,
) -> Result<(ExitStatus, bool), ProxyError> {
    let by_itself = timeout(grace, async {
        // Its last answers, and then its end.
        if !server.is_finished() {
            let _ = (&mut *server).await;
        }
        child.wait().await
    })
    .await;
    match by_itself {
        Ok(status) => Ok((status?, true)),
        Err(_) => Ok((end_of(child, Duration::ZERO).await?, false)),
    }
}

async fn end_of(child: &mut Child, grace: Duration) -> Result<ExitStatus, ProxyError> {
    if let Ok(status) = timeout(grace, child.wait()).await {
        return Ok(status?);
    }
    child.start_kill()?;
    Ok(child.wait().await?)
}

/// How a process ended, in a few words.
fn told(status: ExitStatus) -> String {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt as _;
        if let Some(signal) = status.signal() {
            return format!("server ended by signal {signal}");
        }
    }
    match status.code() {
        Some(code) => format!("server ended with exit code {code}"),
        None => "server ended".into(),
    }
}

impl Session {
    fn dropped(&self) {
        counts::add(&self.gate().counts.malformed);
    }

    fn grace(&self) -> Duration {
        self.gate().options.grace
    }
}
