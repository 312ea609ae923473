//! Decisions: many small online problems at once (feature `decide`).
//!
//! A click model predicts; a service must still decide, within budgets, on losses that it learns of
//! afterwards. An instance is one such problem (a campaign, a group of users, a seed), and thousands of them
//! run in one dispatch. A [`Matrix`](crate::Matrix) of this module has a row for each entry of a problem and
//! a column for each instance: element `row * instances + instance`. What is learned of a round is
//! [`Observed`]. What becomes of an instance does not depend on its neighbours.
//!
//! | problem | type | what must be known after a round |
//! |---|---|---|
//! | a point of a ball or of the simplex, each round, where constraints may be violated by little | [`MirrorProx`] | the loss's gradient in all entries |
//! | how to act in a process of unknown moves, on losses that anyone may choose, within budgets | [`UcPd`] | what was done; losses and costs of all pairs of state and action |
//! | how to act against a rival who learns too | [`FictitiousPlay`] | what both did and won |
//! | how two sides with states of their own act within budgets | [`ConstrainedGame`] | what both did; rewards of all meetings, costs of all pairs |
//! | what a state is worth in the long run | [`ValueNet`] | a transition |
//!
//! What was not tried has no loss of its own: an estimate, such as a click model's, takes its place.
//!
//! A round is `record_decide`, then `record_observe`, once each; a recorder takes any number of rounds. That is
//! not checked. Who decides twice steps on the last round's losses again, and who observes twice has all paths
//! counted but the last losses and costs alone. There is no mask: an instance without a round repeats its last
//! one. Where there are no constraints, costs and budgets are matrices without a row:
//! `Observed::from_slice(&ctx, &[], 0, instances)`.
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
pub use layers::{Layers, Move, Moves, Path};
pub use mirror_prox::{Domain, MirrorProx, MirrorProxBuilder};
pub use observed::Observed;
pub use uc_pd::{Episode, UcPd, UcPdBuilder};
pub use value_net::{TdMethod, TdSteps, Transition, ValueNet, ValueNetBuilder};
