//! `ai-audit demo`: the whole way in front of the reader's eyes.

mod tamper;

use crate::cli::{Demo, Format, Record as RecordArgs};
use crate::commands::record;
use crate::evidence::verify_path;
use crate::failure::usage;
use crate::open::{SOFTWARE, settings};
use crate::output::{Output, Tone, bytes, shown_path};
use ai_audit_core::{Question, Status};
use ai_audit_directory::{DirectoryLog, InitOptions, LogDirectory, Settings, init};
use ai_audit_export::{PackageOptions, Selection, write_package};
use ai_audit_note::{Checkpoint, SignedNote};
use ai_audit_store::LogName;
use ai_audit_verify::{Pin, Report, TrustPolicy};
use anyhow::Context as _;
use serde::Serialize;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Two conversations of a plant shop's assistant, made up for this.
const CONVERSATIONS: &str = include_str!("../../assets/demo.json");

/// One step, as JSON.
#[derive(Debug, Serialize)]
struct Step {
    step: String,
    exit: u8,
    report: Report,
    as_expected: bool,
}

pub(crate) fn run(args: &Demo, output: Output) -> anyhow::Result<ExitCode> {
    // The settings of no directory: the demo makes its own.
    if settings(Path::new("."))?.production {
        return Err(usage(
            "the demo works with ephemeral keys, which production refuses; unset AI_AUDIT_ENV",
        ));
    }
    let temporary;
    let root = match &args.dir {
        Some(dir) if dir.exists() => {
            return Err(usage(format!(
                "{} exists already; the demo wants a new directory",
                shown_path(dir)
            )));
        }
        Some(dir) => {
            std::fs::create_dir_all(dir).with_context(|| shown_path(dir))?;
            dir.clone()
        }
        None => {
            temporary = tempfile::tempdir().context("a temporary directory")?;
            temporary.path().to_path_buf()
        }
    };
    let mut show = Show {
        output,
        steps: Vec::new(),
        number: 0,
    };
    let story = Story::new(root);
    let kept = story.honest(&mut show)?;
    story.tampered(&mut show, &kept)?;
    show.finish(args)
}

/// What the auditor has: the key line from the beginning, a checkpoint from the end.
struct Kept {
    key_line: String,
    checkpoint: SignedNote,
    /// A genuine checkpoint that the log's keeper still has from before.
    older: SignedNote,
}

impl Kept {
    fn policy(&self) -> anyhow::Result<TrustPolicy> {
        let note = self.checkpoint.to_string();
        Ok(TrustPolicy::new()
            .pin(Pin::parse(&self.key_line)?)
            .checkpoint(note.as_bytes())?)
    }
}

struct Story {
    root: PathBuf,
}

impl Story {
    const fn new(root: PathBuf) -> Self {
        Self { root }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    fn honest(&self, show: &mut Show) -> anyhow::Result<Kept> {
        let audit = self.path("audit");
        show.title("A shop's AI assistant keeps an audit log")?;
        let key_line = open(&audit)?;
        show.say("opened a log. Its key line goes to the auditor before anything is recorded:")?;
        show.say(format!("  {key_line}"))?;
        let conversations: Vec<serde_json::Value> = serde_json::from_str(CONVERSATIONS)?;
        let (first, second) = (conversations.first(), conversations.get(1));
        let sealed = self.record(&audit, first)?;
        show.say(format!(
            "sealed a conversation: {sealed} receipts, each signed and chained to the one before;"
        ))?;
        show.say("  texts are kept as keyed digests, so the log tells nobody what was said")?;
        let directory = LogDirectory::open(&audit, Settings::default())?;
        let older = directory.make_checkpoint(&LogName::default())?;
        let sealed = self.record(&audit, second)?;
        show.say(format!(
            "sealed another one: {sealed} receipts; its last tool call never came back"
        ))?;
        let checkpoint = directory.make_checkpoint(&LogName::default())?;
        let size = Checkpoint::parse(checkpoint.text())?.size;
        show.say(format!(
            "the auditor keeps a checkpoint: {size} receipts and their Merkle root, signed"
        ))?;
        let kept = Kept {
            key_line,
            checkpoint,
            older,
        };

        show.title("The auditor verifies")?;
        let report = verified(&audit, &kept.policy()?)?;
        show.verdict("the log itself", report, &[])?;
        let package = self.path("package.zip");
        export(&audit, &kept.checkpoint, &package)?;
        let size = std::fs::metadata(&package)?.len();
        let report = verified(&package, &kept.policy()?)?;
        show.verdict(
            &format!("an evidence package of it ({}), offline", bytes(size)),
            report,
            &[],
        )?;
        Ok(kept)
    }

    fn tampered(&self, show: &mut Show, kept: &Kept) -> anyhow::Result<()> {
        show.title("Five ways to cheat")?;
        let (honest, audit) = (self.path("package.zip"), self.path("audit"));
        let policy = kept.policy()?;
        let mut case = |what: &str,
                        name: &str,
                        expected: &[Question],
                        make: &dyn Fn(&Path) -> anyhow::Result<()>| {
            let path = self.path(name);
            make(&path)?;
            show.verdict(what, verified(&path, &policy)?, expected)
        };
        case(
            "a decision is edited",
            "1-edited.zip",
            &[Question::Integrity],
            &|path| tamper::edit(&honest, path),
        )?;
        case(
            "a receipt is taken out",
            "2-removed.zip",
            &[Question::Integrity],
            &|path| tamper::remove(&honest, path),
        )?;
        case(
            "the last conversation is cut off, with a genuine older checkpoint, signed anew",
            "3-cut.zip",
            &[Question::Completeness],
            &|path| export(&audit, &kept.older, path),
        )?;
        case(
            "everything is rebuilt under other keys",
            "4-rebuilt.zip",
            &[Question::Attribution],
            &|path| {
                let other = self.path("rebuilt");
                open(&other)?;
                for conversation in serde_json::from_str::<Vec<serde_json::Value>>(CONVERSATIONS)? {
                    self.record(&other, Some(&conversation))?;
                }
                let directory = LogDirectory::open(&other, Settings::default())?;
                export(
                    &other,
                    &directory.make_checkpoint(&LogName::default())?,
                    path,
                )
            },
        )?;
        case(
            "the readable view is changed, the bytes are not, signed anew by the keeper",
            "5-view.zip",
            &[Question::Integrity],
            &|path| {
                let directory = LogDirectory::open(&audit, Settings::default())?;
                tamper::view(
                    &honest,
                    path,
                    &directory.checkpoint_key(&LogName::default())?,
                )
            },
        )
    }

    fn record(
        &self,
        audit: &Path,
        conversation: Option<&serde_json::Value>,
    ) -> anyhow::Result<u64> {
        let file = self.path("conversation.json");
        let conversation = conversation.context("the demo's conversations are not there")?;
        std::fs::write(&file, format!("[{conversation}]"))?;
        let args = RecordArgs {
            dir: audit.into(),
            file,
            log: "default".into(),
            format: Format::OpenaiMessages,
            messages_at: Some("messages".into()),
            subject_at: None,
            skip_invalid: false,
            keep: Vec::new(),
            keep_encrypted: Vec::new(),
            redaction: None,
            plain_digests: false,
        };
        Ok(record::record(&args, Output::new(false, true))?.receipts)
    }
}

fn open(path: &Path) -> anyhow::Result<String> {
    let options = InitOptions {
        log: LogName::default(),
        name: "shop.example/assistant".into(),
        tenant: "Brook & Fern".into(),
        policy: Vec::new(),
        receipt_key: None,
        checkpoint_key: None,
        receipt_signer: None,
        checkpoint_signer: None,
        recovery_key: None,
        ephemeral: true,
    };
    Ok(init(path, &options, Settings::default(), SOFTWARE)?
        .key_line
        .to_string())
}

/// The report on the demo's log or on a package of it.
fn verified(path: &Path, policy: &TrustPolicy) -> anyhow::Result<Report> {
    let quiet = Output::new(false, true);
    Ok(verify_path(path, None, policy, &mut (), quiet)?.report)
}

fn export(audit: &Path, checkpoint: &SignedNote, path: &Path) -> anyhow::Result<()> {
    let directory = LogDirectory::open(audit, Settings::default())?;
    let log = LogName::default();
    let key = directory.checkpoint_key(&log)?;
    let options = PackageOptions {
        selection: Selection::All,
        json_view: true,
        ciphertexts: false,
        timestamp: None,
        reports: None,
    };
    let source = DirectoryLog::new(&directory, log);
    let out = BufWriter::new(File::create(path).with_context(|| shown_path(path))?);
    write_package(out, &source, checkpoint, &[], &key, &options, |_, _| {})?;
    Ok(())
}

/// Prints the story, and remembers it for `--json`.
struct Show {
    output: Output,
    steps: Vec<Step>,
    number: u32,
}

impl Show {
    fn title(&mut self, text: &str) -> anyhow::Result<()> {
        self.number += 1;
        let lead = if self.number > 1 { "\n" } else { "" };
        self.output.note(format!(
            "{lead}{}",
            self.output
                .paint(Tone::Bold, &format!("{}. {text}", self.number))
        ))
    }

    fn say(&self, text: impl AsRef<str>) -> anyhow::Result<()> {
        let text = self.output.sentence("   ", Tone::Plain, text.as_ref());
        self.output.note(text)
    }

    /// Shows a verdict. `failing` are the questions that have to fail; none for an honest one.
    fn verdict(&mut self, what: &str, report: Report, failing: &[Question]) -> anyhow::Result<()> {
        let exit = report.exit(&Question::DEFAULT).code();
        let as_expected = match failing {
            [] => exit == 0,
            some => some
                .iter()
                .all(|question| report.verdict.answer(*question).is_failed()),
        };
        self.say(what)?;
        for question in Question::DEFAULT {
            let status = report.verdict.answer(question);
            let tone = match status {
                Status::Verified => Tone::Good,
                Status::Failed { .. } => Tone::Bad,
                _ => Tone::Open,
            };
            // Of a forgery only what gives it away.
            if failing.is_empty() || status.is_failed() {
                let label = format!("     {:<13} ", question.name());
                let text = self.output.sentence(&label, tone, &status.to_string());
                self.output.note(text)?;
            }
        }
        if failing.is_empty() && !report.open_tool_intents.is_empty() {
            let open: Vec<String> = report
                .open_tool_intents
                .iter()
                .map(|intent| format!("{} (receipt {})", intent.tool, intent.receipt))
                .collect();
            self.say(format!("  open tool calls: {}", open.join(", ")))?;
        }
        self.steps.push(Step {
            step: what.into(),
            exit,
            report,
            as_expected,
        });
        Ok(())
    }

    fn finish(self, args: &Demo) -> anyhow::Result<ExitCode> {
        let good = self.steps.iter().all(|step| step.as_expected);
        if self.output.json {
            self.output
                .json(&serde_json::json!({ "steps": self.steps, "as_expected": good }))?;
        } else {
            self.output.note("")?;
            let text = "The log and the package verified; all five forgeries were caught.";
            if good {
                self.output.line(self.output.paint(Tone::Good, text))?;
            }
            match &args.dir {
                Some(dir) => self
                    .output
                    .note(format!("Everything is in {}.", shown_path(dir)))?,
                None => self.output.note(
                    "`ai-audit demo DIR` keeps the files; `ai-audit --help` shows how to begin.",
                )?,
            }
        }
        if good {
            return Ok(ExitCode::SUCCESS);
        }
        anyhow::bail!("the demo did not go as it should: this build does not verify correctly")
    }
}
