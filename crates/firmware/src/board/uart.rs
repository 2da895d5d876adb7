//! The serial line: the CMSDK UART, by its registers (Arm DDI 0479, section 4.3).

use core::fmt;
use core::ptr::{read_volatile, write_volatile};

const BASE: usize = 0x4000_4000;
const DATA: *mut u32 = BASE as *mut u32;
const STATE: *mut u32 = (BASE + 0x04) as *mut u32;
const CTRL: *mut u32 = (BASE + 0x08) as *mut u32;
const BAUDDIV: *mut u32 = (BASE + 0x10) as *mut u32;

/// Bits of STATE: there is no room to send; a byte has come.
const TX_FULL: u32 = 1;
const RX_FULL: u32 = 2;
/// Bits of CTRL: send and receive.
const TX_RX_ENABLE: u32 = 3;
/// 25 MHz by 217 is 115,200 baud.
const DIVISOR: u32 = 217;

/// The serial line of the board.
#[derive(Debug)]
pub struct Uart(());

impl Uart {
    /// Sets the line up. There is one, and two of these would share it.
    #[must_use]
    pub fn new() -> Self {
        // SAFETY: the addresses are those of the board's first UART, aligned and always mapped; the
        // writes set its speed and switch it on, and touch no memory.
        unsafe {
            write_volatile(BAUDDIV, DIVISOR);
            write_volatile(CTRL, TX_RX_ENABLE);
        }
        Self(())
    }

    fn send(&mut self, byte: u8) {
        // SAFETY: as in `new`; reading the state has no effect, writing the data sends a byte.
        unsafe {
            while read_volatile(STATE) & TX_FULL != 0 {}
            write_volatile(DATA, u32::from(byte));
        }
    }

    /// Waits for a byte.
    pub fn receive(&mut self) -> u8 {
        // SAFETY: as in `new`; reading the data takes the byte that has come.
        let word = unsafe {
            while read_volatile(STATE) & RX_FULL == 0 {}
            read_volatile(DATA)
        };
        let [byte, ..] = word.to_le_bytes();
        byte
    }

    /// Waits for a line and returns it without its end. One longer than `buf` is cut, and its checksum
    /// does not hold then.
    pub fn line<'b>(&mut self, buf: &'b mut [u8]) -> &'b str {
        let mut len = 0;
        loop {
            let byte = self.receive();
            if byte == b'\n' {
                break;
            }
            if let Some(room) = buf.get_mut(len) {
                *room = byte;
                len += 1;
            }
        }
        let bytes = buf.get(..len).unwrap_or(&[]);
        core::str::from_utf8(bytes).unwrap_or_default()
    }
}

impl Default for Uart {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Write for Uart {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            self.send(byte);
        }
        Ok(())
    }
}
