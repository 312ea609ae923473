//! A parameter with its gradient and its optimizer's state.

use super::optimizer::{DenseOptimizer, Progress};
use super::room::Room;
use crate::cast::{record_round, record_round_at_random, record_widen};
use crate::cpu::random_word;
use crate::device::{Dispatch, Reached, word};
use crate::kernels::{dense_update, init_rows};
use crate::{Buffer, Context, Error, Matrix, Recorder, Result};

/// Values on the host under a name, as checkpoints hold them.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedTensor {
    /// For example `0.weight`.
    pub name: String,
    /// Sizes of the dimensions.
    pub shape: Vec<usize>,
    /// The values, row-major.
    pub values: Vec<f32>,
}

impl NamedTensor {
    /// The tensor of this name and shape among `tensors`.
    pub(super) fn find<'a>(tensors: &'a [Self], name: &str, shape: &[usize]) -> Result<&'a Self> {
        let Some(found) = tensors.iter().find(|tensor| tensor.name == name) else {
            return Err(Error::invalid("tensors", format!("one named {name}"), "none"));
        };
        let got = (&found.shape[..], found.values.len());
        if got != (shape, shape.iter().product()) {
            return Err(Error::invalid(
                name,
                format!("shape {shape:?}"),
                format!("shape {:?} with {} values", got.0, got.1),
            ));
        }
        Ok(found)
    }
}

/// What kernels take of a seed; seeds of 32 bits are their own.
fn seed_word(seed: u64) -> u32 {
    match bytemuck::cast::<u64, [u32; 2]>(seed) {
        [low, 0] => low,
        [low, high] => random_word(low, high, 0),
    }
}

/// Values, gradient and state lie in memory alike: rows of a multiple of four values.
#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    /// What layers compute with; where the parameter is kept in 16 bits, memory that other layers use as well.
    pub(super) value: Matrix,
    /// Values of 16 bits, and the seed of the noise that rounds them.
    stored: Option<(Matrix, u32)>,
    pub(super) grad: Matrix,
    /// One matrix after the other.
    state: Option<Buffer>,
    states: &'static [&'static str],
}

impl Parameter {
    /// Uniform in `[-scale, scale)` by seed, row (`first_row` for the first) and column; the same on every
    /// device.
    pub(super) fn new(
        room: &mut Room,
        name: &'static str,
        (rows, cols): (usize, usize),
        first_row: usize,
        scale: f32,
        optimizer: &DenseOptimizer,
        seed: u64,
    ) -> Result<Self> {
        let ctx = &room.ctx().clone();
        let (value, stored) = room.parameter(rows, cols)?;
        let grad = Matrix::padded(ctx, rows, cols)?;
        let bytes = (rows * value.stride()) as u64 * 4;
        let states = optimizer.state();
        if bytes * states.len().max(1) as u64 > ctx.limits().binding {
            return Err(Error::LimitExceeded {
                what: name.to_owned(),
                needed: bytes * states.len().max(1) as u64,
                limit: ctx.limits().binding,
                hint: "use a smaller layer, or an optimizer with less state",
            });
        }
        let state = match states.len() as u64 {
            0 => None,
            count => Some(ctx.allocate("embag.dense_state", bytes * count)?),
        };
        let (seed, first_row) = (seed_word(seed), word(name, first_row)?);
        let params = init_rows::Params {
            words: word(name, rows * value.stride())?,
            first_row,
            row_step: 1,
            dim: word(name, value.stride())?,
            seed,
            uniform_values: 1,
            scale,
            ..init_rows::Params::default()
        };
        let mut rec = Recorder::new(ctx);
        let binding = value.buffer().part(0, bytes);
        rec.dispatch(Dispatch::threads(0, &params, init_rows::Bindings { table: binding }, params.words));
        if let Some(stored) = &stored {
            record_round(&mut rec, &value, stored)?;
        }
        drop(rec.submit()?);
        // parameters of one layer differ in their first rows
        let stored = stored.map(|matrix| (matrix, random_word(seed, first_row, 0)));
        Ok(Self { name, value, stored, grad, state, states })
    }

    /// Where the values are kept.
    pub(super) fn stored(&self) -> &Matrix {
        self.stored.as_ref().map_or(&self.value, |(matrix, _)| matrix)
    }

    fn bytes(&self) -> u64 {
        (self.value.rows() * self.value.stride()) as u64 * 4
    }

    /// Records one step of the optimizer that the parameter was made for.
    pub(super) fn step(
        &self,
        rec: &mut Recorder,
        optimizer: &DenseOptimizer,
        rate: &Reached<f32>,
        progress: &Reached<Progress>,
    ) -> Result<()> {
        let bytes = self.bytes();
        let quads = word(self.name, self.value.rows() * self.value.stride() / 4)?;
        let state = match &self.state {
            Some(state) => state.part(0, bytes * self.states.len() as u64),
            None => rec.scratch("embag.nothing", 16)?,
        };
        if let Some((stored, _)) = &self.stored {
            record_widen(rec, stored, &self.value)?;
        }
        let bindings = dense_update::Bindings {
            grad: self.grad.buffer().part(0, bytes),
            weights: self.value.buffer().part(0, bytes),
            state,
        };
        let (optimizer, rate, steps) = (*optimizer, rate.clone(), progress.clone());
        let variant = optimizer.variant();
        let groups = dense_update::KERNEL.groups(variant, quads);
        let params = move || optimizer.with_lr(rate.get()).params(&steps.get(), quads);
        rec.dispatch_late(variant, params, bindings, groups, &[]);
        if let Some((stored, seed)) = &self.stored {
            let (seed, progress) = (*seed, progress.clone());
            let noise = move || random_word(seed, progress.get().noise(), 0);
            record_round_at_random(rec, &self.value, stored, noise)?;
        }
        Ok(())
    }

    /// The values and the state as matrices, with their names.
    fn tensors(&self) -> Vec<(String, Matrix)> {
        let states = self.state.iter().flat_map(|state| {
            self.states.iter().zip(0u64..).map(|(name, index)| {
                let buffer = state.part(index * self.bytes(), self.bytes());
                (format!("{}.{name}", self.name), Matrix { buffer, ..self.value.clone() })
            })
        });
        std::iter::once((self.name.to_owned(), self.stored().clone())).chain(states).collect()
    }

    fn shape(&self) -> Vec<usize> {
        match self.value.rows() {
            1 if self.name == "bias" => vec![self.value.cols()],
            rows => vec![rows, self.value.cols()],
        }
    }

    /// Names and shapes of what [`Parameter::export`] gives.
    pub(super) fn named_shapes(&self, prefix: &str) -> Vec<(String, Vec<usize>)> {
        let tensors = self.tensors().into_iter();
        tensors.map(|(name, _)| (format!("{prefix}{name}"), self.shape())).collect()
    }

    pub(super) fn export(&self, ctx: &Context, prefix: &str) -> Result<Vec<NamedTensor>> {
        let tensors = self.tensors().into_iter();
        tensors
            .map(|(name, matrix)| {
                let name = format!("{prefix}{name}");
                Ok(NamedTensor { name, shape: self.shape(), values: matrix.to_vec(ctx)? })
            })
            .collect()
    }

    /// What [`Parameter::import`] would write; an error if something is missing or has the wrong shape.
    pub(super) fn matched<'a>(
        &self,
        tensors: &'a [NamedTensor],
        prefix: &str,
    ) -> Result<Vec<(Matrix, &'a [f32])>> {
        let own = self.tensors().into_iter();
        own.map(|(name, matrix)| {
            let found = NamedTensor::find(tensors, &format!("{prefix}{name}"), &self.shape())?;
            Ok((matrix, &found.values[..]))
        })
        .collect()
    }
}
