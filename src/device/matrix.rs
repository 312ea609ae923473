//! A row-major `f32` matrix on the device.

use super::{Buffer, Context, Recorder};
use crate::numbers::narrow;
use crate::{Error, Result};

/// A row-major matrix of `f32` in device memory: `rows` rows of `cols` values, `stride` values apart.
///
/// A clone is the same memory under another name, not a copy: what is written to one is read from the other
/// ([`Recorder::copy`] copies).
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
        let buffer = ctx.allocate("embag.matrix", dense_bytes(rows, cols))?;
        Ok(Self { buffer, rows, cols, stride: cols })
    }

    /// [`Matrix::zeros`] for an output that is written whole, so that it need not hold zeros.
    pub(crate) fn output(ctx: &Context, rows: usize, cols: usize) -> Result<Self> {
        let buffer = ctx.output("embag.matrix", dense_bytes(rows, cols))?;
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

    /// A matrix of zeros whose rows begin at multiples of four values, which is faster to multiply.
    ///
    /// # Errors
    /// As [`Matrix::zeros`].
    pub fn padded(ctx: &Context, rows: usize, cols: usize) -> Result<Self> {
        // what overflows is larger than any device's memory
        let stride = cols.checked_next_multiple_of(4).unwrap_or(usize::MAX);
        let buffer = ctx.allocate("embag.matrix", dense_bytes(rows, stride))?;
        Ok(Self { buffer, rows, cols, stride })
    }

    /// The rows `first .. first + rows`, as a view.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if they are not inside.
    pub fn row_range(&self, first: usize, rows: usize) -> Result<Self> {
        if first.checked_add(rows).is_none_or(|end| end > self.rows) {
            return Err(Error::invalid("rows", format!("within {}", self.rows), format!("{first} + {rows}")));
        }
        Ok(self.row_part(first, rows))
    }

    /// [`Matrix::row_range`] for rows that are known to be inside.
    pub(crate) fn row_part(&self, first: usize, rows: usize) -> Self {
        let begin = if rows == 0 { 0 } else { (first * self.stride) as u64 * 4 };
        let end = match rows {
            0 => begin,
            _ => (begin + (rows * self.stride) as u64 * 4).min(self.buffer.size()),
        };
        Self { buffer: self.buffer.part(begin, end - begin), rows, ..self.clone() }
    }

    /// Refuses a matrix of another shape.
    pub(crate) fn check_shape(&self, name: &str, rows: usize, cols: usize) -> Result<()> {
        if (self.rows, self.cols) != (rows, cols) {
            let got = format!("{} x {}", self.rows, self.cols);
            return Err(Error::invalid(name, format!("{rows} x {cols}"), got));
        }
        Ok(())
    }

    /// Bytes from the first value to the last.
    pub(crate) fn span(&self) -> u64 {
        match self.rows {
            0 => 0,
            rows => ((rows - 1) * self.stride + self.cols) as u64 * 4,
        }
    }

    /// Where the matrix lies as a kernel's binding.
    ///
    /// A view may begin anywhere, a binding only at multiples of the device's alignment: so the binding begins at
    /// or before the view, and the kernel gets the element where the view begins.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`] if the device cannot bind so much at once, [`Error::InvalidArgument`] for a matrix
    /// without values.
    pub(crate) fn place(&self, ctx: &Context, name: &'static str) -> Result<Place> {
        let span = self.span();
        if span == 0 {
            return Err(Error::invalid(name, "at least one value", format!("{} x {}", self.rows, self.cols)));
        }
        let limits = ctx.limits();
        let skip = self.buffer.offset % limits.alignment;
        // vec4s are bound whole, if the memory behind the last value is there
        let whole = (skip + span).next_multiple_of(16);
        let spare = whole <= skip + self.buffer.size;
        let size = if spare { whole } else { skip + span };
        if size > limits.binding {
            return Err(Error::LimitExceeded {
                what: name.to_owned(),
                needed: size,
                limit: limits.binding,
                hint: "use a smaller batch or dimension",
            });
        }
        let too_large = |_| Error::invalid(name, "a stride below 2^32", self.stride);
        Ok(Place {
            binding: Buffer { offset: self.buffer.offset - skip, size, ..self.buffer.clone() },
            // below the alignment
            base: narrow(skip / 4),
            stride: u32::try_from(self.stride).map_err(too_large)?,
            vec4: spare && skip.is_multiple_of(16) && (self.stride.is_multiple_of(4) || self.rows == 1),
        })
    }

    /// How many rows can be bound at once; at least one, whether it fits or not.
    pub(crate) fn rows_at_once(&self, ctx: &Context) -> usize {
        let limits = ctx.limits();
        // a binding begins up to an alignment before its first row and ends up to a vec4 behind its last
        let room = limits.binding.saturating_sub(limits.alignment + 16 + self.cols as u64 * 4);
        let rows = room / (self.stride.max(1) as u64 * 4) + 1;
        usize::try_from(rows).unwrap_or(usize::MAX)
    }

    /// Overwrites the values, which are given row after row without gaps.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there are more or less values, [`Error::Device`] if the device fails.
    pub fn write(&self, ctx: &Context, data: &[f32]) -> Result<()> {
        if data.len() != self.rows * self.cols {
            return Err(Error::invalid(
                "matrix data",
                format!("{} x {} = {} values", self.rows, self.cols, self.rows * self.cols),
                data.len(),
            ));
        }
        if data.is_empty() {
            return Ok(());
        }
        // rows without gaps are written at once
        let width = if self.stride == self.cols { data.len() } else { self.cols };
        let mut rec = Recorder::new(ctx);
        for (row, values) in data.chunks(width).enumerate() {
            let target = self.buffer.part((row * self.stride) as u64 * 4, width as u64 * 4);
            rec.upload(&target, bytemuck::cast_slice(values).to_vec());
        }
        let _ = rec.submit()?;
        Ok(())
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

/// Bytes of a matrix without gaps; more than there can be, if they cannot be counted.
fn dense_bytes(rows: usize, cols: usize) -> u64 {
    rows.checked_mul(cols).and_then(bytes).unwrap_or(u64::MAX / 4 * 4)
}

/// Bytes of a number of values, if they can be counted.
fn bytes(values: usize) -> Option<u64> {
    u64::try_from(values).ok()?.checked_mul(4)
}

/// A matrix as a binding of a kernel.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) binding: Buffer,
    /// Element of the binding where the matrix begins.
    pub(crate) base: u32,
    pub(crate) stride: u32,
    /// Whether rows can be read as vec4s, the last one too.
    pub(crate) vec4: bool,
}

/// A size as a kernel's parameter.
pub(crate) fn word(name: &str, size: usize) -> Result<u32> {
    u32::try_from(size).map_err(|_| Error::invalid(name, "a size below 2^32", size))
}
