//! The cases of `bce`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(36);
    let mut case = |(rows, cols): (u32, u32), spread: f32, (base, gap): (u32, u32), weights_cols: u32| {
        let stride = cols + gap;
        let values = rows * cols;
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
        let labels: Vec<f32> = (0..values).map(|i| [0.0, 1.0, 0.25][i as usize % 3]).collect();
        let weights = random.floats((base + rows * (weights_cols + gap)).max(1) as usize);
        let params = Params {
            rows,
            cols,
            logits_base: base,
            logits_stride: stride,
            labels_base: 0,
            labels_stride: cols,
            weights_base: base,
            weights_stride: weights_cols + gap,
            weights_cols,
            loss_base: 0,
            loss_stride: cols,
            grad_base: base,
            grad_stride: stride,
            scale: 1.0 / values as f32,
        };
        let bindings = Bindings {
            logits: CaseBinding::floats(&logits),
            labels: CaseBinding::floats(&labels),
            weights: CaseBinding::floats(&weights),
            loss: CaseBinding::poisoned(values as usize),
            grad: CaseBinding::poisoned(logits.len()),
        };
        let groups = values.div_ceil(KERNEL.variants[0].workgroup);
        let name = format!("{rows}x{cols} spread={spread} gap={gap} weights={weights_cols}");
        Case::new(name, [0], &params, bindings, groups).bench(u64::from(values) * 16, u64::from(values) * 30)
    };
    vec![
        case((1, 1), 1.0, (0, 0), 0),
        case((5, 1), 1e-4, (3, 3), 1),
        case((300, 1), 8.0, (0, 0), 0),
        case((99, 1), 200.0, (1, 1), 1),
        case((8192, 1), 6.0, (0, 0), 0),
        case((33, 7), 6.0, (2, 3), 1),
        case((3, 700), 6.0, (0, 1), 700),
        case((512, 512), 6.0, (0, 0), 512),
    ]
}
