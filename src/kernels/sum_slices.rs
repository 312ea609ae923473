//! Joins the slices of a matrix product.

use super::random::Random;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// The output's shape.
        m: u32,
        n: u32,
        /// How many slices.
        slices: u32,
        /// Element where the output begins, and elements from row to row.
        out_base: u32,
        out_stride: u32,
        /// 1: the sum is added to the output.
        accumulate: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "sum_slices",
    about: "out[m][n] = sum over s of slices[s][m][n]",
    bindings: &[read("slices"), write("out")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "sum_slices.wgsl"],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::sum_slices::run,
    cases,
};

fn cases() -> Vec<Case> {
    let mut random = Random::new(31);
    let mut case = |m: u32, n: u32, slices: u32, gap: u32, accumulate: u32| {
        let params = Params { m, n, slices, out_base: gap, out_stride: n + gap, accumulate };
        let bindings = vec![
            CaseBinding::floats(&random.floats((m * n * slices) as usize)),
            CaseBinding::floats(&random.floats((gap + m * (n + gap)) as usize)),
        ];
        let name = format!("{m}x{n} slices={slices} gap={gap} accumulate={accumulate}");
        let groups = (m * n).div_ceil(KERNEL.variants[0].workgroup);
        let values = u64::from(m * n);
        Case::new(name, [0], &params, bindings, groups)
            .bench(values * 4 * u64::from(slices + 1), values * u64::from(slices))
    };
    vec![case(1, 1, 1, 0, 0), case(5, 3, 2, 1, 1), case(64, 65, 7, 0, 0), case(512, 256, 8, 0, 1)]
}
