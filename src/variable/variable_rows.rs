//! The rows and access to them from the host.

use std::path::Path;
use std::sync::Arc;

use super::VariableRowsBuilder;
use super::keys::Keys;
use super::layout::{Layout, Place};
use crate::bag::Schema;
use crate::checkpoint::Checkpoint;
use crate::device::{Context, Precision, Recorder};
use crate::optim::Optimizer;
use crate::update::RowStore;
use crate::{Error, Result};

/// Rows of differing dimensions in one store, with a fused optimizer. See [the module](crate::variable).
///
/// Rows are numbered from 0 in the order of the builder. Those of one dimension lie together without gaps, so
/// that a row takes its own values and its optimizer's state, and 12 bytes of host memory for each run of
/// rows of one dimension.
#[derive(Debug)]
pub struct VariableRows {
    /// A table for each dimension.
    pub(super) store: RowStore,
    pub(super) layout: Arc<Layout>,
    /// What ids are checked against.
    pub(super) given: Arc<Schema>,
    /// What batches are of, whose ids are keys: none of them is a padding id.
    pub(super) schema: Arc<Schema>,
    pub(super) keys: Keys,
    /// Of what `forward` makes.
    pub(super) output_precision: Precision,
}

impl VariableRows {
    /// Begins the description of rows.
    #[must_use]
    pub fn builder(ctx: &Context) -> VariableRowsBuilder {
        VariableRowsBuilder::new(ctx)
    }

    /// The context.
    #[must_use]
    pub fn context(&self) -> &Context {
        self.store.context()
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.layout.rows as usize
    }

    /// Columns of the widest row.
    #[must_use]
    pub fn widest(&self) -> usize {
        self.layout.widest() as usize
    }

    /// Columns of a row.
    ///
    /// # Errors
    /// [`Error::RowOutOfRange`] if there is no such row.
    pub fn dim(&self, row: u64) -> Result<usize> {
        Ok(self.place(row)?.dim as usize)
    }

    /// Bytes of the rows.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.store.tables().bytes()
    }

    /// Bytes of the optimizer's state.
    #[must_use]
    pub fn state_bytes(&self) -> u64 {
        self.store.tables().state_bytes()
    }

    /// Backwards so far.
    #[must_use]
    pub fn steps(&self) -> u32 {
        self.store.steps()
    }

    /// The optimizer.
    #[must_use]
    pub fn optimizer(&self) -> Option<&Optimizer> {
        self.store.optimizer()
    }

    /// Columns of the matrix that [`VariableRows::forward`] makes: those of the widest row for each feature.
    #[must_use]
    pub fn output_cols(&self) -> usize {
        self.schema.columns(self.schema.all())
    }

    /// The type that values are kept in.
    #[must_use]
    pub fn precision(&self) -> Precision {
        self.store.precision(0)
    }

    /// The type of the outputs' values.
    #[must_use]
    pub fn output_precision(&self) -> Precision {
        self.output_precision
    }

    /// Changes the learning rate of the backwards that are submitted from now on.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no optimizer or it refuses the rate.
    pub fn set_lr(&mut self, lr: f32) -> Result<()> {
        self.store.set_lr(lr)
    }

    /// One row.
    ///
    /// # Errors
    /// [`Error::RowOutOfRange`] if there is no such row.
    pub fn read_row(&self, row: u64) -> Result<Vec<f32>> {
        let place = self.place(row)?;
        self.store.read_row(&self.store.tables().names()[place.table], place.row.into())
    }

    /// Overwrites one row; its optimizer state stays as it is.
    ///
    /// # Errors
    /// [`Error::RowOutOfRange`] if there is no such row, [`Error::InvalidArgument`] if `values` has not its
    /// dimension.
    pub fn write_row(&mut self, row: u64, values: &[f32]) -> Result<()> {
        let place = self.place(row)?;
        if values.len() != place.dim as usize {
            return Err(Error::invalid(format!("row {row}"), format!("{} values", place.dim), values.len()));
        }
        let table = self.store.tables().names()[place.table].clone();
        self.store.write_row(&table, place.row.into(), values)
    }

    /// All rows, one after the other.
    ///
    /// # Errors
    /// [`Error::Device`] if the device fails.
    pub fn download(&self) -> Result<Vec<f32>> {
        let tables = self.store.tables().names().iter().map(|table| self.store.download(table));
        let tables = tables.collect::<Result<Vec<_>>>()?;
        let values = self.layout.runs().flat_map(|(place, rows)| {
            let dim = place.dim as usize;
            &tables[place.table][place.row as usize * dim..][..rows as usize * dim]
        });
        Ok(values.copied().collect())
    }

    /// Overwrites all rows; the optimizer's state stays as it is.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there are not as many values as the rows have, [`Error::Device`] if the
    /// device fails.
    pub fn upload(&mut self, values: &[f32]) -> Result<()> {
        let expected: usize =
            self.layout.tables.iter().map(|&(dim, rows)| dim as usize * rows as usize).sum();
        if values.len() != expected {
            return Err(Error::invalid("values", format!("{expected} values of all rows"), values.len()));
        }
        let mut tables: Vec<Vec<f32>> = vec![Vec::new(); self.layout.tables.len()];
        let mut rest = values;
        for (place, rows) in self.layout.runs() {
            let (run, later) = rest.split_at(rows as usize * place.dim as usize);
            // the runs of a table ascend
            tables[place.table].extend_from_slice(run);
            rest = later;
        }
        for (table, values) in tables.iter().enumerate() {
            let name = self.store.tables().names()[table].clone();
            self.store.upload(&name, values)?;
        }
        Ok(())
    }

    /// Puts rows, state and steps into a checkpoint, under names that begin with `prefix`.
    ///
    /// # Errors
    /// As [`EmbeddingBags::export`](crate::EmbeddingBags::export).
    pub fn export(&self, checkpoint: &mut Checkpoint, prefix: &str) -> Result<()> {
        checkpoint.set_json(&dims_name(prefix), &self.dims())?;
        self.store.export(checkpoint, prefix)
    }

    /// Takes rows, state and steps from a checkpoint of rows of the same dimensions.
    ///
    /// # Errors
    /// As [`EmbeddingBags::import`](crate::EmbeddingBags::import).
    pub fn import(&mut self, checkpoint: &Checkpoint, prefix: &str) -> Result<()> {
        let (own, saved): (_, Vec<(u32, u32)>) = (self.dims(), checkpoint.json(&dims_name(prefix))?);
        // the first run that is another one
        if let Some(run) = (0..own.len().max(saved.len())).find(|&run| own.get(run) != saved.get(run)) {
            let row: u32 = own[..run.min(own.len())].iter().map(|(rows, _)| rows).sum();
            let text = |run: Option<&(u32, u32)>| {
                run.map_or_else(|| "no more rows".to_owned(), |(rows, dim)| format!("{rows} rows of {dim}"))
            };
            let what = format!("rows from row {row} on");
            return Err(checkpoint.mismatch(what, text(own.get(run)), text(saved.get(run))));
        }
        self.store.import(checkpoint, prefix)
    }

    /// [`VariableRows::export`] into a file of its own.
    ///
    /// # Errors
    /// As [`VariableRows::export`] and [`Checkpoint::save`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let mut checkpoint = Checkpoint::new();
        self.export(&mut checkpoint, PREFIX)?;
        checkpoint.save(path)
    }

    /// [`VariableRows::import`] from a file that [`VariableRows::save`] wrote.
    ///
    /// # Errors
    /// As [`VariableRows::import`] and [`Checkpoint::load`].
    pub fn load(&mut self, path: impl AsRef<Path>) -> Result<()> {
        self.import(&Checkpoint::load(path)?, PREFIX)
    }

    /// Rows that follow one another and have the same dimension: how many, and the dimension.
    fn dims(&self) -> Vec<(u32, u32)> {
        self.layout.runs().map(|(place, rows)| (rows, place.dim)).collect()
    }

    pub(super) fn place(&self, row: u64) -> Result<Place> {
        match u32::try_from(row) {
            Ok(narrow) if narrow < self.layout.rows => Ok(self.layout.place(narrow)),
            _ => Err(Error::RowOutOfRange { table: "rows".to_owned(), row, rows: self.layout.rows.into() }),
        }
    }

    pub(super) fn same_context(&self, rec: &Recorder) -> Result<()> {
        self.store.same_context(rec)
    }
}

/// The prefix of [`VariableRows::save`].
const PREFIX: &str = "rows";

/// Where a checkpoint has the dimensions of the rows.
fn dims_name(prefix: &str) -> String {
    format!("{prefix}.dims")
}
