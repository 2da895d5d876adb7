//! NOR flash in memory that keeps a journal, so that every moment of a run can be put back.

use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};

pub(crate) const SECTOR: usize = 1024;

/// One step that the power can be cut in.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// A word is programmed.
    Program { offset: usize, word: Vec<u8> },
    /// A sector is erased.
    Erase { offset: usize },
}

/// Flash whose words have `WORD` bytes.
#[derive(Debug, Clone)]
pub(crate) struct Nor<const WORD: usize> {
    pub(crate) bytes: Vec<u8>,
    /// How often each sector was erased.
    pub(crate) erasures: Vec<u32>,
    pub(crate) journal: Vec<Step>,
    /// Steps until the power is cut for good.
    pub(crate) left: Option<usize>,
    /// The step that it was cut in.
    pub(crate) cut_in: Option<Step>,
    /// A torn word that its error correction refuses to read, by its offset.
    pub(crate) unreadable: Option<usize>,
    /// A word that was begun and reads as erased; its bits may turn when it is programmed again.
    pub(crate) weak: Option<usize>,
}

impl<const WORD: usize> Nor<WORD> {
    pub(crate) fn new(sectors: usize) -> Self {
        Self::of(vec![0xff; sectors * SECTOR])
    }

    pub(crate) fn of(bytes: Vec<u8>) -> Self {
        let erasures = vec![0; bytes.len() / SECTOR];
        Self {
            bytes,
            erasures,
            journal: Vec::new(),
            left: None,
            cut_in: None,
            unreadable: None,
            weak: None,
        }
    }

    /// The power is there again, after a cut within the step that it came in: in one of the states that
    /// this may leave, or before it.
    pub(crate) fn tear(&mut self, which: usize) {
        self.left = None;
        let Some(step) = self.cut_in.take() else {
            return;
        };
        let mut states = torn(&self.bytes, &step);
        let at = which % (states.len() + 1);
        if at < states.len() {
            self.bytes = states.swap_remove(at);
        } else if let Step::Program { offset, word } = step
            && (word[0] != 0xa5 || offset % 64 != 0)
        {
            // Begun, and nothing of it shows. Of a record's first word nothing can tell.
            self.weak = Some(offset);
        }
    }

    fn step(&mut self, step: Step) -> Result<(), NorFlashErrorKind> {
        match &mut self.left {
            Some(0) => {
                self.cut_in.get_or_insert(step);
                return Err(NorFlashErrorKind::Other);
            }
            Some(left) => *left -= 1,
            None => {}
        }
        apply(&mut self.bytes, &step);
        self.journal.push(step);
        Ok(())
    }
}

/// Does a step as a whole. Bits that are cleared stay cleared until they are erased.
pub(crate) fn apply(bytes: &mut [u8], step: &Step) {
    match step {
        Step::Program { offset, word } => {
            for (byte, new) in bytes[*offset..].iter_mut().zip(word) {
                *byte &= new;
            }
        }
        Step::Erase { offset } => bytes[*offset..offset + SECTOR].fill(0xff),
    }
}

/// The bytes as they may be when power is cut within a step: bit by bit of a word's bytes; of a sector
/// the first or the last eighths, many bits here and there, or some few.
pub(crate) fn torn(bytes: &[u8], step: &Step) -> Vec<Vec<u8>> {
    let mut states = Vec::new();
    match step {
        Step::Program { offset, word } => {
            let mut state = bytes.to_vec();
            for (place, new) in word.iter().enumerate() {
                for bit in (0..8).filter(|bit| new >> bit & 1 == 0) {
                    state[offset + place] &= !(1 << bit);
                    states.push(state.clone());
                }
            }
            // The last one is the whole word, which is a moment of its own.
            states.pop();
        }
        Step::Erase { offset } => {
            for eighths in 1..8 {
                let mut state = bytes.to_vec();
                state[*offset..offset + SECTOR * eighths / 8].fill(0xff);
                states.push(state);
                let mut state = bytes.to_vec();
                state[offset + SECTOR * eighths / 8..offset + SECTOR].fill(0xff);
                states.push(state);
            }
            for seed in 1..9_u32 {
                // A bit of every two hundred bytes, up to one of every other byte.
                let few = |random: u32| {
                    let here = random >> 8 & 0xff < 1 << seed >> 1;
                    u8::from(here) << (random & 7)
                };
                states.push(scattered(
                    bytes,
                    *offset,
                    seed.wrapping_mul(0x85eb_ca6b),
                    few,
                ));
                // Of the later seeds nearly all bits are erased, of the first ones few.
                let many = |random: u32| {
                    let bits = random as u8;
                    if seed > 4 {
                        bits | (random >> 8) as u8 | (random >> 16) as u8
                    } else {
                        bits
                    }
                };
                states.push(scattered(
                    bytes,
                    *offset,
                    seed.wrapping_mul(0x9e37_79b9),
                    many,
                ));
            }
        }
    }
    states
}

/// A sector in which some bits are erased: those that `pick` makes of a random number for each byte.
fn scattered(bytes: &[u8], offset: usize, mut random: u32, pick: impl Fn(u32) -> u8) -> Vec<u8> {
    let mut state = bytes.to_vec();
    for byte in &mut state[offset..offset + SECTOR] {
        random = next_random(random);
        *byte |= pick(random);
    }
    state
}

/// A step of xorshift32 (Marsaglia, 2003).
pub(crate) fn next_random(mut state: u32) -> u32 {
    state ^= state << 13;
    state ^= state >> 17;
    state ^ state << 5
}

impl<const WORD: usize> ErrorType for Nor<WORD> {
    type Error = NorFlashErrorKind;
}

impl<const WORD: usize> ReadNorFlash for Nor<WORD> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        check_read(self, offset, bytes.len())?;
        let from = offset as usize;
        let range = from..from + bytes.len();
        if self.unreadable.is_some_and(|torn| range.contains(&torn)) {
            return Err(NorFlashErrorKind::Other);
        }
        bytes.copy_from_slice(&self.bytes[range]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.bytes.len()
    }
}

impl<const WORD: usize> NorFlash for Nor<WORD> {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = SECTOR;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        check_erase(self, from, to)?;
        for offset in (from as usize..to as usize).step_by(SECTOR) {
            self.step(Step::Erase { offset })?;
            self.erasures[offset / SECTOR] += 1;
            let elsewhere = |at: &usize| at / SECTOR != offset / SECTOR;
            self.unreadable = self.unreadable.filter(elsewhere);
            self.weak = self.weak.filter(elsewhere);
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        check_write(self, offset, bytes.len())?;
        for (number, word) in bytes.chunks(WORD).enumerate() {
            let offset = offset as usize + number * WORD;
            let erased = self.bytes[offset..offset + WORD]
                .iter()
                .all(|byte| *byte == 0xff);
            assert!(erased, "the word at {offset} is programmed twice");
            if Some(offset) == self.weak {
                // The one that may be: its sector is erased next.
                let of_header = offset % SECTOR < 128 && (8..16).contains(&(offset % 64));
                assert!(
                    of_header,
                    "the word at {offset} was begun, and is programmed again"
                );
                return Err(NorFlashErrorKind::Other);
            }
            self.step(Step::Program {
                offset,
                word: word.to_vec(),
            })?;
        }
        Ok(())
    }
}
