//! HKDF-SHA-256 (RFC 5869) that leaves nothing of the keys behind.
//!
//! Written here rather than taken from the crate `hkdf`, which keeps the extracted key and each block
//! of output in plain arrays that nobody wipes; the test vectors of the RFC, and that crate as a peer
//! in the tests, hold it.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::{Zeroize as _, Zeroizing};

/// Fills `out` from a key, a salt of at most 64 bytes, and the parts of the info, joined. `N` is at
/// most 255 hashes.
pub(crate) fn derive<const N: usize>(salt: &[u8], input: &[u8], info: &[&[u8]], out: &mut [u8; N]) {
    const { assert!(N <= 255 * 32, "RFC 5869 section 2.3") };
    let mut prk = Zeroizing::new([0; 32]);
    mac(salt, &[input], &mut prk);
    let mut block = Zeroizing::new([0; 32]);
    for (number, chunk) in (1..=u8::MAX).zip(out.chunks_mut(32)) {
        let before = if number == 1 { &[][..] } else { &block[..] };
        let mut next = Zeroizing::new([0; 32]);
        let mut mac = keyed(&*prk);
        mac.update(before);
        info.iter().for_each(|part| mac.update(part));
        mac.update(&[number]);
        finish(mac, &mut next);
        chunk.copy_from_slice(&next[..chunk.len()]);
        block.copy_from_slice(&*next);
    }
}

fn mac(key: &[u8], parts: &[&[u8]], out: &mut [u8; 32]) {
    let mut mac = keyed(key);
    parts.iter().for_each(|part| mac.update(part));
    finish(mac, out);
}

/// A key of the block's length makes the constructor infallible: HMAC pads shorter ones with zeros
/// itself (RFC 2104), and no key here is longer.
fn keyed(key: &[u8]) -> Hmac<Sha256> {
    debug_assert!(key.len() <= 64, "a salt of more than a block");
    let mut block = [0; 64];
    block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    let mac = Hmac::new(&block.into());
    block.zeroize();
    mac
}

fn finish(mac: Hmac<Sha256>, out: &mut [u8; 32]) {
    let mut tag = mac.finalize().into_bytes();
    out.copy_from_slice(&tag);
    tag.as_mut_slice().zeroize();
}

#[cfg(test)]
mod tests {
    use super::derive;

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
        let mut out = [0; 42];
        // Where one part of the info ends does not count.
        derive(&salt, &[0x0b; 22], &[&info[..3], &info[3..]], &mut out);
        assert_eq!(out, expected);
    }

    #[test]
    fn the_crate_hkdf_agrees() {
        for (salt, input, info) in [
            (&[0; 32][..], &[1; 32][..], &b"label\0"[..]),
            (&[7; 16], &[0xff; 32], &[3; 100]),
            (&[], &[], &[]),
        ] {
            let (mut ours, mut theirs) = ([0; 200], [0; 200]);
            derive(salt, input, &[info], &mut ours);
            let peer = hkdf::Hkdf::<sha2::Sha256>::new(Some(salt), input);
            assert!(peer.expand(info, &mut theirs).is_ok());
            assert_eq!(ours, theirs);
        }
    }
}
