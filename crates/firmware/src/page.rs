//! Pages and records: how bytes stand in a sector, so that a cut or a flip is told from what is whole.

use crc::{CRC_32_ISO_HDLC, Crc, NoTable};
use embedded_storage::nor_flash::NorFlash;

/// Bytes of a page. Every page says by its first byte what it is.
pub(crate) const PAGE: usize = 64;
/// Contents in a record's first page: what its tag, kind, length, check and mark leave.
const FIRST: usize = PAGE - 16;
/// Contents in each further page.
const FURTHER: usize = PAGE - 1;
/// Where in the first page the mark stands, and how long it is. A header's is written before its sector is
/// erased and opened again.
const MARK: usize = 8;
const WORD: u32 = 8;

// Far from each other and from an erased byte: no flip of three bits makes one of another.
const TAG_FIRST: u8 = 0xa5;
const TAG_FURTHER: u8 = 0x5a;
const ERASED: u8 = 0xff;

const CRC: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);

/// What a record holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Header = 1,
    Receipt = 2,
    Acknowledged = 3,
    Seed = 4,
}

impl Kind {
    const fn of(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Header),
            2 => Some(Self::Receipt),
            3 => Some(Self::Acknowledged),
            4 => Some(Self::Seed),
            _ => None,
        }
    }
}

/// What stands at a page, and where to look next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) what: What,
    /// The page after it.
    pub(crate) next: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// A page without a bit programmed.
    Blank,
    /// A record with so many bytes, which are in the buffer. Its contents fit its check.
    Whole {
        kind: Kind,
        len: usize,
        marked: bool,
    },
    /// A record that is not whole, or something else. Marked, it was whole once.
    Broken { marked: bool },
    /// A whole record that the buffer has no room for.
    TooLong,
}

/// How many pages a record with so many bytes takes.
pub(crate) const fn pages_for(len: usize) -> usize {
    1 + len.saturating_sub(FIRST).div_ceil(FURTHER)
}

/// The longest record that fits so many pages.
pub(crate) const fn longest_in(pages: usize) -> usize {
    FIRST + pages.saturating_sub(1) * FURTHER
}

/// One sector, seen as pages.
#[derive(Debug)]
pub(crate) struct Sector<'f, F> {
    flash: &'f mut F,
    base: u32,
}

impl<'f, F: NorFlash> Sector<'f, F> {
    /// Pages of a sector.
    pub(crate) const PAGES: usize = F::ERASE_SIZE / PAGE;

    /// Checked while compiling: whole pages, a header, room for records, words that divide a mark.
    const FITS: () = assert!(
        F::ERASE_SIZE.is_multiple_of(PAGE)
            && F::ERASE_SIZE / PAGE >= 8
            && F::ERASE_SIZE <= 1 << 24
            && MARK.is_multiple_of(F::WRITE_SIZE)
            && MARK.is_multiple_of(F::READ_SIZE)
    );

    pub(crate) fn new(flash: &'f mut F, sector: u32) -> Self {
        let () = Self::FITS;
        // The assertion above bounds it.
        #[allow(clippy::cast_possible_truncation, reason = "at most 2^24, as asserted")]
        let base = sector * F::ERASE_SIZE as u32;
        Self { flash, base }
    }

    fn offset(&self, page: usize) -> u32 {
        // A page is below PAGES, so this fits what the assertion bounds.
        #[allow(clippy::cast_possible_truncation, reason = "below 2^24, as asserted")]
        let within = (page * PAGE) as u32;
        self.base + within
    }

    /// Reads a page. Words that cannot be read, as where a check of the flash's own fails, are taken for
    /// programmed: they are not blank, and no record's contents fit its check with them.
    fn page(&mut self, page: usize) -> [u8; PAGE] {
        let mut bytes = [0; PAGE];
        let mut offset = self.offset(page);
        if self.flash.read(offset, &mut bytes).is_err() {
            let (words, _) = bytes.as_chunks_mut::<MARK>();
            for word in words {
                if self.flash.read(offset, word).is_err() {
                    *word = [0; MARK];
                }
                offset += WORD;
            }
        }
        bytes
    }

    pub(crate) fn erase(&mut self) -> Result<(), F::Error> {
        #[allow(clippy::cast_possible_truncation, reason = "at most 2^24, as asserted")]
        let end = self.base + F::ERASE_SIZE as u32;
        self.flash.erase(self.base, end)
    }

    /// The page behind the last one with a bit programmed; 0 in an erased sector.
    pub(crate) fn used(&mut self) -> usize {
        let used = (0..Self::PAGES)
            .rev()
            .find(|&page| !blank(&self.page(page)));
        used.map_or(0, |page| page + 1)
    }

    /// Looks at the record that begins at `page`, whose contents go into `buf`.
    pub(crate) fn read(&mut self, page: usize, buf: &mut [u8]) -> Found {
        let first = self.page(page);
        let found = |what, next| Found { what, next };
        if blank(&first) {
            return found(What::Blank, page + 1);
        }
        let [tag, kind, low, high, check @ ..] = first;
        let [c0, c1, c2, c3, rest @ ..] = check;
        let (mark, contents) = rest.split_at(MARK);
        let marked = mark.iter().map(|byte| byte.count_zeros()).sum::<u32>() > 32;
        let broken = found(
            What::Broken {
                marked: marked && tag != TAG_FURTHER,
            },
            page + 1,
        );
        let len = usize::from(u16::from_le_bytes([low, high]));
        let end = page + pages_for(len);
        let Some(kind) = Kind::of(kind).filter(|_| tag == TAG_FIRST && end <= Self::PAGES) else {
            return broken;
        };
        let mut digest = CRC.digest();
        digest.update(&[first[1], low, high]);
        let fits = len <= buf.len();
        let mut at = 0;
        let mut take = |at: &mut usize, contents: &[u8]| {
            let part = contents
                .get(..contents.len().min(len - *at))
                .unwrap_or(contents);
            digest.update(part);
            if let Some(room) = buf.get_mut(*at..*at + part.len()) {
                room.copy_from_slice(part);
            }
            *at += part.len();
        };
        take(&mut at, contents);
        for further in page + 1..end {
            let [tag, contents @ ..] = self.page(further);
            if tag != TAG_FURTHER {
                return broken;
            }
            take(&mut at, &contents);
        }
        if digest.finalize() != u32::from_le_bytes([c0, c1, c2, c3]) {
            return broken;
        }
        if !fits {
            return found(What::TooLong, end);
        }
        found(What::Whole { kind, len, marked }, end)
    }

    /// How many bits of a record's mark are programmed: all, none, or some where that was cut off.
    pub(crate) fn marks(&mut self, page: usize) -> u32 {
        let bytes = self.page(page);
        let mark = bytes.iter().skip(MARK).take(MARK);
        mark.map(|byte| byte.count_zeros()).sum()
    }

    /// Whether all of it can be read.
    pub(crate) fn is_readable(&mut self) -> bool {
        let mut bytes = [0; PAGE];
        (0..Self::PAGES).all(|page| {
            let offset = self.offset(page);
            self.flash.read(offset, &mut bytes).is_ok()
        })
    }

    /// Writes a record at a blank page, without its mark, and returns the page behind it.
    pub(crate) fn write(
        &mut self,
        page: usize,
        kind: Kind,
        contents: &[u8],
    ) -> Result<usize, F::Error> {
        let end = page + pages_for(contents.len());
        // Nothing that is written is longer than a sector, which is shorter than this where it counts.
        let [low, high, ..] = contents.len().to_le_bytes();
        let mut digest = CRC.digest();
        digest.update(&[kind as u8, low, high]);
        digest.update(contents);
        let [c0, c1, c2, c3] = digest.finalize().to_le_bytes();
        let head = [TAG_FIRST, kind as u8, low, high, c0, c1, c2, c3];
        let (here, mut rest) = contents.split_at(contents.len().min(FIRST));
        self.flash.write(self.offset(page), &head)?;
        let mut bytes = [ERASED; PAGE];
        fill(&mut bytes, 0, here);
        #[allow(clippy::cast_possible_truncation, reason = "16")]
        let behind_mark = self.offset(page) + (PAGE - FIRST) as u32;
        self.program(behind_mark, &bytes, here.len())?;
        for further in page + 1..end {
            let (here, behind) = rest.split_at(rest.len().min(FURTHER));
            rest = behind;
            bytes = [ERASED; PAGE];
            fill(&mut bytes, 0, &[TAG_FURTHER]);
            fill(&mut bytes, 1, here);
            self.program(self.offset(further), &bytes, 1 + here.len())?;
        }
        Ok(end)
    }

    /// Marks a record as whole, once.
    pub(crate) fn mark(&mut self, page: usize) -> Result<(), F::Error> {
        #[allow(clippy::cast_possible_truncation, reason = "8")]
        let at = self.offset(page) + MARK as u32;
        self.flash.write(at, &[0; MARK])
    }

    /// Programs the first `len` bytes, rounded up to whole words.
    fn program(&mut self, offset: u32, bytes: &[u8], len: usize) -> Result<(), F::Error> {
        let whole = bytes
            .get(..len.next_multiple_of(F::WRITE_SIZE))
            .unwrap_or(bytes);
        self.flash.write(offset, whole)
    }
}

fn fill(bytes: &mut [u8], at: usize, with: &[u8]) {
    if let Some(room) = bytes.get_mut(at..at + with.len()) {
        room.copy_from_slice(with);
    }
}

fn blank(page: &[u8; PAGE]) -> bool {
    page.iter().all(|&byte| byte == ERASED)
}
