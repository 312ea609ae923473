//! The gradient behind an activation.

use super::linear::{ACTIVATION_RELU, ACTIVATION_SIGMOID};
use super::random::Random;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        rows: u32,
        cols: u32,
        /// Elements where the matrices begin, and from row to row.
        activated_base: u32,
        activated_stride: u32,
        out_base: u32,
        out_stride: u32,
        /// `ACTIVATION_RELU` or `ACTIVATION_SIGMOID`.
        activation: u32,
    }
}

macro_rules! variant {
    ($width:literal) => {
        Variant {
            name: $width,
            shape: Shape::Any,
            workgroup: 64,
            constants: &[],
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/activation.wgsl",
                concat!("prelude/elem_", $width, ".wgsl"),
                concat!("prelude/activated_", $width, ".wgsl"),
                concat!("prelude/out_", $width, ".wgsl"),
                "activation_grad.wgsl"
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "activation_grad",
    about: "out *= derivative of the activation, from its output y",
    bindings: &[read("activated"), write("out")],
    params: Params::LAYOUT,
    variants: &[variant!("vec4"), variant!("scalar")],
    parity: Parity::Bits,
    twin: crate::cpu::activation_grad::run,
    cases,
};

/// Threads for a matrix.
pub(crate) fn threads(rows: u32, cols: u32) -> u32 {
    rows * cols.div_ceil(4)
}

fn cases() -> Vec<Case> {
    let mut random = Random::new(32);
    let mut all = Vec::new();
    for activation in [ACTIVATION_RELU, ACTIVATION_SIGMOID] {
        for (rows, cols, gap) in [(1, 1, 0), (3, 5, 2), (7, 4, 4), (65, 12, 0), (2048, 256, 0)] {
            let params = Params {
                rows,
                cols,
                activated_base: gap,
                activated_stride: cols + gap,
                out_base: 2 * gap,
                out_stride: cols + 2 * gap,
                activation,
            };
            let mut floats = |len: u32| CaseBinding::floats(&random.floats(len as usize));
            let bindings = vec![floats(gap + rows * (cols + gap)), floats(2 * gap + rows * (cols + 2 * gap))];
            let vec4 = cols % 4 == 0 && gap % 4 == 0;
            let name = format!("{rows}x{cols} gap={gap} activation={activation}");
            let groups = threads(rows, cols).div_ceil(KERNEL.variants[0].workgroup);
            let case = Case::new(name, usize::from(!vec4)..2, &params, bindings, groups);
            let values = u64::from(rows * cols);
            all.push(if rows == 2048 { case.bench(values * 12, values * 2) } else { case });
        }
    }
    all
}
