//! Rows of weights of few bits, as `linear` reads them: codes, and behind them the scales of their groups.

use crate::cpu::types::packed;
use crate::kernel::elements::{TYPE_F16, TYPE_F32};

/// The shift that brings every input into the first group.
const ONE_GROUP: u32 = 31;

/// Weights of `[outputs, inputs]` as words.
#[derive(Debug, Clone)]
pub(crate) struct WeightRows {
    pub(crate) words: Vec<u32>,
    /// Words from row to row, a multiple of 4.
    pub(crate) stride: usize,
    /// Words from the beginning of a row to its scales.
    pub(crate) scales: usize,
    /// The length of a group as a power of two.
    pub(crate) group_shift: u32,
}

impl WeightRows {
    /// 32-bit floats.
    pub(crate) fn f32(values: &[f32], inputs: usize) -> Self {
        let stride = inputs.next_multiple_of(4);
        let words = joined(stride, values.chunks(inputs).map(|row| packed(row, TYPE_F32)));
        Self { words, stride, scales: stride, group_shift: ONE_GROUP }
    }

    /// 16-bit floats, rounded to the nearest.
    pub(crate) fn f16(values: &[f32], inputs: usize) -> Self {
        let stride = inputs.div_ceil(2).next_multiple_of(4);
        let words = joined(stride, values.chunks(inputs).map(|row| packed(row, TYPE_F16)));
        Self { words, stride, scales: stride, group_shift: ONE_GROUP }
    }

    /// Signed codes of 4 or 8 bits, in groups of a power of two, or of whole rows.
    pub(crate) fn codes(bits: u32, codes: &[i8], scales: &[f32], inputs: usize, group: usize) -> Self {
        let a_word = (32 / bits) as usize;
        let (words, groups) = (inputs.div_ceil(a_word), inputs.div_ceil(group));
        let stride = (words + groups).next_multiple_of(4);
        let rows = codes.chunks(inputs).zip(scales.chunks(groups)).map(|(codes, scales)| {
            let mask = u32::MAX >> (32 - bits);
            let word = |codes: &[i8]| {
                let place = (0..32).step_by(bits as usize);
                codes
                    .iter()
                    .zip(place)
                    .fold(0, |word, (&code, at)| word | (i32::from(code).cast_unsigned() & mask) << at)
            };
            codes.chunks(a_word).map(word).chain(scales.iter().map(|scale| scale.to_bits())).collect()
        });
        let group_shift = if group == inputs { ONE_GROUP } else { group.trailing_zeros() };
        Self { words: joined(stride, rows), stride, scales: words, group_shift }
    }
}

/// Rows one after the other, each filled with zeros to the stride.
fn joined(stride: usize, rows: impl Iterator<Item = Vec<u32>>) -> Vec<u32> {
    rows.flat_map(|mut row| {
        row.resize(stride, 0);
        row
    })
    .collect()
}
