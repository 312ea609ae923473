//! How rows lie in memory.

use serde::{Deserialize, Serialize};

use crate::cpu::row_codes;
use crate::device::Precision;
use crate::kernel::elements::{TYPE_INT2, TYPE_INT4, TYPE_INT8, header_words, stride};

/// How the rows of a table are kept: as floats, or as codes `q` of few bits behind the scale and bias of
/// their row, which stand for `scale * q + bias`. All arithmetic is `f32`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowFormat {
    /// 32-bit floats.
    #[default]
    F32,
    /// 16-bit floats of IEEE 754.
    F16,
    /// The upper halves of 32-bit floats.
    Bf16,
    /// Codes of 8 bits, scale and bias of 32 bits: FBGEMM's fused 8-bit rows.
    Int8,
    /// Codes of 4 bits, scale and bias of 16 bits (IEEE 754): FBGEMM's fused 4-bit rows.
    Int4,
    /// Codes of 2 bits, scale and bias of 16 bits (IEEE 754): FBGEMM's fused 2-bit rows.
    Int2,
}

impl From<Precision> for RowFormat {
    fn from(precision: Precision) -> Self {
        match precision {
            Precision::F32 => Self::F32,
            Precision::F16 => Self::F16,
            Precision::Bf16 => Self::Bf16,
        }
    }
}

impl RowFormat {
    /// Bits of a column: 2 to 32.
    #[must_use]
    pub fn bits(self) -> usize {
        match self {
            Self::F32 => 32,
            Self::F16 | Self::Bf16 => 16,
            Self::Int8 => 8,
            Self::Int4 => 4,
            Self::Int2 => 2,
        }
    }

    /// Bytes of a row of `dim` columns on the device: whole words, scale and bias counted.
    #[must_use]
    pub fn row_bytes(self, dim: usize) -> usize {
        header_words(self.code()) as usize * 4 + dim.saturating_mul(self.bits()).div_ceil(32) * 4
    }

    /// The type of the values, unless they are codes.
    pub(crate) fn precision(self) -> Option<Precision> {
        match self {
            Self::F32 => Some(Precision::F32),
            Self::F16 => Some(Precision::F16),
            Self::Bf16 => Some(Precision::Bf16),
            Self::Int8 | Self::Int4 | Self::Int2 => None,
        }
    }

    pub(crate) fn code(self) -> u32 {
        match self {
            Self::Int8 => TYPE_INT8,
            Self::Int4 => TYPE_INT4,
            Self::Int2 => TYPE_INT2,
            _ => self.precision().unwrap_or_default().code(),
        }
    }

    /// Bytes of an element: of a value or, for codes, of a word.
    pub(crate) fn element_bytes(self) -> u64 {
        self.precision().map_or(4, |precision| precision.bytes() as u64)
    }

    /// Elements from row to row.
    pub(crate) fn stride(self, dim: u32) -> u32 {
        stride(dim, self.code())
    }

    /// Words of this many elements.
    pub(crate) fn words(self, elements: u32) -> u32 {
        if self.element_bytes() == 2 { elements / 2 } else { elements }
    }

    /// The largest size of a value that can be kept.
    pub(crate) fn largest(self) -> f32 {
        match self {
            // what rounds to a finite value
            Self::F32 => Precision::F32.largest(),
            Self::Bf16 => Precision::Bf16.largest(),
            Self::F16 | Self::Int4 | Self::Int2 => Precision::F16.largest(),
            // the range of a row must be finite
            Self::Int8 => f32::MAX / 2.0,
        }
    }

    /// Whether a value can be kept: it is a number, and not too large.
    pub(crate) fn keeps(self, value: f32) -> bool {
        value.abs() <= self.largest()
    }

    /// Rows of `dim` values as words, each row filled up to a whole word: floats rounded to the nearest,
    /// codes from the smallest to the largest value of the row.
    pub(crate) fn pack(self, rows: &[f32], dim: usize) -> Vec<u32> {
        self.pack_with(rows, dim, false)
    }

    /// [`RowFormat::pack`], the range of codes looked for greedily or not.
    pub(crate) fn pack_with(self, rows: &[f32], dim: usize, greedy: bool) -> Vec<u32> {
        match self.precision() {
            Some(precision) => precision.pack(rows, dim),
            None => row_codes::pack(rows, dim, self.code(), greedy),
        }
    }

    /// Of the words of a row something that is not finite, if there is: its scale, its bias, or a value.
    pub(crate) fn not_finite(self, words: &[u32], dim: usize) -> Option<f32> {
        let header: [f32; 2] = match self.precision() {
            Some(_) => [0.0; 2],
            None => row_codes::header(words, self.code()).into(),
        };
        let mut all = header.into_iter().chain(self.unpack(words, dim));
        all.find(|value| !value.is_finite())
    }

    /// The values of words.
    pub(crate) fn unpack(self, words: &[u32], dim: usize) -> Vec<f32> {
        match self.precision() {
            Some(precision) => precision.unpack(words, dim),
            None => row_codes::unpack(words, dim, self.code()),
        }
    }
}

#[cfg(test)]
mod tests {
    use approx::abs_diff_eq;

    use super::*;

    #[test]
    fn rows_take_what_the_formats_say() {
        let bytes = |format: RowFormat| [16, 17, 64].map(|dim| format.row_bytes(dim));
        assert_eq!(bytes(RowFormat::F32), [64, 68, 256]);
        assert_eq!(bytes(RowFormat::F16), [32, 36, 128]);
        assert_eq!(bytes(RowFormat::Int8), [24, 28, 72]);
        assert_eq!(bytes(RowFormat::Int4), [12, 16, 36]);
        assert_eq!(bytes(RowFormat::Int2), [8, 12, 20]);
        for format in [RowFormat::F32, RowFormat::Bf16, RowFormat::Int8, RowFormat::Int2] {
            for dim in [1, 3, 64] {
                let stride = u64::from(format.stride(dim));
                assert_eq!(stride * format.element_bytes(), format.row_bytes(dim as usize) as u64);
            }
        }
    }

    #[test]
    fn codes_come_back_within_half_a_step() {
        let rows: Vec<f32> = (0..6 * 7).map(|i| ((i * 37) % 41) as f32 * 0.1 - 1.7).collect();
        for (format, step) in
            [(RowFormat::Int8, 4.1 / 255.0), (RowFormat::Int4, 4.1 / 15.0), (RowFormat::Int2, 4.1 / 3.0)]
        {
            let words = format.pack(&rows, 7);
            assert_eq!(words.len() * 4, 6 * format.row_bytes(7));
            for (back, value) in format.unpack(&words, 7).into_iter().zip(&rows) {
                assert!(
                    abs_diff_eq!(back, value, epsilon = step * 0.51 + 2e-3),
                    "{format:?}: {back} {value}"
                );
            }
        }
    }
}
