//! A row-major `f32` matrix on the device.

use super::{Buffer, Context};
use crate::{Error, Result};

/// A row-major matrix of `f32` in device memory: `rows` rows of `cols` values, `stride` values apart.
#[derive(Debug, Clone)]
pub struct Matrix {
    pub(crate) buffer: Buffer,
    pub(crate) rows: usize,
    pub(crate) cols: usize,
    pub(crate) stride: usize,
}

impl Matrix {
    /// A matrix over a buffer, which may be a caller's own.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if `stride < cols`, or the buffer is too small.
    pub fn new(buffer: Buffer, rows: usize, cols: usize, stride: usize) -> Result<Self> {
        if stride < cols {
            return Err(Error::invalid("stride", format!("at least {cols} columns"), stride));
        }
        let needed = match rows {
            0 => Some(0),
            _ => (rows - 1).checked_mul(stride).and_then(|n| n.checked_add(cols)).and_then(bytes),
        };
        if needed.is_none_or(|needed| buffer.size() < needed) {
            let needed = needed.map_or("more than 2^64".to_owned(), |needed| needed.to_string());
            return Err(Error::invalid(
                "matrix buffer",
                format!("{needed} bytes for {rows} x {cols} with stride {stride}"),
                format!("{} bytes", buffer.size()),
            ));
        }
        Ok(Self { buffer, rows, cols, stride })
    }

    /// A matrix of zeros.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`] or [`Error::Device`] if the memory cannot be had.
    pub fn zeros(ctx: &Context, rows: usize, cols: usize) -> Result<Self> {
        let needed = rows.checked_mul(cols).and_then(bytes).unwrap_or(u64::MAX / 4 * 4);
        let buffer = ctx.allocate("embag.matrix", needed)?;
        Ok(Self { buffer, rows, cols, stride: cols })
    }

    /// A matrix with the given values, `rows * cols` of them.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the length is wrong; otherwise as [`Matrix::zeros`].
    pub fn from_slice(ctx: &Context, data: &[f32], rows: usize, cols: usize) -> Result<Self> {
        if rows.checked_mul(cols) != Some(data.len()) {
            return Err(Error::invalid("matrix data", format!("{rows} x {cols} values"), data.len()));
        }
        Ok(Self { buffer: Buffer::from_slice(ctx, data)?, rows, cols, stride: cols })
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    #[must_use]
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Values from the start of one row to the start of the next.
    #[must_use]
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// The memory.
    #[must_use]
    pub fn buffer(&self) -> &Buffer {
        &self.buffer
    }

    /// The columns `first .. first + cols` of every row, as a view.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if they are not inside.
    pub fn columns(&self, first: usize, cols: usize) -> Result<Self> {
        if first.checked_add(cols).is_none_or(|end| end > self.cols) {
            return Err(Error::invalid(
                "columns",
                format!("within the {} of the matrix", self.cols),
                format!("{cols} from {first} on"),
            ));
        }
        let skip = if self.rows == 0 { 0 } else { first as u64 * 4 };
        let buffer = self.buffer.part(skip, self.buffer.size() - skip);
        Ok(Self { buffer, rows: self.rows, cols, stride: self.stride })
    }

    /// Reads the values to the host, row after row without gaps; blocks.
    ///
    /// # Errors
    /// [`Error::Device`] if the device fails.
    pub fn to_vec(&self, ctx: &Context) -> Result<Vec<f32>> {
        if self.rows == 0 || self.cols == 0 {
            return Ok(Vec::new());
        }
        let needed = ((self.rows - 1) * self.stride + self.cols) as u64 * 4;
        let all: Vec<f32> = self.buffer.part(0, needed).read(ctx)?;
        if self.stride == self.cols {
            return Ok(all);
        }
        Ok(all.chunks(self.stride).flat_map(|row| &row[..self.cols]).copied().collect())
    }
}

/// Bytes of a number of values, if they can be counted.
fn bytes(values: usize) -> Option<u64> {
    u64::try_from(values).ok()?.checked_mul(4)
}
