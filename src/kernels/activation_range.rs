//! The range of a matrix: smallest and largest value of groups of rows.

use super::random::Random;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        rows: u32,
        cols: u32,
        /// Elements where the matrix begins, and from row to row.
        input_base: u32,
        input_stride: u32,
        group_rows: u32,
        /// The pair of the first group.
        first: u32,
    }
}

const GROUP: u32 = 64;
/// Groups that keep a device busy; the next kernel reads as many pairs.
const ENOUGH_GROUPS: u32 = 256;
/// Values worth a group, and so many that the loops of software adapters stay short.
const LEAST_VALUES: u32 = 4096;
const MOST_VALUES: u32 = 1 << 19;

/// Rows of a group.
pub(crate) fn group_rows(rows: u32, cols: u32) -> u32 {
    let of_values = |values: u32| (values / cols.max(1)).max(1);
    rows.div_ceil(ENOUGH_GROUPS).clamp(of_values(LEAST_VALUES), of_values(MOST_VALUES))
}

macro_rules! variant {
    ($width:literal) => {
        Variant {
            name: $width,
            shape: Shape::Any,
            workgroup: GROUP,
            constants: &[],
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/key_range.wgsl",
                concat!("prelude/elem_", $width, ".wgsl"),
                concat!("prelude/input_", $width, ".wgsl"),
                "activation_range.wgsl"
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "activation_range",
    about: "keys of the smallest and largest value of groups of rows",
    bindings: &[read("input"), write("keys")],
    params: Params::LAYOUT,
    variants: &[variant!("vec4"), variant!("scalar")],
    parity: Parity::Bits,
    twin: crate::cpu::activation_range::run,
    cases,
};

fn cases() -> Vec<Case> {
    let mut random = Random::new(61);
    let mut all = Vec::new();
    for (rows, cols, gap, group_rows, special) in [
        (1u32, 1u32, 0, 1, f32::NAN),
        (5, 3, 1, 2, f32::NEG_INFINITY),
        (17, 64, 4, 4, -f32::NAN),
        (9, 70, 2, 4, f32::INFINITY),
        (300, 130, 0, 3, -7.0),
        (512, 1024, 0, group_rows(512, 1024), 7.0),
    ] {
        let mut x = random.floats((gap + rows * (cols + gap)).next_multiple_of(4) as usize);
        let groups = rows.div_ceil(group_rows);
        x[(gap + rows / 2 * (cols + gap) + cols / 2) as usize] = special;
        let params = Params { rows, cols, input_base: gap, input_stride: cols + gap, group_rows, first: gap };
        let case = Case::new(
            format!("{rows}x{cols} gap={gap} special={special}"),
            usize::from(cols % 4 + gap % 4 > 0)..2,
            &params,
            vec![CaseBinding::floats(&x), CaseBinding::ints(&vec![1u32; ((gap + groups) * 2) as usize])],
            groups,
        );
        let values = u64::from(rows * cols);
        all.push(if rows == 512 { case.bench(values * 4, values) } else { case });
    }
    all
}
