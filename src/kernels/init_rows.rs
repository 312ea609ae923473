//! Fills table rows.

use super::random::Random;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, write};

params! {
    /// Uniform parameters.
    Params {
        /// Elements to fill.
        elements: u32,
        /// Row of the first element.
        first_row: u32,
        /// Columns of a row.
        dim: u32,
        /// Seed of the table.
        seed: u32,
        /// 1: uniform in `[-scale, scale)`; 0: the constant `scale`.
        uniform_values: u32,
        /// Half width, or the constant.
        scale: f32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "init_rows",
    about: "w[r][c] = scale * hash(seed, r, c), or a constant",
    bindings: &[write("table")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "prelude/random.wgsl", "init_rows.wgsl"],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::init_rows::run,
    cases,
};

fn cases() -> Vec<Case> {
    let mut random = Random::new(1);
    let mut case = |rows: u32, dim: u32, uniform_values: u32| {
        let elements = rows * dim;
        let params = Params {
            elements,
            first_row: random.below(1 << 20),
            dim,
            seed: random.below(u32::MAX),
            uniform_values,
            scale: 0.3,
        };
        let groups = elements.div_ceil(KERNEL.variants[0].workgroup);
        let name = format!("rows={rows} dim={dim} uniform={uniform_values}");
        Case::new(name, [0], &params, vec![CaseBinding::poisoned(elements as usize + 5)], groups)
            .bench(u64::from(elements) * 4, u64::from(elements) * 2)
    };
    vec![case(1, 1, 1), case(100, 3, 1), case(4096, 64, 1), case(77, 5, 0), case(20_000_000 / 257, 257, 1)]
}
