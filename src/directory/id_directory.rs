//! Which row belongs to which id.

use super::sketch::Sketch;
use super::{Found, Ids, record_find};
use crate::device::{Buffer, Context, Dispatch, Ground, Need, Recorder};
use crate::kernels::directory::bucket::{Bucket, PLACES, virtual_id};
use crate::kernels::feature::{NONE, Status};
use crate::kernels::{directory_admit, directory_count, directory_insert, directory_leave};
use crate::sort::{SortedKeys, sort_by_key};
use crate::{Error, Result};

/// A hash directory on the device: raw 64-bit ids of any value to rows `0 .. capacity`.
///
/// An id is hashed to a virtual id of 32 bits, which is found in one of a few buckets of eight places each;
/// the directory is never more than nine tenths full. Two ids may have one virtual id, and so one row: never
/// if their upper 32 bits are equal (but for two pairs of virtual ids), else with a chance of 2^-32 for each
/// pair.
///
/// New ids of a batch get rows in the ascending order of their virtual ids, so that rows do not depend on the
/// order of threads, nor on the device. When all rows are in use, further ids get none; they are counted.
///
/// Memory: 8 bytes for each of `capacity / 0.9` places, and 4 bytes a row; 4 more a row once rows have left
/// ([`WhenFull::Evict`](crate::chunked::WhenFull::Evict)), and 16 to 32 more a row if ids are admitted by count.
#[derive(Debug)]
pub struct IdDirectory {
    pub(super) ctx: Context,
    pub(super) capacity: u32,
    /// A prime number.
    pub(super) buckets: u32,
    pub(super) entries: Buffer,
    /// The virtual id of each row, 0 for free ones.
    pub(super) row_ids: Buffer,
    /// Rows that were left, the last one at the end; of no size until one is.
    pub(super) left: Buffer,
    /// Rows ever in use, those of them that are free again, and ids that found no row.
    pub(super) counts: Buffer,
    pub(super) sketch: Option<Sketch>,
    /// Where rows belong, for those who record look-ups themselves.
    pub(super) ground: Ground,
}

/// How full a directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DirectoryUsage {
    /// Rows in use.
    pub rows: usize,
    /// Ids that found no row, once for each batch that they were new in.
    pub refused: u32,
}

/// Counts as they lie on the device.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counts {
    /// Rows ever in use.
    pub(crate) had: u32,
    /// Those of them that are free again.
    pub(crate) left: u32,
    pub(super) refused: u32,
}

impl Counts {
    pub(crate) fn in_use(self) -> u32 {
        self.had - self.left
    }
}

/// The distinct virtual ids that are new, in ascending order, and their number.
pub(crate) struct NewIds {
    len: u32,
    ids: Buffer,
    pub(crate) total: Buffer,
}

impl NewIds {
    /// There are no more.
    pub(crate) fn len(&self) -> u32 {
        self.len
    }
}

/// Rows that new ids got, each with its virtual id, and their number.
pub(crate) struct NewRows {
    /// There are no more.
    pub(crate) len: u32,
    pub(crate) rows: Buffer,
    pub(crate) admitted: Buffer,
}

impl IdDirectory {
    /// An empty directory of `capacity` rows.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if `capacity` is 0, [`Error::LimitExceeded`] if the places do not fit one
    /// binding, [`Error::OutOfMemory`] or [`Error::Device`] if the memory cannot be had.
    pub fn new(ctx: &Context, capacity: usize) -> Result<Self> {
        Self::admitting(ctx, capacity, 1)
    }

    /// An empty directory in which ids get rows when they have been seen `least` times. How often those
    /// without a row were seen is kept in a sketch: each has two counters among four to eight for each row,
    /// and the smaller one counts. It is never taken for less than it is, and for more if others share both
    /// of its counters. Counts are only forgotten by [`record_age`](Self::record_age), so that what is seen
    /// once adds up: with `n` distinct ids without a row for each counter of a half (2 to 4 a row), an id that
    /// is seen for the first time gets a row at once with a chance of about `(1 - e^-n (1 + n + ... + n^(least
    /// - 2) / (least - 2)!))^2`.
    ///
    /// # Errors
    /// As [`IdDirectory::new`], and if `least` is 0.
    pub fn admitting(ctx: &Context, capacity: usize, least: u32) -> Result<Self> {
        // what is more is refused as 2^32 - 1 rows are
        let capacity = u32::try_from(capacity).unwrap_or(u32::MAX);
        let mut need = Need::default();
        need.add("directory", Self::bytes_of(ctx, capacity, least)?);
        need.check(ctx)?;
        let entries = ctx.allocate(MEMORY, Self::entry_bytes(ctx, capacity)?)?;
        Self::within(ctx, capacity, least, entries)
    }

    /// The same with memory for the places that is given: [`IdDirectory::entry_bytes`] of zeros.
    pub(crate) fn within(ctx: &Context, capacity: u32, least: u32, entries: Buffer) -> Result<Self> {
        Ok(Self {
            ctx: ctx.clone(),
            capacity,
            buckets: buckets(ctx, capacity)?,
            entries,
            row_ids: ctx.allocate("embag.directory_ids", u64::from(capacity) * 4)?,
            left: ctx.allocate("embag.directory_left", 0)?,
            counts: ctx.allocate("embag.directory_counts", 12)?,
            sketch: Sketch::new(ctx, capacity, least)?,
            ground: Ground::default(),
        })
    }

    /// Bytes of a directory of `capacity` rows, all of which may leave.
    pub(crate) fn bytes_of(ctx: &Context, capacity: u32, least: u32) -> Result<u64> {
        let rows = u64::from(capacity) * 8 + 12;
        Ok(Self::entry_bytes(ctx, capacity)? + rows + Sketch::bytes_of(capacity, least))
    }

    /// Bytes of the places of `capacity` rows.
    pub(crate) fn entry_bytes(ctx: &Context, capacity: u32) -> Result<u64> {
        Ok(u64::from(buckets(ctx, capacity)?) * BUCKET_BYTES)
    }

    /// Rows that there can be.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity as usize
    }

    /// The same as kernels count them.
    pub(crate) fn room(&self) -> u32 {
        self.capacity
    }

    /// Bytes on the device.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let sketch = self.sketch.as_ref().map_or(0, Sketch::bytes);
        self.entries.size() + self.row_ids.size() + self.left.size() + self.counts.size() + sketch
    }

    /// The virtual id of a raw one.
    #[must_use]
    pub fn virtual_id(raw: u64) -> u32 {
        virtual_id(bytemuck::cast(raw))
    }

    /// The row of each id, or 2^32 - 1 for those that have none; tables whose bags
    /// [skip](crate::Bounds::Skip) what is no row take them as they are. Waits until it is done.
    ///
    /// ```
    /// use embag::optim::RowwiseAdagrad;
    /// use embag::{Bounds, Context, EmbeddingBags, IdDirectory, Pooling, Table};
    ///
    /// let ctx = Context::cpu();
    /// let mut movies = IdDirectory::new(&ctx, 1_000)?;
    /// let bags = EmbeddingBags::builder(&ctx)
    ///     .table("movie", Table::rows(1_000).dim(16))
    ///     .feature("liked", "movie", Pooling::Mean)
    ///     .bounds(Bounds::Skip)
    ///     .optimizer(RowwiseAdagrad::new(0.05))
    ///     .build()?;
    /// let liked = [9_007_199_254_740_993u64, 7, 42];
    /// let rows = movies.admit(&liked)?; // to train; `find` to serve
    /// let batch = bags.batch().bags("liked", &rows, &[2, 1]).build()?;
    /// assert_eq!((movies.find(&liked)?, movies.find(&[8])?), (rows, vec![u32::MAX]));
    /// # let _ = batch;
    /// # Ok::<(), embag::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::LimitExceeded`] or [`Error::Device`] if the memory cannot be had.
    pub fn find(&self, ids: &[u64]) -> Result<Vec<u32>> {
        Self::of_host(&self.ctx, ids, |rec, ids, rows| self.record_find(rec, ids, rows))
    }

    /// [`IdDirectory::find`] after ids without a row have got one, as far as there are any.
    ///
    /// # Errors
    /// As [`IdDirectory::find`].
    pub fn admit(&mut self, ids: &[u64]) -> Result<Vec<u32>> {
        let ctx = self.ctx.clone();
        Self::of_host(&ctx, ids, |rec, ids, rows| self.record_admit(rec, ids, rows))
    }

    fn of_host(
        ctx: &Context,
        ids: &[u64],
        record: impl FnOnce(&mut Recorder, &Buffer, &Buffer) -> Result<()>,
    ) -> Result<Vec<u32>> {
        let ids = Buffer::lent_from(ctx, ids)?;
        let rows = ctx.lend("embag.rows", ids.size() / 2)?;
        let mut rec = Recorder::new(ctx);
        record(&mut rec, &ids, &rows)?;
        rec.run()?;
        rows.read(ctx)
    }

    /// Records the look-up of `ids` (`u64`, little endian: lower word first): `rows` (`u32`) gets the row of
    /// each, or 2^32 - 1. Parts of larger buffers begin at multiples of the device's alignment
    /// ([`DeviceLimits::alignment`](crate::DeviceLimits), 256 bytes at most). A submission after rows have
    /// moved ([`IdDirectory::import`]) is refused ([`Error::Stale`]).
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if `rows` has not as many words as there are ids, [`Error::WrongContext`]
    /// or [`Error::LimitExceeded`] if the memory cannot be used there.
    pub fn record_find(&self, rec: &mut Recorder, ids: &Buffer, rows: &Buffer) -> Result<()> {
        let len = self.check(rec, ids, rows)?;
        rec.whole(|rec| {
            rec.stands_on(&self.ground);
            rec.scope(|rec| {
                let strangers = rec.scratch("embag.strangers", 4)?;
                let found = Found { rows, unknown: None, strangers: &strangers, table: 0 };
                self.seek(rec, ids, len, &found)
            })
        })
    }

    /// Records [`IdDirectory::record_find`] after ids without a row have got one.
    ///
    /// # Errors
    /// As [`IdDirectory::record_find`].
    pub fn record_admit(&mut self, rec: &mut Recorder, ids: &Buffer, rows: &Buffer) -> Result<()> {
        let len = self.check(rec, ids, rows)?;
        if len == 0 {
            return Ok(());
        }
        rec.whole(|rec| {
            rec.stands_on(&self.ground);
            rec.scope(|rec| {
                let unknown = rec.scratch("embag.unknown", u64::from(len) * 4)?;
                let strangers = rec.scratch("embag.strangers", 4)?;
                let found = Found { rows, unknown: Some(&unknown), strangers: &strangers, table: 0 };
                self.seek(rec, ids, len, &found)?;
                let new = self.new_ids(rec, &unknown, len)?;
                self.give_rows(rec, &new)?;
                self.seek(rec, ids, len, &Found { unknown: None, ..found })
            })
        })
    }

    fn seek(&self, rec: &mut Recorder, ids: &Buffer, len: u32, found: &Found<'_>) -> Result<()> {
        record_find(rec, ids, vec![Ids { directory: self, range: 0..len, padding: NONE }], found)
    }

    /// Records that the counts of ids without a row are halved, where ids are
    /// [admitted by count](IdDirectory::admitting): done now and then, what was seen long ago counts less than
    /// what is seen now, and what is seen once does not add up for ever. Halved every `n` ids, an id needs
    /// about `least / 2` occurrences among the last `n` to get a row.
    ///
    /// # Errors
    /// [`Error::WrongContext`] for a recorder of another context.
    pub fn record_age(&mut self, rec: &mut Recorder) -> Result<()> {
        if *rec.context() != self.ctx {
            return Err(Error::WrongContext { argument: "recorder" });
        }
        if let Some(sketch) = &self.sketch {
            sketch.record_age(rec);
        }
        Ok(())
    }

    /// [`IdDirectory::record_age`], submitted.
    ///
    /// # Errors
    /// [`Error::Device`] if the device fails.
    pub fn age_counts(&mut self) -> Result<()> {
        let mut rec = Recorder::new(&self.ctx);
        self.record_age(&mut rec)?;
        rec.submit().map(drop)
    }

    /// How full it is, after all that was submitted.
    ///
    /// # Errors
    /// [`Error::Device`] if the device fails.
    pub fn usage(&self) -> Result<DirectoryUsage> {
        let counts = self.counts()?;
        Ok(DirectoryUsage { rows: counts.in_use() as usize, refused: counts.refused })
    }

    /// The virtual ids of the rows in use, in the order of the rows.
    ///
    /// # Errors
    /// [`Error::Device`] if the device fails.
    pub fn virtual_ids(&self) -> Result<Vec<u32>> {
        let mut ids = self.ids_of_rows()?;
        ids.retain(|&id| id != 0);
        Ok(ids)
    }

    /// The virtual id of each row that was ever in use, 0 for free ones.
    pub(crate) fn ids_of_rows(&self) -> Result<Vec<u32>> {
        let had = u64::from(self.counts()?.had);
        self.row_ids.part(0, had * 4).read(&self.ctx)
    }

    pub(crate) fn counts(&self) -> Result<Counts> {
        match self.counts.read::<u32>(&self.ctx)?[..] {
            [had, left, refused] => Ok(Counts { had, left, refused }),
            _ => Err(Error::device("directory", "three counts expected")),
        }
    }

    /// Where rows belong, and how often they have moved.
    pub(crate) fn standing(&self) -> (Ground, u64) {
        (self.ground.clone(), self.ground.moved())
    }

    /// Bytes that it will take more when rows leave for the first time.
    pub(crate) fn bytes_to_come(&self) -> u64 {
        u64::from(self.capacity) * 4 - self.left.size()
    }

    /// Bytes that it would take more with room for `capacity` rows, of which some may leave.
    pub(crate) fn bytes_to_grow(&self, capacity: u32) -> Result<u64> {
        let least = self.sketch.as_ref().map_or(1, Sketch::least);
        let now = self.bytes() + self.bytes_to_come();
        Ok(Self::bytes_of(&self.ctx, capacity, least)?.saturating_sub(now))
    }

    /// Whether it counts how often ids without a row were seen.
    pub(crate) fn counts_ids(&self) -> bool {
        self.sketch.is_some()
    }

    /// Buckets of places, and how many there are.
    pub(crate) fn entries(&self) -> &Buffer {
        &self.entries
    }

    pub(crate) fn buckets(&self) -> u32 {
        self.buckets
    }

    /// The virtual id of each row.
    pub(crate) fn row_ids(&self) -> &Buffer {
        &self.row_ids
    }

    /// Records which of `len` unknown ids are to get rows. Counts them as seen.
    pub(crate) fn new_ids(&self, rec: &mut Recorder, unknown: &Buffer, len: u32) -> Result<NewIds> {
        let new = NewIds {
            len,
            ids: self.ctx.allocate("embag.new_ids", u64::from(len) * 4)?,
            total: self.ctx.allocate("embag.total", 4)?,
        };
        if let Some(sketch) = &self.sketch {
            sketch.record_sift(rec, unknown, len);
        }
        rec.scope(|rec| {
            let keys = sort_by_key(rec, unknown, len, u32::BITS)?.keys;
            let status = rec.scratch_starting("embag.status", &[Status::CLEAN])?;
            SortedKeys { len, keys, range: 0..NONE, status }.record_distinct(rec, &new.ids, &new.total)
        })?;
        Ok(new)
    }

    /// Records that new ids get rows, as far as there are any.
    pub(crate) fn give_rows(&mut self, rec: &mut Recorder, new: &NewIds) -> Result<NewRows> {
        let rows = NewRows {
            len: new.len,
            rows: rec.scratch("embag.new_rows", u64::from(new.len) * 8)?,
            admitted: rec.scratch("embag.admitted", 4)?,
        };
        let (buckets, capacity) = (self.buckets, self.capacity);
        let params = directory_admit::Params { len: new.len, buckets, capacity };
        let bindings = directory_admit::Bindings {
            new_ids: new.ids.clone(),
            total: new.total.clone(),
            counts: self.counts.clone(),
            left: self.left.clone(),
            places: self.entries.clone(),
            row_ids: self.row_ids.clone(),
            new_rows: rows.rows.clone(),
        };
        rec.dispatch(Dispatch::threads(0, &params, bindings, new.len));
        let params = directory_count::Params { capacity };
        let bindings = directory_count::Bindings {
            total: new.total.clone(),
            counts: self.counts.clone(),
            admitted: rows.admitted.clone(),
        };
        rec.dispatch(Dispatch::new(0, &params, bindings, 1));
        Ok(rows)
    }

    /// Frees at most `len` rows, those of `rows` in order whose `credit` is not 2^32 - 1, which come last;
    /// gives how many that were. Waits until it is done.
    pub(crate) fn leave(
        &mut self,
        mut rec: Recorder,
        [credit, rows]: [&Buffer; 2],
        len: u32,
        counts: Counts,
    ) -> Result<u32> {
        self.keep_left()?;
        let gone = self.ctx.allocate("embag.gone", 4)?;
        let params = directory_leave::Params { len, before: counts.left };
        let bindings = directory_leave::Bindings {
            credit: credit.clone(),
            rows: rows.clone(),
            row_ids: self.row_ids.clone(),
            left: self.left.clone(),
            gone: gone.clone(),
        };
        rec.dispatch(Dispatch::threads(0, &params, bindings, len));
        self.record_rebuild(&mut rec, counts.had);
        self.ground.moves(&self.ctx, "rows left for others");
        rec.run()?;
        let gone = gone.read::<u32>(&self.ctx)?[0];
        self.counts.write(&self.ctx, 4, &[counts.left + gone])?;
        Ok(gone)
    }

    /// Makes room for more rows: the ids are hashed again, on the device. Gives the bytes that were needed
    /// beside those that are kept. Waits until it is done.
    pub(crate) fn grow(&mut self, capacity: u32) -> Result<u64> {
        let buckets = buckets(&self.ctx, capacity)?;
        let had = self.counts()?.had;
        let counters = self.sketch.as_ref().map_or(0, Sketch::bytes);
        let old = self.entries.size() + self.row_ids.size() + counters;
        let entries = self.ctx.allocate(MEMORY, u64::from(buckets) * BUCKET_BYTES)?;
        let row_ids = self.ctx.allocate("embag.directory_ids", u64::from(capacity) * 4)?;
        let mut rec = Recorder::new(&self.ctx);
        rec.copy(&self.row_ids, &row_ids.part(0, self.row_ids.size()))?;
        let grown = Self {
            ctx: self.ctx.clone(),
            capacity,
            buckets,
            entries,
            row_ids,
            left: self.left.clone(),
            counts: self.counts.clone(),
            sketch: self.sketch.as_ref().map(|sketch| sketch.grown(&self.ctx, capacity)).transpose()?,
            ground: self.ground.clone(),
        };
        grown.record_rebuild(&mut rec, had);
        self.ground.moves(&self.ctx, "the directory grew");
        rec.run()?;
        *self = grown;
        if self.left.size() > 0 {
            self.keep_left()?;
        }
        Ok(old)
    }

    /// Hashes the ids of all rows again.
    pub(super) fn record_rebuild(&self, rec: &mut Recorder, had: u32) {
        rec.clear(&self.entries);
        let params = directory_insert::Params { len: had, buckets: self.buckets };
        let bindings =
            directory_insert::Bindings { row_ids: self.row_ids.clone(), places: self.entries.clone() };
        rec.dispatch(Dispatch::threads(0, &params, bindings, had));
    }

    /// Memory for rows that were left: as many as there are.
    pub(super) fn keep_left(&mut self) -> Result<()> {
        let bytes = u64::from(self.capacity) * 4;
        if self.left.size() < bytes {
            let more = self.ctx.allocate("embag.directory_left", bytes)?;
            let mut rec = Recorder::new(&self.ctx);
            rec.copy(&self.left, &more.part(0, self.left.size()))?;
            rec.run()?;
            self.left = more;
        }
        Ok(())
    }

    fn check(&self, rec: &Recorder, ids: &Buffer, rows: &Buffer) -> Result<u32> {
        if *rec.context() != self.ctx {
            return Err(Error::WrongContext { argument: "recorder" });
        }
        let len = u32::try_from(ids.size() / 8).ok().filter(|_| ids.size().is_multiple_of(8));
        let Some(len) = len else {
            return Err(Error::invalid("ids", "8 bytes for each of fewer than 2^32", ids.size()));
        };
        if rows.size() != u64::from(len) * 4 {
            let expected = format!("{} bytes, 4 for each id", u64::from(len) * 4);
            return Err(Error::invalid("rows", expected, rows.size()));
        }
        ids.check_home(&self.ctx, "ids")?;
        ids.check_bindable(&self.ctx, || "ids".to_owned())?;
        rows.check_home(&self.ctx, "rows")?;
        rows.check_bindable(&self.ctx, || "rows".to_owned())?;
        Ok(len)
    }
}

pub(crate) const MEMORY: &str = "embag.directory";

const BUCKET_BYTES: u64 = size_of::<Bucket>() as u64;

/// How many buckets hold `capacity` rows when they are nine tenths full.
fn buckets(ctx: &Context, capacity: u32) -> Result<u32> {
    if capacity == 0 {
        return Err(Error::invalid("capacity", "at least one row", 0));
    }
    let limit = ctx.limits().binding;
    let places = u64::from(capacity).div_ceil(9) * 10;
    let needed = places.div_ceil(PLACES as u64);
    let buckets = u32::try_from(needed).ok().and_then(next_prime);
    buckets.filter(|&n| u64::from(n) * BUCKET_BYTES <= limit && capacity < NONE).ok_or_else(|| {
        let most = limit / 8 / 10 * 9;
        Error::LimitExceeded {
            what: "a directory".to_owned(),
            needed: needed * BUCKET_BYTES,
            limit,
            hint: if most < u64::from(capacity) { "use fewer rows" } else { "use a few rows less" },
        }
    })
}

/// The first prime from `n` on, which is at least 2.
fn next_prime(n: u32) -> Option<u32> {
    let prime = |n: u32| (2..).take_while(|d| d * d <= u64::from(n)).all(|d| !u64::from(n).is_multiple_of(d));
    (n.max(2)..=u32::MAX - 1).find(|&n| prime(n))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn primes() {
        let found: Vec<_> = [0, 3, 4, 8, 90, 1_000_000].into_iter().filter_map(next_prime).collect();
        assert_eq!(found, [2, 3, 5, 11, 97, 1_000_003]);
    }
}
