//! Made ready for few bits: ranges for the codes of activations, found from the values that a trained model
//! has on sample batches, and weights that lose less.
//!
//! An [`Observer`] is shown a layer's values batch after batch and then asked for a range. The smallest range
//! that holds all values ([`Calibration::MinMax`]) wastes codes on outliers; the other ways give up a few
//! values for finer steps. What follows the layer matters too ([`FollowedBy`]): in front of a ReLU, negative
//! values need no codes at all.
//!
//! ```
//! use embag::quant::calibration::{Calibration, FollowedBy, Observer};
//!
//! let mut observer = Observer::new(Calibration::L2Approx)?;
//! for batch in [[0.0, -3.0, 1.5, 0.25], [0.5, 1.25, -0.75, 2.0]] {
//!     observer.observe(&batch)?;
//! }
//! let range = observer.range(FollowedBy::Relu)?;
//! assert!(range.min == 0.0 && range.max <= 2.0);
//! # Ok::<(), embag::Error>(())
//! ```
//!
//! Weights are slices on the host, row-major `[outputs, inputs]` as `dense::Linear` has them. [`equalize`]
//! evens out the channels between two layers, [`correct_bias`] takes back the mean error of the codes, and
//! [`Outliers`] are kept apart.

mod bias;
mod equalize;
mod followed_by;
mod grid_error;
mod histogram;
mod kl;
mod l2;
mod observer;
mod outliers;

use crate::{Error, Result};

pub use bias::{column_means, correct_bias};
pub use equalize::equalize;
pub use followed_by::FollowedBy;
pub use observer::{Calibration, Observer};
pub use outliers::{Outliers, outlier_channels};

fn check_finite(name: &str, values: &[f32]) -> Result<()> {
    match values.iter().position(|value| !value.is_finite()) {
        Some(at) => Err(Error::invalid(name, "finite ones", format!("{} at {at}", values[at]))),
        None => Ok(()),
    }
}
