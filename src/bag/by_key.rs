//! Rows that are named by their keys, not by the features of a batch: for those who look rows up in ways of their own.

use super::EmbeddingBags;
use super::backward::{Occurrences, Update};
use super::chunk::Chunk;
use super::gradient::Bound;
use super::terms::SortedTerms;
use crate::Result;
use crate::device::{Buffer, Recorder};

/// What is known about each position: the key of its row, and a term of the row's gradient.
pub(crate) struct KeyTerms {
    pub(crate) len: u32,
    pub(crate) keys: Buffer,
    pub(crate) terms: Buffer,
    /// What the terms speak of, and whether all of them begin at multiples of four elements.
    pub(crate) grad: Buffer,
    pub(crate) vec4: bool,
}

/// Keys in ascending order, with their terms.
pub(crate) struct SortedKeys {
    pub(crate) keys: Buffer,
    pub(crate) terms: Buffer,
}

impl EmbeddingBags {
    /// One step of the optimizer for each row among the keys.
    pub(crate) fn step_by_key(&mut self, rec: &mut Recorder, terms: KeyTerms) -> Result<()> {
        let update = self.next_update("one, for a backward")?;
        self.update_by_key(rec, terms, &update)?;
        self.steps = update.step;
        Ok(())
    }

    /// Adds its terms to each row among the keys.
    pub(crate) fn add_by_key(&mut self, rec: &mut Recorder, terms: KeyTerms) -> Result<()> {
        self.update_by_key(rec, terms, &Update::adding())
    }

    /// The keys in ascending order; equal ones stay in their order.
    pub(crate) fn sorted_by_key(&self, rec: &mut Recorder, terms: KeyTerms) -> Result<SortedKeys> {
        let SortedTerms { keys, terms, .. } = sorted(rec, terms, &self.all_rows(0))?;
        Ok(SortedKeys { keys, terms })
    }

    fn update_by_key(&self, rec: &mut Recorder, terms: KeyTerms, update: &Update) -> Result<()> {
        let chunk = self.all_rows(terms.len);
        rec.whole(|rec| {
            rec.scope(|rec| {
                let sorted = sorted(rec, terms, &chunk)?;
                self.update_sorted(rec, &chunk, &sorted, update, |_| false)
            })
        })
    }

    /// All rows of the first group of tables, for so many positions.
    fn all_rows(&self, ids: u32) -> Chunk {
        let group = &self.store.plan().groups[0];
        Chunk { members: Vec::new(), ids, keys: 0..group.rows, windows: group.windows.clone() }
    }
}

fn sorted(rec: &mut Recorder, from: KeyTerms, chunk: &Chunk) -> Result<SortedTerms> {
    let KeyTerms { len, keys, terms, grad, vec4 } = from;
    // a place that is no multiple of four says that terms may begin anywhere
    let bound = Bound { buffer: grad, places: vec![(u32::from(!vec4), 0)], spread: Vec::new() };
    Occurrences { keys, terms }.sorted(rec, bound, &Chunk { ids: len, ..chunk.clone() })
}
