//! Gradient with respect to per-sample weights.

use super::part::{UpdateInputs, lanes_for};
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Positions.
        len: u32,
        /// Table parts in this window.
        parts: u32,
        /// First key of the window.
        key_begin: u32,
        /// One past the last.
        key_end: u32,
        /// Threads for a position.
        lanes: u32,
        /// Key of ids whose weights have no gradient: 0 is written for them.
        zero_key: u32,
    }
}

const WORKGROUP: u32 = 64;

/// Groups for a number of positions.
pub(crate) fn groups(shape: Shape, len: u32, lanes: u32) -> u32 {
    if shape == Shape::Wide { len.div_ceil(WORKGROUP / lanes) } else { len.div_ceil(WORKGROUP) }
}

/// The index of a variant.
pub(crate) fn variant(vec4: bool, shape: Shape) -> usize {
    usize::from(!vec4) * 2 + usize::from(shape != Shape::Wide)
}

macro_rules! variant {
    ($width:literal, $shape:ident, $name:literal, $body:literal) => {
        Variant {
            name: concat!($width, ".", $name),
            shape: Shape::$shape,
            workgroup: WORKGROUP,
            constants: &[],
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/weight_grad_params.wgsl",
                "prelude/part.wgsl",
                concat!("prelude/elem_", $width, ".wgsl"),
                concat!("prelude/grad_", $width, ".wgsl"),
                concat!("prelude/rows_", $width, ".wgsl"),
                "prelude/find_part.wgsl",
                $body
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "weight_grad",
    about: "out[p] = <gradient of the bag, row of the id>, over the bag's length for a mean",
    bindings: &[read("parts"), read("keys"), read("terms"), read("grad"), read("rows"), write("out")],
    params: Params::LAYOUT,
    variants: &[
        variant!("vec4", Wide, "wide", "weight_grad.wgsl"),
        variant!("vec4", Serial, "serial", "weight_grad.serial.wgsl"),
        variant!("scalar", Wide, "wide", "weight_grad.wgsl"),
        variant!("scalar", Serial, "serial", "weight_grad.serial.wgsl"),
    ],
    parity: Parity::Bits,
    twin: crate::cpu::weight_grad::run,
    cases,
};

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (dims, rows, longest) in [
        (&[4][..], 1, 1),
        (&[8, 64, 4], 10, 6),
        (&[1, 3, 63, 65], 7, 6),
        (&[2048, 257], 3, 4),
        (&[64], 10_000, 10),
    ] {
        let inputs = UpdateInputs::new(dims, rows, false, 21, |_, random| random.below(longest + 1));
        let lanes = inputs.parts.iter().map(|part| lanes_for(part.dim)).max().unwrap_or(1);
        for vec4 in [true, false] {
            if vec4 && dims.iter().any(|dim| dim % 4 != 0) {
                continue;
            }
            for shape in [Shape::Wide, Shape::Serial] {
                let params = Params {
                    len: inputs.len(),
                    parts: inputs.part_count(),
                    key_begin: 0,
                    key_end: inputs.rows,
                    lanes,
                    zero_key: inputs.none_key,
                };
                let bindings = vec![
                    CaseBinding::ints(&inputs.parts),
                    CaseBinding::ints(&inputs.keys),
                    CaseBinding::ints(&inputs.terms),
                    CaseBinding::floats(&inputs.grad),
                    CaseBinding::floats(&inputs.table),
                    CaseBinding::poisoned(inputs.keys.len()),
                ];
                let case = Case::new(
                    format!("D={dims:?} rows={rows}"),
                    [variant(vec4, shape)],
                    &params,
                    bindings,
                    groups(shape, inputs.len(), lanes),
                );
                let columns = inputs.columns();
                all.push(if rows == 10_000 { case.bench(columns * 8, columns * 2) } else { case });
            }
        }
    }
    all
}
