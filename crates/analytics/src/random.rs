//! Random numbers that are the same everywhere, for simulations; not for secrets.

use serde::{Deserialize, Serialize};

/// The generator SplitMix64 (Steele, Lea and Flood 2014). Its whole state is its seed, so whoever knows
/// the seed gets the same numbers in any language.
///
/// ```
/// use ai_audit_analytics::SplitMix64;
/// assert_eq!(SplitMix64::new(1_234_567).next_u64(), 6_457_827_717_110_365_317);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitMix64(u64);

impl SplitMix64 {
    /// Begins with this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub const fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 where that is 0. The bias is below `bound`/2^64.
    pub fn below(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.next_u64()) * u128::from(bound);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// A number from 0 to 1, 1 excluded: the upper 53 bits over 2^53.
    pub fn unit(&mut self) -> f64 {
        crate::walk::real(self.next_u64() >> 11) / crate::walk::real(1 << 53)
    }

    /// True with probability `p`.
    pub fn event(&mut self, p: f64) -> bool {
        self.unit() < p
    }
}
