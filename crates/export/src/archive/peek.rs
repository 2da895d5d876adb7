//! Which files an archive claims to hold, looked at without judging it.

use super::format::{
    CENTRAL_LEN, CENTRAL_SIGNATURE, Central, END_LEN, LOCAL_LEN, PlainEnd, Take, parse_local,
};
use super::read_at::{ReadAt, fill};

/// So much of a directory is looked at: 64 entries with names of 255 bytes fit.
const MOST: u64 = 1 << 15;

/// The name of the first file and those of the directory, as far as they can be found; what cannot be
/// read is left out. For telling kinds of archives apart, even of broken ones.
pub(crate) fn peek_names<R: ReadAt + ?Sized>(source: &R) -> Vec<Vec<u8>> {
    let mut names: Vec<Vec<u8>> = first_name(source).into_iter().collect();
    names.extend(directory_names(source).unwrap_or_default());
    names
}

fn first_name<R: ReadAt + ?Sized>(source: &R) -> Option<Vec<u8>> {
    let mut header = [0; LOCAL_LEN];
    fill(source, &mut header, 0).ok()?.then_some(())?;
    let len = parse_local(&header)?.name_len;
    let mut name = vec![0; usize::from(len)];
    let at = u64::try_from(LOCAL_LEN).ok()?;
    fill(source, &mut name, at).ok()?.then_some(name)
}

fn directory_names<R: ReadAt + ?Sized>(source: &R) -> Option<Vec<Vec<u8>>> {
    let end_at = source
        .size()
        .ok()?
        .checked_sub(u64::try_from(END_LEN).ok()?)?;
    let mut end = [0; END_LEN];
    fill(source, &mut end, end_at).ok()?.then_some(())?;
    let end = PlainEnd::parse(&end).ok()?.to_end();
    let size = usize::try_from(end.size.min(MOST)).ok()?;
    let mut directory = vec![0; size];
    fill(source, &mut directory, end.offset)
        .ok()?
        .then_some(())?;
    let mut input = Take(&directory);
    let mut names = Vec::new();
    while input.0.len() >= CENTRAL_LEN && input.0.starts_with(&CENTRAL_SIGNATURE) {
        let central = Central::take(&mut input)?;
        let Some(name) = input.bytes(central.common.name_len) else {
            break;
        };
        names.push(name.to_vec());
        let extra = input.bytes(central.common.extra_len);
        if extra
            .and_then(|_| input.bytes(central.comment_len))
            .is_none()
        {
            break;
        }
    }
    Some(names)
}
