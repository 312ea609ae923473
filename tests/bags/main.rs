//! Bags and the tables behind them: lookups, steps, and what optimizers leave in rows.

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/golden.rs"]
mod golden;
#[path = "../common/model.rs"]
mod model;
#[path = "../common/random.rs"]
mod random;

mod accumulated;
mod cached;
mod device_batch;
mod edge_values;
mod every_kind;
mod ftrl;
mod gradients;
mod host_batch;
mod kinds;
mod limits;
mod loops;
mod one_tower;
mod per_table;
mod pooling;
mod precision;
mod raw_ids;
mod reference;
mod steps;
mod tables;
mod variable;
mod windows;
