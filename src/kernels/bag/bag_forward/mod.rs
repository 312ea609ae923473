//! Lookup and pooling.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::elements::{TYPE_F32, TYPE_INT2, TYPE_INT4, TYPE_INT8};
use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::feature::{Feature, NONE, POOL_MEAN, POOL_SUM, Status};
use crate::kernels::width::Width;

interface! {
    /// Uniform parameters.
    Params {
        /// Examples.
        batch: u32,
        /// Features in this dispatch.
        features: u32,
        /// Threads in all.
        work: u32,
        /// First output row that the output binding holds.
        row_begin: u32,
        /// One past the last.
        row_end: u32,
        /// 1: per-sample weights are given.
        weighted: u32,
        /// Element types of the rows and of the output.
        rows_type: u32,
        out_type: u32,
        /// 1: the id [`NONE`] stands for a row of zeros, which counts.
        pruned: u32,
    }
    Bindings {
        status: read Status,
        features: read [Feature],
        offsets: read [u32],
        ids: read [u32],
        weights: read [f32],
        rows: read [u32] as "array<RowsElem>",
        out: write [u32] as "array<OutElem>",
    }
}

impl Params {
    /// How much an id that is no row counts.
    #[inline(always)]
    pub(crate) fn pruned(&self, id: u32) -> u32 {
        u32::from(self.pruned == 1 && id == NONE)
    }
}

const WORKGROUP: u32 = 64;

/// What rows and outputs may be of; there is a variant for each width and shape.
#[derive(Debug, Clone, Copy)]
enum Types {
    /// Both of `f32`.
    Plain,
    /// Any that are no codes.
    Any,
    /// Rows of codes.
    Codes,
}

/// The variants without conditions, which come last.
#[derive(Debug, Clone, Copy)]
enum Unconditional {
    Weighted,
    Unweighted,
    /// Bags of one id.
    Single,
}

/// Variants for a choice of [`Types`].
const OF_EACH: usize = 4;
const UNCONDITIONAL: usize = 3 * OF_EACH;

/// The index of a variant for types of rows and output; `vec4` for dims, columns and strides that are
/// multiples of 4.
pub(crate) fn variant(vec4: bool, types: [u32; 2], shape: Shape) -> usize {
    let types = match types {
        [TYPE_F32, TYPE_F32] => Types::Plain,
        [TYPE_INT8 | TYPE_INT4 | TYPE_INT2, _] => Types::Codes,
        _ => Types::Any,
    };
    types as usize * OF_EACH + Width::of(vec4).variant() * 2 + usize::from(shape != Shape::Wide)
}

/// The variant without conditions, for features that are all [`is_plain`] and bags of at most `longest` ids.
pub(crate) fn plain_variant(weighted: bool, longest: u32) -> usize {
    let which = match (weighted, longest) {
        (true, _) => Unconditional::Weighted,
        (false, 0 | 1) => Unconditional::Single,
        (false, _) => Unconditional::Unweighted,
    };
    UNCONDITIONAL + which as usize
}

/// Whether a feature is a sum or mean of whole sixteens of columns that nothing was written for before.
pub(crate) fn is_plain(feature: &Feature) -> bool {
    feature.dim.is_multiple_of(16) && matches!(feature.pooling, POOL_SUM | POOL_MEAN) && feature.initial == 1
}

/// Columns that a thread takes at a time.
pub(crate) fn columns(shape: Shape) -> u32 {
    if shape == Shape::Wide { 4 } else { 16 }
}

macro_rules! variant {
    ($width:literal, $rows:expr, $out:expr, $shape:ident, $name:literal, $($body:literal),+) => {
        Variant {
            name: $name,
            shape: Shape::$shape,
            workgroup: WORKGROUP,
            constants: &[],
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/status.wgsl",
                "prelude/pooling.wgsl",
                "prelude/pruned.wgsl",
                "prelude/find_feature.wgsl",
                "prelude/types.wgsl",
                concat!("prelude/elem_", $width, ".wgsl"),
                concat!("prelude/rows_", $rows, ".wgsl"),
                concat!("prelude/out_", $out, ".wgsl"),
                "prelude/maximum.wgsl",
                $($body),+
            ],
        }
    };
}

/// For every pooling.
macro_rules! any_pooling {
    ($width:literal, $rows:expr, $out:expr, Wide, $name:literal) => {
        variant!($width, $rows, $out, Wide, $name, "bag/bag_forward/main.wgsl", "bag/bag_forward.wgsl")
    };
    ($width:literal, $rows:expr, $out:expr, Serial, $name:literal) => {
        variant!(
            $width,
            $rows,
            $out,
            Serial,
            $name,
            "bag/bag_forward/main.wgsl",
            "bag/bag_forward.serial.wgsl"
        )
    };
}

/// Without conditions.
macro_rules! unconditional {
    ($name:literal, $($body:literal),+) => { variant!("vec4", "vec4", "vec4", Serial, $name, $($body),+) };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "bag_forward",
    about: "out[bag] = sum or mean of weight * row over the bag's ids",
    interface: INTERFACE,
    variants: &[
        any_pooling!("vec4", "vec4", "vec4", Wide, "vec4.wide"),
        any_pooling!("vec4", "vec4", "vec4", Serial, "vec4.serial"),
        any_pooling!("scalar", "scalar", "scalar", Wide, "scalar.wide"),
        any_pooling!("scalar", "scalar", "scalar", Serial, "scalar.serial"),
        any_pooling!("vec4", "any_vec4", "any_vec4", Wide, "vec4.any.wide"),
        any_pooling!("vec4", "any_vec4", "any_vec4", Serial, "vec4.any.serial"),
        any_pooling!("scalar", "any_scalar", "any_scalar", Wide, "scalar.any.wide"),
        any_pooling!("scalar", "any_scalar", "any_scalar", Serial, "scalar.any.serial"),
        any_pooling!("vec4", "quantized", "any_vec4", Wide, "vec4.quantized.wide"),
        any_pooling!("vec4", "quantized", "any_vec4", Serial, "vec4.quantized.serial"),
        any_pooling!("scalar", "quantized", "any_scalar", Wide, "scalar.quantized.wide"),
        any_pooling!("scalar", "quantized", "any_scalar", Serial, "scalar.quantized.serial"),
        unconditional!("vec16.weighted.serial", "prelude/weight_given.wgsl", "bag/bag_forward.serial16.wgsl"),
        unconditional!("vec16.serial", "prelude/weight_one.wgsl", "bag/bag_forward.serial16.wgsl"),
        unconditional!("vec16.single.serial", "bag/bag_forward.single.wgsl"),
    ],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
