//! The container of evidence packages: a small, strict and deterministic subset of ZIP.
//!
//! ZIP describes every file twice, lets anything hide between the files, and has fields that
//! readers interpret differently. An evidence package must mean the same to every reader, so this
//! module writes one plain form and its reader refuses everything else.
//!
//! # The subset
//!
//! * The files follow each other from offset 0 without gaps, in the order of the central
//!   directory; the directory follows the last file, the end record follows the directory, and
//!   nothing follows the end record. No prefix, no comments, one disk.
//! * A file is stored or deflated. No encryption and no data descriptors: the general purpose
//!   flags are zero. Local and central header say the same in every field that both have.
//! * Names are relative paths of printable ASCII with `/` between the components, safe on every
//!   usual file system (see [`NameRule`]), and no two of them differ only by case. Every entry is a regular
//!   file; folders exist only as parts of names.
//! * The only extra field is ZIP64's, and only where a 32-bit field is too small: in the central
//!   header for exactly the values of 4 GiB − 1 and more; in the local header for both sizes or
//!   neither, decided by [`ArchiveWriter::start_large_file`] before the size is known. ZIP64's end record and
//!   locator are there if the plain end record is too small, and not otherwise.
//!
//! [`Archive::open_as`] reads the form that Python's `zipfile` writes as well, under the same rules but for a
//! few fields ([`Profile`]).
//!
//! # Reading what an enemy wrote
//!
//! [`Archive::open`] checks all of that, and the declared sizes against [`Limits`], from the
//! headers alone: it keeps the directory in memory (21 KiB at most with the default limits) and
//! no contents. An [`EntryReader`] never yields more bytes than were declared, and its last byte
//! only if size, CRC-32 and the exact end of the compressed stream fit. An archive inside the archive is a file
//! like any other and is never opened. All this says nothing about who wrote the files: for that
//! there is the signed manifest.
//!
//! # The same bytes for the same input
//!
//! [`ArchiveWriter`] dates everything 1980-01-01 and compresses in fixed steps with a fixed level of
//! `miniz_oxide`, called directly: through `flate2` another crate of the final program could
//! switch the compressor by a feature, and packages would change their bytes. The output depends
//! on neither the machine nor the sizes of the caller's writes. A different version of `miniz_oxide` may compress
//! differently; the files inside remain the same.
//!
//! # Example
//!
//! ```
//! use std::io::{Cursor, Read, Write};
//! use ai_audit_export::archive::{Archive, ArchiveWriter, Limits, Method};
//!
//! let mut writer = ArchiveWriter::new(Cursor::new(Vec::new()))?;
//! let mut file = writer.start_file("notes/hello.txt", Method::Deflated)?;
//! file.write_all(b"hello")?;
//! file.finish()?;
//! let bytes = writer.finish()?.into_inner();
//!
//! let archive = Archive::open(bytes, Limits::default())?;
//! let mut text = String::new();
//! archive.reader("notes/hello.txt")?.read_to_string(&mut text)?;
//! assert_eq!(text, "hello");
//! # Ok::<(), ai_audit_export::archive::ArchiveError>(())
//! ```

mod entry_reader;
mod error;
mod format;
mod limits;
mod name;
mod peek;
mod profile;
mod read_at;
mod reader;
mod writer;

pub use entry_reader::EntryReader;
pub use error::{ArchiveError, ArchiveRule, EntryRule, Header};
pub use format::Method;
pub use limits::Limits;
pub use name::NameRule;
pub(crate) use name::plain_name;
pub(crate) use peek::peek_names;
pub use profile::Profile;
pub use read_at::ReadAt;
pub use reader::{Archive, Entry};
pub use writer::{ArchiveWriter, FileWriter, PACKAGE_LEVEL};

/// Whether a file that begins with `prefix` (4 bytes are enough) claims to be a ZIP archive.
///
/// It decides how to read the file, not whether it is a good one: that is [`Archive::open`]'s task.
///
/// ```
/// use ai_audit_export::archive::is_zip;
/// assert!(is_zip(b"PK\x03\x04 and so on"));
/// assert!(!is_zip(b"{\"receipts\": []}"));
/// ```
#[must_use]
pub fn is_zip(prefix: &[u8]) -> bool {
    prefix.starts_with(&format::LOCAL_SIGNATURE) || prefix.starts_with(&format::END_SIGNATURE)
}
