//! What ids are looked up in.

use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};

/// What ids are looked up in, with all that decides it. A checkpoint keeps it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Embedding {
    #[default]
    Fixed,
    Chunked(Chunked),
}

/// What decides how chunked tables look.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Chunked {
    /// Columns of a chunk.
    pub chunk: u32,
    /// Distinct ids that there is room for at first, if that was said.
    pub rows: Option<u32>,
    pub target: Target,
    /// Steps.
    pub adjust_every: NonZeroU64,
    pub warm_up: u64,
}

/// How many chunks have memory.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// All of them.
    All,
    /// All but this share.
    Prune(f64),
    /// As many as fit in this number of bytes.
    Budget(u64),
}
