//! Lookup and pooling.

use super::bag_inputs::BagInputs;
use super::feature::{Feature, NONE, POOL_MAX, POOL_MEAN, POOL_SUM, Status};
use super::types::{TYPE_BF16, TYPE_F16, TYPE_F32, TYPE_INT2, TYPE_INT4, TYPE_INT8};
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
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
}

impl Params {
    /// How much an id that is no row counts.
    #[inline(always)]
    pub(crate) fn pruned(&self, id: u32) -> u32 {
        u32::from(self.pruned == 1 && id == NONE)
    }
}

const WORKGROUP: u32 = 64;

/// The index of a variant for types of rows and output; `vec4` for dims, columns and strides that are multiples of 4.
pub(crate) fn variant(vec4: bool, types: [u32; 2], shape: Shape) -> usize {
    let first = match types {
        [TYPE_F32, TYPE_F32] => 0,
        [TYPE_INT8 | TYPE_INT4 | TYPE_INT2, _] => 11,
        _ => 6,
    };
    first + usize::from(!vec4) * 2 + usize::from(shape != Shape::Wide)
}

/// The variant without conditions, for features that are all [`is_plain`] and bags of at most so many ids.
pub(crate) fn plain_variant(weighted: bool, longest: u32) -> usize {
    match (weighted, longest) {
        (true, _) => 4,
        (false, 0 | 1) => 10,
        (false, _) => 5,
    }
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
    ($width:literal, $types:literal, $shape:ident, $name:expr, $($body:literal),+) => {
        variant!($width, concat!($types, $width), concat!($types, $width), $shape, $name, $($body),+)
    };
    ($width:literal, $rows:expr, $out:expr, $shape:ident, $name:expr, $($body:literal),+) => {
        Variant {
            name: $name,
            shape: Shape::$shape,
            workgroup: WORKGROUP,
            constants: &[],
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/status.wgsl",
                "prelude/feature.wgsl",
                "prelude/forward_params.wgsl",
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

pub(crate) static KERNEL: Kernel = Kernel {
    name: "bag_forward",
    about: "out[bag] = sum or mean of weight * row over the bag's ids",
    bindings: &[
        read("status"),
        read("features"),
        read("offsets"),
        read("ids"),
        read("weights"),
        read("rows"),
        write("out"),
    ],
    params: Params::LAYOUT,
    variants: &[
        variant!("vec4", "", Wide, "vec4.wide", "bag_forward.wgsl"),
        variant!("vec4", "", Serial, "vec4.serial", "bag_forward.serial.wgsl"),
        variant!("scalar", "", Wide, "scalar.wide", "bag_forward.wgsl"),
        variant!("scalar", "", Serial, "scalar.serial", "bag_forward.serial.wgsl"),
        variant!(
            "vec4",
            "",
            Serial,
            "vec16.weighted.serial",
            "prelude/weight_given.wgsl",
            "bag_forward.serial16.wgsl"
        ),
        variant!("vec4", "", Serial, "vec16.serial", "prelude/weight_one.wgsl", "bag_forward.serial16.wgsl"),
        variant!("vec4", "any_", Wide, "vec4.any.wide", "bag_forward.wgsl"),
        variant!("vec4", "any_", Serial, "vec4.any.serial", "bag_forward.serial.wgsl"),
        variant!("scalar", "any_", Wide, "scalar.any.wide", "bag_forward.wgsl"),
        variant!("scalar", "any_", Serial, "scalar.any.serial", "bag_forward.serial.wgsl"),
        variant!("vec4", "", Serial, "vec16.single.serial", "bag_forward.single.wgsl"),
        variant!("vec4", "quantized", "any_vec4", Wide, "vec4.quantized.wide", "bag_forward.wgsl"),
        variant!("vec4", "quantized", "any_vec4", Serial, "vec4.quantized.serial", "bag_forward.serial.wgsl"),
        variant!("scalar", "quantized", "any_scalar", Wide, "scalar.quantized.wide", "bag_forward.wgsl"),
        variant!(
            "scalar",
            "quantized",
            "any_scalar",
            Serial,
            "scalar.quantized.serial",
            "bag_forward.serial.wgsl"
        ),
    ],
    parity: Parity::Bits,
    twin: crate::cpu::bag_forward::run,
    cases,
};

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (batch, longest, dims) in [
        (1, 0, &[4][..]),
        (1, 1, &[1]),
        (7, 5, &[8, 16, 4, 64]),
        (7, 5, &[3, 4, 1, 63]),
        (33, 9, &[65, 128, 257]),
        (20, 3, &[2048, 4, 64]),
        (70_000, 1, &[1]),
        (50, 6, &[16, 48]),
        (300, 1, &[16, 64]),
        (2048, 1, &[64, 64]),
        (2048, 39, &[64, 64]),
        (2048, 39, &[64, 64, 64]),
        (2048, 39, &[63, 63, 63]),
    ] {
        for weighted in [0, 1] {
            let inputs = BagInputs::new(dims, batch, longest, u64::from(batch) + u64::from(weighted));
            all.extend(case(&format!("B={batch} L<={longest} D={dims:?}"), inputs, weighted));
        }
    }
    for (batch, longest, dims) in [(7, 5, &[8, 16, 4][..]), (7, 5, &[3, 1, 63]), (33, 9, &[64, 128, 260])] {
        for (initial, order) in [(1, "first"), (0, "later")] {
            let mut inputs = BagInputs::new(dims, batch, longest, 3);
            // equal values, infinities and NaN
            for (k, value) in inputs.table.iter_mut().enumerate() {
                *value = [(*value * 4.0).round(), *value, f32::NEG_INFINITY, f32::NAN]
                    [[0, 0, 1, 1, 0, 2, 0, 3][k % 8]];
            }
            for feature in inputs.features.iter_mut().filter(|feature| feature.pooling == POOL_SUM) {
                (feature.pooling, feature.initial) = (POOL_MAX, initial);
                // the other rows lie in an earlier window
                feature.window_first = if initial == 1 { 0 } else { 50 };
                feature.window_rows -= feature.window_first;
            }
            all.extend(case(&format!("max, {order} window, B={batch} L<={longest} D={dims:?}"), inputs, 0));
        }
    }
    for (batch, longest, dims) in
        [(7, 5, &[8, 16, 4, 64][..]), (7, 5, &[3, 4, 1, 63]), (33, 9, &[65, 128, 257]), (2048, 39, &[64, 64])]
    {
        for types in [
            [TYPE_F16, TYPE_F32],
            [TYPE_BF16, TYPE_F32],
            [TYPE_F16, TYPE_F16],
            [TYPE_BF16, TYPE_F16],
            [TYPE_F32, TYPE_BF16],
        ] {
            let inputs = BagInputs::with_types(dims, batch, longest, types, u64::from(batch));
            all.extend(case(&format!("B={batch} L<={longest} D={dims:?} types={types:?}"), inputs, 1));
        }
        for types in [
            [TYPE_INT8, TYPE_F32],
            [TYPE_INT4, TYPE_F32],
            [TYPE_INT2, TYPE_F32],
            [TYPE_INT8, TYPE_F16],
            [TYPE_INT4, TYPE_BF16],
        ] {
            let mut inputs = BagInputs::with_types(dims, batch, longest, types, u64::from(batch));
            if batch == 7 {
                inputs.prune();
            }
            let weighted = u32::from(types[1] == TYPE_F32);
            all.extend(case(&format!("B={batch} L<={longest} D={dims:?} types={types:?}"), inputs, weighted));
        }
    }
    for feature in [POOL_MEAN, POOL_MAX] {
        let mut inputs = BagInputs::new(&[16, 3], 9, 4, 8);
        inputs.prune();
        inputs.features.iter_mut().for_each(|f| f.pooling = feature);
        inputs.lay_out(|dim| dim.div_ceil(4));
        all.extend(case(&format!("pruned ids, pooling {feature}"), inputs, 0));
    }
    all
}

/// The case with a lane for every four columns, and with one lane for a row.
fn case(name: &str, inputs: BagInputs, weighted: u32) -> Vec<Case> {
    let fast = inputs.features.iter().all(|f| f.dim.is_multiple_of(4));
    let first = variant(true, inputs.types, Shape::Wide);
    let any = first == 6;
    let plain = inputs.pruned == 0 && inputs.features.iter().all(is_plain);
    let variants: &[usize] = match (fast, plain) {
        (true, _) if first == 11 => &[11, 12, 13, 14],
        (false, _) if first == 11 => &[13, 14],
        (true, _) if any => &[6, 7, 8, 9],
        (false, _) if any => &[8, 9],
        (true, true) if weighted == 1 => &[0, 1, 2, 3, 4],
        (true, true) if inputs.longest() <= 1 => &[0, 1, 2, 3, 4, 5, 10],
        (true, true) => &[0, 1, 2, 3, 4, 5],
        (true, false) => &[0, 1, 2, 3],
        (false, _) => &[2, 3],
    };
    let make = |lanes: &str, inputs: &BagInputs| {
        let params = Params {
            batch: inputs.batch,
            features: inputs.feature_count(),
            work: inputs.work,
            row_begin: 0,
            row_end: u32::MAX,
            weighted,
            rows_type: inputs.types[0],
            out_type: inputs.types[1],
            pruned: inputs.pruned,
        };
        let table = match inputs.types[0] {
            TYPE_F32 => CaseBinding::floats(&inputs.table),
            _ => CaseBinding::ints(&inputs.table_words()),
        };
        let out = match inputs.types[1] {
            TYPE_F32 => CaseBinding::poisoned(inputs.out_len.max(4)),
            // what lies behind an odd row is written too, as zero
            _ => CaseBinding::mixed(&vec![0u32; inputs.out_len.div_ceil(2).max(4)]),
        };
        let bindings = vec![
            CaseBinding::ints(&[Status::CLEAN]),
            CaseBinding::ints(&inputs.features),
            CaseBinding::ints(&inputs.offsets),
            CaseBinding::ints(&inputs.ids),
            CaseBinding::floats(&inputs.weights),
            table,
            out,
        ];
        let name = format!("{name} weighted={weighted} lanes={lanes}");
        let case =
            Case::new(name, variants.iter().copied(), &params, bindings, inputs.work.div_ceil(WORKGROUP));
        let columns: u64 = (0..inputs.features.len())
            .map(|f| u64::from(inputs.count(f)) * u64::from(inputs.features[f].dim))
            .sum();
        if inputs.batch == 2048 {
            let bytes = (columns + inputs.out_len as u64 + inputs.ids.len() as u64) * 4;
            case.bench(bytes, columns)
        } else {
            case
        }
    };
    let many = make("columns", &inputs);
    let mut inputs = inputs;
    inputs.lay_out(|_| 1);
    vec![many, make("one", &inputs)]
}
