//! From ids to keys: a row's number among the tables of one dimension each.

use super::layout::Layout;
use crate::Result;
use crate::bag::JaggedBatch;
use crate::device::{Buffer, Context, Dispatch, Recorder};
use crate::kernels::feature::{Feature, NONE};
use crate::kernels::variable_keys::{Bindings, Params};
use crate::numbers::narrow;

/// Runs of rows, as kernels know them.
#[derive(Debug)]
pub(super) struct Keys {
    /// For each run its first row and that one's key.
    runs: Buffer,
    count: u32,
}

impl Keys {
    pub(super) fn new(ctx: &Context, layout: &Layout, first_key: &[u32]) -> Result<Self> {
        let mut first = 0;
        let runs: Vec<[u32; 2]> = layout
            .runs()
            .map(|(place, rows)| {
                first += rows;
                [first - rows, first_key[place.table] + place.row]
            })
            .collect();
        // there are fewer than rows
        Ok(Self { runs: Buffer::from_slice(ctx, &runs)?, count: narrow(runs.len()) })
    }

    /// Records the keys of a batch's ids, or none of those that stand for no row.
    pub(super) fn record(&self, rec: &mut Recorder, batch: &JaggedBatch) -> Result<Buffer> {
        let inner = &batch.inner;
        let feature = |spec: &crate::bag::FeatureSpec| Feature {
            rows: spec.shape.rows,
            padding: spec.padding,
            ..Feature::default()
        };
        let features: Vec<Feature> = inner.schema.features.iter().map(feature).collect();
        let keys = rec.context().lend("embag.keys", u64::from(inner.ids) * 4)?;
        let count = narrow(features.len());
        let params = Params { batch: inner.batch, features: count, ids: inner.ids, runs: self.count };
        let bindings = Bindings {
            status: inner.status.clone(),
            features: rec.scratch_from("embag.features", &features)?,
            offsets: inner.offsets.clone(),
            ids: inner.ids_buffer.clone(),
            runs: self.runs.clone(),
            keys: keys.clone(),
        };
        rec.dispatch(Dispatch::threads(0, &params, bindings, inner.ids));
        Ok(keys)
    }
}

/// The key of a row that is there, and its columns.
pub(super) fn key_of(layout: &Layout, first_key: &[u32], id: u32) -> (u32, u32) {
    if id >= layout.rows {
        return (NONE, 0);
    }
    let place = layout.place(id);
    (first_key[place.table] + place.row, place.dim)
}
