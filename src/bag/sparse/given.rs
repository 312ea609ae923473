//! Gradients of a caller's own rows.

use std::sync::Arc;

use super::SparseGradient;
use super::guard::Guard;
use super::sparse_gradient::{NO_ROW, Target};
use crate::bag::EmbeddingBags;
use crate::device::{Buffer, Context, Dispatch, Matrix, Recorder};
use crate::kernels::feature::{NONE, Status};
use crate::kernels::{check_report, check_rows};
use crate::numbers::narrow;
use crate::{Error, Result};

/// Rows that kernels check.
#[derive(Debug)]
pub(super) struct GivenRows {
    table: Target,
    pub(super) status: Buffer,
}

impl SparseGradient {
    /// A gradient from host data: `rows` ascend, `values` holds as many rows of `dim` values, and `counts`,
    /// if there is any, how often each row was there (else once; 0 stands for once too).
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no such table, the rows do not ascend or sizes disagree,
    /// [`Error::RowOutOfRange`] for the first row that the table does not have.
    pub fn from_host(
        bags: &EmbeddingBags,
        table: &str,
        rows: &[u32],
        values: &[f32],
        counts: Option<&[u32]>,
    ) -> Result<Self> {
        let table = bags.target(bags.store.tables().find(table)?);
        for (i, &row) in rows.iter().enumerate() {
            let previous = i.checked_sub(1).map(|before| rows[before]);
            if row >= table.rows || previous.is_some_and(|previous| previous >= row) {
                return Err(table.wrong_row(i, row, previous.unwrap_or(0)));
            }
        }
        let ctx = bags.context();
        let values = match rows.len().checked_mul(table.dim as usize) {
            Some(expected) if expected == values.len() => {
                Matrix::from_slice(ctx, values, rows.len(), table.dim as usize)?
            }
            _ => {
                let expected = format!("{} rows x {} values", rows.len(), table.dim);
                return Err(Error::invalid(table.argument("values"), expected, values.len()));
            }
        };
        if let Some(counts) = counts.filter(|counts| counts.len() != rows.len()) {
            return Err(table.wrong_counts(rows.len(), counts.len()));
        }
        let total = [narrow(rows.len())];
        Ok(Self {
            rows: Buffer::from_slice(ctx, rows)?,
            counts: counts_or_ones(ctx, counts, rows.len())?,
            values,
            total: Buffer::from_slice(ctx, &total)?,
            ctx: ctx.clone(),
            table,
            len: Some(rows.len()),
            guards: Vec::new(),
        })
    }

    /// A gradient from device memory, without a copy: `rows` (`u32`) ascend; if there are fewer than the
    /// buffer holds, 2^32 - 1 fills it up. `values` has as many rows, `counts` (`u32`) is as in
    /// [`SparseGradient::from_host`].
    ///
    /// The check of the rows is recorded: if one is wrong, operations on the gradient do nothing, and waiting
    /// for any submission with one of them gives [`Error::RowOutOfRange`] or [`Error::InvalidArgument`]. The
    /// memory must stay as it is until these operations are done.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no such table or sizes disagree, [`Error::WrongContext`] or
    /// [`Error::LimitExceeded`] if the memory cannot be used there.
    pub fn from_device(
        rec: &mut Recorder,
        bags: &EmbeddingBags,
        table: &str,
        rows: Buffer,
        values: Matrix,
        counts: Option<Buffer>,
    ) -> Result<Self> {
        let table = bags.target(bags.store.tables().find(table)?);
        bags.store.same_context(rec)?;
        let ctx = rec.context().clone();
        let Some(room) = u32::try_from(rows.size() / 4).ok().filter(|&room| room < u32::MAX) else {
            return Err(Error::invalid(table.argument("rows"), "fewer than 2^32 - 1", rows.size() / 4));
        };
        if (values.rows(), values.cols()) != (room as usize, table.dim as usize) {
            let got = format!("{} x {}", values.rows(), values.cols());
            return Err(Error::invalid(table.argument("values"), format!("{room} x {}", table.dim), got));
        }
        if let Some(counts) = counts.as_ref().filter(|counts| counts.size() != rows.size()) {
            return Err(table.wrong_counts(room as usize, counts.size() / 4));
        }
        values.buffer().check_home(&ctx, "values")?;
        for (argument, buffer) in [("rows", Some(&rows)), ("counts", counts.as_ref())] {
            if let Some(buffer) = buffer {
                buffer.check_home(&ctx, argument)?;
                buffer.check_bindable(&ctx, || table.argument(argument))?;
            }
        }
        let counts = match counts {
            Some(counts) => counts,
            None => counts_or_ones(&ctx, None, room as usize)?,
        };
        // until this recorder is submitted, other recorders see rows that must not be used
        let status = ctx.allocate("embag.status", size_of::<Status>() as u64)?;
        let total = ctx.allocate("embag.gradient_total", 4)?;
        rec.upload(&status, bytemuck::bytes_of(&Status::CLEAN).to_vec());
        let params = check_rows::Params { len: room, table_rows: table.rows };
        let bindings =
            check_rows::Bindings { status: status.clone(), rows: rows.clone(), total: total.clone() };
        rec.dispatch(Dispatch::threads(0, &params, bindings, room));
        // a wrong row is looked up as a wrong offset is; there are no ids
        let params = check_report::Params { batch: 1, bags: 0 };
        let bindings =
            check_report::Bindings { status: status.clone(), offsets: rows.clone(), ids: rows.clone() };
        rec.dispatch(Dispatch::new(0, &params, bindings, 1));
        let given = Arc::new(GivenRows { table: table.clone(), status });
        given.guard(rec);
        Ok(Self { ctx, table, rows, counts, values, total, len: None, guards: vec![Guard::Rows(given)] })
    }
}

impl GivenRows {
    /// Makes a recorder's submission give the error of the first wrong row.
    pub(super) fn guard(self: &Arc<Self>, rec: &mut Recorder) {
        let this = self.clone();
        rec.watch(&self.status, move |words| this.checked(words));
    }

    fn checked(&self, words: &[u32]) -> Result<()> {
        let Status { bad_offset, value, previous, checked, .. } = Status::of(words);
        match bad_offset {
            _ if checked == 0 => Err(Error::invalid(
                "gradient",
                "one whose own recorder was submitted before",
                "one that was not checked yet",
            )),
            NONE => Ok(()),
            index => Err(self.table.wrong_row(index as usize, value, previous)),
        }
    }
}

impl Target {
    /// Something of a gradient of this table.
    pub(super) fn argument(&self, what: &str) -> String {
        format!("{what} of a gradient of table \"{}\"", self.name)
    }

    /// The error for a row that the table does not have, or that does not lie above the one before.
    fn wrong_row(&self, index: usize, row: u32, previous: u32) -> Error {
        if row >= self.rows {
            return Error::RowOutOfRange {
                table: self.name.clone(),
                row: row.into(),
                rows: self.rows.into(),
            };
        }
        let expected = match previous {
            NO_ROW => "none, as behind the last row".to_owned(),
            _ => format!("more than {previous}, the row before"),
        };
        Error::invalid(format!("{}[{index}]", self.argument("rows")), expected, row)
    }

    fn wrong_counts(&self, rows: usize, got: impl ToString) -> Error {
        Error::invalid(self.argument("counts"), format!("{rows} values, one for each row"), got)
    }
}

/// The counts, or that every row was there once.
fn counts_or_ones(ctx: &Context, counts: Option<&[u32]>, rows: usize) -> Result<Buffer> {
    match counts {
        Some(counts) => Buffer::from_slice(ctx, counts),
        None => Buffer::from_slice(ctx, &vec![1u32; rows]),
    }
}
