//! The store: tables in device memory, and how far their training has come.

use super::{KeyTerms, SortedTerms, Step, Updates};
use crate::device::{Buffer, Context, Counter, Need, Precision, Recorder};
use crate::names::unique;
use crate::optim::Optimizer;
use crate::table::{Kind, Table, TableStore};
use crate::{Error, Result};

/// Tables and what updates their rows.
#[derive(Debug)]
pub(crate) struct RowStore {
    pub(super) tables: TableStore,
    pub(super) updates: Updates,
    pub(super) steps: Counter<u32>,
}

impl RowStore {
    /// Makes tables, which have names of their own.
    pub(crate) fn new(ctx: &Context, tables: Vec<(String, Table)>, updates: Updates) -> Result<Self> {
        unique("table", tables.iter().map(|(name, _)| name))?;
        updates.validate()?;
        let Updates { optimizer, rules, seed, .. } = &updates;
        let tables = TableStore::new(ctx, tables, optimizer.as_ref(), rules.state, *seed)?;
        Ok(Self { tables, updates, steps: Counter::default() })
    }

    /// The memory that such tables take.
    pub(crate) fn need(tables: &[(String, Table)], updates: &Updates) -> Result<Need> {
        TableStore::need(tables, updates.optimizer.as_ref(), updates.rules.state)
    }

    pub(crate) fn context(&self) -> &Context {
        self.tables.context()
    }

    /// The tables' memory.
    pub(crate) fn tables(&self) -> &TableStore {
        &self.tables
    }

    pub(crate) fn updates(&self) -> &Updates {
        &self.updates
    }

    pub(crate) fn optimizer(&self) -> Option<&Optimizer> {
        self.updates.optimizer.as_ref()
    }

    pub(crate) fn set_lr(&mut self, lr: f32) -> Result<()> {
        let changed = self.updates.wanted_optimizer("one")?.with_lr(lr);
        changed.validate()?;
        self.updates.optimizer = Some(changed);
        Ok(())
    }

    /// Steps submitted so far.
    pub(crate) fn steps(&self) -> u32 {
        self.steps.get()
    }

    pub(crate) fn next_lr(&self) -> Option<f32> {
        let step = self.steps().saturating_add(1);
        self.updates.optimizer.map(|optimizer| optimizer.lr() * self.updates.schedule.factor(step))
    }

    /// Goes on where another store of the same description is: takes its learning rate, and counts steps with
    /// it.
    pub(crate) fn go_on_from(&mut self, other: &Self) {
        (self.updates.optimizer, self.steps) = (other.updates.optimizer, other.steps.clone());
    }

    /// Goes on from a step.
    pub(crate) fn set_steps(&mut self, steps: u32) {
        self.steps.change(self.tables.context(), |_| steps);
    }

    pub(crate) fn same_context(&self, rec: &Recorder) -> Result<()> {
        if rec.context() == self.context() {
            Ok(())
        } else {
            Err(Error::WrongContext { argument: "recorder" })
        }
    }

    /// Records that a step begins; without an optimizer an error that says what is `expected`.
    pub(crate) fn begin_step(&self, rec: &mut Recorder, expected: &str) -> Result<Step> {
        Step::begin(rec, &self.steps, &self.updates, expected)
    }

    /// Records one step of the optimizer for each row among the keys of the first group of tables.
    pub(crate) fn step_by_key(&self, rec: &mut Recorder, terms: KeyTerms) -> Result<()> {
        rec.whole(|rec| {
            let step = self.begin_step(rec, "one, for a backward")?;
            self.update_by_key(rec, terms, &step)
        })
    }

    /// Records that each row among the keys of the first group of tables gets its terms added.
    pub(crate) fn add_by_key(&self, rec: &mut Recorder, terms: KeyTerms) -> Result<()> {
        self.update_by_key(rec, terms, &Step::adding())
    }

    /// The keys of the first group of tables in ascending order, and their terms; equal ones stay in their
    /// order.
    pub(crate) fn sorted_by_key(&self, rec: &mut Recorder, terms: KeyTerms) -> Result<SortedTerms> {
        terms.sorted(rec, self.first_group().none_key())
    }

    pub(crate) fn table_shape(&self, table: &str) -> Result<(usize, usize)> {
        let shape = self.tables.shape(self.tables.find(table)?);
        Ok((shape.rows as usize, shape.dim as usize))
    }

    pub(crate) fn precision(&self, table: usize) -> Precision {
        // tables that are updated hold no codes
        self.tables.shape(table).format.precision().unwrap_or_default()
    }

    pub(crate) fn table_buffers(&self, table: &str) -> Result<Vec<Buffer>> {
        let table = self.tables.find(table)?;
        Ok(self.tables.pieces(table, Kind::Weights, 0, self.tables.shape(table).rows))
    }

    pub(crate) fn download(&self, table: &str) -> Result<Vec<f32>> {
        self.tables.read_all(self.tables.find(table)?)
    }

    pub(crate) fn upload(&mut self, table: &str, values: &[f32]) -> Result<()> {
        let index = self.tables.find(table)?;
        let shape = self.tables.shape(index);
        let (rows, dim) = (shape.rows as usize, shape.dim as usize);
        if values.len() != rows * dim {
            return Err(Error::invalid(
                format!("values of table \"{table}\""),
                format!("{rows} rows x {dim} = {} values", rows * dim),
                values.len(),
            ));
        }
        self.tables.write_all(index, values)
    }

    pub(crate) fn read_row(&self, table: &str, row: u64) -> Result<Vec<f32>> {
        let (index, row) = self.row(table, row)?;
        self.tables.read(index, row, 1)
    }

    pub(crate) fn write_row(&mut self, table: &str, row: u64, values: &[f32]) -> Result<()> {
        let (index, row) = self.row(table, row)?;
        let dim = self.tables.shape(index).dim as usize;
        if values.len() != dim {
            return Err(Error::invalid(
                format!("row of table \"{table}\""),
                format!("{dim} values"),
                values.len(),
            ));
        }
        self.tables.write(index, row, values)
    }

    fn row(&self, table: &str, row: u64) -> Result<(usize, u32)> {
        let index = self.tables.find(table)?;
        let rows = self.tables.shape(index).rows;
        match u32::try_from(row).ok().filter(|&row| row < rows) {
            Some(row) => Ok((index, row)),
            None => Err(Error::RowOutOfRange { table: table.to_owned(), row, rows: rows.into() }),
        }
    }
}
