//! Low precision: rows and activations as codes, and products of them.

pub(crate) mod activation_range;
pub(crate) mod activation_scale;
pub(crate) mod dequantize_rows;
pub(crate) mod linear_int8;
pub(crate) mod quantize_activations;
pub(crate) mod quantize_rows;
pub(crate) mod sum_slices_int8;
