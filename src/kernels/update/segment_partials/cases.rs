//! The cases of `segment_partials`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::part::lanes_for;
use crate::kernels::random::Random;
use crate::kernels::update_inputs::UpdateInputs;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (name, dims, rows, longest) in [
        ("short", &[8, 4][..], 10, 40),
        ("long", &[64], 20, 400),
        ("odd dims", &[3, 17], 9, 200),
        ("one row", &[4], 1, 10_000),
        ("groups", &[8, 4], 3, 9000),
        ("hot", &[64, 64], 500, 300),
        ("clipped", &[16], 5, 300),
        ("clipped NaN", &[16], 5, 300),
    ] {
        let mut inputs = UpdateInputs::new(dims, rows, 3, |_, random| random.below(longest + 1));
        let vec4 = dims.iter().all(|dim| dim % 4 == 0);
        let lanes = inputs.parts.iter().map(|part| lanes_for(part.dim)).max().unwrap_or(1);
        let clip_value = if name.starts_with("clipped") { 0.25 } else { 0.0 };
        if name == "clipped NaN" {
            inputs.grad.iter_mut().step_by(50).for_each(|value| *value = f32::NAN);
        }
        for params in Params::of(&inputs, lanes, clip_value).levels() {
            // groups are made of whatever lies there
            let out = (pieces(inputs.len()) * inputs.stride() * 4) as usize;
            let partials = match params.grouping {
                0 => CaseBinding::poisoned(out),
                _ => CaseBinding::floats(&Random::new(17).floats(out)),
            };
            let bindings = Bindings {
                parts: CaseBinding::ints(&inputs.parts),
                keys: CaseBinding::ints(&inputs.keys),
                terms: CaseBinding::ints(&inputs.terms),
                grad: CaseBinding::floats(&inputs.grad),
                partials,
            };
            let variants: &[usize] = if vec4 { &[VEC4, SCALAR] } else { &[SCALAR] };
            let name = format!("{name} D={dims:?} grouping={}", params.grouping);
            let case = Case::new(name, variants.iter().copied(), &params, bindings, params.groups());
            let columns = inputs.columns();
            let bench = rows > 100 && params.grouping == 0;
            all.push(if bench { case.bench(columns * 4, columns * 2) } else { case });
        }
    }
    all
}

impl Params {
    /// Of made-up inputs.
    pub(crate) fn of(inputs: &UpdateInputs, lanes: u32, clip_value: f32) -> Self {
        let (len, parts, none_key) = (inputs.len(), inputs.part_count(), inputs.none_key);
        Self { len, parts, none_key, lanes, stride: inputs.stride(), clip_value, grouping: 0 }
    }
}

/// The partials of made-up inputs, for the cases of `row_update`.
pub(crate) fn partials(inputs: &UpdateInputs, params: Params) -> Vec<f32> {
    let UpdateInputs { parts, keys, terms, grad, .. } = inputs;
    let mut partials = vec![[0.0; 4]; (pieces(inputs.len()) * params.stride) as usize];
    for params in params.levels() {
        twin::run(View { variant: 0, params, parts, keys, terms, grad, partials: &mut partials });
    }
    partials.concat()
}
