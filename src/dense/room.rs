//! The memory of layers, and what of it is kept in 16 bits from one use to the next.

use super::scratch::scratch;
use crate::cast::{record_round, record_widen};
use crate::{Buffer, Context, Matrix, Precision, Recorder, Result};

/// Where layers take their memory from.
///
/// A layer computes in `f32`. What it keeps in 16 bits (parameters from step to step, activations from the forward
/// pass to the backward pass) has two matrices: one of 16 bits of its own, and one of `f32` that it computes with,
/// whose memory other layers use as well. [`Kept`] moves values between the two.
#[derive(Debug)]
pub(super) struct Room {
    ctx: Context,
    parameters: Precision,
    activations: Precision,
    /// Memory that layers share, and what of it the layer at hand has not taken.
    shared: Vec<Buffer>,
    free: Vec<Buffer>,
    kept: Kept,
}

impl Room {
    /// For layers that keep everything in `f32`, and share nothing.
    pub(super) fn plain(ctx: &Context) -> Self {
        Self::new(ctx, Precision::F32, Precision::F32)
    }

    pub(super) fn new(ctx: &Context, parameters: Precision, activations: Precision) -> Self {
        let (shared, free) = (Vec::new(), Vec::new());
        Self { ctx: ctx.clone(), parameters, activations, shared, free, kept: Kept::default() }
    }

    pub(super) fn ctx(&self) -> &Context {
        &self.ctx
    }

    /// Where a layer keeps what it gives to the next one.
    pub(super) fn output(&self, rows: usize, cols: usize) -> Result<Matrix> {
        match self.activations {
            Precision::F32 => Matrix::padded(&self.ctx, rows, cols),
            precision => Matrix::zeros_of(precision, &self.ctx, rows, cols),
        }
    }

    /// A matrix that a forward pass writes and a backward pass reads; rows begin at multiples of four values.
    pub(super) fn activation(&mut self, rows: usize, cols: usize) -> Result<Matrix> {
        self.activation_of(rows, cols, cols.checked_next_multiple_of(4).unwrap_or(usize::MAX))
    }

    /// [`Room::activation`] without gaps between rows.
    pub(super) fn dense_activation(&mut self, rows: usize, cols: usize) -> Result<Matrix> {
        self.activation_of(rows, cols, cols)
    }

    fn activation_of(&mut self, rows: usize, cols: usize, stride: usize) -> Result<Matrix> {
        let (matrix, stored) = self.matrix(self.activations, rows, cols, stride)?;
        if let Some(stored) = stored {
            self.kept.activations.push((matrix.clone(), stored));
        }
        Ok(matrix)
    }

    /// A matrix that does not outlive a pass.
    pub(super) fn passing(&mut self, rows: usize, cols: usize) -> Result<Matrix> {
        match self.activations {
            Precision::F32 => Matrix::padded(&self.ctx, rows, cols),
            _ => self.shared(rows, cols, cols.checked_next_multiple_of(4).unwrap_or(usize::MAX)),
        }
    }

    /// The values of a parameter, and where they are kept if not there.
    pub(super) fn parameter(&mut self, rows: usize, cols: usize) -> Result<(Matrix, Option<Matrix>)> {
        let stride = cols.checked_next_multiple_of(4).unwrap_or(usize::MAX);
        let (matrix, stored) = self.matrix(self.parameters, rows, cols, stride)?;
        if let Some(stored) = &stored {
            self.kept.parameters.push((matrix.clone(), stored.clone()));
        }
        Ok((matrix, stored))
    }

    fn matrix(
        &mut self,
        precision: Precision,
        rows: usize,
        cols: usize,
        stride: usize,
    ) -> Result<(Matrix, Option<Matrix>)> {
        if precision == Precision::F32 {
            let whole = Matrix::zeros(&self.ctx, rows, stride)?;
            return Ok((whole.columns(0, cols)?, None));
        }
        let stored = Matrix::zeros_of(precision, &self.ctx, rows, cols)?;
        Ok((self.shared(rows, cols, stride)?, Some(stored)))
    }

    /// Memory that no other matrix of the layer at hand has.
    fn shared(&mut self, rows: usize, cols: usize, stride: usize) -> Result<Matrix> {
        let bytes = Matrix::bytes(Precision::F32, rows, stride);
        let fitting = self.free.iter().enumerate().filter(|(_, buffer)| buffer.size() >= bytes);
        let smallest = fitting.min_by_key(|(_, buffer)| buffer.size()).map(|(at, _)| at);
        let buffer = match smallest {
            Some(at) => self.free.swap_remove(at),
            None => {
                let new = self.ctx.allocate("embag.shared_matrix", bytes)?;
                self.shared.push(new.clone());
                new
            }
        };
        Matrix::new(buffer.part(0, bytes), rows, cols, stride)
    }

    /// Ends a layer: gives what it keeps, and lets the next one use the memory that is shared.
    pub(super) fn next_layer(&mut self) -> Kept {
        self.free.clone_from(&self.shared);
        std::mem::take(&mut self.kept)
    }
}

/// What a layer keeps in 16 bits: each matrix that it computes with, and where its values are kept.
#[derive(Debug, Default)]
pub(super) struct Kept {
    parameters: Vec<(Matrix, Matrix)>,
    activations: Vec<(Matrix, Matrix)>,
}

impl Kept {
    /// Records that the layer can compute with its parameters.
    pub(super) fn record_parameters(&self, rec: &mut Recorder) -> Result<()> {
        self.parameters.iter().try_for_each(|(matrix, stored)| record_widen(rec, stored, matrix))
    }

    /// Records that the activations of a forward pass are kept, where `share` of the rows were written.
    pub(super) fn record_keep(&self, rec: &mut Recorder, share: Share) -> Result<()> {
        let mut each = self.activations.iter();
        each.try_for_each(|(matrix, stored)| record_round(rec, &share.of(matrix), &share.of(stored)))
    }

    /// Records that the layer can compute with the activations of the forward pass.
    pub(super) fn record_activations(&self, rec: &mut Recorder, share: Share) -> Result<()> {
        let mut each = self.activations.iter();
        each.try_for_each(|(matrix, stored)| record_widen(rec, &share.of(stored), &share.of(matrix)))
    }
}

/// A batch beside the largest: a matrix may have one row for each example, or several.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share {
    pub(super) batch: usize,
    pub(super) max_batch: usize,
}

impl Share {
    fn of(self, matrix: &Matrix) -> Matrix {
        matrix.row_part(0, matrix.rows() / self.max_batch * self.batch)
    }
}

/// The matrix itself if it is of `f32`, and scratch memory of its shape where not.
pub(super) fn wide(rec: &mut Recorder, matrix: &Matrix) -> Result<Matrix> {
    match matrix.precision() {
        Precision::F32 => Ok(matrix.clone()),
        _ => scratch(rec, matrix.rows(), matrix.cols()),
    }
}

/// The values of a matrix in `f32`.
pub(super) fn widened(rec: &mut Recorder, matrix: &Matrix) -> Result<Matrix> {
    let values = wide(rec, matrix)?;
    if matrix.precision() != Precision::F32 {
        record_widen(rec, matrix, &values)?;
    }
    Ok(values)
}
