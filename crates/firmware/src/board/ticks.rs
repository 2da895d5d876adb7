//! Time since the start, from the core's SysTick counter at 25 MHz.

use core::sync::atomic::{AtomicU32, Ordering};

use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;

/// It counts down from here, and interrupts when it begins anew.
const RELOAD: u32 = 0x00ff_ffff;
/// Ticks of a microsecond.
const PER_MICRO: u64 = 25;

static ROUNDS: AtomicU32 = AtomicU32::new(0);

/// To be called by the SysTick exception.
pub fn overflowed() {
    ROUNDS.fetch_add(1, Ordering::Relaxed);
}

/// The running counter.
pub struct Ticks(SYST);

impl core::fmt::Debug for Ticks {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Ticks").finish_non_exhaustive()
    }
}

impl Ticks {
    /// Starts the counter.
    #[must_use]
    pub fn start(mut counter: SYST) -> Self {
        counter.set_clock_source(SystClkSource::Core);
        counter.set_reload(RELOAD);
        counter.clear_current();
        counter.enable_counter();
        counter.enable_interrupt();
        // It stands at zero until its first tick loads it.
        while SYST::get_current() == 0 {}
        Self(counter)
    }

    /// Ticks since the start.
    #[must_use]
    pub fn now(&self) -> u64 {
        loop {
            let rounds = ROUNDS.load(Ordering::Relaxed);
            let left = SYST::get_current();
            // Unless it began anew between the two.
            if ROUNDS.load(Ordering::Relaxed) == rounds {
                return u64::from(rounds) * (u64::from(RELOAD) + 1) + u64::from(RELOAD - left);
            }
        }
    }

    /// Microseconds since the start.
    #[must_use]
    pub fn micros(&self) -> u64 {
        self.now() / PER_MICRO
    }
}
