//! The store: tables in device memory, and how far their training has come.

use super::changes::Stamps;
use super::step::{Step, Steps};
use super::updates::{Class, Classes};
use super::{KeyTerms, SortedTerms, Updates};
use crate::device::{Buffer, Context, Counter, Need, Precision, Recorder};
use crate::names::unique;
use crate::optim::Optimizer;
use crate::table::{Kind, Table, TableStore};
use crate::{Error, Result};

/// Tables and what updates their rows.
#[derive(Debug)]
pub(crate) struct RowStore {
    pub(super) tables: TableStore,
    pub(super) classes: Classes,
    /// Of first values, and of stochastic rounding.
    pub(super) seed: u64,
    pub(super) steps: Counter<u32>,
    /// When rows changed, if that is to be known.
    pub(super) stamps: Option<Stamps>,
}

impl RowStore {
    /// Makes tables, which have names of their own.
    pub(crate) fn new(ctx: &Context, tables: Vec<(String, Table)>, updates: Updates) -> Result<Self> {
        unique("table", tables.iter().map(|(name, _)| name))?;
        let (classes, seed) = (Classes::of(&updates, &tables)?, updates.seed);
        let tables = TableStore::new(ctx, tables, &classes.kept(), seed)?;
        Ok(Self { tables, classes, seed, steps: Counter::default(), stamps: None })
    }

    /// The memory that such tables take.
    pub(crate) fn need(tables: &[(String, Table)], updates: &Updates) -> Result<Need> {
        TableStore::need(tables, &Classes::of(updates, tables)?.kept())
    }

    pub(crate) fn context(&self) -> &Context {
        self.tables.context()
    }

    /// The tables' memory.
    pub(crate) fn tables(&self) -> &TableStore {
        &self.tables
    }

    /// What was said for all tables.
    pub(crate) fn updates(&self) -> Updates {
        let class = &self.classes.all[0];
        let (rules, schedule) = (class.rules, class.schedule);
        Updates { optimizer: class.optimizer().copied(), rules, schedule, seed: self.seed }
    }

    /// How a table is updated.
    pub(crate) fn class(&self, table: usize) -> &Class {
        self.classes.of_index(table)
    }

    /// How the tables of a class are updated.
    pub(crate) fn class_by_number(&self, class: usize) -> &Class {
        &self.classes.all[class]
    }

    /// That of tables without one of their own.
    pub(crate) fn optimizer(&self) -> Option<&Optimizer> {
        self.classes.all[0].optimizer()
    }

    /// That of a table.
    pub(crate) fn table_optimizer(&self, table: &str) -> Result<Option<&Optimizer>> {
        Ok(self.class(self.tables.find(table)?).optimizer())
    }

    /// Whether any table is trained.
    pub(crate) fn trains(&self) -> bool {
        self.classes.all.iter().any(|class| class.optimizer().is_some())
    }

    /// Whether each table is trained.
    pub(crate) fn trained(&self) -> Vec<bool> {
        self.classes.of_table.iter().map(|&class| self.classes.all[class].optimizer().is_some()).collect()
    }

    pub(crate) fn set_lr(&mut self, lr: f32) -> Result<()> {
        self.set_class_lr(0, "optimizer".to_owned(), lr)
    }

    /// The learning rate of a table that has an optimizer, rules or a schedule of its own.
    pub(crate) fn set_table_lr(&mut self, table: &str, lr: f32) -> Result<()> {
        let class = self.classes.of_table[self.tables.find(table)?];
        let argument = format!("optimizer of table \"{table}\"");
        if class == 0 {
            let expected = "one of its own, for a learning rate of its own";
            return Err(Error::invalid(argument, expected, "that of all tables"));
        }
        self.set_class_lr(class, argument, lr)
    }

    fn set_class_lr(&mut self, class: usize, argument: String, lr: f32) -> Result<()> {
        let class = &mut self.classes.all[class];
        let optimizer = class.optimizer().ok_or_else(|| Error::invalid(argument, "one", "none"))?;
        let changed = optimizer.with_lr(lr);
        changed.validate()?;
        class.set_optimizer(Some(changed));
        Ok(())
    }

    /// Steps submitted so far.
    pub(crate) fn steps(&self) -> u32 {
        self.steps.get()
    }

    /// The steps that the device has been given: no submission that counts one is under way.
    pub(crate) fn submitted_steps(&self) -> u32 {
        let _turn = self.context().turn();
        self.steps()
    }

    pub(crate) fn next_lr(&self) -> Option<f32> {
        let step = self.steps().saturating_add(1);
        let class = &self.classes.all[0];
        class.optimizer().map(|optimizer| optimizer.lr() * class.schedule.factor(step))
    }

    /// Goes on where another store of the same description is: takes its learning rates, and counts steps with
    /// it.
    pub(crate) fn go_on_from(&mut self, other: &Self) {
        let classes = self.classes.all.iter_mut().zip(&other.classes.all);
        classes.for_each(|(class, other)| *class = other.clone());
        self.steps = other.steps.clone();
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
    pub(crate) fn begin_step(&self, rec: &mut Recorder, expected: &str) -> Result<Steps> {
        Steps::begin(rec, &self.steps, &self.classes.all, expected)
    }

    /// Records one step of the optimizer for each row among the keys of the first group of tables.
    pub(crate) fn step_by_key(&self, rec: &mut Recorder, terms: KeyTerms) -> Result<()> {
        rec.whole(|rec| {
            let steps = self.begin_step(rec, "one, for a backward")?;
            match steps.of(0) {
                Some(step) => self.update_by_key(rec, terms, step),
                None => Ok(()),
            }
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
        self.tables.write_all(index, values)?;
        self.stamp_all(index)
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
        self.tables.write(index, row, values)?;
        self.stamp_written(index, &[row])
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
