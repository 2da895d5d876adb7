//! The core alone: seals a genesis and decisions, verifies them, and tells ticks and stack.
#![no_std]
#![no_main]

use core::fmt::Write as _;
use core::hint::black_box;

use ai_audit_core::{
    Chain, Decision, Digest, Draft, Genesis, Head, ReceiptId, SigningKey, TextDigest, Timestamp,
    UnverifiedReceipt, VerifyingKey,
};
use ai_audit_firmware::LineWriter;
use ai_audit_firmware::board::{Ticks, Uart, overflowed, paint, peak};
use cortex_m_rt::{entry, exception};

const TIME: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);

#[entry]
fn main() -> ! {
    paint();
    let mut uart = Uart::new();
    if let Some(core) = cortex_m::Peripherals::take() {
        let ticks = Ticks::start(core.SYST);
        let said = run(&ticks);
        let mut line = LineWriter::new(&mut uart);
        let _ = match said {
            Some((seal, verify)) => {
                write!(
                    line,
                    "measured seal={seal} verify={verify} stack={}",
                    peak()
                )
            }
            None => line.write_str("error what was sealed does not verify"),
        };
        let _ = line.end();
    }
    loop {
        cortex_m::asm::wfi();
    }
}

/// Ticks of sealing and of verifying a decision. Each step is a function of its own: what one of them
/// has on the stack is gone when the next one begins.
fn run(ticks: &Ticks) -> Option<(u64, u64)> {
    let mut buf = [0; 512];
    let key = SigningKey::from_bytes(black_box(&[1; 32]));
    let public = key.verifying_key();
    let mut chain = Chain::new();
    let len = open(&key, &mut buf)?;
    verify(&public, &mut chain, buf.get(..len)?)?;
    let start = ticks.now();
    let len = seal(&key, chain.head(), &mut buf)?;
    let middle = ticks.now();
    verify(&public, &mut chain, black_box(buf.get(..len)?))?;
    Some((middle - start, ticks.now() - middle))
}

#[inline(never)]
fn open(key: &SigningKey, buf: &mut [u8]) -> Option<usize> {
    let [checkpoint, recovery] =
        [2, 3].map(|seed| SigningKey::from_bytes(&[seed; 32]).verifying_key());
    let (name, public) = ("example.org/seal", key.verifying_key());
    let genesis = Genesis::new(name, "acme", &public, &checkpoint, &recovery, [7; 16]);
    let draft = Draft::new(ReceiptId::from_parts(TIME, [0; 10]), TIME);
    let sealed = draft.seal(&genesis, &Head::EMPTY, key, buf).ok()?;
    Some(sealed.as_bytes().len())
}

#[inline(never)]
fn seal(key: &SigningKey, head: &Head, buf: &mut [u8]) -> Option<usize> {
    let decision = Decision {
        input: Some(TextDigest::Plain(Digest::of(b"obstacle ahead"))),
        model: "planner-3".into(),
        ..Decision::new()
    };
    let draft = Draft::new(ReceiptId::from_parts(TIME, [1; 10]), TIME);
    let sealed = draft.seal(black_box(&decision), head, key, buf).ok()?;
    Some(sealed.as_bytes().len())
}

#[inline(never)]
fn verify(public: &VerifyingKey, chain: &mut Chain, sealed: &[u8]) -> Option<()> {
    let receipt = UnverifiedReceipt::parse(sealed).ok()?;
    chain.push(&receipt).ok()?;
    receipt.verify_signature(public).ok()
}

#[exception]
fn SysTick() {
    overflowed();
}
