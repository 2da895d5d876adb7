//! NOR flash whose power can be cut: a range of the board's memory that no reset clears.
//!
//! It keeps to the rules of flash, which memory does not: programming clears bits, a word is programmed
//! once between two erasures, erasing takes a sector. At a word that was chosen, its power is cut: part of
//! the word is programmed, or of the sector erased, and the chip resets.

use core::ptr::{read_volatile, write_volatile};

use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};

/// The board's PSRAM.
const BASE: usize = 0x2100_0000;
const SECTOR: usize = 4096;
const SECTORS: usize = 8;
const SIZE: usize = SECTOR * SECTORS;
/// Behind the flash stands whether it left the factory: erased flash reads as ones, memory does not.
const MADE: usize = BASE + SIZE;
const MADE_WORD: u32 = 0x6d61_6465;
/// Bytes of a word, as in many chips whose flash corrects errors.
const WORD: usize = 8;

/// The flash.
#[derive(Debug)]
pub struct PoweredNor {
    /// Words, and eighths of a sector, until the power is cut; none where it is not to be.
    cut_in: Option<u32>,
}

impl PoweredNor {
    /// The flash as it is, or as it comes from the factory at the first power-up. There is one.
    #[must_use]
    pub fn new() -> Self {
        let mut flash = Self { cut_in: None };
        // SAFETY: `MADE` is in the board's PSRAM, aligned, and in nobody's use but this module's: the
        // linker's memory map does not have it.
        if unsafe { read_volatile(MADE as *const u32) } != MADE_WORD {
            flash.fill(0, SIZE, 0xff);
            // SAFETY: as above.
            unsafe { write_volatile(MADE as *mut u32, MADE_WORD) };
        }
        flash
    }

    /// Cuts the power at the word, or the eighth of a sector, after so many more.
    pub const fn cut_power_after(&mut self, words: u32) {
        self.cut_in = Some(words);
    }

    fn fill(&mut self, from: usize, to: usize, with: u8) {
        for offset in from..to.min(SIZE) {
            // SAFETY: below `SIZE`, so within the range that is this module's.
            unsafe { write_volatile((BASE + offset) as *mut u8, with) };
        }
    }

    /// Whether the power is cut here. It is armed again by hand only.
    fn cut(&mut self) -> bool {
        match self.cut_in.as_mut() {
            Some(0) => true,
            Some(left) => {
                *left -= 1;
                false
            }
            None => false,
        }
    }
}

impl Default for PoweredNor {
    fn default() -> Self {
        Self::new()
    }
}

impl ErrorType for PoweredNor {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for PoweredNor {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        check_read(self, offset, bytes.len())?;
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = image(offset as usize + at);
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        SIZE
    }
}

impl NorFlash for PoweredNor {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = SECTOR;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        check_erase(self, from, to)?;
        // In eighths, and after each of them the power can be gone.
        for at in (from as usize..to as usize).step_by(SECTOR / 8) {
            if self.cut() {
                super::reset();
            }
            self.fill(at, at + SECTOR / 8, 0xff);
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        check_write(self, offset, bytes.len())?;
        for (number, word) in bytes.chunks(WORD).enumerate() {
            let at = offset as usize + number * WORD;
            let cut = self.cut();
            // Half of the word's bytes, and of the next one half of the bits.
            let done = if cut { WORD / 2 + 1 } else { WORD };
            for (place, byte) in word.iter().enumerate().take(done) {
                let torn = cut && place + 1 == done;
                let byte = if torn { *byte | 0x0f } else { *byte };
                let old = image(at + place);
                // SAFETY: `check_write` bounds it to the range that is this module's.
                unsafe { write_volatile((BASE + at + place) as *mut u8, old & byte) };
            }
            if cut {
                super::reset();
            }
        }
        Ok(())
    }
}

/// A byte of the flash as it stands there; 0 behind its end.
#[must_use]
pub fn image(offset: usize) -> u8 {
    if offset >= SIZE {
        return 0;
    }
    // SAFETY: below `SIZE`, so within the range that is this module's.
    unsafe { read_volatile((BASE + offset) as *const u8) }
}
