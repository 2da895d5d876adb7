//! The ZIP records: layout, and the choices that the writer makes and the reader insists on.
//!
//! Field by field after PKWARE's APPNOTE 6.3.10, sections 4.3.7, 4.3.12 and 4.3.14 to 4.3.16. All numbers are little-endian.

use super::error::{ArchiveRule, EntryRule, Header};

/// How a file's bytes stand in the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// As they are (ZIP method 0).
    Stored,
    /// Compressed by deflate, RFC 1951 (ZIP method 8).
    Deflated,
}

pub(super) const LOCAL_SIGNATURE: [u8; 4] = *b"PK\x03\x04";
pub(super) const CENTRAL_SIGNATURE: [u8; 4] = *b"PK\x01\x02";
pub(super) const END_SIGNATURE: [u8; 4] = *b"PK\x05\x06";
const ZIP64_END_SIGNATURE: [u8; 4] = *b"PK\x06\x06";
const ZIP64_LOCATOR_SIGNATURE: [u8; 4] = *b"PK\x06\x07";

/// Lengths of the fixed parts in bytes, signatures included.
pub(super) const LOCAL_LEN: usize = 30;
pub(super) const CENTRAL_LEN: usize = 46;
pub(super) const END_LEN: usize = 22;
pub(super) const ZIP64_END_LEN: usize = 56;
pub(super) const ZIP64_LOCATOR_LEN: usize = 20;
/// The local ZIP64 field with its own header: both sizes.
pub(super) const LOCAL_ZIP64_LEN: usize = 20;
/// The longest central ZIP64 field with its own header: both sizes and the offset.
pub(super) const CENTRAL_ZIP64_MAX_LEN: usize = 28;
/// Where in a local header the CRC and the two sizes stand, and where the ZIP64 sizes stand after
/// the name.
pub(super) const LOCAL_CRC_AT: u64 = 14;
pub(super) const LOCAL_ZIP64_SIZES_AT: u64 = 4;

/// A 32-bit field with this value says "look into the ZIP64 field".
pub(super) const MAX32: u32 = u32::MAX;
const MAX16: u16 = u16::MAX;

const ZIP64_TAG: u16 = 1;
/// ZIP version that knows deflate; also given for stored files, one number less to vary.
pub(super) const VERSION_DEFLATE: u16 = 20;
pub(super) const VERSION_ZIP64: u16 = 45;
pub(super) const HOST_UNIX: u8 = 3;
const MADE_BY: u16 = ((HOST_UNIX as u16) << 8) | VERSION_ZIP64;
/// 1980-01-01, the first day that DOS knows.
const DATE: u16 = (1 << 5) | 1;
const TIME: u16 = 0;
/// A regular file with mode 0644, in the upper half as Unix does it.
const ATTRIBUTES: u32 = 0o100_644 << 16;
const FLAG_ENCRYPTED: u16 = 1;
const FLAG_DESCRIPTOR: u16 = 1 << 3;
const FLAG_STRONG_ENCRYPTION: u16 = 1 << 6;
const FLAG_MASKED_HEADERS: u16 = 1 << 13;

/// What both headers of an entry say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Common {
    pub(super) version: u16,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) time: u16,
    pub(super) date: u16,
    pub(super) crc: u32,
    pub(super) compressed: u32,
    pub(super) size: u32,
    pub(super) name_len: u16,
    pub(super) extra_len: u16,
}

impl Common {
    /// The writer's header, still without sizes.
    pub(super) fn new(method: Method, name_len: u16, zip64: bool) -> Self {
        Self {
            version: if zip64 {
                VERSION_ZIP64
            } else {
                VERSION_DEFLATE
            },
            flags: 0,
            method: match method {
                Method::Stored => 0,
                Method::Deflated => 8,
            },
            time: TIME,
            date: DATE,
            crc: 0,
            compressed: 0,
            size: 0,
            name_len,
            extra_len: 0,
        }
    }

    fn push(&self, out: &mut Vec<u8>) {
        for field in [self.version, self.flags, self.method, self.time, self.date] {
            out.extend(field.to_le_bytes());
        }
        for field in [self.crc, self.compressed, self.size] {
            out.extend(field.to_le_bytes());
        }
        for field in [self.name_len, self.extra_len] {
            out.extend(field.to_le_bytes());
        }
    }

    fn take(input: &mut Take<'_>) -> Option<Self> {
        Some(Self {
            version: input.u16()?,
            flags: input.u16()?,
            method: input.u16()?,
            time: input.u16()?,
            date: input.u16()?,
            crc: input.u32()?,
            compressed: input.u32()?,
            size: input.u32()?,
            name_len: input.u16()?,
            extra_len: input.u16()?,
        })
    }

    /// Checks what can be checked in one header, and gives the method.
    pub(super) fn check(&self, version: u16) -> Result<Method, EntryRule> {
        self.check_flags()?;
        let method = match self.method {
            0 => Method::Stored,
            8 => Method::Deflated,
            other => return Err(EntryRule::Method(other)),
        };
        if self.version != version {
            return Err(EntryRule::VersionNeeded {
                found: self.version,
                expected: version,
            });
        }
        Ok(method)
    }

    pub(super) fn check_flags(&self) -> Result<(), EntryRule> {
        if self.flags & (FLAG_ENCRYPTED | FLAG_STRONG_ENCRYPTION | FLAG_MASKED_HEADERS) != 0 {
            return Err(EntryRule::Encrypted);
        }
        if self.flags & FLAG_DESCRIPTOR != 0 {
            return Err(EntryRule::DataDescriptor);
        }
        if self.flags != 0 {
            return Err(EntryRule::Flags(self.flags));
        }
        Ok(())
    }
}

/// Local header without name and extra field.
pub(super) fn local_header(common: &Common) -> Vec<u8> {
    let mut out = LOCAL_SIGNATURE.to_vec();
    common.push(&mut out);
    out
}

pub(super) fn parse_local(bytes: &[u8; LOCAL_LEN]) -> Option<Common> {
    let mut input = Take(bytes);
    (input.array()? == LOCAL_SIGNATURE).then_some(())?;
    Common::take(&mut input)
}

/// ZIP64 extra field with the given values.
pub(super) fn zip64_extra(values: &[u64]) -> Vec<u8> {
    let mut out = ZIP64_TAG.to_le_bytes().to_vec();
    // Never more than three values.
    out.extend(u16::try_from(values.len() * 8).unwrap_or(0).to_le_bytes());
    out.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    out
}

/// Record of the central directory without name and extra field.
#[derive(Debug, Clone, Copy)]
pub(super) struct Central {
    pub(super) common: Common,
    pub(super) made_by: u16,
    pub(super) comment_len: u16,
    pub(super) disk: u16,
    pub(super) internal: u16,
    pub(super) attributes: u32,
    pub(super) offset: u32,
}

impl Central {
    pub(super) fn new(common: Common, offset: u32) -> Self {
        Self {
            common,
            made_by: MADE_BY,
            comment_len: 0,
            disk: 0,
            internal: 0,
            attributes: ATTRIBUTES,
            offset,
        }
    }

    pub(super) fn push(&self, out: &mut Vec<u8>) {
        out.extend(CENTRAL_SIGNATURE);
        out.extend(self.made_by.to_le_bytes());
        self.common.push(out);
        for field in [self.comment_len, self.disk, self.internal] {
            out.extend(field.to_le_bytes());
        }
        for field in [self.attributes, self.offset] {
            out.extend(field.to_le_bytes());
        }
    }

    pub(super) fn take(input: &mut Take<'_>) -> Option<Self> {
        (input.array()? == CENTRAL_SIGNATURE).then_some(())?;
        let made_by = input.u16()?;
        Some(Self {
            common: Common::take(input)?,
            made_by,
            comment_len: input.u16()?,
            disk: input.u16()?,
            internal: input.u16()?,
            attributes: input.u32()?,
            offset: input.u32()?,
        })
    }
}

/// The real numbers of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Resolved {
    pub(super) size: u64,
    pub(super) compressed: u64,
    pub(super) offset: u64,
}

/// Real size and compressed size of a local header.
pub(super) fn resolve_local(common: &Common, extra: &[u8]) -> Result<(u64, u64), EntryRule> {
    let broken = || EntryRule::ExtraField(Header::Local);
    match (common.size == MAX32, common.compressed == MAX32) {
        (false, false) if extra.is_empty() => Ok((common.size.into(), common.compressed.into())),
        (true, true) => {
            let mut values = zip64_values(extra, 2).ok_or_else(broken)?;
            values.u64().zip(values.u64()).ok_or_else(broken)
        }
        _ => Err(broken()),
    }
}

/// The values of an extra area that must hold a ZIP64 field of `count` values and nothing else,
/// or nothing at all if `count` is 0.
pub(super) fn zip64_values(extra: &[u8], count: usize) -> Option<Take<'_>> {
    let mut input = Take(extra);
    if count > 0 {
        (input.u16()? == ZIP64_TAG).then_some(())?;
        (usize::from(input.u16()?) == count * 8).then_some(())?;
    }
    (input.0.len() == count * 8).then_some(input)
}

/// What the end records say about the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    pub(super) entries: u64,
    pub(super) size: u64,
    pub(super) offset: u64,
}

impl End {
    /// All records from the end of the directory to the end of the file; ZIP64's only if needed.
    pub(super) fn to_bytes(self) -> Vec<u8> {
        let mut out = Vec::new();
        let plain = self.plain();
        if plain.needs_zip64() {
            out.extend(ZIP64_END_SIGNATURE);
            out.extend(44_u64.to_le_bytes()); // the rest of this record
            out.extend(MADE_BY.to_le_bytes());
            out.extend(VERSION_ZIP64.to_le_bytes());
            out.extend([0; 8]); // disk numbers
            for field in [self.entries, self.entries, self.size, self.offset] {
                out.extend(field.to_le_bytes());
            }
            out.extend(ZIP64_LOCATOR_SIGNATURE);
            out.extend([0; 4]); // disk number
            out.extend(self.offset.saturating_add(self.size).to_le_bytes());
            out.extend(1_u32.to_le_bytes()); // disks
        }
        out.extend(END_SIGNATURE);
        out.extend([0; 4]); // disk numbers
        out.extend(plain.entries.to_le_bytes());
        out.extend(plain.entries.to_le_bytes());
        out.extend(plain.size.to_le_bytes());
        out.extend(plain.offset.to_le_bytes());
        out.extend([0; 2]); // comment length
        out
    }

    /// What the plain end record has to say.
    pub(super) fn plain(self) -> PlainEnd {
        PlainEnd {
            entries: u16::try_from(self.entries).unwrap_or(MAX16),
            size: saturate(self.size),
            offset: saturate(self.offset),
        }
    }

    /// Reads ZIP64's end record, which starts at `start`, and its locator.
    pub(super) fn parse_zip64(
        bytes: &[u8; ZIP64_END_LEN + ZIP64_LOCATOR_LEN],
        start: u64,
    ) -> Result<Self, ArchiveRule> {
        Self::take_zip64(&mut Take(bytes), start).unwrap_or(Err(ArchiveRule::Truncated))
    }

    fn take_zip64(input: &mut Take<'_>, start: u64) -> Option<Result<Self, ArchiveRule>> {
        let wrong = |what| Some(Err(ArchiveRule::Zip64End(what)));
        if input.array()? != ZIP64_END_SIGNATURE {
            return wrong("expected it in front of its locator and the end record");
        }
        if input.u64()? != 44 {
            return wrong("its length must be 44");
        }
        let (made_by, version) = (input.u16()?, input.u16()?);
        // Python names no system here.
        if made_by != MADE_BY && made_by != VERSION_ZIP64 {
            return wrong("made by must be version 45, on Unix or without a system");
        }
        if version != VERSION_ZIP64 {
            return wrong("version needed must be 45");
        }
        if input.u64()? != 0 {
            return Some(Err(ArchiveRule::MultiDisk));
        }
        let (this_disk, total) = (input.u64()?, input.u64()?);
        if this_disk != total {
            return Some(Err(ArchiveRule::Counts { this_disk, total }));
        }
        let end = Self {
            entries: total,
            size: input.u64()?,
            offset: input.u64()?,
        };
        if input.array()? != ZIP64_LOCATOR_SIGNATURE {
            return wrong("expected its locator in front of the end record");
        }
        let (disk, place, disks) = (input.u32()?, input.u64()?, input.u32()?);
        if disk != 0 || disks != 1 {
            return Some(Err(ArchiveRule::MultiDisk));
        }
        if place != start {
            return wrong("its locator points elsewhere");
        }
        Some(Ok(end))
    }
}

/// The numbers of the plain end record, all ones where a number does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PlainEnd {
    entries: u16,
    size: u32,
    offset: u32,
}

impl PlainEnd {
    pub(super) fn parse(bytes: &[u8; END_LEN]) -> Result<Self, ArchiveRule> {
        Self::take(&mut Take(bytes)).unwrap_or(Err(ArchiveRule::NoEndRecord))
    }

    fn take(input: &mut Take<'_>) -> Option<Result<Self, ArchiveRule>> {
        (input.array()? == END_SIGNATURE).then_some(())?;
        if input.u32()? != 0 {
            return Some(Err(ArchiveRule::MultiDisk));
        }
        let (this_disk, entries) = (input.u16()?, input.u16()?);
        if this_disk != entries {
            let counts = ArchiveRule::Counts {
                this_disk: this_disk.into(),
                total: entries.into(),
            };
            return Some(Err(counts));
        }
        let end = Self {
            entries,
            size: input.u32()?,
            offset: input.u32()?,
        };
        let comment = input.u16()?;
        Some(if comment == 0 {
            Ok(end)
        } else {
            Err(ArchiveRule::Comment(comment))
        })
    }

    pub(super) const fn needs_zip64(self) -> bool {
        self.entries == MAX16 || self.size == MAX32 || self.offset == MAX32
    }

    /// Whether the directory is longer, or begins further on, than `limit`.
    pub(super) const fn reaches_past(self, limit: u32) -> bool {
        self.size > limit || self.offset > limit
    }

    pub(super) fn to_end(self) -> End {
        End {
            entries: self.entries.into(),
            size: self.size.into(),
            offset: self.offset.into(),
        }
    }
}

/// A 32-bit field for `value`: all ones if the value stands in ZIP64's field.
pub(super) fn saturate(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(MAX32)
}

/// Takes numbers from the front of some bytes; `None` when they run out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Take<'a>(pub(super) &'a [u8]);

impl<'a> Take<'a> {
    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*first)
    }

    pub(super) fn bytes(&mut self, len: u16) -> Option<&'a [u8]> {
        let (first, rest) = self.0.split_at_checked(len.into())?;
        self.0 = rest;
        Some(first)
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }
}
