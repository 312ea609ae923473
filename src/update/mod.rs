//! Tables and the optimizer that updates their rows. It knows neither features nor batches: the kinds of
//! tables that use it say by keys which rows are meant, and where the terms of each row's gradient lie.
//!
//! A [`RowStore`] takes a step in one of three ways:
//!
//! - [`RowStore::step_by_key`]: keys and terms in any order (the backward of rows that are looked up one by
//!   one);
//! - [`RowStore::update_sorted`]: terms that were sorted by key before, a part of the tables at a time (the
//!   backward of bags);
//! - [`RowStore::update_counted`]: rows whose gradients have been summed (sparse gradients, chunks of rows).

mod changes;
mod checkpoint;
mod key_span;
mod key_terms;
mod row_store;
mod rows;
mod state;
mod step;
mod sums;
mod terms;
mod updates;

pub(crate) use checkpoint::{insert_as, values_of};
pub(crate) use key_span::KeySpan;
pub(crate) use key_terms::{KeyTerms, SortedTerms};
pub(crate) use row_store::RowStore;
pub(crate) use rows::CountedRows;
pub(crate) use step::Step;
pub(crate) use sums::KeySums;
pub(crate) use terms::{Partials, Parts, row_loops, shape_within, too_many};
pub(crate) use updates::{Updates, update_methods};
