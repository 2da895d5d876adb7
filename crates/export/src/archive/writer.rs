//! Writing an archive: one file after the other, the same bytes for the same input.

use std::io::{self, Seek, SeekFrom, Write};

use miniz_oxide::deflate::core::{CompressorOxide, create_comp_flags_from_zip_params};
use miniz_oxide::deflate::stream::deflate;
use miniz_oxide::{MZFlush, MZStatus};

use super::error::{ArchiveError, ArchiveRule, EntryRule};
use super::format::{
    self, Central, Common, End, LOCAL_CRC_AT, LOCAL_LEN, LOCAL_ZIP64_LEN, LOCAL_ZIP64_SIZES_AT,
    MAX32, Method, saturate,
};
use super::limits::Limits;
use super::name::{self, NameSet};

/// Contents are compressed in pieces of this size, whatever the sizes of the caller's writes.
const PIECE: usize = 1 << 15;
/// [`LOCAL_ZIP64_LEN`] as a header has it.
const LOCAL_ZIP64_LEN_FIELD: u16 = 20;
const _: () = assert!(LOCAL_ZIP64_LEN == 20);
/// The level of compression: the fastest. Hashes, keys and ids do not get shorter anyway: a package of
/// decisions is 8 % longer than at zlib's usual level 6 and takes a quarter of the time.
pub const PACKAGE_LEVEL: u8 = 1;

/// Writes an archive, which [`Archive`](super::Archive) reads under the default limits.
///
/// The destination is written from its start; each entry's header is completed when the entry is.
#[derive(Debug)]
pub struct ArchiveWriter<W> {
    out: W,
    limits: Limits,
    position: u64,
    total: u64,
    names: NameSet,
    entries: Vec<Written>,
    open: Option<String>,
}

#[derive(Debug)]
struct Written {
    name: String,
    common: Common,
    compressed: u64,
    size: u64,
    offset: u64,
}

/// Takes the contents of one file. [`FileWriter::finish`] completes it; dropped before, the archive
/// cannot be completed.
pub struct FileWriter<'w, W: Write + Seek> {
    archive: &'w mut ArchiveWriter<W>,
    common: Common,
    large: bool,
    offset: u64,
    compressor: Option<Box<CompressorOxide>>,
    piece: Vec<u8>,
    crc: crc32fast::Hasher,
    size: u64,
    compressed: u64,
}

impl<W: Write + Seek> ArchiveWriter<W> {
    /// An archive without files.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::NotAtStart`] if something was written before, and the destination's own.
    pub fn new(mut out: W) -> Result<Self, ArchiveError> {
        let position = out.stream_position()?;
        if position != 0 {
            return Err(ArchiveError::NotAtStart { position });
        }
        Ok(Self {
            out,
            limits: Limits::default(),
            position,
            total: 0,
            names: NameSet::default(),
            entries: Vec::new(),
            open: None,
        })
    }

    /// Starts a file of less than 4 GiB.
    ///
    /// # Errors
    ///
    /// A rule that the name breaks, too many files, an unfinished file, the destination's own.
    pub fn start_file(
        &mut self,
        name: &str,
        method: Method,
    ) -> Result<FileWriter<'_, W>, ArchiveError> {
        self.start(name, method, false)
    }

    /// Starts a file that may have 4 GiB and more.
    ///
    /// # Errors
    ///
    /// As [`ArchiveWriter::start_file`].
    pub fn start_large_file(
        &mut self,
        name: &str,
        method: Method,
    ) -> Result<FileWriter<'_, W>, ArchiveError> {
        self.start(name, method, true)
    }

    /// Writes the directory and gives the destination back, at its end and not flushed.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::Unfinished`], and the destination's own.
    pub fn finish(mut self) -> Result<W, ArchiveError> {
        self.check_finished()?;
        let mut directory = Vec::new();
        for entry in &self.entries {
            let fields = [entry.size, entry.compressed, entry.offset];
            let large: Vec<u64> = fields
                .into_iter()
                .filter(|value| *value >= u64::from(MAX32))
                .collect();
            let extra = if large.is_empty() {
                Vec::new()
            } else {
                format::zip64_extra(&large)
            };
            let mut common = entry.common;
            common.size = saturate(entry.size);
            common.compressed = saturate(entry.compressed);
            // At most 28 bytes.
            common.extra_len = u16::try_from(extra.len()).unwrap_or(0);
            Central::new(common, saturate(entry.offset)).push(&mut directory);
            directory.extend(entry.name.as_bytes());
            directory.extend(extra);
        }
        let end = End {
            entries: self.entries.len() as u64,
            size: directory.len() as u64,
            offset: self.position,
        };
        self.out.write_all(&directory)?;
        self.out.write_all(&end.to_bytes())?;
        Ok(self.out)
    }

    fn start(
        &mut self,
        name: &str,
        method: Method,
        large: bool,
    ) -> Result<FileWriter<'_, W>, ArchiveError> {
        self.check_finished()?;
        let index = self.entries.len();
        let refused = |rule: EntryRule| ArchiveError::entry(index, name.as_bytes(), rule);
        name::check(name.as_bytes(), self.limits.max_name_len)
            .map_err(EntryRule::from)
            .map_err(refused)?;
        self.names
            .insert(name)
            .map_err(EntryRule::from)
            .map_err(refused)?;
        let count = self.limits.check_count(index as u64 + 1);
        count.map_err(|rule: ArchiveRule| ArchiveError::archive(self.position, rule))?;
        // Names have at most 255 bytes.
        let name_len = u16::try_from(name.len()).unwrap_or(u16::MAX);
        let mut common = Common::new(method, name_len, large);
        let mut header = Vec::new();
        let mut local = common;
        if large {
            local.size = MAX32;
            local.compressed = MAX32;
            local.extra_len = LOCAL_ZIP64_LEN_FIELD;
        }
        header.extend(format::local_header(&local));
        header.extend(name.as_bytes());
        if large {
            header.extend(format::zip64_extra(&[0, 0]));
        }
        self.open = Some(name.into());
        self.out.write_all(&header)?;
        let offset = self.position;
        self.position += header.len() as u64;
        common.extra_len = 0;
        let compressor = (method == Method::Deflated).then(|| {
            // Without the zlib header: a raw stream (RFC 1951).
            Box::new(CompressorOxide::new(create_comp_flags_from_zip_params(
                i32::from(PACKAGE_LEVEL),
                0,
                0,
            )))
        });
        Ok(FileWriter {
            archive: self,
            common,
            large,
            offset,
            compressor,
            piece: Vec::with_capacity(PIECE),
            crc: crc32fast::Hasher::new(),
            size: 0,
            compressed: 0,
        })
    }

    fn check_finished(&self) -> Result<(), ArchiveError> {
        match &self.open {
            Some(name) => Err(ArchiveError::Unfinished { name: name.clone() }),
            None => Ok(()),
        }
    }
}

impl<W: Write + Seek> FileWriter<'_, W> {
    /// Completes the file.
    ///
    /// # Errors
    ///
    /// [`EntryRule::NotLarge`], the limits on sizes, and the destination's own. The archive cannot
    /// be completed then.
    pub fn finish(mut self) -> Result<(), ArchiveError> {
        self.piece_out(MZFlush::Finish)?;
        let index = self.archive.entries.len();
        let name = self.archive.open.clone().unwrap_or_default();
        let refused = |rule| ArchiveError::entry(index, name.as_bytes(), rule);
        if !self.large && (self.size >= u64::from(MAX32) || self.compressed >= u64::from(MAX32)) {
            return Err(refused(EntryRule::NotLarge));
        }
        let limits = self.archive.limits;
        limits
            .check_ratio(self.compressed, self.size)
            .map_err(refused)?;
        self.archive.total = limits
            .add_size(self.archive.total, self.size)
            .map_err(refused)?;
        self.common.crc = std::mem::take(&mut self.crc).finalize();
        self.complete_header(name.len() as u64)?;
        self.archive.entries.push(Written {
            name,
            common: self.common,
            compressed: self.compressed,
            size: self.size,
            offset: self.offset,
        });
        self.archive.open = None;
        Ok(())
    }

    /// Goes back to the local header for checksum and sizes, and again to the end.
    fn complete_header(&mut self, name_len: u64) -> io::Result<()> {
        let out = &mut self.archive.out;
        out.seek(SeekFrom::Start(self.offset + LOCAL_CRC_AT))?;
        out.write_all(&self.common.crc.to_le_bytes())?;
        if self.large {
            let extra = self.offset + LOCAL_LEN as u64 + name_len;
            out.seek(SeekFrom::Start(extra + LOCAL_ZIP64_SIZES_AT))?;
            out.write_all(&self.size.to_le_bytes())?;
            out.write_all(&self.compressed.to_le_bytes())?;
        } else {
            out.write_all(&saturate(self.compressed).to_le_bytes())?;
            out.write_all(&saturate(self.size).to_le_bytes())?;
        }
        out.seek(SeekFrom::Start(self.archive.position)).map(drop)
    }

    /// Writes what was collected, compressed where the method says so.
    fn piece_out(&mut self, flush: MZFlush) -> io::Result<()> {
        let Some(compressor) = &mut self.compressor else {
            self.archive.out.write_all(&self.piece)?;
            self.compressed += self.piece.len() as u64;
            self.archive.position += self.piece.len() as u64;
            self.piece.clear();
            return Ok(());
        };
        let mut input = self.piece.as_slice();
        let mut buf = [0; 1 << 13];
        loop {
            let result = deflate(compressor, input, &mut buf, flush);
            input = &input[result.bytes_consumed..];
            self.archive.out.write_all(&buf[..result.bytes_written])?;
            self.compressed += result.bytes_written as u64;
            self.archive.position += result.bytes_written as u64;
            match result.status {
                Ok(MZStatus::StreamEnd) => break,
                Ok(_) if flush == MZFlush::Finish => {}
                Ok(_) if input.is_empty() && result.bytes_written < buf.len() => break,
                Ok(_) => {}
                // Without input there is nothing to do, and that is no failure.
                Err(miniz_oxide::MZError::Buf) if input.is_empty() && flush == MZFlush::None => {
                    break;
                }
                Err(error) => return Err(io::Error::other(format!("deflate: {error:?}"))),
            }
        }
        self.piece.clear();
        Ok(())
    }
}

impl<W: Write + Seek> Write for FileWriter<'_, W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let room = PIECE - self.piece.len();
        let taken = &buf[..room.min(buf.len())];
        self.piece.extend_from_slice(taken);
        self.crc.update(taken);
        self.size += taken.len() as u64;
        if self.piece.len() == PIECE {
            self.piece_out(MZFlush::None)?;
        }
        Ok(taken.len())
    }

    /// Does nothing: pieces are written when they are full.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<W: Write + Seek> std::fmt::Debug for FileWriter<'_, W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileWriter")
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}
