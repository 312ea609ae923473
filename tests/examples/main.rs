//! The examples as their users run them.

#[path = "../common/census.rs"]
mod census;
#[path = "../common/mod.rs"]
mod common;
#[path = "../common/example.rs"]
mod example;

#[cfg(feature = "decide")]
mod bidding_game;
mod chunked_ctr;
#[cfg(feature = "decide")]
mod decisions;
mod dhen;
#[cfg(feature = "decide")]
mod exposure;
mod frequency_sgd;
mod live_serving;
#[cfg(feature = "decide")]
mod long_term_value;
#[cfg(feature = "decide")]
mod pacing;
mod serve_quantized;
mod train_ctr;
mod two_tower;
