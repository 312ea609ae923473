//! Pieces of long segments and groups of pieces, ahead of `row_update`.

use super::part::{GROUP, PIECE, UpdateInputs, lanes_for};
use super::random::Random;
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
        /// 1: sums of pieces to sums of groups.
        grouping: u32,
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
            constants: &[("PIECE", PIECE), ("GROUP", GROUP)],
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/part.wgsl",
                "prelude/pieces.wgsl",
                concat!("prelude/elem_", $width, ".wgsl"),
                concat!("prelude/grad_", $width, ".wgsl"),
                "prelude/find_part.wgsl",
                "prelude/clipped.wgsl",
                "segment_partials.wgsl"
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "segment_partials",
    about: "sums of the pieces of rows with many occurrences, and of groups of pieces",
    bindings: &[read("parts"), read("keys"), read("terms"), read("grad"), write("partials")],
    params: Params::LAYOUT,
    variants: &[variant!("vec4"), variant!("scalar")],
    parity: Parity::Bits,
    twin: crate::cpu::segment_partials::run,
    cases,
};

impl Params {
    /// Of made-up inputs.
    pub(crate) fn of(inputs: &UpdateInputs, lanes: u32, clip_value: f32) -> Self {
        let (len, parts, none_key) = (inputs.len(), inputs.part_count(), inputs.none_key);
        Self { len, parts, none_key, lanes, stride: inputs.stride(), clip_value, grouping: 0 }
    }

    /// Workgroups.
    pub(crate) fn groups(&self) -> u32 {
        let span = if self.grouping == 1 { GROUP } else { PIECE };
        (self.len.div_ceil(span) * self.lanes).div_ceil(WORKGROUP)
    }

    /// Pieces, then groups, if there can be any.
    pub(crate) fn levels(self) -> impl Iterator<Item = Self> {
        let levels = if self.len > GROUP { 2 } else { 1 };
        (0..levels).map(move |grouping| Self { grouping, ..self })
    }
}

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (name, dims, rows, longest) in [
        ("short", &[8, 4][..], 10, 40),
        ("long", &[64], 20, 400),
        ("odd dims", &[3, 17], 9, 200),
        ("one row", &[4], 1, 10_000),
        ("groups", &[8, 4], 3, 9000),
        ("hot", &[64, 64], 500, 300),
        ("clipped", &[16], 5, 300),
        ("clipped NaN", &[16], 5, 300),
    ] {
        let mut inputs = UpdateInputs::new(dims, rows, 3, |_, random| random.below(longest + 1));
        let vec4 = dims.iter().all(|dim| dim % 4 == 0);
        let lanes = inputs.parts.iter().map(|part| lanes_for(part.dim)).max().unwrap_or(1);
        let clip_value = if name.starts_with("clipped") { 0.25 } else { 0.0 };
        if name == "clipped NaN" {
            inputs.grad.iter_mut().step_by(50).for_each(|value| *value = f32::NAN);
        }
        for params in Params::of(&inputs, lanes, clip_value).levels() {
            // groups are made of whatever lies there
            let out = (pieces(inputs.len()) * inputs.stride() * 4) as usize;
            let partials = match params.grouping {
                0 => CaseBinding::poisoned(out),
                _ => CaseBinding::floats(&Random::new(17).floats(out)),
            };
            let bindings = vec![
                CaseBinding::ints(&inputs.parts),
                CaseBinding::ints(&inputs.keys),
                CaseBinding::ints(&inputs.terms),
                CaseBinding::floats(&inputs.grad),
                partials,
            ];
            let variants: &[usize] = if vec4 { &[VEC4, SCALAR] } else { &[SCALAR] };
            let name = format!("{name} D={dims:?} grouping={}", params.grouping);
            let case = Case::new(name, variants.iter().copied(), &params, bindings, params.groups());
            let columns = inputs.columns();
            let bench = rows > 100 && params.grouping == 0;
            all.push(if bench { case.bench(columns * 4, columns * 2) } else { case });
        }
    }
    all
}
