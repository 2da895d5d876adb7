//! Packages of the Python library beyond 2 GiB, where Python goes over to ZIP64.

use ai_audit_export::archive::{Archive, Limits, Profile, ReadAt};
use std::io;

/// A package with a file beyond 2 GiB, of which only the headers are there.
struct Large {
    front: Vec<u8>,
    hole: u64,
    back: Vec<u8>,
}

impl ReadAt for Large {
    fn size(&self) -> io::Result<u64> {
        Ok(self.front.len() as u64 + self.hole + self.back.len() as u64)
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let back = self.front.len() as u64 + self.hole;
        if offset < self.front.len() as u64 {
            self.front.read_at(buf, offset)
        } else if offset < back {
            let len = buf
                .len()
                .min(usize::try_from(back - offset).unwrap_or(usize::MAX));
            buf[..len].fill(0);
            Ok(len)
        } else {
            self.back.read_at(buf, offset - back)
        }
    }
}

/// How the headers of a large package are written.
#[derive(Clone, Copy)]
struct Zip64 {
    local: bool,
    size: bool,
    offset: bool,
    end: bool,
}

const AS_PYTHON: Zip64 = Zip64 {
    local: true,
    size: true,
    offset: true,
    end: true,
};

/// Two files, the first one stored with `size` bytes; as `zipfile` writes it.
fn large(size: u64, zip64: Zip64) -> Large {
    let low = |value: u64, large: bool| {
        if large {
            u32::MAX
        } else {
            u32::try_from(value).unwrap()
        }
    };
    let version = |large: bool| if large { 45_u16 } else { 20 };
    let common = |version: u16, size: u32, name: &str, extra: usize| {
        let mut out = Vec::new();
        for field in [version, 0, 0, 0, 0x21] {
            out.extend(field.to_le_bytes());
        }
        for field in [0, size, size] {
            out.extend(field.to_le_bytes());
        }
        for len in [name.len(), extra] {
            out.extend(u16::try_from(len).unwrap().to_le_bytes());
        }
        out
    };
    let extra = |there: bool, values: &[u64]| {
        let mut out = Vec::new();
        if there {
            out.extend([1, 0]);
            out.extend(u16::try_from(values.len() * 8).unwrap().to_le_bytes());
            out.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        }
        out
    };
    let central = |version: u16, common: Vec<u8>, offset: u32, name: &str, extra: Vec<u8>| {
        let mut out = b"PK\x01\x02".to_vec();
        out.extend([u8::try_from(version).unwrap(), 3]);
        out.extend(common);
        out.extend([0; 6]);
        out.extend((0o600_u32 << 16).to_le_bytes());
        out.extend(offset.to_le_bytes());
        out.extend(name.as_bytes());
        out.extend(extra);
        out
    };
    let local_extra = extra(zip64.local, &[size, size]);
    let mut front = b"PK\x03\x04".to_vec();
    front.extend(common(
        version(zip64.local),
        low(size, zip64.local),
        "receipts.jsonl",
        local_extra.len(),
    ));
    front.extend(b"receipts.jsonl");
    front.extend(local_extra);
    let second_at = front.len() as u64 + size;
    let mut back = b"PK\x03\x04".to_vec();
    back.extend(common(20, 0, "verify.py", 0));
    back.extend(b"verify.py");
    let directory_at = front.len() as u64 + size + back.len() as u64;
    let first_extra = extra(zip64.size, &[size, size]);
    let first_version = version(zip64.local || zip64.size);
    let mut directory = central(
        first_version,
        common(
            first_version,
            low(size, zip64.size),
            "receipts.jsonl",
            first_extra.len(),
        ),
        0,
        "receipts.jsonl",
        first_extra,
    );
    let offset_extra = extra(zip64.offset, &[second_at]);
    directory.extend(central(
        version(zip64.offset),
        common(version(zip64.offset), 0, "verify.py", offset_extra.len()),
        low(second_at, zip64.offset),
        "verify.py",
        offset_extra,
    ));
    let directory_len = directory.len() as u64;
    back.extend(directory);
    if zip64.end {
        back.extend(b"PK\x06\x06");
        back.extend(44_u64.to_le_bytes());
        back.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        for field in [2, 2, directory_len, directory_at] {
            back.extend(field.to_le_bytes());
        }
        back.extend(b"PK\x06\x07\0\0\0\0");
        back.extend((directory_at + directory_len).to_le_bytes());
        back.extend([1, 0, 0, 0]);
    }
    back.extend(b"PK\x05\x06\0\0\0\0\x02\0\x02\0");
    back.extend(u32::try_from(directory_len).unwrap().to_le_bytes());
    back.extend(
        u32::try_from(directory_at)
            .unwrap_or(u32::MAX)
            .to_le_bytes(),
    );
    back.extend([0; 2]);
    Large {
        front,
        hole: size,
        back,
    }
}

#[test]
fn zip64_from_2_gib_on() {
    let limit = (1_u64 << 31) - 1;
    let open =
        |size, zip64| Archive::open_as(large(size, zip64), Limits::default(), Profile::Python);
    let plain = Zip64 {
        local: false,
        size: false,
        offset: false,
        end: false,
    };
    // Python makes room in the local header before it knows the size after compression.
    let roomy = limit * 100 / 105 + 1;
    let room = Zip64 {
        local: true,
        ..plain
    };
    for (size, zip64) in [
        (roomy - 1, plain),
        (roomy, room),
        // With the headers in between, the next file begins beyond the limit.
        (
            limit - 30,
            Zip64 {
                local: true,
                offset: true,
                end: true,
                ..plain
            },
        ),
        (
            limit,
            Zip64 {
                size: false,
                ..AS_PYTHON
            },
        ),
        (limit + 1, AS_PYTHON),
        (3 << 30, AS_PYTHON),
        (5 << 30, AS_PYTHON),
    ] {
        let archive = open(size, zip64).unwrap();
        assert_eq!(archive.entries()[0].size(), size);
    }
    for (size, zip64) in [
        (roomy - 1, room),
        (roomy, plain),
        (1000, AS_PYTHON),
        (
            limit + 1,
            Zip64 {
                local: false,
                ..AS_PYTHON
            },
        ),
        (
            limit + 1,
            Zip64 {
                size: false,
                ..AS_PYTHON
            },
        ),
        (
            limit + 1,
            Zip64 {
                offset: false,
                ..AS_PYTHON
            },
        ),
        (
            limit + 1,
            Zip64 {
                end: false,
                ..AS_PYTHON
            },
        ),
        (limit, AS_PYTHON),
        (1000, Zip64 { end: true, ..plain }),
    ] {
        assert!(open(size, zip64).is_err(), "{size}");
    }
    // Our own packages do without ZIP64's fields until 4 GiB.
    assert!(Archive::open(large(limit + 1, AS_PYTHON), Limits::default()).is_err());
}
