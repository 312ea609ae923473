//! Made-up input for cases, and the hash that `init_rows` shares with its twin.

use crate::numbers::narrow;
/// SplitMix64 (S. Vigna, public domain): small, and the same everywhere.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// In `0..n`.
    pub(crate) fn below(&mut self, n: u32) -> u32 {
        // the high half of a 64-bit product is below n
        narrow((u64::from(n) * (self.next() >> 32)) >> 32)
    }

    /// In `[-1, 1)`, with few enough bits that sums are rounded.
    pub(crate) fn float(&mut self) -> f32 {
        let signed = i32::try_from(self.next() >> 40).unwrap_or(0) - (1 << 23);
        signed as f32 / 8_388_608.0
    }

    #[cfg(feature = "testing")]
    pub(crate) fn floats(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| self.float()).collect()
    }
}
