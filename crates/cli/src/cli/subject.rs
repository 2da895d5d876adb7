//! The grammar of `ai-audit subject`, `reveal` and `shred`: what is held on a person.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Shows what a log holds on a person.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit subject list audit
  ai-audit subject show audit person-7
  ai-audit subject export audit person-7 -o person-7.json

A subject is the pseudonym that records name in their field `subject`.")]
pub(crate) struct Subject {
    #[command(subcommand)]
    pub(crate) command: SubjectCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SubjectCommand {
    List(ListSubjects),
    Show(ShowSubject),
    Export(ExportSubject),
}

/// Lists the subjects of a log.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit subject list audit
  ai-audit subject list audit --json")]
pub(crate) struct ListSubjects {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// The log in it.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
}

/// Shows which receipts are about a subject, what they keep, and who looked.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit subject show audit person-7

Nothing is decrypted; `ai-audit reveal` shows one text, `ai-audit subject
export` all of them.")]
pub(crate) struct ShowSubject {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// The subject's pseudonym, as records name it.
    pub(crate) subject: String,
    /// The log in it.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
}

/// Writes everything that is held on a subject, decrypted, to a file (GDPR Art. 15).
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit subject export audit person-7 -o p.json --purpose \"request 31\"

That it was read is in the log before the file is there.")]
pub(crate) struct ExportSubject {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// The subject's pseudonym, as records name it.
    pub(crate) subject: String,
    /// The log in it.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
    /// The file to write, JSON, for the owner alone.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Who looks, as a pseudonym or a system's name, for the log.
    #[arg(long, default_value = "")]
    pub(crate) actor: String,
    /// What for, for the log.
    #[arg(long, default_value = "")]
    pub(crate) purpose: String,
    /// Replace the file if it is there.
    #[arg(long)]
    pub(crate) force: bool,
}

/// Shows a text that is kept encrypted, after recording that it was shown.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit reveal audit 7 input --actor officer-2 --purpose \"complaint 31\"

Exit code 1 if it cannot be shown, such as when its key is destroyed; that
somebody tried is recorded all the same.")]
pub(crate) struct Reveal {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// The receipt: its seq, its id, or its hash.
    pub(crate) receipt: String,
    /// The text: input or output.
    pub(crate) field: String,
    /// The log in it.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
    /// Who looks, as a pseudonym or a system's name, for the log.
    #[arg(long, default_value = "")]
    pub(crate) actor: String,
    /// What for, for the log.
    #[arg(long, default_value = "")]
    pub(crate) purpose: String,
}

/// Destroys the keys of subjects, so that nothing that is kept of them can be read again.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit shred audit person-7 --reason \"request 31\" \\
      --legal-basis \"GDPR Art. 17(1)(b)\"
  ai-audit shred audit person-7 person-8 --reason \"contract ended\" --yes
  ai-audit shred audit --file persons.txt --reason \"retention\"

It cannot be undone. Encrypted texts become unreadable and are removed, digests
of the subjects' texts can no longer be matched against a guess, and every copy
of the key database made before is dead. The log stays whole and says what was
done. Records in the clear stay: the redaction policy is for them.")]
pub(crate) struct Shred {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// The subjects' pseudonyms, as records name them.
    #[arg(required_unless_present_any = ["file", "log_itself", "lost_keys"])]
    pub(crate) subjects: Vec<String>,
    /// Take subjects from this file, one a line.
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// The log's own key too: of texts about nobody, and of pseudonyms.
    #[arg(long)]
    pub(crate) log_itself: bool,
    /// Record as gone the keys that the log names and nobody keeps any more: lost, or destroyed in what a restored log does not know of; keys that came back though the log says that they are destroyed are destroyed again. Their subjects can then have new ones.
    #[arg(long)]
    pub(crate) lost_keys: bool,
    /// Pass over subjects of whom no key is held.
    #[arg(long)]
    pub(crate) skip_missing: bool,
    /// The log in the directory.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
    /// Why. It stands in the log for ever, so it should name nobody.
    #[arg(long)]
    pub(crate) reason: String,
    /// The legal basis, such as "GDPR Art. 17(1)(b)".
    #[arg(long, default_value = "")]
    pub(crate) legal_basis: String,
    /// Who asked, as a pseudonym.
    #[arg(long, default_value = "")]
    pub(crate) requested_by: String,
    /// Do not ask first, where a person sits at the terminal.
    #[arg(long, short)]
    pub(crate) yes: bool,
}
