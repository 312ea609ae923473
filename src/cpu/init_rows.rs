//! Twin of `init_rows.wgsl`.

use rayon::prelude::*;

use crate::kernel::Call;
use crate::kernels::init_rows::Params;

fn mix(value: u32) -> u32 {
    let mut h = value;
    h = (h ^ (h >> 16)).wrapping_mul(0x7feb_352d);
    h = (h ^ (h >> 15)).wrapping_mul(0x846c_a68b);
    h ^ (h >> 16)
}

/// The generator behind every initialisation: 32 bits that depend on seed, row and column alone.
pub(crate) fn random_word(seed: u32, row: u32, column: u32) -> u32 {
    mix(mix(mix(seed) ^ row) ^ column)
}

pub(crate) fn uniform_value(seed: u32, row: u32, column: u32, scale: f32) -> f32 {
    let signed = (random_word(seed, row, column) >> 8).cast_signed() - (1 << 23);
    signed as f32 * (scale * (1.0 / 8_388_608.0))
}

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let table = &mut call.write::<f32>(0)[..p.elements as usize];
    if p.uniform_values == 0 {
        table.fill(p.scale);
        return;
    }
    table.par_chunks_mut(p.dim as usize).enumerate().for_each(|(r, row)| {
        // at most `elements` rows
        let r = u32::try_from(r).unwrap_or(0);
        for (value, column) in row.iter_mut().zip(0u32..) {
            *value = uniform_value(p.seed, p.first_row.wrapping_add(r), column, p.scale);
        }
    });
}
