//! Lookup and pooling.

use super::bag_inputs::BagInputs;
use super::feature::Status;
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
    }
}

/// Variant for dims, columns and strides that are multiples of 4.
pub(crate) const VEC4: usize = 0;
/// Variant for all dims.
pub(crate) const SCALAR: usize = 1;

const WORKGROUP: u32 = 64;

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
        Variant {
            name: "vec4",
            shape: Shape::Any,
            workgroup: WORKGROUP,
            constants: &[],
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/status.wgsl",
                "prelude/feature.wgsl",
                "prelude/elem_vec4.wgsl",
                "prelude/rows_vec4.wgsl",
                "prelude/out_vec4.wgsl",
                "bag_forward.wgsl"
            ],
        },
        Variant {
            name: "scalar",
            shape: Shape::Any,
            workgroup: WORKGROUP,
            constants: &[],
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/status.wgsl",
                "prelude/feature.wgsl",
                "prelude/elem_scalar.wgsl",
                "prelude/rows_scalar.wgsl",
                "prelude/out_scalar.wgsl",
                "bag_forward.wgsl"
            ],
        },
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
        (2048, 39, &[64, 64, 64]),
        (2048, 39, &[63, 63, 63]),
    ] {
        for weighted in [0, 1] {
            let inputs = BagInputs::new(dims, batch, longest, u64::from(batch) + u64::from(weighted));
            all.extend(case(&format!("B={batch} L<={longest} D={dims:?}"), inputs, weighted));
        }
    }
    all
}

/// The case with a lane for every four columns, and with one lane for a row.
fn case(name: &str, inputs: BagInputs, weighted: u32) -> Vec<Case> {
    let fast = inputs.features.iter().all(|f| f.dim.is_multiple_of(4));
    let variants: &[usize] = if fast { &[VEC4, SCALAR] } else { &[SCALAR] };
    let make = |lanes: &str, inputs: &BagInputs| {
        let params = Params {
            batch: inputs.batch,
            features: inputs.feature_count(),
            work: inputs.work,
            row_begin: 0,
            row_end: u32::MAX,
            weighted,
        };
        let bindings = vec![
            CaseBinding::ints(&[Status::CLEAN]),
            CaseBinding::ints(&inputs.features),
            CaseBinding::ints(&inputs.offsets),
            CaseBinding::ints(&inputs.ids),
            CaseBinding::floats(&inputs.weights),
            CaseBinding::floats(&inputs.table),
            CaseBinding::poisoned(inputs.out_len.max(4)),
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
