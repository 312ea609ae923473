//! Decisions: many small online problems at once (feature `decide`).
//!
//! A click model predicts; a service must still decide, within budgets, on losses that it learns of
//! afterwards. An instance is one such problem (a campaign, a group of users, a seed), and thousands of them
//! run in one dispatch. A [`Matrix`](crate::Matrix) of this module has a row for each entry of a problem and
//! a column for each instance. What becomes of an instance does not depend on its neighbours.
//!
//! | problem | type |
//! |---|---|
//! | a point of a ball or of the simplex, each round, where constraints may be violated by little | [`MirrorProx`] |
//! | how to act in a process of unknown moves, on losses that anyone may choose, within budgets | [`UcPd`] |
//!
//! `docs/decide.md` says what each promises, and when something simpler is better.

mod affine;
mod layers;
mod mirror_prox;
mod uc_pd;

pub use layers::{Layers, Path};
pub use mirror_prox::{Domain, MirrorProx, MirrorProxBuilder};
pub use uc_pd::{Episode, UcPd, UcPdBuilder};
