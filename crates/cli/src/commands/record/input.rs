//! What is recorded: a file, which can be read twice, or a stream, which cannot.

mod live;

pub(super) use live::live;

use crate::cli::{Format, Keep as KeepField, Record as Args};
use crate::failure::usage;
use crate::output::shown_path;
use ai_audit_ingest::{
    Conversations, Group, IngestError, Keep, Keeping, Keys, RecordLines, TraceLines,
};
use anyhow::Context as _;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};

pub(super) enum Input {
    File(File),
    Stream(Box<dyn Read + Send>),
}

impl Input {
    pub(super) fn open(args: &Args) -> anyhow::Result<Self> {
        let of_messages = [
            ("--messages-at", args.messages_at.is_some()),
            ("--subject-at", args.subject_at.is_some()),
        ];
        if let Some((flag, _)) = of_messages.iter().find(|(_, given)| *given)
            && args.format != Format::OpenaiMessages
        {
            return Err(usage(format!("{flag} goes with --format openai-messages")));
        }
        if args.file.as_os_str() == "-" {
            return Ok(Self::Stream(Box::new(io::stdin())));
        }
        let shown = shown_path(&args.file);
        let cannot = |error: io::Error| usage(format!("{shown}: {error}"));
        let file = File::open(&args.file).map_err(cannot)?;
        let metadata = file.metadata().map_err(cannot)?;
        if metadata.is_dir() {
            return Err(usage(format!("{shown} is a directory")));
        }
        Ok(match metadata.is_file() {
            true => Self::File(file),
            // A pipe or a terminal.
            false => Self::Stream(Box::new(file)),
        })
    }

    /// A file from its start.
    pub(super) fn again(file: &mut File) -> anyhow::Result<Box<dyn Read>> {
        file.seek(SeekFrom::Start(0))
            .context("the input cannot be read from its start")?;
        let again = file.try_clone().context("the input cannot be read twice")?;
        Ok(Box::new(again))
    }
}

/// How texts are to be kept.
pub(crate) fn keep(plain: &[KeepField], encrypted: &[KeepField]) -> anyhow::Result<Keep> {
    let keeping = |field| match (plain.contains(&field), encrypted.contains(&field)) {
        (true, true) => Err(usage(
            "--keep and --keep-encrypted name the same text: it is kept in one way",
        )),
        (true, false) => Ok(Keeping::Plain),
        (false, true) => Ok(Keeping::Encrypted),
        (false, false) => Ok(Keeping::Digest),
    };
    Ok(Keep {
        input: keeping(KeepField::Input)?,
        output: keeping(KeepField::Output)?,
    })
}

/// What reads the input's format.
pub(super) enum Reader<'a> {
    Lines(RecordLines<BufReader<Box<dyn Read + 'a>>>),
    Conversations(Conversations<BufReader<Box<dyn Read + 'a>>>),
    Traces(TraceLines<BufReader<Box<dyn Read + 'a>>>),
}

impl<'a> Reader<'a> {
    pub(super) fn new(args: &Args, source: Box<dyn Read + 'a>) -> anyhow::Result<Self> {
        let source = BufReader::with_capacity(1 << 16, source);
        let keep = keep(&args.keep, &args.keep_encrypted)?;
        Ok(match args.format {
            Format::Decisions => Self::Lines(RecordLines::new(source, keep)),
            Format::Traces => Self::Traces(TraceLines::new(source, keep)),
            Format::OpenaiMessages => {
                let at = args.messages_at.as_deref();
                let conversations = Conversations::new(source, at, keep);
                Self::Conversations(match &args.subject_at {
                    Some(path) => conversations.subject_at(path),
                    None => conversations,
                })
            }
        })
    }

    pub(super) fn next(&mut self, keys: &mut dyn Keys) -> Option<Result<Group, IngestError>> {
        match self {
            Self::Lines(lines) => lines.next_group(keys),
            Self::Conversations(conversations) => conversations.next_group(keys),
            Self::Traces(traces) => traces.next_group(keys),
        }
    }
}
