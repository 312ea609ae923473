//! Random numbers that are the same on every machine and with every release of a dependency.
//!
//! The stream comes from PCG64 (`rand_pcg` tests it against the reference vectors); the step from
//! its 64 bits to a choice, a fraction or a normal draw is written out here, so that nothing
//! which may change between releases decides the order of an epoch.

use std::f64::consts::TAU;

pub use rand_pcg::Pcg64;
use rand_pcg::rand_core::Rng;

/// The generator of one `(seed, stream)` pair; an epoch's number is the stream of its shuffle.
pub fn generator(seed: u64, stream: u64) -> Pcg64 {
    Pcg64::new(u128::from(mix(seed)), u128::from(mix(stream)))
}

/// Spreads a 64-bit key evenly over 64 bits: the output step of SplitMix64 (Steele, Lea and Flood,
/// "Fast splittable pseudorandom number generators", OOPSLA 2014), its increment included so that
/// 0 does not map to 0. Every key has an image of its own.
pub const fn mix(key: u64) -> u64 {
    let z = key.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// What `id` of feature `slot` hashes to: no other id of the slot does. The slot is mixed before the id is
/// joined to it, so that equal ids of two slots are unrelated.
pub const fn hashed(slot: u64, id: u64) -> u64 {
    mix(mix(slot) ^ id)
}

/// The row below `rows` that `id` of feature `slot` hashes to.
pub fn hashed_row(slot: u64, id: u64, rows: u32) -> u32 {
    let bits = hashed(slot, id);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the high half of a product with `rows` is below `rows`"
    )]
    let row = ((u128::from(bits) * u128::from(rows)) >> 64) as u32;
    row
}

/// A choice below `n` (which must not be 0); its bias is below `n` / 2^64.
pub fn below(rng: &mut Pcg64, n: usize) -> usize {
    #[expect(clippy::cast_possible_truncation, reason = "the high half of a product with `n` is below `n`")]
    let choice = ((u128::from(rng.next_u64()) * n as u128) >> 64) as usize;
    choice
}

/// A fraction in [0, 1).
pub fn fraction(rng: &mut Pcg64) -> f64 {
    unit(rng.next_u64())
}

/// The top 53 bits as a fraction in [0, 1).
pub fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
}

/// A standard normal draw (Box and Muller).
pub fn normal(rng: &mut Pcg64) -> f64 {
    // 1 - u lies in (0, 1], where the logarithm is finite.
    let radius = (-2.0 * (1.0 - fraction(rng)).ln()).sqrt();
    radius * (TAU * fraction(rng)).cos()
}

/// Fisher-Yates.
pub fn shuffle<T>(items: &mut [T], rng: &mut Pcg64) {
    for last in (1..items.len()).rev() {
        items.swap(last, below(rng, last + 1));
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;

    use super::*;

    #[test]
    fn the_streams_are_pinned() {
        let mut order: Vec<u32> = (0..10).collect();
        shuffle(&mut order, &mut generator(1, 0));
        assert_eq!(order, PINNED_ORDER);
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf, "SplitMix64's first output");
        assert_eq!(hashed_row(3, 42, 100_000), PINNED_ROW);
    }

    const PINNED_ORDER: [u32; 10] = [5, 9, 0, 7, 1, 2, 3, 8, 6, 4];
    const PINNED_ROW: u32 = 26_432;

    #[test]
    fn a_shuffle_depends_on_seed_and_epoch_and_keeps_every_item() {
        let shuffled = |seed, epoch| {
            let mut items: Vec<u32> = (0..1000).collect();
            shuffle(&mut items, &mut generator(seed, epoch));
            items
        };
        assert_eq!(shuffled(1, 2), shuffled(1, 2));
        assert_ne!(shuffled(1, 2), shuffled(1, 3));
        assert_ne!(shuffled(1, 2), shuffled(2, 2));
        let mut sorted = shuffled(1, 2);
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..1000));
    }

    #[test]
    fn hashed_rows_stay_below_the_limit_and_differ_by_slot() {
        let rows = |slot| -> Vec<u32> { (0..1000).map(|id| hashed_row(slot, id, 97)).collect() };
        assert!(rows(0).iter().all(|&row| row < 97));
        assert_ne!(rows(0), rows(1));
        assert_eq!(hashed_row(5, u64::MAX, 1), 0);
    }

    #[test]
    fn normal_draws_have_mean_zero_and_variance_one() {
        let mut rng = generator(5, 0);
        let draws: Vec<f64> = (0..20_000).map(|_| normal(&mut rng)).collect();
        let n = draws.len() as f64;
        let mean = draws.iter().sum::<f64>() / n;
        let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        assert_abs_diff_eq!(mean, 0.0, epsilon = 0.03);
        assert_abs_diff_eq!(variance, 1.0, epsilon = 0.05);
    }
}
