//! Adds the rows of one gradient to those of another.

use super::feature::NONE;
use super::random::Random;
use super::width::Width;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};
use crate::numbers::narrow;

params! {
    /// Uniform parameters.
    Params {
        /// Rows that are added.
        len: u32,
        /// The first of them.
        first: u32,
        /// Targets in all.
        targets: u32,
        /// Those in `out`.
        out_rows: u32,
        /// The first of these.
        out_first: u32,
        /// Threads for a row.
        lanes: u32,
        /// What the rows are multiplied by.
        factor: f32,
        /// Elements of a row; from here on all in elements of the variant's width.
        dim: u32,
        values_base: u32,
        values_stride: u32,
        out_base: u32,
        out_stride: u32,
    }
}

const WORKGROUP: u32 = 64;

macro_rules! variant {
    ($width:literal) => {
        Variant {
            name: $width,
            shape: Shape::Any,
            workgroup: WORKGROUP,
            constants: &[],
            sources: fragments![
                "prelude/grid.wgsl",
                concat!("prelude/elem_", $width, ".wgsl"),
                "add_rows.wgsl"
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "add_rows",
    about: "out[place of row] += factor * values of the row",
    bindings: &[read("rows"), read("counts"), read("values"), read("targets"), write("out"), write("totals")],
    params: Params::LAYOUT,
    variants: &[variant!("vec4"), variant!("scalar")],
    parity: Parity::Bits,
    twin: crate::cpu::add_rows::run,
    cases,
};

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (name, targets, dim, lanes, factor, first, [out_first, out_rows], gap) in [
        ("one", 1, 1, 1, 1.0, 0, [0, 1], 0),
        ("some", 100, 3, 1, 1.0, 0, [0, 100], 0),
        ("times a factor", 100, 3, 2, 0.25, 0, [0, 100], 0),
        ("lanes", 50, 17, 4, 1.0, 0, [0, 50], 0),
        ("a part with gaps", 90, 5, 2, -0.3, 7, [20, 40], 3),
        ("large", 20_000, 16, 16, 1.0, 0, [0, 20_000], 0),
    ] {
        for (variant, width) in Width::ALL.map(|width| (width.variant(), width.columns())) {
            let mut random = Random::new(71);
            let target: Vec<u32> = (0..targets).map(|i| i * 5 + 2).collect();
            let mut rows: Vec<u32> =
                target.iter().copied().filter(|_| targets == 1 || random.below(3) > 0).collect();
            // rows that are not there
            rows.extend([NONE; 2]);
            let all_rows = narrow(rows.len());
            let mut full = vec![5u32; targets as usize];
            (full[0], full[1 % targets as usize]) = (NONE - 1, NONE);
            let counts: Vec<u32> = (0..all_rows).map(|i| i % 4).collect();
            let params = Params {
                len: all_rows - first,
                first,
                targets,
                out_rows,
                out_first,
                lanes,
                factor,
                dim,
                values_base: gap,
                values_stride: dim + gap,
                out_base: 2 * gap,
                out_stride: dim + 2 * gap,
            };
            let size = |base, rows, stride| ((base + rows * stride) * width) as usize;
            let bindings = vec![
                CaseBinding::ints(&rows),
                CaseBinding::ints(&counts),
                CaseBinding::floats(&random.floats(size(
                    params.values_base,
                    params.len,
                    params.values_stride,
                ))),
                CaseBinding::ints(&target),
                CaseBinding::floats(&random.floats(size(params.out_base, out_rows, params.out_stride))),
                CaseBinding::ints(&full),
            ];
            let groups = (params.len * lanes).div_ceil(WORKGROUP);
            let case = Case::new(name, [variant], &params, bindings, groups);
            let values = u64::from(params.len) * u64::from(dim * width);
            all.push(if name == "large" { case.bench(values * 12, values * 2) } else { case });
        }
    }
    all
}
