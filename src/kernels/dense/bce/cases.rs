//! The cases of `bce`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(36);
    let mut case = |rows: u32, spread: f32, base: u32, stride: u32| {
        let mut logits: Vec<f32> =
            random.floats((base + rows * stride) as usize).iter().map(|z| z * spread).collect();
        // every pair of an infinite logit and a label, where there are enough of them
        let ends = [f32::INFINITY, f32::NEG_INFINITY];
        for (row, end) in (5..rows.min(11)).zip(ends.into_iter().cycle()) {
            logits[(base + row * stride) as usize] = end;
        }
        if let Some(zero) = logits.last_mut() {
            *zero = 0.0;
        }
        let labels: Vec<f32> = (0..rows).map(|i| [0.0, 1.0, 0.25][i as usize % 3]).collect();
        let params = Params {
            rows,
            logits_base: base,
            logits_stride: stride,
            labels_base: 0,
            labels_stride: 1,
            loss_base: 0,
            loss_stride: 1,
            grad_base: base,
            grad_stride: stride,
            scale: 1.0 / rows as f32,
        };
        let bindings = Bindings {
            logits: CaseBinding::floats(&logits),
            labels: CaseBinding::floats(&labels),
            loss: CaseBinding::poisoned(rows as usize),
            grad: CaseBinding::poisoned(logits.len()),
        };
        let groups = rows.div_ceil(KERNEL.variants[0].workgroup);
        let examples = u64::from(rows);
        Case::new(format!("B={rows} spread={spread} stride={stride}"), [0], &params, bindings, groups)
            .bench(examples * 16, examples * 30)
    };
    vec![
        case(1, 1.0, 0, 1),
        case(5, 1e-4, 3, 4),
        case(300, 8.0, 0, 1),
        case(99, 200.0, 1, 2),
        case(8192, 6.0, 0, 1),
    ]
}
