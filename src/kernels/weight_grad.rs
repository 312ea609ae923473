//! Gradient with respect to per-sample weights.

use super::part::{UpdateInputs, lanes_for};
use super::random::Random;
use super::types::{self, TYPE_BF16, TYPE_F16, TYPE_F32};
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
        /// Element type of the rows.
        rows_type: u32,
    }
}

const WORKGROUP: u32 = 64;

/// Groups for a number of positions.
pub(crate) fn groups(shape: Shape, len: u32, lanes: u32) -> u32 {
    if shape == Shape::Wide { len.div_ceil(WORKGROUP / lanes) } else { len.div_ceil(WORKGROUP) }
}

/// The index of a variant; `any` for rows of other types than `f32`.
pub(crate) fn variant(vec4: bool, any: bool, shape: Shape) -> usize {
    usize::from(any) * 4 + usize::from(!vec4) * 2 + usize::from(shape != Shape::Wide)
}

macro_rules! variant {
    ($width:literal, $types:literal, $shape:ident, $name:literal, $body:literal) => {
        Variant {
            name: concat!($width, ".", $name),
            shape: Shape::$shape,
            workgroup: WORKGROUP,
            constants: &[],
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/weight_grad_params.wgsl",
                "prelude/part.wgsl",
                "prelude/types.wgsl",
                concat!("prelude/elem_", $width, ".wgsl"),
                concat!("prelude/grad_", $width, ".wgsl"),
                concat!("prelude/rows_", $types, $width, ".wgsl"),
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
        variant!("vec4", "", Wide, "wide", "weight_grad.wgsl"),
        variant!("vec4", "", Serial, "serial", "weight_grad.serial.wgsl"),
        variant!("scalar", "", Wide, "wide", "weight_grad.wgsl"),
        variant!("scalar", "", Serial, "serial", "weight_grad.serial.wgsl"),
        variant!("vec4", "any_", Wide, "any.wide", "weight_grad.wgsl"),
        variant!("vec4", "any_", Serial, "any.serial", "weight_grad.serial.wgsl"),
        variant!("scalar", "any_", Wide, "any.wide", "weight_grad.wgsl"),
        variant!("scalar", "any_", Serial, "any.serial", "weight_grad.serial.wgsl"),
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
        for rows_type in [TYPE_F32, TYPE_F16, TYPE_BF16] {
            let strides = |dim| (types::stride(dim, rows_type), 0);
            let lengths = |_, random: &mut Random| random.below(longest + 1);
            let inputs = UpdateInputs::with_layout(dims, rows, strides, 21, lengths);
            for vec4 in [true, false] {
                if vec4 && dims.iter().any(|dim| dim % 4 != 0) {
                    continue;
                }
                all.extend([Shape::Wide, Shape::Serial].map(|shape| case(&inputs, vec4, rows_type, shape)));
            }
        }
    }
    all
}

fn case(inputs: &UpdateInputs, vec4: bool, rows_type: u32, shape: Shape) -> Case {
    let lanes = inputs.parts.iter().map(|part| lanes_for(part.dim)).max().unwrap_or(1);
    let params = Params {
        len: inputs.len(),
        parts: inputs.part_count(),
        key_begin: 0,
        key_end: inputs.rows,
        lanes,
        zero_key: inputs.none_key,
        rows_type,
    };
    let table = match rows_type {
        TYPE_F32 => CaseBinding::floats(&inputs.table),
        _ => CaseBinding::ints(&types::packed(&inputs.table, rows_type)),
    };
    let bindings = vec![
        CaseBinding::ints(&inputs.parts),
        CaseBinding::ints(&inputs.keys),
        CaseBinding::ints(&inputs.terms),
        CaseBinding::floats(&inputs.grad),
        table,
        CaseBinding::poisoned(inputs.keys.len()),
    ];
    let dims: Vec<u32> = inputs.parts.iter().map(|part| part.dim).collect();
    let case = Case::new(
        format!("D={dims:?} rows={} type={rows_type}", inputs.rows),
        [variant(vec4, rows_type != TYPE_F32, shape)],
        &params,
        bindings,
        groups(shape, inputs.len(), lanes),
    );
    let columns = inputs.columns();
    if inputs.rows == 10_000 { case.bench(columns * 8, columns * 2) } else { case }
}
