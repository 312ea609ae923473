//! Decisions: many small online problems at once (feature `decide`).
//!
//! A click model predicts; a service must still decide, within budgets, on losses that it learns of
//! afterwards. An instance is one such problem (a campaign, a group of users, a seed), and thousands of them
//! run in one dispatch. A [`Matrix`](crate::Matrix) of this module has a row for each entry of a problem and
//! a column for each instance; what is learned of a round is [`Observed`]. What becomes of an instance does
//! not depend on its neighbours.
//!
//! | problem | type |
//! |---|---|
//! | a point of a ball or of the simplex, each round, where constraints may be violated by little | [`MirrorProx`] |
//! | how to act in a process of unknown moves, on losses that anyone may choose, within budgets | [`UcPd`] |
//! | how to act against a rival who learns too | [`FictitiousPlay`] |
//! | the same, within budgets | [`ConstrainedGame`] |
//! | what a state is worth in the long run | [`ValueNet`] |
//!
//! `docs/decide.md` says what each promises, and when something simpler is better.

mod affine;
mod constrained_game;
mod counted;
mod fictitious_play;
mod flow;
mod game;
mod layers;
mod mirror_prox;
mod observed;
mod plan;
mod saved;
mod uc_pd;
mod value_net;

pub use constrained_game::{ConstrainedGame, ConstrainedGameBuilder, Encounter};
pub use fictitious_play::{Bout, FictitiousPlay, FictitiousPlayBuilder};
pub use game::Game;
pub use layers::{Layers, Moves, Path};
pub use mirror_prox::{Domain, MirrorProx, MirrorProxBuilder};
pub use observed::Observed;
pub use uc_pd::{Episode, UcPd, UcPdBuilder};
pub use value_net::{TdMethod, TdSteps, Transition, ValueNet, ValueNetBuilder};
