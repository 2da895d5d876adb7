//! A stream that is recorded as it comes, and ends in order where the process is asked to end.

use crate::commands::record::summary::Pending;
use crate::signals;
use std::cell::RefCell;
use std::io::{self, BufRead as _, Cursor, Read};
use std::rc::Rc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

/// Bytes read at once.
const CHUNK: usize = 1 << 16;

/// Once the process is asked to end, nothing more is on its way when this long nothing has come. A stream that holds
/// something needs far less, on a busy machine too; a producer that was asked to end with us needs some of it for its last
/// lines.
const LULL: Duration = Duration::from_millis(500);

/// Read after that at most: as much as the largest usual pipe holds. A producer may write on for ever.
const MOST: usize = 1 << 20;

/// The same as a time, for a producer that writes little, again and again.
const LONGEST: Duration = Duration::from_secs(2);

/// A stream of which nothing more is read before what came is durable. From the call on SIGINT and SIGTERM end it instead of
/// the process, behind what has come by then, and a second one ends that.
///
/// # Errors
///
/// When no thread can be started.
pub(in crate::commands::record) fn live(
    mut stream: Box<dyn Read + Send>,
    pending: Rc<RefCell<Pending>>,
) -> anyhow::Result<Box<dyn Read>> {
    let (tell, events) = mpsc::channel();
    let (ask, asked) = mpsc::channel::<Vec<u8>>();
    let asked_to_end = tell.clone();
    signals::then(move || {
        // Where nobody reads any more it is ending.
        let _ = asked_to_end.send(Event::ToEnd);
    })?;
    // Nothing wakes a read that waits for a stream: it is a thread's own, which ends with the process.
    std::thread::Builder::new()
        .name("input".into())
        .spawn(move || {
            for mut chunk in asked {
                chunk.resize(CHUNK, 0);
                let came = stream.read(&mut chunk).map(|count| {
                    chunk.truncate(count);
                    chunk
                });
                if tell.send(Event::Came(came)).is_err() {
                    return;
                }
            }
        })?;
    Ok(Box::new(Live {
        pending,
        ask,
        events,
        ending: None,
        chunk: Cursor::default(),
    }))
}

/// What is waited for.
enum Event {
    /// What was asked for; no bytes at the end of the stream.
    Came(io::Result<Vec<u8>>),
    /// The process is asked to end.
    ToEnd,
}

struct Live {
    pending: Rc<RefCell<Pending>>,
    /// Asks for more, with the room for it.
    ask: Sender<Vec<u8>>,
    events: Receiver<Event>,
    /// There once the process is asked to end.
    ending: Option<Ending>,
    chunk: Cursor<Vec<u8>>,
}

/// What is still read of a stream after the process was asked to end.
struct Ending {
    since: Instant,
    /// Bytes that were asked for since then and came.
    read: usize,
    /// One of these reads was not filled: it took all that had come before.
    emptied: bool,
    /// Nothing came for a while. What is still asked for may come, and is not taken.
    silent: bool,
}

impl Ending {
    fn begin() -> Self {
        Self {
            since: Instant::now(),
            read: 0,
            emptied: false,
            silent: false,
        }
    }

    const fn came(&mut self, count: usize) {
        self.read += count;
        self.emptied |= count < CHUNK;
    }

    /// Whether nothing more is to be read. However slow the disk is, what had come before is read first.
    fn is_over(&self) -> bool {
        self.silent || self.read > MOST || (self.emptied && self.since.elapsed() > LONGEST)
    }
}

impl Live {
    /// Waits for more, which is empty at the stream's end. None where the process is asked to end and what had come is read;
    /// then it is none from there on.
    fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let gone = || io::Error::other("the thread that reads the input has ended; try again");
        // Where it is over something may still come. Else nothing is asked for yet, and only the wish to end can be there.
        if self.ending.as_ref().is_some_and(Ending::is_over) {
            return Ok(None);
        }
        if matches!(self.events.try_recv(), Ok(Event::ToEnd)) {
            self.ending = Some(Ending::begin());
        }
        let asked_since = self.ending.is_some();
        let room = std::mem::take(&mut self.chunk).into_inner();
        self.ask.send(room).map_err(|_| gone())?;
        loop {
            let event = match &mut self.ending {
                None => self.events.recv().map_err(|_| gone())?,
                Some(ending) => match self.events.recv_timeout(LULL) {
                    Ok(event) => event,
                    Err(RecvTimeoutError::Timeout) => {
                        ending.silent = true;
                        return Ok(None);
                    }
                    Err(RecvTimeoutError::Disconnected) => return Err(gone()),
                },
            };
            match event {
                Event::ToEnd => self.ending = Some(Ending::begin()),
                Event::Came(came) => {
                    let came = came?;
                    // One that was asked for before says nothing of what came behind it.
                    if asked_since && let Some(ending) = &mut self.ending {
                        ending.came(came.len());
                    }
                    return Ok(Some(came));
                }
            }
        }
    }
}

impl Read for Live {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.chunk.fill_buf()?.is_empty() {
            let mut pending = self.pending.borrow_mut();
            pending.settle(0);
            if pending.has_failed() {
                return Ok(0);
            }
            drop(pending);
            let Some(chunk) = self.next()? else {
                self.pending.borrow_mut().ask_to_end();
                // Not as at the stream's end, where what has come of a line counts as one.
                return Err(io::Error::other("asked to end"));
            };
            if chunk.is_empty() && self.ending.is_some() {
                // Its producer may have been asked to end as well, inside of a line.
                self.pending.borrow_mut().ask_to_end();
            }
            self.chunk = Cursor::new(chunk);
        }
        self.chunk.read(buf)
    }
}
