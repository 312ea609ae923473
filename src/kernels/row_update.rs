//! The fused optimizer: one writer a row.

use super::part::{PIECE, UpdateInputs, lanes_for};
use super::segment_partials;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Sorted keys.
        len: u32,
        /// Table parts in this window.
        parts: u32,
        /// First key of the window.
        key_begin: u32,
        /// One past the last.
        key_end: u32,
        /// Threads for a row.
        lanes: u32,
        /// 1: `partials` holds the pieces of long segments.
        split: u32,
        /// vec4s from partial to partial.
        stride: u32,
        /// Learning rate.
        lr: f32,
        /// Added to the root of the state.
        eps: f32,
        /// L2 penalty on the gradient.
        l2: f32,
        /// One minus learning rate times decoupled weight decay.
        keep: f32,
    }
}

const WIDE: u32 = 64;
const SERIAL: u32 = 64;

/// Groups for a number of sorted keys.
pub(crate) fn groups(shape: Shape, len: u32, lanes: u32) -> u32 {
    if shape == Shape::Wide { len.div_ceil(WIDE / lanes) } else { len.div_ceil(SERIAL) }
}

macro_rules! variant {
    ($optimizer:literal, $state:expr, $width:literal, $shape:ident, $threads:ident, $name:literal, $more:literal, $body:literal) => {
        Variant {
            name: concat!($optimizer, ".", $name),
            shape: Shape::$shape,
            workgroup: $threads,
            constants: &[("PIECE", PIECE)],
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/grid_spread.wgsl",
                "prelude/part.wgsl",
                "prelude/pieces.wgsl",
                "prelude/update_params.wgsl",
                concat!("prelude/elem_", $width, ".wgsl"),
                concat!("prelude/grad_", $width, ".wgsl"),
                concat!("prelude/table_", $width, ".wgsl"),
                "prelude/find_part.wgsl",
                $more,
                $state,
                concat!("optimizer/", $optimizer, ".wgsl"),
                $body
            ],
        }
    };
}

/// The variants of each optimizer, from its name and the file of its kind of state for either width.
macro_rules! optimizers {
    ($($optimizer:literal: $vec4_state:literal, $scalar_state:literal;)+) => {
        &[$(
            variant!($optimizer, $vec4_state, "vec4", Wide, WIDE, "vec4.wide", "prelude/more_any.wgsl", "row_update.wgsl"),
            variant!($optimizer, $vec4_state, "vec4", Serial, SERIAL, "vec4.serial", "prelude/more_any.wgsl", "row_update.serial.wgsl"),
            variant!($optimizer, $scalar_state, "scalar", Wide, WIDE, "scalar.wide", "prelude/more_any.wgsl", "row_update.wgsl"),
            variant!($optimizer, $scalar_state, "scalar", Serial, SERIAL, "scalar.serial", "prelude/more_any.wgsl", "row_update.serial.wgsl"),
            variant!($optimizer, $vec4_state, "vec4", Serial, SERIAL, "vec16.serial", "prelude/more_whole.wgsl", "row_update.serial.wgsl"),
        )+]
    };
}

/// Optimizers in the order of the variants, with the values of state for a row and for an element.
pub(crate) const OPTIMIZERS: [(&str, u32, u32); 3] =
    [("sgd", 0, 0), ("rowwise_adagrad", 1, 0), ("adagrad", 0, 1)];

pub(crate) static KERNEL: Kernel = Kernel {
    name: "row_update",
    about: "g = sum of a row's terms; the optimizer's formula on row and state",
    bindings: &[
        read("parts"),
        read("keys"),
        read("terms"),
        read("grad"),
        read("partials"),
        write("table"),
        write("state"),
    ],
    params: Params::LAYOUT,
    variants: optimizers! {
        "sgd": "prelude/state_none.wgsl", "prelude/state_none.wgsl";
        "rowwise_adagrad": "prelude/state_row.wgsl", "prelude/state_row.wgsl";
        "adagrad": "prelude/state_element_vec4.wgsl", "prelude/state_element_scalar.wgsl";
    },
    parity: Parity::Bits,
    twin: crate::cpu::row_update::run,
    cases,
};

/// Variants of each optimizer.
pub(crate) const VARIANTS: usize = 5;

/// The index of a variant: the optimizer's place in [`OPTIMIZERS`], the width, the shape. `whole`: every dim is a
/// multiple of 16.
pub(crate) fn variant(optimizer: usize, vec4: bool, whole: bool, shape: Shape) -> usize {
    let within = match shape {
        Shape::Serial if vec4 && whole => 4,
        _ => usize::from(!vec4) * 2 + usize::from(shape != Shape::Wide),
    };
    optimizer * VARIANTS + within
}

/// How often the busiest thread of a row walks the row's terms.
pub(crate) fn steps(shape: Shape, dim: u32, optimizer: usize) -> u32 {
    // an optimizer with a state for the row first sums over it
    let twice = OPTIMIZERS[optimizer].1 > 0;
    if shape == Shape::Wide {
        let columns = dim.div_ceil(4).div_ceil(lanes_for(dim));
        if twice { columns * 2 - 1 } else { columns }
    } else {
        let blocks = dim.div_ceil(16);
        blocks * (1 + u32::from(twice))
    }
}

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (name, dims, rows, longest) in [
        ("single", &[4][..], 1, 1),
        ("short", &[8, 16, 4, 64], 12, 5),
        ("odd dims", &[1, 3, 63, 65], 10, 5),
        ("wide dims", &[128, 256, 260], 6, 4),
        ("odd wide dims", &[257, 2047], 4, 3),
        ("very wide", &[2048], 3, 3),
        ("long", &[64, 8], 9, 150),
        ("hot", &[4], 1, 5000),
        ("sixteens", &[16, 64], 9, 5),
        ("many", &[64], 40_000, 2),
    ] {
        for (o, (optimizer, _, element_state)) in OPTIMIZERS.iter().enumerate() {
            for (decay, l2, keep) in [("", 0.0, 1.0), (" l2", 0.05, 1.0), (" decoupled", 0.0, 0.99)] {
                for vec4 in [true, false] {
                    for shape in [Shape::Wide, Shape::Serial] {
                        if (vec4 && dims.iter().any(|dim| dim % 4 != 0)) || (name == "many" && l2 > 0.0) {
                            continue;
                        }
                        let inputs = UpdateInputs::new(dims, rows, *element_state == 1, 5, |_, random| {
                            random.below(longest + 1)
                        });
                        let name = format!("{optimizer} {name} D={dims:?}{decay}");
                        let whole = dims.iter().all(|dim| dim % 16 == 0);
                        let index = variant(o, vec4, whole, shape);
                        let hyper = Params { lr: 0.1, eps: 1e-3, l2, keep, ..Params::default() };
                        // partials are read in cases of their own
                        let case = case(name, inputs, index, shape, hyper, *element_state == 1);
                        all.push(if rows == 40_000 && decay.is_empty() { case } else { unbenched(case) });
                    }
                }
            }
        }
    }
    all.extend(split_cases());
    all
}

fn unbenched(mut case: Case) -> Case {
    case.bench = false;
    case
}

fn case(
    name: String,
    inputs: UpdateInputs,
    variant: usize,
    shape: Shape,
    hyper: Params,
    element_state: bool,
) -> Case {
    let lanes = inputs.parts.iter().map(|part| lanes_for(part.dim)).max().unwrap_or(1);
    // the window ends before the last row: its keys must be left alone
    let params = Params {
        len: inputs.len(),
        parts: inputs.part_count(),
        key_begin: u32::from(inputs.rows > 2),
        key_end: inputs.rows.max(3) - 1 - u32::from(inputs.rows < 3),
        lanes,
        stride: inputs.stride(),
        ..hyper
    };
    let state = if element_state { inputs.table.len() } else { inputs.rows as usize };
    let state: Vec<f32> = (0..state).map(|i| (i % 7) as f32 * 0.25).collect();
    let bindings = vec![
        CaseBinding::ints(&inputs.parts),
        CaseBinding::ints(&inputs.keys),
        CaseBinding::ints(&inputs.terms),
        CaseBinding::floats(&inputs.grad),
        CaseBinding::poisoned(4),
        CaseBinding::floats(&inputs.table),
        CaseBinding::floats(&state),
    ];
    let columns = inputs.columns();
    let rows = inputs.keys.chunk_by(|a, b| a == b).count() as u64;
    let dim = u64::from(inputs.parts[0].dim);
    let state_values = if element_state { dim } else { 1 };
    let bytes = (columns + rows * (2 * dim + 2 * state_values)) * 4 + inputs.keys.len() as u64 * 12;
    Case::new(name, [variant], &params, bindings, groups(shape, inputs.len(), lanes))
        .bench(bytes, columns * 2 + rows * dim * 4)
}

/// Cases whose pieces were summed before, by the twin of `segment_partials`.
fn split_cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (o, (optimizer, _, element_state)) in OPTIMIZERS.iter().enumerate() {
        for (dims, vec4) in [(&[64, 8][..], true), (&[48, 16], true), (&[5], false)] {
            let element_state = *element_state == 1;
            let inputs = UpdateInputs::new(dims, 6, element_state, 9, |_, random| random.below(200));
            let pieces = segment_partials::Params {
                len: inputs.len(),
                parts: inputs.part_count(),
                none_key: inputs.none_key,
                lanes: 1,
                stride: inputs.stride(),
            };
            let partials = crate::cpu::segment_partials::partials(&inputs, pieces);
            for shape in [Shape::Wide, Shape::Serial] {
                let name = format!("{optimizer} split D={dims:?}");
                let hyper = Params { lr: 0.1, eps: 1e-3, keep: 1.0, split: 1, ..Params::default() };
                let index = variant(o, vec4, dims.iter().all(|dim| dim % 16 == 0), shape);
                let mut case = unbenched(case(name, inputs.clone(), index, shape, hyper, element_state));
                case.bindings[4] = CaseBinding::floats(&partials);
                all.push(case);
            }
        }
    }
    all
}
