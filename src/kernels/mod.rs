//! The registry: every kernel of the crate, each with its entry, parameters and cases in a file of its own.
//!
//! `kernels/NAME.rs` belongs to `shaders/NAME.wgsl` and `cpu/NAME.rs`.

pub(crate) mod activation_grad;
pub(crate) mod activation_range;
pub(crate) mod activation_scale;
pub(crate) mod add_rows;
pub(crate) mod arithmetic;
pub(crate) mod bag_forward;
mod bag_inputs;
pub(crate) mod bce;
pub(crate) mod bucket_keys;
pub(crate) mod bucket_offsets;
pub(crate) mod check_ids;
pub(crate) mod check_offsets;
pub(crate) mod check_report;
pub(crate) mod check_rows;
pub(crate) mod check_values;
pub(crate) mod chunk_effective;
pub(crate) mod chunk_forward;
pub(crate) mod chunk_lists;
pub(crate) mod chunk_marks;
pub(crate) mod chunk_move;
pub(crate) mod chunk_open;
pub(crate) mod chunk_opened;
pub(crate) mod chunk_pool;
pub(crate) mod chunk_reset;
pub(crate) mod chunk_room;
pub(crate) mod chunk_slots;
pub(crate) mod chunk_terms;
pub(crate) mod chunk_touch;
pub(crate) mod chunk_utility;
pub(crate) mod column_sum;
pub(crate) mod copy_rows;
pub(crate) mod cross;
pub(crate) mod cross_grad;
pub(crate) mod dense_to_jagged;
pub(crate) mod dense_update;
pub(crate) mod dequantize_rows;
pub(crate) mod directory_admit;
pub(crate) mod directory_count;
pub(crate) mod directory_find;
pub(crate) mod directory_insert;
pub(crate) mod directory_leave;
pub(crate) mod directory_sift;
pub(crate) mod directory_sight;
pub(crate) mod evict_chunks;
pub(crate) mod evict_credit;
pub(crate) mod evict_marks;
pub(crate) mod evict_protect;
pub(crate) mod feature;
pub(crate) mod gather_columns;
pub(crate) mod gather_terms;
pub(crate) mod gather_words;
pub(crate) mod init_rows;
pub(crate) mod interaction;
pub(crate) mod interaction_grad;
mod jagged_inputs;
pub(crate) mod jagged_to_dense;
pub(crate) mod join_status;
pub(crate) mod linear;
pub(crate) mod linear_int8;
pub(crate) mod max_grad;
pub(crate) mod max_places;
pub(crate) mod move_rows;
pub(crate) mod occurrences;
pub(crate) mod optimizers;
pub(crate) mod part;
pub(crate) mod probe;
pub(crate) mod quantize_activations;
pub(crate) mod quantize_rows;
pub(crate) mod random;
pub(crate) mod round_rows;
pub(crate) mod row_terms;
pub(crate) mod row_update;
pub(crate) mod scan_apply;
pub(crate) mod scan_reduce;
pub(crate) mod segment_copy;
pub(crate) mod segment_gradient;
pub(crate) mod segment_heads;
pub(crate) mod segment_lengths;
pub(crate) mod segment_partials;
pub(crate) mod segment_sum;
pub(crate) mod select_count;
pub(crate) mod select_digit;
pub(crate) mod sort_count;
pub(crate) mod sort_scatter;
pub(crate) mod sum_slices;
pub(crate) mod types;
pub(crate) mod unique_rows;
mod update_cases;
pub(crate) mod variable_assign;
pub(crate) mod variable_gather;
pub(crate) mod variable_pool;
pub(crate) mod variable_terms;
pub(crate) mod weight_grad;
pub(crate) mod weight_rows;
pub(crate) mod width;

use crate::kernel::{Kernel, ParamsLayout};

/// Every kernel.
pub const ALL: &[&Kernel] = &[
    &probe::KERNEL,
    &arithmetic::KERNEL,
    &init_rows::KERNEL,
    &check_offsets::KERNEL,
    &check_ids::KERNEL,
    &check_report::KERNEL,
    &bag_forward::KERNEL,
    &copy_rows::KERNEL,
    &round_rows::KERNEL,
    &check_values::KERNEL,
    &quantize_rows::KERNEL,
    &dequantize_rows::KERNEL,
    &max_places::KERNEL,
    &max_grad::KERNEL,
    &occurrences::KERNEL,
    &scan_reduce::KERNEL,
    &scan_apply::KERNEL,
    &sort_count::KERNEL,
    &sort_scatter::KERNEL,
    &select_count::KERNEL,
    &select_digit::KERNEL,
    &gather_terms::KERNEL,
    &segment_partials::KERNEL,
    &row_update::KERNEL,
    &weight_grad::KERNEL,
    &segment_heads::KERNEL,
    &unique_rows::KERNEL,
    &segment_gradient::KERNEL,
    &check_rows::KERNEL,
    &row_terms::KERNEL,
    &add_rows::KERNEL,
    &join_status::KERNEL,
    &linear::KERNEL,
    &activation_range::KERNEL,
    &activation_scale::KERNEL,
    &quantize_activations::KERNEL,
    &linear_int8::KERNEL,
    &sum_slices::KERNEL,
    &activation_grad::KERNEL,
    &column_sum::KERNEL,
    &interaction::KERNEL,
    &interaction_grad::KERNEL,
    &cross::KERNEL,
    &cross_grad::KERNEL,
    &bce::KERNEL,
    &dense_update::KERNEL,
    &segment_lengths::KERNEL,
    &segment_copy::KERNEL,
    &jagged_to_dense::KERNEL,
    &dense_to_jagged::KERNEL,
    &bucket_keys::KERNEL,
    &bucket_offsets::KERNEL,
    &gather_words::KERNEL,
    &segment_sum::KERNEL,
    &gather_columns::KERNEL,
    &move_rows::KERNEL,
    &variable_gather::KERNEL,
    &variable_pool::KERNEL,
    &variable_terms::KERNEL,
    &variable_assign::KERNEL,
    &directory_find::KERNEL,
    &directory_admit::KERNEL,
    &directory_count::KERNEL,
    &directory_insert::KERNEL,
    &directory_leave::KERNEL,
    &directory_sight::KERNEL,
    &directory_sift::KERNEL,
    &chunk_forward::KERNEL,
    &chunk_lists::KERNEL,
    &chunk_pool::KERNEL,
    &chunk_slots::KERNEL,
    &chunk_open::KERNEL,
    &chunk_opened::KERNEL,
    &chunk_reset::KERNEL,
    &chunk_terms::KERNEL,
    &chunk_utility::KERNEL,
    &chunk_effective::KERNEL,
    &chunk_marks::KERNEL,
    &chunk_move::KERNEL,
    &chunk_room::KERNEL,
    &chunk_touch::KERNEL,
    &evict_credit::KERNEL,
    &evict_protect::KERNEL,
    &evict_marks::KERNEL,
    &evict_chunks::KERNEL,
];

/// The structs that lie in storage buffers, by the names that they have in the shaders too.
pub const SHARED: &[(&str, ParamsLayout)] = &[
    ("Feature", feature::Feature::LAYOUT),
    ("Status", feature::Status::LAYOUT),
    ("Part", part::Part::LAYOUT),
    ("OutputChannel", linear_int8::OutputChannel::LAYOUT),
    ("ChunkFeature", chunk_forward::ChunkFeature::LAYOUT),
    ("Sought", directory_find::Sought::LAYOUT),
];
