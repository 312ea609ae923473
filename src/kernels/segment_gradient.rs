//! The gradient of each distinct row.

use super::jagged_inputs::unwritten;
use super::part::{GROUP, PIECE, UpdateInputs, lanes_for};
use super::{segment_partials, types::TYPE_F32, types::stride};
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};
use crate::numbers::narrow;

params! {
    /// Uniform parameters.
    Params {
        /// Rows that are looked at.
        rows: u32,
        /// The first of them.
        first: u32,
        /// Columns.
        dim: u32,
        /// Threads for a row.
        lanes: u32,
        /// 1: `partials` holds the pieces of long segments.
        split: u32,
        /// vec4s from partial to partial.
        stride: u32,
        /// Limit of a gradient's values; 0: none.
        clip_value: f32,
        /// Element of the first row in `out`, and elements from row to row.
        out_base: u32,
        out_stride: u32,
    }
}

const WORKGROUP: u32 = 64;

/// Groups for a number of rows.
pub(crate) fn groups(shape: Shape, rows: u32, lanes: u32) -> u32 {
    if shape == Shape::Wide { rows.div_ceil(WORKGROUP / lanes) } else { rows.div_ceil(WORKGROUP) }
}

/// The variant for a vector width and a shape.
pub(crate) fn variant(vec4: bool, shape: Shape) -> usize {
    usize::from(!vec4) * 2 + usize::from(shape != Shape::Wide)
}

macro_rules! variant {
    ($width:literal, $shape:ident, $name:literal, [$($sum:literal),+], $body:literal) => {
        Variant {
            name: concat!($width, ".", $name),
            shape: Shape::$shape,
            workgroup: WORKGROUP,
            constants: &[("PIECE", PIECE), ("GROUP", GROUP)],
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/pieces.wgsl",
                "prelude/segment_gradient_params.wgsl",
                concat!("prelude/elem_", $width, ".wgsl"),
                concat!("prelude/grad_", $width, ".wgsl"),
                concat!("prelude/out_", $width, ".wgsl"),
                "prelude/clipped.wgsl",
                "prelude/term_grad.wgsl",
                $($sum,)+
                $body
            ],
        }
    };
}

macro_rules! variants {
    ($($width:literal),+) => {
        &[$(
            variant!($width, Wide, "wide", ["prelude/terms_sum.wgsl"], "segment_gradient.wgsl"),
            variant!(
                $width,
                Serial,
                "serial",
                ["prelude/grid_spread.wgsl", "prelude/more_any.wgsl", "prelude/block_sum.wgsl"],
                "segment_gradient.serial.wgsl"
            ),
        )+]
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "segment_gradient",
    about: "the sum of each row's terms, and their number",
    bindings: &[
        read("total"),
        read("begins"),
        read("terms"),
        read("grad"),
        read("partials"),
        write("out"),
        write("counts"),
    ],
    params: Params::LAYOUT,
    variants: variants!["vec4", "scalar"],
    parity: Parity::Bits,
    twin: crate::cpu::segment_gradient::run,
    cases,
};

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (name, dim, rows, longest, first, clip_value) in [
        ("single", 4, 1, 1, 0, 0.0),
        ("short", 8, 40, 5, 0, 0.0),
        ("later rows", 16, 40, 5, 7, 0.0),
        ("odd dim", 3, 30, 40, 2, 0.0),
        ("odd wide dim", 257, 6, 70, 0, 0.0),
        ("wide dim", 260, 6, 70, 1, 0.0),
        ("clipped", 20, 9, 150, 0, 0.3),
        ("clipped NaN", 20, 9, 150, 0, 0.3),
        ("hot", 4, 1, 5000, 0, 0.0),
        ("many", 64, 20_000, 4, 0, 0.0),
    ] {
        let mut inputs = UpdateInputs::new(&[dim], rows, 67, |_, random| random.below(longest + 1));
        if name == "clipped NaN" {
            inputs.grad.iter_mut().step_by(50).for_each(|value| *value = f32::NAN);
        }
        let mut begins = vec![0];
        for segment in inputs.keys.chunk_by(|a, b| a == b).filter(|segment| segment[0] != inputs.none_key) {
            begins.push(begins[begins.len() - 1] + narrow(segment.len()));
        }
        let total = narrow(begins.len() - 1);
        // rows that there is room for, but which are not there
        let room = total.saturating_sub(first) + 3;
        begins.resize((first + room + 1) as usize, u32::MAX);
        for split in [0, 1] {
            let pieces = segment_partials::Params::of(&inputs, 1, clip_value);
            let partials = match split {
                1 => CaseBinding::floats(&crate::cpu::segment_partials::partials(&inputs, pieces)),
                _ => CaseBinding::poisoned(4),
            };
            for vec4 in [true, false] {
                for shape in [Shape::Wide, Shape::Serial] {
                    if vec4 && !dim.is_multiple_of(4) {
                        continue;
                    }
                    let gap = if name == "later rows" { 4 } else { 0 };
                    let params = Params {
                        rows: room,
                        first,
                        dim,
                        lanes: lanes_for(dim),
                        split,
                        stride: inputs.stride(),
                        clip_value,
                        out_base: 2 * gap,
                        out_stride: stride(dim, TYPE_F32) + gap,
                    };
                    let bindings = vec![
                        CaseBinding::ints(&[total]),
                        CaseBinding::ints(&begins),
                        CaseBinding::ints(&inputs.terms),
                        CaseBinding::floats(&inputs.grad),
                        partials.clone(),
                        CaseBinding::poisoned((params.out_base + room * params.out_stride) as usize),
                        unwritten(first + room),
                    ];
                    let name = format!("{name} D={dim} split={split}");
                    let groups = groups(shape, room, params.lanes);
                    let case = Case::new(name, [variant(vec4, shape)], &params, bindings, groups);
                    let columns = inputs.columns();
                    let bytes = columns * 4 + u64::from(total * dim) * 4;
                    all.push(if rows > 1000 && split == 0 { case.bench(bytes, columns * 2) } else { case });
                }
            }
        }
    }
    all
}
