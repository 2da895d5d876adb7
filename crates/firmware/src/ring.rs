//! The ring: sealed receipts appended to sectors in turn, nothing overwritten that the host has not.

mod open;
mod read;

use core::fmt;

use ai_audit_core::{ChainError, Head, LeafHash, ReceiptSink, UnverifiedReceipt};
use embedded_storage::nor_flash::NorFlash;

use crate::page::{Kind, Sector, What, longest_in, pages_for};

pub use read::Position;

/// Sectors before the ring: the seed's and the genesis's.
pub(crate) const BEFORE: u32 = 2;
/// Pages of a sector's header, which is there twice so that a flipped bit does not hide the sector.
const HEADER: usize = 2;
/// Pages that receipts leave free at the end of a sector, so that an acknowledgement always finds
/// room: one for it, one that a power cut may spoil, and the one behind that, which is left out then.
const RESERVE: usize = 3;
/// The longest sealed receipt that a device takes, in bytes.
pub const MAX_RECEIPT: usize = 1024;

/// A log's receipts after the genesis, in NOR flash.
///
/// All that it knows is read from flash when it is opened. See `docs/guides/embedded.md` for the form.
#[derive(Debug)]
pub struct Ring<'b, F> {
    flash: F,
    /// The sector that is written to; none before the first receipt.
    newest: Option<Header>,
    /// Whether the newest sector is to be erased and opened again: power was cut in that, and it holds
    /// no receipt.
    cut_off: bool,
    /// Where its next record goes.
    cursor: usize,
    head: Head,
    /// `seq` of the oldest receipt that is still there, or of the next one.
    oldest: u64,
    /// Size of the log that the host has.
    acknowledged: u64,
    clean: bool,
    damage: Damage,
    /// After a failed write only reading it all again tells what is there.
    failed: bool,
    buf: &'b mut [u8; MAX_RECEIPT],
}

/// What a sector of the ring says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// The how-many-eth opening of a sector it was, from 0 and without gaps.
    opening: u32,
    /// How often this sector was erased.
    erasures: u32,
    /// Size of the log when it was opened, so `seq` of its first receipt.
    size: u64,
    /// What the host had of it by then.
    acknowledged: u64,
}

/// What was whole once and is not any more. Nothing of it is the work of a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Damage {
    /// Receipts that are missing and that the host has not acknowledged.
    pub missing: u64,
    /// Receipts that are there and do not follow the one before.
    pub misfits: u64,
    /// Whether the newest receipt is damaged, or lies in a sector that both copies of its header are
    /// gone from, so that nobody knows what the next one follows.
    pub newest: bool,
}

impl Damage {
    /// Whether there is any.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.missing == 0 && self.misfits == 0 && !self.newest
    }
}

/// Why the ring did not take or give something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RingError<E> {
    /// The flash failed. The ring takes nothing more until it is opened again.
    Flash(E),
    /// What was written reads otherwise. The ring takes nothing more until it is opened again.
    ReadsOtherwise,
    /// An earlier write failed, and what is there has to be read again first.
    Failed,
    /// The next sector holds receipts that the host has not acknowledged.
    Full,
    /// The newest receipt is damaged, so that another one would contradict it.
    NewestDamaged,
    /// The receipt is longer than a device takes.
    TooLong,
    /// What is appended is no receipt, or does not follow the head.
    DoesNotFollow(Option<ChainError>),
    /// The head that is acknowledged is none of this log, or its receipt is gone.
    UnknownHead,
    /// Capacity or sectors of the flash do not do: it takes at least three sectors in the ring.
    Geometry,
}

impl<E: fmt::Debug> fmt::Display for RingError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flash(error) => write!(f, "flash failed: {error:?}"),
            Self::ReadsOtherwise => f.write_str("what was written to flash reads otherwise"),
            Self::Failed => f.write_str("an earlier write failed: start again"),
            Self::Full => f.write_str("full: export, and acknowledge what was exported"),
            Self::NewestDamaged => {
                f.write_str("the newest receipt is damaged: nothing can follow it")
            }
            Self::TooLong => write!(f, "receipt is longer than {MAX_RECEIPT} bytes"),
            Self::DoesNotFollow(Some(error)) => error.fmt(f),
            Self::DoesNotFollow(None) => f.write_str("not a receipt"),
            Self::UnknownHead => f.write_str("size and hash are not of a receipt that is here"),
            Self::Geometry => f.write_str("flash must have at least 5 sectors of at least 8 pages"),
        }
    }
}

impl<E: fmt::Debug> core::error::Error for RingError<E> {}

type Outcome<T, F> = Result<T, RingError<<F as embedded_storage::nor_flash::ErrorType>::Error>>;

impl<F: NorFlash> Ring<'_, F> {
    /// Where the log ends.
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// Size of the log that the host has acknowledged.
    pub const fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    /// `seq` of the oldest receipt that is still here, the genesis left out.
    pub const fn oldest(&self) -> u64 {
        self.oldest
    }

    /// Whether the newest receipt is a stop in order, or the genesis.
    pub const fn clean(&self) -> bool {
        self.clean
    }

    /// What was found damaged when the ring was opened.
    pub const fn damage(&self) -> Damage {
        self.damage
    }

    /// Sectors of the ring.
    pub fn sectors(&self) -> u32 {
        sectors_of(&self.flash)
    }

    /// How often a sector of the ring was erased, as its header says; none where it has no header.
    pub fn erasures(&mut self, sector: u32) -> Option<u32> {
        self.header(sector).map(|header| header.erasures)
    }

    /// The flash, for whoever looks at it beside the ring.
    pub const fn flash(&mut self) -> &mut F {
        &mut self.flash
    }

    /// Appends a sealed receipt, durably: after `Ok` no power cut loses it.
    ///
    /// # Errors
    ///
    /// See [`RingError`]. After [`RingError::Full`] nothing was written.
    pub fn append(&mut self, sealed: &[u8]) -> Outcome<Head, F> {
        let receipt =
            UnverifiedReceipt::parse(sealed).map_err(|_| RingError::DoesNotFollow(None))?;
        let head = ai_audit_core::Chain::resume(self.head)
            .push(&receipt)
            .map_err(|error| RingError::DoesNotFollow(Some(error)))?;
        let clean = receipt.header().kind == ai_audit_core::Kind::STOP;
        self.ready()?;
        let pages = pages_for(sealed.len());
        let most = Sector::<F>::PAGES - HEADER - RESERVE;
        if sealed.len() > MAX_RECEIPT.min(longest_in(most)) {
            return Err(RingError::TooLong);
        }
        let room = self.cursor + pages + RESERVE <= Sector::<F>::PAGES;
        if self.newest.is_none() || self.cut_off || !room {
            self.open_next()?;
        }
        self.write(Kind::Receipt, sealed, true)?;
        self.head = head;
        self.clean = clean;
        Ok(head)
    }

    /// Takes the host's word that it has the log up to a head. Sectors that lie wholly before it may be
    /// used again from then on.
    ///
    /// A word that frees no further sector is kept in memory and goes into the next sector's header.
    ///
    /// # Errors
    ///
    /// [`RingError::UnknownHead`] where no receipt here is the one before `size`, or has another hash.
    pub fn acknowledge(&mut self, size: u64, hash: LeafHash) -> Outcome<(), F> {
        if size <= self.acknowledged {
            return Ok(());
        }
        let held = if size == self.head.size() {
            Some(self.head.hash())
        } else {
            let seq = size.saturating_sub(1);
            self.find(seq)
        };
        if held != Some(hash) {
            return Err(RingError::UnknownHead);
        }
        let frees = self.free_up_to(size) > self.free_up_to(self.acknowledged);
        let before = core::mem::replace(&mut self.acknowledged, size);
        let kept = if frees { self.keep(size) } else { Ok(()) };
        if kept.is_err() {
            self.acknowledged = before;
        }
        kept
    }

    /// Writes an acknowledgement that frees a sector.
    fn keep(&mut self, size: u64) -> Outcome<(), F> {
        self.ready()?;
        if !self.cut_off && self.cursor < Sector::<F>::PAGES {
            let [s0, s1, s2, s3, s4, s5, s6, s7] = size.to_le_bytes();
            // It has no mark: without it the host says it again.
            return self.write(Kind::Acknowledged, &[s0, s1, s2, s3, s4, s5, s6, s7], false);
        }
        // Only where power cuts spoiled the reserve, or cut the sector's opening off. Should this one be cut
        // off as well, the device may count what it erased as missing until the host says the same again.
        self.open_next()
    }

    fn ready(&self) -> Outcome<(), F> {
        if self.failed {
            return Err(RingError::Failed);
        }
        if self.damage.newest {
            return Err(RingError::NewestDamaged);
        }
        Ok(())
    }

    /// Writes a record at the cursor and reads it back.
    fn write(&mut self, kind: Kind, contents: &[u8], mark: bool) -> Outcome<(), F> {
        let Some(newest) = self.newest else {
            return Err(RingError::Failed);
        };
        let at = self.place(newest.opening);
        // Until it is known to be whole.
        self.failed = true;
        let mut sector = Sector::new(&mut self.flash, at);
        let end = sector
            .write(self.cursor, kind, contents)
            .map_err(RingError::Flash)?;
        let back = sector.read(self.cursor, self.buf).what;
        let whole = matches!(back, What::Whole { .. });
        if !whole || self.buf.get(..contents.len()) != Some(contents) {
            return Err(RingError::ReadsOtherwise);
        }
        if mark {
            sector.mark(self.cursor).map_err(RingError::Flash)?;
        }
        self.cursor = end;
        self.failed = false;
        Ok(())
    }

    /// Erases the next sector in turn and makes it the newest. One whose opening was cut off is opened
    /// again: with one copy of its header, a single flip would hide all receipts in it. So is one that
    /// power cuts filled before it held a receipt: if the turn went on, it would come to the sector of
    /// the newest receipt, which may be acknowledged, and what is sealed next follows it.
    fn open_next(&mut self) -> Outcome<(), F> {
        let empty = |newest: Header| newest.size >= self.head.size();
        let again = self.cut_off || self.newest.is_some_and(empty);
        let opening = self
            .newest
            .map_or(0, |newest| newest.opening.saturating_add(u32::from(!again)));
        let sectors = self.sectors();
        if !again && opening >= sectors && self.free_up_to(self.acknowledged) == 0 {
            return Err(RingError::Full);
        }
        let at = self.place(opening);
        let before = self
            .header(at - BEFORE)
            .map_or(opening / sectors, |old| old.erasures);
        let header = Header {
            opening,
            erasures: before.saturating_add(1),
            size: self.head.size(),
            acknowledged: self.acknowledged,
        };
        self.failed = true;
        let bytes = header.to_bytes();
        let mut sector = Sector::new(&mut self.flash, at);
        if again {
            // Should power be cut while that is erased, nothing in it counts that still reads. A mark that
            // fails was begun before: what became of it counts as well.
            for copy in 0..HEADER {
                if sector.marks(copy) == 0 {
                    let _ = sector.mark(copy);
                }
            }
        }
        sector.erase().map_err(RingError::Flash)?;
        let mut page = 0;
        for _ in 0..HEADER {
            page = sector
                .write(page, Kind::Header, &bytes)
                .map_err(RingError::Flash)?;
        }
        if !self.has_both(at - BEFORE, header) {
            return Err(RingError::ReadsOtherwise);
        }
        self.newest = Some(header);
        self.cut_off = false;
        self.cursor = HEADER;
        // What was in that sector is gone.
        if let Some(first) = opening.checked_sub(sectors - 1) {
            let first = self
                .header(first % sectors)
                .map_or(self.oldest, |header| header.size);
            self.oldest = self.oldest.max(first);
        }
        self.failed = false;
        Ok(())
    }

    /// How many sectors in turn after the newest one hold nothing that the host has not: those whose
    /// follower was opened at a size up to `acknowledged`.
    fn free_up_to(&mut self, acknowledged: u64) -> u32 {
        let Some(newest) = self.newest else {
            return self.sectors();
        };
        let sectors = self.sectors();
        // Openings from the oldest sector's follower to the newest.
        let first = (newest.opening + 2).saturating_sub(sectors).max(1);
        let mut free = sectors.saturating_sub(newest.opening + 1);
        for opening in first..=newest.opening {
            match self.header(opening % sectors) {
                Some(header) if header.opening == opening && header.size <= acknowledged => {
                    free += 1;
                }
                _ => break,
            }
        }
        free
    }

    /// Which sector of the flash an opening is in.
    fn place(&self, opening: u32) -> u32 {
        BEFORE + opening % self.sectors()
    }

    /// The header of a sector of the ring, from either copy.
    fn header(&mut self, sector: u32) -> Option<Header> {
        Self::header_in(&mut self.flash, sector)
    }

    fn header_in(flash: &mut F, sector: u32) -> Option<Header> {
        (0..HEADER).find_map(|copy| Self::copy_in(flash, sector, copy))
    }

    /// One copy of a header.
    fn copy_in(flash: &mut F, sector: u32, copy: usize) -> Option<Header> {
        let mut bytes = [0; Header::LEN];
        match Sector::new(flash, BEFORE + sector)
            .read(copy, &mut bytes)
            .what
        {
            What::Whole {
                kind: Kind::Header,
                len: Header::LEN,
                ..
            } => Header::from_bytes(&bytes),
            _ => None,
        }
    }

    /// Whether a sector has both copies of this header.
    fn has_both(&mut self, sector: u32, header: Header) -> bool {
        (0..HEADER).all(|copy| Self::copy_in(&mut self.flash, sector, copy) == Some(header))
    }

    /// Whether any sector of a ring in this flash was ever opened.
    pub(crate) fn is_used(flash: &mut F) -> bool {
        (0..sectors_of(flash)).any(|sector| Self::header_in(flash, sector).is_some())
    }
}

/// How many sectors of a flash are the ring's.
fn sectors_of<F: NorFlash>(flash: &F) -> u32 {
    let all = flash.capacity() / F::ERASE_SIZE;
    u32::try_from(all)
        .unwrap_or(u32::MAX)
        .saturating_sub(BEFORE)
}

impl<F: NorFlash> ReceiptSink for Ring<'_, F> {
    type Error = RingError<F::Error>;

    fn append(&mut self, expected: &Head, sealed: &[u8]) -> Result<(), Self::Error> {
        if *expected != self.head {
            return Err(RingError::DoesNotFollow(None));
        }
        Self::append(self, sealed).map(drop)
    }
}

impl Header {
    const LEN: usize = 24;

    fn to_bytes(self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        let fields = self
            .opening
            .to_le_bytes()
            .into_iter()
            .chain(self.erasures.to_le_bytes())
            .chain(self.size.to_le_bytes())
            .chain(self.acknowledged.to_le_bytes());
        for (to, from) in bytes.iter_mut().zip(fields) {
            *to = from;
        }
        bytes
    }

    fn from_bytes(bytes: &[u8; Self::LEN]) -> Option<Self> {
        let (opening, rest) = bytes.split_first_chunk()?;
        let (erasures, rest) = rest.split_first_chunk()?;
        let (size, rest) = rest.split_first_chunk()?;
        let acknowledged = rest.first_chunk()?;
        // No flash lasts for more: a header that says so is none of ours.
        let opening =
            Some(u32::from_le_bytes(*opening)).filter(|opening| *opening <= u32::MAX / 2)?;
        Some(Self {
            opening,
            erasures: u32::from_le_bytes(*erasures),
            size: u64::from_le_bytes(*size),
            acknowledged: u64::from_le_bytes(*acknowledged),
        })
    }
}
