//! Pieces of long segments, ahead of `row_update`.

use super::part::{PIECE, UpdateInputs, lanes_for};
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Sorted keys.
        len: u32,
        /// Table parts.
        parts: u32,
        /// Key of ids without a row.
        none_key: u32,
        /// Threads for a piece.
        lanes: u32,
        /// vec4s from partial to partial.
        stride: u32,
        /// Limit of a gradient's values; 0: none.
        clip_value: f32,
    }
}

const WORKGROUP: u32 = 64;

/// Vector width of a variant.
pub(crate) const VEC4: usize = 0;
pub(crate) const SCALAR: usize = 1;

/// Pieces that can be stored for a number of sorted keys.
pub(crate) fn pieces(len: u32) -> u32 {
    len.div_ceil(PIECE)
}

macro_rules! variant {
    ($width:literal) => {
        Variant {
            name: $width,
            shape: Shape::Any,
            workgroup: WORKGROUP,
            constants: &[("PIECE", PIECE)],
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/part.wgsl",
                "prelude/pieces.wgsl",
                concat!("prelude/elem_", $width, ".wgsl"),
                concat!("prelude/grad_", $width, ".wgsl"),
                "prelude/find_part.wgsl",
                "segment_partials.wgsl"
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "segment_partials",
    about: "sums of the pieces of rows with many occurrences",
    bindings: &[read("parts"), read("keys"), read("terms"), read("grad"), write("partials")],
    params: Params::LAYOUT,
    variants: &[variant!("vec4"), variant!("scalar")],
    parity: Parity::Bits,
    twin: crate::cpu::segment_partials::run,
    cases,
};

/// Groups for a number of sorted keys.
pub(crate) fn groups(len: u32, lanes: u32) -> u32 {
    (pieces(len) * lanes).div_ceil(WORKGROUP)
}

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (name, dims, rows, longest) in [
        ("short", &[8, 4][..], 10, 40),
        ("long", &[64], 20, 400),
        ("odd dims", &[3, 17], 9, 200),
        ("one row", &[4], 1, 10_000),
        ("hot", &[64, 64], 500, 300),
        ("clipped", &[16], 5, 300),
    ] {
        let inputs = UpdateInputs::new(dims, rows, 3, |_, random| random.below(longest + 1));
        let vec4 = dims.iter().all(|dim| dim % 4 == 0);
        let lanes = inputs.parts.iter().map(|part| lanes_for(part.dim)).max().unwrap_or(1);
        let params = Params {
            len: inputs.len(),
            parts: inputs.part_count(),
            none_key: inputs.none_key,
            lanes,
            stride: inputs.stride(),
            clip_value: if name == "clipped" { 0.25 } else { 0.0 },
        };
        let out = pieces(inputs.len()) * inputs.stride() * 4;
        let bindings = vec![
            CaseBinding::ints(&inputs.parts),
            CaseBinding::ints(&inputs.keys),
            CaseBinding::ints(&inputs.terms),
            CaseBinding::floats(&inputs.grad),
            CaseBinding::poisoned(out as usize),
        ];
        let variants: &[usize] = if vec4 { &[VEC4, SCALAR] } else { &[SCALAR] };
        let case = Case::new(
            format!("{name} D={dims:?}"),
            variants.iter().copied(),
            &params,
            bindings,
            groups(inputs.len(), lanes),
        );
        let columns = inputs.columns();
        all.push(if name == "hot" { case.bench(columns * 4, columns * 2) } else { case });
    }
    all
}
