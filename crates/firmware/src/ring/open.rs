//! Opening a ring: what is in flash tells where the log ends, what the host has, what is damaged.

use ai_audit_core::{Chain, ChainError, Head, Kind as Body, Timestamp, UnverifiedReceipt};
use embedded_storage::nor_flash::NorFlash;

use super::{BEFORE, Damage, HEADER, Header, MAX_RECEIPT, Outcome, Ring, RingError};
use crate::page::{Kind, Sector, What};

impl<'b, F: NorFlash> Ring<'b, F> {
    /// Reads what is there. `genesis` is the head of the log when it has only its genesis,
    /// `buf` what records are read into.
    ///
    /// Checks form and chain; [`Ring::verify`] checks signatures.
    ///
    /// # Errors
    ///
    /// [`RingError::Geometry`] where the flash cannot hold a ring.
    pub fn open(flash: F, genesis: Head, buf: &'b mut [u8; MAX_RECEIPT]) -> Outcome<Self, F> {
        let mut ring = Self {
            flash,
            newest: None,
            cut_off: false,
            cursor: HEADER,
            head: genesis,
            oldest: genesis.size(),
            acknowledged: 0,
            clean: true,
            damage: Damage::default(),
            failed: false,
            buf,
        };
        if ring.sectors() < 3 || !ring.flash.capacity().is_multiple_of(F::ERASE_SIZE) {
            return Err(RingError::Geometry);
        }
        ring.find_newest();
        if let Some(newest) = ring.newest {
            ring.cut_off = ring.is_cut_off(newest);
            ring.acknowledged = ring.acknowledged.max(ring.freed_after(newest));
            ring.walk(newest.opening);
            // It was opened behind a receipt, or the host has one, that is not whole any more.
            let known = newest.size.max(ring.acknowledged);
            ring.damage.newest |= known > ring.head.size();
        }
        ring.damage.newest |= ring.hides_newer();
        Ok(ring)
    }

    /// Whether a sector holds no receipt, and power was cut while it was opened or erased to be opened
    /// again: it has one copy of its header, or a copy that is marked.
    fn is_cut_off(&mut self, newest: Header) -> bool {
        let at = newest.opening % self.sectors();
        let both = self.has_both(at, newest);
        let mut sector = Sector::new(&mut self.flash, BEFORE + at);
        let marks: u32 = (0..HEADER).map(|copy| sector.marks(copy)).sum();
        if both && marks == 0 {
            return false;
        }
        // Both were marked before it was erased: a bit or two are something else.
        let erased = marks >= 8;
        (HEADER..Sector::<F>::PAGES).all(|page| match sector.read(page, self.buf).what {
            // What an erasure left may look as if it had been whole.
            What::Broken { marked } => erased || !marked,
            What::Whole { kind, .. } => kind != Kind::Receipt,
            What::Blank => true,
            What::TooLong => false,
        })
    }

    /// What the host must have had, where the next sector in turn was begun and its header is lost again:
    /// the receipts in it were erased, which they never are before the host has them.
    fn freed_after(&mut self, newest: Header) -> u64 {
        let sectors = self.sectors();
        let Some(first) = (newest.opening + 1).checked_sub(sectors) else {
            return 0;
        };
        if self.header(first % sectors).is_some() {
            return 0;
        }
        let mut sector = Sector::new(&mut self.flash, BEFORE + first % sectors);
        let is_receipt = |what| matches!(what, What::Whole { kind, .. } if kind == Kind::Receipt);
        let held =
            (HEADER..Sector::<F>::PAGES).any(|page| is_receipt(sector.read(page, self.buf).what));
        // What cannot be read is damaged, and was not erased.
        if held || !sector.is_readable() {
            return 0;
        }
        let behind = self.header((first + 1) % sectors);
        behind
            .filter(|behind| behind.opening == first + 1)
            .map_or(0, |behind| behind.size)
    }

    /// Whether a sector without its header holds a receipt behind the head. No power cut does that:
    /// what is erased is older than the head.
    fn hides_newer(&mut self) -> bool {
        let (sectors, newest) = (self.sectors(), self.newest);
        let in_turn = |header: Header, sector| {
            header.opening % sectors == sector
                && newest.is_some_and(|newest| {
                    header.opening <= newest.opening && newest.opening - header.opening < sectors
                })
        };
        for at in 0..sectors {
            if self.header(at).is_some_and(|header| in_turn(header, at)) {
                continue;
            }
            let mut sector = Sector::new(&mut self.flash, BEFORE + at);
            let mut page = HEADER;
            while page < Sector::<F>::PAGES {
                let found = sector.read(page, self.buf);
                page = found.next;
                let What::Whole {
                    kind: Kind::Receipt,
                    len,
                    ..
                } = found.what
                else {
                    continue;
                };
                let sealed = self.buf.get(..len).unwrap_or(&[]);
                let seq = UnverifiedReceipt::parse(sealed).map(|receipt| receipt.header().seq);
                if seq.is_ok_and(|seq| seq >= self.head.size()) {
                    return true;
                }
            }
        }
        false
    }

    /// The newest sector is the one of the last opening. What the host has is the most that any
    /// sector says.
    fn find_newest(&mut self) {
        for sector in 0..self.sectors() {
            let Some(header) = self.header(sector) else {
                continue;
            };
            if header.opening % self.sectors() != sector {
                continue;
            }
            if self
                .newest
                .is_none_or(|newest| newest.opening < header.opening)
            {
                self.newest = Some(header);
            }
            self.acknowledged = self.acknowledged.max(header.acknowledged);
            let mut page = HEADER;
            while page < Sector::<F>::PAGES {
                let found = Sector::new(&mut self.flash, BEFORE + sector).read(page, self.buf);
                page = found.next;
                let What::Whole {
                    kind: Kind::Acknowledged,
                    len: 8,
                    ..
                } = found.what
                else {
                    continue;
                };
                if let Some(size) = self.buf.first_chunk() {
                    self.acknowledged = self.acknowledged.max(u64::from_le_bytes(*size));
                }
            }
        }
    }

    /// Goes through the receipts from the oldest sector to the newest.
    fn walk(&mut self, newest: u32) {
        let first = (newest + 1).saturating_sub(self.sectors());
        let mut state = Walk {
            chain: Chain::resume(self.head),
            oldest: self.head.size(),
            // The first receipt of a ring that went around follows one that is gone.
            joined: first == 0,
            broken: false,
            damage: Damage::default(),
            clean: true,
            acknowledged: self.acknowledged,
        };
        for opening in first..=newest {
            if opening == newest && self.cut_off {
                break;
            }
            let at = opening % self.sectors();
            // A sector without its header was being erased, or is damaged: then receipts are missing.
            if self
                .header(at)
                .is_none_or(|header| header.opening != opening)
            {
                continue;
            }
            let mut sector = Sector::new(&mut self.flash, BEFORE + at);
            let mut page = HEADER;
            while page < Sector::<F>::PAGES {
                let found = sector.read(page, self.buf);
                page = found.next;
                match found.what {
                    What::Whole {
                        kind: Kind::Receipt,
                        len,
                        ..
                    } => {
                        state.receipt(self.buf.get(..len).unwrap_or(&[]));
                    }
                    What::Broken { marked: true } | What::TooLong => state.broken = true,
                    What::Whole { .. } | What::Broken { .. } | What::Blank => {}
                }
            }
            if opening == newest {
                self.cursor = free_from(&mut sector, self.buf);
            }
        }
        // A broken record behind the last whole receipt is a power cut's, unless it was marked.
        state.damage.newest = state.broken;
        self.head = *state.chain.head();
        self.oldest = state.oldest;
        self.damage = state.damage;
        self.clean = state.clean;
    }
}

/// Where the next record of the newest sector goes: behind all that is programmed. Where that does not
/// end in a whole record, one page is left out: power may have been cut as its first word was programmed.
fn free_from<F: NorFlash>(sector: &mut Sector<'_, F>, buf: &mut [u8]) -> usize {
    let used = sector.used().max(HEADER);
    let mut page = 0;
    while page < used {
        let found = sector.read(page, buf);
        page = found.next;
        if page >= used {
            return match found.what {
                What::Whole { .. } | What::TooLong => page,
                What::Broken { .. } | What::Blank => (page + 1).min(Sector::<F>::PAGES),
            };
        }
    }
    page
}

/// What is known of the log while it is gone through.
struct Walk {
    chain: Chain,
    oldest: u64,
    joined: bool,
    /// Whether a receipt that was whole once is broken, since the last whole one.
    broken: bool,
    damage: Damage,
    clean: bool,
    acknowledged: u64,
}

impl Walk {
    fn receipt(&mut self, sealed: &[u8]) {
        let Ok(receipt) = UnverifiedReceipt::parse(sealed) else {
            self.damage.misfits += 1;
            return;
        };
        let seq = receipt.header().seq;
        if !self.joined {
            self.join(&receipt);
        }
        match self.chain.push(&receipt) {
            Ok(_) => {}
            Err(ChainError::Missing { expected, .. }) => {
                // What the host has is not missing: its sector was being erased.
                let from = expected.max(self.acknowledged);
                let missing = seq.saturating_sub(from);
                self.damage.missing = self.damage.missing.saturating_add(missing);
                self.join(&receipt);
                if self.chain.push(&receipt).is_err() {
                    self.damage.misfits += 1;
                    return;
                }
            }
            Err(_) => {
                self.damage.misfits += 1;
                return;
            }
        }
        self.broken = false;
        self.clean = receipt.header().kind == Body::STOP;
    }

    /// Believes the receipt about the one before it, which is not here.
    fn join(&mut self, receipt: &UnverifiedReceipt<'_>) {
        let header = receipt.header();
        let log_id = self.chain.head().log_id();
        let no_time = Timestamp::from_micros(0);
        let before = Head::from_parts(log_id, header.seq, header.prev, no_time);
        if header.seq > 0 {
            self.chain = Chain::resume(before);
        }
        self.oldest = header.seq;
        self.joined = true;
    }
}
