//! Host tensors of the element types.

use bytemuck::Pod;
use half::{bf16, f16};
use safetensors::Dtype;

/// An element of a [`Checkpoint`](super::Checkpoint)'s tensor: `f32`, `half::f16`, `half::bf16`, `i8`, `u8`,
/// `u32` or `u64`.
pub trait Element: sealed::Sealed {}

/// A tensor's shape and values.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tensor {
    pub(super) shape: Vec<usize>,
    pub(super) data: sealed::Data,
}

pub(super) mod sealed {
    use super::{Dtype, Pod, bf16, f16};

    /// Values of one of the types.
    #[derive(Debug, Clone, PartialEq)]
    pub enum Data {
        F32(Vec<f32>),
        F16(Vec<f16>),
        BF16(Vec<bf16>),
        I8(Vec<i8>),
        U8(Vec<u8>),
        U32(Vec<u32>),
        U64(Vec<u64>),
    }

    pub trait Sealed: Pod {
        /// As the file names it.
        fn dtype() -> Dtype;
        fn wrap(values: Vec<Self>) -> Data;
        fn values(data: &Data) -> Option<&[Self]>;
        /// Swaps a value between this machine's order of bytes and the file's, which is little-endian.
        fn swap(self) -> Self;
    }
}

macro_rules! element {
    ($type:ty, $variant:ident, $swap:expr) => {
        impl Element for $type {}

        impl sealed::Sealed for $type {
            fn dtype() -> Dtype {
                Dtype::$variant
            }

            fn wrap(values: Vec<Self>) -> sealed::Data {
                sealed::Data::$variant(values)
            }

            fn values(data: &sealed::Data) -> Option<&[Self]> {
                match data {
                    sealed::Data::$variant(values) => Some(values),
                    _ => None,
                }
            }

            fn swap(self) -> Self {
                $swap(self)
            }
        }
    };
}

element!(f32, F32, |value: f32| f32::from_bits(value.to_bits().to_le()));
element!(f16, F16, |value: f16| f16::from_bits(value.to_bits().to_le()));
element!(bf16, BF16, |value: bf16| bf16::from_bits(value.to_bits().to_le()));
element!(i8, I8, i8::to_le);
element!(u8, U8, u8::to_le);
element!(u32, U32, u32::to_le);
element!(u64, U64, u64::to_le);

impl sealed::Data {
    pub(super) fn dtype(&self) -> Dtype {
        match self {
            Self::F32(_) => Dtype::F32,
            Self::F16(_) => Dtype::F16,
            Self::BF16(_) => Dtype::BF16,
            Self::I8(_) => Dtype::I8,
            Self::U8(_) => Dtype::U8,
            Self::U32(_) => Dtype::U32,
            Self::U64(_) => Dtype::U64,
        }
    }

    /// Size in the file.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::F32(values) => size_of_val(&**values),
            Self::F16(values) => size_of_val(&**values),
            Self::BF16(values) => size_of_val(&**values),
            Self::I8(values) => size_of_val(&**values),
            Self::U8(values) => size_of_val(&**values),
            Self::U32(values) => size_of_val(&**values),
            Self::U64(values) => size_of_val(&**values),
        }
    }
}
