//! What a program for bare metal takes of flash and memory, from the sections of its ELF file.

use anyhow::{Context, Result, bail};

/// Bytes by where they are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Sizes {
    /// Code, constants, and the first values of statics.
    pub(crate) flash: usize,
    /// Statics.
    pub(crate) memory: usize,
}

/// Section flags and types (System V ABI, chapter 4).
const WRITE: u32 = 1;
const ALLOC: u32 = 2;
const NOBITS: u32 = 8;

/// Adds up the sections of a 32-bit little-endian ELF file.
///
/// # Errors
/// When it is no such file.
pub(crate) fn sizes(file: &[u8]) -> Result<Sizes> {
    if !file.starts_with(b"\x7fELF\x01\x01") {
        bail!("expected a 32-bit little-endian ELF file");
    }
    let table = word(file, 0x20)?;
    let (entry, count) = (half(file, 0x2e)?, half(file, 0x30)?);
    let mut sizes = Sizes {
        flash: 0,
        memory: 0,
    };
    for number in 0..count {
        let at = table + number * entry;
        let (kind, flags) = (word(file, at + 4)?, word(file, at + 8)?);
        let size = word(file, at + 20)?;
        let has = |flag: u32| flags & flag as usize != 0;
        if !has(ALLOC) {
            continue;
        }
        if kind != NOBITS as usize {
            sizes.flash += size;
        }
        if has(WRITE) {
            sizes.memory += size;
        }
    }
    Ok(sizes)
}

fn word(file: &[u8], at: usize) -> Result<usize> {
    let bytes = file.get(at..at + 4).context("the ELF file is cut off")?;
    Ok(u32::from_le_bytes(bytes.try_into()?) as usize)
}

fn half(file: &[u8], at: usize) -> Result<usize> {
    let bytes = file.get(at..at + 2).context("the ELF file is cut off")?;
    Ok(u16::from_le_bytes(bytes.try_into()?).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of nothing but its head and section headers of (type, flags, size).
    fn file(sections: &[(u32, u32, u32)]) -> Vec<u8> {
        let mut file = b"\x7fELF\x01\x01".to_vec();
        file.resize(0x34, 0);
        file[0x20] = 0x34;
        file[0x2e] = 40;
        file[0x30] = u8::try_from(sections.len()).expect("few");
        for (kind, flags, size) in sections {
            for word in [0, *kind, *flags, 0, 0, *size, 0, 0, 0, 0_u32] {
                file.extend(word.to_le_bytes());
            }
        }
        file
    }

    #[test]
    fn code_constants_and_statics_are_told_apart() {
        let file = file(&[
            (1, ALLOC | 4, 1000),
            (1, ALLOC, 200),
            (1, ALLOC | WRITE, 30),
            (NOBITS, ALLOC | WRITE, 4),
            (1, 0, 9999),
        ]);
        let expected = Sizes {
            flash: 1230,
            memory: 34,
        };
        assert_eq!(sizes(&file).expect("it is one"), expected);
        assert!(sizes(&file[..file.len() - 41]).is_err());
        assert!(sizes(b"#!/bin/sh").is_err());
    }
}
