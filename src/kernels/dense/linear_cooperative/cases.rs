//! The cases of `linear_cooperative`.

use super::*;
use crate::kernel::Case;
use crate::kernels::linear::cases::of_16_bits;

/// Those of `linear`, of values that are 16-bit floats: the exact product is the same for both kernels then.
pub(crate) fn cases() -> Vec<Case> {
    let all = of_16_bits().into_iter().map(|(case, vec4)| {
        let p: &Params = bytemuck::from_bytes(&case.params);
        let emulated = KERNEL.variant("vec4.emulated");
        let fitting = [true, false].into_iter().filter(|&width| vec4 || !width).map(variant);
        let fitting: Vec<_> = fitting.flat_map(|at| [at, emulated + at]).collect();
        Case {
            // the emulation is not for measuring
            variants: if case.bench { vec![variant(vec4)] } else { fitting },
            groups: groups(p.m, p.n) * p.slices,
            ..case
        }
    });
    all.collect()
}
