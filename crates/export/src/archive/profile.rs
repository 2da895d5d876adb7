//! The two forms of archive that are read: our own, and the one that Python's `zipfile` writes.
//!
//! All other rules hold for both. What Python does differently stands in `docs/spec/package-archive.md`.

use super::error::{EntryRule, Header};
use super::format::{
    Central, HOST_UNIX, MAX32, PlainEnd, Resolved, VERSION_DEFLATE, VERSION_ZIP64, zip64_values,
};

/// Whose form an archive has to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Profile {
    /// That of [`ArchiveWriter`](super::ArchiveWriter).
    #[default]
    Own,
    /// That of `ZipFile.writestr` of Python 3.
    Python,
}

/// Python takes ZIP64's fields from here on, where ZIP itself would do without.
const PYTHON_LIMIT: u32 = (1 << 31) - 1;
/// The host system that Python names on Windows; the attributes are Unix's nevertheless.
const HOST_DOS: u8 = 0;
/// What `writestr` gives every file: `0600`, without a type.
const PYTHON_ATTRIBUTES: u32 = 0o600 << 16;

impl Profile {
    /// Checks the fields that the local header does not have.
    pub(super) fn check_central(self, central: &Central) -> Result<(), EntryRule> {
        if central.comment_len != 0 {
            return Err(EntryRule::Comment(central.comment_len));
        }
        if central.disk != 0 {
            return Err(EntryRule::MultiDisk(central.disk));
        }
        let [made_by, host] = central.made_by.to_le_bytes();
        if host != HOST_UNIX && !(self == Self::Python && host == HOST_DOS) {
            return Err(EntryRule::Host(host));
        }
        let regular = match self {
            // Type "regular" and permissions; neither set-user-id and the like nor DOS attributes.
            Self::Own => central.attributes & !(0o777 << 16) == 0o100_000 << 16,
            Self::Python => central.attributes == PYTHON_ATTRIBUTES,
        };
        if !regular {
            return Err(EntryRule::NotRegular(central.attributes));
        }
        if central.internal != 0 {
            return Err(EntryRule::InternalAttributes(central.internal));
        }
        let expected = match self {
            Self::Own => VERSION_ZIP64,
            // Python gives both versions the same number.
            Self::Python => central.common.version,
        };
        if u16::from(made_by) != expected {
            return Err(EntryRule::MadeBy {
                found: made_by,
                expected,
            });
        }
        Ok(())
    }

    /// The versions needed of the local and of the central header, by which of them has a ZIP64
    /// field.
    pub(super) fn versions(self, local: bool, central: bool) -> (u16, u16) {
        let version = |zip64| {
            if zip64 {
                VERSION_ZIP64
            } else {
                VERSION_DEFLATE
            }
        };
        match self {
            // An entry that is large in either header says so in both.
            Self::Own => (version(local || central), version(local || central)),
            Self::Python => (version(local), version(local || central)),
        }
    }

    /// Real sizes and offset of a record, from its fields or from ZIP64's where a field says so.
    /// There is one way to write each number.
    pub(super) fn resolve(self, central: &Central, extra: &[u8]) -> Result<Resolved, EntryRule> {
        let fields = [
            central.common.size,
            central.common.compressed,
            central.offset,
        ];
        let needed = fields.iter().filter(|field| **field == MAX32).count();
        let broken = || EntryRule::ExtraField(Header::Central);
        let mut values = zip64_values(extra, needed).ok_or_else(broken)?;
        let mut real = [0; 3];
        for (real, field) in real.iter_mut().zip(fields) {
            *real = match field {
                MAX32 => values.u64().ok_or_else(broken)?,
                field => field.into(),
            };
        }
        let [size, compressed, offset] = real;
        let as_written = match self {
            Self::Own => fields
                .iter()
                .zip(real)
                .all(|(field, value)| (*field == MAX32) == (value >= u64::from(MAX32))),
            Self::Python => {
                let large = |value| value > u64::from(PYTHON_LIMIT);
                let [size_field, compressed_field, offset_field] = fields.map(|f| f == MAX32);
                size_field == (large(size) || large(compressed))
                    && compressed_field == size_field
                    && offset_field == large(offset)
            }
        };
        if !as_written {
            return Err(broken());
        }
        Ok(Resolved {
            size,
            compressed,
            offset,
        })
    }

    /// Whether a local header may (or may not) have ZIP64's field with a file of this size.
    pub(super) fn check_local_zip64(self, zip64: bool, size: u64) -> Result<(), EntryRule> {
        // Python decides before it compresses, and leaves room for 5 % that it might add.
        let expected = size.saturating_mul(105) > u64::from(PYTHON_LIMIT) * 100;
        if self == Self::Python && zip64 != expected {
            return Err(EntryRule::ExtraField(Header::Local));
        }
        Ok(())
    }

    /// Whether ZIP64's end record stands in front of this end record.
    pub(super) const fn needs_zip64(self, end: PlainEnd) -> bool {
        match self {
            Self::Own => end.needs_zip64(),
            Self::Python => end.needs_zip64() || end.reaches_past(PYTHON_LIMIT),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No file of two gigabytes is needed to see where ZIP64 begins.
    #[test]
    fn zip64_begins_where_zip_ends_and_for_python_behind_two_gigabytes() {
        let end = |entries: u16, size: u32, offset: u32| {
            let mut record = [0; 22];
            record[..4].copy_from_slice(b"PK\x05\x06");
            record[8..10].copy_from_slice(&entries.to_le_bytes());
            record[10..12].copy_from_slice(&entries.to_le_bytes());
            record[12..16].copy_from_slice(&size.to_le_bytes());
            record[16..20].copy_from_slice(&offset.to_le_bytes());
            PlainEnd::parse(&record).unwrap_or_else(|rule| panic!("{rule:?}"))
        };
        for (end, own, python) in [
            (end(1, PYTHON_LIMIT, PYTHON_LIMIT), false, false),
            (end(1, PYTHON_LIMIT + 1, 0), false, true),
            (end(1, 0, PYTHON_LIMIT + 1), false, true),
            (end(1, MAX32 - 1, MAX32 - 1), false, true),
            (end(u16::MAX - 1, 0, 0), false, false),
            (end(u16::MAX, 0, 0), true, true),
            (end(1, MAX32, 0), true, true),
            (end(1, 0, MAX32), true, true),
        ] {
            assert_eq!(Profile::Own.needs_zip64(end), own, "{end:?}");
            assert_eq!(Profile::Python.needs_zip64(end), python, "{end:?}");
        }
    }
}
