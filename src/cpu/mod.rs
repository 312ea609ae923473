//! The CPU twins: one file per shader, same stem, same binding order.
//!
//! A twin gives the same bits as its shader on a device that neither contracts nor flushes. Twins know neither
//! wgpu nor the public operations; they are parallel over outputs and fixed in order inside an output.

pub(crate) mod activation_grad;
pub(crate) mod add_rows;
mod atomic;
pub(crate) mod bag_forward;
pub(crate) mod bce;
pub(crate) mod bucket_keys;
pub(crate) mod bucket_offsets;
pub(crate) mod check_ids;
pub(crate) mod check_offsets;
pub(crate) mod check_report;
pub(crate) mod check_rows;
pub(crate) mod column_sum;
mod columns;
pub(crate) mod copy_rows;
pub(crate) mod cross;
pub(crate) mod cross_grad;
mod dense_optimizer;
pub(crate) mod dense_to_jagged;
pub(crate) mod dense_update;
mod execute;
pub(crate) mod gather_columns;
pub(crate) mod gather_terms;
pub(crate) mod gather_words;
pub(crate) mod init_rows;
pub(crate) mod interaction;
pub(crate) mod interaction_grad;
pub(crate) mod jagged_to_dense;
pub(crate) mod join_status;
pub(crate) mod linear;
mod matmul;
mod memory;
pub(crate) mod occurrences;
mod optimizer;
mod powers;
pub(crate) mod probe;
mod queue;
mod row_sum;
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
mod segments;
mod sigmoid;
mod simd;
pub(crate) mod sort_count;
pub(crate) mod sort_scatter;
mod split;
pub(crate) mod sum_slices;
mod terms;
pub(crate) mod types;
pub(crate) mod unique_rows;
pub(crate) mod weight_grad;

pub(crate) use execute::execute;
pub(crate) use init_rows::random_word;
pub(crate) use memory::Memory;
pub(crate) use queue::threads;
