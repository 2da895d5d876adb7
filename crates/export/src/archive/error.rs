//! Why an archive is refused or cannot be written: the rule that is broken, and where.

use std::io;

use thiserror::Error;

use super::name::NameRule;

/// What can go wrong with an archive.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// The file is something else.
    #[error("this is not an evidence package: the file is no ZIP archive")]
    NotZip,

    /// The archive as a whole breaks a rule.
    #[error("archive refused at offset {offset}: {rule}")]
    Archive {
        /// Offset in bytes of the record that is wrong, from the start of the file.
        offset: u64,
        /// What the record breaks.
        rule: ArchiveRule,
    },

    /// An entry breaks a rule, in its headers or in its contents.
    #[error("archive entry {index} \"{name}\" refused: {rule}")]
    Entry {
        /// Position in the central directory, from 0.
        index: usize,
        /// The name, with unprintable bytes escaped, and shortened if it is very long.
        name: String,
        /// What the entry breaks.
        rule: EntryRule,
    },

    /// The caller asked for an entry that the archive does not have.
    #[error("the archive has no entry \"{name}\"")]
    NoSuchEntry {
        /// The name asked for, escaped.
        name: String,
    },

    /// The caller did not finish a file, or writing it failed: the archive cannot be completed.
    #[error("the archive cannot be completed: entry \"{name}\" was started and not finished")]
    Unfinished {
        /// Name of that file.
        name: String,
    },

    /// The writer was given a destination whose position is not its start.
    #[error("an archive must start at position 0 of its file, not at {position}")]
    NotAtStart {
        /// The position found, in bytes.
        position: u64,
    },

    /// Reading the source or writing the destination failed.
    #[error(transparent)]
    Io(io::Error),
}

/// Rules for the archive as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ArchiveRule {
    /// No end record where the file ends.
    #[error(
        "expected the end record in the last 22 bytes; the file is cut short, or a comment or \
         other data follows the archive"
    )]
    NoEndRecord,
    /// The end record announces a comment.
    #[error("the end record announces a comment of {0} bytes; comments are not allowed")]
    Comment(u16),
    /// More than one disk.
    #[error("the archive claims to be split over several disks")]
    MultiDisk,
    /// The two entry counts of an end record differ.
    #[error("the end record counts {this_disk} entries on this disk and {total} in total")]
    Counts {
        /// Entries on this disk.
        this_disk: u64,
        /// Entries in total.
        total: u64,
    },
    /// The count is not that of the directory.
    #[error("the end record counts {declared} entries, the central directory holds {found}")]
    CountMismatch {
        /// Count in the end record.
        declared: u64,
        /// Entries found before the directory ended or something else followed.
        found: u64,
    },
    /// More entries than [`Limits`](super::Limits) allow.
    #[error("{found} entries, at most {max} are allowed")]
    TooManyEntries {
        /// Number of entries declared or written.
        found: u64,
        /// The limit.
        max: u64,
    },
    /// The directory does not end where the end record starts: prefix, gap or overlap.
    #[error(
        "the central directory is declared at offset {start} with {size} bytes, but must end \
         where the end record starts, at offset {end}: data in front, in between or overlapping"
    )]
    DirectoryPlace {
        /// Declared offset.
        start: u64,
        /// Declared size in bytes.
        size: u64,
        /// Where it has to end.
        end: u64,
    },
    /// The directory cannot have that size with that many entries.
    #[error("a central directory of {size} bytes does not fit {entries} entries")]
    DirectorySize {
        /// Declared size in bytes.
        size: u64,
        /// Declared number of entries.
        entries: u64,
    },
    /// A record's fixed part does not fit into the directory, or has another signature.
    #[error("expected central directory record {0}")]
    DirectoryRecord(u64),
    /// The files do not reach to the directory.
    #[error("{0} bytes before the central directory belong to no entry")]
    Unaccounted(u64),
    /// Something is wrong with the ZIP64 end record or its locator.
    #[error("ZIP64 end record: {0}")]
    Zip64End(&'static str),
    /// The file got shorter while it was being read.
    #[error("the file ends before the record does")]
    Truncated,
}

/// Rules for one entry.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EntryRule {
    /// The name.
    #[error(transparent)]
    Name(#[from] NameRule),
    /// Encryption flags.
    #[error("it is encrypted")]
    Encrypted,
    /// Sizes behind the data.
    #[error("it uses a data descriptor; sizes must stand in the header")]
    DataDescriptor,
    /// Any other flag.
    #[error("general purpose flags {0:#06x}, expected 0")]
    Flags(u16),
    /// A compression method other than 0 and 8.
    #[error("compression method {0}, expected 0 (stored) or 8 (deflated)")]
    Method(u16),
    /// Version needed to extract.
    #[error("version needed {found}, expected {expected}")]
    VersionNeeded {
        /// The field as it is.
        found: u16,
        /// What the entry has to have.
        expected: u16,
    },
    /// Host system, on which the meaning of the attributes depends.
    #[error("made on host system {0}, expected 3 (Unix)")]
    Host(u8),
    /// Version of the writer: 45 in our own form, the version needed in Python's.
    #[error("made by version {found}, expected {expected}")]
    MadeBy {
        /// What the header says.
        found: u8,
        /// What writers of this form say.
        expected: u16,
    },
    /// Symbolic link, directory, device, or permissions that a plain file has no use for.
    #[error("external attributes {0:#010x} are not those of a regular file")]
    NotRegular(u32),
    /// Internal attributes.
    #[error("internal attributes {0:#06x}, expected 0")]
    InternalAttributes(u16),
    /// A comment.
    #[error("it has a comment of {0} bytes; comments are not allowed")]
    Comment(u16),
    /// On another disk.
    #[error("it claims to start on disk {0}")]
    MultiDisk(u16),
    /// Extra fields other than a needed ZIP64 field.
    #[error("{0} header: extra field other than a needed and well-formed ZIP64 field")]
    ExtraField(Header),
    /// A header that is not where it must be, or is no header.
    #[error("expected its local header at offset {0}")]
    LocalHeader(u64),
    /// The two headers disagree.
    #[error("{field}: local header says {local}, central directory says {central}")]
    Mismatch {
        /// Field that differs.
        field: &'static str,
        /// Value (escaped) in the local header.
        local: String,
        /// Value (escaped) in the central directory.
        central: String,
    },
    /// Not where the previous entry ends: prefix, gap or overlap.
    #[error("it starts at offset {found}, expected {expected}: a gap, an overlap or data in front")]
    Place {
        /// End of the previous entry, or 0.
        expected: u64,
        /// Declared offset.
        found: u64,
    },
    /// Reaches into the directory.
    #[error("its {size} bytes of data reach past offset {end}, where the central directory starts")]
    PastEnd {
        /// Declared compressed size.
        size: u64,
        /// Start of the directory.
        end: u64,
    },
    /// A stored file whose two sizes differ.
    #[error("stored with {compressed} bytes for a size of {size}")]
    StoredSize {
        /// Declared compressed size.
        compressed: u64,
        /// Declared size.
        size: u64,
    },
    /// Expands too much.
    #[error(
        "{compressed} bytes expand to {size}, more than {max} to 1: a decompression bomb, or \
         contents to be stored instead"
    )]
    Ratio {
        /// Compressed size.
        compressed: u64,
        /// Declared or reached size.
        size: u64,
        /// The limit.
        max: u64,
    },
    /// Together with the entries before, more than allowed.
    #[error("it brings the archive's contents to {total} bytes, at most {max} are allowed")]
    TotalSize {
        /// Sum of the sizes up to this entry.
        total: u64,
        /// The limit.
        max: u64,
    },
    /// A large file in an entry that was started for a small one.
    #[error("it reaches 4 GiB; it must be started as a large file")]
    NotLarge,
    /// The compressed data are no deflate stream.
    #[error("its compressed data are damaged after {0} bytes of content")]
    Damaged(u64),
    /// The contents end too early.
    #[error("its contents end after {found} bytes, {declared} are declared")]
    TooShort {
        /// Bytes there are.
        found: u64,
        /// Bytes declared.
        declared: u64,
    },
    /// The contents go on.
    #[error("its contents go on after the declared {0} bytes")]
    TooLong(u64),
    /// Bytes behind the end of the compressed stream.
    #[error("{0} bytes follow the end of its compressed data")]
    LeftOver(u64),
    /// Checksum of the contents.
    #[error("CRC-32 of its contents is {found:08x}, {declared:08x} is declared")]
    Crc {
        /// CRC-32 of the contents.
        found: u32,
        /// CRC-32 in the headers.
        declared: u32,
    },
    /// Its contents were refused before.
    #[error("reading it has already failed")]
    FailedBefore,
    /// Longer than the caller is ready to take into memory.
    #[error("{size} bytes, at most {max} are taken here")]
    TooLarge {
        /// Declared size.
        size: u64,
        /// The caller's limit.
        max: u64,
    },
}

/// Which of the two headers of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Header {
    /// The one in front of the data.
    Local,
    /// The one in the central directory.
    Central,
}

impl core::fmt::Display for Header {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Local => "local",
            Self::Central => "central",
        })
    }
}

impl ArchiveError {
    pub(super) fn archive(offset: u64, rule: ArchiveRule) -> Self {
        Self::Archive { offset, rule }
    }

    pub(super) fn entry(index: usize, name: &[u8], rule: impl Into<EntryRule>) -> Self {
        Self::Entry {
            index,
            name: escaped(name),
            rule: rule.into(),
        }
    }
}

/// Takes an error of this module out of the `io::Error` that carried it through `Read` or `Write`.
impl From<io::Error> for ArchiveError {
    fn from(error: io::Error) -> Self {
        error.downcast::<Self>().unwrap_or_else(Self::Io)
    }
}

/// For the `Read` and `Write` implementations; `From` gives the original back.
impl From<ArchiveError> for io::Error {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::Io(error) => error,
            other => Self::new(io::ErrorKind::InvalidData, other),
        }
    }
}

/// Printable form of bytes that an enemy may have chosen, at most about 120 characters long.
pub(super) fn escaped(bytes: &[u8]) -> String {
    const SHOWN: usize = 120;
    let mut text: String = bytes
        .iter()
        .take(SHOWN)
        .flat_map(|b| b.escape_ascii())
        .map(char::from)
        .collect();
    if bytes.len() > SHOWN {
        text.push_str("...");
    }
    text
}
