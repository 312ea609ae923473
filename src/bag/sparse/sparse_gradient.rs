//! What a sparse gradient is.

use super::guard::{self, Guard};
use crate::device::{Buffer, Context, Matrix, Recorder};
use crate::kernels::feature::NONE;
use crate::table::TableStore;
use crate::{Error, Result};

/// The gradient of some rows of one table, in device memory: each row once, in ascending order.
///
/// Made by [`EmbeddingBags::sparse_grad`](crate::EmbeddingBags::sparse_grad) or of a caller's own rows
/// ([`SparseGradient::from_host`], [`SparseGradient::from_device`]); gradients of one table are added up by
/// [`SparseGradient::sum`], and [`EmbeddingBags::update`](crate::EmbeddingBags::update) takes a step with
/// them.
///
/// How many rows there are is found out on the device. Gradients that were only recorded have room for as
/// many rows as there could be; behind the last, `rows` holds 2^32 - 1. They are there once their recorder is
/// submitted, and [`SparseGradient::trimmed`] gives the room behind the last row up. Cloning shares the
/// memory.
///
/// ```
/// use embag::optim::Sgd;
/// use embag::{Context, EmbeddingBags, Init, Matrix, Pooling, SparseGradient, Table};
///
/// let ctx = Context::cpu();
/// let mut bags = EmbeddingBags::builder(&ctx)
///     .table("movie", Table::rows(100).dim(2).init(Init::Zero))
///     .feature("liked", "movie", Pooling::Sum)
///     .optimizer(Sgd::new(1.0))
///     .build()?;
/// // two halves of a batch: movie 7 is in both
/// let mut halves = Vec::new();
/// for (ids, grad) in [([7u32, 3], [1.0, 2.0]), ([7, 9], [10.0, 20.0])] {
///     let batch = bags.batch().bags("liked", &ids, &[2]).build()?;
///     let grad = Matrix::from_slice(&ctx, &grad, 1, 2)?;
///     halves.extend(bags.sparse_grad(&batch, &grad)?);
/// }
/// let sum = SparseGradient::sum(&halves)?;
/// assert_eq!(sum.to_host()?, (vec![3, 7, 9], vec![1.0, 2.0, 11.0, 22.0, 10.0, 20.0], vec![1, 2, 1]));
/// bags.update(&[sum.scale(0.5)?])?;
/// assert_eq!(bags.read_row("movie", 7)?, [-5.5, -11.0]);
/// # Ok::<(), embag::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct SparseGradient {
    pub(super) ctx: Context,
    pub(super) table: Target,
    pub(super) rows: Buffer,
    pub(super) counts: Buffer,
    pub(super) values: Matrix,
    /// The number of rows, as the device found it.
    pub(super) total: Buffer,
    /// Where the host knows it.
    pub(super) len: Option<usize>,
    pub(super) guards: Vec<Guard>,
}

/// The table that a gradient belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(super) name: String,
    pub(super) rows: u32,
    pub(super) dim: u32,
}

impl Target {
    pub(crate) fn of(tables: &TableStore, table: usize) -> Self {
        let shape = tables.shape(table);
        Self { name: tables.names()[table].clone(), rows: shape.rows, dim: shape.dim }
    }
}

impl SparseGradient {
    /// Room for `room` rows, without any as long as nothing is written to it.
    pub(super) fn new(ctx: &Context, table: Target, room: u32, guards: Vec<Guard>) -> Result<Self> {
        let bytes = u64::from(room) * 4;
        Ok(Self {
            rows: ctx.allocate("embag.gradient_rows", bytes)?,
            counts: ctx.allocate("embag.gradient_counts", bytes)?,
            values: Matrix::zeros(ctx, room as usize, table.dim as usize)?,
            total: ctx.allocate("embag.gradient_total", 4)?,
            ctx: ctx.clone(),
            table,
            len: (room == 0).then_some(0),
            guards,
        })
    }

    /// The name of the table.
    #[must_use]
    pub fn table(&self) -> &str {
        &self.table.name
    }

    /// Columns of a row.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.table.dim as usize
    }

    /// How many rows there is room for.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.values.rows()
    }

    /// The rows of the table (`u32`), ascending: as many as there is room for.
    #[must_use]
    pub fn rows(&self) -> &Buffer {
        &self.rows
    }

    /// The gradient of each row: `[capacity, dim]`.
    #[must_use]
    pub fn values(&self) -> &Matrix {
        &self.values
    }

    /// How often each row was there (`u32`), as many as there is room for:
    /// [`CowClip`](crate::optim::CowClip), scaling by frequency and frequency-aware SGD ask for it.
    #[must_use]
    pub fn counts(&self) -> &Buffer {
        &self.counts
    }

    /// The number of rows, in device memory: one `u32`.
    #[must_use]
    pub fn total(&self) -> &Buffer {
        &self.total
    }

    /// The number of rows. Waits for the device if the host does not know it.
    ///
    /// # Errors
    /// The errors of the device batch that the gradient was made of, or of the rows that it was given;
    /// [`Error::Device`] if the device fails.
    pub fn len(&self) -> Result<usize> {
        if let Some(len) = self.len {
            return Ok(len);
        }
        let mut rec = Recorder::new(&self.ctx);
        guard::record(&mut rec, [self]);
        let total = rec.readback::<u32>(&self.total);
        rec.submit().map(drop)?;
        Ok(total.wait()?.first().map_or(0, |&total| total as usize).min(self.capacity()))
    }

    /// Whether there are no rows; see [`SparseGradient::len`].
    ///
    /// # Errors
    /// As [`SparseGradient::len`].
    pub fn is_empty(&self) -> Result<bool> {
        Ok(self.len()? == 0)
    }

    /// The same rows without room for more. Waits for the device if the host does not know how many there
    /// are.
    ///
    /// # Errors
    /// As [`SparseGradient::len`].
    pub fn trimmed(&self) -> Result<Self> {
        Ok(self.trimmed_to(self.len()?))
    }

    /// The first rows, which are all that there are.
    pub(super) fn trimmed_to(&self, len: usize) -> Self {
        let bytes = len as u64 * 4;
        Self {
            rows: self.rows.part(0, bytes),
            counts: self.counts.part(0, bytes),
            values: self.values.row_part(0, len),
            len: Some(len),
            ..self.clone()
        }
    }

    /// Rows, values (row after row, without gaps) and how often each row was there, on the host: what
    /// [`SparseGradient::from_host`] takes. Waits for the device.
    ///
    /// # Errors
    /// As [`SparseGradient::len`].
    pub fn to_host(&self) -> Result<(Vec<u32>, Vec<f32>, Vec<u32>)> {
        let trimmed = self.trimmed()?;
        let (rows, counts) = (trimmed.rows.read(&self.ctx)?, trimmed.counts.read(&self.ctx)?);
        Ok((rows, trimmed.values.to_vec(&self.ctx)?, counts))
    }

    /// The numbers of the rows on the host. Waits for the device.
    pub(crate) fn to_host_rows(&self) -> Result<Vec<u32>> {
        self.trimmed()?.rows.read(&self.ctx)
    }

    /// Refuses gradients that cannot be used by a recorder.
    pub(super) fn check_home(&self, ctx: &Context) -> Result<()> {
        if self.ctx == *ctx { Ok(()) } else { Err(Error::WrongContext { argument: "gradient" }) }
    }
}

/// The row that stands for none.
pub(super) const NO_ROW: u32 = NONE;
