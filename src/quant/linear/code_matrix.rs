//! 8-bit activations on the device.

use super::super::ActivationQuant;
use crate::device::{Dispatch, word};
use crate::error::check_size;
use crate::kernels::linear_int8::words;
use crate::kernels::quantize_activations::{Bindings, Params};
use crate::{Buffer, Context, Matrix, Recorder, Result};

/// A row-major matrix of unsigned 8-bit codes in device memory, with what they mean.
///
/// Rows begin at multiples of 16 bytes.
#[derive(Debug, Clone)]
pub struct CodeMatrix {
    pub(super) words: Matrix,
    cols: usize,
    quant: ActivationQuant,
    /// `quant` as kernels read it.
    pub(super) quant_words: Buffer,
}

impl CodeMatrix {
    /// A matrix whose codes are all 0.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for a scale that is not positive, or has no
    /// finite reciprocal; [`Error::LimitExceeded`](crate::Error::LimitExceeded) or
    /// [`Error::Device`](crate::Error::Device) if the memory cannot be had.
    pub fn zeros(ctx: &Context, rows: usize, cols: usize, quant: ActivationQuant) -> Result<Self> {
        quant.check("quant")?;
        let words = Matrix::zeros(ctx, rows, words(cols))?;
        Ok(Self { words, cols, quant, quant_words: Buffer::from_slice(ctx, &quant.words())? })
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.words.rows()
    }

    /// Number of columns.
    #[must_use]
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// What the codes mean.
    #[must_use]
    pub fn quant(&self) -> ActivationQuant {
        self.quant
    }

    /// The rows `first .. first + rows`, as a view.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if they are not inside.
    pub fn row_range(&self, first: usize, rows: usize) -> Result<Self> {
        Ok(Self { words: self.words.row_range(first, rows)?, ..self.clone() })
    }

    /// Records the codes of `x`, which has the same shape.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if the shapes differ,
    /// [`Error::LimitExceeded`](crate::Error::LimitExceeded) if one row is too large for
    /// the device to bind.
    pub fn record_quantize(&self, rec: &mut Recorder, x: &Matrix) -> Result<()> {
        x.check_shape("x", self.rows(), self.cols)?;
        rec.whole(|rec| {
            let ctx = rec.context().clone();
            for rows in crate::dense::row_chunks(&ctx, &[x, &self.words]) {
                let [x, words] = [x, &self.words].map(|matrix| matrix.row_part(rows.start, rows.len()));
                quantize(rec, &x, &self.quant_words, &words)?;
            }
            Ok(())
        })
    }

    /// Reads the codes to the host, row after row without gaps; blocks.
    ///
    /// # Errors
    /// [`Error::Device`](crate::Error::Device) if the device fails.
    pub fn to_vec(&self, ctx: &Context) -> Result<Vec<u8>> {
        let stride = self.words.cols() * 4;
        if self.rows() == 0 || self.cols == 0 {
            return Ok(Vec::new());
        }
        let bytes: Vec<u8> = self.words.buffer().part(0, self.words.span()).read(ctx)?;
        Ok(bytes.chunks(stride).flat_map(|row| &row[..self.cols]).copied().collect())
    }

    pub(super) fn check_shape(&self, name: &str, rows: usize, cols: usize) -> Result<()> {
        check_size(name, (rows, cols), (self.rows(), self.cols))
    }
}

/// Records the codes of rows that fit a binding, by a scale and zero point in device memory.
pub(super) fn quantize(rec: &mut Recorder, x: &Matrix, quant: &Buffer, codes: &Matrix) -> Result<()> {
    if x.rows() == 0 || x.cols() == 0 {
        return Ok(());
    }
    let ctx = rec.context().clone();
    let (from, to) = (x.place(&ctx, "x")?, codes.place(&ctx, "codes")?);
    let params = Params {
        rows: word("rows", x.rows())?,
        cols: word("columns", x.cols())?,
        input_base: from.base,
        input_stride: from.stride,
        codes_base: to.base,
        words: to.stride,
    };
    let threads = params.rows * params.words;
    let bindings = Bindings { input: from.binding, quant: quant.clone(), codes: to.binding };
    rec.dispatch(Dispatch::threads(usize::from(!from.vec4), &params, bindings, threads));
    Ok(())
}
