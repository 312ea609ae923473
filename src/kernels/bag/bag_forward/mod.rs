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
        /// 1: every feature's output is written; 0: its own `initial` says whether it is added to.
        initial: u32,
    }
    Flags { WEIGHTED: weighted, PRUNED: pruned, INITIAL: initial }
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

/// Threads of a workgroup on software adapters.
const SERIAL: u32 = 64;

/// How a real GPU is kept busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InFlight {
    /// Rows that a thread has on their way at a time: one of [`ROWS`].
    pub(crate) rows: u32,
    /// Threads of a workgroup: one of [`THREADS`].
    pub(crate) threads: u32,
}

pub(crate) const ROWS: [u32; 3] = [2, 4, 8];

pub(crate) const THREADS: [u32; 2] = [64, 256];

impl InFlight {
    /// Every choice, in the order of the variants.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        THREADS.into_iter().flat_map(|threads| ROWS.into_iter().map(move |rows| Self { rows, threads }))
    }
}

/// What rows and outputs may be of; there is a variant for each width, and for each way of keeping a device
/// busy.
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

/// Variants for a width: on real GPUs one for each [`InFlight`], and one on software adapters.
const OF_WIDTH: usize = ROWS.len() * THREADS.len() + 1;
/// Variants for a choice of [`Types`].
const OF_EACH: usize = 2 * OF_WIDTH;
const UNCONDITIONAL: usize = 3 * OF_EACH;

/// The index of a variant for types of rows and output; `vec4` for dims, columns and strides that are
/// multiples of 4. Software adapters have nothing in flight.
pub(crate) fn variant(vec4: bool, types: [u32; 2], in_flight: Option<InFlight>) -> usize {
    let types = match types {
        [TYPE_F32, TYPE_F32] => Types::Plain,
        [TYPE_INT8 | TYPE_INT4 | TYPE_INT2, _] => Types::Codes,
        _ => Types::Any,
    };
    let serial = OF_WIDTH - 1;
    let last = in_flight.and_then(|wanted| InFlight::all().position(|choice| choice == wanted));
    types as usize * OF_EACH + Width::of(vec4).variant() * OF_WIDTH + last.unwrap_or(serial)
}

/// What a variant has in flight: nothing, on software adapters.
pub(crate) fn in_flight(variant: usize) -> Option<InFlight> {
    (variant < UNCONDITIONAL).then_some(variant % OF_WIDTH).and_then(|at| InFlight::all().nth(at))
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
    ($width:literal, $rows:expr, $out:expr, $shape:ident, $flags:literal, $threads:expr, $name:expr,
        [$($body:expr),+]) => {
        Variant {
            name: $name,
            shape: Shape::$shape,
            workgroup: $threads,
            constants: &[],
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/status.wgsl",
                "prelude/pooling.wgsl",
                concat!("bag/bag_forward/flags_", $flags, ".wgsl"),
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

/// For real GPUs, by rows in flight and threads.
macro_rules! wide {
    ($width:literal, $rows:expr, $out:expr, $name:literal, $in_flight:literal, $threads:literal) => {
        variant!(
            $width,
            $rows,
            $out,
            Wide,
            "compiled",
            $threads,
            concat!($name, ".rows", $in_flight, ".threads", $threads),
            [
                "bag/bag_forward/main.wgsl",
                concat!("bag/bag_forward/rows_", $in_flight, ".wgsl"),
                "bag/bag_forward.wgsl"
            ]
        )
    };
}

/// For every pooling, on every kind of device, in the order of [`InFlight::all`].
macro_rules! any_pooling {
    ($($width:literal, $rows:literal, $out:literal, $name:literal;)+ then $($last:expr,)+) => {
        &[
            $(
                wide!($width, $rows, $out, $name, 2, 64),
                wide!($width, $rows, $out, $name, 4, 64),
                wide!($width, $rows, $out, $name, 8, 64),
                wide!($width, $rows, $out, $name, 2, 256),
                wide!($width, $rows, $out, $name, 4, 256),
                wide!($width, $rows, $out, $name, 8, 256),
                variant!(
                    $width,
                    $rows,
                    $out,
                    Serial,
                    "given",
                    SERIAL,
                    concat!($name, ".serial"),
                    ["bag/bag_forward/main.wgsl", "bag/bag_forward.serial.wgsl"]
                ),
            )+
            $($last),+
        ]
    };
}

/// Without conditions.
macro_rules! unconditional {
    ($name:literal, $($body:literal),+) => {
        variant!("vec4", "vec4", "vec4", Serial, "given", SERIAL, $name, [$($body),+])
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "bag_forward",
    about: "out[bag] = sum or mean of weight * row over the bag's ids",
    interface: INTERFACE,
    variants: any_pooling![
        "vec4", "vec4", "vec4", "vec4";
        "scalar", "scalar", "scalar", "scalar";
        "vec4", "any_vec4", "any_vec4", "vec4.any";
        "scalar", "any_scalar", "any_scalar", "scalar.any";
        "vec4", "quantized", "any_vec4", "vec4.quantized";
        "scalar", "quantized", "any_scalar", "scalar.quantized";
        then
        unconditional!("vec16.weighted.serial", "prelude/weight_given.wgsl", "bag/bag_forward.serial16.wgsl"),
        unconditional!("vec16.serial", "prelude/weight_one.wgsl", "bag/bag_forward.serial16.wgsl"),
        unconditional!("vec16.single.serial", "bag/bag_forward.single.wgsl"),
    ],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
