//! The board that the programs run on: Arm's MPS2 with the AN386 image (Cortex-M4), as QEMU has it.
#![allow(
    unsafe_code,
    reason = "registers and memory by their addresses; each block says why it is sound"
)]

mod nor;
mod stack;
mod ticks;
mod uart;

pub use nor::{PoweredNor, image};
pub use stack::{paint, peak};
pub use ticks::{Ticks, overflowed};
pub use uart::Uart;

/// Resets the chip, as its power coming back does; what is in flash stays.
pub fn reset() -> ! {
    cortex_m::peripheral::SCB::sys_reset()
}

/// Says so and stops: of a panic nothing more is known on a device, and nothing more may be sealed.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    use core::fmt::Write as _;
    let _ = Uart::new().write_str("panic\n");
    loop {
        cortex_m::asm::bkpt();
    }
}
