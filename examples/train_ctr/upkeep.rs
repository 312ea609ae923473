//! What is done to embeddings besides their steps, and what is said of them.

use embag::Result;

use crate::chunked_report::ChunkedReport;

/// How often an id occurred while this run trained, and the columns that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    pub occurrences: u64,
    pub columns: u32,
}

/// What is done to tables `E` around their steps.
pub trait Upkeep<E> {
    /// Called with the ids of a batch, before they are looked up to be trained.
    fn before(&mut self, _tables: &mut E, _ids: &[u64]) -> Result<()> {
        Ok(())
    }

    /// Called after each step was submitted.
    fn stepped(&mut self, _tables: &mut E, _step: u64) -> Result<()> {
        Ok(())
    }

    /// Called at the end of an epoch, before the test.
    fn settle(&mut self, _tables: &mut E, _step: u64) -> Result<()> {
        Ok(())
    }

    /// What is to be said of chunks, if there are any.
    fn report(&self, _tables: &E) -> Result<Option<ChunkedReport>> {
        Ok(None)
    }

    /// Occurrences and columns of the ids that have rows, if they were counted.
    fn kept(&self, _tables: &E) -> Result<Vec<Kept>> {
        Ok(Vec::new())
    }
}

/// Tables of a fixed size need none.
#[derive(Debug)]
pub struct NoUpkeep;

impl<E> Upkeep<E> for NoUpkeep {}
