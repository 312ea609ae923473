//! The cases of `bag_forward`.

use super::*;
use crate::kernel::elements::{TYPE_BF16, TYPE_F16, TYPE_F32, TYPE_INT2, TYPE_INT4, TYPE_INT8};
use crate::kernel::{Case, CaseBinding};
use crate::kernels::bag_inputs::BagInputs;
use crate::kernels::feature::{POOL_MAX, POOL_MEAN, POOL_SUM, Status};

pub(crate) fn cases() -> Vec<Case> {
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
    // every set of flags for every type, with features that begin and others that go on
    for types in [[TYPE_F32; 2], [TYPE_F16, TYPE_F32], [TYPE_INT8, TYPE_F32]] {
        for later in 0..3 {
            let mut inputs = BagInputs::with_types(&[8, 4], 6, 4, types, 5);
            inputs.features.iter_mut().take(later).for_each(|feature| feature.initial = 0);
            let mut pruned = inputs.clone();
            pruned.prune();
            for weighted in [0, 1] {
                all.extend(case(&format!("later={later} types={types:?}"), inputs.clone(), weighted));
                all.extend(case(&format!("later={later} pruned types={types:?}"), pruned.clone(), weighted));
            }
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

/// The case with a lane for every four columns, and with one lane for a row, in workgroups of every size.
fn case(name: &str, inputs: BagInputs, weighted: u32) -> Vec<Case> {
    let fast = inputs.features.iter().all(|f| f.dim.is_multiple_of(4));
    let first = variant(fast, inputs.types, InFlight::all().next());
    let last = variant(false, inputs.types, None);
    let mut variants: Vec<usize> = (first..=last).collect();
    let plain = inputs.pruned == 0 && inputs.features.iter().all(is_plain);
    if fast && plain && inputs.types == [TYPE_F32; 2] {
        variants.push(plain_variant(weighted == 1, u32::MAX));
        if weighted == 0 && inputs.longest() <= 1 {
            variants.push(plain_variant(false, 1));
        }
    }
    let make = |lanes: &str, threads: u32, inputs: &BagInputs| {
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
            initial: inputs.features.iter().all(|feature| feature.initial == 1).into(),
        };
        let table = match inputs.types[0] {
            TYPE_F32 => CaseBinding::floats(&inputs.table),
            _ => CaseBinding::ints(&inputs.table_words()),
        };
        let adds = |feature: &Feature| feature.initial == 0 && feature.pooling != POOL_MAX;
        let out = match inputs.types[1] {
            TYPE_F32 if inputs.features.iter().any(adds) => {
                CaseBinding::floats(&vec![1.5; inputs.out_len.max(4)])
            }
            TYPE_F32 => CaseBinding::poisoned(inputs.out_len.max(4)),
            // what lies behind an odd row is written too, as zero
            _ => CaseBinding::mixed(&vec![0u32; inputs.out_len.div_ceil(2).max(4)]),
        };
        let bindings = Bindings {
            status: CaseBinding::ints(&[Status::CLEAN]),
            features: CaseBinding::ints(&inputs.features),
            offsets: CaseBinding::ints(&inputs.offsets),
            ids: CaseBinding::ints(&inputs.ids),
            weights: CaseBinding::floats(&inputs.weights),
            rows: table,
            out,
        };
        let name = format!("{name} weighted={weighted} lanes={lanes} threads={threads}");
        let variants = variants.iter().copied().filter(|&at| KERNEL.variants[at].workgroup == threads);
        let case = Case::new(name, variants, &params, bindings, inputs.work.div_ceil(threads));
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
    let mut all = THREADS.map(|threads| make("columns", threads, &inputs)).to_vec();
    let mut inputs = inputs;
    inputs.lay_out(|_| 1);
    all.extend(THREADS.map(|threads| make("one", threads, &inputs)));
    all
}
