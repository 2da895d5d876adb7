//! Bodies that are compressed, read beside their forwarding and in bounded memory.

use flate2::write::{DeflateDecoder, GzDecoder, ZlibDecoder};
use std::io::{self, Write};

/// The most bytes that are read of one body.
const MOST: u64 = 64 << 20;
/// The most bytes that one byte may become, once there are some.
const MOST_RATIO: u64 = 200;
/// From how many bytes on the ratio counts: a short body may be very regular.
const RATIO_FROM: u64 = 1 << 20;

/// Reads a body by its `Content-Encoding`.
#[derive(Debug)]
pub(crate) struct Decoder {
    kind: Kind,
    came: u64,
    gave: u64,
}

enum Kind {
    Identity,
    Gzip(Box<GzDecoder<Pieces>>),
    /// `deflate` before it is known whether it is with the head of zlib, as it should be, or without.
    Unknown,
    Zlib(Box<ZlibDecoder<Pieces>>),
    Deflate(Box<DeflateDecoder<Pieces>>),
}

impl core::fmt::Debug for Kind {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Identity => "identity",
            Self::Gzip(_) => "gzip",
            _ => "deflate",
        })
    }
}

/// What was read and not yet taken.
#[derive(Debug, Default)]
struct Pieces {
    bytes: Vec<u8>,
    room: u64,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let len = bytes.len() as u64;
        if len > self.room {
            return Err(io::Error::other("more than is read"));
        }
        self.room -= len;
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Decoder {
    /// For an encoding; none where it is not known.
    pub(crate) fn of(encoding: &str) -> Option<Self> {
        let kind = match encoding.trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Kind::Identity,
            "gzip" | "x-gzip" => Kind::Gzip(Box::new(GzDecoder::new(Pieces::default()))),
            "deflate" => Kind::Unknown,
            _ => return None,
        };
        Some(Self {
            kind,
            came: 0,
            gave: 0,
        })
    }

    /// Takes the next bytes and hands over what they are. After an error nothing more is read.
    pub(crate) fn push(&mut self, bytes: &[u8], each: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        self.came = self.came.saturating_add(bytes.len() as u64);
        let limit = match self.came.saturating_mul(MOST_RATIO) {
            limit if limit < RATIO_FROM => RATIO_FROM,
            limit => limit.min(MOST),
        };
        let room = limit.saturating_sub(self.gave);
        if let (Kind::Unknown, Some(first)) = (&self.kind, bytes.first()) {
            // RFC 1950: method 8 in the lower half of the first byte, a window of at most 32 KiB above.
            self.kind = match first & 0x0f == 8 && first >> 4 <= 7 {
                true => Kind::Zlib(Box::new(ZlibDecoder::new(Pieces::default()))),
                false => Kind::Deflate(Box::new(DeflateDecoder::new(Pieces::default()))),
            };
        }
        let given = match &mut self.kind {
            Kind::Unknown => 0,
            Kind::Identity => {
                if bytes.len() as u64 > room {
                    return Err(io::Error::other("more than is read"));
                }
                each(bytes);
                bytes.len() as u64
            }
            Kind::Gzip(decoder) => {
                decoder.get_mut().room = room;
                write(&mut **decoder, bytes)?;
                give(decoder.get_mut(), each)
            }
            Kind::Zlib(decoder) => {
                decoder.get_mut().room = room;
                write(&mut **decoder, bytes)?;
                give(decoder.get_mut(), each)
            }
            Kind::Deflate(decoder) => {
                decoder.get_mut().room = room;
                write(&mut **decoder, bytes)?;
                give(decoder.get_mut(), each)
            }
        };
        self.gave = self.gave.saturating_add(given);
        Ok(())
    }
}

/// Writes all of it, and has what it is come out: an event should not wait in a decoder.
fn write(decoder: &mut impl Write, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match decoder.write(bytes)? {
            // Behind the end of what is compressed.
            0 => return Ok(()),
            taken => bytes = bytes.get(taken..).unwrap_or_default(),
        }
    }
    decoder.flush()
}

fn give(pieces: &mut Pieces, each: &mut dyn FnMut(&[u8])) -> u64 {
    each(&pieces.bytes);
    let given = pieces.bytes.len() as u64;
    pieces.bytes.clear();
    given
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    fn read(encoding: &str, bytes: &[u8], piece: usize) -> io::Result<Vec<u8>> {
        let (mut decoder, mut all) = (Decoder::of(encoding).unwrap(), Vec::new());
        for piece in bytes.chunks(piece) {
            decoder.push(piece, &mut |bytes| all.extend_from_slice(bytes))?;
        }
        Ok(all)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn each_encoding_is_read_however_it_is_cut() {
        let text: Vec<u8> = (0..20_000u32)
            .flat_map(|n| n.to_string().into_bytes())
            .collect();
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(&text).unwrap();
        let mut deflate = DeflateEncoder::new(Vec::new(), Compression::fast());
        deflate.write_all(&text).unwrap();
        for (encoding, bytes) in [
            ("", text.clone()),
            ("GZIP", gzip(&text)),
            ("deflate", zlib.finish().unwrap()),
            ("deflate", deflate.finish().unwrap()),
        ] {
            for piece in [1, 7, 1000, 1 << 20] {
                assert_eq!(read(encoding, &bytes, piece).unwrap(), text, "{encoding}");
            }
        }
        assert!(Decoder::of("br").is_none());
    }

    #[test]
    fn a_bomb_is_not_unpacked() {
        let bomb = gzip(&vec![0; 200 << 20]);
        let mut most = 0;
        let mut decoder = Decoder::of("gzip").unwrap();
        let stopped = bomb
            .chunks(4096)
            .try_for_each(|piece| decoder.push(piece, &mut |bytes| most += bytes.len()));
        assert!(stopped.is_err() && most <= 1 << 20, "{most}");
        assert!(read("gzip", b"no gzip at all", 100).is_err());
    }
}
