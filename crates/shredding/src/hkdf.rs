//! HKDF-SHA-256 (RFC 5869) that leaves nothing of the keys behind.
//!
//! Written here rather than taken from the crate `hkdf`, which keeps the extracted key and each block
//! of output in plain arrays that nobody wipes. A test vector of the RFC holds it, and that crate as a peer in the tests.

use alloc::boxed::Box;
use hmac::{HmacReset, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::{Zeroize as _, Zeroizing};

/// Finished in place: its state has what was hashed last in a buffer, and moving it, as the other one
/// does to finish, would leave that behind.
type Hmac = HmacReset<Sha256>;

/// What is extracted of a key, ready to be expanded any number of times. Wiped when dropped.
pub(crate) struct Prk(Box<Hmac>);

impl Prk {
    /// Extracts a key under a salt of at most 64 bytes.
    pub(crate) fn extract(salt: &[u8], input: &[u8]) -> Self {
        let mut extract = keyed(salt);
        extract.update(input);
        let mut prk = Zeroizing::new([0; 32]);
        finish(&mut extract, &mut prk);
        Self(Box::new(keyed(&*prk)))
    }

    /// Expands it for the parts of the info, joined. `N` is at most 255 hashes.
    pub(crate) fn expand<const N: usize>(&self, info: &[&[u8]]) -> Zeroizing<[u8; N]> {
        const { assert!(N <= 255 * 32, "RFC 5869 section 2.3") };
        let mut out = Zeroizing::new([0; N]);
        let mut block = Zeroizing::new([0; 32]);
        for (number, chunk) in (1..=u8::MAX).zip(out.chunks_mut(32)) {
            let mut mac = (*self.0).clone();
            if number > 1 {
                mac.update(&*block);
            }
            info.iter().for_each(|part| mac.update(part));
            mac.update(&[number]);
            finish(&mut mac, &mut block);
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
        out
    }
}

/// A key of the block's length makes the constructor infallible: HMAC pads shorter ones with zeros
/// itself (RFC 2104), and no key here is longer.
fn keyed(key: &[u8]) -> Hmac {
    debug_assert!(key.len() <= 64, "a salt of more than a block");
    let mut block = Zeroizing::new([0; 64]);
    block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    Hmac::new((&*block).into())
}

fn finish(mac: &mut Hmac, out: &mut [u8; 32]) {
    let mut tag = mac.finalize_reset().into_bytes();
    out.copy_from_slice(&tag);
    tag.as_mut_slice().zeroize();
}

#[cfg(test)]
mod tests {
    use super::Prk;

    /// RFC 5869, A.1: two blocks, the second cut.
    #[test]
    fn rfc_5869_test_case_1() {
        let salt: [u8; 13] = core::array::from_fn(|n| u8::try_from(n).unwrap_or(0));
        let info: [u8; 10] = core::array::from_fn(|n| 0xf0 + u8::try_from(n).unwrap_or(0));
        let expected = [
            0x3c, 0xb2, 0x5f, 0x25, 0xfa, 0xac, 0xd5, 0x7a, 0x90, 0x43, 0x4f, 0x64, 0xd0, 0x36,
            0x2f, 0x2a, 0x2d, 0x2d, 0x0a, 0x90, 0xcf, 0x1a, 0x5a, 0x4c, 0x5d, 0xb0, 0x2d, 0x56,
            0xec, 0xc4, 0xc5, 0xbf, 0x34, 0x00, 0x72, 0x08, 0xd5, 0xb8, 0x87, 0x18, 0x58, 0x65,
        ];
        let prk = Prk::extract(&salt, &[0x0b; 22]);
        assert_eq!(*prk.expand::<42>(&[&info]), expected);
    }

    #[test]
    fn the_crate_hkdf_agrees() {
        for (salt, input, info) in [
            (&[0; 32][..], &[1; 32][..], &b"label\0"[..]),
            (&[7; 16], &[0xff; 32], &[3; 100]),
            (&[], &[], &[]),
            (&[9; 64], &[2; 32], &[4; 64]),
        ] {
            let mut theirs = [0; 200];
            let peer = hkdf::Hkdf::<sha2::Sha256>::new(Some(salt), input);
            assert!(peer.expand(info, &mut theirs).is_ok());
            let ours = Prk::extract(salt, input);
            // Where one part of the info ends does not count.
            let (head, tail) = info.split_at(info.len() / 3);
            assert_eq!(*ours.expand::<200>(&[head, tail]), theirs);
            assert_eq!(ours.expand::<32>(&[info])[..], theirs[..32]);
        }
    }
}
