//! The whole device: starts from what its flash holds, records decisions, answers its host.
#![no_std]
#![no_main]

use core::fmt::{self, Write as _};

use ai_audit_core::{Action, Check, Decision, Digest, Head, SigningKey, TextDigest, Timestamp};
use ai_audit_firmware::board::{PoweredNor, Ticks, Uart, overflowed, paint, peak, reset};
use ai_audit_firmware::{
    Buffers, Device, DeviceError, LineWriter, Provision, Session, Work, read_line,
};
use cortex_m_rt::{entry, exception};
use embedded_storage::nor_flash::NorFlashErrorKind;

/// The seed that the example's device is made with. A product's key is made in it, from a random source
/// or in a secure element, and is known to nobody.
const SEED: [u8; 32] = [0x5e; 32];
/// When the example's device was made: 2026-09-21.
const MADE: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);

#[entry]
fn main() -> ! {
    paint();
    let mut uart = Uart::new();
    if let Some(core) = cortex_m::Peripherals::take() {
        let ticks = Ticks::start(core.SYST);
        if let Some(session) = start(&mut uart) {
            let _ = serve(session, &mut uart, &ticks);
        }
    }
    loop {
        cortex_m::asm::wfi();
    }
}

/// Public keys of an example's host. Their secrets are never in a device; here only their seeds' bytes
/// are short to write.
// Not inlined, as others here: what it has on the stack is not there while receipts are sealed.
#[inline(never)]
fn provision_of() -> Provision<'static> {
    let public = |seed| SigningKey::from_bytes(&[seed; 32]).verifying_key();
    Provision {
        name: "example.org/arm/7",
        tenant: "acme",
        seed: &SEED,
        checkpoint_key: public(2),
        recovery_key: public(3),
        salt: *b"salt of device 7",
        now: MADE,
    }
}

/// Starts the device, in statics, so that the stack is left to the signatures.
#[inline(never)]
fn start(uart: &mut Uart) -> Option<&'static mut Session<'static, 'static, PoweredNor>> {
    let buffers = cortex_m::singleton!(: Buffers = Buffers::new())?;
    let provision = cortex_m::singleton!(: Option<Provision<'static>> = None)?;
    let session = cortex_m::singleton!(: Option<Session<'static, 'static, PoweredNor>> = None)?;
    let provision = provision.insert(provision_of());
    match Device::start(PoweredNor::new(), provision, buffers) {
        Ok(device) => Some(session.insert(Session::new(device, provision))),
        Err(why) => {
            let _ = say(uart, format_args!("error start: {why}"));
            None
        }
    }
}

#[inline(never)]
fn serve(session: &mut Session<'_, '_, PoweredNor>, uart: &mut Uart, ticks: &Ticks) -> fmt::Result {
    let size = session.device().ring().head().size();
    say(
        uart,
        format_args!("started size={size} ticks={}", ticks.now()),
    )?;
    let mut buf = [0; 160];
    loop {
        let line = uart.line(&mut buf);
        let words = match read_line(line) {
            Ok(words) => words,
            Err(why) => {
                say(uart, format_args!("error line: {why}"))?;
                continue;
            }
        };
        if session.answer(words, ticks.micros(), uart)? == Work::NotMine {
            own(session, words, uart, ticks)?;
        }
    }
}

/// Commands of the example, in place of a robot's own work and of somebody at its plug.
#[inline(never)]
fn own(
    session: &mut Session<'_, '_, PoweredNor>,
    words: &str,
    uart: &mut Uart,
    ticks: &Ticks,
) -> fmt::Result {
    let mut parts = words.split(' ');
    let number = |text: Option<&str>| text.and_then(|text| text.parse::<u32>().ok());
    match (parts.next(), number(parts.next())) {
        (Some("decide"), Some(times)) => {
            for _ in 0..times {
                match decide(session, ticks) {
                    Ok(head) => say(
                        uart,
                        format_args!("sealed {} {}", head.size() - 1, head.hash()),
                    )?,
                    Err(why) => say(uart, format_args!("error decide: {why}"))?,
                }
            }
            say(uart, format_args!("ok decide"))
        }
        (Some("cut-power-after"), Some(words)) => {
            session.device().ring().flash().cut_power_after(words);
            say(uart, format_args!("ok cut-power-after"))
        }
        (Some("reset"), None) => reset(),
        (Some("measure"), None) => measure(session, uart, ticks),
        _ => say(uart, format_args!("error no such command")),
    }
}

type Decided = Result<Head, DeviceError<NorFlashErrorKind>>;

#[inline(never)]
fn decide(session: &mut Session<'_, '_, PoweredNor>, ticks: &Ticks) -> Decided {
    let now = session.now(ticks.micros());
    session.device().record(&decision(), "", now)
}

/// Ticks of a receipt from decision to durable, and of verifying all that is here.
fn measure(
    session: &mut Session<'_, '_, PoweredNor>,
    uart: &mut Uart,
    ticks: &Ticks,
) -> fmt::Result {
    let start = ticks.now();
    let recorded = decide(session, ticks).is_ok();
    let record = ticks.now() - start;
    let key = session.device().verifying_key();
    let start = ticks.now();
    let Some(receipts) = session
        .device()
        .ring()
        .verify(&key)
        .ok()
        .filter(|_| recorded)
    else {
        return say(
            uart,
            format_args!("error measure: not recorded, or not verified"),
        );
    };
    let verify = ticks.now() - start;
    let stack = peak();
    say(
        uart,
        format_args!("measured record={record} verify={verify} receipts={receipts} stack={stack}"),
    )
}

fn decision() -> Decision<'static> {
    const CHECKS: [Check<'static>; 1] = [Check {
        name: ai_audit_core::Text::borrowed("speed-limit"),
        version: ai_audit_core::Text::borrowed("1.2"),
        score: Some(0.41),
        threshold: Some(0.9),
        fired: false,
        detail: ai_audit_core::Text::EMPTY,
    }];
    Decision {
        input: Some(TextDigest::Plain(Digest::of(b"obstacle ahead, 1.4 m"))),
        output: Some(TextDigest::Plain(Digest::of(b"brake"))),
        checks: ai_audit_core::List::borrowed(&CHECKS),
        action: Action::Allow,
        model: "planner-3".into(),
        operation: "plan".into(),
        ..Decision::new()
    }
}

#[inline(never)]
fn say(uart: &mut Uart, what: fmt::Arguments<'_>) -> fmt::Result {
    let mut line = LineWriter::new(uart);
    line.write_fmt(what)?;
    line.end()
}

#[exception]
fn SysTick() {
    overflowed();
}
