//! Sectors that are written once and hold one record twice: the seed and the genesis.

use embedded_storage::nor_flash::NorFlash;

use crate::page::{Kind, Sector, What, pages_for};

/// The record of this kind into `buf`: its length, or nothing where neither copy is whole.
pub(crate) fn read<F: NorFlash>(
    flash: &mut F,
    sector: u32,
    kind: Kind,
    buf: &mut [u8],
) -> Option<usize> {
    let mut sector = Sector::new(flash, sector);
    let mut page = 0;
    while page < Sector::<F>::PAGES {
        let found = sector.read(page, buf);
        match found.what {
            What::Whole {
                kind: other, len, ..
            } if other == kind => return Some(len),
            _ => page = found.next,
        }
    }
    None
}

/// Whether power was cut before both copies were there: one is whole, and no other ever was.
pub(crate) fn is_cut_off<F: NorFlash>(
    flash: &mut F,
    sector: u32,
    kind: Kind,
    buf: &mut [u8],
) -> bool {
    let mut sector = Sector::new(flash, sector);
    let (mut whole, mut marks) = (0, 0);
    let mut page = 0;
    while page < Sector::<F>::PAGES {
        let found = sector.read(page, buf);
        page = found.next;
        match found.what {
            What::Whole {
                kind: other,
                marked,
                ..
            } if other == kind => {
                whole += 1;
                marks += u8::from(marked);
            }
            What::Broken { marked: true } => marks += 1,
            _ => {}
        }
    }
    whole == 1 && marks < 2
}

/// Writes both copies into the erased sector, each marked when it is whole. `false` where they do not
/// fit or do not read as they were written.
pub(crate) fn write<F: NorFlash>(
    flash: &mut F,
    sector: u32,
    kind: Kind,
    bytes: &[u8],
    buf: &mut [u8],
) -> Result<bool, F::Error> {
    let mut sector = Sector::new(flash, sector);
    if 2 * pages_for(bytes.len()) > Sector::<F>::PAGES {
        return Ok(false);
    }
    sector.erase()?;
    let mut page = 0;
    for _ in 0..2 {
        let end = sector.write(page, kind, bytes)?;
        let back = sector.read(page, buf).what;
        if !matches!(back, What::Whole { .. }) || buf.get(..bytes.len()) != Some(bytes) {
            return Ok(false);
        }
        sector.mark(page)?;
        page = end;
    }
    Ok(true)
}
