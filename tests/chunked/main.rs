//! Raw ids, and tables whose rows keep some of their chunks.

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/random.rs"]
mod random;

mod errors;
mod follow;
mod id_directory;
mod named;
mod rooms;
mod state;
mod tables;
mod windows;
