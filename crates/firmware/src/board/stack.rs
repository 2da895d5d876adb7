//! How deep the stack went: it is painted at the start, and what is left of the paint is looked for.

use core::ptr::{addr_of, addr_of_mut, read_volatile, write_volatile};

const PAINT: u32 = 0xc5c5_c5c5;

unsafe extern "C" {
    /// End of the statics, from cortex-m-rt's linker script. Only its address means something.
    static mut __sheap: u32;
    /// Where the stack begins; it grows down from here.
    static _stack_start: u32;
}

/// Paints the memory between the statics and the stack as it is now.
#[inline(never)]
pub fn paint() {
    let mut at = addr_of_mut!(__sheap);
    // Below this function's own frame, and what it may still push.
    let end = cortex_m::register::msp::read() as usize - 64;
    while (at as usize) < end {
        // SAFETY: between the end of the statics and the stack pointer nothing lives: there is no heap,
        // and the one interrupt pushes below the stack pointer only while it runs and leaves nothing.
        unsafe {
            write_volatile(at, PAINT);
            at = at.add(1);
        }
    }
}

/// Bytes that the stack had at its deepest since it was painted.
#[must_use]
pub fn peak() -> usize {
    let mut at = addr_of!(__sheap);
    let top = addr_of!(_stack_start) as usize;
    // SAFETY: reads memory between the statics and the start of the stack, which is there.
    while (at as usize) < top && unsafe { read_volatile(at) } == PAINT {
        // SAFETY: it is below `top`, so at most one past the last word of the stack.
        at = unsafe { at.add(1) };
    }
    top - at as usize
}
