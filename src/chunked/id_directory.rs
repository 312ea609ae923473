//! Which row belongs to which id.

use crate::checkpoint::Checkpoint;
use crate::cpu::directory::virtual_id;
use crate::device::{Buffer, Context, Recorder};
use crate::kernel::Dispatch;
use crate::kernels::feature::{NONE, Status};
use crate::kernels::{directory_admit, directory_count, directory_find};
use crate::sort::{SortedKeys, sort_by_key};
use crate::{Error, Result};

/// A hash directory on the device: raw 64-bit ids of any value to rows `0 .. capacity`.
///
/// An id is hashed to a virtual id of 32 bits, which open addressing with double hashing finds; the directory is never
/// more than nine tenths full. Two ids may have one virtual id, and so one row: never if their upper 32 bits are equal (but for
/// one pair of virtual ids), else with a chance of 2^-32 for each pair.
///
/// New ids of a batch get rows in the ascending order of their virtual ids, so that rows do not depend on the order of
/// threads, nor on the device. When all rows are in use, further ids get none; they are counted.
///
/// Memory: 8 bytes for each of `capacity / 0.9` places, and 4 bytes a row.
#[derive(Debug)]
pub struct IdDirectory {
    ctx: Context,
    capacity: u32,
    /// A prime number of pairs of virtual id and row.
    places: u32,
    entries: Buffer,
    /// The virtual id of each row.
    row_ids: Buffer,
    /// Rows in use, and ids that found none.
    counts: Buffer,
}

/// How full a directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DirectoryUsage {
    /// Rows in use.
    pub rows: u32,
    /// Ids that found no row, once for each batch that they were new in.
    pub refused: u32,
}

impl IdDirectory {
    /// An empty directory of `capacity` rows.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if `capacity` is 0, [`Error::LimitExceeded`] if the places do not fit one binding,
    /// [`Error::Device`] if the memory cannot be had.
    pub fn new(ctx: &Context, capacity: u32) -> Result<Self> {
        let limit = ctx.limits().binding;
        let most = limit / 8 / 10 * 9;
        if capacity == 0 {
            return Err(Error::invalid("capacity", "at least one row", 0));
        }
        let needed = u64::from(capacity).div_ceil(9) * 10;
        let places = u32::try_from(needed).ok().and_then(next_prime).filter(|&n| u64::from(n) * 8 <= limit);
        let Some(places) = places else {
            return Err(Error::LimitExceeded {
                what: "a directory".to_owned(),
                needed: needed * 8,
                limit,
                hint: if most < u64::from(capacity) { "use fewer rows" } else { "use a few rows less" },
            });
        };
        let entries = ctx.allocate("embag.directory", u64::from(places) * 8)?;
        entries.write(ctx, 0, &vec![NONE; places as usize * 2])?;
        let row_ids = ctx.allocate("embag.directory_ids", u64::from(capacity) * 4)?;
        let counts = ctx.allocate("embag.directory_counts", 8)?;
        Ok(Self { ctx: ctx.clone(), capacity, places, entries, row_ids, counts })
    }

    /// Rows that there can be.
    #[must_use]
    pub fn capacity(&self) -> u32 {
        self.capacity
    }

    /// Bytes on the device.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.entries.size() + self.row_ids.size() + self.counts.size()
    }

    /// The virtual id of a raw one.
    #[must_use]
    pub fn virtual_id(raw: u64) -> u32 {
        virtual_id(bytemuck::cast(raw))
    }

    /// Records the look-up of `ids` (`u64`, little endian: lower word first): `rows` (`u32`) gets the row of each, or 2^32 - 1.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if `rows` has not as many words as there are ids, [`Error::WrongContext`] or
    /// [`Error::LimitExceeded`] if the memory cannot be used there.
    pub fn record_find(&self, rec: &mut Recorder, ids: &Buffer, rows: &Buffer) -> Result<()> {
        let len = self.check(rec, ids, rows)?;
        rec.whole(|rec| rec.scope(|rec| self.find(rec, ids, rows, len).map(|_| ())))
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
            rec.scope(|rec| {
                let unknown = self.find(rec, ids, rows, len)?;
                let keys = sort_by_key(rec, &unknown, len, u32::BITS)?.keys;
                let status = rec.scratch_from("embag.status", &[Status::CLEAN])?;
                let new_ids = rec.scratch("embag.new_ids", u64::from(len) * 4)?;
                let total = rec.scratch("embag.total", 4)?;
                SortedKeys { len, keys, range: 0..NONE, status }.record_distinct(rec, &new_ids, &total)?;
                let params = directory_admit::Params { len, places: self.places, capacity: self.capacity };
                let bindings = vec![
                    new_ids,
                    total.clone(),
                    self.counts.clone(),
                    self.entries.clone(),
                    self.row_ids.clone(),
                ];
                rec.dispatch(Dispatch::threads(&directory_admit::KERNEL, 0, &params, bindings, len));
                let params = directory_count::Params { capacity: self.capacity };
                let bindings = vec![total, self.counts.clone()];
                rec.dispatch(Dispatch::new(&directory_count::KERNEL, 0, &params, bindings, 1));
                self.find(rec, ids, rows, len)?;
                Ok(())
            })
        })
    }

    /// How full it is, after all that was submitted.
    ///
    /// # Errors
    /// [`Error::Device`] if the device fails.
    pub fn usage(&self) -> Result<DirectoryUsage> {
        match self.counts.read::<u32>(&self.ctx)?[..] {
            [rows, refused] => Ok(DirectoryUsage { rows, refused }),
            _ => Err(Error::device("directory", "two counts expected")),
        }
    }

    /// The virtual ids of the rows in use, in the order of the rows.
    ///
    /// # Errors
    /// [`Error::Device`] if the device fails.
    pub fn virtual_ids(&self) -> Result<Vec<u32>> {
        let rows = u64::from(self.usage()?.rows);
        self.row_ids.part(0, rows * 4).read(&self.ctx)
    }

    /// Puts the virtual ids and counts into a checkpoint, under names that begin with `prefix`.
    ///
    /// # Errors
    /// [`Error::Device`] if the device fails, [`Error::Checkpoint`] if there is something under these names.
    pub fn export(&self, checkpoint: &mut Checkpoint, prefix: &str) -> Result<()> {
        let ids = self.virtual_ids()?;
        checkpoint.insert(&format!("{prefix}.virtual_ids"), &[ids.len()], ids)?;
        checkpoint.insert(&format!("{prefix}.refused"), &[1], vec![self.usage()?.refused])
    }

    /// Takes the rows of a checkpoint: each id has the row that it had there.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if it has no such directory, or one of more rows than there are here, [`Error::Device`] if
    /// the device fails. Nothing has changed then.
    pub fn import(&mut self, checkpoint: &Checkpoint, prefix: &str) -> Result<()> {
        let name = format!("{prefix}.virtual_ids");
        let shape = checkpoint.shape(&name).unwrap_or(&[0]).to_vec();
        let ids = checkpoint.tensor::<u32>(&name, &shape)?;
        let refused = checkpoint.tensor::<u32>(&format!("{prefix}.refused"), &[1])?[0];
        let rows = u32::try_from(ids.len()).ok().filter(|&rows| rows <= self.capacity);
        let Some(rows) = rows else {
            return Err(checkpoint.mismatch(&name, format!("at most {} rows", self.capacity), ids.len()));
        };
        let mut entries = vec![[NONE; 2]; self.places as usize];
        for (&id, row) in ids.iter().zip(0..) {
            let place = crate::cpu::directory::probes(id, self.places).find(|&place| {
                let [there, _] = entries[place];
                there == NONE || there == id
            });
            match place.filter(|&place| id != NONE && entries[place][0] == NONE) {
                Some(place) => entries[place] = [id, row],
                None => return Err(checkpoint.mismatch(&name, "different virtual ids", id)),
            }
        }
        self.entries.write(&self.ctx, 0, &entries)?;
        self.row_ids.write(&self.ctx, 0, ids)?;
        self.counts.write(&self.ctx, 0, &[rows, refused])
    }

    /// The counts, of which the first is the rows in use, and the virtual id of each row.
    pub(super) fn buffers(&self) -> (&Buffer, &Buffer) {
        (&self.counts, &self.row_ids)
    }

    /// Looks ids up; gives the virtual ids of those without a row.
    fn find(&self, rec: &mut Recorder, ids: &Buffer, rows: &Buffer, len: u32) -> Result<Buffer> {
        let unknown = rec.scratch("embag.unknown", u64::from(len) * 4)?;
        let params = directory_find::Params { len, places: self.places };
        let bindings = vec![self.entries.clone(), ids.clone(), rows.clone(), unknown.clone()];
        rec.dispatch(Dispatch::threads(&directory_find::KERNEL, 0, &params, bindings, len));
        Ok(unknown)
    }

    fn check(&self, rec: &Recorder, ids: &Buffer, rows: &Buffer) -> Result<u32> {
        if !rec.context().same(&self.ctx) {
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

/// The first prime from `n` on, which is at least 3.
fn next_prime(n: u32) -> Option<u32> {
    let prime = |n: u32| (2..).take_while(|d| d * d <= u64::from(n)).all(|d| !u64::from(n).is_multiple_of(d));
    (n.max(3)..=u32::MAX - 1).find(|&n| prime(n))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn primes() {
        let found: Vec<_> = [0, 4, 8, 90, 1_000_000].into_iter().filter_map(next_prime).collect();
        assert_eq!(found, [3, 5, 11, 97, 1_000_003]);
    }
}
