//! Opening an archive: every header is checked before any content is read.

use super::entry_reader::EntryReader;
use super::error::{ArchiveError, ArchiveRule, EntryRule, Header, escaped};
use super::format::{
    self, CENTRAL_LEN, CENTRAL_ZIP64_MAX_LEN, Central, Common, END_LEN, End, LOCAL_LEN,
    LOCAL_ZIP64_LEN, Method, PlainEnd, Resolved, Take, ZIP64_END_LEN, ZIP64_LOCATOR_LEN,
};
use super::limits::Limits;
use super::name::{self, NameSet};
use super::profile::Profile;
use super::read_at::{ReadAt, fill};

/// An archive whose headers are in order. Contents are checked when they are read.
///
/// Any number of entries can be read at the same time.
#[derive(Debug)]
pub struct Archive<R> {
    source: R,
    entries: Vec<Entry>,
}

/// One file of an archive, as its headers describe it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub(super) index: usize,
    pub(super) name: String,
    pub(super) method: Method,
    pub(super) size: u64,
    pub(super) compressed: u64,
    pub(super) crc: u32,
    /// Offset of the data, after the local header.
    pub(super) data: u64,
}

impl Entry {
    /// Relative path with `/` between its components; printable ASCII.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How the bytes are kept.
    #[must_use]
    pub fn method(&self) -> Method {
        self.method
    }

    /// Declared size of the contents in bytes. An [`EntryReader`] yields exactly that or an error.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Size in the archive in bytes.
    #[must_use]
    pub fn compressed_size(&self) -> u64 {
        self.compressed
    }

    /// Declared CRC-32 of the contents: against accidents, not against forgery.
    #[must_use]
    pub fn crc32(&self) -> u32 {
        self.crc
    }
}

impl<R: ReadAt> Archive<R> {
    /// Reads and checks all headers.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::NotZip`] for another kind of file; the first rule broken, with the entry or
    /// the offset; the source's own errors.
    pub fn open(source: R, limits: Limits) -> Result<Self, ArchiveError> {
        Self::open_as(source, limits, Profile::Own)
    }

    /// As [`Archive::open`], for an archive of the form that `profile` says.
    ///
    /// # Errors
    ///
    /// As [`Archive::open`].
    pub fn open_as(source: R, limits: Limits, profile: Profile) -> Result<Self, ArchiveError> {
        let (directory, end) = read_directory(&source, &limits, profile)?;
        let entries = check_entries(&source, &directory, end, &limits, profile)?;
        Ok(Self { source, entries })
    }

    /// All entries in the order of their data.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry of exactly that name.
    #[must_use]
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// Streams the contents of the entry `name`. Takes about 80 KiB, whatever the entry's size.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::NoSuchEntry`]. Damage is reported while reading.
    pub fn reader(&self, name: &str) -> Result<EntryReader<'_, R>, ArchiveError> {
        let missing = || ArchiveError::NoSuchEntry {
            name: escaped(name.as_bytes()),
        };
        let entry = self.entry(name).ok_or_else(missing)?;
        Ok(EntryReader::new(&self.source, entry))
    }

    /// Reads the contents of a small entry of at most `max` bytes into memory.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::NoSuchEntry`], [`EntryRule::TooLarge`] before anything is read, and those
    /// of [`EntryReader`].
    pub fn read_to_vec(&self, name: &str, max: u64) -> Result<Vec<u8>, ArchiveError> {
        let mut reader = self.reader(name)?;
        let entry = reader.entry();
        if entry.size > max {
            let rule = EntryRule::TooLarge {
                size: entry.size,
                max,
            };
            return Err(ArchiveError::entry(entry.index, name.as_bytes(), rule));
        }
        // Grows with what really comes: the declared size may be a lie.
        let mut out = Vec::new();
        std::io::Read::read_to_end(&mut reader, &mut out)?;
        Ok(out)
    }

    /// Reads every entry to its end and keeps nothing.
    ///
    /// # Errors
    ///
    /// Those of [`EntryReader`], for the first entry that is damaged.
    pub fn check_contents(&self) -> Result<(), ArchiveError> {
        self.entries
            .iter()
            .try_for_each(|entry| EntryReader::new(&self.source, entry).finish())
    }

    /// The source.
    pub(crate) const fn source(&self) -> &R {
        &self.source
    }

    /// Gives the source back.
    pub fn into_inner(self) -> R {
        self.source
    }
}

/// Finds the end record and reads the directory, whose size is bounded by the number of entries.
fn read_directory<R: ReadAt>(
    source: &R,
    limits: &Limits,
    profile: Profile,
) -> Result<(Vec<u8>, End), ArchiveError> {
    let file_size = source.size()?;
    let mut start = [0; 4];
    let starts_like_zip = fill(source, &mut start, 0)? && super::is_zip(&start);
    let mut bytes = [0; END_LEN];
    let end_at = file_size.checked_sub(len(END_LEN));
    let plain = match end_at {
        Some(at) if fill(source, &mut bytes, at)? => PlainEnd::parse(&bytes),
        _ => Err(ArchiveRule::NoEndRecord),
    };
    let end_at = end_at.unwrap_or(0);
    let plain = plain.map_err(|rule| match rule {
        ArchiveRule::NoEndRecord if !starts_like_zip => ArchiveError::NotZip,
        rule => ArchiveError::archive(end_at, rule),
    })?;
    let (end, records_at) = read_zip64_end(source, plain, end_at, profile)?;
    let refused = |rule| ArchiveError::archive(records_at, rule);
    limits.check_count(end.entries).map_err(refused)?;
    if end.offset.checked_add(end.size) != Some(records_at) {
        let place = ArchiveRule::DirectoryPlace {
            start: end.offset,
            size: end.size,
            end: records_at,
        };
        return Err(refused(place));
    }
    // Before anything is allocated for it.
    let most = len(CENTRAL_LEN + CENTRAL_ZIP64_MAX_LEN).saturating_add(len(limits.max_name_len));
    let fits = len(CENTRAL_LEN).saturating_mul(end.entries)..=most.saturating_mul(end.entries);
    let wrong_size = || {
        refused(ArchiveRule::DirectorySize {
            size: end.size,
            entries: end.entries,
        })
    };
    if !fits.contains(&end.size) {
        return Err(wrong_size());
    }
    let mut directory = vec![0; usize::try_from(end.size).map_err(|_| wrong_size())?];
    if !fill(source, &mut directory, end.offset)? {
        return Err(ArchiveError::archive(end.offset, ArchiveRule::Truncated));
    }
    Ok((directory, end))
}

/// Replaces the plain end record by ZIP64's if it says so; gives also where the end records start.
fn read_zip64_end<R: ReadAt>(
    source: &R,
    plain: PlainEnd,
    end_at: u64,
    profile: Profile,
) -> Result<(End, u64), ArchiveError> {
    if !profile.needs_zip64(plain) {
        return Ok((plain.to_end(), end_at));
    }
    let mut bytes = [0; ZIP64_END_LEN + ZIP64_LOCATOR_LEN];
    let refused = |rule| ArchiveError::archive(end_at, rule);
    let at = end_at.checked_sub(len(bytes.len()));
    let at = at.ok_or_else(|| {
        refused(ArchiveRule::Zip64End(
            "announced, but there is no room for it",
        ))
    })?;
    if !fill(source, &mut bytes, at)? {
        return Err(refused(ArchiveRule::Truncated));
    }
    let end = End::parse_zip64(&bytes, at).map_err(|rule| ArchiveError::archive(at, rule))?;
    // Also refuses a ZIP64 record without need: then the plain record would not ask for one.
    if end.plain() != plain {
        return Err(refused(ArchiveRule::Zip64End(
            "the plain end record says something else",
        )));
    }
    Ok((end, at))
}

/// Walks through directory and local headers side by side.
fn check_entries<R: ReadAt>(
    source: &R,
    directory: &[u8],
    end: End,
    limits: &Limits,
    profile: Profile,
) -> Result<Vec<Entry>, ArchiveError> {
    let mut input = Take(directory);
    let mut entries: Vec<Entry> = Vec::new();
    let mut names = NameSet::default();
    let (mut next, mut total) = (0, 0);
    while !input.0.is_empty() {
        let index = entries.len();
        let at = end
            .offset
            .saturating_add(end.size)
            .saturating_sub(len(input.0.len()));
        // Also with a wrong count, the next thing has to be a record.
        let no_record = || ArchiveError::archive(at, ArchiveRule::DirectoryRecord(len(index)));
        let central = Central::take(&mut input).ok_or_else(no_record)?;
        let name = input.bytes(central.common.name_len).ok_or_else(no_record)?;
        let extra = input
            .bytes(central.common.extra_len)
            .ok_or_else(no_record)?;
        let refused = |rule| ArchiveError::entry(index, name, rule);

        let text = name::check(name, limits.max_name_len)
            .map_err(EntryRule::from)
            .map_err(refused)?;
        names
            .insert(text)
            .map_err(EntryRule::from)
            .map_err(refused)?;
        profile.check_central(&central).map_err(refused)?;
        let real = profile.resolve(&central, extra).map_err(refused)?;
        if real.offset != next {
            return Err(refused(EntryRule::Place {
                expected: next,
                found: real.offset,
            }));
        }
        // Flags that change the meaning of everything else come before a comparison.
        central.common.check_flags().map_err(refused)?;
        let local = read_local(source, index, name, next)?;
        let method = local
            .check(&central, extra, name, &real, profile)
            .map_err(refused)?;
        let data = next.saturating_add(local.len);
        let data_end = data
            .checked_add(real.compressed)
            .filter(|at| *at <= end.offset);
        next = data_end.ok_or_else(|| {
            refused(EntryRule::PastEnd {
                size: real.compressed,
                end: end.offset,
            })
        })?;
        if method == Method::Stored && real.compressed != real.size {
            let rule = EntryRule::StoredSize {
                compressed: real.compressed,
                size: real.size,
            };
            return Err(refused(rule));
        }
        limits
            .check_ratio(real.compressed, real.size)
            .map_err(refused)?;
        total = limits.add_size(total, real.size).map_err(refused)?;
        entries.push(Entry {
            index,
            name: text.to_owned(),
            method,
            size: real.size,
            compressed: real.compressed,
            crc: central.common.crc,
            data,
        });
    }
    if len(entries.len()) != end.entries {
        let rule = ArchiveRule::CountMismatch {
            declared: end.entries,
            found: len(entries.len()),
        };
        return Err(ArchiveError::archive(end.offset, rule));
    }
    if next != end.offset {
        return Err(ArchiveError::archive(
            next,
            ArchiveRule::Unaccounted(end.offset.saturating_sub(next)),
        ));
    }
    Ok(entries)
}

/// A local header as it was found.
struct Local {
    common: Common,
    name: Vec<u8>,
    extra: Vec<u8>,
    /// Length of the whole header in bytes.
    len: u64,
}

/// Reads the local header at `at`, where the entry before ended.
fn read_local<R: ReadAt>(
    source: &R,
    index: usize,
    name: &[u8],
    at: u64,
) -> Result<Local, ArchiveError> {
    let refused = |rule| ArchiveError::entry(index, name, rule);
    let missing = || refused(EntryRule::LocalHeader(at));
    let mut fixed = [0; LOCAL_LEN];
    if !fill(source, &mut fixed, at)? {
        return Err(missing());
    }
    let common = format::parse_local(&fixed).ok_or_else(missing)?;
    let extra_len = usize::from(common.extra_len);
    if extra_len > LOCAL_ZIP64_LEN {
        return Err(refused(EntryRule::ExtraField(Header::Local)));
    }
    let mut local_name = vec![0; usize::from(common.name_len)];
    let mut extra = vec![0; extra_len];
    let name_at = at.saturating_add(len(LOCAL_LEN));
    let extra_at = name_at.saturating_add(len(local_name.len()));
    if !fill(source, &mut local_name, name_at)? || !fill(source, &mut extra, extra_at)? {
        return Err(missing());
    }
    let len = len(LOCAL_LEN + local_name.len() + extra.len());
    Ok(Local {
        common,
        name: local_name,
        extra,
        len,
    })
}

impl Local {
    /// Holds the header against its record in the directory, field by field, and gives the method.
    fn check(
        &self,
        central: &Central,
        central_extra: &[u8],
        name: &[u8],
        real: &Resolved,
        profile: Profile,
    ) -> Result<Method, EntryRule> {
        let (ours, theirs) = (&self.common, &central.common);
        let differ = |field, local: String, central: String| {
            if local == central {
                Ok(())
            } else {
                Err(EntryRule::Mismatch {
                    field,
                    local,
                    central,
                })
            }
        };
        differ("name", escaped(&self.name), escaped(name))?;
        if self.name != name {
            // Names of which only what is not shown differs.
            return Err(EntryRule::LocalHeader(real.offset));
        }
        for (field, local, central) in [
            ("flags", ours.flags, theirs.flags),
            ("method", ours.method, theirs.method),
            ("time", ours.time, theirs.time),
            ("date", ours.date, theirs.date),
        ] {
            differ(field, local.to_string(), central.to_string())?;
        }
        differ(
            "CRC-32",
            format!("{:08x}", ours.crc),
            format!("{:08x}", theirs.crc),
        )?;
        let zip64 = !self.extra.is_empty();
        let (version, central_version) = profile.versions(zip64, !central_extra.is_empty());
        let method = theirs.check(central_version)?;
        differ(
            "version needed",
            ours.version.to_string(),
            version.to_string(),
        )?;
        profile.check_local_zip64(zip64, real.size)?;
        let (size, compressed) = format::resolve_local(ours, &self.extra)?;
        differ("size", size.to_string(), real.size.to_string())?;
        differ(
            "compressed size",
            compressed.to_string(),
            real.compressed.to_string(),
        )?;
        Ok(method)
    }
}

/// A length in memory as a length in a file.
fn len(len: usize) -> u64 {
    // No platform has a wider usize.
    u64::try_from(len).unwrap_or(u64::MAX)
}
