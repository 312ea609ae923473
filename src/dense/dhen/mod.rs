//! Stacked ensembles of feature interactions: DHEN (Zhang et al., 2022) and its like.
//!
//! Axes and formula are in the documentation of [`dense`](super).

mod attention;
mod block;
mod builder;
mod checkpoint;
mod conv;
mod cross;
mod dot;
mod flat;
mod fm;
mod gram;
mod layer;
mod mix;
mod module;
mod net;
mod token_linear;

pub use builder::DhenBuilder;
pub use module::{DhenLayer, Ensemble, Module};
pub use net::Dhen;
