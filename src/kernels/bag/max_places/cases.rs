//! The cases of `max_places`.

use super::*;
use crate::cpu::types::packed;
use crate::kernel::elements::{TYPE_F16, TYPE_F32};
use crate::kernel::{Case, CaseBinding};
use crate::kernels::bag_inputs::BagInputs;
use crate::kernels::feature::Status;

pub(crate) fn cases() -> Vec<Case> {
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
                let bindings = Bindings {
                    status: CaseBinding::ints(&[Status::CLEAN]),
                    offsets: CaseBinding::ints(&inputs.offsets),
                    ids: CaseBinding::ints(&inputs.ids),
                    rows: CaseBinding::ints(&packed(&inputs.table, rows_type)),
                    best: CaseBinding::floats(&best),
                    places: CaseBinding::ints(&places),
                };
                let name = format!("B={batch} L<={longest} D={dims:?} type={rows_type} {order} window");
                let case = Case::new(name, [0], &params, bindings, values.div_ceil(64));
                let bytes = u64::from(inputs.count(dims.len() - 1)) * u64::from(feature.dim) * 4;
                all.push(if batch == 2048 { case.bench(bytes, 0) } else { case });
            }
        }
    }
    all
}
