//! Where the maxima of bags lie.

use super::bag_inputs::BagInputs;
use super::feature::Status;
use super::types::{TYPE_F16, TYPE_F32, packed};
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        first_bag: u32,
        /// Bags times columns.
        values: u32,
        dim: u32,
        table_rows: u32,
        padding: u32,
        /// The part of the table that lies in the window.
        window_first: u32,
        window_rows: u32,
        window_base: u32,
        window_stride: u32,
        /// Element type of the rows.
        rows_type: u32,
        /// 1: no window came before.
        initial: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "max_places",
    about: "for each bag and column the position of the largest value",
    bindings: &[read("status"), read("offsets"), read("ids"), read("rows"), write("best"), write("places")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[],
        sources: fragments![
            "prelude/grid.wgsl",
            "prelude/status.wgsl",
            "prelude/types.wgsl",
            "max_places.wgsl"
        ],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::max_places::run,
    cases,
};

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (batch, longest, dims) in [(1, 1, &[4][..]), (40, 7, &[8, 3, 65]), (2048, 20, &[64])] {
        for rows_type in [TYPE_F32, TYPE_F16] {
            for (initial, order) in [(1, "first"), (0, "later")] {
                let mut inputs = BagInputs::with_types(dims, batch, longest, [rows_type, TYPE_F32], 8);
                for (k, value) in inputs.table.iter_mut().enumerate() {
                    // equal values, infinities and NaN
                    let choice = [0, 0, 1, 1, 0, 2, 0, 3][k % 8];
                    *value = [(*value * 4.0).round(), *value, f32::NEG_INFINITY, f32::NAN][choice];
                }
                let feature = inputs.features[dims.len() - 1];
                let values = batch * feature.dim;
                let window_first = if initial == 1 { 0 } else { 50 };
                let params = Params {
                    first_bag: feature.index * batch,
                    values,
                    dim: feature.dim,
                    table_rows: feature.rows,
                    padding: feature.padding,
                    window_first,
                    window_rows: feature.rows - window_first,
                    window_base: feature.window_base,
                    window_stride: feature.window_stride,
                    rows_type,
                    initial,
                };
                let best: Vec<f32> = (0..values).map(|k| (k % 5) as f32 - 2.0).collect();
                let places: Vec<u32> =
                    (0..values).map(|k| if k % 3 == 0 { u32::MAX } else { k % 9 }).collect();
                let bindings = vec![
                    CaseBinding::ints(&[Status::CLEAN]),
                    CaseBinding::ints(&inputs.offsets),
                    CaseBinding::ints(&inputs.ids),
                    CaseBinding::ints(&packed(&inputs.table, rows_type)),
                    CaseBinding::floats(&best),
                    CaseBinding::ints(&places),
                ];
                let name = format!("B={batch} L<={longest} D={dims:?} type={rows_type} {order} window");
                let case = Case::new(name, [0], &params, bindings, values.div_ceil(64));
                let bytes = u64::from(inputs.count(dims.len() - 1)) * u64::from(feature.dim) * 4;
                all.push(if batch == 2048 { case.bench(bytes, 0) } else { case });
            }
        }
    }
    all
}
