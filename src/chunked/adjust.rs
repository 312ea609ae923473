//! Which chunks are worth a slot: those that are not leave, others come in their place.

use super::ChunkedTables;
use crate::device::{Buffer, Recorder};
use crate::kernel::Dispatch;
use crate::kernels::{chunk_effective, chunk_marks, chunk_move, chunk_moved};
use crate::sort::{prefix_sum, select};
use crate::{Error, Result};

/// What an adjustment did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adjustment {
    /// Chunks of all rows in use, whether they have slots or not.
    pub chunks: u32,
    /// Chunks with a slot afterwards.
    pub resident: u32,
    /// Chunks that lost their slot.
    pub evicted: u32,
    /// Chunks that got one.
    pub admitted: u32,
    /// The least utility that keeps a slot.
    pub threshold: f32,
}

/// The rows in use of a table, whose chunks are numbered through.
struct InUse {
    table: usize,
    first: u32,
    len: u32,
}

/// Which chunks move.
#[derive(Clone, Copy)]
struct Direction {
    /// 1: those that come, 0: those that leave.
    coming: u32,
    margin: f32,
    /// Slots that stay free.
    spare: u32,
}

impl ChunkedTables {
    /// Takes the slots of the chunks of least utility, of all tables, so that `pruned` (from 0 to below 1) of all chunks
    /// have none, and gives those that are free to others that are worth the threshold. The threshold is exact:
    /// the utility of the chunk of that rank. Residents that are worth as much as it stay; what is worth nothing does not
    /// come. Waits until it is done.
    ///
    /// `margin` (at least 1) is a hysteresis: what comes must be worth `margin` times the threshold.
    ///
    /// Batches that were looked up before are stale afterwards.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if `pruned` or `margin` is out of range, [`Error::LimitExceeded`] or [`Error::Device`] if
    /// the device cannot do it; nothing has moved then.
    pub fn adjust(&mut self, pruned: f64, margin: f32) -> Result<Adjustment> {
        if !(0.0..1.0).contains(&pruned) {
            return Err(Error::invalid("pruned", "at least 0 and below 1", pruned));
        }
        if !(margin.is_finite() && margin >= 1.0) {
            return Err(Error::invalid("margin", "at least 1", margin));
        }
        let (mut in_use, mut chunks) = (Vec::new(), 0);
        for (table, spec) in self.tables.iter().enumerate() {
            let len = spec.directory.usage()?.rows * spec.chunks;
            in_use.push(InUse { table, first: chunks, len });
            chunks += len;
        }
        in_use.retain(|table| table.len > 0);
        let room = u32::try_from(self.free.size() / 4).unwrap_or(u32::MAX);
        if chunks == 0 {
            return Ok(Adjustment { chunks, resident: 0, evicted: 0, admitted: 0, threshold: 0.0 });
        }
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and the chunks"
        )]
        let wanted = chunks - (pruned * f64::from(chunks)).floor() as u32;
        // the store has no more slots
        let kept = wanted.min(room);
        let ctx = self.context().clone();
        let [threshold, evicted, admitted] = [(); 3].map(|()| ctx.allocate("embag.adjustment", 4));
        let (threshold, evicted, admitted) = (threshold?, evicted?, admitted?);
        let mut rec = Recorder::new(&ctx);
        let effective = rec.scratch("embag.effective", u64::from(chunks) * 4)?;
        for &InUse { table, first, len } in &in_use {
            let spec = &self.tables[table];
            let params = chunk_effective::Params {
                len,
                chunks: spec.chunks,
                first_chunk: spec.first_chunk,
                first_row: spec.first_row,
                out_first: first,
                step: self.steps,
                decay: self.worth.decay,
            };
            let bindings = vec![self.utility.clone(), self.stamps.clone(), effective.clone()];
            rec.dispatch(Dispatch::threads(&chunk_effective::KERNEL, 0, &params, bindings, len));
        }
        select(&mut rec, &effective, chunks, chunks - kept, &threshold)?;
        let most = chunks.min(room);
        let fresh = rec.scratch("embag.fresh", u64::from(most) * 16)?;
        for (coming, moved) in [(0, &evicted), (1, &admitted)] {
            let direction = Direction { coming, margin, spare: room - kept };
            rec.scope(|rec| {
                self.record_moves(rec, &in_use, chunks, (&effective, &threshold), direction, &fresh, moved)
            })?;
        }
        self.reset(&mut rec, &fresh, &admitted, most);
        rec.run()?;
        self.adjustments += 1;
        let word = |buffer: &Buffer| Ok::<u32, Error>(buffer.read::<u32>(&ctx)?[0]);
        Ok(Adjustment {
            chunks,
            resident: room - self.free_slots()?,
            evicted: word(&evicted)?,
            admitted: word(&admitted)?,
            threshold: f32::from_bits(word(&threshold)?),
        })
    }

    #[allow(clippy::too_many_arguments, reason = "what the two directions share")]
    fn record_moves(
        &self,
        rec: &mut Recorder,
        in_use: &[InUse],
        chunks: u32,
        (effective, threshold): (&Buffer, &Buffer),
        Direction { coming, margin, spare }: Direction,
        fresh: &Buffer,
        moved: &Buffer,
    ) -> Result<()> {
        let places = rec.scratch("embag.places", (u64::from(chunks) + 1) * 4)?;
        for &InUse { table, first, len } in in_use {
            let first_chunk = self.tables[table].first_chunk;
            let params = chunk_marks::Params { len, first_chunk, first, coming, margin };
            let bindings = vec![effective.clone(), threshold.clone(), self.slots.clone(), places.clone()];
            rec.dispatch(Dispatch::threads(&chunk_marks::KERNEL, 0, &params, bindings, len + 1));
        }
        prefix_sum(rec, &places, chunks + 1)?;
        for &InUse { table, first, len } in in_use {
            let spec = &self.tables[table];
            let params = chunk_move::Params {
                len,
                chunks: spec.chunks,
                first_chunk: spec.first_chunk,
                first,
                coming,
                // there are fewer tables than features, of which each has its columns
                table: u32::try_from(table).unwrap_or(u32::MAX),
                spare,
            };
            let bindings = vec![
                places.clone(),
                spec.directory.buffers().1.clone(),
                self.counts.clone(),
                self.free.clone(),
                self.slots.clone(),
                fresh.clone(),
            ];
            rec.dispatch(Dispatch::threads(&chunk_move::KERNEL, 0, &params, bindings, len));
        }
        let params = chunk_moved::Params { len: chunks, coming, spare };
        let bindings = vec![places, self.counts.clone(), moved.clone()];
        rec.dispatch(Dispatch::new(&chunk_moved::KERNEL, 0, &params, bindings, 1));
        Ok(())
    }
}
