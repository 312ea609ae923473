//! The registry: every kernel of the crate.
//!
//! `kernels/FAMILY/NAME/` belongs to `shaders/FAMILY/NAME.wgsl`: the interface (bindings, parameters,
//! variants), the CPU twin, and the cases of tests and benches.

pub(crate) mod bag;
#[cfg(feature = "testing")]
mod bag_inputs;
pub(crate) mod check;
pub(crate) mod chunk;
#[cfg(feature = "decide")]
pub(crate) mod decide;
pub(crate) mod dense;
pub(crate) mod device;
pub(crate) mod directory;
pub(crate) mod feature;
pub(crate) mod jagged;
#[cfg(feature = "testing")]
mod jagged_inputs;
pub(crate) mod part;
pub(crate) mod quant;
#[cfg(any(test, feature = "testing"))]
pub(crate) mod random;
pub(crate) mod sort;
pub(crate) mod sparse;
pub(crate) mod table;
pub(crate) mod terms;
pub(crate) mod tile;
pub(crate) mod update;
#[cfg(feature = "testing")]
mod update_inputs;
pub(crate) mod variable;
pub(crate) mod weight_rows;
pub(crate) mod width;
pub(crate) mod wire;

use crate::kernel::Kernel;
pub(crate) use bag::{bag_forward, copy_rows, max_grad, max_places, round_rows, weight_grad};
pub(crate) use check::{check_ids, check_offsets, check_report, check_rows, check_values};
pub(crate) use chunk::{
    chunk_effective, chunk_forward, chunk_lists, chunk_marks, chunk_move, chunk_open, chunk_opened,
    chunk_pool, chunk_positions, chunk_reset, chunk_room, chunk_slots, chunk_terms, chunk_touch,
    chunk_utility, evict_chunks, evict_credit, evict_marks, evict_protect,
};
#[cfg(feature = "decide")]
pub(crate) use decide::{
    backward_dp, flow_price, flow_solve, game_payoff, mirror_step, model_update, payoff_update, play,
    policy_step, prox_dual, queue_step, reach, td_step, value_forward, variation_step,
};
pub(crate) use dense::{
    activation_grad, add_scaled, batch_product, bce, column_sum, conv2d, conv2d_grad, cross, cross_grad,
    dense_update, interaction, interaction_grad, layer_norm, layer_norm_grad, linear, linear_cooperative,
    normalize_rows, normalize_rows_grad, softmax_cross_entropy, softmax_rows, softmax_rows_grad, sum_slices,
};
pub(crate) use device::{arithmetic, copy_words, nothing, probe, sum_words};
pub(crate) use directory::{
    directory_admit, directory_age, directory_count, directory_find, directory_insert, directory_leave,
    directory_sift, directory_sight,
};
pub(crate) use jagged::{
    bucket_keys, bucket_offsets, dense_to_jagged, gather_columns, gather_words, jagged_to_dense,
    segment_copy, segment_lengths, segment_sum,
};
pub(crate) use quant::{
    activation_range, activation_scale, dequantize_rows, linear_int8, quantize_activations, quantize_rows,
    sum_slices_int8,
};
pub(crate) use sort::{
    scan_apply, scan_reduce, segment_heads, select_count, select_digit, sort_count, sort_scan, sort_scatter,
    top_k, top_k_order, unique_rows,
};
pub(crate) use sparse::{add_rows, join_status, row_terms, segment_gradient};
pub(crate) use table::{init_rows, move_rows};
pub(crate) use update::{occurrences, row_update, segment_partials, stamp_rows};
pub(crate) use variable::{variable_assign, variable_gather, variable_keys, variable_terms};
pub(crate) use wire::{
    index_count, index_lengths, index_place, index_write, scatter_add, threshold_count, threshold_mask,
    threshold_pack,
};

/// Every kernel.
pub const ALL: &[&Kernel] = &[
    &probe::KERNEL,
    &arithmetic::KERNEL,
    &nothing::KERNEL,
    &copy_words::KERNEL,
    &sum_words::KERNEL,
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
    &sort_scan::KERNEL,
    &sort_scatter::KERNEL,
    &select_count::KERNEL,
    &select_digit::KERNEL,
    &top_k::KERNEL,
    &top_k_order::KERNEL,
    &segment_partials::KERNEL,
    &row_update::KERNEL,
    &stamp_rows::KERNEL,
    &weight_grad::KERNEL,
    &segment_heads::KERNEL,
    &unique_rows::KERNEL,
    &segment_gradient::KERNEL,
    &check_rows::KERNEL,
    &row_terms::KERNEL,
    &add_rows::KERNEL,
    &join_status::KERNEL,
    &linear::KERNEL,
    &linear_cooperative::KERNEL,
    &batch_product::KERNEL,
    &layer_norm::KERNEL,
    &layer_norm_grad::KERNEL,
    &softmax_rows::KERNEL,
    &softmax_rows_grad::KERNEL,
    &activation_range::KERNEL,
    &activation_scale::KERNEL,
    &quantize_activations::KERNEL,
    &linear_int8::KERNEL,
    &sum_slices_int8::KERNEL,
    &sum_slices::KERNEL,
    &activation_grad::KERNEL,
    &column_sum::KERNEL,
    &interaction::KERNEL,
    &interaction_grad::KERNEL,
    &conv2d::KERNEL,
    &conv2d_grad::KERNEL,
    &cross::KERNEL,
    &cross_grad::KERNEL,
    &bce::KERNEL,
    &add_scaled::KERNEL,
    &normalize_rows::KERNEL,
    &normalize_rows_grad::KERNEL,
    &softmax_cross_entropy::KERNEL,
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
    &variable_keys::KERNEL,
    &variable_terms::KERNEL,
    &variable_assign::KERNEL,
    &directory_find::KERNEL,
    &directory_admit::KERNEL,
    &directory_count::KERNEL,
    &directory_insert::KERNEL,
    &directory_leave::KERNEL,
    &directory_sight::KERNEL,
    &directory_sift::KERNEL,
    &directory_age::KERNEL,
    &chunk_forward::KERNEL,
    &chunk_lists::KERNEL,
    &chunk_pool::KERNEL,
    &chunk_positions::KERNEL,
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
    &threshold_count::KERNEL,
    &threshold_pack::KERNEL,
    &threshold_mask::KERNEL,
    &scatter_add::KERNEL,
    &index_lengths::KERNEL,
    &index_write::KERNEL,
    &index_count::KERNEL,
    &index_place::KERNEL,
    #[cfg(feature = "decide")]
    &prox_dual::KERNEL,
    #[cfg(feature = "decide")]
    &mirror_step::KERNEL,
    #[cfg(feature = "decide")]
    &variation_step::KERNEL,
    #[cfg(feature = "decide")]
    &flow_price::KERNEL,
    #[cfg(feature = "decide")]
    &flow_solve::KERNEL,
    #[cfg(feature = "decide")]
    &queue_step::KERNEL,
    #[cfg(feature = "decide")]
    &policy_step::KERNEL,
    #[cfg(feature = "decide")]
    &model_update::KERNEL,
    #[cfg(feature = "decide")]
    &play::KERNEL,
    #[cfg(feature = "decide")]
    &reach::KERNEL,
    #[cfg(feature = "decide")]
    &game_payoff::KERNEL,
    #[cfg(feature = "decide")]
    &payoff_update::KERNEL,
    #[cfg(feature = "decide")]
    &backward_dp::KERNEL,
    #[cfg(feature = "decide")]
    &td_step::KERNEL,
    #[cfg(feature = "decide")]
    &value_forward::KERNEL,
];
