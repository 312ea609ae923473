//! Chunked tables in checkpoints.

use std::path::Path;

use super::ChunkedTables;
use super::room::{RowWord, WhenFull};
use crate::Result;
use crate::checkpoint::Checkpoint;
use crate::device::Buffer;
use crate::directory::SavedDirectory;
use crate::kernels::feature::NONE;

/// The prefix of [`ChunkedTables::save`].
const PREFIX: &str = "chunked";

/// What a checkpoint says of a table's rows.
struct SavedTable {
    directory: SavedDirectory,
    slots: Vec<u32>,
    utility: Vec<f32>,
    touch: Vec<u32>,
}

impl ChunkedTables {
    /// Adds everything to a checkpoint, so that training goes on from it as if it had not stopped. For each
    /// table `{prefix}.{table}.virtual_ids`, `.left` and `.refused` (see
    /// [`IdDirectory::export`](crate::directory::IdDirectory::export)), `.slots` and `.utility` (`[rows, chunks]`),
    /// `.touch` (`[rows, 1 or 2]`: the step that a row was changed in, and what else it is kept for); the
    /// stack of free slots as `{prefix}.free`; the slots' values and state as `{prefix}.store.chunks.*`.
    /// Blocks.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if the checkpoint has one of these names
    /// already, [`Error::Device`](crate::Error::Device) if the device fails.
    pub fn export(&self, checkpoint: &mut Checkpoint, prefix: &str) -> Result<()> {
        let ctx = self.context();
        for (index, (table, worth)) in self.lookup.tables.iter().zip(&self.worth).enumerate() {
            let name = format!("{prefix}.{}", table.name);
            table.directory.export(checkpoint, &name)?;
            let rows = table.directory.counts()?.had;
            let words = u64::from(rows) * u64::from(table.chunks);
            let shape = [rows as usize, table.chunks as usize];
            checkpoint.insert(&format!("{name}.slots"), &shape, self.lookup.slots_of(index)?)?;
            let utility: Vec<f32> = worth.utility.part(0, words * 4).read(ctx)?;
            checkpoint.insert(&format!("{name}.utility"), &shape, utility)?;
            let words = self.settings.words();
            let touch: Vec<u32> = worth.touch.part(0, u64::from(rows) * u64::from(words) * 4).read(ctx)?;
            checkpoint.insert(&format!("{name}.touch"), &[rows as usize, words as usize], touch)?;
        }
        let free: Vec<u32> = self.free.part(0, u64::from(self.free_slots()?) * 4).read(ctx)?;
        checkpoint.insert(&format!("{prefix}.free"), &[free.len()], free)?;
        checkpoint.set_json(&format!("{prefix}.tables"), &self.tables())?;
        checkpoint.set_json(&format!("{prefix}.chunk_width"), &self.lookup.width)?;
        checkpoint.set_json(&format!("{prefix}.row_word"), &self.settings.when_full.word())?;
        checkpoint.set_json(&format!("{prefix}.slots"), &self.slots())?;
        checkpoint.set_json(&format!("{prefix}.budget"), &self.budget)?;
        checkpoint.set_json(&format!("{prefix}.steps"), &self.steps())?;
        self.lookup.store.export(checkpoint, &format!("{prefix}.store"))
    }

    /// Takes everything from a checkpoint that [`ChunkedTables::export`] wrote, the number of slots and the
    /// budget too. The tables must have the same names, dims and chunk width, as many rows as are in use
    /// there (unless they may grow, and fewer if a budget is to hold), and rows must be kept for the same:
    /// occurrences, the step of their admission, or neither; the optimizer must be the same but for its
    /// learning rate. A budget that these tables have is gone if the checkpoint has none. What is no part of
    /// it is as these tables were built: utilities' decay and exponent, first values, shares. Blocks.
    ///
    /// Batches that were looked up before are stale afterwards.
    ///
    /// # Errors
    /// [`Error::Checkpoint`](crate::Error::Checkpoint), which says what differs,
    /// [`Error::LimitExceeded`](crate::Error::LimitExceeded) or [`Error::Device`](crate::Error::Device) if
    /// the memory cannot be had. What the tables hold has not changed then.
    pub fn import(&mut self, checkpoint: &Checkpoint, prefix: &str) -> Result<()> {
        let ctx = self.context().clone();
        let named: Vec<String> = checkpoint.json(&format!("{prefix}.tables"))?;
        if named != self.tables() {
            return Err(checkpoint.mismatch("tables", format!("{:?}", self.tables()), format!("{named:?}")));
        }
        let width: u32 = checkpoint.json(&format!("{prefix}.chunk_width"))?;
        if width != self.lookup.width {
            return Err(checkpoint.mismatch("chunk width", self.lookup.width, width));
        }
        let word: Option<RowWord> = checkpoint.json(&format!("{prefix}.row_word"))?;
        let own = self.settings.when_full.word();
        if word != own {
            return Err(checkpoint.mismatch("word of a row", format!("{own:?}"), format!("{word:?}")));
        }
        let slots: u32 = checkpoint.json(&format!("{prefix}.slots"))?;
        let budget: Option<u64> = checkpoint.json(&format!("{prefix}.budget"))?;
        let steps: u32 = checkpoint.json(&format!("{prefix}.steps"))?;
        let mut saved = Vec::new();
        for table in 0..self.lookup.tables.len() {
            saved.push(self.saved_table(checkpoint, prefix, table, steps)?);
        }
        let name = format!("{prefix}.free");
        let shape = checkpoint.shape(&name).unwrap_or(&[0]).to_vec();
        let mut free = checkpoint.tensor::<u32>(&name, &shape)?.to_vec();
        let used = saved.iter().flat_map(|table| &table.slots).filter(|&&slot| slot != NONE);
        if !each_once(free.iter().chain(used), slots) {
            return Err(checkpoint.mismatch(
                "slots",
                format!("each of {slots} used once, or free"),
                "others",
            ));
        }
        if let Some(budget) = budget {
            let mut needed = self.bytes_beside_slots() + self.lookup.slot().bytes() * u64::from(slots);
            for (table, saved) in saved.iter().enumerate() {
                let rows = u32::try_from(saved.directory.ids.len()).unwrap_or(NONE);
                needed += self.bytes_to_grow(table, rows)?;
            }
            if needed > budget {
                let expected = format!("at least the {needed} bytes of its slots in tables of so many rows");
                return Err(checkpoint.mismatch("budget", expected, budget));
            }
        }
        let mut store = self.lookup.slot().store(&ctx, self.lookup.store.updates(), slots)?;
        store.import(checkpoint, &format!("{prefix}.store"))?;
        // no more than slots
        let count = u32::try_from(free.len()).unwrap_or(slots);
        free.resize(slots as usize, 0);
        let (free, free_count) = (Buffer::from_slice(&ctx, &free)?, Buffer::from_slice(&ctx, &[count])?);

        self.ground.moves(&ctx, "a checkpoint was taken up");
        for (table, saved) in saved.iter().enumerate() {
            let rows = u32::try_from(saved.directory.ids.len()).unwrap_or(NONE);
            if rows > self.lookup.tables[table].directory.room() {
                self.grow_to(table, rows)?;
            }
        }
        for (saved, (spec, worth)) in
            saved.into_iter().zip(self.lookup.tables.iter_mut().zip(&mut self.worth))
        {
            spec.directory.take(&saved.directory)?;
            // rows that were never in use have no slots, and were never touched
            let all = spec.directory.capacity();
            let chunks = all * spec.chunks as usize;
            spec.slots.write(&ctx, 0, &resized(saved.slots, chunks, NONE))?;
            worth.utility.write(&ctx, 0, &resized(saved.utility, chunks, 0.0))?;
            worth.touch.write(&ctx, 0, &resized(saved.touch, all * self.settings.words() as usize, 0))?;
            // it is not saved when rows left, so they may have until now
            worth.left_after = Some(steps);
        }
        // a store without an optimizer takes no steps from a checkpoint, but touches are as of these
        store.set_steps(steps);
        self.lookup.store = store;
        (self.free, self.free_count, self.budget) = (free, free_count, budget);
        self.epoch += 1;
        Ok(())
    }

    /// [`ChunkedTables::export`] into a file of its own.
    ///
    /// # Errors
    /// As [`ChunkedTables::export`] and [`Checkpoint::save`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let mut checkpoint = Checkpoint::new();
        self.export(&mut checkpoint, PREFIX)?;
        checkpoint.save(path)
    }

    /// [`ChunkedTables::import`] from a file that [`ChunkedTables::save`] wrote.
    ///
    /// # Errors
    /// As [`ChunkedTables::import`] and [`Checkpoint::load`].
    pub fn load(&mut self, path: impl AsRef<Path>) -> Result<()> {
        self.import(&Checkpoint::load(path)?, PREFIX)
    }

    fn saved_table(
        &self,
        checkpoint: &Checkpoint,
        prefix: &str,
        table: usize,
        steps: u32,
    ) -> Result<SavedTable> {
        let spec = &self.lookup.tables[table];
        let name = format!("{prefix}.{}", spec.name);
        let directory = SavedDirectory::read(checkpoint, &name)?;
        directory.check_sketch(&spec.directory, checkpoint, &name)?;
        if self.settings.when_full != WhenFull::Grow {
            directory.check(&spec.directory, checkpoint, &name)?;
        }
        let rows = directory.ids.len();
        let shape = [rows, spec.chunks as usize];
        let words = self.settings.words() as usize;
        let utility = checkpoint.tensor::<f32>(&format!("{name}.utility"), &shape)?;
        if let Some(bad) = utility.iter().find(|utility| utility.is_nan() || **utility < 0.0) {
            return Err(checkpoint.mismatch(format!("{name}.utility"), "numbers of at least 0", bad));
        }
        let touch = checkpoint.tensor::<u32>(&format!("{name}.touch"), &[rows, words])?;
        if let Some(bad) = touch.iter().step_by(words).find(|step| **step > steps) {
            return Err(checkpoint.mismatch(format!("{name}.touch"), format!("at most step {steps}"), bad));
        }
        Ok(SavedTable {
            slots: checkpoint.tensor::<u32>(&format!("{name}.slots"), &shape)?.to_vec(),
            utility: utility.to_vec(),
            touch: touch.to_vec(),
            directory,
        })
    }
}

fn resized<T: Clone>(mut values: Vec<T>, len: usize, with: T) -> Vec<T> {
    values.resize(len, with);
    values
}

/// Whether these are the numbers below `slots`, each once.
fn each_once<'a>(listed: impl Iterator<Item = &'a u32>, slots: u32) -> bool {
    let mut seen = vec![false; slots as usize];
    let mut count = 0;
    for &slot in listed {
        match seen.get_mut(slot as usize) {
            Some(seen) if !*seen => *seen = true,
            _ => return false,
        }
        count += 1;
    }
    count == slots
}
