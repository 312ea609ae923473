//! Twin of `init_rows.wgsl`.

use rayon::prelude::*;

use super::types::{nearest, pack};
use crate::kernel::Call;
use crate::kernels::init_rows::Params;
use crate::kernels::types::TYPE_F32;
use crate::numbers::narrow;

/// One round of [`random_word`].
#[inline(always)]
pub(super) fn mix(value: u32) -> u32 {
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

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let table = &mut call.write::<u32>(0)[..p.words as usize];
    let dim = p.dim as usize;
    let row_words = if p.table_type == TYPE_F32 { dim } else { dim.div_ceil(2) };
    table.par_chunks_mut(row_words).enumerate().for_each(|(r, words)| {
        // at most `words` rows
        let row = p.first_row.wrapping_add(narrow(r));
        let value = |column| match p.uniform_values {
            1 => uniform_value(p.seed, row, column, p.scale),
            _ => p.scale,
        };
        if p.table_type == TYPE_F32 {
            words.iter_mut().zip(0u32..).for_each(|(word, column)| *word = value(column).to_bits());
        } else {
            let values: Vec<f32> = (0..p.dim).map(value).collect();
            pack(&values, words, |value, _| nearest(value, p.table_type));
        }
    });
}
