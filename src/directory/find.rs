//! Looks ids up in directories.

use std::ops::Range;

use super::IdDirectory;
use super::side_by_side::together;
use crate::Result;
use crate::device::{Buffer, Dispatch, Recorder};
use crate::kernel::Shape;
use crate::kernels::directory::bucket::Bucket;
use crate::kernels::directory_find::{Bindings, Params, Sought, variant};
use crate::numbers::narrow;

/// Ids of a range, and the directory that knows them.
pub(crate) struct Ids<'a> {
    pub(crate) directory: &'a IdDirectory,
    pub(crate) range: Range<u32>,
    /// The id that is not looked up, and whose row is [`PADDED`](crate::kernels::feature::PADDED), if it is
    /// not [`NONE`](crate::kernels::feature::NONE).
    pub(crate) padding: u32,
}

/// What looking ids up writes.
pub(crate) struct Found<'a> {
    /// For each id its row, or none.
    pub(crate) rows: &'a Buffer,
    /// The virtual ids of ids without a row, if the caller asks for them: in the order of the ranges if the
    /// tables share one directory.
    pub(crate) unknown: Option<&'a Buffer>,
    /// How many ids have no row, for each of several tables.
    pub(crate) strangers: &'a Buffer,
    pub(crate) table: u32,
}

/// Records the look-up of ranges of `ids`, which ascend.
pub(crate) fn record_find(
    rec: &mut Recorder,
    ids: &Buffer,
    ranges: Vec<Ids<'_>>,
    found: &Found<'_>,
) -> Result<()> {
    let ctx = rec.context().clone();
    let unknown = match found.unknown {
        Some(unknown) => unknown.clone(),
        None => rec.scratch("embag.unknown", 4)?,
    };
    // see shaders/prelude/one_feature.wgsl
    let at_a_time = if ctx.shape() == Shape::Serial && !ctx.is_cpu() { 1 } else { usize::MAX };
    for (places, ranges) in together(ranges, |ids| ids.directory.entries().clone()) {
        // of these, unknown ids come one after the other
        let mut first = 0;
        for ranges in ranges.chunks(at_a_time.min(ranges.len())) {
            let mut work = 0;
            let sought = |&Ids { directory, ref range, padding }: &Ids<'_>| {
                let first_bucket = directory.entries().offset / size_of::<Bucket>() as u64;
                let sought = Sought {
                    work_begin: work,
                    first: range.start,
                    buckets: directory.buckets(),
                    // a binding has fewer
                    first_bucket: narrow(first_bucket),
                    padding,
                };
                // there are fewer ids than 2^32
                work += range.end - range.start;
                sought
            };
            let features: Vec<Sought> = ranges.iter().map(sought).collect();
            // there are fewer than columns
            let count = narrow(features.len());
            let params = Params {
                features: count,
                work,
                wanted: u32::from(found.unknown.is_some()),
                first_unknown: first,
                table: found.table,
            };
            let bindings = Bindings {
                features: rec.scratch_from("embag.features", &features)?,
                places: places.clone(),
                ids: ids.clone(),
                rows: found.rows.clone(),
                unknown: unknown.clone(),
                strangers: found.strangers.clone(),
            };
            let dispatch = Dispatch::threads(variant(count), &params, bindings, work);
            rec.dispatch(dispatch.touching("places", u64::from(work) * size_of::<Bucket>() as u64));
            first += work;
        }
    }
    Ok(())
}
