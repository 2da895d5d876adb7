//! The end of a panic in a static library for C: the process, by C's own `abort`.
#![allow(
    unsafe_code,
    reason = "the C library's abort is declared here and called"
)]

unsafe extern "C" {
    /// C99 section 7.20.4.1. Where there is no hosted C library, the program's own.
    safe fn abort() -> !;
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    abort()
}
