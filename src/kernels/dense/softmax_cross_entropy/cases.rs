//! The cases of `softmax_cross_entropy`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::random::Random;

/// What a case has besides logits.
#[derive(Clone, Copy)]
struct With {
    log_q: u32,
    groups: u32,
    weights: u32,
}

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(54);
    let mut case = |(rows, cols): (u32, u32), spread: f32, gap: u32, with: With| {
        let stride = cols + gap;
        let mut logits: Vec<f32> =
            random.floats((gap + rows * stride) as usize).iter().map(|z| z * spread).collect();
        // some that are left out by those who give them
        logits.iter_mut().skip(7).step_by(31).for_each(|logit| *logit = f32::NEG_INFINITY);
        let targets: Vec<u32> = (0..rows).map(|row| (row * 7) % cols).collect();
        for (row, target) in (0..rows).zip(&targets) {
            logits[(gap + row * stride + target) as usize] = spread;
        }
        let mut marks = targets;
        if with.groups == 1 {
            marks.extend((0..cols).map(|column| column % (cols / 3 + 1)));
        }
        let params = Params {
            rows,
            cols,
            logits_base: gap,
            logits_stride: stride,
            log_q_base: gap,
            corrected: with.log_q,
            grouped: with.groups,
            weights_base: gap,
            weights_stride: 1 + gap,
            weighted: with.weights,
            loss_base: gap,
            loss_stride: 1 + gap,
            grad_base: gap,
            grad_stride: stride,
            scale: 1.0 / rows as f32,
        };
        let column = (gap + rows * (1 + gap)) as usize;
        let bindings = Bindings {
            logits: CaseBinding::floats(&logits),
            log_q: CaseBinding::floats(&random.floats((gap + cols) as usize)),
            marks: CaseBinding::ints(&marks),
            weights: CaseBinding::floats(&random.floats(column)),
            loss: CaseBinding::floats(&random.floats(column)),
            grad: CaseBinding::floats(&random.floats(logits.len())),
        };
        let With { log_q, groups, weights } = with;
        let name =
            format!("{rows}x{cols} spread={spread} gap={gap} q={log_q} groups={groups} weights={weights}");
        let values = u64::from(rows * cols);
        let case = Case::new(name, [0], &params, bindings, rows);
        if rows == 512 { case.bench(values * 8, values * 40) } else { case }
    };
    let plain = With { log_q: 0, groups: 0, weights: 0 };
    let all = With { log_q: 1, groups: 1, weights: 1 };
    vec![
        case((1, 1), 1.0, 0, plain),
        case((3, 5), 8.0, 2, With { weights: 1, ..plain }),
        case((5, 64), 1.0, 0, With { log_q: 1, ..plain }),
        case((17, 65), 90.0, 1, With { groups: 1, ..plain }),
        case((70, 300), 4.0, 3, all),
        case((2, 5000), 4.0, 0, all),
        case((512, 512), 4.0, 0, plain),
        case((512, 1024), 4.0, 0, all),
    ]
}
