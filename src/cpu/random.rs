//! Twin of `prelude/random.wgsl`: random numbers by a hash.

/// One round of [`random_word`].
#[inline(always)]
pub(crate) fn mix(value: u32) -> u32 {
    let mut h = value;
    h = (h ^ (h >> 16)).wrapping_mul(0x7feb_352d);
    h = (h ^ (h >> 15)).wrapping_mul(0x846c_a68b);
    h ^ (h >> 16)
}

/// The generator behind every initialisation: 32 bits that depend on seed, row and column alone.
#[inline(always)]
pub(crate) fn random_word(seed: u32, row: u32, column: u32) -> u32 {
    mix(mix(mix(seed) ^ row) ^ column)
}

pub(crate) fn uniform_value(seed: u32, row: u32, column: u32, scale: f32) -> f32 {
    let signed = (random_word(seed, row, column) >> 8).cast_signed() - (1 << 23);
    signed as f32 * (scale * (1.0 / 8_388_608.0))
}
