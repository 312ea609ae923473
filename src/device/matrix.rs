//! A row-major matrix on the device.

use super::{Buffer, Context, Precision, Recorder};
use crate::error::check_size;
use crate::numbers::narrow;
use crate::{Error, Result};

/// A row-major matrix in device memory: `rows` rows of `cols` values, `stride` values apart, of `f32` unless
/// it is made with another [`Precision`].
///
/// A clone is the same memory under another name, not a copy: what is written to one is read from the other
/// ([`Recorder::copy`] copies).
///
/// Matrices of 16 bits are what lookups write and backwards read; all other operations are for `f32`, and say
/// so. Their rows begin at whole words: `stride` is even, and where `cols` is odd, a value that is not used
/// ends the row.
#[derive(Debug, Clone)]
pub struct Matrix {
    pub(crate) buffer: Buffer,
    pub(crate) rows: usize,
    pub(crate) cols: usize,
    pub(crate) stride: usize,
    pub(crate) precision: Precision,
}

impl Matrix {
    /// A matrix of `f32` over a buffer, which may be a caller's own.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if `stride < cols`, or the buffer is too small.
    pub fn new(buffer: Buffer, rows: usize, cols: usize, stride: usize) -> Result<Self> {
        Self::new_of(Precision::F32, buffer, rows, cols, stride)
    }

    /// [`Matrix::new`] of another precision.
    ///
    /// # Errors
    /// As [`Matrix::new`], and if `stride` is odd and values have 16 bits.
    pub fn new_of(
        precision: Precision,
        buffer: Buffer,
        rows: usize,
        cols: usize,
        stride: usize,
    ) -> Result<Self> {
        if stride < cols {
            return Err(Error::invalid("stride", format!("at least {cols} columns"), stride));
        }
        if !stride.is_multiple_of(precision.per_word()) {
            return Err(Error::invalid("stride", "an even number, for values of 16 bits", stride));
        }
        let needed = match rows {
            0 => Some(0),
            _ => (rows - 1)
                .checked_mul(stride)
                .and_then(|n| n.checked_add(cols.checked_next_multiple_of(precision.per_word())?))
                .and_then(|values| u64::try_from(values).ok()?.checked_mul(precision.bytes() as u64)),
        };
        if needed.is_none_or(|needed| buffer.size() < needed) {
            let needed = needed.map_or("more than 2^64".to_owned(), |needed| needed.to_string());
            return Err(Error::invalid(
                "matrix buffer",
                format!("{needed} bytes for {rows} x {cols} with stride {stride}"),
                format!("{} bytes", buffer.size()),
            ));
        }
        Ok(Self { buffer, rows, cols, stride, precision })
    }

    /// A matrix of zeros.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`] or [`Error::Device`] if the memory cannot be had.
    pub fn zeros(ctx: &Context, rows: usize, cols: usize) -> Result<Self> {
        Self::zeros_of(Precision::F32, ctx, rows, cols)
    }

    /// [`Matrix::zeros`] of another precision.
    ///
    /// # Errors
    /// As [`Matrix::zeros`].
    pub fn zeros_of(precision: Precision, ctx: &Context, rows: usize, cols: usize) -> Result<Self> {
        let stride = dense_stride(precision, cols);
        let buffer = ctx.allocate("embag.matrix", Self::bytes(precision, rows, stride))?;
        Ok(Self { buffer, rows, cols, stride, precision })
    }

    /// [`Matrix::zeros_of`] for an output that is written whole, so that it need not hold zeros.
    pub(crate) fn output(precision: Precision, ctx: &Context, rows: usize, cols: usize) -> Result<Self> {
        let stride = dense_stride(precision, cols);
        let buffer = ctx.output("embag.matrix", Self::bytes(precision, rows, stride))?;
        Ok(Self { buffer, rows, cols, stride, precision })
    }

    /// A matrix of `f32` with the given values, `rows * cols` of them.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the length is wrong; otherwise as [`Matrix::zeros`].
    pub fn from_slice(ctx: &Context, data: &[f32], rows: usize, cols: usize) -> Result<Self> {
        if rows.checked_mul(cols) != Some(data.len()) {
            return Err(Error::invalid("matrix data", format!("{rows} x {cols} values"), data.len()));
        }
        let buffer = Buffer::from_slice(ctx, data)?;
        Ok(Self { buffer, rows, cols, stride: cols, precision: Precision::F32 })
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

    /// The columns `first .. first + cols` of every row, as a view.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if they are not inside, or share a word with other columns of 16 bits.
    pub fn columns(&self, first: usize, cols: usize) -> Result<Self> {
        if first.checked_add(cols).is_none_or(|end| end > self.cols) {
            return Err(Error::invalid(
                "columns",
                format!("within the {} of the matrix", self.cols),
                format!("{cols} from {first} on"),
            ));
        }
        let (per_word, end) = (self.precision.per_word(), first + cols);
        if !first.is_multiple_of(per_word) || !(end.is_multiple_of(per_word) || end == self.cols) {
            return Err(Error::invalid(
                "columns",
                "an even first one and an even number of them, for values of 16 bits",
                format!("{cols} from {first} on"),
            ));
        }
        let skip = if self.rows == 0 { 0 } else { self.bytes_of(first) };
        let buffer = self.buffer.part(skip, self.buffer.size() - skip);
        Ok(Self { buffer, cols, ..self.clone() })
    }

    /// A matrix of zeros of `f32` whose rows begin at multiples of four values, which is faster to multiply.
    ///
    /// # Errors
    /// As [`Matrix::zeros`].
    pub fn padded(ctx: &Context, rows: usize, cols: usize) -> Result<Self> {
        // what overflows is larger than any device's memory
        let stride = cols.checked_next_multiple_of(4).unwrap_or(usize::MAX);
        let buffer = ctx.allocate("embag.matrix", Self::bytes(Precision::F32, rows, stride))?;
        Ok(Self { buffer, rows, cols, stride, precision: Precision::F32 })
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
        let begin = if rows == 0 { 0 } else { self.bytes_of(first * self.stride) };
        let end = match rows {
            0 => begin,
            _ => (begin + self.bytes_of(rows * self.stride)).min(self.buffer.size()),
        };
        Self { buffer: self.buffer.part(begin, end - begin), rows, ..self.clone() }
    }

    /// Refuses a matrix of another shape, or of other values than `f32`.
    pub(crate) fn check_shape(&self, name: &str, rows: usize, cols: usize) -> Result<()> {
        self.check_f32(name)?;
        check_size(name, (rows, cols), (self.rows, self.cols))
    }

    /// Refuses values of 16 bits.
    pub(crate) fn check_f32(&self, name: &str) -> Result<()> {
        match self.precision {
            Precision::F32 => Ok(()),
            other => Err(Error::invalid(name, "a matrix of f32", format!("one of {}", other.name()))),
        }
    }

    /// Bytes of rows with their gaps; more than there can be, if they cannot be counted.
    pub(crate) fn bytes(precision: Precision, rows: usize, stride: usize) -> u64 {
        let values = rows.checked_mul(stride).and_then(|values| u64::try_from(values).ok());
        values.and_then(|values| values.checked_mul(precision.bytes() as u64)).unwrap_or(u64::MAX / 4 * 4)
    }

    fn bytes_of(&self, values: usize) -> u64 {
        values as u64 * self.precision.bytes() as u64
    }

    /// Bytes from the first value to the last, whole words.
    pub(crate) fn span(&self) -> u64 {
        match self.rows {
            0 => 0,
            rows => self.bytes_of((rows - 1) * self.stride + self.cols).next_multiple_of(4),
        }
    }

    /// Where the matrix lies as a kernel's binding.
    ///
    /// A view may begin anywhere, a binding only at multiples of the device's alignment: so the binding
    /// begins at or before the view, and the kernel gets the element where the view begins.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`] if the device cannot bind so much at once, [`Error::InvalidArgument`] for a
    /// matrix without values, or not of `f32`.
    pub(crate) fn place(&self, ctx: &Context, name: &'static str) -> Result<Place> {
        self.check_f32(name)?;
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
        let room = limits.binding.saturating_sub(limits.alignment + 16 + self.bytes_of(self.cols));
        let rows = room / self.bytes_of(self.stride.max(1)) + 1;
        usize::try_from(rows).unwrap_or(usize::MAX)
    }

    /// Overwrites the values, which are given row after row without gaps; those of 16 bits are rounded to the
    /// nearest.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there are more or less values, or one is finite and 16 bits would make
    /// it infinite; [`Error::Device`] if the device fails.
    pub fn write(&self, ctx: &Context, data: &[f32]) -> Result<()> {
        if data.len() != self.rows * self.cols {
            return Err(Error::invalid(
                "matrix data",
                format!("{} x {} = {} values", self.rows, self.cols, self.rows * self.cols),
                data.len(),
            ));
        }
        if let Some((at, value)) = self.precision.beyond(data) {
            return Err(Error::invalid(format!("matrix data[{at}]"), self.precision.expected(), value));
        }
        if data.is_empty() {
            return Ok(());
        }
        // rows without gaps are written at once
        let width = if self.stride == self.cols { data.len() } else { self.cols };
        let mut rec = Recorder::new(ctx);
        for (row, values) in data.chunks(width).enumerate() {
            let words = self.precision.pack(values, self.cols);
            let target = self.buffer.part(self.bytes_of(row * self.stride), words.len() as u64 * 4);
            rec.upload(&target, bytemuck::cast_slice(&words).to_vec());
        }
        drop(rec.submit()?);
        Ok(())
    }

    /// Reads the values to the host as `f32`, row after row without gaps; blocks.
    ///
    /// # Errors
    /// [`Error::Device`] if the device fails.
    pub fn to_vec(&self, ctx: &Context) -> Result<Vec<f32>> {
        if self.rows == 0 || self.cols == 0 {
            return Ok(Vec::new());
        }
        let words: Vec<u32> = self.buffer.part(0, self.span()).read(ctx)?;
        if self.precision == Precision::F32 && self.stride == self.cols {
            return Ok(bytemuck::allocation::cast_vec(words));
        }
        let per_word = self.precision.per_word();
        let rows = words.chunks(self.stride / per_word);
        Ok(rows
            .flat_map(|row| self.precision.unpack(&row[..self.cols.div_ceil(per_word)], self.cols))
            .collect())
    }
}

/// Values from row to row without gaps.
fn dense_stride(precision: Precision, cols: usize) -> usize {
    // what overflows is larger than any device's memory
    cols.checked_next_multiple_of(precision.per_word()).unwrap_or(usize::MAX)
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
