//! What the examples of decisions have in common: what they are asked, MovieLens' likes, and how they end.

pub mod curves;
pub mod likes;
mod study;

pub use study::{Asked, Outcome, Report, RunError, Train, run};
