//! Example of a log on a device: receipts in NOR flash, through power cuts, exported over a serial line.
//!
//! The library needs no allocator and no operating system, and is tested on the machine of whoever builds
//! it; what is of one board is behind the feature `board`. The guide is `docs/guides/embedded.md`.
#![no_std]

#[cfg(test)]
extern crate std;

#[cfg(feature = "board")]
pub mod board;
mod device;
mod key_line;
mod line;
mod page;
mod ring;
mod session;
mod twice;

pub use device::{Buffers, Device, DeviceError, Now, Provision};
pub use key_line::KeyLine;
pub use line::{LineError, LineWriter, read_line};
pub use ring::{Damage, MAX_RECEIPT, Position, Ring, RingError};
pub use session::{Session, Work};
