//! Trust policy files (C2SP tlog-policy): the logs, the witnesses, and which of them are enough.

mod error;
mod lines;
mod read;
mod write;

pub use error::PolicyFileError;
pub use lines::PolicyLine;

use crate::VKey;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write as _};
use read::Reader;

/// The longest policy file that is read, in bytes.
pub const MAX_POLICY_LEN: usize = 1 << 20;
/// The most logs, the most witnesses and the most groups of a policy; the specification asks for at
/// least 32 of each.
pub const MAX_POLICY_ENTRIES: usize = 64;

const KEYWORD: &str = "expected log, witness, group or quorum";

/// Who may sign a checkpoint, who may cosign it, and whose cosignatures make a quorum.
///
/// Names are bytes without a meaning outside of the file. See [`Policy::judge`].
///
/// ```
/// use ai_audit_core::SigningKey;
/// use ai_audit_note::{Policy, VKey};
///
/// let key = |seed| SigningKey::from_bytes(&[seed; 32]).verifying_key();
/// let file = format!(
///     "log {}\nwitness W1 {}\nwitness W2 {}\ngroup both all W1 W2\nquorum both\n",
///     VKey::ed25519("example.org/log", key(1))?,
///     VKey::cosignature("witness.example/w1", key(2))?,
///     VKey::cosignature("witness.example/w2", key(3))?,
/// );
/// let policy = Policy::parse(file.as_bytes())?;
/// assert_eq!(policy.logs()[0].key().name(), "example.org/log");
/// assert_eq!(policy.witnesses().len(), 2);
/// assert_eq!(policy.quorum().unwrap().as_bytes(), b"both");
///
/// let wrong = file.replace("all W1 W2", "all W1 W3");
/// assert_eq!(
///     Policy::parse(wrong.as_bytes()).unwrap_err().to_string(),
///     "policy, line 4, word 5 \"W3\": no witness or group of this name is defined above",
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<PolicyLog>,
    witnesses: Vec<PolicyWitness>,
    groups: Vec<PolicyGroup>,
    /// `None` for `quorum none`.
    quorum: Option<Node>,
}

/// A name in a policy file: bytes, compared as bytes. `Display` escapes what is no printable text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyName(Vec<u8>);

/// A log whose checkpoints the policy takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyLog {
    key: VKey,
    url: Option<PolicyName>,
}

/// A witness whose cosignatures count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyWitness {
    name: PolicyName,
    key: VKey,
    url: Option<PolicyName>,
}

/// A group of witnesses and other groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PolicyGroup {
    pub(crate) name: PolicyName,
    pub(crate) threshold: Threshold,
    /// At least one, and all of them defined before the group.
    pub(crate) members: Vec<Node>,
}

/// How many members a group needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Threshold {
    /// One.
    Any,
    /// Every one.
    All,
    /// So many.
    Count(usize),
}

/// A witness or a group, by its place in the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Node {
    Witness(usize),
    Group(usize),
}

impl Policy {
    /// Reads a policy file that has the lines of C2SP tlog-policy and no others.
    ///
    /// # Errors
    ///
    /// The first mistake, with its line and word.
    pub fn parse(bytes: &[u8]) -> Result<Self, PolicyFileError> {
        Self::parse_with(bytes, |line| Err(line.error(0, KEYWORD)))
    }

    /// Reads a policy file in which other lines may stand too: `other` is given each line with a
    /// keyword that is not `log`, `witness`, `group` or `quorum`, in the order of the file, and
    /// refuses those it does not know.
    ///
    /// # Errors
    ///
    /// The first mistake, with its line and word, or what `other` refused.
    pub fn parse_with(
        bytes: &[u8],
        mut other: impl FnMut(&PolicyLine<'_>) -> Result<(), PolicyFileError>,
    ) -> Result<Self, PolicyFileError> {
        let mut reader = Reader::default();
        let mut last = 1;
        for line in lines::split(bytes)? {
            let line = line?;
            last = line.number();
            match line.word(0) {
                b"log" => reader.log(&line)?,
                b"witness" => reader.witness(&line)?,
                b"group" => reader.group(&line)?,
                b"quorum" => reader.quorum(&line)?,
                _ => other(&line)?,
            }
        }
        match reader.quorum {
            Some((quorum, _)) => Ok(Self {
                logs: reader.logs,
                witnesses: reader.witnesses,
                groups: reader.groups,
                quorum,
            }),
            None => Err(PolicyFileError::at_line(
                last,
                "expected a quorum line, of which a policy has exactly one",
            )),
        }
    }

    /// A policy of witnesses that are all members of one group, so many of which are needed; of no
    /// witness at all it is `quorum none`.
    ///
    /// # Errors
    ///
    /// When a name or key is used twice, a name cannot be one, or the threshold does not fit.
    pub fn flat(
        witnesses: &[PolicyWitness],
        group: &str,
        threshold: Threshold,
    ) -> Result<Self, PolicyFileError> {
        // One with a space or line feed in it would be read as several words.
        let word = |name: &PolicyName| {
            let bytes = name.as_bytes();
            !bytes.is_empty()
                && !bytes
                    .iter()
                    .any(|byte| *byte == b' ' || byte.is_ascii_control())
        };
        if !witnesses
            .iter()
            .all(|witness| word(&witness.name) && witness.url.as_ref().is_none_or(word))
        {
            return Err(PolicyFileError::at_line(
                1,
                "expected names and addresses without spaces and control characters, not empty",
            ));
        }
        // By way of the text, so that exactly what could be read can be made.
        let mut text = String::new().into_bytes();
        for witness in witnesses {
            text.extend_from_slice(b"witness ");
            witness.write_to(&mut text);
            text.push(b'\n');
        }
        match witnesses {
            [] => text.extend_from_slice(b"quorum none\n"),
            all => {
                text.extend_from_slice(format!("group {group} {threshold}").as_bytes());
                for witness in all {
                    text.push(b' ');
                    text.extend_from_slice(witness.name.as_bytes());
                }
                text.extend_from_slice(format!("\nquorum {group}\n").as_bytes());
            }
        }
        Self::parse(&text)
    }

    /// The logs, in the order of the file. There may be none.
    #[must_use]
    pub fn logs(&self) -> &[PolicyLog] {
        &self.logs
    }

    /// The witnesses, in the order of the file. There may be some that the quorum does not ask.
    #[must_use]
    pub fn witnesses(&self) -> &[PolicyWitness] {
        &self.witnesses
    }

    /// The name of the witness or group that a checkpoint needs; `None` for `quorum none`.
    #[must_use]
    pub fn quorum(&self) -> Option<&PolicyName> {
        self.quorum.map(|node| self.name_of(node))
    }

    /// The threshold, where the quorum is one group of which all witnesses are members directly,
    /// in the order of the file, and there is no other group.
    #[must_use]
    pub fn flat_threshold(&self) -> Option<Threshold> {
        let (Some(Node::Group(0)), [group]) = (self.quorum, self.groups.as_slice()) else {
            return None;
        };
        let all = (0..self.witnesses.len()).map(Node::Witness);
        group
            .members
            .iter()
            .copied()
            .eq(all)
            .then_some(group.threshold)
    }

    pub(crate) fn quorum_node(&self) -> Option<Node> {
        self.quorum
    }

    pub(crate) fn groups(&self) -> &[PolicyGroup] {
        &self.groups
    }

    /// # Panics
    ///
    /// Never for a node of this policy.
    pub(crate) fn name_of(&self, node: Node) -> &PolicyName {
        match node {
            Node::Witness(index) => &self.witnesses[index].name,
            Node::Group(index) => &self.groups[index].name,
        }
    }
}

impl PolicyLog {
    /// Its key line. The key's name is the log's origin.
    #[must_use]
    pub const fn key(&self) -> &VKey {
        &self.key
    }

    /// What the file gives as its address.
    #[must_use]
    pub const fn url(&self) -> Option<&PolicyName> {
        self.url.as_ref()
    }
}

impl PolicyWitness {
    /// A witness with these words; whether they can be words of a file is seen by
    /// [`Policy::flat`].
    #[must_use]
    pub fn new(name: &str, key: VKey, url: Option<&str>) -> Self {
        Self {
            name: PolicyName(name.into()),
            key,
            url: url.map(|url| PolicyName(url.into())),
        }
    }

    /// Its name in the file, which need not be that of its key.
    #[must_use]
    pub const fn name(&self) -> &PolicyName {
        &self.name
    }

    /// The key line of its cosignatures.
    #[must_use]
    pub const fn key(&self) -> &VKey {
        &self.key
    }

    /// What the file gives as its address: the prefix to which `/add-checkpoint` is appended.
    #[must_use]
    pub const fn url(&self) -> Option<&PolicyName> {
        self.url.as_ref()
    }
}

impl PolicyName {
    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text, where it is UTF-8.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        core::str::from_utf8(&self.0).ok()
    }
}

impl Threshold {
    /// How many of `members` are needed.
    #[must_use]
    pub const fn of(self, members: usize) -> usize {
        match self {
            Self::Any => 1,
            Self::All => members,
            Self::Count(count) => count,
        }
    }
}

/// Writes bytes as text: what is printable as it is, everything else escaped.
pub(crate) fn escape(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            // Characters that turn the direction of writing would make one name look like another.
            let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            if c.is_control() || turns {
                write!(f, "{}", c.escape_unicode())?;
            } else {
                f.write_char(c)?;
            }
        }
        for byte in chunk.invalid() {
            write!(f, "\\x{byte:02x}")?;
        }
    }
    Ok(())
}

impl fmt::Display for PolicyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        escape(f, &self.0)
    }
}

impl fmt::Debug for PolicyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PolicyName({self})")
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::All => f.write_str("all"),
            Self::Count(count) => count.fmt(f),
        }
    }
}
