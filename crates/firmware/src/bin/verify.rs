//! A verifying device: holds a receipts file that lies in its flash against a pinned receipt key.
//!
//! In flash stand the 32 bytes of the key, then the file, then zeros.
#![no_std]
#![no_main]

use core::fmt::Write as _;

use ai_audit_core::{Chain, UnverifiedReceipt, VerifyingKey};
use ai_audit_firmware::board::{Uart, image, paint, peak};
use ai_audit_firmware::{LineWriter, MAX_RECEIPT};
use cortex_m_rt::entry;

const MAGIC: &[u8] = b"ai-audit/receipts/v1\n";

#[entry]
fn main() -> ! {
    paint();
    let mut uart = Uart::new();
    let outcome = verify();
    let mut line = LineWriter::new(&mut uart);
    let _ = match outcome {
        Ok(receipts) => write!(line, "verified {receipts} stack={}", peak()),
        Err((receipts, what)) => write!(line, "error receipt {receipts}: {what}"),
    };
    let _ = line.end();
    loop {
        cortex_m::asm::wfi();
    }
}

/// The number of receipts, or of the one that fails and why.
fn verify() -> Result<u64, (u64, &'static str)> {
    let mut at = 0;
    let mut key = [0; 32];
    take(&mut at, &mut key);
    let key = VerifyingKey::from_bytes(&key).map_err(|_| (0, "no key"))?;
    for byte in MAGIC {
        let mut there = [0];
        take(&mut at, &mut there);
        if there != [*byte] {
            return Err((0, "no receipts file"));
        }
    }
    let mut chain = Chain::new();
    // Not on the stack, which is left to the signatures.
    let buf = cortex_m::singleton!(: [u8; MAX_RECEIPT] = [0; MAX_RECEIPT]);
    let buf = buf.ok_or((0, "taken"))?;
    loop {
        let number = chain.head().size();
        let mut len = [0; 2];
        take(&mut at, &mut len);
        let len = usize::from(u16::from_be_bytes(len));
        if len == 0 {
            return Ok(number);
        }
        let too_long = (number, "longer than a device takes");
        let (payload, rest) = buf.split_at_mut_checked(len).ok_or(too_long)?;
        let signature = rest.get_mut(..64).ok_or(too_long)?;
        let mut seal = [0];
        take(&mut at, payload);
        take(&mut at, &mut seal);
        take(&mut at, signature);
        if seal != [64] {
            return Err((number, "no seal of its own"));
        }
        let sealed = buf.get(..len + 64).ok_or(too_long)?;
        let receipt = UnverifiedReceipt::parse(sealed).map_err(|_| (number, "not a receipt"))?;
        chain
            .push(&receipt)
            .map_err(|_| (number, "does not follow"))?;
        receipt
            .verify_signature(&key)
            .map_err(|_| (number, "signature"))?;
    }
}

fn take(at: &mut usize, to: &mut [u8]) {
    for byte in to {
        *byte = image(*at);
        *at += 1;
    }
}
