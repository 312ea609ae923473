//! A row-major matrix of 16-bit floats on the device.

use super::{Buffer, Context};
use crate::device::Precision;
use crate::{Error, Result};

/// A row-major matrix of 16-bit floats in device memory: what [`EmbeddingBags::forward_half`](crate::EmbeddingBags::forward_half) writes.
///
/// A clone is the same memory under another name, not a copy. Rows begin at whole words: with an odd number of columns
/// each is followed by a value that is not used.
#[derive(Debug, Clone)]
pub struct HalfMatrix {
    pub(crate) buffer: Buffer,
    pub(crate) rows: usize,
    pub(crate) cols: usize,
    pub(crate) precision: Precision,
}

impl HalfMatrix {
    /// A matrix over a buffer, which may be a caller's own, of [`Precision::F16`] or [`Precision::Bf16`].
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the precision is of 32 bits, or the buffer is too small.
    pub fn new(buffer: Buffer, rows: usize, cols: usize, precision: Precision) -> Result<Self> {
        let needed = Self::bytes(rows, cols, precision)?;
        if buffer.size() < needed {
            return Err(Error::invalid(
                "matrix buffer",
                format!("{needed} bytes for {rows} x {cols} with stride {}", stride(cols)),
                format!("{} bytes", buffer.size()),
            ));
        }
        Ok(Self { buffer, rows, cols, precision })
    }

    /// A matrix of zeros.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the precision is of 32 bits, [`Error::LimitExceeded`] or [`Error::Device`] if
    /// the memory cannot be had.
    pub fn zeros(ctx: &Context, rows: usize, cols: usize, precision: Precision) -> Result<Self> {
        let buffer = ctx.allocate("embag.half_matrix", Self::bytes(rows, cols, precision)?)?;
        Ok(Self { buffer, rows, cols, precision })
    }

    /// [`HalfMatrix::zeros`] for an output that is written whole, so that it need not hold zeros.
    pub(crate) fn output(ctx: &Context, rows: usize, cols: usize, precision: Precision) -> Result<Self> {
        let buffer = ctx.output("embag.half_matrix", Self::bytes(rows, cols, precision)?)?;
        Ok(Self { buffer, rows, cols, precision })
    }

    fn bytes(rows: usize, cols: usize, precision: Precision) -> Result<u64> {
        if precision == Precision::F32 {
            return Err(Error::invalid("precision", "one of 16 bits", "f32"));
        }
        // what overflows is larger than any device's memory
        Ok((rows as u64).saturating_mul(stride(cols) as u64).saturating_mul(2))
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

    /// Values from the start of one row to the start of the next: the columns, rounded up to an even number.
    #[must_use]
    pub fn stride(&self) -> usize {
        stride(self.cols)
    }

    /// The type of the values.
    #[must_use]
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// The memory.
    #[must_use]
    pub fn buffer(&self) -> &Buffer {
        &self.buffer
    }

    /// Reads the values to the host, row after row without gaps; blocks.
    ///
    /// # Errors
    /// [`Error::Device`] if the device fails.
    pub fn to_vec(&self, ctx: &Context) -> Result<Vec<f32>> {
        if self.rows == 0 || self.cols == 0 {
            return Ok(Vec::new());
        }
        let bytes = Self::bytes(self.rows, self.cols, self.precision)?;
        let words: Vec<u32> = self.buffer.part(0, bytes).read(ctx)?;
        Ok(self.precision.unpack(&words, self.cols))
    }
}

fn stride(cols: usize) -> usize {
    // what overflows is larger than any device's memory
    cols.checked_next_multiple_of(2).unwrap_or(usize::MAX)
}
