//! `ai-audit redact`: text to text, or one JSON line for each line, of any size.

mod lines;
mod policy;

use crate::cli::redact::Redact as Args;
use crate::failure::usage;
use crate::output::{Output, shown_path};
use crate::save::write_whole;
use ai_audit_pii::{PseudonymKey, RedactLines, RedactStream, Redactor};
use anyhow::Context as _;
use std::fs::File;
use std::io::{self, Read, Write};
use std::process::ExitCode;

/// How much is read at once.
const CHUNK: usize = 1 << 16;

pub(crate) fn run(args: &Args, output: Output) -> anyhow::Result<ExitCode> {
    let policy = policy::of(args)?;
    let key = policy::key(args, &policy)?;
    let redactor = Redactor::new(&policy).map_err(|error| usage(error.to_string()))?;
    let mut input = Input::open(args)?;
    let mut state = State::new(&redactor, key.as_ref(), output.json)?;
    match &args.output {
        Some(path) => write_whole(path, args.force, |mut file| {
            let shown = shown_path(path);
            state.pump(&mut input, &mut file, &shown)?;
            file.flush().context(shown)
        })?,
        None => state.pump(&mut input, &mut io::stdout().lock(), "standard output")?,
    }
    Ok(ExitCode::SUCCESS)
}

struct Input {
    from: Box<dyn Read>,
    shown: String,
}

impl Input {
    fn open(args: &Args) -> anyhow::Result<Self> {
        if args.file.as_os_str() == "-" {
            return Ok(Self {
                from: Box::new(io::stdin().lock()),
                shown: "standard input".into(),
            });
        }
        let shown = shown_path(&args.file);
        let cannot = |error: io::Error| usage(format!("{shown}: {error}"));
        let file = File::open(&args.file).map_err(cannot)?;
        if file.metadata().map_err(cannot)?.is_dir() {
            return Err(usage(format!("{shown} is a directory")));
        }
        Ok(Self {
            from: Box::new(file),
            shown,
        })
    }

    /// Reads what is there, at most a buffer full; nothing at the end.
    fn read<'a>(&mut self, buf: &'a mut [u8]) -> anyhow::Result<&'a [u8]> {
        loop {
            match self.from.read(buf) {
                Ok(len) => return Ok(buf.get(..len).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error).context(self.shown.clone()),
            }
        }
    }
}

/// What was read and is not written yet.
enum State<'a> {
    Text(RedactStream<'a>),
    Json(RedactLines<'a>, lines::JsonLines),
}

impl<'a> State<'a> {
    fn new(
        redactor: &'a Redactor,
        key: Option<&'a PseudonymKey>,
        json: bool,
    ) -> anyhow::Result<Self> {
        Ok(if json {
            Self::Json(
                RedactLines::new(redactor, key)?,
                lines::JsonLines::default(),
            )
        } else {
            Self::Text(RedactStream::new(redactor, key)?)
        })
    }

    /// Reads to the end, and writes what is settled before it waits for more.
    fn pump(
        self: &mut State<'a>,
        input: &mut Input,
        to: &mut dyn Write,
        shown: &str,
    ) -> anyhow::Result<()> {
        let mut buf = vec![0; CHUNK];
        loop {
            let chunk = input.read(&mut buf)?;
            let ended = chunk.is_empty();
            let settled = if ended {
                self.finish()?
            } else {
                self.push(chunk)?
            };
            if !settled.is_empty() {
                match to.write_all(&settled).and_then(|()| to.flush()) {
                    Ok(()) => {}
                    // A reader that has seen enough (`| head`) wants no more read either.
                    Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                    Err(error) => return Err(error).context(shown.to_owned()),
                }
            }
            if ended {
                return Ok(());
            }
        }
    }

    fn push(&mut self, chunk: &[u8]) -> anyhow::Result<Vec<u8>> {
        match self {
            Self::Text(stream) => Ok(stream.push(chunk).text),
            Self::Json(redacting, json) => json.write(&redacting.push(chunk)),
        }
    }

    fn finish(&mut self) -> anyhow::Result<Vec<u8>> {
        match self {
            Self::Text(stream) => Ok(stream.finish().text),
            Self::Json(redacting, json) => {
                let mut out = json.write(&redacting.finish())?;
                out.extend(json.end());
                Ok(out)
            }
        }
    }
}
