//! What kernels are told of an update, and what its codes mean.

use crate::kernel::shared_struct;

shared_struct! {
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
