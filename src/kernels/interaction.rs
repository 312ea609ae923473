//! Dot products between the features of an example, as in DLRM (Naumov et al., 2019).

use super::random::Random;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Examples.
        rows: u32,
        features: u32,
        dim: u32,
        /// Elements where the matrices begin, and from row to row.
        input_base: u32,
        input_stride: u32,
        out_base: u32,
        out_stride: u32,
        /// 1: the output begins with feature 0.
        dense_part: u32,
        /// 1: pairs (i, i) too.
        diagonal: u32,
    }
}

const WIDE: u32 = 64;
const TILES: u32 = 64;
/// vec4s of workgroup memory: all that WebGPU promises.
const SHARED: u32 = 1024;

/// Whether an example fits the workgroup memory of the wide shape.
pub(crate) fn fits(features: u32, dim: u32) -> bool {
    u64::from(features) * u64::from(dim.div_ceil(4)) <= u64::from(SHARED)
}

/// Pairs of features.
pub(crate) fn pairs(features: u32, diagonal: u32) -> u32 {
    features * (features + 2 * diagonal - 1) / 2
}

/// Groups for `rows` examples; `wide`: with the rows in workgroup memory.
pub(crate) fn groups(wide: bool, p: &Params) -> u32 {
    if wide {
        return p.rows;
    }
    let side = p.features.div_ceil(4);
    let threads = side * (side + 1) / 2 + p.dim.div_ceil(4) * p.dense_part;
    (p.rows * threads).div_ceil(TILES)
}

/// The index of a variant.
pub(crate) fn variant(vec4: bool, wide: bool) -> usize {
    usize::from(!vec4) * 2 + usize::from(!wide)
}

macro_rules! variant {
    ($width:literal, $shape:ident, $name:literal, $workgroup:expr, $constants:expr, $body:literal) => {
        Variant {
            name: concat!($width, ".", $name),
            shape: Shape::$shape,
            workgroup: $workgroup,
            constants: $constants,
            sources: fragments![
                "prelude/grid.wgsl",
                concat!("prelude/elem_", $width, ".wgsl"),
                concat!("prelude/input_", $width, ".wgsl"),
                "prelude/pairs.wgsl",
                $body
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "interaction",
    about: "out = [x_0, <x_i, x_j> for i > j (or i >= j)], for each example",
    bindings: &[read("input"), write("out")],
    params: Params::LAYOUT,
    variants: &[
        variant!("vec4", Wide, "wide", WIDE, &[("SHARED", SHARED)], "interaction.wgsl"),
        variant!("vec4", Any, "tiles", TILES, &[], "interaction.tiles.wgsl"),
        variant!("scalar", Wide, "wide", WIDE, &[("SHARED", SHARED)], "interaction.wgsl"),
        variant!("scalar", Any, "tiles", TILES, &[], "interaction.tiles.wgsl"),
    ],
    parity: Parity::Bits,
    twin: crate::cpu::interaction::run,
    cases,
};

/// Rows, features, dim, gap between rows, whether there is a dense part, and a diagonal.
pub(super) const SHAPES: [(u32, u32, u32, u32, u32, u32); 10] = [
    (1, 1, 1, 0, 1, 0),
    (1, 1, 3, 0, 1, 1),
    (1, 2, 4, 0, 0, 0),
    (3, 2, 5, 1, 1, 1),
    (7, 4, 8, 4, 1, 0),
    (5, 5, 12, 0, 0, 1),
    (9, 13, 17, 3, 1, 0),
    (2, 9, 130, 0, 1, 1),
    (1, 40, 128, 0, 1, 0),
    (256, 27, 64, 0, 1, 0),
];

fn cases() -> Vec<Case> {
    let mut random = Random::new(34);
    let mut all = Vec::new();
    for (rows, features, dim, gap, dense_part, diagonal) in SHAPES {
        let columns = pairs(features, diagonal) + dim * dense_part;
        let params = Params {
            rows,
            features,
            dim,
            input_base: gap,
            input_stride: features * dim + gap,
            out_base: gap,
            out_stride: columns + gap,
            dense_part,
            diagonal,
        };
        let x = random.floats((gap + rows * params.input_stride) as usize);
        let out = CaseBinding::poisoned((gap + rows * params.out_stride) as usize);
        for wide in [true, false] {
            if wide && !fits(features, dim) {
                continue;
            }
            let vec4 = dim % 4 == 0 && gap % 4 == 0;
            let variants =
                [true, false].into_iter().filter(|&four| vec4 || !four).map(|four| variant(four, wide));
            let case = Case::new(
                format!(
                    "B={rows} F={features} D={dim} gap={gap} dense={dense_part} diagonal={diagonal} {wide}"
                ),
                variants,
                &params,
                vec![CaseBinding::floats(&x), out.clone()],
                groups(wide, &params),
            );
            let (read, written) = (u64::from(features * dim), u64::from(columns));
            let flops = 2 * u64::from(pairs(features, diagonal) * dim);
            all.push(if rows == 256 {
                case.bench(4 * u64::from(rows) * (read + written), u64::from(rows) * flops)
            } else {
                case
            });
        }
    }
    all
}
