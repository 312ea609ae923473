//! The cases of `segment_gradient`.

use super::*;
use crate::kernel::elements::{TYPE_F32, stride};
use crate::kernel::{Case, CaseBinding, Shape};
use crate::kernels::jagged_inputs::unwritten;
use crate::kernels::part::lanes_for;
use crate::kernels::segment_partials;
use crate::kernels::update_inputs::UpdateInputs;
use crate::numbers::narrow;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (name, dim, rows, longest, first, clip_value) in [
        ("single", 4, 1, 1, 0, 0.0),
        ("short", 8, 40, 5, 0, 0.0),
        ("later rows", 16, 40, 5, 7, 0.0),
        ("odd dim", 3, 30, 40, 2, 0.0),
        ("odd wide dim", 257, 6, 70, 0, 0.0),
        ("wide dim", 260, 6, 70, 1, 0.0),
        ("clipped", 20, 9, 150, 0, 0.3),
        ("clipped NaN", 20, 9, 150, 0, 0.3),
        ("hot", 4, 1, 5000, 0, 0.0),
        ("many", 64, 20_000, 4, 0, 0.0),
    ] {
        let mut inputs = UpdateInputs::new(&[dim], rows, 67, |_, random| random.below(longest + 1));
        if name == "clipped NaN" {
            inputs.grad.iter_mut().step_by(50).for_each(|value| *value = f32::NAN);
        }
        let mut begins = vec![0];
        for segment in inputs.keys.chunk_by(|a, b| a == b).filter(|segment| segment[0] != inputs.none_key) {
            begins.push(begins[begins.len() - 1] + narrow(segment.len()));
        }
        let total = narrow(begins.len() - 1);
        // rows that there is room for, but which are not there
        let room = total.saturating_sub(first) + 3;
        begins.resize((first + room + 1) as usize, u32::MAX);
        for split in [0, 1] {
            let pieces = segment_partials::Params::of(&inputs, 1, clip_value);
            let partials = match split {
                1 => CaseBinding::floats(&crate::kernels::segment_partials::cases::partials(&inputs, pieces)),
                _ => CaseBinding::poisoned(4),
            };
            for vec4 in [true, false] {
                for shape in [Shape::Wide, Shape::Serial] {
                    if vec4 && !dim.is_multiple_of(4) {
                        continue;
                    }
                    let gap = if name == "later rows" { 4 } else { 0 };
                    let params = Params {
                        rows: room,
                        first,
                        dim,
                        lanes: lanes_for(dim),
                        split,
                        stride: inputs.stride(),
                        clip_value,
                        out_base: 2 * gap,
                        out_stride: stride(dim, TYPE_F32) + gap,
                    };
                    let bindings = Bindings {
                        total: CaseBinding::ints(&[total]),
                        begins: CaseBinding::ints(&begins),
                        terms: CaseBinding::ints(&inputs.terms),
                        grad: CaseBinding::floats(&inputs.grad),
                        partials: partials.clone(),
                        out: CaseBinding::poisoned((params.out_base + room * params.out_stride) as usize),
                        counts: unwritten(first + room),
                    };
                    let name = format!("{name} D={dim} split={split}");
                    let groups = groups(shape, room, params.lanes);
                    let case = Case::new(name, [variant(vec4, shape)], &params, bindings, groups);
                    let columns = inputs.columns();
                    let bytes = columns * 4 + u64::from(total * dim) * 4;
                    all.push(if rows > 1000 && split == 0 { case.bench(bytes, columns * 2) } else { case });
                }
            }
        }
    }
    all
}
