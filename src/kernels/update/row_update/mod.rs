//! The fused optimizer: one writer a row.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::part::{GROUP, PIECE, Part, lanes_for};
pub(crate) use crate::optim::Params;
use crate::optim::{OptimizerKind, optimizers};

interface! {
    Bindings {
        parts: read [Part],
        keys: read [u32],
        terms: read [[u32; 2]],
        grad: read [f32] as "array<Elem>",
        partials: read [[f32; 4]],
        table: write [u32] as "array<TableElem>",
        state: write [u32] as "array<StateElem>",
    }
}

const WIDE: u32 = 64;
const SERIAL: u32 = 64;

/// Groups for a number of sorted keys.
pub(crate) fn groups(shape: Shape, len: u32, lanes: u32) -> u32 {
    if shape == Shape::Wide { len.div_ceil(WIDE / lanes) } else { len.div_ceil(SERIAL) }
}

macro_rules! variant {
    ([$optimizer:literal, $trust:ident, $weights:ident], $state:expr, $width:literal, $types:literal, $extras:literal, $shape:ident, $threads:ident, $name:literal, [$($sum:literal),+], $body:literal) => {
        Variant {
            name: concat!($optimizer, ".", $name),
            shape: Shape::$shape,
            workgroup: $threads,
            constants: &[("PIECE", PIECE), ("GROUP", GROUP)],
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/grid_spread.wgsl",
                "prelude/random.wgsl",
                "prelude/pieces.wgsl",
                "prelude/types.wgsl",
                concat!("prelude/elem_", $width, ".wgsl"),
                concat!("prelude/grad_", $width, ".wgsl"),
                $extras,
                concat!("prelude/table_", $types, $width, ".wgsl"),
                "prelude/find_part.wgsl",
                "prelude/state.wgsl",
                $state,
                "prelude/norm.wgsl",
                "prelude/row.wgsl",
                "prelude/clipped.wgsl",
                "prelude/term_grad.wgsl",
                $($sum,)+
                "prelude/powers.wgsl",
                concat!("prelude/trust_", stringify!($trust), ".wgsl"),
                concat!("prelude/weights_", stringify!($weights), ".wgsl"),
                concat!("update/optimizer/", $optimizer, ".wgsl"),
                $body
            ],
        }
    };
}

/// The file of a kind of state.
macro_rules! state {
    (none, $file:literal) => {
        "prelude/state_none.wgsl"
    };
    (row, $file:literal) => {
        "prelude/state_row.wgsl"
    };
    (elements, $file:literal) => {
        concat!("prelude/state_", $file, ".wgsl")
    };
}

/// The variants of all optimizers.
macro_rules! from_list {
    ({ $($rows:tt)+ } { $($more:tt)+ }) => { from_list! { $($rows)+ $($more)+ } };
    ($($kind:ident: $name:literal, $state:ident, $elements:literal, $row:literal, $sums:literal, $trust:ident, $weights:ident;)+) => {
        const VARIANTS: &[Variant] = &[
            $(
                    variant!([$name, $trust, $weights], state!($state, "elements_vec4"), "vec4", "", "prelude/update_plain.wgsl", Wide, WIDE, "vec4.wide", ["prelude/terms_sum.wgsl", "prelude/terms_sum_four.wgsl"], "update/row_update.wgsl"),
                    variant!([$name, $trust, $weights], state!($state, "elements_vec4"), "vec4", "", "prelude/update_plain.wgsl", Serial, SERIAL, "vec4.serial", ["prelude/more_any.wgsl", "prelude/block_sum.wgsl"], "update/row_update.serial.wgsl"),
                    variant!([$name, $trust, $weights], state!($state, "elements_scalar"), "scalar", "", "prelude/update_plain.wgsl", Wide, WIDE, "scalar.wide", ["prelude/terms_sum.wgsl", "prelude/terms_sum_one.wgsl"], "update/row_update.wgsl"),
                    variant!([$name, $trust, $weights], state!($state, "elements_scalar"), "scalar", "", "prelude/update_plain.wgsl", Serial, SERIAL, "scalar.serial", ["prelude/more_any.wgsl", "prelude/block_sum.wgsl"], "update/row_update.serial.wgsl"),
                    variant!([$name, $trust, $weights], state!($state, "any_vec4"), "vec4", "any_", "prelude/update_any.wgsl", Wide, WIDE, "vec4.any.wide", ["prelude/terms_sum.wgsl", "prelude/terms_sum_four.wgsl"], "update/row_update.wgsl"),
                    variant!([$name, $trust, $weights], state!($state, "any_vec4"), "vec4", "any_", "prelude/update_any.wgsl", Serial, SERIAL, "vec4.any.serial", ["prelude/more_any.wgsl", "prelude/block_sum.wgsl"], "update/row_update.serial.wgsl"),
                    variant!([$name, $trust, $weights], state!($state, "any_scalar"), "scalar", "any_", "prelude/update_any.wgsl", Wide, WIDE, "scalar.any.wide", ["prelude/terms_sum.wgsl", "prelude/terms_sum_one.wgsl"], "update/row_update.wgsl"),
                    variant!([$name, $trust, $weights], state!($state, "any_scalar"), "scalar", "any_", "prelude/update_any.wgsl", Serial, SERIAL, "scalar.any.serial", ["prelude/more_any.wgsl", "prelude/block_sum.wgsl"], "update/row_update.serial.wgsl"),
                    variant!([$name, $trust, $weights], state!($state, "elements_vec4"), "vec4", "", "prelude/update_plain.wgsl", Serial, SERIAL, "vec16.serial", ["prelude/more_whole.wgsl", "prelude/block_sum.wgsl"], "update/row_update.serial.wgsl"),
            )+
        ];
    };
}
optimizers!(from_list);

pub(crate) static KERNEL: Kernel = Kernel {
    name: "row_update",
    about: "g = sum of a row's terms; the optimizer's formula on row and state",
    interface: INTERFACE,
    variants: VARIANTS,
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};

/// Variants of each optimizer.
const OF_EACH: usize = VARIANTS.len() / OptimizerKind::ALL.len();

/// What a variant is chosen by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) optimizer: OptimizerKind,
    /// Every dim, column and stride is a multiple of 4.
    pub(crate) vec4: bool,
    /// Every dim is a multiple of 16.
    pub(crate) whole: bool,
    /// Other types than `f32`, or extras.
    pub(crate) any: bool,
}

impl Choice {
    pub(crate) fn variant(self, shape: Shape) -> usize {
        let within = match shape {
            Shape::Serial if self.vec4 && self.whole && !self.any => 8,
            _ => usize::from(self.any) * 4 + usize::from(!self.vec4) * 2 + usize::from(shape != Shape::Wide),
        };
        self.optimizer as usize * OF_EACH + within
    }
}

/// The optimizer of a variant.
pub(crate) fn optimizer_of(variant: usize) -> OptimizerKind {
    OptimizerKind::ALL[variant / OF_EACH]
}

/// How often the busiest thread of a row walks the row's terms, for the update and for sums over the row
/// before it.
pub(crate) fn steps(shape: Shape, dim: u32, sums: u32) -> u32 {
    let walks = 1 + sums;
    if shape == Shape::Wide {
        // the first columns are walked once for all
        let columns = dim.div_ceil(4).div_ceil(lanes_for(dim));
        1 + (columns - 1) * walks
    } else {
        dim.div_ceil(16) * walks
    }
}
