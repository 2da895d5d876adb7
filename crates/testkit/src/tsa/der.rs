//! As much of DER as a timestamp authority for tests writes.

/// Tag, length, contents.
#[must_use]
pub fn tlv(tag: u8, contents: &[u8]) -> Vec<u8> {
    let len = contents.len().to_be_bytes();
    let significant: Vec<u8> = len.into_iter().skip_while(|byte| *byte == 0).collect();
    let mut out = vec![tag];
    if contents.len() < 128 {
        out.push(significant.first().copied().unwrap_or(0));
    } else {
        out.push(0x80 | u8::try_from(significant.len()).unwrap());
        out.extend(significant);
    }
    out.extend_from_slice(contents);
    out
}

/// A SEQUENCE of encoded parts.
#[must_use]
pub fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

/// A SET OF encoded parts, in the order of DER.
#[must_use]
pub fn set(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut parts = parts.to_vec();
    parts.sort();
    tlv(0x31, &parts.concat())
}

/// An explicitly tagged part.
#[must_use]
pub fn tagged(number: u8, part: &[u8]) -> Vec<u8> {
    tlv(0xa0 | number, part)
}

/// An INTEGER of contents, big-endian.
#[must_use]
pub fn integer(contents: &[u8]) -> Vec<u8> {
    tlv(2, contents)
}

/// An OCTET STRING.
#[must_use]
pub fn octets(contents: &[u8]) -> Vec<u8> {
    tlv(4, contents)
}

/// An OBJECT IDENTIFIER.
#[must_use]
pub fn oid(text: &str) -> Vec<u8> {
    let arcs: Vec<u64> = text.split('.').map(|arc| arc.parse().unwrap()).collect();
    let mut contents = base128(arcs[0] * 40 + arcs[1]);
    contents.extend(arcs[2..].iter().flat_map(|arc| base128(*arc)));
    tlv(6, &contents)
}

fn base128(mut number: u64) -> Vec<u8> {
    let mut digits = vec![u8::try_from(number & 0x7f).unwrap()];
    while number > 0x7f {
        number >>= 7;
        digits.push(0x80 | u8::try_from(number & 0x7f).unwrap());
    }
    digits.reverse();
    digits
}

/// The n-th field of the sequence inside of the outer sequence.
pub(super) fn field(der: &[u8], number: usize) -> Vec<u8> {
    let mut rest = contents(contents(der));
    for _ in 0..number {
        rest = &rest[len(rest)..];
    }
    rest[..len(rest)].to_vec()
}

/// The set with its members in the opposite order.
pub(super) fn reversed(set: &[u8]) -> Vec<u8> {
    let mut rest = contents(set);
    let mut members = Vec::new();
    while !rest.is_empty() {
        let (member, more) = rest.split_at(len(rest));
        members.push(member.to_vec());
        rest = more;
    }
    members.reverse();
    tlv(set[0], &members.concat())
}

/// Length of the header and of the contents.
fn lengths(der: &[u8]) -> (usize, usize) {
    match der[1] {
        short if short < 128 => (2, short.into()),
        long => {
            let count = usize::from(long & 0x7f);
            let len = der[2..2 + count]
                .iter()
                .fold(0, |len, byte| len << 8 | usize::from(*byte));
            (2 + count, len)
        }
    }
}

fn len(der: &[u8]) -> usize {
    let (header, contents) = lengths(der);
    header + contents
}

fn contents(der: &[u8]) -> &[u8] {
    let (header, contents) = lengths(der);
    &der[header..header + contents]
}
