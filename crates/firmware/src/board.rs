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
