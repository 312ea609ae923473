//! Dense layers that every rank has.

use super::ranks::{Call, sum_of};
use super::thresholded::Thresholded;
use super::{Dct, Ranks, Traffic};
use crate::dense::{Layers, record_add_scaled, record_scale};
use crate::{Checkpoint, Context, Error, Matrix, Recorder, Result};

/// Layers that are the same on every rank: their gradients are added up before each step.
///
/// Each rank sums a slice of all values, in the order of ranks, so that the sums have the same bits on every
/// run, of every number of threads and of every transport: those of one process that adds up as many batches.
///
/// ```
/// use embag::dense::{Activation, Mlp};
/// use embag::optim::Sgd;
/// use embag::sharded::{Ranks, Replicas, Threads};
/// use embag::{Context, Matrix, Recorder, Result};
///
/// fn step(group: Threads, x: &Matrix, dout: &Matrix) -> Result<()> {
///     let ctx = Context::cpu();
///     let mut mlp = Mlp::new(&ctx, &[4, 8, 1], Activation::None, 64, Sgd::new(0.1), 7)?;
///     let mut replicas = Replicas::new(&ctx, &Ranks::new(group)); // `ShardedBags::ranks` has the group of tables
///     replicas.check_same(&[&mlp])?;
///
///     let out = Matrix::zeros(&ctx, x.rows(), 1)?;
///     let mut rec = Recorder::new(&ctx);
///     mlp.record_forward(&mut rec, x, &out)?;
///     mlp.record_backward(&mut rec, x, &out, dout, None)?;
///     rec.run()?;
///     replicas.reduce(&[&mlp])?;
///     let mut rec = Recorder::new(&ctx);
///     mlp.record_step(&mut rec)?;
///     rec.run()
/// }
/// ```
#[derive(Debug)]
pub struct Replicas {
    ctx: Context,
    ranks: Ranks,
    dct: Option<Dct>,
    /// Of gradients that are thresholded, from the first reduction on.
    thresholded: Option<Thresholded>,
}

/// The key of the prefix of what a rank has left of its gradients: of one rank alone it is of no use.
pub(super) const RESIDUALS: &str = "embag.residuals";

/// Values that are summed at once.
const PIECE: usize = 1 << 22;
/// Columns of the matrices in which they are summed.
const COLUMNS: usize = 1024;

impl Replicas {
    /// Layers of a context, on the ranks of a group.
    #[must_use]
    pub fn new(ctx: &Context, ranks: &Ranks) -> Self {
        Self { ctx: ctx.clone(), ranks: ranks.clone(), dct: None, thresholded: None }
    }

    /// Sends only the largest gradients, see [`Dct`]: sums are then not exact, and what is left of gradients
    /// is part of the training's state.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the share is not above 0 and at most 1, the lifespan is 0, or values are
    /// `bf16`.
    pub fn dct(mut self, dct: Dct) -> Result<Self> {
        dct.validate()?;
        self.dct = Some(dct);
        Ok(self)
    }

    /// Values of gradients that this rank has sent since it began, if they are thresholded.
    #[must_use]
    pub fn values_sent(&self) -> u64 {
        self.thresholded.as_ref().map_or(0, Thresholded::sent)
    }

    /// Adds what this rank has left of gradients that are thresholded to a checkpoint, under names that begin
    /// with `prefix`; nothing if they are not, or before the first reduction. Every rank saves its own
    /// ([`ShardedBags::save_with`](super::ShardedBags::save_with)).
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if names are taken.
    pub fn export(&self, checkpoint: &mut Checkpoint, prefix: &str) -> Result<()> {
        match &self.thresholded {
            Some(thresholded) => {
                checkpoint.set_json(RESIDUALS, prefix)?;
                thresholded.export(self.ranks.rank(), checkpoint, prefix)
            }
            None => Ok(()),
        }
    }

    /// Goes on with what the ranks of a group, of any number, had left of these layers' gradients
    /// ([`ShardedBags::saved_with`](super::ShardedBags::saved_with)). Nothing of it is lost: where there were
    /// more ranks, some take what several had.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if it is of other layers.
    pub fn import(&mut self, saved: &[Checkpoint], prefix: &str, layers: &[&dyn Layers]) -> Result<()> {
        let Some(dct) = self
            .dct
            .filter(|_| saved.iter().any(|saved| saved.metadata(&format!("{prefix}.step")).is_some()))
        else {
            return Ok(());
        };
        let mut thresholded = Thresholded::new(&self.ctx, &self.ranks, dct, gradients_of(layers))?;
        thresholded.import(&self.ranks, saved, prefix)?;
        self.thresholded = Some(thresholded);
        Ok(())
    }

    /// Compares the layers' parameters with those of the other ranks. All ranks call it together.
    ///
    /// # Errors
    /// [`Error::Rank`] on all ranks if those of one differ in a bit from those of rank 0.
    pub fn check_same(&self, layers: &[&dyn Layers]) -> Result<()> {
        let own = self.values(layers.iter().flat_map(|layers| layers.all_parameters()));
        let sum = |values: Vec<f32>| {
            let words = values.into_iter().map(f32::to_bits).zip(0u32..);
            words.fold(0, |sum, (bits, place)| crate::cpu::random_word(sum, bits, place))
        };
        let sums = self.ranks.agree(Call::Compare, own.map(sum))?;
        match sums.iter().position(|sum| *sum != sums[0]) {
            Some(rank) => Err(Error::on_rank(rank, "layers: expected the parameters of rank 0, got others")),
            None => Ok(()),
        }
    }

    /// Replaces the gradients of layers by the sums of those of all ranks. All ranks call it together,
    /// between the backward pass and the optimizer's step, with the same layers.
    ///
    /// # Errors
    /// [`Error::Rank`] on all ranks if one of them has other layers, or a gradient that is not finite;
    /// [`Error::Group`] if a rank is gone or late, [`Error::Device`] if a device fails.
    pub fn reduce(&mut self, layers: &[&dyn Layers]) -> Result<()> {
        if let Some(dct) = self.dct {
            return self.reduce_thresholded(dct, layers);
        }
        let gradients = || gradients_of(layers);
        let own = self.values(gradients());
        let shapes: Vec<_> = gradients().map(|(name, matrix)| (name, matrix.rows(), matrix.cols())).collect();
        let (said, own) = match own {
            Ok(values) => (finite(gradients(), &values).map(|()| sum_of(&shapes)), values),
            Err(error) => (Err(error), Vec::new()),
        };
        self.ranks.agree_on_layers(said)?;
        // rank r sums the values from r / ranks of them on
        let count = self.ranks.count();
        let bound = |rank: usize| own.len() / count * rank + (own.len() % count).min(rank);
        let slices: Vec<Vec<u32>> = (0..count)
            .map(|rank| bytemuck::cast_slice(&own[bound(rank)..bound(rank + 1)]).to_vec())
            .collect();
        let parts = self.ranks.all_to_all(Traffic::Dense, slices)?;
        let summed = self.summed(&parts)?;
        let all = self.ranks.all_gather(Traffic::Dense, bytemuck::cast_slice(&summed))?.concat();
        self.write(gradients(), bytemuck::cast_slice(&all))
    }

    fn reduce_thresholded(&mut self, dct: Dct, layers: &[&dyn Layers]) -> Result<()> {
        // what is made for a first reduction stays if that succeeds
        let known = match self.thresholded.take() {
            Some(known) if !known.is_for(gradients_of(layers)) => {
                self.thresholded = Some(known);
                Err(Error::invalid("layers", "those of the first reduction", "others"))
            }
            Some(known) => Ok((known, true)),
            None => {
                let fresh = Thresholded::new(&self.ctx, &self.ranks, dct, gradients_of(layers));
                fresh.map(|fresh| (fresh, false))
            }
        };
        let (mut thresholded, known) = match known {
            Ok(known) => known,
            Err(error) => return self.ranks.agree_on_layers(Err(error)),
        };
        let gradients: Vec<&Matrix> = gradients_of(layers).map(|(_, gradient)| gradient).collect();
        let reduced = thresholded.reduce(&self.ranks, &gradients);
        if known || reduced.is_ok() {
            self.thresholded = Some(thresholded);
        }
        reduced
    }

    /// The values of matrices one after the other.
    fn values<'a>(&self, matrices: impl Iterator<Item = (String, &'a Matrix)>) -> Result<Vec<f32>> {
        let mut rec = Recorder::new(&self.ctx);
        let mut readbacks = Vec::new();
        let mut values = Vec::new();
        for (_, matrix) in matrices {
            if matrix.precision() != crate::Precision::F32 {
                // parameters of 16 bits are compared, and not often
                values.extend(matrix.to_vec(&self.ctx)?);
                continue;
            }
            let dense = match matrix.stride() == matrix.cols() {
                true => matrix.clone(),
                false => {
                    let dense = Matrix::zeros(&self.ctx, matrix.rows(), matrix.cols())?;
                    record_scale(&mut rec, matrix, 1.0, &dense)?;
                    dense
                }
            };
            readbacks.push(rec.readback::<f32>(&dense.buffer().part(0, dense.span())));
        }
        drop(rec.submit()?);
        for readback in readbacks {
            values.extend(readback.wait()?);
        }
        Ok(values)
    }

    /// The sums of equally long lists, list after list.
    fn summed(&self, parts: &[Vec<u32>]) -> Result<Vec<f32>> {
        let len = parts.first().map_or(0, Vec::len);
        if let Some(rank) = parts.iter().position(|part| part.len() != len) {
            return Err(Error::on_rank(
                rank,
                format!("layers: expected {len} values, got {}", parts[rank].len()),
            ));
        }
        let mut sums = Vec::with_capacity(len);
        for first in (0..len).step_by(PIECE) {
            let piece = first..len.min(first + PIECE);
            let rows = piece.len().div_ceil(COLUMNS);
            let matrix = |part: &Vec<u32>| {
                let mut values: Vec<f32> = bytemuck::cast_slice(&part[piece.clone()]).to_vec();
                values.resize(rows * COLUMNS, 0.0);
                Matrix::from_slice(&self.ctx, &values, rows, COLUMNS)
            };
            let matrices = parts.iter().map(matrix).collect::<Result<Vec<_>>>()?;
            let Some((sum, others)) = matrices.split_first() else { continue };
            let mut rec = Recorder::new(&self.ctx);
            for other in others {
                record_add_scaled(&mut rec, other, 1.0, sum)?;
            }
            rec.run()?;
            sums.extend(&sum.to_vec(&self.ctx)?[..piece.len()]);
        }
        Ok(sums)
    }

    /// Writes values, one matrix after the other.
    fn write<'a>(
        &self,
        matrices: impl Iterator<Item = (String, &'a Matrix)>,
        mut values: &[f32],
    ) -> Result<()> {
        let mut rec = Recorder::new(&self.ctx);
        for (_, matrix) in matrices {
            let (now, later) = values.split_at(matrix.rows() * matrix.cols());
            values = later;
            let dense = Matrix::from_slice(&self.ctx, now, matrix.rows(), matrix.cols())?;
            record_scale(&mut rec, &dense, 1.0, matrix)?;
        }
        rec.run()
    }
}

fn gradients_of<'a>(layers: &[&'a dyn Layers]) -> impl Iterator<Item = (String, &'a Matrix)> {
    layers.iter().flat_map(|layers| layers.all_gradients())
}

/// Refuses gradients that have a value which is not finite.
fn finite<'a>(matrices: impl Iterator<Item = (String, &'a Matrix)>, values: &[f32]) -> Result<()> {
    let Some(bad) = values.iter().position(|value| !value.is_finite()) else { return Ok(()) };
    let mut end = 0;
    let name = matrices
        .filter(|(_, matrix)| {
            end += matrix.rows() * matrix.cols();
            bad < end
        })
        .map(|(name, _)| name)
        .next();
    let argument = format!("gradient of \"{}\"", name.unwrap_or_default());
    Err(Error::invalid(argument, "finite numbers", values[bad]))
}
