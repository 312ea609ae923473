//! The fused optimizer: one writer a row.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::optimizers::optimizers;
use crate::kernels::part::{GROUP, PIECE, Part, lanes_for};
use crate::kernels::types::TYPE_F32;

interface! {
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
        /// 1: every key has a single term, and the numbers of its occurrences lie behind the keys.
        counted: u32,
        /// Element types of the table and of the state's elements.
        table_type: u32,
        state_type: u32,
        /// 1: new values of 16 bits are rounded at random.
        stochastic: u32,
        /// Limit of a gradient's values; 0: none.
        clip_value: f32,
        /// Limit of its norm over a row; 0: none.
        clip_norm: f32,
        /// `CowClip`: limit of the norm relative to the row's, and the least of the row's; 0: none.
        cow_ratio: f32,
        cow_floor: f32,
        /// 1: a row's gradient is divided by the number of its occurrences.
        by_frequency: u32,
        /// Limit of a row's norm; 0: none.
        max_norm: f32,
        /// Learning rate.
        lr: f32,
        /// Added to the root of the state.
        eps: f32,
        /// L2 penalty on the gradient.
        l2: f32,
        /// One minus learning rate times decoupled weight decay.
        keep: f32,
        /// Weight decay within a step.
        decay: f32,
        beta1: f32,
        one_minus_beta1: f32,
        beta2: f32,
        one_minus_beta2: f32,
        /// `1 / (1 - beta1^t)`
        correction1: f32,
        /// `1 / sqrt(1 - beta2^t)`
        correction2: f32,
        /// 1: `eps` is added to the root before bias is corrected.
        uncorrected_eps: u32,
        /// Where a row's frequency comes from.
        by_row: u32,
        momentum: f32,
        eta: f32,
        /// The number of this step, from 1.
        steps: u32,
        /// Steps that the training will have.
        horizon: f32,
        /// Largest learning rate of a row.
        cap: f32,
        /// What a counter counts.
        counting: u32,
        /// What is left of a counter after a step.
        forget: f32,
        /// How the counter changes the learning rate, and from which count on.
        adjusting: u32,
        tail: f32,
        exponent: f32,
        /// The largest counter.
        most: f32,
        /// What of FTRL's z leaves a weight at zero.
        l1: f32,
    }
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

/// [`Params::by_row`]: the row's word is its frequency.
pub(crate) const FREQUENCY_GIVEN: u32 = 0;
/// [`Params::by_row`]: it counts steps in which the row was there.
pub(crate) const FREQUENCY_STEPS: u32 = 1;
/// [`Params::by_row`]: it counts occurrences.
pub(crate) const FREQUENCY_OCCURRENCES: u32 = 2;

/// [`Params::counting`]: always one.
pub(crate) const COUNT_PRESENCE: u32 = 0;
/// [`Params::counting`]: all updates.
pub(crate) const COUNT_UPDATES: u32 = 1;
/// [`Params::counting`]: updates, those long ago less.
pub(crate) const COUNT_DECAYED: u32 = 2;

/// [`Params::adjusting`]: the rate is left as it is.
pub(crate) const ADJUST_NOT: u32 = 0;
/// [`Params::adjusting`]: rare rows get a larger rate.
pub(crate) const ADJUST_INCREASE: u32 = 1;
/// [`Params::adjusting`]: rare rows get a smaller rate.
pub(crate) const ADJUST_DECREASE: u32 = 2;
/// [`Params::adjusting`]: the counter takes the place of the sum of squares.
pub(crate) const ADJUST_COUNTER_SGD: u32 = 3;

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

/// What an optimizer keeps for a row, and how often it sums over one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OptimizerKernel {
    /// The name of its shader file.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) name: &'static str,
    /// Values for each element.
    pub(crate) element_values: u32,
    /// Words for the row.
    pub(crate) row_values: u32,
    /// Sums of the gradient, or of what is made of it, before the update; a norm is two, as it is made once more where the
    /// sum is infinite.
    pub(crate) sums: u32,
}

impl OptimizerKernel {
    /// Words of a block of one value for each element.
    pub(crate) fn block(&self, dim: u32, state_type: u32) -> u32 {
        if state_type == TYPE_F32 { dim } else { dim.div_ceil(2) }
    }

    /// Words that are kept for a row: blocks, then the row's own, which take the space of four if there are blocks.
    pub(crate) fn state_words(&self, dim: u32, state_type: u32) -> u32 {
        let blocks = self.element_values * self.block(dim, state_type);
        match (blocks, self.row_values) {
            (0, row) => row,
            (blocks, 0) => blocks,
            // four words begin at a multiple of their size
            (blocks, _) => blocks + 4,
        }
    }
}

/// Everything that the list of optimizers says about kernels.
macro_rules! from_list {
    ({ $($rows:tt)+ } { $($more:tt)+ }) => { from_list! { $($rows)+ $($more)+ } };
    ($($kind:ident: $name:literal, $state:ident, $elements:literal, $row:literal, $sums:literal, $trust:ident, $weights:ident;)+) => {
        /// A fused optimizer.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum OptimizerKind {
            $($kind),+
        }

        impl OptimizerKind {
            /// In the order of the variants.
            pub(crate) const ALL: &[Self] = &[$(Self::$kind),+];

            pub(crate) fn kernel(self) -> OptimizerKernel {
                match self {
                    $(Self::$kind => OptimizerKernel {
                        #[cfg(any(test, feature = "testing"))]
                        name: $name,
                        element_values: $elements,
                        row_values: $row,
                        sums: $sums,
                    },)+
                }
            }
        }

        const VARIANTS: &[Variant] = &[
            $(
                    variant!([$name, $trust, $weights], state!($state, "elements_vec4"), "vec4", "", "prelude/update_plain.wgsl", Wide, WIDE, "vec4.wide", ["prelude/terms_sum.wgsl"], "update/row_update.wgsl"),
                    variant!([$name, $trust, $weights], state!($state, "elements_vec4"), "vec4", "", "prelude/update_plain.wgsl", Serial, SERIAL, "vec4.serial", ["prelude/more_any.wgsl", "prelude/block_sum.wgsl"], "update/row_update.serial.wgsl"),
                    variant!([$name, $trust, $weights], state!($state, "elements_scalar"), "scalar", "", "prelude/update_plain.wgsl", Wide, WIDE, "scalar.wide", ["prelude/terms_sum.wgsl"], "update/row_update.wgsl"),
                    variant!([$name, $trust, $weights], state!($state, "elements_scalar"), "scalar", "", "prelude/update_plain.wgsl", Serial, SERIAL, "scalar.serial", ["prelude/more_any.wgsl", "prelude/block_sum.wgsl"], "update/row_update.serial.wgsl"),
                    variant!([$name, $trust, $weights], state!($state, "any_vec4"), "vec4", "any_", "prelude/update_any.wgsl", Wide, WIDE, "vec4.any.wide", ["prelude/terms_sum.wgsl"], "update/row_update.wgsl"),
                    variant!([$name, $trust, $weights], state!($state, "any_vec4"), "vec4", "any_", "prelude/update_any.wgsl", Serial, SERIAL, "vec4.any.serial", ["prelude/more_any.wgsl", "prelude/block_sum.wgsl"], "update/row_update.serial.wgsl"),
                    variant!([$name, $trust, $weights], state!($state, "any_scalar"), "scalar", "any_", "prelude/update_any.wgsl", Wide, WIDE, "scalar.any.wide", ["prelude/terms_sum.wgsl"], "update/row_update.wgsl"),
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

/// How often the busiest thread of a row walks the row's terms, for the update and for sums over the row before it.
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
