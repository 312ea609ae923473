//! Rows as the bytes that FBGEMM and PyTorch keep.

use half::f16;

use crate::table::RowFormat;
use crate::{Error, Result};

/// Where scale and bias lie in the bytes of a row. Rows of floats have neither, and are the same in both but
/// for the alignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RowLayout {
    /// Codes, then scale and bias: of 32 bits for int8, of 16 for int4 and int2. The fused rows of FBGEMM's
    /// `FloatToFused8BitRowwiseQuantized` and `FloatToFusedNBitRowwiseQuantizedSBHalf`, and of PyTorch's
    /// `quantized::embedding_bag_byte_prepack`, `_4bit_prepack` and `_2bit_prepack`.
    Fused,
    /// Codes, then scale and bias of 16 bits, of int8 too: the rows of FBGEMM's
    /// `FloatOrHalfToFusedNBitRowwiseQuantizedSBHalf` for 8, 4 and 2 bits. Scales and biases of int8 rows are
    /// rounded to 16 bits when they are written, and their codes stay: rows of FBGEMM's come back byte for byte,
    /// those quantised here are of codes for the scale before it was rounded.
    SbHalf,
    /// Scale and bias of 16 bits, then codes, each row filled up to a multiple of `alignment` bytes: the rows
    /// of FBGEMM's inference tables, `IntNBitTableBatchedEmbeddingBagsCodegen` (`row_alignment`: 1 on CPUs,
    /// 16 on GPUs). Scales and biases of int8 rows are rounded to 16 bits when they are written, as FBGEMM
    /// does.
    Inference {
        /// Bytes that the length of a row is a multiple of; 1 to 4,096.
        alignment: usize,
    },
}

/// Far beyond what any processor asks for; a larger one is a mistake.
const MOST_ALIGNMENT: usize = 4096;

impl RowLayout {
    /// Bytes of a row of `dim` columns.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for an alignment that is out of range, or more columns than memory has
    /// bits.
    pub fn row_bytes(self, format: RowFormat, dim: usize) -> Result<usize> {
        let scaled = format.precision().is_none();
        let (beside, alignment) = match self {
            Self::Inference { alignment } if !(1..=MOST_ALIGNMENT).contains(&alignment) => {
                return Err(Error::invalid("alignment", format!("1 to {MOST_ALIGNMENT} bytes"), alignment));
            }
            Self::Inference { alignment } => (if scaled { 4 } else { 0 }, alignment),
            Self::Fused | Self::SbHalf if !scaled => (0, 1),
            Self::SbHalf => (4, 1),
            Self::Fused => (if format == RowFormat::Int8 { 8 } else { 4 }, 1),
        };
        let bytes = dim.checked_mul(format.bits()).and_then(|bits| bits.div_ceil(8).checked_add(beside));
        let bytes = bytes.and_then(|bytes| bytes.checked_next_multiple_of(alignment));
        bytes.ok_or_else(|| Error::invalid("dim", "as many columns as memory has bits for", dim))
    }

    /// The bytes of a row from its words on the device. `None` if its scale or bias is beyond 16 bits.
    pub(super) fn bytes(self, format: RowFormat, dim: usize, words: &[u32], out: &mut [u8]) -> Option<()> {
        let codes = (dim * format.bits()).div_ceil(8);
        let bytes = little_endian(words);
        let header = format.row_bytes(0);
        if format.precision().is_some() {
            out[..codes].copy_from_slice(&bytes[..codes]);
            out[codes..].fill(0);
            return Some(());
        }
        match self {
            Self::Fused => {
                out[..codes].copy_from_slice(&bytes[header..header + codes]);
                out[codes..].copy_from_slice(&bytes[..header]);
            }
            Self::SbHalf => {
                out[..codes].copy_from_slice(&bytes[header..header + codes]);
                out[codes..].copy_from_slice(&half_header(format, words, &bytes)?);
            }
            Self::Inference { .. } => {
                out[..4].copy_from_slice(&half_header(format, words, &bytes)?);
                out[4..4 + codes].copy_from_slice(&bytes[header..header + codes]);
                out[4 + codes..].fill(0);
            }
        }
        Some(())
    }

    /// The words of a row from its bytes.
    pub(super) fn words(self, format: RowFormat, dim: usize, bytes: &[u8], out: &mut [u32]) {
        let codes = (dim * format.bits()).div_ceil(8);
        out.fill(0);
        if format.precision().is_some() {
            put(&bytes[..codes], out);
            return;
        }
        let (header, words) = out.split_at_mut(format.row_bytes(0) / 4);
        match self {
            Self::Fused => {
                put(&bytes[..codes], words);
                put(&bytes[codes..], header);
            }
            Self::SbHalf => {
                put(&bytes[..codes], words);
                put_half_header(format, &bytes[codes..], header);
            }
            Self::Inference { .. } => {
                put(&bytes[4..4 + codes], words);
                put_half_header(format, &bytes[..4], header);
            }
        }
    }
}

/// Scale and bias in 16 bits, from the words and bytes of a row. `None` if they are beyond.
fn half_header(format: RowFormat, words: &[u32], bytes: &[u8]) -> Option<[u8; 4]> {
    let mut half = [0; 4];
    if format != RowFormat::Int8 {
        half.copy_from_slice(&bytes[..4]);
        return Some(half);
    }
    for (word, out) in words[..2].iter().zip(half.chunks_mut(2)) {
        let value = f16::from_f32(f32::from_bits(*word));
        if !value.is_finite() {
            return None;
        }
        out.copy_from_slice(&value.to_le_bytes());
    }
    Some(half)
}

/// The words of scale and bias from those of 16 bits.
fn put_half_header(format: RowFormat, half: &[u8], header: &mut [u32]) {
    if format != RowFormat::Int8 {
        put(half, header);
        return;
    }
    for (word, half) in header.iter_mut().zip(half.as_chunks::<2>().0) {
        *word = f16::from_le_bytes(*half).to_f32().to_bits();
    }
}

fn little_endian(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// Bytes as words, the last of them filled up with zeros.
fn put(bytes: &[u8], words: &mut [u32]) {
    for (bytes, word) in bytes.chunks(4).zip(words) {
        let mut whole = [0; 4];
        whole[..bytes.len()].copy_from_slice(bytes);
        *word = u32::from_le_bytes(whole);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYOUTS: [RowLayout; 4] = [
        RowLayout::Fused,
        RowLayout::Inference { alignment: 1 },
        RowLayout::Inference { alignment: 16 },
        RowLayout::SbHalf,
    ];

    #[test]
    fn lengths_are_those_of_fbgemm() {
        let of = |format| LAYOUTS.map(|layout| layout.row_bytes(format, 16).unwrap());
        assert_eq!(of(RowFormat::Int8), [24, 20, 32, 20]);
        assert_eq!(of(RowFormat::Int4), [12, 12, 16, 12]);
        assert_eq!(of(RowFormat::Int2), [8, 8, 16, 8]);
        assert_eq!(of(RowFormat::F16), [32, 32, 32, 32]);
        assert_eq!(RowLayout::Fused.row_bytes(RowFormat::Int4, 17).unwrap(), 13);
        let none = RowLayout::Inference { alignment: 0 }.row_bytes(RowFormat::Int8, 4).unwrap_err();
        assert_eq!(none.to_string(), "alignment: expected 1 to 4096 bytes, got 0");
    }

    #[test]
    fn words_come_back_from_bytes() {
        use RowFormat::{Bf16, F16, F32, Int2, Int4, Int8};
        for (format, dim) in
            [Int8, Int4, Int2, F16, Bf16, F32].into_iter().flat_map(|f| [(f, 16), (f, 17), (f, 1)])
        {
            // scale and bias are representable in 16 bits
            let row: Vec<f32> = (0..dim).map(|c| (c * 255 / 16) as f32 * 0.25 - 2.0).collect();
            let words = format.pack(&row, dim);
            for layout in LAYOUTS {
                let mut bytes = vec![0xff; layout.row_bytes(format, dim).unwrap()];
                layout.bytes(format, dim, &words, &mut bytes).unwrap();
                let mut back = vec![7; words.len()];
                layout.words(format, dim, &bytes, &mut back);
                if format != Int8 || layout == RowLayout::Fused {
                    assert_eq!(back, words, "{format:?} {dim} {layout:?}");
                }
                let mut again = vec![0xff; bytes.len()];
                layout.bytes(format, dim, &back, &mut again).unwrap();
                assert_eq!(again, bytes, "{format:?} {dim} {layout:?}");
            }
        }
    }

    #[test]
    fn a_scale_beyond_16_bits_has_no_inference_row() {
        let words = RowFormat::Int8.pack(&[0.0, 1e9], 2);
        let mut bytes = [0; 10];
        assert!(
            RowLayout::Inference { alignment: 1 }
                .bytes(RowFormat::Int8, 2, &words, &mut bytes[..6])
                .is_none()
        );
        assert!(RowLayout::Fused.bytes(RowFormat::Int8, 2, &words, &mut bytes).is_some());
    }
}
