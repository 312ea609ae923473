//! Few bits: rows, layers, how ranges are chosen and what is lost.

#[path = "../common/mod.rs"]
mod common;
#[path = "../../examples/common/data/random.rs"]
#[allow(dead_code, unreachable_pub, reason = "an example's generator, of which not all is needed")]
mod random;

mod accuracy;
mod bags;
mod calibration;
mod follow;
mod linear;
mod sources;
