//! Which chunks are worth a slot: those that are not leave, others come in their place.
//!
//! ```text
//! worth = utility of every chunk, as of now                             (1)
//! for each group that is compared:
//!     threshold = the worth of rank `chunks - kept`                     (2)
//! leave:  residents worth less than the threshold give their slots up
//! yield:  of those worth just as much, the last, as many as come        (3)
//! come:   others worth more than the threshold (times the margin) get slots
//! follow: others worth just as much get what is left                    (4)
//! fresh chunks get first values, and their rows the stamp of this step
//! ```
//!
//! 1. Utilities decay with the steps since a row was touched: they are brought to the present before they
//!    are compared.
//! 2. The exact value of that rank, found by selection on the device: no sampling, no histogram.
//! 3. Chunks of equal worth, such as untrained ones, would else keep their slots for ever while better ones
//!    find none.
//! 4. Each stage marks its chunks, a prefix sum of the marks numbers them, and the numbers are places on
//!    the stack of free slots: the same slots on every device.

use super::ChunkedTables;
use crate::device::{Buffer, Dispatch, Recorder};
use crate::kernels::chunk_room::{COME, FOLLOW, LEAVE, YIELD};
use crate::kernels::{chunk_effective, chunk_marks, chunk_move, chunk_room, chunk_touch};
use crate::numbers::narrow;
use crate::sort::{Keys, prefix_sum, select_of};
use crate::{Error, Result};

/// Which chunks an adjustment compares with each other: the pruned share is theirs, and they have a
/// threshold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shares {
    /// All chunks of all tables.
    #[default]
    Global,
    /// Those of each table.
    PerTable,
    /// Those of each table that hold the same columns.
    PerColumnGroup,
}

/// What an adjustment did.
#[derive(Debug, Clone, PartialEq)]
pub struct Adjustment {
    /// Chunks of all rows in use, whether they have slots or not.
    pub chunks: u32,
    /// Chunks with a slot afterwards.
    pub resident: u32,
    /// Chunks that lost their slot.
    pub evicted: u32,
    /// Chunks that got one.
    pub admitted: u32,
    /// The least utility that keeps a slot: one of all chunks, of each table, or of each table's column
    /// groups one after the other, as [`Shares`] has it.
    pub thresholds: Vec<f32>,
}

/// The rows of a table that were ever in use, free ones among them; their chunks are numbered through.
struct Rows {
    table: usize,
    /// The first chunk of its rows among those of all tables, and their number.
    first: u32,
    len: u32,
    /// Rows in use.
    in_use: u32,
}

/// Chunks that are compared with each other.
struct Group {
    /// Where they lie among the chunks of all tables.
    first: u32,
    stride: u32,
    len: u32,
    /// Chunks of rows in use, and those of them that are kept.
    chunks: u32,
    kept: u32,
}

/// What an adjustment goes by, and what comes of it.
struct Moves<'a> {
    rows: &'a [Rows],
    /// Chunks of all rows.
    all: u32,
    /// What they are worth, and must be.
    effective: &'a Buffer,
    thresholds: &'a Buffer,
    margin: f32,
    /// Slots that stay free.
    spare: u32,
    /// Chunks that came, and their slots.
    fresh: &'a Buffer,
    /// How many came and left, and slots for more.
    progress: &'a Buffer,
}

impl ChunkedTables {
    /// Takes the slots of the chunks of least utility, so that `pruned` (from 0 to below 1) of all chunks
    /// have none, and gives those that are free to others that are worth the threshold ([`Shares`] says which
    /// are compared). The threshold is exact: the utility of the chunk of that rank. Residents that are worth
    /// as much as it stay, but for those, the last first, whose slots chunks worth more need; what is worth
    /// nothing does not come. If there are fewer slots than chunks are to be kept, all of them are used, and
    /// shares grow alike. Waits until it is done.
    ///
    /// `margin` (at least 1) is a hysteresis: what comes must be worth `margin` times the threshold.
    ///
    /// Batches that were looked up before are stale afterwards.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if `pruned` or `margin` is out of range, [`Error::LimitExceeded`] or
    /// [`Error::Device`] if the device cannot do it; nothing has moved then.
    pub fn adjust(&mut self, pruned: f64, margin: f32) -> Result<Adjustment> {
        if !(0.0..1.0).contains(&pruned) {
            return Err(Error::invalid("pruned", "at least 0 and below 1", pruned));
        }
        if !(margin.is_finite() && margin >= 1.0) {
            return Err(Error::invalid("margin", "at least 1", margin));
        }
        let ctx = self.context().clone();
        let rows = self.rows()?;
        let (all, in_use) = self.chunks_of(&rows)?;
        let groups = self.groups(&rows, pruned);
        let thresholds = ctx.allocate("embag.thresholds", groups.len() as u64 * 4)?;
        let (mut evicted, mut admitted) = (0, 0);
        if in_use > 0 {
            let progress = ctx.allocate("embag.adjustment", 12)?;
            let mut rec = Recorder::new(&ctx);
            let effective = self.record_effective(&mut rec, &rows, all)?;
            // of a group of which nothing is kept, everything is too little
            thresholds.write(&ctx, 0, &vec![f32::INFINITY; groups.len()])?;
            for (group, place) in groups.iter().zip(0u64..) {
                if group.kept > 0 {
                    let keys = Keys {
                        buffer: &effective,
                        first: group.first,
                        stride: group.stride,
                        len: group.len,
                        significant: u32::MAX,
                    };
                    select_of(&mut rec, keys, group.chunks - group.kept, &thresholds.part(place * 4, 4))?;
                }
            }
            let most = all.min(self.slots());
            let fresh = rec.scratch("embag.fresh", u64::from(most) * 16)?;
            let kept: u32 = groups.iter().map(|group| group.kept).sum();
            let moves = Moves {
                rows: &rows,
                all,
                effective: &effective,
                thresholds: &thresholds,
                margin,
                spare: self.slots() - kept,
                fresh: &fresh,
                progress: &progress,
            };
            self.record_adjustment(&mut rec, &moves)?;
            self.reset(&mut rec, &fresh, &progress, most);
            self.ground.moves(&ctx, "an adjustment moved chunks");
            rec.run()?;
            self.epoch += 1;
            let progress = progress.read::<u32>(&ctx)?;
            (admitted, evicted) = (progress[0], progress[1]);
        }
        Ok(Adjustment {
            chunks: in_use,
            resident: self.slots() - self.free_slots()?,
            evicted,
            admitted,
            thresholds: thresholds.read(&ctx)?,
        })
    }

    /// The rows of all tables.
    fn rows(&self) -> Result<Vec<Rows>> {
        let (mut rows, mut first) = (Vec::new(), 0u64);
        for (table, spec) in self.lookup.tables.iter().enumerate() {
            let counts = spec.directory.counts()?;
            let len = counts.had * spec.chunks;
            // too many are an error of `chunks_of`
            let begin = u32::try_from(first).unwrap_or(u32::MAX);
            rows.push(Rows { table, first: begin, len, in_use: counts.in_use() });
            first += u64::from(len);
        }
        Ok(rows)
    }

    /// Chunks of all rows, and of those in use.
    fn chunks_of(&self, rows: &[Rows]) -> Result<(u32, u32)> {
        let all: u64 = rows.iter().map(|rows| u64::from(rows.len)).sum();
        let limit = self.context().limits().binding;
        match u32::try_from(all) {
            Ok(all) if (u64::from(all) + 1) * 4 <= limit => {
                let in_use = rows.iter().map(|rows| rows.in_use * self.lookup.tables[rows.table].chunks);
                Ok((all, in_use.sum()))
            }
            _ => Err(Error::LimitExceeded {
                what: "a word for each chunk of all tables".to_owned(),
                needed: (all + 1) * 4,
                limit,
                hint: "use wider chunks, or tables of their own that are adjusted one after the other",
            }),
        }
    }

    fn groups(&self, rows: &[Rows], pruned: f64) -> Vec<Group> {
        let group = |first, stride, len, chunks: u32| {
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "between 0 and the chunks"
            )]
            let kept = chunks - (pruned * f64::from(chunks)).floor() as u32;
            Group { first, stride, len, chunks, kept }
        };
        let chunks = |rows: &Rows| self.lookup.tables[rows.table].chunks;
        let mut groups: Vec<Group> = match self.settings.shares {
            Shares::Global => {
                let in_use = rows.iter().map(|rows| rows.in_use * chunks(rows)).sum();
                vec![group(0, 1, rows.iter().map(|rows| rows.len).sum(), in_use)]
            }
            Shares::PerTable => {
                rows.iter().map(|rows| group(rows.first, 1, rows.len, rows.in_use * chunks(rows))).collect()
            }
            Shares::PerColumnGroup => rows
                .iter()
                .flat_map(|rows| {
                    let k = chunks(rows);
                    (0..k).map(move |c| group(rows.first + c, k, rows.len / k, rows.in_use))
                })
                .collect(),
        };
        // the store has no more slots: all groups give up the same part
        let wanted: u64 = groups.iter().map(|group| u64::from(group.kept)).sum();
        let room = u64::from(self.slots());
        if wanted > room {
            for group in &mut groups {
                // no more than it was
                group.kept = narrow(u64::from(group.kept) * room / wanted);
            }
        }
        groups
    }

    /// What chunks of all tables are worth now, in scratch memory.
    fn record_effective(&self, rec: &mut Recorder, rows: &[Rows], all: u32) -> Result<Buffer> {
        let effective = rec.scratch("embag.effective", u64::from(all) * 4)?;
        for &Rows { table, first, len, .. } in rows {
            let spec = &self.lookup.tables[table];
            let params = chunk_effective::Params {
                len,
                chunks: spec.chunks,
                out_first: first,
                step: self.steps(),
                decay: self.settings.utility.decay,
                words: self.settings.words(),
            };
            let bindings = chunk_effective::Bindings {
                utility: self.worth[table].utility.clone(),
                touch: self.worth[table].touch.clone(),
                row_ids: spec.directory.row_ids().clone(),
                out: effective.clone(),
            };
            rec.dispatch(Dispatch::threads(0, &params, bindings, len));
        }
        Ok(effective)
    }

    /// What each chunk of a table's rows is worth now; -1 for free rows.
    pub(super) fn effective(&self, table: usize) -> Result<Vec<f32>> {
        let rows = self.rows()?.swap_remove(table);
        let mut rec = Recorder::new(self.context());
        let len = rows.len;
        let effective = self.record_effective(&mut rec, &[Rows { first: 0, ..rows }], len)?;
        let readback = rec.readback(&effective);
        rec.submit().map(drop)?;
        readback.wait()
    }

    /// Those worth too little leave; those worth more than the threshold come, for which others that are
    /// worth just as much as it yield if they must; and what is free then goes to those worth as much.
    fn record_adjustment(&self, rec: &mut Recorder, moves: &Moves<'_>) -> Result<()> {
        rec.clear(moves.progress);
        rec.scope(|rec| {
            let places = self.record_marks(rec, moves, LEAVE)?;
            self.record_moves(rec, moves, LEAVE, &places, &places)
        })?;
        let comers = self.record_marks(rec, moves, COME)?;
        rec.scope(|rec| {
            let places = self.record_marks(rec, moves, YIELD)?;
            self.record_moves(rec, moves, YIELD, &places, &comers)
        })?;
        self.record_moves(rec, moves, COME, &comers, &comers)?;
        // with a greater margin nothing that is worth the threshold comes
        if moves.margin > 1.0 {
            return Ok(());
        }
        let places = self.record_marks(rec, moves, FOLLOW)?;
        self.record_moves(rec, moves, FOLLOW, &places, &places)
    }

    /// The numbers of the chunks that may move in a stage, and how many they are.
    fn record_marks(&self, rec: &mut Recorder, moves: &Moves<'_>, stage: u32) -> Result<Buffer> {
        let places = rec.scratch("embag.places", (u64::from(moves.all) + 1) * 4)?;
        let mut groups_before = 0;
        for &Rows { table, first, len, .. } in moves.rows {
            let spec = &self.lookup.tables[table];
            let (threshold, by_column) = match self.settings.shares {
                Shares::Global => (0, 0),
                // there are fewer tables than columns
                Shares::PerTable => (narrow(table), 0),
                Shares::PerColumnGroup => (groups_before, 1),
            };
            groups_before += spec.chunks;
            let (chunks, margin) = (spec.chunks, moves.margin);
            let params = chunk_marks::Params { len, chunks, first, stage, margin, threshold, by_column };
            let bindings = chunk_marks::Bindings {
                effective: moves.effective.clone(),
                thresholds: moves.thresholds.clone(),
                slots: spec.slots.clone(),
                marks: places.clone(),
            };
            rec.dispatch(Dispatch::threads(0, &params, bindings, len + 1));
        }
        prefix_sum(rec, &places, moves.all + 1)?;
        Ok(places)
    }

    fn record_moves(
        &self,
        rec: &mut Recorder,
        moves: &Moves<'_>,
        stage: u32,
        places: &Buffer,
        comers: &Buffer,
    ) -> Result<()> {
        let room = rec.scratch("embag.room", 16)?;
        let params = chunk_room::Params { len: moves.all, stage, spare: moves.spare };
        let bindings = chunk_room::Bindings {
            places: places.clone(),
            comers: comers.clone(),
            free_count: self.free_count.clone(),
            progress: moves.progress.clone(),
            room: room.clone(),
        };
        rec.dispatch(Dispatch::new(0, &params, bindings, 1));
        for &Rows { table, first, len, .. } in moves.rows {
            let spec = &self.lookup.tables[table];
            // there are fewer tables than columns
            let (chunks, number) = (spec.chunks, narrow(table));
            let params = chunk_move::Params { len, chunks, first, stage, table: number };
            let bindings = chunk_move::Bindings {
                places: places.clone(),
                row_ids: spec.directory.row_ids().clone(),
                room: room.clone(),
                free: self.free.clone(),
                slots: spec.slots.clone(),
                fresh: moves.fresh.clone(),
            };
            rec.dispatch(Dispatch::threads(0, &params, bindings, len));
            let (rows, step, words) = (len / chunks, self.steps(), self.settings.words());
            let params = chunk_touch::Params { len: rows, chunks, first, step, words };
            let bindings = chunk_touch::Bindings {
                places: places.clone(),
                room: room.clone(),
                effective: moves.effective.clone(),
                utility: self.worth[table].utility.clone(),
                touch: self.worth[table].touch.clone(),
            };
            rec.dispatch(Dispatch::threads(0, &params, bindings, rows));
        }
        Ok(())
    }
}
