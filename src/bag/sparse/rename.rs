//! The same gradient with other numbers for its rows.

use super::sparse_gradient::Target;
use super::{SparseGradient, guard};
use crate::Result;
use crate::device::{Buffer, Recorder};
use crate::numbers::narrow;

impl SparseGradient {
    /// Records a gradient of `table` whose rows are the first rows of this one, with the numbers `rows`, which differ from
    /// each other but need not ascend: how a cache turns slots into rows, and back.
    pub(crate) fn record_renamed(&self, rec: &mut Recorder, table: Target, rows: &[u32]) -> Result<Self> {
        let ctx = rec.context().clone();
        let mut sorted = rows.to_vec();
        sorted.sort_unstable();
        let bytes = rows.len() as u64 * 4;
        let renamed = Self {
            rows: Buffer::from_slice(&ctx, rows)?,
            counts: self.counts.part(0, bytes),
            values: self.values.row_part(0, rows.len()),
            ..self.clone()
        };
        let len = narrow(rows.len());
        let out = Self {
            rows: Buffer::from_slice(&ctx, &sorted)?,
            total: Buffer::from_slice(&ctx, &[len])?,
            len: Some(rows.len()),
            ..Self::new(&ctx, table, len, self.guards.clone())?
        };
        rec.whole(|rec| {
            guard::record(rec, [self]);
            if rows.is_empty() { Ok(()) } else { renamed.record_add(rec, 1.0, &out) }
        })?;
        Ok(out)
    }
}
