//! Finds out whether a device keeps subnormals.

use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, write};

params! {
    /// Uniform parameters.
    Params {
        /// Always 0, which the shader's compiler does not know.
        unused: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "probe",
    about: "halves the smallest normal number, doubles the smallest subnormal",
    bindings: &[write("values")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 1,
        constants: &[],
        sources: fragments!["probe.wgsl"],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::probe::run,
    // normal numbers only: what becomes of subnormals is what the probe asks
    cases: || {
        vec![Case::new(
            "normal",
            [0],
            &Params { unused: 0 },
            vec![CaseBinding::floats(&[3.0, 0.5, 4.0, 2.0])],
            1,
        )]
    },
};
