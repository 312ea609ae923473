//! The inputs that all peers share, bit for bit: bounded Zipf ids from numpy's PCG64, hashed values.

/// numpy's PCG64 (XSL-RR 128/64) as `default_rng(7)` seeds it.
struct Pcg64 {
    state: u128,
    increment: u128,
}

impl Pcg64 {
    fn seed_7() -> Self {
        Self {
            state: 208_745_520_555_909_116_978_795_849_195_383_758_904,
            increment: 261_136_684_632_268_670_825_940_853_076_396_136_793,
        }
    }

    fn next(&mut self) -> u64 {
        const MULTIPLIER: u128 = 0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645;
        self.state = self.state.wrapping_mul(MULTIPLIER).wrapping_add(self.increment);
        let [low, high] = [self.state as u64, (self.state >> 64) as u64];
        (low ^ high).rotate_right((self.state >> 122) as u32)
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / 9_007_199_254_740_992.0
    }
}

/// `n` ids below `rows`, Zipf with exponent 1.05, spread by a multiplication.
pub(crate) fn zipf(n: usize, rows: u32) -> Vec<u32> {
    let mut sum = 0.0;
    let mut cdf: Vec<f64> = (1..=rows)
        .map(|k| {
            sum += f64::from(k).powf(-1.05);
            sum
        })
        .collect();
    for value in &mut cdf {
        *value /= sum;
    }
    let mut random = Pcg64::seed_7();
    (0..n)
        .map(|_| {
            let u = random.unit();
            let rank = cdf.partition_point(|&c| c <= u).min(cdf.len() - 1) as u64;
            ((rank * 2_654_435_761 + 12_345) % u64::from(rows)) as u32
        })
        .collect()
}

/// `((i * 2654435761 + tag * 40503) mod 2^32 >> 8) * 2^-24 - 0.5`
pub(crate) fn hashed(n: usize, tag: u32) -> Vec<f32> {
    (0..n)
        .map(|i| {
            let h = (i as u32).wrapping_mul(2_654_435_761).wrapping_add(tag.wrapping_mul(40_503));
            (h >> 8) as f32 / 16_777_216.0 - 0.5
        })
        .collect()
}

/// FNV-1a over the little-endian bytes.
pub(crate) fn fnv1a(ids: &[u32]) -> u64 {
    ids.iter()
        .flat_map(|id| id.to_le_bytes())
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;

    use super::*;

    /// First numbers, lengths, sums and hashes as the peers document them.
    #[test]
    fn streams_are_those_of_the_peers() {
        assert_eq!(Pcg64::seed_7().next(), 0xa006_41a9_f1e5_4a8b);
        assert_abs_diff_eq!(Pcg64::seed_7().unit(), 0.625_095_466_604_667, epsilon = 1e-15);
        for (n, sum, hash) in [
            (327_680, 29_358_554_394_u64, 0x50e4_bb49_66dc_6937),
            (16_384, 1_462_543_697, 0x548e_761d_d830_1328),
            (819_200, 73_310_911_865, 0xe68b_2707_2b1f_1e38),
        ] {
            let ids = zipf(n, 200_000);
            assert_eq!(ids.iter().map(|&id| u64::from(id)).sum::<u64>(), sum);
            assert_eq!(fnv1a(&ids), hash);
        }
        assert_eq!(fnv1a(&zipf(40_960, 200_000)), 0x97f8_3892_a369_8b1b);
    }
}
