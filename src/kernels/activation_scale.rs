//! Scale and zero point of activations from the keys of their range.

use super::random::Random;
use crate::cpu::float_key;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Pairs of keys.
        pairs: u32,
        /// The largest code, one less than a power of two.
        levels: u32,
        /// 0, which the shader's compiler does not know.
        nothing: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "activation_scale",
    about: "scale and zero point of 8-bit activations from their range",
    bindings: &[read("keys"), write("quant")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[],
        sources: fragments!["prelude/workgroup.wgsl", "prelude/key_range.wgsl", "activation_scale.wgsl"],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::activation_scale::run,
    cases,
};

fn cases() -> Vec<Case> {
    let mut random = Random::new(62);
    let mut ranges = vec![
        [0.0, 0.0],
        [-1e-39, 1e-38],
        [2.0, 3.0],
        [-3.0, -2.0],
        [-1e-3, 2e-3],
        [-f32::MAX, 1.0],
        [-f32::MAX, f32::MAX],
        [f32::NEG_INFINITY, 0.0],
        [0.0, f32::NAN],
    ];
    ranges.extend((0..20).map(|_| [-random.float().abs(), random.float().abs() * 9.0]));
    let mut all = Vec::new();
    for (i, [low, high]) in (0u32..).zip(ranges) {
        // the range lies at the ends of all pairs
        let mut keys = vec![[float_key(low.max(0.0).min(high)); 2]; 1 + 13 * i as usize];
        keys.first_mut().into_iter().for_each(|pair| pair[0] = float_key(low));
        keys.last_mut().into_iter().for_each(|pair| pair[1] = float_key(high));
        for levels in [127, 255] {
            all.push(Case::new(
                format!("{i}: {low:e} to {high:e}, levels={levels}"),
                [0],
                &Params { pairs: 1 + 13 * i, levels, nothing: 0 },
                vec![CaseBinding::ints(&keys), CaseBinding::mixed(&[1u32; 2])],
                1,
            ));
        }
    }
    all
}
