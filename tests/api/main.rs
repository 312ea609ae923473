//! The public API as its callers meet it: files, sizes, threads, their own devices.

#[path = "../common/mod.rs"]
mod common;

mod checkpoint;
mod encode;
mod foreign;
mod interop;
mod jagged_errors;
mod pipelines;
mod plan;
mod profile;
mod send_sync;
mod sizes;
mod threads;
mod tuning;
