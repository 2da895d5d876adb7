//! What a host can ask over the serial line: the log from a number on, and room by its word.

use core::fmt::{self, Write};

use ai_audit_core::{LeafHash, Timestamp, UnverifiedReceipt};
use embedded_storage::nor_flash::NorFlash;

use crate::device::{Device, Now, Provision};
use crate::line::LineWriter;

/// How far the host's time may be ahead of the newest receipt, in microseconds: ten years of 365.25 days.
const TEN_YEARS: u64 = 3_652_500 * 86_400 * 1_000;

/// A device at its serial line.
#[derive(Debug)]
pub struct Session<'p, 'b, F> {
    device: Device<'b, F>,
    provision: &'p Provision<'p>,
    /// The host's time, and for how many microseconds the device ran then.
    set: Option<(u64, u64)>,
}

/// Whether a line was one of the session's commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// It was, and is answered.
    Done,
    /// It is for somebody else.
    NotMine,
}

impl<'p, 'b, F: NorFlash> Session<'p, 'b, F> {
    /// A session of a device that started.
    pub const fn new(device: Device<'b, F>, provision: &'p Provision<'p>) -> Self {
        Self {
            device,
            provision,
            set: None,
        }
    }

    /// The device.
    pub const fn device(&mut self) -> &mut Device<'b, F> {
        &mut self.device
    }

    /// What is known of the time, after running for so many microseconds.
    pub fn now(&self, running: u64) -> Now {
        match self.set {
            Some((host, at)) => {
                let since = running.saturating_sub(at);
                Now::Known(Timestamp::from_micros(host.saturating_add(since)))
            }
            None => Now::SinceStart(running),
        }
    }

    /// Answers a command, the words of a line:
    ///
    /// | command | answer |
    /// |---|---|
    /// | `export SEQ` | `key LINE`, then `receipt SEQ HEX` from `SEQ` on as far as they are here, then `end SIZE HASH` |
    /// | `acknowledge SIZE HASH` | `ok acknowledge`: the host keeps the log up to there |
    /// | `time MICROS` | `ok time`: microseconds since 1970, UTC, at most ten years after the newest receipt |
    /// | `stop` | `ok stop`: sealed that the device stops in order |
    /// | `status` | `status …`, and `wear …` with the erasures of each sector |
    ///
    /// What fails is answered with `error WHY`.
    ///
    /// # Errors
    ///
    /// When the serial line fails.
    // Not inlined, as the two below: what they have on the stack is gone when receipts are sealed.
    #[inline(never)]
    pub fn answer<W: Write>(
        &mut self,
        words: &str,
        running: u64,
        out: &mut W,
    ) -> Result<Work, fmt::Error> {
        let mut parts = words.split(' ');
        let command = parts.next().unwrap_or_default();
        let (first, second) = (parts.next(), parts.next());
        let number = first.and_then(|text| text.parse::<u64>().ok());
        match (command, number, second) {
            ("export", Some(from), None) => self.export(from, out)?,
            ("acknowledge", Some(size), Some(hash)) => {
                let Ok(hash) = hash.parse::<LeafHash>() else {
                    return error(out, format_args!("acknowledge SIZE HASH: 64 digits"));
                };
                if let Err(why) = self.device.ring().acknowledge(size, hash) {
                    return error(out, format_args!("acknowledge: {why}"));
                }
                ok(out, command)?;
            }
            ("time", Some(micros), None) => {
                // No receipt is sealed before the one before it: a time far ahead would stay for good.
                let newest = self.device.ring().head().sealed_at().as_micros();
                let latest = Timestamp::from_micros(newest.saturating_add(TEN_YEARS)).as_micros();
                if micros > latest {
                    return error(
                        out,
                        format_args!(
                            "time: at most {latest}, ten years after the newest receipt; now {micros}"
                        ),
                    );
                }
                self.set = Some((micros, running));
                ok(out, command)?;
            }
            ("stop", None, None) => {
                let now = self.now(running);
                if let Err(why) = self.device.stop("asked by the host", now) {
                    return error(out, format_args!("stop: {why}"));
                }
                ok(out, command)?;
            }
            ("status", None, None) => self.status(out)?,
            _ => return Ok(Work::NotMine),
        }
        Ok(Work::Done)
    }

    #[inline(never)]
    fn export<W: Write>(&mut self, from: u64, out: &mut W) -> fmt::Result {
        let mut line = LineWriter::new(out);
        write!(line, "key {}", self.device.key_line(self.provision))?;
        line.end()?;
        if from == 0 {
            match self.device.genesis() {
                Ok(sealed) => receipt(out, 0, sealed)?,
                Err(why) => return error(out, format_args!("genesis: {why}")).map(drop),
            }
        }
        let ring = self.device.ring();
        let mut position = ring.first();
        while let Some(sealed) = ring.next(&mut position) {
            let seq = UnverifiedReceipt::parse(sealed).map_or(0, |receipt| receipt.header().seq);
            if seq >= from {
                receipt(out, seq, sealed)?;
            }
        }
        let mut line = LineWriter::new(out);
        write!(line, "end {} {}", ring.head().size(), ring.head().hash())?;
        line.end()
    }

    #[inline(never)]
    fn status<W: Write>(&mut self, out: &mut W) -> fmt::Result {
        let key = self.device.verifying_key();
        let ring = self.device.ring();
        let damage = ring.damage();
        let mut line = LineWriter::new(out);
        write!(
            line,
            "status key={key} size={} acknowledged={} oldest={} missing={} misfits={} newest-damaged={}",
            ring.head().size(),
            ring.acknowledged(),
            ring.oldest(),
            damage.missing,
            damage.misfits,
            damage.newest,
        )?;
        line.end()?;
        let mut line = LineWriter::new(out);
        line.write_str("wear")?;
        for sector in 0..ring.sectors() {
            write!(line, " {}", ring.erasures(sector).unwrap_or(0))?;
        }
        line.end()
    }
}

fn receipt<W: Write>(out: &mut W, seq: u64, sealed: &[u8]) -> fmt::Result {
    let mut line = LineWriter::new(out);
    write!(line, "receipt {seq} ")?;
    line.hex(sealed)?;
    line.end()
}

fn ok<W: Write>(out: &mut W, command: &str) -> fmt::Result {
    let mut line = LineWriter::new(out);
    write!(line, "ok {command}")?;
    line.end()
}

/// Says why something was not done.
pub(crate) fn error<W: Write>(out: &mut W, why: fmt::Arguments<'_>) -> Result<Work, fmt::Error> {
    let mut line = LineWriter::new(out);
    write!(line, "error {why}")?;
    line.end()?;
    Ok(Work::Done)
}
