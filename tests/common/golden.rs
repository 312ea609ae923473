//! Reads golden vectors: shapes, hyper-parameters and expectations all come from the file.
#![allow(dead_code, reason = "not every test binary uses everything")]

use std::path::PathBuf;

use safetensors::{Dtype, SafeTensors};

/// One file of golden vectors.
pub(crate) struct Golden {
    bytes: Vec<u8>,
}

impl Golden {
    pub(crate) fn open(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("tests/golden")
            .join(format!("{name}.safetensors"));
        let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { bytes }
    }

    fn tensors(&self) -> SafeTensors<'_> {
        SafeTensors::deserialize(&self.bytes).expect("a safetensors file")
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.tensors().tensor(name).is_ok()
    }

    pub(crate) fn shape(&self, name: &str) -> Vec<usize> {
        self.tensors().tensor(name).unwrap_or_else(|_| panic!("field {name}")).shape().to_vec()
    }

    pub(crate) fn floats(&self, name: &str) -> Vec<f32> {
        let tensors = self.tensors();
        let tensor = tensors.tensor(name).unwrap_or_else(|_| panic!("field {name}"));
        match tensor.dtype() {
            Dtype::F32 => {
                tensor.data().chunks(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()
            }
            Dtype::F16 => {
                let half = |b: &[u8]| half::f16::from_le_bytes(b.try_into().unwrap()).to_f32();
                tensor.data().chunks(2).map(half).collect()
            }
            other => panic!("{name} is {other:?}"),
        }
    }

    /// 16-bit floats; bf16 is kept as its bits.
    pub(crate) fn halves(&self, name: &str, precision: embag::Precision) -> Vec<f32> {
        let tensors = self.tensors();
        let tensor = tensors.tensor(name).unwrap_or_else(|_| panic!("field {name}"));
        let bits = tensor.data().chunks(2).map(|b| u16::from_le_bytes(b.try_into().unwrap()));
        match (tensor.dtype(), precision) {
            (Dtype::F16, embag::Precision::F16) => bits.map(|b| half::f16::from_bits(b).to_f32()).collect(),
            (Dtype::U16 | Dtype::BF16, embag::Precision::Bf16) => {
                bits.map(|b| half::bf16::from_bits(b).to_f32()).collect()
            }
            (other, _) => panic!("{name} is {other:?}"),
        }
    }

    /// 32-bit words.
    pub(crate) fn words(&self, name: &str) -> Vec<u32> {
        let tensors = self.tensors();
        let tensor = tensors.tensor(name).unwrap_or_else(|_| panic!("field {name}"));
        assert_eq!(tensor.dtype(), Dtype::U32, "{name}");
        tensor.data().chunks(4).map(|b| u32::from_le_bytes(b.try_into().unwrap())).collect()
    }

    /// 16-bit words.
    pub(crate) fn half_words(&self, name: &str) -> Vec<u16> {
        let tensors = self.tensors();
        let tensor = tensors.tensor(name).unwrap_or_else(|_| panic!("field {name}"));
        assert_eq!(tensor.dtype(), Dtype::U16, "{name}");
        tensor.data().chunks(2).map(|b| u16::from_le_bytes(b.try_into().unwrap())).collect()
    }

    pub(crate) fn ints(&self, name: &str) -> Vec<u64> {
        self.signed(name).into_iter().map(|value| u64::try_from(value).unwrap()).collect()
    }

    /// Integers that may be negative.
    pub(crate) fn signed(&self, name: &str) -> Vec<i64> {
        let tensors = self.tensors();
        let tensor = tensors.tensor(name).unwrap_or_else(|_| panic!("field {name}"));
        let data = tensor.data();
        match tensor.dtype() {
            Dtype::I64 => data.chunks(8).map(|b| i64::from_le_bytes(b.try_into().unwrap())).collect(),
            Dtype::I32 => data.chunks(4).map(|b| i32::from_le_bytes(b.try_into().unwrap()).into()).collect(),
            other => panic!("{name} is {other:?}"),
        }
    }

    /// Bytes, whatever they hold.
    pub(crate) fn bytes(&self, name: &str) -> impl Iterator<Item = u8> {
        let tensors = self.tensors();
        let tensor = tensors.tensor(name).unwrap_or_else(|_| panic!("field {name}"));
        assert!(matches!(tensor.dtype(), Dtype::U8 | Dtype::I8), "{name} is {:?}", tensor.dtype());
        tensor.data().to_vec().into_iter()
    }

    /// 32-bit integers that may be negative.
    pub(crate) fn int32s(&self, name: &str) -> impl Iterator<Item = i32> {
        let tensors = self.tensors();
        let tensor = tensors.tensor(name).unwrap_or_else(|_| panic!("field {name}"));
        assert_eq!(tensor.dtype(), Dtype::I32, "{name}");
        let values = tensor.data().chunks(4).map(|b| i32::from_le_bytes(b.try_into().unwrap()));
        values.collect::<Vec<_>>().into_iter()
    }

    pub(crate) fn offsets(&self, name: &str) -> Vec<u32> {
        self.ints(name).into_iter().map(|o| u32::try_from(o).unwrap()).collect()
    }
}

/// The same `f16`, or its neighbour; and not often the neighbour.
pub(crate) fn assert_within_one_f16(what: &str, got: &[f32], expected: &[f32]) {
    assert_eq!(got.len(), expected.len(), "{what}: length");
    let mut neighbours = 0;
    for (i, (g, e)) in got.iter().zip(expected).enumerate() {
        let distance = steps_between(*g, *e, embag::Precision::F16);
        assert!(distance <= 1, "{what}[{i}]: expected {e}, got {g}");
        neighbours += usize::from(distance == 1);
    }
    assert!(neighbours <= 1 + got.len() / 50, "{what}: {neighbours} of {} differ", got.len());
}

/// Values that are the expected ones when they are rounded, or (unless `exact`) their neighbours.
pub(crate) fn assert_rounded(
    what: &str,
    got: &[f32],
    expected: &[f32],
    precision: embag::Precision,
    exact: bool,
) {
    assert_eq!(got.len(), expected.len(), "{what}: length");
    for (i, (g, e)) in got.iter().zip(expected).enumerate() {
        let distance = steps_between(*g, *e, precision);
        assert!(distance <= i32::from(!exact), "{what}[{i}]: expected {e}, got {g}");
    }
}

/// How many values of a 16-bit type lie between two, after rounding.
fn steps_between(a: f32, b: f32, precision: embag::Precision) -> i32 {
    // neighbours differ by one if negative numbers are counted downwards
    let place = |value: f32| {
        let bits = i32::from(match precision {
            embag::Precision::Bf16 => half::bf16::from_f32(value).to_bits(),
            _ => half::f16::from_f32(value).to_bits(),
        });
        if bits < 0x8000 { bits } else { 0x8000 - bits }
    };
    (place(a) - place(b)).abs()
}
