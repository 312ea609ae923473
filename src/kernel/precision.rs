//! Element types.

use half::{bf16, f16};
use serde::{Deserialize, Serialize};

use crate::kernel::elements::{TYPE_BF16, TYPE_F16, TYPE_F32};

/// The type that values are kept in. All arithmetic is `f32`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// 32-bit floats.
    #[default]
    F32,
    /// 16-bit floats of IEEE 754: 11 significant bits, up to 65,504.
    F16,
    /// The upper halves of 32-bit floats: 8 significant bits, the range of `f32`.
    Bf16,
}

impl Precision {
    /// Bytes of a value.
    #[must_use]
    pub fn bytes(self) -> usize {
        if self == Self::F32 { 4 } else { 2 }
    }

    /// Values in a word.
    pub(crate) fn per_word(self) -> usize {
        4 / self.bytes()
    }

    /// The name of the type.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
        }
    }

    pub(crate) fn code(self) -> u32 {
        match self {
            Self::F32 => TYPE_F32,
            Self::F16 => TYPE_F16,
            Self::Bf16 => TYPE_BF16,
        }
    }

    /// The largest finite value.
    pub(crate) fn largest(self) -> f32 {
        match self {
            Self::F32 => f32::MAX,
            Self::F16 => f16::MAX.to_f32(),
            Self::Bf16 => bf16::MAX.to_f32(),
        }
    }

    /// Whether a value that is finite stays so; infinities and NaN are kept as they are.
    pub(crate) fn holds(self, value: f32) -> bool {
        // the least that is rounded to infinity: half a unit beyond the largest
        let least = match self {
            Self::F32 => f32::INFINITY,
            Self::F16 => 65_520.0,
            Self::Bf16 => f32::from_bits(0x7f7f_8000),
        };
        value.abs() < least || !value.is_finite()
    }

    /// The first of some values that cannot be held, with its place.
    pub(crate) fn beyond(self, values: &[f32]) -> Option<(usize, f32)> {
        if self == Self::F32 {
            return None;
        }
        values.iter().copied().enumerate().find(|&(_, value)| !self.holds(value))
    }

    /// What an error expects of values.
    pub(crate) fn expected(self) -> String {
        format!("finite values of at most {:e} in size, for {self:?}", self.largest())
    }

    /// Rows of `dim` values as words, each row rounded to the nearest and filled up to a whole word.
    pub(crate) fn pack(self, rows: &[f32], dim: usize) -> Vec<u32> {
        match self {
            Self::F32 => bytemuck::cast_slice(rows).to_vec(),
            Self::F16 => pack_pairs(rows, dim, |value| f16::from_f32(value).to_bits()),
            Self::Bf16 => pack_pairs(rows, dim, |value| bf16::from_f32(value).to_bits()),
        }
    }

    /// The values of [`Precision::pack`]'s words.
    pub(crate) fn unpack(self, words: &[u32], dim: usize) -> Vec<f32> {
        match self {
            Self::F32 => bytemuck::cast_slice(words).to_vec(),
            Self::F16 => unpack_pairs(words, dim, |bits| f16::from_bits(bits).to_f32()),
            Self::Bf16 => unpack_pairs(words, dim, |bits| bf16::from_bits(bits).to_f32()),
        }
    }
}

fn pack_pairs(rows: &[f32], dim: usize, bits: impl Fn(f32) -> u16) -> Vec<u32> {
    let word = |pair: &[f32]| {
        u32::from(bits(pair[0])) | u32::from(pair.get(1).map_or(0, |&value| bits(value))) << 16
    };
    rows.chunks(dim.max(1)).flat_map(|row| row.chunks(2).map(word)).collect()
}

fn unpack_pairs(words: &[u32], dim: usize, value: impl Fn(u16) -> f32) -> Vec<f32> {
    let halves = |word: &u32| [*word & 0xffff, *word >> 16].map(|half| u16::try_from(half).unwrap_or(0));
    let row = |row: &[u32]| row.iter().flat_map(halves).take(dim).map(&value).collect::<Vec<f32>>();
    words.chunks(dim.div_ceil(2).max(1)).flat_map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rounds_to_infinity_is_not_held() {
        for precision in [Precision::F16, Precision::Bf16] {
            let kept = |value: f32| precision.unpack(&precision.pack(&[value], 1), 1)[0];
            for bits in (0x4700_0000..0x7f80_0000u32).step_by(0x0fff).chain([
                0x477f_efff,
                0x477f_f000,
                0x7f7f_7fff,
                0x7f7f_8000,
            ]) {
                let value = f32::from_bits(bits);
                assert_eq!(precision.holds(-value), kept(-value).is_finite(), "{value:e} {precision:?}");
            }
        }
        for precision in [Precision::F32, Precision::F16, Precision::Bf16] {
            assert!([f32::INFINITY, f32::NAN, 0.0].into_iter().all(|value| precision.holds(value)));
        }
        assert!(Precision::F32.holds(f32::MAX));
        assert_eq!(Precision::F16.beyond(&[f32::INFINITY, 1.0, -7e4]), Some((2, -7e4)));
    }

    #[test]
    fn rows_of_odd_dims_begin_at_whole_words() {
        let rows = [1.0, 2.0, 3.0, -1.0, -2.0, -3.0];
        for precision in [Precision::F16, Precision::Bf16] {
            let words = precision.pack(&rows, 3);
            assert_eq!(words.len(), 4);
            assert_eq!(words[1] >> 16, 0);
            assert_eq!(precision.unpack(&words, 3), rows);
        }
        assert_eq!(Precision::F32.unpack(&Precision::F32.pack(&rows, 3), 3), rows);
    }
}
