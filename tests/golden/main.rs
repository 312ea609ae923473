//! Answers of PyTorch and FBGEMM, from the vectors that lie beside these tests.

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/dense.rs"]
mod dense;
#[path = "../common/golden.rs"]
mod golden;

mod cross;
mod embedding_bag;
mod forward;
mod jagged;
mod kinds;
mod quant_linear;
mod quant_rows;
mod rounding;
mod tbe;
