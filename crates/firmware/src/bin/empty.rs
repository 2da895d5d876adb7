//! A firmware that does nothing but start and speak: what the others are measured against.
#![no_std]
#![no_main]

use core::fmt::Write as _;

use ai_audit_firmware::board::{Ticks, Uart, overflowed};
use cortex_m_rt::{entry, exception};

#[entry]
fn main() -> ! {
    let mut uart = Uart::new();
    let ticks = cortex_m::Peripherals::take().map(|core| Ticks::start(core.SYST));
    let micros = ticks.map_or(0, |ticks| ticks.micros());
    let _ = writeln!(uart, "empty {micros}");
    loop {
        cortex_m::asm::wfi();
    }
}

#[exception]
fn SysTick() {
    overflowed();
}
