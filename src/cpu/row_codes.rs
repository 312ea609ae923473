//! Twin of `prelude/row_codes.wgsl`: rows of codes behind their scale and bias.

use rayon::prelude::*;

use super::row_sum::row_sum;
use super::simd::vectorised;
use super::types::{nearest, value_of};
use crate::kernel::elements::{TYPE_F16, TYPE_INT2, TYPE_INT4, TYPE_INT8, bits, header_words, stride};
use crate::numbers::narrow;

/// Bins that the greedy search cuts a row's range into, and how many of them it keeps at least.
const BINS: f32 = 200.0;
const KEPT_BINS: f32 = 168.0;
/// Its most steps; fewer are enough unless a bin is too small to move a bound.
const STEPS: usize = 40;

/// Rows that one task takes.
const ROWS: usize = 64;

/// How a row's values become codes, and codes values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    pub(crate) scale: f32,
    pub(crate) bias: f32,
    inverse: f32,
    /// The largest code.
    top: f32,
}

impl Scale {
    /// FBGEMM's arithmetic for the range `low` to `high`: scale and bias of 4 and 2 bits are rounded to 16
    /// bits before the values are divided.
    #[inline(always)]
    pub(crate) fn of(low: f32, high: f32, element: u32) -> Self {
        if element == TYPE_INT8 {
            let range = high - low;
            return Self { scale: range / 255.0, bias: low, inverse: 255.0 / (range + 1e-8), top: 255.0 };
        }
        let top = if element == TYPE_INT4 { 15.0 } else { 3.0 };
        let bias = half(low);
        let range = high - bias;
        let mut scale = half(if range == 0.0 { 1.0 } else { range / top });
        let mut inverse = 1.0 / scale;
        // where the range is nothing in 16 bits
        if inverse.is_infinite() {
            (scale, inverse) = (1.0, 1.0);
        }
        Self { scale, bias, inverse, top }
    }

    #[inline(always)]
    fn code(self, value: f32) -> f32 {
        ((value - self.bias) * self.inverse).round_ties_even().min(self.top).max(0.0)
    }

    /// What a value comes back as.
    #[inline(always)]
    fn restored(self, value: f32) -> f32 {
        self.scale * self.code(value) + self.bias
    }

    /// The sum of the squared errors.
    #[inline(always)]
    fn loss(self, row: &[f32], errors: &mut [f32]) -> f32 {
        for (error, &value) in errors.iter_mut().zip(row) {
            *error = self.restored(value) - value;
        }
        row_sum(errors, errors)
    }
}

#[inline(always)]
fn half(value: f32) -> f32 {
    value_of(nearest(value, TYPE_F16), TYPE_F16)
}

/// The smallest and the largest value, -0 below +0.
#[inline(always)]
pub(crate) fn range(row: &[f32]) -> (f32, f32) {
    let (mut low, mut high) = (i32::MAX, i32::MIN);
    for value in row {
        let order = ordered(value.to_bits().cast_signed());
        low = low.min(order);
        high = high.max(order);
    }
    let value = |order: i32| f32::from_bits(ordered(order).cast_unsigned());
    (value(low), value(high))
}

/// The bits of floats in the order of their values; its own inverse.
#[inline(always)]
fn ordered(bits: i32) -> i32 {
    bits ^ ((bits >> 31) & i32::MAX)
}

/// Shrinks the range from the side that costs less, a two-hundredth of it at a time, until 84 % is left, and
/// returns the range with the smallest loss on the way.
#[inline(always)]
fn greedy_range(row: &[f32], (low, high): (f32, f32), element: u32, errors: &mut [f32]) -> (f32, f32) {
    let step = (high - low) / BINS;
    let kept = KEPT_BINS * step;
    let (mut now, mut best) = ((low, high), (low, high));
    let mut least = Scale::of(low, high, element).loss(row, errors);
    for _ in 0..STEPS {
        // so that a NaN ends it too
        let wide = now.0 + kept < now.1;
        if !wide {
            break;
        }
        let (left, right) = ((now.0 + step, now.1), (now.0, now.1 - step));
        let left_loss = Scale::of(left.0, left.1, element).loss(row, errors);
        let right_loss = Scale::of(right.0, right.1, element).loss(row, errors);
        let loss;
        (now, loss) = if left_loss < right_loss { (left, left_loss) } else { (right, right_loss) };
        if loss < least {
            (least, best) = (loss, now);
        }
    }
    best
}

/// Writes a row's scale, bias and codes; `errors` has room for a row.
#[inline(always)]
pub(crate) fn encode(row: &[f32], element: u32, greedy: bool, errors: &mut [f32], words: &mut [u32]) {
    let whole = range(row);
    let (low, high) = if greedy { greedy_range(row, whole, element, errors) } else { whole };
    let scale = Scale::of(low, high, element);
    let (header, codes) = words.split_at_mut(header_words(element) as usize);
    match header {
        [first, second] => (*first, *second) = (scale.scale.to_bits(), scale.bias.to_bits()),
        header => header[0] = nearest(scale.scale, TYPE_F16) | nearest(scale.bias, TYPE_F16) << 16,
    }
    let bits = bits(element);
    let columns = (32 / bits) as usize;
    for (word, values) in codes.iter_mut().zip(row.chunks(columns)) {
        *word = 0;
        for (&value, place) in values.iter().zip(0..) {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 255")]
            let code = scale.code(value) as u32;
            *word |= code << (place * bits);
        }
    }
}

/// Scale and bias of a row.
#[inline(always)]
pub(crate) fn header(words: &[u32], element: u32) -> (f32, f32) {
    if element == TYPE_INT8 {
        return (f32::from_bits(words[0]), f32::from_bits(words[1]));
    }
    (value_of(words[0] & 0xffff, TYPE_F16), value_of(words[0] >> 16, TYPE_F16))
}

/// The codes of a row from a column on.
#[inline(always)]
fn code(codes: &[u32], column: usize, bits: u32) -> u32 {
    let columns = (32 / bits) as usize;
    let place = narrow(column % columns);
    (codes[column / columns] >> (place * bits)) & ((1 << bits) - 1)
}

/// Rows of `dim` values as words.
pub(crate) fn pack(rows: &[f32], dim: usize, element: u32, greedy: bool) -> Vec<u32> {
    let dim = dim.max(1);
    let words = stride(narrow(dim), element) as usize;
    let mut packed = vec![0; rows.len() / dim * words];
    let tasks = packed.par_chunks_mut(words * ROWS).zip(rows.par_chunks(dim * ROWS));
    tasks.for_each(|(packed, rows)| {
        let mut errors = vec![0.0; dim];
        vectorised(
            #[inline(always)]
            || {
                for (row, words) in rows.chunks_exact(dim).zip(packed.chunks_mut(words)) {
                    encode(row, element, greedy, &mut errors, words);
                }
            },
        );
    });
    packed
}

/// The values of [`pack`]'s words.
pub(crate) fn unpack(words: &[u32], dim: usize, element: u32) -> Vec<f32> {
    let dim = dim.max(1);
    let stride = stride(narrow(dim), element) as usize;
    let bits = bits(element);
    let row = |words: &[u32]| {
        let (scale, bias) = header(words, element);
        let codes = &words[header_words(element) as usize..];
        (0..dim).map(move |column| scale * code(codes, column, bits) as f32 + bias).collect::<Vec<f32>>()
    };
    words.chunks_exact(stride).flat_map(row).collect()
}

/// Codes of `BITS` bits, as a parameter of loops.
#[derive(Clone, Copy)]
pub(crate) struct Codes<const BITS: u32>;

impl<const BITS: u32> Codes<BITS> {
    pub(crate) const TYPE: u32 = match BITS {
        8 => TYPE_INT8,
        4 => TYPE_INT4,
        _ => TYPE_INT2,
    };
    /// Columns of a word.
    pub(crate) const COLUMNS: usize = (32 / BITS) as usize;

    /// The values of `N` columns of the row that begins at a word, if it is whole.
    #[inline(always)]
    pub(crate) fn values<const N: usize>(self, words: &[u32], row: usize, column: usize) -> Option<[f32; N]> {
        let codes = row + header_words(Self::TYPE) as usize;
        let (scale, bias) = header(words.get(row..codes)?, Self::TYPE);
        let first = codes + column / Self::COLUMNS;
        let words = words.get(first..first + N.div_ceil(Self::COLUMNS))?;
        let mut values = [0.0; N];
        if BITS == 8 && N.is_multiple_of(4) {
            // codes lie in the order of their bytes
            let codes: &[u8] = bytemuck::cast_slice(words);
            for (value, &code) in values.iter_mut().zip(codes) {
                *value = code.into();
            }
        } else if N.is_multiple_of(Self::COLUMNS) {
            for (values, &word) in values.chunks_exact_mut(Self::COLUMNS).zip(words) {
                for (value, place) in values.iter_mut().zip(0..) {
                    *value = ((word >> (place * BITS)) & ((1 << BITS) - 1)) as f32;
                }
            }
        } else {
            // a part of one word
            for (k, value) in values.iter_mut().enumerate() {
                *value = code(words, column % Self::COLUMNS + k, BITS) as f32;
            }
        }
        for value in &mut values {
            *value = scale * *value + bias;
        }
        Some(values)
    }
}
